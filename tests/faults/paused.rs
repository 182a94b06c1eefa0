//! Stopped and continued, by a debugger, a cgroup's freezer, or a node that sleeps: what was asked meanwhile is answered once,
//! and the next tick is good.

use std::time::Duration;

use rustix::process::Signal;
use test_kubelet::{Fault, Options, TestKubelet};

use super::process::{descriptors, resident};
use super::prompts::prompts;
use super::stdout::BEFORE_SIGTERM;
use super::support::plugin::{PATIENCE, Plugin, block, command, until};

/// How long it is stopped, in seconds: some intervals of a test. `PAUSED` sets minutes, for a run by hand.
const PAUSED: u64 = 2;

fn pause(plugin: &Plugin) {
    plugin.signal(Signal::STOP);
    let stat = format!("/proc/{}/stat", plugin.pid().as_raw_pid());
    until("a stopped process", || {
        std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))
    });
}

fn while_paused() -> Duration {
    let seconds = std::env::var("PAUSED").map_or(PAUSED, |seconds| seconds.parse().expect("a number"));
    Duration::from_secs(seconds)
}

fn start(kubelet: &TestKubelet, dir: &tempfile::TempDir, more: &str) -> Plugin {
    let mut plugin = Plugin::start(command(dir.path(), &format!("{}{more}", block(kubelet))));
    plugin.tick();
    plugin.batch();
    plugin
}

fn assert_good(plugin: &mut Plugin) {
    plugin.tick();
    let batch = plugin.batch();
    assert!(batch.last().unwrap().contains(",result=success,"), "{batch:#?}");
}

#[test]
fn between_two_ticks() {
    for options in Options::over_both() {
        let (kubelet, dir) = (TestKubelet::start(options), tempfile::tempdir().unwrap());
        let mut plugin = start(&kubelet, &dir, "");
        assert_good(&mut plugin);
        let (open, usual) = (descriptors(plugin.pid()), resident(plugin.pid()));
        pause(&plugin);
        // Telegraf goes on, and the kubelet closes what was idle for too long.
        for _ in 0..30 {
            plugin.tick();
        }
        kubelet.set_fault(Fault::Away);
        kubelet.set_fault(Fault::None);
        std::thread::sleep(while_paused());
        plugin.signal(Signal::CONT);
        let mut answered = 0;
        while answered < 30 {
            let batch = plugin.batch();
            assert!(batch.last().unwrap().contains(",result=success,"), "{batch:#?}");
            answered += prompts(&batch.join("\n"));
        }
        assert_eq!(answered, 30);
        assert_good(&mut plugin);
        assert_eq!(descriptors(plugin.pid()), open);
        assert!(resident(plugin.pid()) <= usual + 2 * 1024);
        plugin.close_stdin();
        let left = plugin.wait(BEFORE_SIGTERM);
        assert_eq!(left.status.code(), Some(0));
        assert!(left.stdout.is_empty() && left.stderr.len() == 1, "{left:#?}");
    }
}

#[test]
fn in_the_middle_of_a_scrape() {
    for (fault, result) in [
        (Fault::Silent, ",result=timeout,"),
        (Fault::HoldBody, ",result=timeout,"),
    ] {
        let (kubelet, dir) = (
            TestKubelet::start(Options::default()),
            tempfile::tempdir().unwrap(),
        );
        let mut plugin = start(&kubelet, &dir, "  response_timeout = \"1s\"\n");
        kubelet.set_fault(fault);
        plugin.tick();
        assert!(kubelet.wait_for_requests(2, PATIENCE));
        pause(&plugin);
        std::thread::sleep(while_paused());
        plugin.signal(Signal::CONT);
        let batch = plugin.batch();
        assert!(batch.len() == 1 && batch[0].contains(result), "{batch:#?}");
        kubelet.set_fault(Fault::None);
        assert_good(&mut plugin);
        plugin.close_stdin();
        assert_eq!(plugin.wait(BEFORE_SIGTERM).status.code(), Some(0));
    }
}

/// Telegraf's word to stop comes while it can not hear it: it obeys as soon as it can.
#[test]
fn told_to_stop_meanwhile() {
    for signal in [None, Some(Signal::TERM)] {
        let (kubelet, dir) = (
            TestKubelet::start(Options::default()),
            tempfile::tempdir().unwrap(),
        );
        let mut plugin = start(&kubelet, &dir, "");
        pause(&plugin);
        plugin.tick();
        match signal {
            Some(signal) => plugin.signal(signal),
            None => plugin.close_stdin(),
        }
        plugin.signal(Signal::CONT);
        let left = plugin.wait(BEFORE_SIGTERM);
        assert_eq!(left.status.code(), Some(0));
        // By a signal, the prompt may come behind it.
        if signal.is_none() {
            assert_eq!(prompts(&left.stdout.join("\n")), 1, "{left:#?}");
        }
    }
}
