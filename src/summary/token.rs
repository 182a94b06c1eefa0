//! Tokens of JSON: literals, numbers and strings, checked to the letter and left as text.

use std::borrow::Cow;

use super::json::{Malformed, Reader};
use super::swar;

impl<'a> Reader<'a> {
    pub(super) fn literal(&mut self, word: &'static [u8]) -> Result<&'a [u8], Malformed> {
        let end = self.at + word.len();
        if self.bytes.get(self.at..end) != Some(word) {
            return self.malformed("`true`, `false` or `null`");
        }
        self.at = end;
        Ok(word)
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
    pub(super) fn number_token(&mut self) -> Result<(&'a [u8], bool), Malformed> {
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

    #[inline]
    pub(super) fn string_token(&mut self) -> Result<StringToken<'a>, Malformed> {
        self.at += 1;
        let start = self.at;
        let mut plain = true;
        loop {
            self.at = swar::end_of_plain_text(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    plain = false;
                    self.escape()?;
                }
                _ => return self.malformed("the end of a string"),
            }
        }
        let raw = &self.bytes[start..self.at];
        self.at += 1;
        Ok(StringToken { raw, plain })
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

/// A string as it stands in the body.
#[derive(Clone, Copy)]
pub(super) struct StringToken<'a> {
    pub(super) raw: &'a [u8],
    /// There is no escape in it.
    plain: bool,
}

impl<'a> StringToken<'a> {
    pub(super) fn text(self) -> Cow<'a, str> {
        if self.plain {
            String::from_utf8_lossy(self.raw)
        } else {
            Cow::Owned(unescape(self.raw))
        }
    }
}

/// Undoes the escapes of a string whose escapes were checked by [`Reader::escape`].
fn unescape(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(backslash) = rest.iter().position(|&byte| byte == b'\\') {
        text.push_str(&String::from_utf8_lossy(&rest[..backslash]));
        let (character, length) = unescape_one(&rest[backslash..]);
        text.push(character);
        rest = &rest[backslash + length..];
    }
    text.push_str(&String::from_utf8_lossy(rest));
    text
}

/// The character of one escape and how many bytes it took: 2, 6, or 12 for a surrogate pair.
fn unescape_one(escape: &[u8]) -> (char, usize) {
    let character = match escape[1] {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_unicode(escape),
        other => char::from(other),
    };
    (character, 2)
}

fn unescape_unicode(escape: &[u8]) -> (char, usize) {
    let unit = |from: usize| -> Option<u16> {
        let escape = escape
            .get(from..from + 6)
            .filter(|escape| escape.starts_with(b"\\u"))?;
        u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    };
    let Some(first) = unit(0) else {
        return (char::REPLACEMENT_CHARACTER, 6);
    };
    let second = unit(6).filter(|_| (0xd800..0xdc00).contains(&first));
    if let Some(second) = second
        && let Some(Ok(character)) = char::decode_utf16([first, second]).next()
    {
        return (character, 12);
    }
    (
        char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER),
        6,
    )
}
