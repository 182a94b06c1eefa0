//! What the program tells of each node, read as it comes. Knows nothing of who is alive.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::Outcome;

/// One line `kubelet_scrape`.
pub struct Scrape {
    /// Its node.
    pub node: String,
    /// What became of it.
    pub result: String,
    /// Since 1970.
    pub at: Duration,
    /// How many lines there are of it.
    pub lines: u64,
}

/// Reads in a thread of its own: whoever is slow here would be measured.
pub fn read(stdout: impl Read + Send + 'static) -> Receiver<Scrape> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut lines = Lines {
            stdout,
            buffer: vec![0; 1024 * 1024],
            line: Vec::new(),
        };
        // Who does not want to hear more has ended it.
        let _ = lines.each(|line| scrape(line).is_none_or(|scrape| sender.send(scrape).is_ok()));
    });
    receiver
}

fn scrape(line: &str) -> Option<Scrape> {
    let rest = line.strip_prefix("kubelet_scrape,")?;
    let (tags, rest) = rest.split_once(' ')?;
    let (fields, at) = rest.rsplit_once(' ')?;
    let of = |pairs: &str, key: &str| {
        let mut pairs = pairs.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(of, value)| (of == key).then(|| value.to_owned()))
    };
    Some(Scrape {
        node: of(tags, "node_name")?,
        result: of(tags, "result")?,
        at: Duration::from_nanos(at.parse().ok()?),
        lines: of(fields, "lines").map_or(0, |lines| lines.trim_end_matches('i').parse().unwrap_or(0)),
    })
}

/// What comes out, of which only lines about scrapes are looked at.
struct Lines<R> {
    stdout: R,
    buffer: Vec<u8>,
    /// The beginning of a line that is not whole.
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// Each of them, until the end or until nobody wants more.
    fn each(&mut self, mut wants_more: impl FnMut(&str) -> bool) -> Outcome<()> {
        loop {
            let read = self.stdout.read(&mut self.buffer)?;
            if read == 0 {
                return Ok(());
            }
            for piece in self.buffer[..read].split_inclusive(|&byte| byte == b'\n') {
                let line = if self.line.is_empty() {
                    piece
                } else {
                    self.line.extend_from_slice(piece);
                    &self.line
                };
                if line.ends_with(b"\n") {
                    if line.starts_with(b"kubelet_scrape") && !wants_more(str::from_utf8(line)?.trim_end()) {
                        return Ok(());
                    }
                    self.line.clear();
                } else if self.line.is_empty() {
                    self.line.extend_from_slice(piece);
                }
            }
        }
    }
}

/// All that was told of so many intervals.
#[derive(Default)]
pub struct Told {
    /// How often each node was told of in each interval.
    times: BTreeMap<(u64, String), u64>,
    /// What became of each that is dead.
    pub dead: BTreeMap<String, u64>,
    /// What became of each that lives and was not read.
    pub failed: BTreeMap<String, u64>,
    /// Seconds from the beginning of an interval to the last answer in it of one that lives.
    pub last: f64,
    /// Lines of all.
    pub lines: u64,
}

impl Told {
    /// Takes one that is of the interval of this number, so many seconds after that began.
    pub fn take(&mut self, scrape: Scrape, interval: u64, after: f64, is_dead: bool) {
        self.lines += scrape.lines + 1;
        if is_dead {
            *self.dead.entry(scrape.result).or_default() += 1;
        } else {
            self.last = self.last.max(after);
            if scrape.result != "success" {
                *self.failed.entry(scrape.result).or_default() += 1;
            }
        }
        *self.times.entry((interval, scrape.node)).or_default() += 1;
    }

    /// How many of these nodes were told of just once in each of these intervals.
    pub fn once_in_each<'n>(
        &self,
        nodes: impl Iterator<Item = &'n String>,
        intervals: std::ops::Range<u64>,
    ) -> usize {
        let once = |node: &&String| {
            intervals
                .clone()
                .all(|interval| self.times.get(&(interval, (*node).clone())) == Some(&1))
        };
        nodes.filter(once).count()
    }
}
