//! The forms in which a text may hold other bytes than those that it is written in: escapes, Base64, numbers.
//!
//! Everything is read that could be one, several ways at once, for it is not known how a stranger encodes.

use std::ops::Range;

/// Bytes that were read out of a text, each with its place there.
#[derive(Clone, Default)]
pub(super) struct View {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl View {
    /// The text itself.
    pub(super) fn of(text: &[u8]) -> Self {
        Self {
            bytes: text.to_vec(),
            places: (0..text.len()).map(|at| at..at + 1).collect(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the text the bytes of a range that is not empty were read.
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        self.places[range.start].start..self.places[range.end - 1].end
    }

    fn push(&mut self, byte: u8, place: Range<usize>) {
        self.bytes.push(byte);
        self.places.push(place);
    }

    fn filtered(&self, wanted: impl Fn(u8) -> Option<u8>) -> Self {
        let mut view = Self::default();
        for (byte, place) in self.bytes.iter().zip(&self.places) {
            if let Some(byte) = wanted(*byte) {
                view.push(byte, place.clone());
            }
        }
        view
    }

    /// Without white space and control characters: as it is before it is wrapped over lines.
    pub(super) fn without_space(&self) -> Self {
        self.filtered(|byte| (byte > b' ' && byte != 0x7f).then_some(byte))
    }

    /// Letters in lower case and digits only: whatever stands between them, and as a host's name or a header has them.
    pub(super) fn letters_and_digits(&self) -> Self {
        self.filtered(|byte| byte.is_ascii_alphanumeric().then(|| byte.to_ascii_lowercase()))
    }

    /// With each escape of URLs, HTML, JSON and of programs' string literals replaced by what it stands for.
    pub(super) fn unescaped(&self) -> Self {
        let mut view = Self::default();
        let mut at = 0;
        while at < self.bytes.len() {
            let (length, byte) = escape(&self.bytes[at..]).unwrap_or((1, self.bytes[at]));
            view.push(byte, self.place(at..at + length));
            at += length;
        }
        view
    }
}

/// The escape that the bytes begin with: its length, and what it stands for.
fn escape(bytes: &[u8]) -> Option<(usize, u8)> {
    match bytes {
        [b'%', digits @ ..] => Some((3, number(digits.get(..2)?, 16)?)),
        [b'&', b'#', b'x' | b'X', rest @ ..] => {
            numeric_reference(rest, 16).map(|(length, byte)| (3 + length, byte))
        }
        [b'&', b'#', rest @ ..] => numeric_reference(rest, 10).map(|(length, byte)| (2 + length, byte)),
        [b'&', rest @ ..] => named_reference(rest).map(|(length, byte)| (1 + length, byte)),
        [b'\\', rest @ ..] => backslashed(rest).map(|(length, byte)| (1 + length, byte)),
        _ => None,
    }
}

/// `43;` of `&#43;`; HTML takes it without the semicolon too.
fn numeric_reference(rest: &[u8], radix: u32) -> Option<(usize, u8)> {
    let digits = leading_digits(rest, radix, 8);
    let byte = number(digits, radix)?;
    let semicolon = usize::from(rest.get(digits.len()) == Some(&b';'));
    Some((digits.len() + semicolon, byte))
}

/// HTML's names of what can stand in a token.
fn named_reference(rest: &[u8]) -> Option<(usize, u8)> {
    const NAMES: [(&str, u8); 24] = [
        ("amp", b'&'),
        ("lt", b'<'),
        ("gt", b'>'),
        ("quot", b'"'),
        ("apos", b'\''),
        ("plus", b'+'),
        ("sol", b'/'),
        ("equals", b'='),
        ("period", b'.'),
        ("lowbar", b'_'),
        ("UnderBar", b'_'),
        ("hyphen", b'-'),
        ("dash", b'-'),
        ("colon", b':'),
        ("semi", b';'),
        ("comma", b','),
        ("commat", b'@'),
        ("bsol", b'\\'),
        ("percnt", b'%'),
        ("dollar", b'$'),
        ("num", b'#'),
        ("Tab", b'\t'),
        ("NewLine", b'\n'),
        ("nbsp", b' '),
    ];
    NAMES.iter().find_map(|(name, byte)| {
        let tail = rest.strip_prefix(name.as_bytes())?;
        (tail.first() == Some(&b';')).then_some((name.len() + 1, *byte))
    })
}

/// What stands behind a backslash in JSON, C, Rust, Go or a shell.
fn backslashed(rest: &[u8]) -> Option<(usize, u8)> {
    match rest {
        [b'u', b'{', tail @ ..] => {
            let digits = leading_digits(tail, 16, 6);
            (tail.get(digits.len()) == Some(&b'}')).then_some(())?;
            Some((digits.len() + 3, number(digits, 16)?))
        }
        [b'u', tail @ ..] => Some((5, number(tail.get(..4)?, 16)?)),
        [b'U', tail @ ..] => Some((9, number(tail.get(..8)?, 16)?)),
        [b'x', tail @ ..] => Some((3, number(tail.get(..2)?, 16)?)),
        [b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'a', ..] => Some((1, b' ')),
        [b'0'..=b'7', ..] => {
            let digits = leading_digits(rest, 8, 3);
            Some((digits.len(), number(digits, 8)?))
        }
        [byte, ..] if byte.is_ascii_punctuation() => Some((1, *byte)),
        _ => None,
    }
}

fn leading_digits(bytes: &[u8], radix: u32, most: usize) -> &[u8] {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    let length = bytes.iter().take(most).take_while(|byte| is_digit(byte)).count();
    &bytes[..length]
}

/// The byte that a number is; `None` for one that is larger than a byte, or none.
fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let value = digits.iter().try_fold(0_u32, |value, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        value.checked_mul(radix)?.checked_add(digit)
    })?;
    u8::try_from(value).ok().filter(|_| !digits.is_empty())
}

/// The text taken for Base64, for hexadecimal and for decimal numbers, from each place where they may begin.
pub(super) fn decoded(text: &View) -> impl Iterator<Item = View> {
    let base64 = (0..4).map(|from| base64(text, from));
    let digits = (0..2).map(|from| hexadecimal(text, from));
    base64.chain(digits).chain([decimal(text)])
}

/// All characters of both alphabets of Base64 as one stream, from the one with this number on. What stands between them,
/// line ends and padding among it, is passed over.
fn base64(text: &View, from: usize) -> View {
    let sextets = text.bytes.iter().zip(&text.places);
    let sextets = sextets.filter_map(|(byte, place)| Some((sextet(*byte)?, place)));
    let mut view = View::default();
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut began = 0..0;
    for (sextet, place) in sextets.skip(from) {
        if count == 0 {
            began = place.clone();
        }
        bits = bits << 6 | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            // The lowest eight bits of what is shifted down are the byte.
            let byte = (bits >> count & 0xff) as u8;
            view.push(byte, began.start..place.end);
            began = place.clone();
        }
    }
    view
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Hexadecimal digits in pairs, `7b 22`, `7b:22`, `0x7b, 0x22` and `7b22` alike; `from` is 1 where a run of digits begins
/// with the second half of one.
fn hexadecimal(text: &View, from: usize) -> View {
    let mut view = View::default();
    for run in runs(text, u8::is_ascii_hexdigit) {
        let is_prefix =
            text.bytes[run.clone()] == *b"0" && matches!(text.bytes.get(run.end), Some(b'x' | b'X'));
        if is_prefix {
            continue;
        }
        let mut at = run.start + from.min(run.len() - 1);
        while at < run.end {
            let end = run.end.min(at + 2);
            if let Some(byte) = number(&text.bytes[at..end], 16) {
                view.push(byte, text.place(at..end));
            }
            at = end;
        }
    }
    view
}

/// Decimal numbers that are bytes, whatever stands between them: how programs print them for their makers.
fn decimal(text: &View) -> View {
    let mut view = View::default();
    for run in runs(text, u8::is_ascii_digit) {
        if let Some(byte) = number(&text.bytes[run.clone()], 10) {
            view.push(byte, text.place(run));
        }
    }
    view
}

/// The runs of such bytes, as long as they are.
fn runs(text: &View, is_one: fn(&u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.bytes[at..].iter().position(is_one)?;
        let length = text.bytes[start..].iter().take_while(|byte| is_one(byte)).count();
        at = start + length;
        Some(start..at)
    })
}
