//! Lines out of a stream that comes in pieces.
//!
//! Knows bytes. What is held of a stream is bounded: a line that is longer is stepped over to its end.

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'l> {
    /// All of it.
    Whole(&'l [u8]),
    /// There was more of it than is held.
    TooLong,
}

/// Room that is kept from line to line; what a longer one took goes back.
const KEPT: usize = 64 * 1024;

/// What has come of a line whose end has not.
pub struct Lines {
    held: Vec<u8>,
    most: usize,
    too_long: bool,
}

impl Lines {
    /// Of so many bytes at most.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            held: Vec::new(),
            most,
            too_long: false,
        }
    }

    /// The next piece: hands on each line that ends in it. Empty ones are none.
    pub fn feed(&mut self, piece: &[u8], mut each: impl FnMut(Line<'_>)) {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, behind) = (&rest[..end], &rest[end + 1..]);
            if self.too_long || self.held.len() + line.len() > self.most {
                each(Line::TooLong);
            } else if self.held.is_empty() {
                // As a rule a piece is a line, which is not copied.
                if !line.is_empty() {
                    each(Line::Whole(line));
                }
            } else {
                self.held.extend_from_slice(line);
                each(Line::Whole(&self.held));
            }
            self.clear();
            self.too_long = false;
            rest = behind;
        }
        if self.held.len() + rest.len() > self.most {
            self.too_long = true;
            self.clear();
        } else if !self.too_long {
            self.held.extend_from_slice(rest);
        }
    }

    fn clear(&mut self) {
        self.held.clear();
        self.held.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 5;

    /// The lines of `stream`, which comes in pieces of so many bytes; `!` for one that is too long.
    fn lines(stream: &str, step: usize) -> Vec<String> {
        let (mut lines, mut found) = (Lines::new(MOST), Vec::new());
        for piece in stream.as_bytes().chunks(step) {
            lines.feed(piece, |line| {
                found.push(match line {
                    Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                    Line::TooLong => "!".to_owned(),
                });
            });
            assert!(lines.held.len() <= MOST);
        }
        found
    }

    #[test]
    fn lines_are_the_same_whatever_the_pieces() {
        for step in 1..20 {
            assert_eq!(
                lines("a\n12345\n\n123456\nb\n1234567890123\n\nc\ncut", step),
                ["a", "12345", "!", "b", "!", "c"],
                "{step}"
            );
        }
    }

    #[test]
    fn what_a_long_line_took_goes_back() {
        let mut lines = Lines::new(1024 * 1024);
        lines.feed(&vec![b' '; 512 * 1024], |_| {});
        lines.feed(b"\n", |_| {});
        assert!(lines.held.capacity() <= KEPT);
    }
}
