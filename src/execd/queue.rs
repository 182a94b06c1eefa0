//! What waits for a reader: whole batches in their order, and never more bytes than allowed.
//!
//! Knows text only. The oldest batches make room for a new one, except one that has begun to leave: half of it is with
//! Telegraf already.

use std::collections::VecDeque;

use super::lines::whole;

/// What leaves at once, where lines are short: as much as a pipe would take.
const PIECE: usize = 4096;

/// A batch on its way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    text: Vec<u8>,
    /// Bytes that left, which end with a line.
    sent: usize,
    /// A part of a batch that is larger than the whole queue.
    is_part: bool,
}

impl Load {
    /// Text of whole lines, nothing of which has left.
    pub(super) fn new(text: Vec<u8>) -> Self {
        Self {
            text,
            sent: 0,
            is_part: false,
        }
    }

    /// The same, of a part of a batch.
    pub(super) fn part(text: Vec<u8>) -> Self {
        Self {
            is_part: true,
            ..Self::new(text)
        }
    }

    /// All of its bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What is to leave next: as many whole lines as make a piece, or one line that is longer. Empty when all left.
    pub(super) fn piece(&self) -> &[u8] {
        let rest = &self.text[self.sent..];
        let end = match whole(rest, PIECE) {
            0 => rest
                .iter()
                .position(|&byte| byte == b'\n')
                .map_or(rest.len(), |end| end + 1),
            end => end,
        };
        &rest[..end]
    }

    /// So many bytes, a piece, left.
    pub(super) fn left(&mut self, bytes: usize) {
        self.sent += bytes;
    }
}

/// What had to be dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) batches: u64,
    /// Of batches that are larger than the queue.
    pub(super) parts: u64,
    pub(super) bytes: usize,
}

/// Batches that wait, and one that may be under way.
#[derive(Debug)]
pub(super) struct Queue {
    limit: usize,
    waiting: VecDeque<Load>,
    /// All bytes that are held here, those of the batch under way too.
    held: usize,
    /// Those of the batch under way.
    under_way: usize,
    dropped: Dropped,
    /// Bytes of batches that come in parts, and are not here yet.
    pub(super) coming: usize,
    /// Nobody is there to take anything.
    pub(super) away: bool,
    /// How often something happened that is worth another attempt at once.
    pub(super) calls: u64,
}

impl Queue {
    /// An empty queue of so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            waiting: VecDeque::new(),
            held: 0,
            under_way: 0,
            dropped: Dropped::default(),
            coming: 0,
            away: false,
            calls: 0,
        }
    }

    /// Adds a batch. True when with it the dropping begins.
    pub(super) fn push(&mut self, load: Load) -> bool {
        let bytes = load.text.len();
        let none = self.dropped == Dropped::default();
        self.calls += 1;
        if self.make_room(bytes) {
            self.held += bytes;
            self.waiting.push_back(load);
        } else {
            self.drop_one(&load);
        }
        none && self.dropped != Dropped::default()
    }

    /// The most that it holds.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether so many bytes fit without dropping anything.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.held + bytes <= self.limit
    }

    /// Drops the oldest batches until so many bytes fit, or none where that would not help.
    fn make_room(&mut self, bytes: usize) -> bool {
        let begun = self.waiting.front().filter(|load| load.sent > 0);
        let stays = self.under_way + begun.map_or(0, |load| load.text.len());
        if stays + bytes > self.limit {
            return false;
        }
        let oldest = usize::from(begun.is_some());
        while self.held + bytes > self.limit {
            // There is one: what stays leaves room enough.
            let Some(load) = self.waiting.remove(oldest) else {
                break;
            };
            self.held -= load.text.len();
            self.drop_one(&load);
        }
        true
    }

    fn drop_one(&mut self, load: &Load) {
        let kind = if load.is_part {
            &mut self.dropped.parts
        } else {
            &mut self.dropped.batches
        };
        *kind += 1;
        self.dropped.bytes += load.text.len();
    }

    /// Whether there is something to send.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether there is nothing, and nothing under way either.
    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Bytes that are not with Telegraf.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The oldest batch, which is then under way until it is given to [`Queue::done`] or [`Queue::put_back`].
    pub(super) fn take(&mut self) -> Option<Load> {
        let load = self.waiting.pop_front()?;
        self.under_way = load.text.len();
        Some(load)
    }

    /// A batch that could not leave, or only in part.
    pub(super) fn put_back(&mut self, load: Load) {
        self.under_way = 0;
        self.waiting.push_front(load);
    }

    /// A batch that left.
    pub(super) fn done(&mut self, load: &Load) {
        self.under_way = 0;
        self.held -= load.text.len();
    }

    /// What was dropped since the last time that this was asked.
    pub(super) fn take_dropped(&mut self) -> Option<Dropped> {
        let dropped = std::mem::take(&mut self.dropped);
        (dropped != Dropped::default()).then_some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A batch of one line, which consists of `letter` and is `length` long.
    fn batch(letter: char, length: usize) -> Load {
        let mut line = letter.to_string().repeat(length - 1);
        line.push('\n');
        Load::new(line.into_bytes())
    }

    /// What is in it, a letter each.
    fn contents(queue: &mut Queue) -> String {
        std::iter::from_fn(|| {
            let load = queue.take()?;
            queue.done(&load);
            Some(char::from(load.text[0]))
        })
        .collect()
    }

    #[test]
    fn the_oldest_make_room() {
        let mut queue = Queue::new(100);
        assert!(!queue.push(batch('a', 40)));
        assert!(!queue.push(batch('b', 40)));
        assert!(queue.push(batch('c', 40)), "the dropping begins");
        assert!(!queue.push(batch('d', 100)), "it began before");
        let dropped = Dropped {
            batches: 3,
            parts: 0,
            bytes: 120,
        };
        assert_eq!(queue.take_dropped(), Some(dropped));
        assert_eq!(queue.take_dropped(), None);
        assert!(queue.push(batch('e', 101)), "no batch makes room for that one");
        assert_eq!(contents(&mut queue), "d");
        assert!(queue.is_empty());
    }

    #[test]
    fn what_has_begun_to_leave_stays() {
        let mut queue = Queue::new(100);
        queue.push(batch('a', 40));
        queue.push(batch('b', 40));
        let a = queue.take().expect("a");
        queue.push(batch('c', 40));
        queue.push(batch('d', 70));
        assert_eq!(queue.held(), 80, "d does not fit beside a");
        queue.put_back(a);
        queue.push(batch('e', 60));
        assert_eq!(queue.held(), 100, "c, because a has not begun");

        let mut c = queue.take().expect("c");
        c.left(40);
        queue.put_back(c);
        queue.push(batch('f', 50));
        assert_eq!(contents(&mut queue), "cf");
    }

    proptest! {
        #[test]
        fn pieces_are_whole_lines_and_all_of_them(
            lengths in prop::collection::vec(prop_oneof![20 => 0..900_usize, 1 => 4_000..9_000_usize], 0..40),
        ) {
            let text: String = lengths.iter().map(|&length| "x".repeat(length) + "\n").collect();
            let mut load = Load::new(text.clone().into_bytes());
            let mut all = Vec::new();
            while !load.piece().is_empty() {
                let piece = load.piece().to_vec();
                prop_assert!(piece.ends_with(b"\n"));
                let lines = piece.split_inclusive(|&byte| byte == b'\n').count();
                prop_assert!(piece.len() <= PIECE || lines == 1);
                load.left(piece.len());
                all.extend(piece);
            }
            prop_assert_eq!(all, text.into_bytes());
        }

        #[test]
        fn never_more_than_allowed(steps in prop::collection::vec((0..4_u8, 2..150_usize), 0..60)) {
            let mut queue = Queue::new(200);
            let mut hand: Option<Load> = None;
            let (mut pushed, mut left) = (0, 0);
            for (step, length) in steps {
                match (step, hand.take()) {
                    (0, None) => hand = queue.take(),
                    (0, Some(load)) => {
                        left += 1;
                        queue.done(&load);
                    }
                    (1, Some(load)) => queue.put_back(load),
                    (_, held) => {
                        hand = held;
                        pushed += 1;
                        queue.push(batch('x', length));
                    }
                }
                prop_assert!(queue.held() <= 200);
            }
            if let Some(load) = hand {
                queue.put_back(load);
            }
            let dropped = queue.take_dropped().unwrap_or_default().batches;
            left += u64::try_from(contents(&mut queue).len()).expect("few");
            prop_assert_eq!(pushed, left + dropped);
            prop_assert_eq!(queue.held(), 0);
        }
    }
}
