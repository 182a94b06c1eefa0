//! What members that share nodes wrote, counted: who wrote of which node in which interval of the wall's clock.
//!
//! Knows lines and when they came. What members are, and what became of them, is the tests' own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use crate::support::lines::{Number, parse, series};

/// Intervals since 1970.
pub type Window = u64;

/// A member's one life, in the order of their beginnings.
pub type Life = usize;

/// The line with which all lines of a node and a tick end.
#[derive(Debug, Clone)]
pub struct Scrape {
    pub life: Life,
    pub node: String,
    /// The line's own time, since 1970.
    pub at: Duration,
    /// When it was read from the member.
    pub read: Duration,
    pub result: String,
    /// For how many prompts before its own it stands as well.
    merged: u64,
}

/// What a member said of itself last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub nodes: i64,
    pub mine: i64,
    pub members: i64,
    /// When that was read.
    pub read: Duration,
}

/// When somebody may have been without a writer, and why.
#[derive(Debug)]
pub struct Excuse<'a> {
    pub nodes: &'a BTreeSet<String>,
    /// From when on, since 1970.
    pub from: Duration,
    /// An interval that begins later than so long after that has a writer.
    pub within: Duration,
}

/// All of it.
pub struct Tally {
    interval: Duration,
    scrapes: Vec<Scrape>,
    /// Whoever wrote any line of a node in an interval.
    wrote: BTreeMap<(String, Window), BTreeSet<Life>>,
    standings: BTreeMap<Life, Standing>,
}

impl Tally {
    /// Of nothing yet.
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            scrapes: Vec::new(),
            wrote: BTreeMap::new(),
            standings: BTreeMap::new(),
        }
    }

    /// A line of this life. Panics where it is none.
    pub fn take(&mut self, life: Life, text: &str, read: Duration) {
        let text = format!("{text}\n");
        let (measurement, tags, at) = series(&text).remove(0);
        let at = Duration::from_nanos(at.try_into().expect("after 1970"));
        let fields: BTreeMap<_, _> = parse(&text)
            .into_iter()
            .map(|((_, _, field), number)| (field, number))
            .collect();
        let number = |field: &str| match fields.get(field) {
            Some(Number::Integer(value)) => *value,
            other => panic!("{field} is {other:?}: {text}"),
        };
        if measurement == "kubelet_discovery" {
            let standing = Standing {
                nodes: number("nodes"),
                mine: number("nodes_mine"),
                members: number("members"),
                read,
            };
            self.standings.insert(life, standing);
            return;
        }
        let node = tags.get("node_name").expect("a cluster's lines have it").clone();
        let window = self.window(at);
        self.wrote.entry((node.clone(), window)).or_default().insert(life);
        if measurement == "kubelet_scrape" {
            self.scrapes.push(Scrape {
                life,
                node,
                at,
                read,
                result: tags["result"].clone(),
                merged: number("ticks_merged").try_into().expect("a count"),
            });
        }
    }

    /// The interval that this moment is in.
    pub fn window(&self, at: Duration) -> Window {
        u64::try_from(at.as_nanos() / self.interval.as_nanos()).expect("a number")
    }

    /// When it begins.
    pub fn begins(&self, window: Window) -> Duration {
        self.interval * u32::try_from(window).expect("a number")
    }

    /// All lines that end a node's.
    pub fn scrapes(&self) -> &[Scrape] {
        &self.scrapes
    }

    /// What this life said last.
    pub fn standing(&self, life: Life) -> Option<Standing> {
        self.standings.get(&life).copied()
    }

    /// The one that wrote of this node in this interval, if one did and has done with it.
    pub fn writer(&self, node: &str, window: Window) -> Option<Life> {
        let mut scrapes = self.scrapes.iter().rev();
        let found = scrapes.find(|scrape| scrape.node == node && self.window(scrape.at) == window);
        found.map(|scrape| scrape.life)
    }

    /// Each node and interval that was written twice: by two, or by one that had no prompt for it.
    pub fn doubled(&self) -> Vec<String> {
        let by_two = self.wrote.iter().filter(|(_, lives)| lives.len() > 1);
        let mut found: Vec<_> = by_two
            .map(|((node, window), lives)| format!("{node} in {window} by {lives:?}"))
            .collect();
        for ((node, window), count) in self.counts() {
            // One of two may be an answer to the prompt before that was late.
            let before = (node.clone(), window - 1);
            let late = usize::from(!self.wrote.contains_key(&before));
            if count > 1 + late {
                found.push(format!("{node} in {window} {count} times"));
            }
        }
        found
    }

    fn counts(&self) -> BTreeMap<(String, Window), usize> {
        let mut counts = BTreeMap::new();
        for scrape in &self.scrapes {
            let at = (scrape.node.clone(), self.window(scrape.at));
            *counts.entry(at).or_default() += 1;
        }
        counts
    }

    /// The intervals in which nobody wrote of this node. Who was late, and says for how many prompts a line stands, has
    /// missed none.
    pub fn missing(&self, node: &str, windows: Range<Window>) -> Vec<Window> {
        let mut filled = BTreeSet::new();
        for scrape in self.scrapes.iter().filter(|scrape| scrape.node == node) {
            let window = self.window(scrape.at);
            filled.extend(window - scrape.merged..=window);
            if self.counts_in(node, window) > 1 {
                filled.insert(window - 1);
            }
        }
        windows.filter(|window| !filled.contains(window)).collect()
    }

    fn counts_in(&self, node: &str, window: Window) -> usize {
        let of_it = |scrape: &&Scrape| scrape.node == node && self.window(scrape.at) == window;
        self.scrapes.iter().filter(of_it).count()
    }

    /// Of these nodes each interval without a writer that none of these excuses.
    pub fn gaps<'n>(
        &self,
        nodes: impl IntoIterator<Item = &'n String>,
        windows: &Range<Window>,
        excuses: &[Excuse<'_>],
    ) -> Vec<String> {
        let mut found = Vec::new();
        for node in nodes {
            for window in self.missing(node, windows.clone()) {
                let begins = self.begins(window);
                let is_excused = excuses.iter().any(|excuse| {
                    excuse.nodes.contains(node)
                        && begins + self.interval > excuse.from
                        && begins < excuse.from + excuse.within
                });
                if !is_excused {
                    found.push(format!("{node} in {window}"));
                }
            }
        }
        found
    }

    /// The most intervals in a row in which one of these nodes had no writer.
    pub fn longest<'n>(&self, nodes: impl IntoIterator<Item = &'n String>, windows: &Range<Window>) -> usize {
        let of_node = |node: &String| {
            let missing = self.missing(node, windows.clone());
            let runs = missing.chunk_by(|one, next| one + 1 == *next);
            runs.map(<[_]>::len).max().unwrap_or_default()
        };
        nodes.into_iter().map(of_node).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of one node: who wrote each, and when, in tenths of an interval of a second.
    fn tally(lines: &[(Life, u64)]) -> Tally {
        let mut tally = Tally::new(Duration::from_secs(1));
        for (life, tenths) in lines {
            let at = tenths * 100_000_000;
            for line in [
                format!("kubernetes_node,node_name=n memory_rss_bytes=1i {at}"),
                format!("kubelet_scrape,node_name=n,result=success,url=u ticks_merged=0i {at}"),
            ] {
                tally.take(*life, &line, Duration::from_nanos(at));
            }
        }
        tally
    }

    #[test]
    fn what_is_written_twice_is_found() {
        let good = [(0, 1_001), (0, 1_011), (1, 1_025), (1, 1_035)];
        assert_eq!(tally(&good).doubled(), [""; 0]);
        // The first one's last line came late, in the second one's interval.
        let by_two = [(0, 1_001), (0, 1_020), (1, 1_025)];
        assert_eq!(tally(&by_two).doubled().len(), 1);
        let by_itself = [(0, 1_001), (0, 1_011), (0, 1_014)];
        assert_eq!(tally(&by_itself).doubled(), ["n in 101 2 times"]);
        // An answer to the prompt before.
        let late = [(0, 1_001), (0, 1_020), (0, 1_024), (0, 1_031)];
        assert_eq!(tally(&late).doubled(), [""; 0]);
        // Half of a batch is enough.
        let mut half = tally(&[(0, 1_001)]);
        let line = "kubernetes_node,node_name=n memory_rss_bytes=1i 100500000000";
        half.take(1, line, Duration::ZERO);
        assert_eq!(half.doubled().len(), 1);
    }

    #[test]
    fn what_nobody_wrote_is_found_where_nothing_excuses_it() {
        let nodes = BTreeSet::from(["n".to_owned()]);
        let tally = tally(&[(0, 1_001), (1, 1_041), (1, 1_060), (1, 1_064)]);
        assert_eq!(tally.missing("n", 100..107), [101, 102, 103]);
        assert_eq!(tally.longest(&nodes, &(100..107)), 3);
        let excused = |from: u64, within: u64| {
            let excuse = Excuse {
                nodes: &nodes,
                from: Duration::from_millis(from * 100),
                within: Duration::from_millis(within * 100),
            };
            tally.gaps(&nodes, &(100..107), &[excuse])
        };
        assert_eq!(excused(1_011, 20), [""; 0]);
        assert_eq!(excused(1_011, 19), ["n in 103"], "it went on for too long");
        assert_eq!(excused(1_020, 20), ["n in 101"], "it began before");
        let others = BTreeSet::from(["another".to_owned()]);
        let excuse = Excuse {
            nodes: &others,
            from: Duration::from_secs(100),
            within: Duration::from_secs(100),
        };
        assert_eq!(tally.gaps(&nodes, &(100..107), &[excuse]).len(), 3);
    }
}
