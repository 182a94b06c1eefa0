//! One line after the other into one buffer, which can be taken back to where it was before.

use std::ops::Range;

use super::labels;
use super::made::{Counts, Made, Mark};
use super::measurement::Source;
use super::metadata::Ready;
use super::plan::{Plan, PlanGroup, PlanTag};
use super::samples::Samples;
use super::settings::Timestamp;
use super::tags::{LONGEST, Tags, push_value};
use super::value;
use crate::batch::{Run, place};
use crate::json::Time;

/// How much may be made of one body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Bytes of lines.
    pub bytes: usize,
    /// Series.
    pub series: u64,
}

/// Where lines are made: the buffer of the batch, and what is counted on the way.
#[derive(Debug)]
pub struct Line {
    text: Vec<u8>,
    /// The lines that belong together, in the order in which they will be written.
    runs: Vec<Run>,
    /// ` 1764000000000000000\n`.
    tail: Vec<u8>,
    counts: Counts,
    /// Where the tags of the owner at hand stand in its first line; 0 before there is one: a line begins with its name.
    owner_at: u32,
    limits: Limits,
    too_much: bool,
    /// Lines are only weighed.
    weighing: bool,
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
            runs: Vec::new(),
            tail: Vec::new(),
            counts: Counts::default(),
            owner_at: 0,
            limits: Limits::default(),
            too_much: false,
            weighing: false,
            samples,
            head: Vec::new(),
            stamps: Vec::new(),
        }
    }

    /// Begins a batch in `text` and `runs`, whose answer came at `arrived`.
    pub fn begin(&mut self, text: Vec<u8>, runs: Vec<Run>, arrived: i64) {
        self.text = text;
        self.runs = runs;
        self.tail.clear();
        push_tail(&mut self.tail, arrived);
        self.weighing = false;
        if let Some(samples) = &mut self.samples {
            samples.begin(arrived);
        }
        self.back_to(Mark::default());
    }

    /// No more than this may be made.
    pub fn limit(&mut self, limits: Limits) {
        self.limits = Limits {
            bytes: limits.bytes.min(u32::MAX as usize - LONGEST),
            ..limits
        };
    }

    /// Gives the buffers back. `good` says whether the lines will be written.
    pub fn end(&mut self, good: bool) -> (Vec<u8>, Vec<Run>) {
        if let Some(samples) = &mut self.samples
            && good
        {
            samples.commit();
        }
        self.head.shrink_to(LONGEST);
        (std::mem::take(&mut self.text), std::mem::take(&mut self.runs))
    }

    /// What the node at hand had, only with timestamps of the samples.
    pub fn samples(&mut self) -> Option<&mut Samples> {
        self.samples.as_mut()
    }

    /// From now on lines are only weighed, or not: then they have no time but what the kubelet says, for what makes two of
    /// them differ has to do so at each tick.
    pub fn weigh(&mut self, weighing: bool) {
        self.weighing = weighing;
        if let Some(samples) = &mut self.samples {
            samples.weigh(weighing);
        }
    }

    /// So many series are weighed beside those that were made. Each is kept in mind, so that there may not be more than of
    /// the others.
    pub fn weighs(&mut self, series: usize) {
        self.too_much |= self.counts.series.saturating_add(series as u64) > self.limits.series;
    }

    /// What was counted.
    pub fn counts(&mut self) -> &mut Counts {
        &mut self.counts
    }

    /// Whether there was more than may be: then not all of it is there, and series are only counted.
    pub fn is_too_much(&self) -> bool {
        self.too_much
    }

    /// Whether that was samples.
    pub fn has_too_many_samples(&self) -> bool {
        self.samples.as_ref().is_some_and(Samples::are_too_many)
    }

    /// All lines so far.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// All lines so far, and the order in which they are written.
    pub fn parts(&mut self) -> (&[u8], &mut Vec<Run>) {
        (&self.text, &mut self.runs)
    }

    /// This moment.
    pub fn mark(&self) -> Mark {
        Mark {
            text: self.text.len(),
            runs: self.runs.len(),
            samples: self.samples.as_ref().map_or(0, Samples::position),
            owner_at: self.owner_at,
            counts: self.counts,
            too_much: self.too_much,
        }
    }

    /// Takes everything back that was made since then.
    pub fn back_to(&mut self, mark: Mark) {
        self.text.truncate(mark.text);
        self.runs.truncate(mark.runs);
        if let Some(samples) = &mut self.samples {
            samples.back_to(mark.samples);
        }
        self.owner_at = mark.owner_at;
        self.counts = mark.counts;
        self.too_much = mark.too_much;
    }

    /// Another owner is at hand.
    pub fn owner_begins(&mut self) {
        self.owner_at = 0;
    }

    /// Where the tags of the owner at hand stand; 0 if it has no line.
    pub fn owner_at(&self) -> u32 {
        self.owner_at
    }

    /// The number that the series of these tags has, where series have one.
    pub fn number<S: Source>(&mut self, plan: &Plan<S>, tags: &Tags) -> u64 {
        let Some(samples) = &self.samples else { return 0 };
        self.head.clear();
        self.head.extend_from_slice(&plan.name);
        self.head.extend_from_slice(tags.text().unwrap_or_default());
        samples.series(&self.head)
    }

    /// The lines made since `start` belong together, behind those of the runs before.
    pub fn push_run(&mut self, start: usize) {
        if start < self.text.len() {
            self.runs.push(Run {
                start: place(start),
                end: place(self.text.len()),
            });
        }
    }

    /// Writes the fields of `plan` that `of` has, with its tags and those of its `owner`: one line, or with timestamps of
    /// the samples one for each moment. `owner_time` is when `of` was measured where it does not say itself.
    ///
    /// `None` if it has no field.
    #[inline]
    pub fn write<S: Source>(
        &mut self,
        plan: &Plan<S>,
        of: &S::Of<'_>,
        owner: &Tags,
        owner_time: Time<'_>,
    ) -> Option<Made> {
        if !plan.has_any(of) {
            return None;
        }
        if self.too_much {
            self.counts.series += 1;
            return None;
        }
        let start = self.text.len();
        let Some(head) = self.push_head(plan, of, owner) else {
            self.leave_out(start);
            return None;
        };
        let mut made = head.made;
        let range = start..self.text.len();
        let any = if self.samples.is_none() {
            let tail = std::mem::take(&mut self.tail);
            let end = if self.weighing { b"\n" } else { &tail[..] };
            let any = self.write_fields(&range, plan.groups.iter(), of, |text| {
                text.extend_from_slice(end);
            });
            self.tail = tail;
            any
        } else {
            self.write_samples(&range, plan, of, owner_time, &mut made)
        };
        if !any {
            return None;
        }
        self.counts.series += 1;
        self.counts.labels_left_out += head.labels_left_out;
        if self.is_beyond_limits() {
            self.too_much = true;
            self.text.truncate(start);
            return None;
        }
        if self.owner_at == 0 && self.text.len() > start {
            self.owner_at = head.owner_at;
        }
        Some(made)
    }

    /// Takes back the line that begins at `start`, for it is too long. It has cost as much as one that stays.
    #[cold]
    fn leave_out(&mut self, start: usize) {
        self.counts.lines_left_out += 1;
        self.counts.bytes_left_out += self.text.len() - start;
        self.text.truncate(start);
        self.too_much |= self.is_beyond_limits();
    }

    fn is_beyond_limits(&self) -> bool {
        self.counts.series > self.limits.series
            || self.has_too_many_samples()
            || self.text.len().saturating_add(self.counts.bytes_left_out) > self.limits.bytes
    }

    /// Appends measurement and tags; `None` if they are too long for a line.
    #[inline]
    fn push_head<S: Source>(&mut self, plan: &Plan<S>, of: &S::Of<'_>, owner: &Tags) -> Option<Head> {
        let (owner, outer, known) = (owner.text()?, owner.outer(), owner.known());
        let text = &mut self.text;
        text.extend_from_slice(&plan.name);
        let tags_at = text.len();
        let (mut owner_at, mut orders_from, mut labels_left_out) = (tags_at, tags_at, 0);
        let mut own_until = None;
        for tag in &plan.tags {
            match tag {
                PlanTag::Owner => {
                    owner_at = text.len() + outer;
                    text.extend_from_slice(owner);
                }
                PlanTag::Own { key, orders, get } => {
                    if *orders {
                        orders_from = text.len();
                    }
                    let value = get(of);
                    if !value.is_empty() {
                        text.extend_from_slice(key);
                        if *orders {
                            orders_from = text.len();
                        }
                        if !push_value(text, value) {
                            return None;
                        }
                    }
                }
                PlanTag::Free { taken, get } => {
                    labels_left_out = labels::push(text, get(of), taken, known)?;
                }
                PlanTag::Known(get) => {
                    own_until.get_or_insert(text.len());
                    text.extend_from_slice(get(of));
                }
            }
        }
        if text.len() - tags_at > LONGEST {
            return None;
        }
        Some(Head {
            made: Made::new(
                tags_at,
                own_until.unwrap_or(text.len()) - tags_at,
                orders_from - tags_at,
            ),
            owner_at: place(owner_at),
            labels_left_out,
        })
    }

    /// Writes the fields of some groups behind a head that stands at the end of the text; takes the head away again, and
    /// answers false, if there are none.
    #[inline]
    fn write_fields<'p, S: Source>(
        &mut self,
        head: &Range<usize>,
        groups: impl Iterator<Item = &'p PlanGroup<S>>,
        of: &S::Of<'_>,
        push_tail: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        for group in groups {
            if let Some(ready) = group.ready {
                let Ready { text, out_of_range } = ready(of);
                self.text.extend_from_slice(text);
                self.counts.out_of_range += u64::from(out_of_range);
            }
            for field in &group.fields {
                let token = (field.get)(of);
                if token.is_empty() {
                    continue;
                }
                let before = self.text.len();
                self.text.extend_from_slice(&field.key);
                if !value::push(&mut self.text, field.kind, token) {
                    self.text.truncate(before);
                    self.counts.out_of_range += 1;
                }
            }
            for field in &group.computed {
                if let Some(value) = (field.get)(of) {
                    self.text.extend_from_slice(&field.key);
                    value::push_f64(&mut self.text, value);
                }
            }
        }
        if self.text.len() == head.end {
            self.text.truncate(head.start);
            return false;
        }
        // Every key brings its comma; the first one's is the space between tags and fields.
        self.text[head.end] = b' ';
        push_tail(&mut self.text);
        if self.text.len() - head.start > LONGEST {
            self.leave_out(head.start);
            return false;
        }
        self.counts.lines += 1;
        true
    }

    /// One line for each moment at which a group was measured, in the order of the groups. False if there are no fields;
    /// true also if all of them are written already.
    fn write_samples<S: Source>(
        &mut self,
        head: &Range<usize>,
        plan: &Plan<S>,
        of: &S::Of<'_>,
        owner_time: Time<'_>,
        made: &mut Made,
    ) -> bool {
        // Put aside: each moment gets its own copy.
        let mut aside = std::mem::take(&mut self.head);
        aside.clear();
        aside.extend_from_slice(&self.text[head.clone()]);
        self.text.truncate(head.start);
        let Some(samples) = &mut self.samples else {
            return false;
        };
        let series = samples.series(&aside);
        let mut any = false;
        let mut stamps = std::mem::take(&mut self.stamps);
        stamps.clear();
        stamps.extend(plan.groups.iter().enumerate().map(|(at, group)| {
            if !group.has_any(of) {
                return None;
            }
            let time = (group.time)(of);
            let time = if time.token().is_empty() { owner_time } else { time };
            let stamp = samples.timestamp(series, at, time);
            // What has no value has no series either, at no tick.
            any |= stamp.is_none() && group.has_value(of);
            stamp
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
            any |= self.write_fields(&range, groups.map(|(group, _)| group), of, |text| {
                push_tail(text, stamp);
            });
            stamps
                .iter_mut()
                .filter(|other| **other == Some(stamp))
                .for_each(|other| *other = None);
        }
        self.head = aside;
        self.stamps = stamps;
        *made = made.numbered(series, self.text.len() > head.start);
        any
    }
}

/// What stands before a line's fields.
struct Head {
    made: Made,
    owner_at: u32,
    labels_left_out: u64,
}

/// Appends a timestamp and the end of the line.
fn push_tail(text: &mut Vec<u8>, timestamp: i64) {
    text.push(b' ');
    value::push_number(text, timestamp);
    text.push(b'\n');
}
