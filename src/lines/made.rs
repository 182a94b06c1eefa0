//! What came of an entry, and moments to go back to.

use std::cmp::Ordering;

use crate::batch::place;

/// What is counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Lines made.
    pub lines: u64,
    /// Pods, let through or not.
    pub pods: u64,
    /// Containers of pods, let through or not.
    pub containers: u64,
    /// Series that have lines, or had them at an earlier tick.
    pub series: u64,
    /// Values left out because no field can hold them.
    pub out_of_range: u64,
    /// Lines left out because of their tags.
    pub lines_left_out: u64,
    /// How many bytes of them were written before that was seen.
    pub bytes_left_out: usize,
    /// Labels left out because another tag has their key.
    pub labels_left_out: u64,
    /// Entries put aside because another one has their series.
    pub duplicates: u64,
}

/// A moment to go back to: all that is made after it is taken back as if it had never been.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    pub(super) text: usize,
    pub(super) runs: usize,
    pub(super) samples: usize,
    pub(super) owner_at: u32,
    pub(super) counts: Counts,
    pub(super) too_much: bool,
}

/// A series, by its tags.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// Where its tags stand, if a line of it was written.
    tags_at: u32,
    tags_length: u16,
    /// Behind how many bytes of them stands what it is put in order by.
    orders_from: u16,
    /// A number for it, never 0; or 0 where its tags are there to be compared.
    pub series: u64,
}

impl Made {
    /// A series with so many bytes of tags at `at`.
    pub fn new(at: usize, tags: usize, orders_from: usize) -> Self {
        Self {
            tags_at: place(at),
            tags_length: short(tags),
            orders_from: short(orders_from),
            series: 0,
        }
    }

    /// The same series by this number, if it is one. `written` says whether a line of it was.
    pub fn numbered(self, series: u64, written: bool) -> Self {
        if written {
            Self { series, ..self }
        } else {
            Self {
                series,
                ..Self::new(0, 0, 0)
            }
        }
    }

    /// Whether it has a line.
    pub fn is_written(&self) -> bool {
        self.tags_at > 0
    }

    /// Whether it was made before then.
    pub fn is_before(&self, mark: Mark) -> bool {
        self.tags_at < place(mark.text)
    }

    /// The series of what this belongs to, whose tags stand first among this one's, and which has that number, if one.
    pub fn of(self, owner: &[u8], orders_from: usize, series: u64) -> Self {
        let written = self.is_written();
        Self::new(self.tags_at as usize, owner.len(), orders_from).numbered(series, written)
    }

    /// Its tags.
    pub fn tags<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let start = self.tags_at as usize;
        &text[start..start + usize::from(self.tags_length)]
    }

    /// The same series, if both are of one measurement.
    pub fn is_same(&self, other: &Self, text: &[u8]) -> bool {
        self.series == other.series && (self.series != 0 || self.tags(text) == other.tags(text))
    }

    /// Which one comes first.
    pub fn order(&self, other: &Self, text: &[u8]) -> Ordering {
        let split = |made: &Self| {
            let (before, from) = made.tags(text).split_at(usize::from(made.orders_from));
            (from, before)
        };
        split(self).cmp(&split(other))
    }
}

/// An offset within a line, which has fewer than 64 KiB.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
