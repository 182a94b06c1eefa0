//! Who gets the crate gets what its README leads to.

use std::collections::BTreeSet;
use std::process::Command;

use crate::source;
use crate::system::output;

#[test]
fn its_links_lead_to_files_of_the_crate() {
    let listed = output(
        Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "package",
                "--list",
                "--locked",
                "--allow-dirty",
                "--package",
                "telegraf-kubelet",
            ]),
    );
    let files: BTreeSet<&str> = listed.lines().collect();
    assert!(files.contains("src/main.rs"), "{files:?}");

    let readme = source("README.md");
    let links: Vec<&str> = readme
        .split("](")
        .skip(1)
        .map(|rest| rest.split([')', '#']).next().expect("one at least"))
        .filter(|link| !link.is_empty() && !link.contains("://"))
        .collect();
    assert!(!links.is_empty());
    for link in links {
        let directory = format!("{}/", link.trim_end_matches('/'));
        assert!(
            files.contains(link) || files.iter().any(|file| file.starts_with(&directory)),
            "{link} is not in the crate; add it to `include` in Cargo.toml"
        );
    }
}
