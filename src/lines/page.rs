//! Lists of entries into lines: each series once, in an order that does not depend on the kubelet's.

use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

use super::line::Line;
use super::listing::{Entry, Listing, Wanted};
use super::made::{Made, Mark};
use super::measurement::Source;
use super::plan::Plan;
use super::rank::Rank;
use super::tags::Tags;
use crate::batch::{Run, USUAL, join, place};
use crate::json::Time;
use crate::summary::{ListOf, Then};

/// Lines, and the lists that are being written.
#[derive(Debug)]
pub struct Page {
    pub(super) line: Line,
    /// One of each kind: a list is never within one of its kind.
    lists: [Listing; 6],
    /// Scratch: runs that are put in order.
    scratch: Vec<Run>,
    /// What was put aside first.
    aside: Option<String>,
    hasher: RandomState,
}

impl Page {
    /// Lists of such lines.
    pub fn new(line: Line) -> Self {
        Self {
            line,
            lists: Default::default(),
            scratch: Vec::new(),
            aside: None,
            hasher: RandomState::new(),
        }
    }

    /// The first entry that was put aside, for people.
    pub fn aside(&self) -> Option<&str> {
        self.aside.as_deref()
    }

    /// Takes everything back that was made since then.
    pub fn back_to(&mut self, mark: Mark) {
        self.line.back_to(mark);
        if self.line.counts().duplicates == 0 {
            self.aside = None;
        }
    }

    fn list(&mut self, list: ListOf) -> &mut Listing {
        &mut self.lists[list as usize]
    }

    /// A list begins, in an entry of another one if it is `within` that.
    pub fn list_begins(&mut self, list: ListOf, within: Option<ListOf>) {
        let weighed = within.is_some_and(|list| self.list(list).is_weighing());
        let start = self.line.mark();
        let listing = self.list(list);
        listing.begin(start, weighed);
        let weighing = listing.is_weighing();
        self.line.weigh(weighing);
    }

    /// It ends, and its runs stand in order.
    pub fn list_ends(&mut self, list: ListOf) -> Then {
        if self.list(list).end() {
            let start = self.list(list).start();
            self.back_to(start);
            return Then::Again;
        }
        let (text, runs) = self.line.parts();
        self.lists[list as usize].put_in_order(text, runs, &mut self.scratch);
        Then::GoOn
    }

    /// Whether the entries of a list are only weighed.
    pub fn is_choosing(&mut self, list: ListOf) -> bool {
        self.list(list).is_choosing()
    }

    /// How many runs there are.
    pub fn runs(&self) -> usize {
        self.line.mark().runs
    }

    /// A number for the series of these tags.
    pub fn number(&self, tags: &[u8]) -> u64 {
        self.hasher.hash_one(tags).max(1)
    }

    /// Where the list at hand began.
    pub fn start_of(&mut self, list: ListOf) -> Mark {
        self.list(list).start()
    }

    /// An entry of a list begins, called `name` if it is put aside. Whether it is to be written.
    #[inline]
    pub fn entry_begins(&mut self, list: ListOf, name: impl FnOnce() -> String) -> bool {
        match self.list(list).next() {
            Wanted::Yes => true,
            Wanted::No => false,
            Wanted::Aside => {
                self.line.counts().duplicates += 1;
                self.aside.get_or_insert_with(name);
                false
            }
        }
    }

    /// An entry ends that began at `start`, is wanted, and has a series if any of its fields is there.
    #[inline]
    pub fn entry_ends(&mut self, list: ListOf, start: Mark, made: Option<Made>, rank: impl FnOnce() -> Rank) {
        let Some(made) = made else { return };
        let listing = &mut self.lists[list as usize];
        let text = self.line.text();
        if listing.is_choosing() {
            let rank = rank().with_lines(&text[start.text..]);
            let weighed = listing.weigh(&made, rank, text);
            self.back_to(start);
            self.line.weighs(weighed);
            return;
        }
        let runs = (place(start.runs), place(self.line.mark().runs - start.runs));
        if !listing.keep(Entry { made, runs }, text) {
            let start = listing.start();
            self.back_to(start);
        }
    }

    /// Writes an entry that is a line, or with timestamps of the samples several of one series.
    #[inline]
    pub fn entry<S: Source>(
        &mut self,
        list: ListOf,
        (plan, of): (&Plan<S>, &S::Of<'_>),
        (owner, time): (&Tags, Time<'_>),
        rank: impl FnOnce() -> Rank,
        name: impl FnOnce() -> String,
    ) -> Option<Made> {
        if !self.entry_begins(list, name) {
            return None;
        }
        let start = self.line.mark();
        let made = self.write(plan, of, owner, time);
        self.entry_ends(list, start, made, rank);
        made
    }

    /// Writes a run of lines.
    #[inline]
    pub fn write<S: Source>(
        &mut self,
        plan: &Plan<S>,
        of: &S::Of<'_>,
        owner: &Tags,
        time: Time<'_>,
    ) -> Option<Made> {
        let start = self.line.text().len();
        let made = self.line.write(plan, of, owner, time);
        self.line.push_run(start);
        made
    }

    /// Puts runs from `first` on in the order of these parts, which are all of them.
    pub fn put_in_order(&mut self, first: usize, parts: &[Range<usize>]) {
        let (_, runs) = self.line.parts();
        self.scratch.clear();
        for part in parts {
            for run in &runs[part.clone()] {
                join(&mut self.scratch, *run);
            }
        }
        runs.truncate(first);
        runs.append(&mut self.scratch);
    }

    /// Gives back what only a body without end needs.
    pub fn rest(&mut self) {
        self.lists.iter_mut().for_each(Listing::rest);
        self.scratch.shrink_to(USUAL);
    }
}
