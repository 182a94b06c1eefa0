//! All that a configuration makes the program say: at a tick, and in both forms of a check.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::support::check::of_check;
use super::support::plugin::{Plugin, command};

/// So many blocks are tried at once: what they log at one tick still fits into a pipe, so that no line is left out.
pub const MOST_BLOCKS: usize = 16;

/// What is said of a configuration that can be started with, of at most [`MOST_BLOCKS`] blocks.
pub fn at_a_tick(config: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut run = command(dir.path(), config);
    run.args(["-log_level", "trace"]);
    let left = Plugin::once(run);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    let blocks = config.matches("[[inputs.kubelet]]").count();
    let scrapes = left
        .stdout
        .iter()
        .filter(|line| line.starts_with("kubelet_scrape"))
        .count();
    assert_eq!(scrapes, blocks, "{left:#?}");
    let said = format!("{}\n{}\n", left.stdout.join("\n"), left.stderr.join("\n"));
    assert!(!said.contains("were not read"), "a line was left out");
    said + &in_a_check(config)
}

/// What a check says of it.
pub fn in_a_check(config: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let say = |flag: &[&str]| {
        let output = of_check(dir.path(), config)
            .args(["-log_level", "trace"])
            .args(flag)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.code().is_some(), "{output:?}");
        [output.stdout, output.stderr]
            .map(|said| String::from_utf8(said).unwrap())
            .concat()
    };
    [say(&[]), say(&["--json"]), say(&["--print-rbac"])].concat()
}

/// What a check says of a configuration to machines, which is all that it says to people too.
pub fn in_json(config: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut check = of_check(dir.path(), config);
    check.args(["-log_level", "trace", "--json"]);
    said_by(check)
}

/// All that a program says that is prompted once and then told to stop, if it gets so far.
pub fn said_by(mut command: Command) -> String {
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // One that refuses to start does not read it.
    let _ = child.stdin.take().unwrap().write_all(b"\n");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.code().is_some(), "{output:?}");
    [output.stdout, output.stderr]
        .map(|said| String::from_utf8(said).unwrap())
        .concat()
}
