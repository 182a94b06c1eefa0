//! Copies that are put at one place at the same time.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::plugin::program;

/// The files in a directory, hidden ones too.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// Runs several installations at once, each by a command like this one with its arguments behind. Panics unless all
/// succeed, what is there can be run all the time, and in the end is the whole program and alone.
pub fn at_once(command: &Command) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("plugin");
    let version = concat!("telegraf-kubelet ", env!("CARGO_PKG_VERSION"), "\n");
    let start = || {
        let mut installer = Command::new(command.get_program());
        installer.args(command.get_args()).arg("install").arg(&path);
        installer.stdout(Stdio::null()).stderr(Stdio::piped());
        installer.spawn().expect("a program")
    };
    for _ in 0..3 {
        let mut installers: Vec<Child> = (0..6).map(|_| start()).collect();
        while installers
            .iter_mut()
            .any(|installer| installer.try_wait().expect("our child").is_none())
        {
            if path.exists() {
                let shown = Command::new(&path).arg("--version").output().expect("it runs");
                assert_eq!(String::from_utf8_lossy(&shown.stdout), version, "{shown:?}");
            }
        }
        for installer in installers {
            let output = installer.wait_with_output().expect("our child");
            assert!(output.status.success(), "{output:?}");
        }
        assert_eq!(names(dir.path()), ["plugin"]);
        assert!(
            fs::read(&path).expect("a file") == fs::read(program()).expect("a file"),
            "another file"
        );
    }
}
