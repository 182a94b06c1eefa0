//! Each prompt is accounted for, whatever is in the way: all lines about scrapes, and the prompts that they say they
//! stand for beside their own, are all prompts.

use std::io::{Read as _, Write as _};

use rustix::process::Signal;
use test_kubelet::{Fault, Options, TestKubelet};

use super::stdout::{BEFORE_SIGTERM, blocked, huge};
use super::support::plugin::{PATIENCE, Plugin, block, command};

fn kubelet() -> TestKubelet {
    TestKubelet::start(Options::default())
}

/// What each line about a scrape says that it stands for, beside its own prompt.
fn merged<'l>(lines: impl IntoIterator<Item = &'l str>) -> Vec<u64> {
    lines
        .into_iter()
        .filter(|line| line.starts_with("kubelet_scrape,"))
        .map(|line| {
            let value = line.split_once(",ticks_merged=").expect("the field").1;
            value.split_once('i').expect("an integer").0.parse().unwrap()
        })
        .collect()
}

/// How many prompts all lines about scrapes stand for.
pub fn prompts(lines: &str) -> u64 {
    merged(lines.lines()).iter().map(|merged| merged + 1).sum()
}

#[test]
fn one_at_a_time_merges_nothing() {
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    for _ in 0..3 {
        plugin.tick();
        assert_eq!(merged(plugin.batch().iter().map(String::as_str)), [0]);
    }
}

#[test]
fn newlines_in_one_read_are_several_prompts() {
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    // More than is read at once, too.
    plugin.write(&b"\n".repeat(1_000));
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(prompts(&left.stdout.join("\n")), 1_000);
    assert!(kubelet.requests().len() <= 3, "{}", kubelet.requests().len());
}

#[test]
fn bursts_between_answers_and_silences_add_up() {
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    let (mut asked, mut seed) = (0, 1_u64);
    for round in 0..60 {
        // A generator of Lehmer's, so that each run has the same bursts.
        seed = seed * 48_271 % 0x7fff_ffff;
        let burst = usize::try_from(seed % 7).unwrap();
        plugin.write(&b"\n".repeat(burst));
        asked += burst as u64;
        match round % 10 {
            2 => kubelet.set_fault(Fault::HoldBody),
            5 => kubelet.set_fault(Fault::None),
            _ => {}
        }
    }
    kubelet.set_fault(Fault::None);
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    assert_eq!(prompts(&left.stdout.join("\n")), asked);
}

#[test]
fn all_before_a_stop_are_in_the_last_line_of_a_silent_kubelet() {
    for more in [0, 1, 5] {
        let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
        kubelet.set_fault(Fault::Silent);
        let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
        plugin.tick();
        assert!(kubelet.wait_for_requests(1, PATIENCE));
        plugin.write(&b"\n".repeat(more));
        plugin.close_stdin();
        let left = plugin.wait(BEFORE_SIGTERM);
        assert_eq!(left.status.code(), Some(0));
        assert_eq!(prompts(&left.stdout.join("\n")), 1 + more as u64, "{left:#?}");
        assert!(left.stdout[0].contains("result=timeout"), "{left:#?}");
        assert_eq!(left.stdout.len(), 1, "{left:#?}");
    }
}

#[test]
fn each_of_two_kubelets_has_them_all() {
    let (one, two, dir) = (kubelet(), kubelet(), tempfile::tempdir().unwrap());
    two.set_fault(Fault::Silent);
    let config = format!("{}\n{}", block(&one), block(&two));
    let mut plugin = Plugin::start(command(dir.path(), &config));
    plugin.tick();
    assert!(two.wait_for_requests(1, PATIENCE));
    plugin.write(b"\n\n\n");
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    for kubelet in [one, two] {
        let url = format!(",url={} ", kubelet.url());
        let own: Vec<_> = left
            .stdout
            .iter()
            .filter(|line| line.contains(&url))
            .cloned()
            .collect();
        assert_eq!(prompts(&own.join("\n")), 4, "{own:#?}");
    }
}

#[test]
fn those_that_come_while_stdout_is_not_read_count() {
    let dir = tempfile::tempdir().unwrap();
    let kubelet = huge();
    let mut child = blocked(dir.path(), &kubelet);
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..20 {
        stdin.write_all(b"\n").unwrap();
    }
    drop(stdin);
    let mut all = String::new();
    child.stdout.take().unwrap().read_to_string(&mut all).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(merged(all.lines())[0], 0);
    assert_eq!(prompts(&all), 21);
}

#[test]
fn signals_in_bursts_are_answered_and_then_it_stops() {
    let (kubelet, dir) = (kubelet(), tempfile::tempdir().unwrap());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    plugin.tick();
    plugin.batch();
    let signals = [Signal::HUP, Signal::USR1, Signal::USR2];
    for _ in 0..200 {
        for signal in signals {
            plugin.signal(signal);
        }
    }
    // While it stops, too: a prompt after the stop is nobody's, and no stop is one too many.
    plugin.signal(Signal::TERM);
    for signal in [Signal::USR1, Signal::TERM, Signal::INT, Signal::HUP] {
        // It may be gone already.
        let _ = rustix::process::kill_process(plugin.pid(), signal);
    }
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    let prompts = prompts(&left.stdout.join("\n"));
    // The kernel makes one of those that wait, so that their number is not known.
    assert!((1..=600).contains(&prompts), "{prompts}");
    assert!(
        left.stderr.iter().all(|line| !line.starts_with("E! ")),
        "{left:#?}"
    );
}
