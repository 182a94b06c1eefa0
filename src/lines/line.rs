//! One line after the other into one buffer.

use std::ops::Range;

use super::plan::Plan;
use super::schema::Source;
use super::value;

/// Where lines are made: the buffer of the batch, and what is counted on the way.
#[derive(Debug, Default)]
pub struct Line {
    text: Vec<u8>,
    /// ` 1764000000000000000\n`.
    tail: Vec<u8>,
    count: u64,
    out_of_range: u64,
}

impl Line {
    /// Begins a batch in `text`, whose lines carry the timestamp `arrived`.
    pub fn begin(&mut self, text: Vec<u8>, arrived: i64) {
        self.text = text;
        self.tail.clear();
        self.tail.push(b' ');
        value::push_i64(&mut self.tail, arrived);
        self.tail.push(b'\n');
        self.forget();
    }

    /// Throws away the lines made so far.
    pub fn forget(&mut self) {
        self.text.clear();
        self.count = 0;
        self.out_of_range = 0;
    }

    /// Gives the buffer back.
    pub fn end(&mut self) -> Vec<u8> {
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

    /// Writes a line of `plan` with the tags that `tags` appends, or nothing if `of` has none of the fields.
    #[inline]
    pub fn write<S: Source>(&mut self, plan: &Plan<S>, of: &S::Of<'_>, tags: impl FnOnce(&mut Vec<u8>)) {
        let start = self.text.len();
        self.text.extend_from_slice(&plan.name);
        tags(&mut self.text);
        let fields = self.text.len();
        for field in plan.groups.iter().flat_map(|group| &group.fields) {
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
        if self.text.len() == fields {
            self.text.truncate(start);
            return;
        }
        // Every key brings its comma; the first one's is the space between tags and fields.
        self.text[fields] = b' ';
        self.text.extend_from_slice(&self.tail);
        self.count += 1;
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
