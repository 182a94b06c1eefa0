//! Tokens of JSON: white space, literals, numbers and strings, checked to the letter and left as text.

use super::malformed::Malformed;
use super::swar;
use super::text::Text;

/// A place in a body.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn malformed<T>(&self, wanted: &'static str) -> Result<T, Malformed> {
        Err(Malformed { at: self.at, wanted })
    }

    /// Steps over white space; the next byte, or 0 at the end (which no JSON value begins with).
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        match self.bytes.get(self.at) {
            Some(&byte) if byte > b' ' => byte,
            _ => self.peek_behind_space(),
        }
    }

    fn peek_behind_space(&mut self) -> u8 {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\r' | b'\t') => self.at += 1,
                // The kubelet indents its answer: a line begins with a run of spaces.
                Some(b'\n') => self.at = swar::end_of_spaces(self.bytes, self.at + 1),
                Some(&byte) => return byte,
                None => return 0,
            }
        }
    }

    /// Steps over `text` if it stands right here.
    #[inline]
    pub(super) fn take(&mut self, text: &'static [u8]) -> bool {
        let here = self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(text));
        if here {
            self.at += text.len();
        }
        here
    }

    pub(super) fn literal(&mut self, word: &'static [u8]) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        if self.take(word) {
            Ok(&self.bytes[start..self.at])
        } else {
            self.malformed("`true`, `false` or `null`")
        }
    }

    /// Counts the digits from here on and steps over them.
    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        self.at = swar::end_of_digits(self.bytes, start);
        self.at - start
    }

    /// A number's text, and whether it has neither fraction nor exponent.
    #[inline]
    pub(super) fn number(&mut self) -> Result<(&'a [u8], bool), Malformed> {
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        let leading_zero = self.bytes.get(self.at) == Some(&b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return self.malformed("a number");
        }
        let whole = !matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E'));
        if !whole {
            self.fraction_and_exponent()?;
        }
        Ok((&self.bytes[start..self.at], whole))
    }

    fn fraction_and_exponent(&mut self) -> Result<(), Malformed> {
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return self.malformed("a digit");
            }
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return self.malformed("a digit");
            }
        }
        Ok(())
    }

    /// A string, from its first quote on.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text<'a>, Malformed> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = swar::end_of_plain_text(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.malformed("the end of a string"),
            }
        }
        let raw = &self.bytes[start..self.at];
        self.at += 1;
        Ok(Text::new(raw, escaped))
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        let length = match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => 6,
            _ => return self.malformed("an escape"),
        };
        let Some(escape) = self.bytes.get(self.at..self.at + length) else {
            return self.malformed("an escape");
        };
        if !escape[2..].iter().all(u8::is_ascii_hexdigit) {
            return self.malformed("four hex digits");
        }
        self.at += length;
        Ok(())
    }
}
