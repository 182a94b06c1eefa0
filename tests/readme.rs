//! The README says what the program does: its tables are those of the one place that knows. So does the configuration
//! that is shipped.
//!
//! `UPDATE_README=1 cargo test --test readme` writes them anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use telegraf_kubelet::check::Diagnosis;
use telegraf_kubelet::config::{options_table, sample_config};
use telegraf_kubelet::kubelet::{Cause, meaning_of};
use telegraf_kubelet::lines::schema::Platform;
use telegraf_kubelet::lines::{
    AskedBy, DISCOVERY_FIELDS, DISCOVERY_MEASUREMENT, ReportField, Row, SCRAPE_FIELDS, rows,
};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/telegraf/kubelet.conf");

/// The part named `name`, between its two markers.
fn part<'t>(readme: &'t str, name: &str) -> &'t str {
    let begin = format!("<!-- {name}: checked against the program by a test -->\n");
    let from = readme.find(&begin).expect("the first marker") + begin.len();
    let to = readme
        .find(&format!("<!-- end of {name} -->"))
        .expect("the last marker");
    &readme[from..to]
}

fn check(name: &str, expected: &str) {
    let readme = std::fs::read_to_string(README).unwrap();
    let found = part(&readme, name);
    if std::env::var_os("UPDATE_README").is_some() {
        let at = found.as_ptr() as usize - readme.as_ptr() as usize;
        let updated = format!("{}{expected}{}", &readme[..at], &readme[at + found.len()..]);
        std::fs::write(README, updated).unwrap();
        return;
    }
    assert_eq!(found, expected, "UPDATE_README=1 cargo test --test readme");
}

/// One test, because it writes one file.
#[test]
fn its_tables_are_the_programs() {
    check("options", &format!("\n{}\n", options_table()));
    check("measurements", &format!("\n{}\n{}\n", measurements(), fields()));
    check("metadata", &format!("\n{}\n", metadata()));
    check("scrape", &format!("\n{}\n{}\n", scrape(), results()));
    check("discovery", &format!("\n{}\n{}\n", listed(), discovery()));
    check("diagnoses", &format!("\n{}\n", diagnoses()));
}

#[test]
fn the_shipped_configuration_is_what_sample_config_prints() {
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(SAMPLE, sample_config()).unwrap();
    }
    let shipped = std::fs::read_to_string(SAMPLE).unwrap();
    assert_eq!(
        shipped,
        sample_config(),
        "UPDATE_README=1 cargo test --test readme"
    );
}

/// All files below this one, or itself.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).unwrap();
    entries.flat_map(|entry| files(&entry.unwrap().path())).collect()
}

/// What is called so in a page, and is neither a file nor a test here.
fn unknown(page: &str) -> Vec<&str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code: String = ["src", "tests"]
        .iter()
        .flat_map(|part| files(&root.join(part)))
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    let is_of = |name: &str, more: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.as_bytes().contains(&byte))
    };
    let quoted = page.split('`').skip(1).step_by(2);
    let unknown = quoted.filter(|name| {
        let test = is_of(name, "_") && name.matches('_').count() > 1;
        let file = is_of(name, "_-./") && name.contains('/') && !name.contains(' ');
        let macro_of_rows = name.strip_suffix('!').is_some_and(|name| is_of(name, "_"));
        (test && !code.contains(&format!("fn {name}(")))
            || (file && !root.join(name).exists())
            || (macro_of_rows && !code.contains(&format!("macro_rules! {}", name.trim_end_matches('!'))))
    });
    unknown.collect()
}

#[test]
fn what_contributors_are_told_of_is_there() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/CONTRIBUTING.md");
    assert_eq!(unknown(&std::fs::read_to_string(page).unwrap()), [""; 0]);
    assert_eq!(
        unknown("`src/none.rs`, `src/lib.rs`, `no_such_test_here`, `nothing!`, `options!`"),
        ["src/none.rs", "no_such_test_here", "nothing!"]
    );
}

/// The files that a page calls so, below `src` by their name in there, and that are not there. What has a directory that is
/// not ours is somebody else's.
fn missing(page: &str) -> Vec<&str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let src = root.join("src");
    let quoted = page.split('`').skip(1).step_by(2);
    let missing = quoted.filter(|name| {
        let (directory, inside) = name.split_once('/').unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte);
        let is_code = Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "rs");
        let ours = is_code || [root, &src].iter().any(|root| root.join(directory).is_dir());
        let there = [root.join(name), src.join(name), src.join(format!("{name}.rs"))];
        !directory.is_empty()
            && !inside.is_empty()
            && name.bytes().all(is_name)
            && ours
            && !there.iter().any(|path| path.exists())
    });
    missing.collect()
}

#[test]
fn the_files_that_the_design_names_are_there() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/DESIGN.md");
    assert_eq!(missing(&std::fs::read_to_string(page).unwrap()), [""; 0]);
    assert_eq!(
        missing(
            "`kubelet/pem.rs`, `client/pem.rs`, `client/http`, `client/http1`, `gone/a.rs`, `encoding/json`, `/pods`"
        ),
        ["kubelet/pem.rs", "client/http", "gone/a.rs"]
    );
}

fn measurements() -> String {
    let mut table = "| measurement | one line per | from | tags |\n|---|---|---|---|\n".to_owned();
    let mut last = "";
    for row in rows() {
        if row.measurement != last {
            let tags: Vec<_> = row.tags.iter().map(|tag| format!("`{tag}`")).collect();
            writeln!(
                table,
                "| `{}` | {} | `{}` | {} |",
                row.measurement,
                row.per,
                row.source,
                tags.join(", ")
            )
            .unwrap();
            last = row.measurement;
        }
    }
    table
}

/// Fields that several measurements have stand once, with what each is one of.
fn once(wanted: impl Fn(&Row) -> bool) -> Vec<(Row, Vec<&'static str>)> {
    let mut seen: Vec<(Row, Vec<&str>)> = Vec::new();
    for row in rows().into_iter().filter(wanted) {
        let same = |(other, _): &&mut (Row, Vec<&str>)| other.field == row.field && other.path == row.path;
        if let Some((_, of)) = seen.iter_mut().find(same) {
            of.push(row.per);
        } else {
            let per = row.per;
            seen.push((row, vec![per]));
        }
    }
    seen
}

/// What is known from `/pods`.
fn metadata() -> String {
    let mut table =
        "| `metadata` | field | type | unit | from | of |\n|---|---|---|---|---|---|\n".to_owned();
    for (row, of) in once(|row| matches!(row.asked_by, AskedBy::Metadata(_))) {
        let (field, kind, unit, path) = (row.field, row.kind, row.unit, row.path);
        let AskedBy::Metadata(group) = row.asked_by else {
            panic!("one that is asked for")
        };
        let group = group.word();
        let of = of.join(", ");
        writeln!(
            table,
            "| `{group}` | `{field}` | {kind} | {unit} | `{path}` | {of} |"
        )
        .unwrap();
    }
    table
}

fn fields() -> String {
    let mut table =
        "| field | type | unit | JSON path | since | on | of |\n|---|---|---|---|---|---|---|\n".to_owned();
    for (row, of) in once(|row| row.asked_by == AskedBy::Nobody) {
        let on = match row.platform {
            Platform::Any => "Linux, Windows",
            Platform::Linux => "Linux",
        };
        let (field, kind, unit, path, since) = (row.field, row.kind, row.unit, row.path, row.since);
        writeln!(
            table,
            "| `{field}` | {kind} | {unit} | `{path}` | {since} | {on} | {} |",
            of.join(", ")
        )
        .unwrap();
    }
    table
}

/// What an API server lists of a node.
fn listed() -> String {
    let mut table = "| measurement | field | type | unit | from |\n|---|---|---|---|---|\n".to_owned();
    for row in rows().iter().filter(|row| row.asked_by == AskedBy::Discovery) {
        let (measurement, field, kind, unit, path) =
            (row.measurement, row.field, row.kind, row.unit, row.path);
        writeln!(
            table,
            "| `{measurement}` | `{field}` | {kind} | {unit} | `{path}` |"
        )
        .unwrap();
    }
    table
}

fn discovery() -> String {
    reported(&format!("`{DISCOVERY_MEASUREMENT}`"), DISCOVERY_FIELDS)
}

fn scrape() -> String {
    reported("field", SCRAPE_FIELDS)
}

/// A line about our own work.
fn reported(head: &str, fields: &[ReportField]) -> String {
    let mut table = format!("| {head} | type | unit | what |\n|---|---|---|---|\n");
    for field in fields {
        let (name, kind, unit, what) = (field.name, field.kind, field.unit, field.what);
        writeln!(table, "| `{name}` | {kind} | {unit} | {what} |").unwrap();
    }
    table
}

fn diagnoses() -> String {
    let mut table = "| diagnosis | what it says |\n|---|---|\n".to_owned();
    for diagnosis in Diagnosis::ALL {
        writeln!(table, "| `{}` | {} |", diagnosis.word(), diagnosis.meaning()).unwrap();
    }
    table
}

fn results() -> String {
    let mut table = "| `result` | `result_code` | what it means |\n|---|---|---|\n".to_owned();
    for cause in Cause::ALL {
        writeln!(
            table,
            "| `{}` | {} | {} |",
            cause.word(),
            cause.code(),
            meaning_of(*cause)
        )
        .unwrap();
    }
    table
}
