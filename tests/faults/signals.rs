//! Signals in bursts, of all kinds that somebody may send, and while it stops.

use std::time::Duration;

use rustix::process::{Signal, kill_process};
use test_kubelet::{Fault, Options, TestKubelet};

use super::process::{descriptors, peak};
use super::stdout::BEFORE_SIGTERM;
use super::support::plugin::{PATIENCE, Plugin, block, command};

/// Prompts, and what a process gets from the system or a terminal and is not told to end by.
const HARMLESS: [Signal; 8] = [
    Signal::HUP,
    Signal::USR1,
    Signal::USR2,
    Signal::CHILD,
    Signal::CONT,
    Signal::URG,
    Signal::WINCH,
    Signal::PIPE,
];

fn start(kubelet: &TestKubelet, dir: &tempfile::TempDir) -> Plugin {
    let mut plugin = Plugin::start(command(dir.path(), &block(kubelet)));
    for _ in 0..2 {
        plugin.tick();
        plugin.batch();
    }
    plugin
}

#[test]
fn thousands_of_them_cost_nothing_and_the_next_tick_is_good() {
    let (kubelet, dir) = (
        TestKubelet::start(Options::default()),
        tempfile::tempdir().unwrap(),
    );
    let mut plugin = start(&kubelet, &dir);
    let (open, most) = (descriptors(plugin.pid()), peak(plugin.pid()));
    for _ in 0..1_000 {
        for signal in HARMLESS {
            plugin.signal(signal);
        }
    }
    // Whatever was prompted by signals is answered, and the one on stdin with it or behind it.
    plugin.tick();
    while let Some(line) = plugin.line_within(Duration::from_millis(500)) {
        assert!(
            !line.starts_with("kubelet_scrape") || line.contains(",result=success,"),
            "{line}"
        );
    }
    assert_eq!(descriptors(plugin.pid()), open);
    let took = peak(plugin.pid()).saturating_sub(most);
    assert!(took <= 2 * 1024, "{took} kB more");
    plugin.tick();
    assert!(plugin.batch().last().unwrap().contains(",result=success,"));
    plugin.close_stdin();
    assert_eq!(plugin.wait(BEFORE_SIGTERM).status.code(), Some(0));
}

#[test]
fn told_to_stop_again_and_again_it_stops_once() {
    for first in [Signal::TERM, Signal::INT] {
        let (kubelet, dir) = (
            TestKubelet::start(Options::default()),
            tempfile::tempdir().unwrap(),
        );
        let mut plugin = start(&kubelet, &dir);
        kubelet.set_fault(Fault::Silent);
        let before = kubelet.requests().len();
        plugin.tick();
        assert!(kubelet.wait_for_requests(before + 1, PATIENCE));
        for signal in [first, Signal::TERM, Signal::INT, Signal::HUP, Signal::USR1].repeat(50) {
            // It waits for the kubelet as long as it may, so it is there.
            kill_process(plugin.pid(), signal).unwrap();
        }
        plugin.close_stdin();
        let left = plugin.wait(BEFORE_SIGTERM);
        assert_eq!(left.status.code(), Some(0), "{left:#?}");
        assert_eq!(left.stdout.len(), 1, "{left:#?}");
        assert!(left.stdout[0].contains(",result=timeout,"), "{left:#?}");
    }
}

/// As early as it can be: no prompt, no configuration read, perhaps not even a thread.
#[test]
fn told_to_stop_right_after_the_start() {
    let (kubelet, dir) = (
        TestKubelet::start(Options::default()),
        tempfile::tempdir().unwrap(),
    );
    for signal in [Signal::TERM, Signal::INT] {
        let plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
        plugin.until_ready();
        plugin.signal(signal);
        let left = plugin.wait(BEFORE_SIGTERM);
        assert_eq!(left.status.code(), Some(0), "{left:#?}");
        assert!(left.stdout.is_empty() && left.stderr.is_empty(), "{left:#?}");
    }
}
