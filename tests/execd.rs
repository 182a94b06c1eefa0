//! Telegraf's side from outside: ticks in every mode, and the end in every state.

mod support;

use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};
use support::plugin::{PATIENCE, Plugin, block, command};
use test_kubelet::{Fault, Options, TestKubelet};

/// Telegraf sends SIGTERM so long after it closed stdin.
const BEFORE_SIGTERM: Duration = Duration::from_secs(5);

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

/// Starts a plugin whose stdout nobody reads, in the middle of a batch: the pipe is one page small, and not empty.
fn with_blocked_stdout(dir: &std::path::Path, kubelet: &TestKubelet) -> Child {
    let mut command = command(dir, &block(kubelet));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let pipe = child.stdout.as_ref().unwrap();
    rustix::pipe::fcntl_setpipe_size(pipe, 4096).unwrap();
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    poll(&mut [PollFd::new(pipe, PollFlags::IN)], None).unwrap();
    child
}

/// Waits for the end; panics when it takes longer than `limit`.
fn exits_within(mut child: Child, limit: Duration) -> (Child, ExitStatus) {
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // `wait` would close stdin first, which may be what the test is about.
        let stdin = child.stdin.take();
        let status = child.wait().unwrap();
        child.stdin = stdin;
        sender.send((child, status))
    });
    ended
        .recv_timeout(limit)
        .unwrap_or_else(|_| panic!("still running after {limit:?}"))
}

#[test]
fn with_stdout_blocked_it_stops_in_time_and_leaves_whole_lines() {
    for signal in [None, Some(Signal::TERM)] {
        let dir = dir();
        let kubelet = TestKubelet::start(Options {
            pods: 110,
            ..Options::default()
        });
        let mut child = with_blocked_stdout(dir.path(), &kubelet);
        match signal {
            Some(signal) => kill_process(Pid::from_child(&child), signal).unwrap(),
            None => drop(child.stdin.take()),
        }
        let (child, status) = exits_within(child, BEFORE_SIGTERM);
        assert_eq!(status.code(), Some(0));
        assert_whole_lines(child);
    }
}

#[test]
fn killed_in_the_middle_of_a_batch_it_leaves_whole_lines() {
    let dir = dir();
    let kubelet = TestKubelet::start(Options {
        pods: 110,
        ..Options::default()
    });
    let mut child = with_blocked_stdout(dir.path(), &kubelet);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_whole_lines(child);
}

fn assert_whole_lines(mut child: std::process::Child) {
    let mut left = String::new();
    child.stdout.take().unwrap().read_to_string(&mut left).unwrap();
    assert!(
        left.ends_with('\n'),
        "torn: {:?}",
        &left[left.len().saturating_sub(200)..]
    );
    assert!(!support::lines::parse(&left).is_empty());
}

#[test]
fn a_slow_reader_gets_every_line() {
    let dir = dir();
    let kubelet = TestKubelet::start(Options {
        pods: 110,
        ..Options::default()
    });
    let mut child = with_blocked_stdout(dir.path(), &kubelet);
    let mut pipe = child.stdout.take().unwrap();
    drop(child.stdin.take());
    let mut left = String::new();
    pipe.read_to_string(&mut left).unwrap();
    assert_eq!(exits_within(child, BEFORE_SIGTERM).1.code(), Some(0));
    support::lines::parse(&left);
    assert!(
        left.lines().last().unwrap().starts_with("kubelet_scrape"),
        "the batch is not whole"
    );
}

#[test]
fn a_reader_that_goes_away_is_the_end() {
    let (kubelet, dir) = (kubelet(), dir());
    let mut command = command(dir.path(), &block(&kubelet));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    let (mut child, status) = exits_within(child, PATIENCE);
    assert_eq!(status.code(), Some(0));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(!log.contains("panicked") && !log.contains("E! "), "{log}");
}

#[test]
fn a_stdout_that_cannot_be_written_is_an_error() {
    let (kubelet, dir) = (kubelet(), dir());
    let mut command = command(dir.path(), &block(&kubelet));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    let (mut child, status) = exits_within(child, PATIENCE);
    assert_eq!(status.code(), Some(1));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("E! stdout cannot be written to"), "{log}");
}

#[test]
fn nobody_reading_stderr_stops_nothing() {
    let dir = dir();
    // A dead kubelet: an error line each tick.
    let config = "[[inputs.kubelet]]\n  url = \"https://127.0.0.1:1\"\n  tls_ca = \"/nowhere\"\n  bearer_token = \"/nowhere\"\n";
    let mut command = command(dir.path(), config);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    // Far more lines than a pipe holds; each tick's answer is waited for.
    for _ in 0..1_500 {
        child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
        assert!(line.starts_with("kubelet_scrape,result=credential"), "{line}");
        support::lines::parse(&line);
    }
    drop(child.stdin.take());
    assert_eq!(exits_within(child, BEFORE_SIGTERM).1.code(), Some(0));
    drop(stderr);
}

#[test]
fn every_log_line_has_its_level_and_is_short() {
    let (kubelet, dir) = (kubelet(), dir());
    kubelet.set_fault(Fault::Status {
        code: 500,
        body: format!("Internal Error: {}\n\u{7}\r\nE! more", "x".repeat(100_000)),
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
            line.starts_with(level) && line.len() < 8_192 && !line.chars().any(char::is_control),
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
