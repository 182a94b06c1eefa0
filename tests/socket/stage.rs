//! All that takes part: a kubelet, the plugin with ticks by signal, and a listener in Telegraf's place.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, UNIX_EPOCH};

use rustix::process::Signal;
use test_kubelet::{Options, TestKubelet};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::lines::parse;
use crate::support::plugin::{Left, PATIENCE, Plugin, block, command, until};

/// The budget for stopping is 4 s.
pub const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What takes part: a kubelet, and a directory for the socket.
pub struct Stage {
    /// The kubelet.
    pub kubelet: TestKubelet,
    /// Its directory.
    pub dir: tempfile::TempDir,
}

impl Stage {
    /// With a kubelet of so many pods.
    pub fn new(pods: usize) -> Self {
        Self {
            kubelet: TestKubelet::start(Options {
                pods,
                ..Options::default()
            }),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Where the socket is, or is to be.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("telegraf.sock")
    }

    /// As Telegraf does: what is left of an earlier one goes first.
    pub fn listen(&self) -> Listener {
        let _ = std::fs::remove_file(self.path());
        let socket = UnixDatagram::bind(self.path()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Listener(socket)
    }

    /// The command of a plugin that sends there. Ticks come by signal, so that each is at its time.
    pub fn command(&self, more: &str) -> Command {
        let config = format!(
            "{}  interval = \"1h\"\n  output = \"unixgram://{}\"\n{more}",
            block(&self.kubelet),
            self.path().display()
        );
        command(self.dir.path(), &config)
    }

    /// A plugin that is ready for ticks.
    pub fn start(&self, more: &str) -> Plugin {
        let mut plugin = Plugin::start(self.command(more));
        // A container's stdin is /dev/null.
        plugin.close_stdin();
        plugin.until_ready();
        plugin
    }

    /// So many ticks, each after the one before it was asked for.
    pub fn tick(&self, plugin: &Plugin, times: usize) {
        for _ in 0..times {
            let asked = self.kubelet.requests().len();
            plugin.signal(Signal::USR1);
            // A request is known as answered a moment before its answer is here.
            self.until_answered(asked + 1);
        }
    }

    /// Waits until so many requests were answered in all.
    pub fn until_answered(&self, requests: usize) {
        assert!(self.kubelet.wait_for_requests(requests, PATIENCE));
        until("answered", || self.kubelet.requests().len() >= requests);
    }

    /// The request, from 0, that brought a batch: the last one before the batch's time.
    pub fn request(&self, batch: &[String]) -> usize {
        let time: u128 = time(batch).parse().unwrap();
        let requests = self.kubelet.requests();
        let before = requests
            .iter()
            .filter(|seen| seen.at.duration_since(UNIX_EPOCH).unwrap().as_nanos() < time);
        before.count() - 1
    }
}

/// Telegraf's part.
pub struct Listener(UnixDatagram);

impl Listener {
    /// The next datagram, of whole lines that parse; empty when there will be none.
    pub fn datagram(&self) -> Vec<String> {
        let mut room = vec![0; 64 * 1024];
        let length = self.0.recv(&mut room).expect("a datagram in time");
        let text = std::str::from_utf8(&room[..length]).expect("UTF-8");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if length > 0 {
            assert!(text.ends_with('\n'), "torn: {text}");
            assert!(length <= 4096 || lines.len() == 1, "{length} bytes at once");
            parse(text);
        }
        lines
    }

    /// The next whole batch, or the rest of one.
    pub fn batch(&self) -> Vec<String> {
        let mut batch = Vec::new();
        while !batch.last().is_some_and(is_last) {
            batch.extend(self.datagram());
        }
        batch
    }

    /// Reads on in a thread of its own.
    pub fn read_on(self) -> Reader {
        let socket = self.0.try_clone().unwrap();
        let thread = std::thread::spawn(move || {
            let mut batches = vec![Vec::new()];
            loop {
                let lines = self.datagram();
                if lines.is_empty() {
                    batches.retain(|batch: &Vec<String>| !batch.is_empty());
                    return batches;
                }
                for line in lines {
                    let last = is_last(&line);
                    batches.last_mut().unwrap().push(line);
                    if last {
                        batches.push(Vec::new());
                    }
                }
            }
        });
        Reader { socket, thread }
    }
}

/// A listener that reads on.
pub struct Reader {
    socket: UnixDatagram,
    thread: JoinHandle<Vec<Vec<String>>>,
}

impl Reader {
    /// All that came, now that nothing will come any more.
    pub fn batches(self) -> Vec<Vec<String>> {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        self.thread.join().unwrap()
    }
}

/// The line that ends a batch.
#[expect(clippy::ptr_arg, reason = "it is handed to `is_some_and`")]
pub fn is_last(line: &String) -> bool {
    line.starts_with("kubelet_scrape")
}

/// The timestamp of all lines of a batch.
pub fn time(batch: &[String]) -> &str {
    let times: BTreeSet<_> = batch
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(times.len(), 1, "{times:?}");
    times.into_iter().next().unwrap()
}

/// What each line is about: all in front of its fields. Nothing has a space there in these summaries.
pub fn series(batch: &[String]) -> BTreeSet<&str> {
    let series: BTreeSet<_> = batch.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(series.len(), batch.len(), "a line twice: {batch:#?}");
    series
}

/// These are the batches of the requests from `first` on, whole and in order.
pub fn assert_batches(stage: &Stage, batches: &[Vec<String>], first: usize) {
    for (index, batch) in batches.iter().enumerate() {
        assert!(batch.last().unwrap().contains("result=success"), "{batch:#?}");
        let lines = batch.last().unwrap().split_once("lines=").unwrap().1;
        assert_eq!(lines.split_once("i,").unwrap().0, (batch.len() - 1).to_string());
        series(batch);
        assert_eq!(stage.request(batch), first + index);
    }
    assert_eq!(first + batches.len(), stage.kubelet.requests().len());
}

/// Tells it to stop.
pub fn stop(plugin: Plugin) -> Left {
    plugin.signal(Signal::TERM);
    stopped(plugin)
}

/// Told to stop, it does so in time, and never wrote to stdout.
pub fn stopped(plugin: Plugin) -> Left {
    let left = plugin.wait(STOP_LIMIT);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    assert!(left.stdout.is_empty(), "{left:#?}");
    left
}

/// The next line of the log that is about the socket, behind its time.
pub fn log(plugin: &Plugin) -> String {
    loop {
        let line = plugin.log();
        let (_, said) = timed(&line);
        if line.contains("unixgram://") {
            return said.to_owned();
        }
    }
}

/// The moment that a line of the log begins with, because nobody else puts it there, and the line.
pub fn timed(line: &str) -> (OffsetDateTime, &str) {
    let (time, said) = line.split_once(' ').expect("a time and more");
    let time = OffsetDateTime::parse(time, &Rfc3339).unwrap_or_else(|error| panic!("{error}: {line}"));
    let age = OffsetDateTime::now_utc() - time;
    assert!(age.whole_hours() == 0, "{line}");
    (time, said)
}

/// What else the log says about the socket.
pub fn about_the_socket(left: &Left) -> Vec<&String> {
    left.stderr
        .iter()
        .filter(|line| line.contains("unixgram://"))
        .collect()
}
