//! Stdout from outside, whatever it is: no line tears and none is lost that could be delivered.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::process::{descriptors, peak};
use super::prompts::prompts;
use super::support::lines::parse;
use super::support::plugin::{PATIENCE, bare, block, command, exits_within};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use test_kubelet::{GeneratorOptions, Options, TestKubelet};

/// Telegraf sends SIGTERM so long after it closed stdin.
pub const BEFORE_SIGTERM: Duration = Duration::from_secs(5);

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// More than any pipe takes at once.
pub fn huge() -> TestKubelet {
    TestKubelet::start(Options {
        pods: 250,
        ..Options::default()
    })
}

/// One whose batch has a line for each of these lengths, which is longer by about a hundred bytes.
fn with_lines(lengths: &[usize]) -> TestKubelet {
    let kubelet = TestKubelet::start(Options::default());
    let mut summary: Value =
        serde_json::from_slice(&test_kubelet::summary(&GeneratorOptions::default(), 1)).unwrap();
    let metric = |length: &usize| json!({"name": "m", "type": "gauge", "units": length.to_string(), "labels": {"l": "x".repeat(*length)}, "value": 1});
    summary["pods"][0]["containers"][0]["userDefinedMetrics"] = lengths.iter().map(metric).collect();
    kubelet.set_body(Some(summary.to_string().into_bytes()));
    kubelet
}

/// A prompt as Telegraf writes it.
pub fn prompt(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
}

/// Starts a plugin whose stdout nobody reads, in the middle of a batch: the pipe is one page small, and not empty.
pub fn blocked(dir: &Path, kubelet: &TestKubelet) -> Child {
    let mut child = command(dir, &block(kubelet))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pipe = child.stdout.as_ref().unwrap();
    rustix::pipe::fcntl_setpipe_size(pipe, 4096).unwrap();
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    poll(&mut [PollFd::new(pipe, PollFlags::IN)], None).unwrap();
    child
}

/// What is left are whole lines. True if they end with a whole batch.
fn is_whole(mut left: impl Read) -> bool {
    let mut text = String::new();
    left.read_to_string(&mut text).unwrap();
    assert!(
        text.ends_with('\n'),
        "torn: {:?}",
        &text[text.len().saturating_sub(200)..]
    );
    parse(&text);
    text.lines().last().unwrap().starts_with("kubelet_scrape")
}

#[test]
fn blocked_it_stops_in_time_and_leaves_whole_lines() {
    for signal in [None, Some(Signal::TERM)] {
        let (dir, kubelet) = (dir(), huge());
        let mut child = blocked(dir.path(), &kubelet);
        match signal {
            Some(signal) => kill_process(Pid::from_child(&child), signal).unwrap(),
            None => drop(child.stdin.take()),
        }
        let (mut child, status) = exits_within(child, BEFORE_SIGTERM);
        assert_eq!(status.code(), Some(0));
        assert!(!is_whole(child.stdout.take().unwrap()), "that was no block");
    }
}

/// How long nobody reads, in seconds: many intervals of a test. `BLOCKED` sets minutes, for a run by hand.
const BLOCKED: u64 = 3;

/// A Telegraf whose output hangs reads nothing until it does: nothing grows meanwhile, nothing is lost, and then all is as before.
#[test]
fn blocked_for_long_it_costs_nothing_and_is_drained() {
    let (dir, kubelet) = (dir(), huge());
    let mut child = blocked(dir.path(), &kubelet);
    let pid = Pid::from_child(&child);
    let seconds = std::env::var("BLOCKED").map_or(BLOCKED, |seconds| seconds.parse().expect("a number"));
    let (mut asked, mut most, mut open) = (1, 0, 0);
    for tick in 0..20 * seconds {
        prompt(&mut child);
        asked += 1;
        // By then a batch waits in the pipe, and another one in memory.
        if tick == 20 {
            (most, open) = (peak(pid), descriptors(pid));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(descriptors(pid), open);
    assert!(peak(pid) <= most + 512, "{most} kB, and then {}", peak(pid));
    assert!(kubelet.requests().len() <= 3, "who waits asks nobody");
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut drained = String::new();
    while prompts(&drained) < asked {
        stdout.read_line(&mut drained).unwrap();
    }
    prompt(&mut child);
    drop(child.stdin.take());
    stdout.read_to_string(&mut drained).unwrap();
    parse(&drained);
    let scrapes = drained.lines().filter(|line| line.starts_with("kubelet_scrape"));
    assert!(scrapes.clone().all(|line| line.contains(",result=success,")));
    assert_eq!(prompts(&drained), asked + 1);
    assert_eq!(exits_within(child, BEFORE_SIGTERM).1.code(), Some(0));
}

#[test]
fn killed_in_the_middle_of_a_batch_it_leaves_whole_lines() {
    let (dir, kubelet) = (dir(), huge());
    let mut child = blocked(dir.path(), &kubelet);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_whole(child.stdout.take().unwrap()), "that was no block");
}

#[test]
fn killed_with_many_small_batches_unread_it_leaves_whole_lines() {
    let (dir, kubelet) = (dir(), TestKubelet::start(Options::default()));
    let mut child = blocked(dir.path(), &kubelet);
    for asked in 2..12 {
        prompt(&mut child);
        if !kubelet.wait_for_requests(asked, Duration::from_millis(300)) {
            break;
        }
    }
    assert!(kubelet.requests().len() < 11, "that was no block");
    child.kill().unwrap();
    child.wait().unwrap();
    is_whole(child.stdout.take().unwrap());
}

#[test]
fn a_slow_reader_gets_every_line() {
    for kubelet in [huge(), with_lines(&[4_000, 4_096, 5_000, 60_000, 63_000, 7_000])] {
        let dir = dir();
        let mut child = blocked(dir.path(), &kubelet);
        let pipe = child.stdout.take().unwrap();
        drop(child.stdin.take());
        assert!(is_whole(pipe), "the batch is not whole");
        assert_eq!(exits_within(child, BEFORE_SIGTERM).1.code(), Some(0));
    }
}

#[test]
fn long_lines_do_not_tear_when_it_is_killed() {
    for length in [4_000, 5_000, 20_000, 63_000] {
        let (dir, kubelet) = (dir(), with_lines(&[length; 3]));
        let mut child = blocked(dir.path(), &kubelet);
        child.kill().unwrap();
        child.wait().unwrap();
        is_whole(child.stdout.take().unwrap());
    }
}

#[test]
fn a_line_that_no_reader_takes_is_left_out_and_said() {
    let (dir, kubelet) = (dir(), with_lines(&[2_000_000, 300, 3_000_000]));
    let mut child = command(dir.path(), &block(&kubelet))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    prompt(&mut child);
    drop(child.stdin.take());
    let mut lines = String::new();
    child.stdout.take().unwrap().read_to_string(&mut lines).unwrap();
    parse(&lines);
    let metrics = lines
        .lines()
        .filter(|line| line.starts_with("kubernetes_pod_container_user_metric"));
    assert_eq!(metrics.count(), 1);
    let scrape = lines.lines().last().unwrap();
    assert!(
        scrape.starts_with("kubelet_scrape") && scrape.contains(",fields_out_of_range=2i"),
        "{scrape}"
    );
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let said: Vec<_> = log.lines().filter(|line| line.contains("left out")).collect();
    assert_eq!(said.len(), 1, "{log}");
    assert!(
        said[0].starts_with("W! ") && said[0].contains("left out 2 lines whose names are longer"),
        "{log}"
    );
    assert_eq!(exits_within(child, PATIENCE).1.code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_is_the_end() {
    let (dir, kubelet) = (dir(), huge());
    // Idle, and while it waits for room.
    for wait in [false, true] {
        let mut child = if wait {
            blocked(dir.path(), &kubelet)
        } else {
            let mut command = command(dir.path(), &block(&kubelet));
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            command.stderr(Stdio::piped()).spawn().unwrap()
        };
        drop(child.stdout.take());
        if !wait {
            prompt(&mut child);
        }
        let (child, status) = exits_within(child, PATIENCE);
        assert_eq!(status.code(), Some(0));
        let mut log = String::new();
        if let Some(mut stderr) = child.stderr {
            stderr.read_to_string(&mut log).unwrap();
        }
        assert!(!log.contains("panicked") && !log.contains("E! "), "{log}");
    }
}

/// What a plugin says in the end that can not write, which is an error.
fn fails(mut command: Command, stdout: impl Into<Stdio>) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    prompt(&mut child);
    let (mut child, status) = exits_within(child, PATIENCE);
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(status.code(), Some(1), "{log}");
    log
}

#[test]
fn a_stdout_that_cannot_be_written_is_an_error() {
    let (dir, kubelet) = (dir(), TestKubelet::start(Options::default()));
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let log = fails(command(dir.path(), &block(&kubelet)), full);
    assert!(log.contains("E! stdout cannot be written to"), "{log}");
}

/// The program with this shell command in front of it.
pub fn behind(shell: &str, program: &Command) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{shell}; exec \"$@\"")).arg("sh");
    command.arg(program.get_program()).args(program.get_args());
    command
}

/// As a disk that gets full, which a limit on the size of files looks like from here.
#[test]
fn a_file_that_takes_no_more_ends_with_a_whole_line() {
    let kubelet = TestKubelet::start(Options {
        pods: 110,
        ..Options::default()
    });
    for (append, blocks) in [
        (false, 9),
        (true, 7),
        (false, 40),
        (true, 150),
        (false, 151),
        (true, 1_000),
    ] {
        let dir = dir();
        let path = dir.path().join("lines");
        std::fs::write(&path, "before v=1 1\n").unwrap();
        let mut open = OpenOptions::new();
        let file = open
            .append(append)
            .write(true)
            .truncate(!append)
            .open(&path)
            .unwrap();
        let program = command(dir.path(), &block(&kubelet));
        let log = fails(behind(&format!("ulimit -f {blocks}"), &program), file);
        assert!(
            log.contains("E! stdout cannot be written to") && !log.contains("torn"),
            "{log}"
        );
        assert!(!is_whole(File::open(&path).unwrap()), "that was no limit");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.starts_with("before v=1 1\n"), append);
        assert!(
            text.len() <= blocks * 512 && text.len() + 4_096 > blocks * 512,
            "{}",
            text.len()
        );
    }
}

#[test]
fn a_stream_socket_gets_every_line_and_none_is_torn() {
    for read_on in [true, false] {
        let (dir, kubelet) = (dir(), huge());
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut child = command(dir.path(), &block(&kubelet))
            .stdin(Stdio::piped())
            .stdout(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        prompt(&mut child);
        poll(&mut [PollFd::new(&ours, PollFlags::IN)], None).unwrap();
        if read_on {
            drop(child.stdin.take());
            assert!(is_whole(ours));
        } else {
            child.kill().unwrap();
            assert!(!is_whole(ours));
        }
        child.wait().unwrap();
    }
}

#[test]
fn a_descriptor_that_is_closed_at_the_start_is_told() {
    let (dir, kubelet) = (dir(), TestKubelet::start(Options::default()));
    let config = block(&kubelet);
    for (close, said) in [
        ("exec >&-", "E! stdout is closed"),
        ("exec <&-", "E! stdin is closed"),
        ("exec <&- >&-", "E! stdin is closed"),
    ] {
        let mut command = behind(close, &command(dir.path(), &config));
        let output = command.output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{close} {log}");
        assert!(log.starts_with(said) && log.lines().count() == 1, "{close} {log}");
    }
    // Nothing can be said, and nothing is lost.
    let mut command = behind("exec 2>&-", &command(dir.path(), &config));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    prompt(&mut child);
    drop(child.stdin.take());
    assert!(is_whole(child.stdout.take().unwrap()));
    assert_eq!(exits_within(child, PATIENCE).1.code(), Some(0));
    // What somebody wants to go nowhere goes there.
    let mut command = behind("exec >/dev/null", &bare());
    command.arg("-config").arg(dir.path().join("kubelet.conf"));
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    prompt(&mut child);
    drop(child.stdin.take());
    assert_eq!(exits_within(child, PATIENCE).1.code(), Some(0));
}
