//! A string as it stands in the body, and the text that it means.

use std::borrow::Cow;

/// Longer than any key, escaped from the first letter to the last.
const LONGEST_WORD: usize = 256;

/// A string, left in the body with its escapes until somebody wants to know what it says: nothing is held for it,
/// however long it is. Empty when absent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Text<'a> {
    /// What stands between the quotes; its escapes were checked when it was read.
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(raw: &'a [u8], escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// A text that means what it says.
    #[must_use]
    pub fn plain(text: &'a [u8]) -> Self {
        Self::new(text, false)
    }

    /// Whether both say the same.
    #[must_use]
    pub fn is_same(self, other: Text<'_>) -> bool {
        match (self.unescaped(), other.unescaped()) {
            (Some(one), Some(other)) => one == other,
            _ => self.text() == other.text(),
        }
    }

    /// Whether there is nothing, or nothing in it.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// What stands between the quotes.
    #[must_use]
    #[inline]
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// What stands between the quotes, if that is what it means.
    #[must_use]
    #[inline]
    pub fn unescaped(self) -> Option<&'a [u8]> {
        (!self.escaped).then_some(self.raw)
    }

    /// What it says, if it is as short as a key of an API is; else nothing, which no key is.
    #[must_use]
    #[inline]
    pub fn word(self) -> Cow<'a, str> {
        if self.raw.len() > LONGEST_WORD {
            Cow::Borrowed("")
        } else {
            self.text()
        }
    }

    /// What it says. Bytes that are not UTF-8 and lone surrogates become U+FFFD, as in Go's decoder. Borrowed from the
    /// body unless there is such a thing or an escape in it; then up to three times as long as what stands there.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        if self.escaped {
            Cow::Owned(unescape(self.raw))
        } else {
            String::from_utf8_lossy(self.raw)
        }
    }
}

/// Undoes the escapes of a string whose escapes were checked when it was read.
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
