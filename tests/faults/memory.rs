//! Address space is used up, at the start and while we run: an end with a word for why, or a tick that fails, and never a death
//! by signal.

use std::process::{Command, Stdio};

use test_kubelet::{Options, TestKubelet};

use super::process::{allow_address_space, descriptors};
use super::stdout::{BEFORE_SIGTERM, behind};
use super::support::plugin::{PATIENCE, Plugin, bare, block, command};

/// In kB: from less than the program itself needs to more than enough.
const STEP: usize = 1024;
const MOST: usize = 96 * 1024;

fn limited(limit: usize, program: &Command) -> Command {
    behind(&format!("ulimit -v {limit}"), program)
}

/// The least with which the system and the linker get as far as `main`, so that all that is less is not ours to tell.
fn least() -> usize {
    let mut version = bare();
    version.arg("-version");
    let runs = |limit: &usize| {
        let output = limited(*limit, &version).stdin(Stdio::null()).output().unwrap();
        output.status.success()
    };
    (0..MOST).step_by(STEP).find(runs).expect("enough")
}

#[test]
fn at_the_start_it_works_or_says_why_not() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let program = command(dir.path(), &block(&kubelet));
    let (mut works, mut refuses) = (0, 0);
    let from = least();
    for limit in (from..from + 24 * STEP).step_by(STEP) {
        let left = Plugin::once(limited(limit, &program));
        match left.status.code() {
            Some(0) => {
                works += 1;
                let scrape = left.stdout.last().expect("a line about the scrape");
                assert!(scrape.starts_with("kubelet_scrape"), "{limit} kB: {left:#?}");
            }
            Some(1) => {
                refuses += 1;
                assert!(left.stdout.is_empty(), "{limit} kB: {left:#?}");
                assert!(
                    left.stderr.iter().any(|line| line.starts_with("E! ")),
                    "{limit} kB: {left:#?}"
                );
            }
            _ => panic!("{limit} kB: {left:#?}"),
        }
    }
    println!("from {from} kB on: {refuses} refuse, {works} work");
    assert!(works > 0);
}

#[test]
fn while_it_runs_it_costs_a_tick_at_most() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    let tick = |plugin: &mut Plugin| {
        plugin.tick();
        plugin.batch()
    };
    let good = [0, 1].map(|_| tick(&mut plugin).len());
    let open = descriptors(plugin.pid());
    // Not a byte more than it has, and an answer a hundred times as large as those before.
    allow_address_space(plugin.pid(), false);
    let mut huge = test_kubelet::summary(&test_kubelet::GeneratorOptions::default(), 1);
    huge.extend(b" ".repeat(48 << 20));
    kubelet.set_body(Some(huge));
    for _ in 0..2 {
        let batch = tick(&mut plugin);
        assert!(
            batch.len() == 1 && batch[0].contains(",result=bad_answer,"),
            "{batch:#?}"
        );
    }
    // What is usual has its room.
    kubelet.set_body(None);
    for _ in 0..2 {
        assert_eq!(tick(&mut plugin).len(), good[1]);
    }
    allow_address_space(plugin.pid(), true);
    assert_eq!(tick(&mut plugin).len(), good[1]);
    assert_eq!(descriptors(plugin.pid()), open);
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM.max(PATIENCE));
    assert_eq!(left.status.code(), Some(0));
    assert!(
        left.stderr.iter().any(|line| line.contains("no memory left")),
        "{left:#?}"
    );
}
