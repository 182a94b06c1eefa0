//! Stderr that nobody reads, for a while or for ever, or that is closed: no tick has anything of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use test_kubelet::{Fault, Options, TestKubelet};

use super::stdout::BEFORE_SIGTERM;
use super::support::lines::parse;
use super::support::plugin::{block, command, exits_within};

/// So many lines fill a pipe of a page, whatever they are.
const FILLS: usize = 60;

/// A program whose kubelet fails at each second tick, so that each tick is a line in the log.
struct Stage {
    kubelet: TestKubelet,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Option<ChildStderr>,
    ticks: usize,
    _dir: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let kubelet = TestKubelet::start(Options::default());
        let dir = tempfile::tempdir().unwrap();
        let mut command = command(dir.path(), &block(&kubelet));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take();
        rustix::pipe::fcntl_setpipe_size(stderr.as_ref().unwrap(), 4096).unwrap();
        Self {
            stdout: BufReader::new(child.stdout.take().unwrap()),
            stderr,
            kubelet,
            child,
            ticks: 0,
            _dir: dir,
        }
    }

    /// A tick with a line in the log, if it gets there: it fails, or is good again. What lasts is not told twice.
    fn tell(&mut self) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(2) {
            return self.succeed();
        }
        self.kubelet.set_fault(Fault::Status {
            code: 500,
            body: format!("Internal Error: {}", "x".repeat(100)),
        });
        let scrape = self.tick();
        assert!(scrape.contains(",result=not_ready,"), "{scrape}");
    }

    fn succeed(&mut self) {
        self.kubelet.set_fault(Fault::None);
        let scrape = self.tick();
        assert!(scrape.contains(",result=success,"), "{scrape}");
    }

    fn tick(&mut self) -> String {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        loop {
            let mut line = String::new();
            self.stdout.read_line(&mut line).unwrap();
            parse(&line);
            if line.starts_with("kubelet_scrape") {
                return line;
            }
        }
    }

    fn end(self) {
        let mut child = self.child;
        drop(child.stdin.take());
        assert_eq!(exits_within(child, BEFORE_SIGTERM).1.code(), Some(0));
    }
}

#[test]
fn nobody_reads_it() {
    let mut stage = Stage::new();
    for _ in 0..FILLS {
        stage.tell();
    }
    stage.succeed();
    stage.end();
}

#[test]
fn what_was_not_read_is_counted_once_somebody_reads() {
    let mut stage = Stage::new();
    for _ in 0..FILLS {
        stage.tell();
    }
    let mut stderr = BufReader::new(stage.stderr.take().unwrap());
    let mut told = 0;
    let mut line = String::new();
    // Whatever the pipe held, and then the next one, which says how many are missing.
    while !line.contains("earlier lines were not read)") {
        if !line.is_empty() {
            assert!(line.ends_with('\n'), "{line:?}");
            told += 1;
        }
        if rustix::io::ioctl_fionread(stderr.get_ref()).unwrap() == 0 && stderr.buffer().is_empty() {
            stage.tell();
        }
        line.clear();
        stderr.read_line(&mut line).unwrap();
    }
    let (_, count) = line.rsplit_once('(').unwrap();
    let missing: usize = count.split(' ').next().unwrap().parse().unwrap();
    assert!(told > 0 && missing > 0, "{told} {missing}");
    // This one was told as well.
    assert_eq!(told + missing + 1, stage.ticks, "{line}");
    stage.succeed();
    stage.end();
}

#[test]
fn whoever_read_it_goes_away() {
    let mut stage = Stage::new();
    stage.tell();
    drop(stage.stderr.take());
    for _ in 0..3 {
        stage.tell();
    }
    stage.succeed();
    stage.end();
}

/// A terminal that was closed, and a Telegraf whose log is a pipe that is full, while it is told to stop.
#[test]
fn nobody_reads_it_at_the_end() {
    let mut stage = Stage::new();
    for _ in 0..FILLS {
        stage.tell();
    }
    stage.kubelet.set_fault(Fault::Silent);
    stage.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    assert!(stage.kubelet.wait_for_requests(stage.ticks + 1, BEFORE_SIGTERM));
    kill_process(Pid::from_child(&stage.child), Signal::TERM).unwrap();
    let (_, status) = exits_within(stage.child, BEFORE_SIGTERM);
    assert_eq!(status.code(), Some(0));
    let mut rest = String::new();
    stage.stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.contains(",result=timeout,"), "{rest}");
}
