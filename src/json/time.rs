//! RFC 3339 to Unix time.
//!
//! Ours, because a tick reads one of these per container and, with `timestamp = "sample"`, fifteen: a general parser
//! takes a tenth of what the whole tick may cost. Checked against the crate `time` in the tests.

/// Nanoseconds since 1970, or `None` for anything that is not a time between 1678 and 2262.
#[must_use]
pub fn unix_nanoseconds(text: &[u8]) -> Option<i64> {
    let (fixed, rest) = text.split_at_checked(19)?;
    let separators = [(4, b"-"), (7, b"-"), (13, b":"), (16, b":")];
    if separators
        .iter()
        .any(|&(at, separator)| fixed[at] != separator[0])
        || !matches!(fixed[10], b'T' | b't')
    {
        return None;
    }
    let year = digits(&fixed[0..4])?;
    let (month, day) = (digits(&fixed[5..7])?, digits(&fixed[8..10])?);
    let (hour, minute, second) = (
        digits(&fixed[11..13])?,
        digits(&fixed[14..16])?,
        digits(&fixed[17..19])?,
    );
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanoseconds, rest) = fraction(rest)?;
    let seconds =
        days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset(rest)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

/// Nanoseconds of `.123`, cut after nine digits, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let kept = &text[..length.min(9)];
    let scale = (kept.len()..9).fold(1, |scale, _| scale * 10);
    Some((digits(kept)? * scale, &text[length..]))
}

/// Seconds east of UTC of `Z` or `+02:00`.
fn offset(text: &[u8]) -> Option<i64> {
    match text {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', m1, m2] if hours.len() == 2 => {
            let (hours, minutes) = (digits(hours)?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = hours * 3_600 + minutes * 60;
            Some(if *sign == b'+' { east } else { -east })
        }
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that a leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::unix_nanoseconds;
    use proptest::prelude::*;
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};

    proptest! {
        #[test]
        fn agrees_with_the_time_crate(nanoseconds in i64::MIN / 2..i64::MAX / 2) {
            let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).unwrap();
            let text = moment.format(&Rfc3339).unwrap();
            prop_assert_eq!(unix_nanoseconds(text.as_bytes()), Some(nanoseconds));
        }

        #[test]
        fn takes_nothing_the_time_crate_refuses(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})") {
            if let Some(ours) = unix_nanoseconds(text.as_bytes()) {
                let theirs = OffsetDateTime::parse(&text, &Rfc3339).unwrap();
                prop_assert_eq!(i128::from(ours), theirs.unix_timestamp_nanos());
            }
        }

        #[test]
        fn survives_anything(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = unix_nanoseconds(&text);
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026",
            "1970-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T24:00:00Z",
        ] {
            assert_eq!(unix_nanoseconds(text.as_bytes()), None, "{text}");
        }
    }
}
