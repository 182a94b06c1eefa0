//! What a body's parts belong to while they come: the node or a pod, and a container of it.

use std::ops::Range;

use super::made::{Made, Mark};
use super::rank::Inside;
use crate::json::Text;

/// The node or the pod at hand.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is asked by itself, and most of them can be true together"
)]
pub(super) struct Owner {
    /// It began, and did not end.
    pub(super) begun: bool,
    pub(super) is_pod: bool,
    /// It is not put aside.
    pub(super) chosen: bool,
    /// It is neither put aside nor filtered out.
    pub(super) wanted: bool,
    pub(super) start: Mark,
    /// Where each of its lists began, and its runs.
    pub(super) lists: [Option<(Mark, Range<usize>)>; 3],
    /// It has a series.
    pub(super) any: bool,
    pub(super) inside: Inside,
}

/// The container at hand.
#[derive(Debug, Default)]
pub(super) struct ContainerAtHand<'a> {
    pub(super) name: Text<'a>,
    pub(super) wanted: bool,
    /// What it has lists of is wanted.
    pub(super) lists_wanted: bool,
    /// It belongs to a pod without a name: what it has lists of would be the node's.
    pub(super) nameless: bool,
    pub(super) start: Mark,
    /// Its own series, and one of those that it has lists of.
    pub(super) made: Option<Made>,
    pub(super) within: Option<Made>,
}

impl ContainerAtHand<'_> {
    /// One of its lists has this series. One that has a line tells where the container's tags stand.
    pub(super) fn has(&mut self, made: Option<Made>) {
        if self.within.is_none_or(|within| !within.is_written()) || made.is_some_and(|made| made.is_written())
        {
            self.within = made.or(self.within);
        }
    }

    /// What one of its lists wrote since then stands nowhere any more.
    pub(super) fn goes_back_to(&mut self, mark: Mark) {
        self.within = self.within.filter(|within| within.is_before(mark));
    }
}
