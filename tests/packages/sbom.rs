//! The list of what the program is made of names what it is made of.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::built;
use crate::system::output;

/// `name@version` of every crate in this part of cargo's graph, our own left out.
fn tree(edges: &str) -> BTreeSet<String> {
    let printed = output(
        Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "tree",
                "--locked",
                "--package",
                "telegraf-kubelet",
                "--prefix",
                "none",
            ])
            .args(["--edges", edges, "--format", "{p}"]),
    );
    let crates = printed.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        Some(format!("{name}@{}", rest.split(' ').next()?))
    });
    crates
        .filter(|found| !found.starts_with("telegraf-kubelet@"))
        .collect()
}

#[test]
fn it_lists_every_crate_of_the_program_and_none_of_the_tests() {
    let text = fs::read_to_string(built("telegraf-kubelet.cdx.json")).expect("UTF-8");
    let list: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(list["bomFormat"], "CycloneDX");
    assert_eq!(
        list["metadata"]["component"]["version"],
        env!("CARGO_PKG_VERSION")
    );
    let components = list["components"].as_array().expect("components");
    let listed: BTreeSet<String> = components
        .iter()
        .map(|component| {
            let of = |key: &str| {
                component[key]
                    .as_str()
                    .unwrap_or_else(|| panic!("{key}: {component}"))
            };
            assert!(!component["licenses"].as_array().expect("licences").is_empty());
            assert_eq!(component["hashes"][0]["alg"], "SHA-256", "{component}");
            format!("{}@{}", of("name"), of("version"))
        })
        .collect();

    let program = tree("normal,build");
    assert!(
        program.iter().any(|name| name.starts_with("rustls@")),
        "{program:?}"
    );
    let missing: Vec<_> = program.difference(&listed).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let tests: BTreeSet<String> = tree("dev").difference(&program).cloned().collect();
    assert!(
        tests.iter().any(|name| name.starts_with("proptest@")),
        "{tests:?}"
    );
    // These are compiled for nobody: cargo's graph has them where a dependency would like them if they were there.
    let wished_for = ["serde@", "toml_writer@"];
    let too_many: Vec<_> = listed
        .difference(&program)
        .filter(|name| !wished_for.iter().any(|wished| name.starts_with(wished)))
        .collect();
    assert!(too_many.is_empty(), "{too_many:?}");
}

#[test]
fn it_does_not_tell_where_it_was_made() {
    let text = fs::read_to_string(built("telegraf-kubelet.cdx.json")).expect("UTF-8");
    let paths: Vec<&str> = text.lines().filter(|line| line.contains("file:///")).collect();
    assert!(paths.is_empty(), "{paths:#?}");
}
