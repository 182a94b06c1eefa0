//! A leaf's text into a field's value, or not at all: never clamped, wrapped, rounded or made up.

use super::escape::REPLACEMENT;
use super::measurement::Kind;
use super::tags::LONGEST;

/// The largest number that a field written as `i` can hold.
const I64_MAX: &[u8] = b"9223372036854775807";
const I64_MIN: &[u8] = b"-9223372036854775808";

/// Appends `token` as a value of `kind`; false, and nothing appended, if it cannot be one.
///
/// The token is a number, a word or a time as the kubelet printed it, never empty, and a whole number where `kind` is
/// one: [`crate::json::Whole`] sees to that. Numbers are copied, so that the
/// value is the kubelet's to the last digit.
#[inline]
pub fn push(line: &mut Vec<u8>, kind: Kind, token: &[u8]) -> bool {
    match kind {
        Kind::Unsigned => fits_unsigned(token) && push_integer(line, token),
        Kind::Signed => fits_signed(token) && push_integer(line, token),
        Kind::Float => fits_float(token) && push_text(line, token),
        Kind::Boolean => push_text(line, token),
        Kind::Seconds => push_seconds(line, token),
        Kind::Text => push_string(line, token),
    }
}

/// Whether `token` can be a value of `kind`.
#[must_use]
pub fn is_one(kind: Kind, token: &[u8]) -> bool {
    match kind {
        Kind::Unsigned => fits_unsigned(token),
        Kind::Signed => fits_signed(token),
        Kind::Float => fits_float(token),
        Kind::Boolean | Kind::Text => true,
        Kind::Seconds => crate::json::unix_nanoseconds(token).is_some(),
    }
}

/// A text in quotes. What line protocol can not carry is replaced as in a tag, a backslash too: readers do not agree on it.
fn push_string(line: &mut Vec<u8>, text: &[u8]) -> bool {
    line.push(b'"');
    for &byte in text {
        match byte {
            b'"' => line.extend_from_slice(b"\\\""),
            b'\\' | 0..=0x1f | 0x7f => line.push(REPLACEMENT),
            byte => line.push(byte),
        }
    }
    line.push(b'"');
    true
}

#[inline]
fn push_text(line: &mut Vec<u8>, token: &[u8]) -> bool {
    line.extend_from_slice(token);
    true
}

#[inline]
fn push_integer(line: &mut Vec<u8>, token: &[u8]) -> bool {
    line.extend_from_slice(token);
    line.push(b'i');
    true
}

/// The API's types let only whole numbers through, and JSON allows them no leading zeros: numbers of the same length
/// compare as their text does.
#[inline]
fn fits_unsigned(token: &[u8]) -> bool {
    token[0] != b'-' && (token.len() < I64_MAX.len() || (token.len() == I64_MAX.len() && token <= I64_MAX))
}

fn fits_signed(token: &[u8]) -> bool {
    if token[0] != b'-' {
        return fits_unsigned(token);
    }
    token.len() < I64_MIN.len() || (token.len() == I64_MIN.len() && token <= I64_MIN)
}

/// Line protocol has no infinity: `1e999` is JSON, and no float64. One that is longer than a line is not even copied.
fn fits_float(token: &[u8]) -> bool {
    if token.len() > LONGEST {
        return false;
    }
    // Below 300 digits and without an exponent nothing can overflow, and these are all that kubelets print.
    if token.len() < 300 && !token.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        return true;
    }
    std::str::from_utf8(token)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .is_some_and(f64::is_finite)
}

/// A time as whole seconds. Go's zero time, the year 1, is absent rather than a wrong number.
fn push_seconds(line: &mut Vec<u8>, token: &[u8]) -> bool {
    let Some(nanoseconds) = crate::json::unix_nanoseconds(token) else {
        return false;
    };
    push_number(line, nanoseconds.div_euclid(1_000_000_000));
    line.push(b'i');
    true
}

/// Appends a float, which is finite.
pub fn push_f64(line: &mut Vec<u8>, value: f64) {
    line.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
}

/// Appends a whole number in decimal.
pub fn push_number(line: &mut Vec<u8>, value: impl std::fmt::Display) {
    use std::io::Write;
    // Writing to memory cannot fail.
    let _ = write!(line, "{value}");
}
