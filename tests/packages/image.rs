//! The images, as far as they can be looked at where there is no Docker: what they are built from and by.
//!
//! `.ci/run` builds the static program in a directory with nothing but what `.dockerignore` lets through, by the same
//! script.

use crate::source;

/// What follows `FROM`, stage by stage.
fn bases(dockerfile: &str) -> Vec<&str> {
    let lines = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM "));
    lines
        .map(|base| base.split(' ').next().expect("one at least"))
        .collect()
}

fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split('.').map(|part| part.parse().expect("a number"));
    parts.collect()
}

#[test]
fn they_are_built_by_what_was_tested() {
    let dockerfile = source("Dockerfile");
    let [rust, telegraf, scratch] = bases(&dockerfile)[..] else {
        panic!("three stages: {dockerfile}");
    };
    let rust = rust.strip_prefix("rust:").expect("the official image");
    let (rust, system) = rust.split_once('-').expect("a version and a system");
    assert_eq!(numbers(rust).len(), 3, "a version to the last number: {rust}");
    assert!(numbers(rust) >= numbers(env!("CARGO_PKG_RUST_VERSION")), "{rust}");
    assert_eq!(system, "bookworm", "the Debian whose glibc was tried");

    // The Telegraf of the end-to-end tests.
    let run = source(".ci/run");
    let tested = run
        .lines()
        .find_map(|line| line.strip_prefix("TELEGRAF_VERSION=v"));
    let (minor, _) = tested
        .expect("a version")
        .rsplit_once('.')
        .expect("three numbers");
    assert_eq!(telegraf, format!("telegraf:{minor}-alpine"));

    assert_eq!(scratch, "scratch");
    assert!(dockerfile.contains("\nRUN sh packages/static.sh /out/telegraf-kubelet\n"));
}

#[test]
fn the_plugins_own_has_one_file_and_no_rights() {
    let dockerfile = source("Dockerfile");
    let (_, last) = dockerfile.rsplit_once("FROM scratch").expect("a stage");
    let steps: Vec<&str> = last.lines().skip(1).collect();
    assert_eq!(
        steps,
        [
            "COPY --from=build /out/telegraf-kubelet /telegraf-kubelet",
            "USER 65532:65532",
            "ENTRYPOINT [\"/telegraf-kubelet\"]",
        ]
    );
}
