//! Telegraf's side from outside: ticks in every mode, and the end in every state.

mod support;

use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::plugin::{PATIENCE, Plugin, block, command};
use test_kubelet::{Fault, Options, TestKubelet};

/// Telegraf sends SIGTERM so long after it closed stdin.
const BEFORE_SIGTERM: Duration = Duration::from_secs(5);

/// A few of those that no log has.
const STEERS: [char; 8] = [
    '\0',
    '\x1b',
    '\r',
    '\u{9b}',
    '\u{202e}',
    '\u{2028}',
    '\u{200b}',
    '\u{e0041}',
];

fn kubelet() -> TestKubelet {
    TestKubelet::start(Options::default())
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn assert_parses(lines: &[String]) {
    let mut text = lines.join("\n");
    text.push('\n');
    assert!(!support::lines::parse(&text).is_empty());
}

#[test]
fn a_newline_is_answered_with_a_batch() {
    let (kubelet, dir) = (kubelet(), dir());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    for _ in 0..3 {
        plugin.tick();
        let batch = plugin.batch();
        assert_parses(&batch);
        for measurement in [
            "kubernetes_node,",
            "kubernetes_system_container,",
            "kubernetes_pod,",
            "kubernetes_pod_container,",
            "kubernetes_pod_network,",
            "kubernetes_pod_volume,",
        ] {
            assert!(
                batch.iter().any(|line| line.starts_with(measurement)),
                "{measurement} {batch:#?}"
            );
        }
    }
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    assert!(left.stdout.is_empty());
    assert_eq!(kubelet.requests().len(), 3);
}

#[test]
fn each_signal_is_answered_with_a_batch() {
    let (kubelet, dir) = (kubelet(), dir());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    // A first answer shows that the handlers stand.
    plugin.tick();
    plugin.batch();
    for signal in [Signal::HUP, Signal::USR1, Signal::USR2] {
        plugin.signal(signal);
        assert_parses(&plugin.batch());
    }
    plugin.close_stdin();
    assert_eq!(plugin.wait(BEFORE_SIGTERM).status.code(), Some(0));
}

#[test]
fn its_own_interval_ticks_too() {
    let (kubelet, dir) = (kubelet(), dir());
    let mut command = command(dir.path(), &block(&kubelet));
    command.args(["-poll_interval", "300ms"]);
    let mut plugin = Plugin::start(command);
    assert_parses(&plugin.batch());
    plugin.tick();
    assert_parses(&plugin.batch());
    assert_parses(&plugin.batch());
    plugin.close_stdin();
    assert_eq!(plugin.wait(BEFORE_SIGTERM).status.code(), Some(0));
}

#[test]
fn an_interval_in_the_file_ticks_and_a_flag_switches_it_off() {
    let (kubelet, dir) = (kubelet(), dir());
    let config = format!("{}  interval = \"300ms\"\n", block(&kubelet));
    let plugin = Plugin::start(command(dir.path(), &config));
    assert_parses(&plugin.batch());
    drop(plugin);

    let mut command = command(dir.path(), &config);
    command.arg("-poll_interval_disabled");
    let asked = kubelet.requests().len();
    let mut plugin = Plugin::start(command);
    // One prompt, one answer: an interval of its own would have added to that in the time the answer takes.
    plugin.tick();
    plugin.batch();
    plugin.close_stdin();
    assert!(plugin.wait(BEFORE_SIGTERM).stdout.is_empty());
    assert_eq!(kubelet.requests().len(), asked + 1);
}

#[test]
fn ticks_that_pile_up_are_merged() {
    let (kubelet, dir) = (kubelet(), dir());
    kubelet.set_fault(Fault::Silent);
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    plugin.tick();
    assert!(kubelet.wait_for_requests(1, PATIENCE));
    for _ in 0..100 {
        plugin.tick();
    }
    plugin.close_stdin();
    kubelet.set_fault(Fault::None);
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    // One for the first prompt; one for all that came while it was under way, or two where the last of them were
    // read only after the second had begun.
    let asked = kubelet.requests().len();
    assert!((2..=3).contains(&asked), "{asked} requests for 101 prompts");
}

#[test]
fn a_prompt_before_the_end_of_stdin_is_still_answered() {
    // `telegraf --test` and `--once`: one prompt, and stdin is closed at once.
    let (kubelet, dir) = (kubelet(), dir());
    let left = Plugin::once(command(dir.path(), &block(&kubelet)));
    assert_eq!(left.status.code(), Some(0));
    assert_parses(&left.stdout);
    assert!(left.stdout.last().unwrap().contains("result=success"));
}

#[test]
fn idle_it_stops_at_once_by_every_way() {
    for way in ["stdin", "SIGTERM", "SIGINT"] {
        let (kubelet, dir) = (kubelet(), dir());
        let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
        plugin.tick();
        plugin.batch();
        match way {
            "stdin" => plugin.close_stdin(),
            "SIGTERM" => plugin.signal(Signal::TERM),
            _ => plugin.signal(Signal::INT),
        }
        let left = plugin.wait(BEFORE_SIGTERM);
        assert_eq!(left.status.code(), Some(0), "{way}");
    }
}

#[test]
fn in_the_middle_of_a_scrape_it_finishes_when_the_kubelet_does() {
    let (kubelet, dir) = (kubelet(), dir());
    kubelet.set_fault(Fault::HoldBody);
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    plugin.tick();
    assert!(kubelet.wait_for_requests(1, PATIENCE));
    plugin.close_stdin();
    kubelet.set_fault(Fault::None);
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    assert!(
        left.stdout.last().unwrap().contains("result=success"),
        "{left:#?}"
    );
}

#[test]
fn in_the_middle_of_a_scrape_it_gives_up_in_time() {
    for fault in [Fault::Silent, Fault::HoldBody] {
        let (kubelet, dir) = (kubelet(), dir());
        kubelet.set_fault(fault);
        let config = format!("{}  response_timeout = \"1h\"\n", block(&kubelet));
        let mut plugin = Plugin::start(command(dir.path(), &config));
        plugin.tick();
        assert!(kubelet.wait_for_requests(1, PATIENCE));
        let told = Instant::now();
        plugin.close_stdin();
        let left = plugin.wait(PATIENCE);
        assert!(told.elapsed() < BEFORE_SIGTERM, "{:?}", told.elapsed());
        assert_eq!(left.status.code(), Some(0));
        assert_parses(&left.stdout);
        assert!(left.stdout[0].contains("result=timeout"), "{left:#?}");
    }
}

#[test]
fn every_log_line_has_its_level_and_is_short() {
    let (kubelet, dir) = (kubelet(), dir());
    kubelet.set_fault(Fault::Status {
        code: 500,
        body: format!(
            "Internal Error: \u{202e}\u{2028}\u{200b}\u{e0041}{}\n\u{7}\r\nE! more",
            "x".repeat(100_000)
        ),
    });
    let mut command = command(dir.path(), &block(&kubelet));
    command.args(["-log_level", "trace"]);
    let mut plugin = Plugin::start(command);
    plugin.tick();
    plugin.batch();
    kubelet.set_fault(Fault::None);
    plugin.tick();
    plugin.batch();
    plugin.close_stdin();
    let left = plugin.wait(PATIENCE);
    assert_eq!(left.stderr.len(), 2, "{:#?}", left.stderr);
    for (line, level) in left.stderr.iter().zip(["E! ", "I! "]) {
        assert!(
            line.starts_with(level) && line.len() < 8_192 && !line.contains(STEERS),
            "{line:?}"
        );
    }
}

#[test]
fn without_any_prompt_for_a_minute_it_says_once_what_to_set() {
    let (kubelet, dir) = (kubelet(), dir());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    // The one test that has to last a minute, because the minute is what it is about.
    let mut log = None;
    let deadline = Instant::now() + Duration::from_secs(75);
    while log.is_none() && Instant::now() < deadline {
        log = plugin.log_within(Duration::from_secs(5));
    }
    let log = log.expect("a line after a minute");
    assert!(
        log.starts_with("W! ") && log.contains("signal = \"STDIN\"") && log.contains("-poll_interval"),
        "{log}"
    );
    plugin.tick();
    plugin.batch();
    plugin.close_stdin();
    assert!(
        !plugin
            .wait(PATIENCE)
            .stderr
            .iter()
            .any(|line| line.contains("no prompt"))
    );
}
