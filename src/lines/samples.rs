//! The kubelet's own times: which timestamp a group of fields gets, and whether it was written already.
//!
//! A kubelet answers from caches that are 10 to 30 s old for a cgroup and minutes old for a volume. Under the time of
//! the scrape a rate over such a counter shows zero, then double; under the sample's own it is the true one.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use super::index::AsItIs;
use crate::json::Time;

/// 2000-01-01. A young container's filesystem is measured in 1970, before there was a sample.
const EARLIEST: i64 = 946_684_800 * 1_000_000_000;

/// A sample older than this tells when something was measured once, not how it is: secrets' volumes on old kubelets
/// are measured at mount, days ago. Volumes are measured every one to two minutes, all else more often.
const MAX_AGE: i64 = 10 * 60 * 1_000_000_000;

/// Times of samples, from tick to tick.
#[derive(Debug, Default)]
pub struct Samples {
    arrived: i64,
    /// What is made is only weighed: then it makes no difference what was written.
    weighing: bool,
    hasher: RandomState,
    /// What the last good tick had, a number for each sample: for its series, its group and its time.
    written: HashSet<u64, BuildHasherDefault<AsItIs>>,
    /// What the tick at hand has: it takes the place of `written` when it turns out well. In the order of the lines, so
    /// that what goes with lines that are taken back can be taken back, too.
    writing: Vec<u64>,
}

impl Samples {
    /// Begins a tick whose answer came at `arrived`.
    pub fn begin(&mut self, arrived: i64) {
        self.arrived = arrived;
        self.weighing = false;
        self.writing.clear();
    }

    /// From now on samples are only weighed, or not.
    pub fn weigh(&mut self, weighing: bool) {
        self.weighing = weighing;
    }

    /// The tick went well: its samples are written. What was not in it is forgotten, so that this stays small.
    pub fn commit(&mut self) {
        self.written.clear();
        self.written.extend(self.writing.drain(..));
        let room = 2 * self.written.len();
        self.written.shrink_to(room);
        self.writing.shrink_to(room);
    }

    /// How many samples there are so far.
    pub fn position(&self) -> usize {
        self.writing.len()
    }

    /// Takes back all but the first so many.
    pub fn back_to(&mut self, position: usize) {
        self.writing.truncate(position);
    }

    /// A number for a series, to ask [`Samples::timestamp`] with; never 0.
    pub fn series(&self, head: &[u8]) -> u64 {
        self.hasher.hash_one(head).max(1)
    }

    /// The timestamp of group number `group` of `series`, measured at `time`; `None` if that sample is written already.
    ///
    /// A group without a usable time is measured now: it gets the arrival time, at every tick.
    pub fn timestamp(&mut self, series: u64, group: usize, time: Time<'_>) -> Option<i64> {
        let sampled = time.unix_nanoseconds().filter(|&time| {
            time >= EARLIEST && time <= self.arrived && time >= self.arrived.saturating_sub(MAX_AGE)
        });
        let Some(sampled) = sampled else {
            return Some(self.arrived);
        };
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(series);
        hasher.write_usize(group);
        // Only the very same time is the same sample: a clock that was set back must not silence its node.
        hasher.write_i64(sampled);
        let sample = hasher.finish();
        self.writing.push(sample);
        (self.weighing || !self.written.contains(&sample)).then_some(sampled)
    }
}
