//! One line after the other into one buffer.

use std::ops::Range;

use super::plan::{Plan, PlanGroup};
use super::samples::Samples;
use super::schema::Source;
use super::value;
use crate::config::Timestamp;
use crate::summary::Time;

/// Where lines are made: the buffer of the batch, and what is counted on the way.
#[derive(Debug)]
pub struct Line {
    text: Vec<u8>,
    /// ` 1764000000000000000\n`.
    tail: Vec<u8>,
    count: u64,
    out_of_range: u64,
    /// Only with timestamps of the samples.
    samples: Option<Samples>,
    /// Scratch: measurement and tags of the series at hand.
    head: Vec<u8>,
    /// Scratch: the timestamp of each group, none for one that is written.
    stamps: Vec<Option<i64>>,
}

impl Line {
    /// Lines with such timestamps.
    pub fn new(timestamp: Timestamp) -> Self {
        let samples = match timestamp {
            Timestamp::Gather => None,
            Timestamp::Sample => Some(Samples::default()),
        };
        Self {
            text: Vec::new(),
            tail: Vec::new(),
            count: 0,
            out_of_range: 0,
            samples,
            head: Vec::new(),
            stamps: Vec::new(),
        }
    }

    /// Begins a batch in `text`, whose answer came at `arrived`.
    pub fn begin(&mut self, text: Vec<u8>, arrived: i64) {
        self.text = text;
        self.tail.clear();
        push_tail(&mut self.tail, arrived);
        if let Some(samples) = &mut self.samples {
            samples.begin(arrived);
        }
        self.forget();
    }

    /// Throws away the lines made so far.
    pub fn forget(&mut self) {
        self.text.clear();
        self.count = 0;
        self.out_of_range = 0;
    }

    /// Gives the buffer back. `good` says whether its lines will be written.
    pub fn end(&mut self, good: bool) -> Vec<u8> {
        if let Some(samples) = &mut self.samples
            && good
        {
            samples.commit();
        }
        std::mem::take(&mut self.text)
    }

    /// Lines made.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Values left out because no field can hold them.
    pub fn out_of_range(&self) -> u64 {
        self.out_of_range
    }

    /// Where the next line will begin.
    pub fn position(&self) -> usize {
        self.text.len()
    }

    /// The lines of a run.
    pub fn part(&self, run: &Range<usize>) -> &[u8] {
        &self.text[run.clone()]
    }

    /// Writes the fields of `plan` that `of` has, with the tags that `tags` appends: one line, or with timestamps of
    /// the samples one for each moment. `owner_time` is when `of` was measured where it does not say itself.
    #[inline]
    pub fn write<S: Source>(
        &mut self,
        plan: &Plan<S>,
        of: &S::Of<'_>,
        owner_time: Time<'_>,
        tags: impl FnOnce(&mut Vec<u8>),
    ) {
        if plan.groups.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(&plan.name);
        tags(&mut self.text);
        let head = start..self.text.len();
        if self.samples.is_none() {
            let tail = std::mem::take(&mut self.tail);
            self.write_fields(&head, plan.groups.iter(), of, |text| {
                text.extend_from_slice(&tail);
            });
            self.tail = tail;
        } else {
            self.write_samples(&head, plan, of, owner_time);
        }
    }

    /// Writes the fields of some groups behind a head that stands at the end of the text, and takes the head away
    /// again if there are none.
    #[inline]
    fn write_fields<'p, S: Source>(
        &mut self,
        head: &Range<usize>,
        groups: impl Iterator<Item = &'p PlanGroup<S>>,
        of: &S::Of<'_>,
        push_tail: impl FnOnce(&mut Vec<u8>),
    ) {
        for field in groups.flat_map(|group| &group.fields) {
            let token = (field.get)(of);
            if token.is_empty() {
                continue;
            }
            let before = self.text.len();
            self.text.extend_from_slice(&field.key);
            if !value::push(&mut self.text, field.kind, token) {
                self.text.truncate(before);
                self.out_of_range += 1;
            }
        }
        if self.text.len() == head.end {
            self.text.truncate(head.start);
            return;
        }
        // Every key brings its comma; the first one's is the space between tags and fields.
        self.text[head.end] = b' ';
        push_tail(&mut self.text);
        self.count += 1;
    }

    /// One line for each moment at which a group was measured, in the order of the groups.
    fn write_samples<S: Source>(
        &mut self,
        head: &Range<usize>,
        plan: &Plan<S>,
        of: &S::Of<'_>,
        owner_time: Time<'_>,
    ) {
        // Put aside: each moment gets its own copy.
        let mut aside = std::mem::take(&mut self.head);
        aside.clear();
        aside.extend_from_slice(&self.text[head.clone()]);
        self.text.truncate(head.start);
        let Some(samples) = &mut self.samples else { return };
        let series = samples.series(&aside);
        let mut stamps = std::mem::take(&mut self.stamps);
        stamps.clear();
        stamps.extend(plan.groups.iter().enumerate().map(|(at, group)| {
            let time = (group.time)(of);
            let time = if time.token().is_empty() { owner_time } else { time };
            samples.timestamp(series, at, time)
        }));
        for at in 0..plan.groups.len() {
            let Some(stamp) = stamps[at] else { continue };
            let start = self.text.len();
            self.text.extend_from_slice(&aside);
            let groups = plan
                .groups
                .iter()
                .zip(&stamps)
                .filter(|(_, other)| **other == Some(stamp));
            let range = start..self.text.len();
            self.write_fields(&range, groups.map(|(group, _)| group), of, |text| {
                push_tail(text, stamp);
            });
            stamps
                .iter_mut()
                .filter(|other| **other == Some(stamp))
                .for_each(|other| *other = None);
        }
        self.head = aside;
        self.stamps = stamps;
    }

    /// Writes the lines of each of `items`, in the order of their names, and of their text where names are the same:
    /// the kubelet lists them in random order.
    pub fn write_in_order<T>(
        &mut self,
        order: &mut Vec<usize>,
        items: &[T],
        name: impl Fn(&T) -> &str,
        mut write: impl FnMut(&mut Self, &T),
    ) {
        if items.is_sorted_by(|a, b| name(a) < name(b)) {
            return items.iter().for_each(|item| write(self, item));
        }
        order.clear();
        order.extend(0..items.len());
        order.sort_unstable_by(|&a, &b| name(&items[a]).cmp(name(&items[b])));
        for same_name in order.chunk_by(|&a, &b| name(&items[a]) == name(&items[b])) {
            if let [only] = same_name {
                write(self, &items[*only]);
            } else {
                self.write_by_text(same_name.iter().map(|&at| &items[at]), &mut write);
            }
        }
    }

    /// Names within a pod are unique, but for a hostile body and user metrics that differ in their labels.
    #[cold]
    fn write_by_text<'t, T: 't>(
        &mut self,
        items: impl Iterator<Item = &'t T>,
        write: &mut impl FnMut(&mut Self, &T),
    ) {
        let start = self.text.len();
        let mut parts: Vec<Vec<u8>> = items
            .map(|item| {
                write(self, item);
                self.text.split_off(start)
            })
            .collect();
        parts.sort_unstable();
        for part in parts {
            self.text.extend_from_slice(&part);
        }
    }
}

/// Appends a timestamp and the end of the line.
fn push_tail(text: &mut Vec<u8>, timestamp: i64) {
    text.push(b' ');
    value::push_i64(text, timestamp);
    text.push(b'\n');
}
