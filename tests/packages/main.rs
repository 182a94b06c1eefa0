//! What is handed out, as somebody gets it: the static program, the Debian package, the list of what is in it, and
//! what builds the images.
//!
//! `PACKAGES` names the directory they were built into; `.ci/run` does that with the scripts in `packages/`. Telegraf
//! is looked for as in the end-to-end tests.

mod deb;
mod image;
#[path = "../e2e/process.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod process;
mod readme;
mod sbom;
mod static_program;
#[path = "../support/mod.rs"]
mod support;
mod system;
#[path = "../e2e/telegraf.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod telegraf;
#[path = "../e2e/wait.rs"]
mod wait;

use std::path::{Path, PathBuf};

/// A file that was built. Panics where it wasn't: there is nothing to test without it.
fn built(name: &str) -> PathBuf {
    let dir = std::env::var_os("PACKAGES").expect("PACKAGES: the directory with what `.ci/run` builds");
    let path = Path::new(&dir).join(name);
    assert!(path.is_file(), "not built: {}", path.display());
    path
}

/// A file of the repository.
fn source(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
