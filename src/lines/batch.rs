//! What one tick of one kubelet writes: text, and the order of its parts.
//!
//! The kubelet lists pods in random order and lines are made as they come; putting *ranges* in order afterwards costs
//! nothing beside moving the lines themselves.

use std::ops::Range;

/// Whole lines, and the order in which they are to be written.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) text: Vec<u8>,
    pub(super) order: Vec<Range<usize>>,
}

impl Batch {
    /// The lines in order, as runs of whole lines.
    pub fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.order.iter().map(|run| &self.text[run.clone()])
    }

    /// How many bytes all lines have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Makes room for the next tick. A buffer much larger than what was in it is given back, so that one huge
    /// answer does not make the process huge for ever.
    pub fn clear(&mut self) {
        let used = self.text.len();
        self.text.clear();
        self.order.clear();
        if self.text.capacity() / 4 > used {
            self.text.shrink_to(used * 2);
        }
    }
}
