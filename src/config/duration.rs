//! Durations as Telegraf's users write them: Go's units, plus days, plus bare numbers for seconds.
//!
//! Knows text and `Duration`; not which option it reads for.

use std::fmt;
use std::time::Duration;

/// Go holds a duration as nanoseconds in an i64: no config that Telegraf could read goes beyond.
const LONGEST_NANOS: u128 = i64::MAX as u128;

/// Long enough for every fraction that can still make a nanosecond, short enough to never overflow a u128.
const FRACTION_DIGITS: usize = 18;

/// Largest first, as they are written.
const UNITS: [(&str, u128); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Why a text or number is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationError {
    /// Not numbers and units.
    NotADuration,
    /// Time does not run backwards here.
    Negative,
    /// More than 292 years.
    TooLong,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotADuration => r#"not a duration; write it as "5s", "500ms" or "1m30s""#,
            Self::Negative => r#"a duration can't be negative; write it as "5s", "500ms" or "1m30s""#,
            Self::TooLong => "longer than 292 years; write a shorter duration",
        })
    }
}

impl std::error::Error for DurationError {}

/// Reads `5s`, `1m30s`, `1.5h`, `1d`; a number without a unit is seconds, as in Telegraf.
pub(super) fn parse(text: &str) -> Result<Duration, DurationError> {
    if let Some(rest) = text.strip_prefix('-') {
        return Err(parse(rest).map_or_else(|error| error, |_| DurationError::Negative));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return Err(DurationError::NotADuration);
    }
    if rest.bytes().all(is_numeric) {
        return limited(scaled(rest, 1_000_000_000)?);
    }
    let mut total = 0;
    while !rest.is_empty() {
        let (number, tail) = split_where(rest, |byte| !is_numeric(byte));
        let (unit, tail) = split_where(tail, is_numeric);
        total += scaled(number, nanos_of(unit).ok_or(DurationError::NotADuration)?)?;
        // Checked at each part, so that no number of parts can overflow the sum.
        limited(total)?;
        rest = tail;
    }
    limited(total)
}

/// Reads a TOML float as seconds.
pub(super) fn from_seconds(seconds: f64) -> Result<Duration, DurationError> {
    if seconds.is_nan() {
        return Err(DurationError::NotADuration);
    }
    if seconds < 0.0 {
        return Err(DurationError::Negative);
    }
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| DurationError::TooLong)?;
    limited(duration.as_nanos())
}

/// Writes a duration so that [`parse`] reads the same one.
pub(super) fn text(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut out = String::new();
    for (unit, nanos) in UNITS {
        if rest >= nanos {
            out.push_str(&(rest / nanos).to_string());
            out.push_str(unit);
            rest %= nanos;
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

fn is_numeric(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// Splits before the first byte that matches, which is always a character's border: digits and dots are ASCII.
fn split_where(text: &str, matches: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(matches).unwrap_or(text.len()))
}

fn nanos_of(unit: &str) -> Option<u128> {
    match unit {
        "d" => Some(24 * 3_600_000_000_000),
        // The micro sign and the Greek letter: Go takes both.
        "\u{b5}s" | "\u{3bc}s" => Some(1_000),
        _ => UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, nanos)| *nanos),
    }
}

/// A decimal number times a unit, in nanoseconds, cut off below one.
fn scaled(number: &str, unit: u128) -> Result<u128, DurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(DurationError::NotADuration);
    }
    let fraction = &fraction[..fraction.len().min(FRACTION_DIGITS)];
    let digits = |text: &str| match text {
        "" => Ok(0),
        _ => text
            .parse::<u64>()
            .map(u128::from)
            .map_err(|_| DurationError::TooLong),
    };
    let scale = (0..fraction.len()).fold(1, |scale: u128, _| scale * 10);
    Ok(digits(whole)? * unit + digits(fraction)? * unit / scale)
}

fn limited(nanos: u128) -> Result<Duration, DurationError> {
    match u64::try_from(nanos) {
        Ok(small) if nanos <= LONGEST_NANOS => Ok(Duration::from_nanos(small)),
        _ => Err(DurationError::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_telegraf_reads() {
        for (text, nanos) in [
            ("5s", 5_000_000_000),
            ("500ms", 500_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("1d", 86_400_000_000_000),
            ("1d12h", 129_600_000_000_000),
            ("0.5d", 43_200_000_000_000),
            ("10", 10_000_000_000),
            ("2.5", 2_500_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("+5s", 5_000_000_000),
            ("7us", 7_000),
            ("7µs", 7_000),
            ("7μs", 7_000),
            ("3ns", 3),
            ("0.1234567899s", 123_456_789),
            ("0", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_by_its_cause() {
        use DurationError::{Negative, NotADuration, TooLong};
        for (text, error) in [
            ("", NotADuration),
            ("abc", NotADuration),
            ("s", NotADuration),
            (".", NotADuration),
            (".s", NotADuration),
            ("1.2.3s", NotADuration),
            ("5 s", NotADuration),
            (" 5s", NotADuration),
            ("5S", NotADuration),
            ("1w", NotADuration),
            ("1e3s", NotADuration),
            ("5s3", NotADuration),
            ("-", NotADuration),
            ("-x", NotADuration),
            ("-5s", Negative),
            ("2600000h", TooLong),
            ("9223372036854775807s", TooLong),
            ("99999999999999999999s", TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(from_seconds(f64::NAN), Err(NotADuration));
        assert_eq!(from_seconds(f64::INFINITY), Err(TooLong));
        assert_eq!(from_seconds(-0.5), Err(Negative));
        assert_eq!(from_seconds(0.25), Ok(Duration::from_millis(250)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in 0..=i64::MAX.unsigned_abs()) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse(&text(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in r"[-+0-9.dhmsunµ\PC]{0,60}") {
            let _ = parse(&text);
        }
    }
}
