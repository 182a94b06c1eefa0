//! The lines of a batch on their way out: as many at once as may be, and always whole ones.
//!
//! Knows text only. Nothing is copied: what is to leave is slices of the batch.

use std::io::IoSlice;

/// What a pipe takes entirely or not at all, on Linux. POSIX promises less.
pub(super) const PIPE_BUF: usize = 4096;

/// As many slices as the system takes at once.
const MOST_SLICES: usize = 1024;

/// The lines that did not leave yet, in their order.
#[derive(Debug, Clone)]
pub(super) struct Lines<'b, R> {
    runs: R,
    rest: &'b [u8],
}

impl<'b, R: Iterator<Item = &'b [u8]>> Lines<'b, R> {
    /// All lines of these runs of whole lines.
    pub(super) fn new(runs: R) -> Self {
        Self { runs, rest: &[] }
    }

    /// Takes as many lines as fit into so many bytes; they are in `slices` then. The number of their bytes: 0 if the
    /// next line is longer, and when all are gone.
    pub(super) fn take(&mut self, most: usize, slices: &mut Vec<IoSlice<'b>>) -> usize {
        slices.clear();
        let mut room = most;
        while slices.len() < MOST_SLICES && self.has_more() {
            let (now, later) = self.rest.split_at(whole(self.rest, room));
            if !now.is_empty() {
                slices.push(IoSlice::new(now));
                room -= now.len();
                self.rest = later;
            }
            if !later.is_empty() {
                break;
            }
        }
        most - room
    }

    /// Takes the next line, however long it is.
    pub(super) fn take_one(&mut self) -> Option<&'b [u8]> {
        if !self.has_more() {
            return None;
        }
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let (now, later) = self.rest.split_at(end.map_or(self.rest.len(), |end| end + 1));
        self.rest = later;
        Some(now)
    }

    fn has_more(&mut self) -> bool {
        while self.rest.is_empty() {
            match self.runs.next() {
                Some(run) => self.rest = run,
                None => return false,
            }
        }
        true
    }
}

/// How many of the text's first bytes are whole lines, and not more than so many.
pub(super) fn whole(text: &[u8], most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let last = text[..most].iter().rposition(|&byte| byte == b'\n');
    last.map_or(0, |last| last + 1)
}

/// Of these lines so many bytes were written: how many of them belong to a line that is not whole.
pub(super) fn torn(slices: &[IoSlice<'_>], mut written: usize) -> usize {
    for slice in slices {
        if written < slice.len() {
            return written - whole(&slice[..=written], written);
        }
        written -= slice.len();
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(lengths: &[usize]) -> Vec<u8> {
        lengths
            .iter()
            .flat_map(|&length| [vec![b'x'; length], vec![b'\n']].concat())
            .collect()
    }

    proptest! {
        #[test]
        fn what_is_taken_is_whole_lines_and_all_of_them(
            runs in prop::collection::vec(prop::collection::vec(0..90_usize, 0..6), 0..8),
            most in 1..200_usize,
        ) {
            let runs: Vec<_> = runs.iter().map(|run| text(run)).collect();
            let mut lines = Lines::new(runs.iter().map(Vec::as_slice));
            let (mut slices, mut all) = (Vec::new(), Vec::new());
            loop {
                let bytes = lines.take(most, &mut slices);
                let taken: Vec<_> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
                prop_assert!(bytes == taken.len() && bytes <= most);
                prop_assert!(taken.is_empty() || taken.ends_with(b"\n"));
                all.extend(taken);
                if bytes == 0 {
                    let Some(line) = lines.take_one() else { break };
                    prop_assert!(line.len() > most && line.ends_with(b"\n"));
                    all.extend(line);
                }
            }
            prop_assert_eq!(all, runs.concat());
        }

        #[test]
        fn what_is_torn_is_behind_the_last_newline(
            runs in prop::collection::vec(prop::collection::vec(0..90_usize, 1..6), 0..8),
            part in 0.0..=1.0,
        ) {
            let runs: Vec<_> = runs.iter().map(|run| text(run)).collect();
            let all = runs.concat();
            let slices: Vec<_> = runs.iter().map(|run| IoSlice::new(run)).collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
            let written = (all.len() as f64 * part) as usize;
            let behind = all[..written].iter().rev().take_while(|&&byte| byte != b'\n').count();
            prop_assert_eq!(torn(&slices, written), behind);
        }
    }
}
