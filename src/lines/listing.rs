//! One list of entries: which of them would make one series, which of those stays, and the order of what they write.
//!
//! Entries are written as they are read, and nearly always that is all. When two of one list turn out to be one series,
//! what the list wrote is taken back, and the list is read once more to choose, entry by entry, and once more to write
//! those that were chosen: the body is there, and all that is held for an entry are a few numbers.

use std::cmp::Ordering;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

use hashbrown::HashTable;
use hashbrown::hash_table;

use super::made::{Made, Mark};
use super::rank::Rank;
use crate::batch::{Run, USUAL, join};

/// Up to so many entries are compared one by one.
const FEW: usize = 16;

/// How an entry is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Written.
    Yes,
    /// Not this time: the list is known to be read again.
    No,
    /// Put aside: another one has its series.
    Aside,
}

/// Which way through the list this is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Pass {
    /// Everything is written, nothing kept: what the list belongs to is weighed, and then taken back.
    Weighed,
    /// Everything is written.
    #[default]
    First,
    /// Two of it are one series: nothing more is written.
    Doubled,
    /// Everything is weighed.
    Choosing,
    /// What was chosen is written.
    Last,
}

/// What an entry wrote.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its series.
    pub made: Made,
    /// Its runs: the first, and how many.
    pub runs: (u32, u32),
}

/// Of the entries that are one series, the best so far.
#[derive(Debug, Clone, Copy)]
struct Best {
    /// The number of its series, whose tags stand nowhere any more.
    series: u64,
    rank: Rank,
    number: u32,
}

/// A list.
#[derive(Debug, Default)]
pub struct Listing {
    pass: Pass,
    /// The next beginning is this list's again.
    again: bool,
    /// Where it began.
    start: Mark,
    entries: Vec<Entry>,
    /// The place of each series in `entries`, once there are many, or in `best`: five bytes for each.
    places: HashTable<u32>,
    best: Vec<Best>,
    /// A bit for each entry that is put aside, by its number.
    aside: Vec<u64>,
    /// The number of the entry at hand.
    number: u32,
    hasher: RandomState,
}

impl Listing {
    /// The list begins at `start`; `weighed` says that what it belongs to is.
    pub fn begin(&mut self, start: Mark, weighed: bool) {
        self.number = 0;
        self.entries.clear();
        self.places.clear();
        if std::mem::take(&mut self.again) {
            return;
        }
        self.start = start;
        self.aside.clear();
        self.pass = if weighed { Pass::Weighed } else { Pass::First };
    }

    /// Where it began.
    pub fn start(&self) -> Mark {
        self.start
    }

    /// An entry begins.
    pub fn next(&mut self) -> Wanted {
        let number = self.number as usize;
        self.number += 1;
        match self.pass {
            Pass::Doubled => Wanted::No,
            Pass::Last if self.is_aside(number) => Wanted::Aside,
            _ => Wanted::Yes,
        }
    }

    /// Whether entries are weighed, and not kept.
    pub fn is_choosing(&self) -> bool {
        self.pass == Pass::Choosing
    }

    /// Whether what belongs to its entries is only weighed.
    pub fn is_weighing(&self) -> bool {
        matches!(self.pass, Pass::Choosing | Pass::Weighed)
    }

    fn is_aside(&self, number: usize) -> bool {
        self.aside
            .get(number / 64)
            .is_some_and(|bits| bits >> (number % 64) & 1 == 1)
    }

    fn put_aside(&mut self, number: u32) {
        let number = number as usize;
        if self.aside.len() <= number / 64 {
            self.aside.resize(number / 64 + 1, 0);
        }
        self.aside[number / 64] |= 1 << (number % 64);
    }

    /// Keeps what the entry at hand wrote. False if another one has its series: then everything that this list wrote is to
    /// be taken back.
    pub fn keep(&mut self, entry: Entry, text: &[u8]) -> bool {
        if self.pass == Pass::Weighed {
            return true;
        }
        if self.is_known(&entry, text) {
            self.pass = Pass::Doubled;
            self.entries.clear();
            self.entries.shrink_to(USUAL);
            self.places.clear();
            return false;
        }
        self.entries.push(entry);
        true
    }

    fn is_known(&mut self, entry: &Entry, text: &[u8]) -> bool {
        if self.entries.len() < FEW {
            return self
                .entries
                .iter()
                .any(|other| other.made.is_same(&entry.made, text));
        }
        let Self {
            entries,
            places,
            hasher,
            ..
        } = self;
        let made = |place: u32| &entries[place as usize].made;
        let hash = |place: &u32| series(hasher, made(*place), text);
        let next = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        if places.is_empty() {
            for place in 0..next {
                places.insert_unique(hash(&place), place, hash);
            }
        }
        let is_same = |place: &u32| made(*place).is_same(&entry.made, text);
        match places.entry(series(hasher, &entry.made, text), is_same, hash) {
            hash_table::Entry::Occupied(_) => true,
            hash_table::Entry::Vacant(place) => {
                place.insert(next);
                false
            }
        }
    }

    /// Weighs the entry at hand; what it wrote is then to be taken back. How many series were weighed so far.
    pub fn weigh(&mut self, made: &Made, rank: Rank, text: &[u8]) -> usize {
        let this = Best {
            series: series(&self.hasher, made, text),
            rank,
            number: self.number - 1,
        };
        let number = |place: &u32| self.best[*place as usize].series;
        let is_same = |place: &u32| number(place) == this.series;
        let place = match self.places.entry(this.series, is_same, number) {
            hash_table::Entry::Occupied(place) => *place.get() as usize,
            hash_table::Entry::Vacant(place) => {
                place.insert(u32::try_from(self.best.len()).unwrap_or(u32::MAX));
                self.best.push(this);
                return self.best.len();
            }
        };
        let best = &mut self.best[place];
        let loser = if this.rank > best.rank {
            std::mem::replace(best, this).number
        } else {
            this.number
        };
        self.put_aside(loser);
        self.best.len()
    }

    /// The list ends. True if it is to be read again; then everything that it wrote is to be taken back.
    pub fn end(&mut self) -> bool {
        self.pass = match self.pass {
            Pass::Doubled => Pass::Choosing,
            Pass::Choosing => {
                // Another list may need as much.
                self.best.clear();
                self.best.shrink_to(USUAL);
                self.places.clear();
                self.places.shrink_to(USUAL, |_| 0);
                Pass::Last
            }
            Pass::Weighed | Pass::First | Pass::Last => return false,
        };
        self.again = true;
        true
    }

    /// Puts the runs of a list that ended in the order of its entries.
    pub fn put_in_order(&mut self, text: &[u8], runs: &mut Vec<Run>, aside: &mut Vec<Run>) {
        if self.entries.is_sorted_by(|a, b| a.order(b, text).is_le()) {
            return;
        }
        self.entries.sort_unstable_by(|a, b| a.order(b, text));
        let start = self.start.runs;
        aside.clear();
        for entry in &self.entries {
            for run in &runs[entry.runs()] {
                join(aside, *run);
            }
        }
        runs.truncate(start);
        runs.append(aside);
    }

    /// Gives back what only a list without end needs. By shrinking, as with a batch's text.
    pub fn rest(&mut self) {
        self.entries.clear();
        self.entries.shrink_to(USUAL);
        self.best.clear();
        self.best.shrink_to(USUAL);
        self.places.clear();
        self.places.shrink_to(USUAL, |_| 0);
        self.aside.clear();
        self.aside.shrink_to(USUAL);
        self.again = false;
        self.pass = Pass::First;
    }
}

impl Entry {
    fn runs(&self) -> Range<usize> {
        let (first, count) = self.runs;
        first as usize..(first + count) as usize
    }

    /// Entries that write nothing this time stand anywhere.
    fn order(&self, other: &Self, text: &[u8]) -> Ordering {
        self.made.order(&other.made, text)
    }
}

/// A number for a series, whose tags are in `text` or which has one already.
fn series(hasher: &RandomState, made: &Made, text: &[u8]) -> u64 {
    match made.series {
        0 => hasher.hash_one(made.tags(text)),
        series => series,
    }
}
