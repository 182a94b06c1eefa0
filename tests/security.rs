//! Each claim of SECURITY.md has its test: every name there is one of a test.

use std::fs;
use std::path::Path;

/// All that is written in a language of tests, below a directory.
fn sources(dir: &Path, text: &mut Vec<String>) {
    for entry in fs::read_dir(dir).expect("the repository is there") {
        let path = entry.expect("as is each of its files").path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "py") {
            text.push(fs::read_to_string(&path).expect("they are text"));
        }
    }
}

/// The names of all tests: of functions that are marked as one, and of Python's methods.
fn tests() -> Vec<String> {
    let mut texts = Vec::new();
    for dir in ["tests", "src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut texts);
    }
    let mut names = Vec::new();
    for text in texts {
        let mut is_marked = false;
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("def ") {
                names.extend(name.split('(').next().map(str::to_owned));
            } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_marked = true;
            } else if let Some((_, name)) = line.split_once("fn ")
                && std::mem::take(&mut is_marked)
            {
                names.extend(name.split('(').next().map(str::to_owned));
            }
        }
    }
    names
}

/// What stands in backquotes and can be nothing but a test's name, as many words as it has.
fn claimed(page: &str) -> Vec<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.contains('_')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    quoted
        .filter(is_name)
        .filter(|word| *word != "tls_verify_node")
        .collect()
}

#[test]
fn each_claim_names_a_test() {
    let page = include_str!("../SECURITY.md");
    let (claimed, tests) = (claimed(page), tests());
    assert!(claimed.len() > 60, "{}", claimed.len());
    let missing: Vec<_> = claimed
        .iter()
        .filter(|name| !tests.iter().any(|test| test == *name))
        .collect();
    assert!(missing.is_empty(), "no test is called so: {missing:?}");
}

/// A row without one says openly that nothing stops it.
#[test]
fn each_row_has_one() {
    for row in include_str!("../SECURITY.md")
        .lines()
        .filter(|line| line.starts_with("| "))
    {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let is_head = matches!(cells[0], "They could" | "---");
        assert!(
            is_head || cells.len() >= 3 && !claimed(cells[2]).is_empty() || cells[1].starts_with("nothing:"),
            "{row}"
        );
    }
}
