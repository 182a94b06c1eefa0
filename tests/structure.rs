//! Dependencies go one way. What each part of the program may know is a row here, read off the imports of `src`.
//!
//! Text is read, not Rust: what stands in a comment, in a test or behind a macro is not seen. DESIGN.md says why the rows
//! are as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a part must not know, beside `config`, which is for [`KNOW_CONFIG`] alone.
const MUST_NOT_KNOW: &[(&str, &[&str])] = &[
    (
        "batch",
        &["client", "cluster", "execd", "kubelet", "lines", "summary"],
    ),
    (
        "cause",
        &[
            "batch", "client", "cluster", "execd", "kubelet", "lines", "summary",
        ],
    ),
    (
        "client",
        &["batch", "cluster", "execd", "kubelet", "lines", "summary"],
    ),
    (
        "cluster",
        &["batch", "execd", "kubelet", "lines", "pods", "summary"],
    ),
    ("execd", &["client", "cluster", "kubelet", "lines", "summary"]),
    (
        "filter",
        &[
            "batch", "client", "cluster", "execd", "kubelet", "lines", "pods", "summary",
        ],
    ),
    (
        "json",
        &[
            "batch", "client", "cluster", "execd", "kubelet", "lines", "redact", "summary",
        ],
    ),
    ("kubelet", &["batch", "cluster", "execd", "lines", "summary"]),
    ("lines", &["client", "execd", "kubelet"]),
    (
        "permit",
        &[
            "batch", "client", "cluster", "execd", "kubelet", "lines", "pods", "summary",
        ],
    ),
    (
        "pods",
        &[
            "batch", "client", "cluster", "execd", "kubelet", "lines", "redact", "summary",
        ],
    ),
    (
        "quantity",
        &[
            "batch", "client", "cluster", "execd", "json", "kubelet", "lines", "pods", "summary",
        ],
    ),
    (
        "summary",
        &[
            "batch", "client", "cluster", "execd", "kubelet", "lines", "redact",
        ],
    ),
    (
        "tls_fault",
        &["batch", "cluster", "execd", "kubelet", "lines", "summary"],
    ),
];

/// Who may know the configuration: it knows the parts' settings, and so they must not know it.
const KNOW_CONFIG: &[&str] = &["check", "config", "run"];

/// What each name imports: top-level modules of `src`, or files of one folder of it.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// All files of code below `folder`, those with tests alone left out.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap();
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file without its comments and its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let without_comment = |line: &str| {
        let comment = line.trim_start().starts_with("//");
        if comment {
            String::new()
        } else {
            format!("{line}\n")
        }
    };
    code.lines().map(without_comment).collect()
}

/// The paths that begin behind each `root::`, as far as their first name, or, for `root::{…}`, each of its entries.
fn behind(code: &str, root: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(root) {
        let begins =
            !code[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | ':'));
        if !begins {
            continue;
        }
        let rest = &code[at + root.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(entries(group).iter().map(|entry| first_name(entry))),
            None => drop(names.insert(first_name(rest))),
        }
    }
    names.remove("");
    names
}

/// The entries of a group in braces, of which the opening one is read already.
fn entries(group: &str) -> Vec<String> {
    let (mut depth, mut found) = (0, vec![String::new()]);
    for character in group.chars() {
        match character {
            '}' if depth == 0 => break,
            ',' if depth == 0 => found.push(String::new()),
            _ => {
                depth += i32::from(character == '{') - i32::from(character == '}');
                found.last_mut().unwrap().push(character);
            }
        }
    }
    found
}

fn first_name(path: &str) -> String {
    let in_a_name = |character: &char| character.is_alphanumeric() || *character == '_';
    path.trim_start().chars().take_while(in_a_name).collect()
}

/// The top-level module that a file belongs to.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(src()).unwrap();
    let first = Path::new(inside.iter().next().unwrap());
    first.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Which top-level module imports which.
fn modules() -> Imports {
    let mut imports = Imports::new();
    for path in files(&src()) {
        let module = module(&path);
        let known = imports.entry(module.clone()).or_default();
        known.extend(behind(&code(&path), "crate::"));
        known.remove(&module);
    }
    for root in ["lib", "main"] {
        imports.remove(root).expect("a crate's root");
    }
    imports
}

/// Which file of a folder imports which other one of it, by its own name or by what the folder's `mod.rs` exports of it.
fn siblings(folder: &Path) -> Imports {
    let here: Vec<_> = files(folder)
        .into_iter()
        .filter(|path| path.parent() == Some(folder) && path.file_stem().unwrap() != "mod")
        .collect();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let names: BTreeSet<String> = here.iter().map(name).collect();
    let exports = exports(folder);
    let mut imports = Imports::new();
    for path in &here {
        let code = code(path);
        let mut known = behind(&code, "super::");
        let in_full = format!("crate::{}::", module(folder));
        if folder.parent() == Some(&src()) {
            known.extend(behind(&code, &in_full));
        }
        let mut known: BTreeSet<_> = known
            .into_iter()
            .map(|known| exports.get(&known).cloned().unwrap_or(known))
            .filter(|known| names.contains(known))
            .collect();
        known.remove(&name(path));
        imports.insert(name(path), known);
    }
    imports
}

/// Each item that a folder's `mod.rs` passes on, and the file that it is of.
fn exports(folder: &Path) -> BTreeMap<String, String> {
    let inside = folder.join("mod.rs");
    let beside = folder.with_extension("rs");
    let path = if inside.exists() { inside } else { beside };
    let mut exports = BTreeMap::new();
    for used in code(&path).split("pub use ").skip(1) {
        let used = used.split(';').next().unwrap();
        if let Some((file, items)) = used.split_once("::") {
            let items = entries(items.strip_prefix('{').unwrap_or(items));
            exports.extend(items.iter().map(|item| (first_name(item), file.to_owned())));
        }
    }
    exports
}

/// The first way from a name back to itself.
fn cycle(imports: &Imports) -> Option<Vec<String>> {
    imports.keys().find_map(|start| {
        let mut way = vec![start.clone()];
        back_to(start, start, imports, &mut way, &mut BTreeSet::new()).then_some(way)
    })
}

fn back_to(
    start: &str,
    at: &str,
    imports: &Imports,
    way: &mut Vec<String>,
    seen: &mut BTreeSet<String>,
) -> bool {
    for next in imports.get(at).into_iter().flatten() {
        let first_time = seen.insert(next.clone());
        way.push(next.clone());
        if next == start || (first_time && back_to(start, next, imports, way, seen)) {
            return true;
        }
        way.pop();
    }
    false
}

#[test]
fn no_module_knows_itself_by_way_of_others() {
    let modules = modules();
    assert!(
        modules.len() > 10 && modules["check"].contains("kubelet"),
        "{modules:?}"
    );
    assert_eq!(cycle(&modules), None);
}

#[test]
fn no_file_of_a_module_knows_itself_by_way_of_others() {
    let folders: BTreeSet<PathBuf> = files(&src())
        .iter()
        .map(|path| path.parent().unwrap().to_owned())
        .filter(|folder| *folder != src())
        .collect();
    let mut found = 0;
    for folder in folders {
        let siblings = siblings(&folder);
        found += siblings.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(cycle(&siblings), None, "{}", folder.display());
    }
    assert!(found > 100, "{found} imports");
}

#[test]
fn a_part_knows_no_configuration() {
    let modules = modules();
    for (module, known) in modules {
        let may = KNOW_CONFIG.contains(&module.as_str());
        assert!(may || !known.contains("config"), "{module} knows config");
    }
}

#[test]
fn no_part_knows_what_its_row_forbids() {
    let modules = modules();
    for (module, forbidden) in MUST_NOT_KNOW {
        let known = modules.get(*module).unwrap_or_else(|| panic!("no {module}"));
        for other in *forbidden {
            assert!(modules.contains_key(*other), "no {other}");
            assert!(!known.contains(*other), "{module} knows {other}");
        }
    }
}

/// Who opens files: the one that bounds what is read and never waits for whoever is at the other end; the copy of the program
/// itself; and the question whether there is a descriptor left, which opens `/` and reads nothing.
const OPEN_FILES: [&str; 3] = ["files.rs", "install.rs", "client/resolve.rs"];

#[test]
fn files_are_read_in_one_way() {
    let mut found = BTreeSet::new();
    for path in files(&src()) {
        let code = code(&path);
        let ways = ["fs::read(", "fs::read_to_string(", ".read(true)", "File::open"];
        if ways.iter().any(|way| code.contains(way)) {
            let name = path.strip_prefix(src()).unwrap().to_str().unwrap();
            found.insert(name.to_owned());
        }
    }
    assert_eq!(found, OPEN_FILES.map(str::to_owned).into());
}

#[test]
fn what_is_imported_is_found_however_it_is_written() {
    let code = "use crate::{a::{B, C}, d};\nuse crate::e::F;\nfn f() { crate::g::h(); mycrate::i(); telegraf::crate::j() }";
    let names: Vec<_> = behind(code, "crate::").into_iter().collect();
    assert_eq!(names, ["a", "d", "e", "g"]);
    let of = |pairs: &[(&str, &str)]| {
        let mut imports = Imports::new();
        for (from, to) in pairs {
            imports
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        cycle(&imports)
    };
    assert_eq!(of(&[("a", "b"), ("a", "c"), ("b", "c"), ("c", "d")]), None);
    let way = of(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]).unwrap();
    assert_eq!(way, ["b", "c", "d", "b"]);
}

/// A number that has a type is taken for known, so that nobody is told of it; without a row it is written nowhere.
#[test]
fn each_number_has_a_row() {
    let read = |path: &str| fs::read_to_string(src().join(path)).unwrap();
    let types = read("summary/types.rs");
    let schema = ["lines/schema.rs", "lines/groups.rs"].map(read).concat();
    let is_number = |line: &&str| {
        ["Whole", "Real", "Flag"]
            .iter()
            .any(|of| line.contains(&format!(": {of}<'a> =")))
    };
    let numbers: Vec<_> = types.lines().filter(is_number).collect();
    assert!(numbers.len() > 40, "{numbers:#?}");
    for number in numbers {
        let (name, _) = number.trim().split_once(':').unwrap();
        let rows = [format!(".{name};"), format!(" {name};")];
        assert!(rows.iter().any(|row| schema.contains(row)), "{number}");
    }
}
