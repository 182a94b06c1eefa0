//! Text into line protocol, so that every reader gets the very same text back.
//!
//! The readers do not agree on backslashes. Telegraf turns `\"` into `"` inside a tag value that has anything else
//! escaped in it (its `unescape`), `influxdb_line_protocol` turns `\\` into `\`, `InfluxDB` does neither, and none of
//! them can end a value in one. So a backslash is kept only where all three leave it alone, and becomes `_` elsewhere;
//! control characters, which no reader takes, become `_` too. Kubernetes allows none of these in its own names; a
//! Windows interface or a user metric's label may hold anything.

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

fn push(line: &mut Vec<u8>, text: &[u8], special: impl Fn(u8) -> bool) {
    // Names in Kubernetes are letters, digits, dots and dashes: the usual text is copied in one go.
    if text
        .iter()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
    {
        line.extend_from_slice(text);
        return;
    }
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            0..=0x1f | 0x7f => line.push(REPLACEMENT),
            b'\\' if !keeps_backslash(text.get(at + 1)) => line.push(REPLACEMENT),
            _ if special(byte) => line.extend_from_slice(&[b'\\', byte]),
            _ => line.push(byte),
        }
    }
}

/// Whether a backslash before `next` is an ordinary character to every reader.
fn keeps_backslash(next: Option<&u8>) -> bool {
    match next {
        None | Some(b',' | b'=' | b' ' | b'"' | b'\\' | 0..=0x1f | 0x7f) => false,
        Some(_) => true,
    }
}
