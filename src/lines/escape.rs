//! Text into line protocol, so that every reader gets the very same text back.
//!
//! The readers do not agree on backslashes. Telegraf turns `\"` into `"` inside a tag value that has anything else
//! escaped in it (its `unescape`), `influxdb_line_protocol` turns `\\` into `\`, `InfluxDB` does neither, and none of
//! them can end a value in one. So a backslash is kept only where all three leave it alone, and becomes `_` elsewhere;
//! control characters, which no reader takes, become `_` too. Kubernetes allows none of these in its own names; a
//! Windows interface or a user metric's label may hold anything.

use std::borrow::Cow;

/// What stands for a character that line protocol cannot carry.
pub const REPLACEMENT: u8 = b'_';

/// Appends a tag key, a tag value or a field key.
pub fn push_tag(line: &mut Vec<u8>, text: &str) {
    push(line, text.as_bytes(), |byte| matches!(byte, b',' | b'=' | b' '));
}

/// Appends a measurement's name.
pub fn push_measurement(line: &mut Vec<u8>, text: &str) {
    push(line, text.as_bytes(), |byte| matches!(byte, b',' | b' '));
}

/// Whether a text is one as names in Kubernetes are, letters, digits, dots and dashes: it is copied in one go.
#[inline]
#[must_use]
pub fn is_usual(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
}

/// What a reader gets of a text: the same, but for what had to be replaced.
#[must_use]
pub fn carried(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if !(0..bytes.len()).any(|at| is_replaced(bytes, at)) {
        return Cow::Borrowed(text);
    }
    let carried = text.char_indices().map(|(at, character)| {
        if is_replaced(bytes, at) {
            char::from(REPLACEMENT)
        } else {
            character
        }
    });
    Cow::Owned(carried.collect())
}

fn push(line: &mut Vec<u8>, text: &[u8], special: impl Fn(u8) -> bool) {
    if is_usual(text) {
        line.extend_from_slice(text);
        return;
    }
    for (at, &byte) in text.iter().enumerate() {
        if is_replaced(text, at) {
            line.push(REPLACEMENT);
            continue;
        }
        if special(byte) {
            line.push(b'\\');
        }
        line.push(byte);
    }
}

/// Whether the byte there is a control character, or a backslash that some reader takes for an escape.
fn is_replaced(text: &[u8], at: usize) -> bool {
    match text[at] {
        0..=0x1f | 0x7f => true,
        b'\\' => !keeps_backslash(text.get(at + 1)),
        _ => false,
    }
}

/// Whether a backslash before `next` is an ordinary character to every reader.
fn keeps_backslash(next: Option<&u8>) -> bool {
    match next {
        None | Some(b',' | b'=' | b' ' | b'"' | b'\\' | 0..=0x1f | 0x7f) => false,
        Some(_) => true,
    }
}
