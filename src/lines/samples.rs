//! The kubelet's own times: which timestamp a group of fields gets, and whether it was written already.
//!
//! A kubelet answers from caches that are 10 to 30 s old for a cgroup and minutes old for a volume. Under the time of
//! the scrape a rate over such a counter shows zero, then double; under the sample's own it is the true one.

use std::hash::{BuildHasher, Hasher, RandomState};

use hashbrown::HashTable;

use crate::json::Time;

/// 2000-01-01. A young container's filesystem is measured in 1970, before there was a sample.
const EARLIEST: i64 = 946_684_800 * 1_000_000_000;

/// A sample older than this tells when something was measured once, not how it is: secrets' volumes on old kubelets
/// are measured at mount, days ago. Volumes are measured every one to two minutes, all else more often.
const MAX_AGE: i64 = 10 * 60 * 1_000_000_000;

/// So many samples may be remembered: five times as many as a node of two thousand pods has. They take 20 bytes each.
pub const MOST: usize = 400_000;

/// This bit of a sample's number says that it is listed at the tick at hand, by an entry that is weighed.
const LISTED: u64 = 1;

/// Times of samples, from tick to tick.
#[derive(Debug, Default)]
pub struct Samples {
    arrived: i64,
    /// What is made is only weighed: then neither the time of the answer makes a difference, nor what was written.
    weighing: bool,
    hasher: RandomState,
    /// What was written and was listed by the last good tick: an even number for each sample, of its series, its group and
    /// its time.
    written: HashTable<u64>,
    /// How many of these are known to be listed at the tick at hand.
    listed: usize,
    /// What the tick at hand writes, or would if it were not written. In the order of the lines, so that what goes with lines
    /// that are taken back can be taken back, too.
    writing: Vec<u64>,
}

impl Samples {
    /// Begins a tick whose answer came at `arrived`.
    pub fn begin(&mut self, arrived: i64) {
        self.arrived = arrived;
        self.weighing = false;
        self.writing.clear();
        // Of a tick that failed.
        if std::mem::take(&mut self.listed) > 0 {
            self.written.iter_mut().for_each(|sample| *sample &= !LISTED);
        }
    }

    /// From now on samples are only weighed, or not.
    pub fn weigh(&mut self, weighing: bool) {
        self.weighing = weighing;
    }

    /// The tick went well: its samples are written. Of what was written before stays what is still listed, for an entry that
    /// is put aside today may live tomorrow; all else is forgotten, so that this stays small.
    pub fn commit(&mut self) {
        let listed = std::mem::take(&mut self.listed);
        if listed > 0 && listed + self.writing.len() <= MOST {
            self.written
                .retain(|sample| std::mem::replace(sample, *sample & !LISTED) & LISTED != 0);
        } else {
            self.written.clear();
        }
        self.written.reserve(self.writing.len(), |&sample| place(sample));
        for sample in self.writing.drain(..) {
            self.written
                .entry(place(sample), |&other| other == sample, |&other| place(other))
                .or_insert(sample);
        }
        let room = 2 * self.written.len();
        self.written.shrink_to(room, |&sample| place(sample));
        self.writing.shrink_to(room);
    }

    /// How many samples there are so far.
    pub fn position(&self) -> usize {
        self.writing.len()
    }

    /// Whether there are more than may be remembered.
    pub fn are_too_many(&self) -> bool {
        self.writing.len() > MOST
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
    /// A group without a usable time is measured now: it gets the arrival time, at every tick. While it is weighed it has the
    /// time that the kubelet says, whatever that is.
    pub fn timestamp(&mut self, series: u64, group: usize, time: Time<'_>) -> Option<i64> {
        let said = time.unix_nanoseconds();
        let sampled = said.filter(|&time| {
            time >= EARLIEST && time <= self.arrived && time >= self.arrived.saturating_sub(MAX_AGE)
        });
        let Some(sampled) = sampled else {
            return Some(if self.weighing {
                said.unwrap_or(i64::MIN)
            } else {
                self.arrived
            });
        };
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(series);
        hasher.write_usize(group);
        // Only the very same time is the same sample: a clock that was set back must not silence its node.
        hasher.write_i64(sampled);
        let sample = hasher.finish() & !LISTED;
        let written = self
            .written
            .find_mut(place(sample), |other| other & !LISTED == sample);
        if self.weighing {
            if let Some(written) = written
                && *written & LISTED == 0
            {
                *written |= LISTED;
                self.listed += 1;
            }
            return Some(sampled);
        }
        let is_written = written.is_some();
        self.writing.push(sample);
        (!is_written).then_some(sampled)
    }
}

/// A sample's own number is its hash. The bit that may change goes to where it is the same for all, out of the way of those
/// that the table looks at first, which are the highest and the lowest.
fn place(sample: u64) -> u64 {
    (sample & !LISTED).rotate_left(40)
}
