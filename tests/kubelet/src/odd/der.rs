//! DER, as much of it as a certificate has. It writes whatever it is told to, wrong things among it.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::der;

/// An element of this tag.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    der::element(tag, &parts.concat())
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

/// A number that is not negative, by its bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let bytes = &bytes[first..];
    let sign: &[u8] = if bytes.first().is_none_or(|byte| byte & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    element(2, &[sign, bytes])
}

pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(3, &[&[0], bytes])
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(4, &[bytes])
}

pub(super) fn null() -> Vec<u8> {
    element(5, &[])
}

/// An identifier such as `1.2.840`.
pub(super) fn oid(dotted: &str) -> Vec<u8> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u32>().expect("a number"));
    let (first, second) = (arcs.next().expect("two arcs"), arcs.next().expect("two arcs"));
    let mut out = Vec::new();
    for arc in std::iter::once(first * 40 + second).chain(arcs) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        groups.reverse();
        out.extend(groups);
    }
    element(6, &[&out])
}

/// A distinguished name with a common name and nothing else.
pub(super) fn name(common: &[&str]) -> Vec<u8> {
    let one = |common: &&str| {
        let pair = sequence(&[&oid("2.5.4.3"), &element(12, &[common.as_bytes()])]);
        element(0x31, &[&pair])
    };
    let all: Vec<_> = common.iter().map(one).collect();
    sequence(&[&all.concat()])
}

/// A time, in the form for years from 2050 on, which is read for earlier ones too.
pub(super) fn time(at: OffsetDateTime) -> Vec<u8> {
    const FORM: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day][hour][minute][second]Z");
    const SHORT: &[BorrowedFormatItem<'_>] =
        format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
    let (tag, form) = if at.year() < 2050 { (23, SHORT) } else { (24, FORM) };
    element(
        tag,
        &[at.format(&form).expect("a year of four digits").as_bytes()],
    )
}
