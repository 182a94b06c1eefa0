//! What one tick of one kubelet writes: text, and the order of its parts.
//!
//! The kubelet lists pods in random order and lines are made as they come; putting *ranges* in order afterwards costs
//! nothing beside moving the lines themselves.

use std::ops::Range;

/// Room for the lines of a node with more pods than any has. Memory that was never written to costs nothing, while a
/// buffer that grows is copied, and leaves holes of its earlier sizes behind that stay with the process for ever.
const ROOM: usize = 16 * 1024 * 1024;

/// Whole lines, and the order in which they are to be written.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) text: Vec<u8>,
    pub(crate) order: Vec<Range<usize>>,
    /// The most that was written into this text.
    peak: usize,
}

impl Batch {
    /// The lines in order, as runs of whole lines.
    pub fn runs(&self) -> impl Iterator<Item = &[u8]> + Clone {
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

    /// Sees to it that so many bytes fit, which are then not asked of the system in the midst of a line. False if they are
    /// not to be had.
    #[must_use]
    pub fn has_room(&mut self, bytes: usize) -> bool {
        self.text.try_reserve(bytes).is_ok()
    }

    /// Makes room for the next tick.
    pub fn clear(&mut self) {
        self.order.clear();
        clear(&mut self.text, &mut self.peak, ROOM);
    }
}

/// Empties a buffer for the next tick. Memory far beyond what it held now is given back to the system, so that one
/// huge answer does not make the process huge for ever.
pub fn clear(buffer: &mut Vec<u8>, peak: &mut usize, room: usize) {
    let used = buffer.len();
    *peak = used.max(*peak);
    if buffer.capacity() == 0 || *peak / 4 > used.max(256 * 1024) {
        // The old one goes first.
        *buffer = Vec::new();
        *buffer = with_room(room);
        *peak = 0;
    }
    buffer.clear();
}

/// A buffer with such a room; where address space is limited (`ulimit -v`), with a sixteenth of it and so on, for there are
/// others who need some.
fn with_room(mut room: usize) -> Vec<u8> {
    let mut buffer = Vec::new();
    while buffer.try_reserve_exact(room).is_err() && room > 0 {
        room /= 16;
    }
    buffer
}
