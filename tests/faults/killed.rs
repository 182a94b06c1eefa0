//! SIGKILL at any moment, and Telegraf that starts it again: what was said are whole lines, nothing is left behind that is in
//! the way, and the first tick of the next life is good. With a real Telegraf it is in `tests/e2e`.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use test_kubelet::{Fault, Options, TestKubelet};

use super::stdout::prompt;
use super::support::lines::parse;
use super::support::plugin::{PATIENCE, Plugin, block, command};

/// When it is killed.
#[derive(Debug, Clone, Copy)]
enum At {
    Start,
    Request,
    Body,
    Lines,
    Rest,
}

const ALL: [At; 5] = [At::Start, At::Request, At::Body, At::Lines, At::Rest];

/// All files below, with what is in them, but for those that the kubelet writes.
fn left_in(dir: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn spawn(dir: &Path, config: &str) -> Child {
    let mut command = command(dir, config);
    command.current_dir(dir).env("TMPDIR", dir).env("HOME", dir);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// One life that ends so; what it wrote.
fn life(at: At, kubelet: &TestKubelet, dir: &Path, config: &str) -> String {
    let asked = kubelet.requests().len();
    match at {
        At::Request => kubelet.set_fault(Fault::Silent),
        At::Body => kubelet.set_fault(Fault::HoldBody),
        At::Start | At::Lines | At::Rest => {}
    }
    let mut child = spawn(dir, config);
    let mut all = String::new();
    let mut stdout = child.stdout.take().unwrap();
    match at {
        At::Start => {}
        At::Request | At::Body => {
            prompt(&mut child);
            assert!(kubelet.wait_for_requests(asked + 1, PATIENCE));
        }
        At::Lines => {
            prompt(&mut child);
            let mut first = [0; 100];
            stdout.read_exact(&mut first).unwrap();
            all += std::str::from_utf8(&first).unwrap();
        }
        At::Rest => {
            prompt(&mut child);
            while !all.contains("kubelet_scrape") {
                let mut some = [0; 4096];
                let read = stdout.read(&mut some).unwrap();
                all += std::str::from_utf8(&some[..read]).unwrap();
            }
        }
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    kubelet.set_fault(Fault::None);
    stdout.read_to_string(&mut all).unwrap();
    all
}

#[test]
fn at_any_moment_and_started_again() {
    for options in Options::over_both() {
        let kubelet = TestKubelet::start(options);
        let dir = tempfile::tempdir().unwrap();
        let config = block(&kubelet);
        for at in ALL.repeat(2) {
            let all = life(at, &kubelet, dir.path(), &config);
            assert!(all.is_empty() || all.ends_with('\n'), "{at:?}: {all:?}");
            parse(&all);
            assert_eq!(
                left_in(dir.path()),
                BTreeSet::from(["kubelet.conf".to_owned()]),
                "{at:?}"
            );
            let mut next = Plugin::start(command(dir.path(), &config));
            next.tick();
            let batch = next.batch();
            assert!(
                batch.last().unwrap().contains(",result=success,"),
                "{at:?}: {batch:#?}"
            );
            next.close_stdin();
            let left = next.wait(Duration::from_secs(5));
            assert_eq!(
                (left.status.code(), left.stderr.len()),
                (Some(0), 1),
                "{at:?}: {left:#?}"
            );
        }
    }
}
