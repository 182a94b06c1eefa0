//! What one tick of one kubelet writes: text, and the order of its parts.
//!
//! The kubelet lists pods in random order and lines are made as they come; putting *runs* in order afterwards costs
//! nothing beside moving the lines themselves.

use crate::permit::Permit;

/// Room for the lines of a node with more pods than any has. Memory that was never written to costs nothing, while a
/// buffer that grows is copied, and leaves holes of its earlier sizes behind that stay with the process for ever.
const ROOM: usize = 16 * 1024 * 1024;

/// Lines that stand behind one another, as offsets into the text; there may be a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Run {
    /// The lines.
    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }
}

/// An offset into all lines, of which there are fewer than 4 GiB.
pub(crate) fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Appends a run: to the last one, where it stands right behind that.
pub(crate) fn join(runs: &mut Vec<Run>, run: Run) {
    match runs.last_mut() {
        Some(last) if last.end == run.start => last.end = run.end,
        _ => runs.push(run),
    }
}

/// Whole lines, and the order in which they are to be written.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) text: Vec<u8>,
    pub(crate) order: Vec<Run>,
    /// Without it nothing of this leaves.
    pub(crate) permit: Permit,
    /// The most that was written into this text.
    peak: usize,
}

impl Batch {
    /// The lines in order, as runs of whole lines.
    pub fn runs(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.order.iter().map(|run| run.of(&self.text))
    }

    /// How many bytes all lines have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it may leave by now.
    #[must_use]
    pub fn may_leave(&self) -> bool {
        self.permit.holds()
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

    /// What stands in the text from `start` on is one more run.
    pub(crate) fn push(&mut self, start: usize) {
        let run = Run {
            start: place(start),
            end: place(self.text.len()),
        };
        join(&mut self.order, run);
    }

    /// Takes the lines out, and keeps all room.
    pub(crate) fn empty(&mut self) {
        self.permit = Permit::default();
        self.order.clear();
        self.text.clear();
    }

    /// Makes room for the next tick. Once for each: a second time looks like a tick without lines, after which what the last
    /// one needed is given back, and taken again page by page.
    pub fn clear(&mut self) {
        self.permit = Permit::default();
        self.order.clear();
        self.order.shrink_to(USUAL);
        clear(&mut self.text, &mut self.peak, ROOM);
    }

    /// Gives all its memory back to the system.
    pub fn give_back(self) {
        give_back(self.text);
    }
}

/// How many elements a list of the tick may keep room for: more than a large node has, and not what a hostile one had.
pub(crate) const USUAL: usize = 4096;

/// What a buffer is shrunk to before it is freed: `free` takes no block of this size for a large one.
const PAGE: usize = 4096;

/// What a buffer is shrunk to before it gets its room anew.
const LITTLE: usize = 256 * 1024;

/// Empties a buffer for the next tick. Memory far beyond what it held now is given back to the system, so that one
/// huge answer does not make the process huge for ever.
pub fn clear(buffer: &mut Vec<u8>, peak: &mut usize, room: usize) {
    let used = buffer.len();
    *peak = used.max(*peak);
    buffer.clear();
    if buffer.capacity() == 0 || *peak / 4 > used.max(LITTLE) {
        // Shrunk and grown, not freed and made: glibc's `free` takes a large block for a sign that more such are to come,
        // puts them onto its heap from then on, and that never goes back (mallopt(3), M_MMAP_THRESHOLD).
        buffer.shrink_to(LITTLE);
        reserve(buffer, room);
        *peak = 0;
    }
}

/// Gives all of a buffer's memory back to the system, for there will be none in its place. Shrunk first, by which most of it
/// goes, so that it is no large block that is freed.
pub fn give_back(mut buffer: Vec<u8>) {
    shrink(&mut buffer);
}

fn shrink<T>(buffer: &mut Vec<T>) {
    buffer.clear();
    buffer.shrink_to(PAGE / size_of::<T>().max(1));
}

/// A list that may be a large one, whose memory goes back to the system with it.
#[derive(Debug, Clone)]
pub(crate) struct Large<T>(Vec<T>);

impl<T> Default for Large<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> std::ops::Deref for Large<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> std::ops::DerefMut for Large<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T> Drop for Large<T> {
    fn drop(&mut self) {
        shrink(&mut self.0);
    }
}

/// Such a room for an empty buffer; where address space is limited (`ulimit -v`), a sixteenth of it and so on, for there are
/// others who need some.
fn reserve(buffer: &mut Vec<u8>, mut room: usize) {
    while buffer.try_reserve_exact(room).is_err() && room > 0 {
        room /= 16;
    }
}
