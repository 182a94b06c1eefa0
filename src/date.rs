//! Moments, in seconds since 1970, and as dates in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use x509_parser::time::ASN1Time;

/// Our clock. One of before 1970 is as wrong as one of 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Of a line: nanoseconds since 1970. A clock beyond the year 2262 is wrong anyway, and a tick is not worth a crash.
#[must_use]
pub fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// For a sentence, from seconds since 1970: `2026-11-25 18:43:05 UTC`.
#[must_use]
pub fn date(seconds: i64) -> String {
    match parts(seconds) {
        Some([day, time]) => format!("{day} {time} UTC"),
        None => beyond(seconds),
    }
}

/// For a log, as Telegraf has it: `2026-11-25T18:43:05Z`.
#[must_use]
pub fn stamp(seconds: i64) -> String {
    match parts(seconds) {
        Some([day, time]) => format!("{day}T{time}Z"),
        None => beyond(seconds),
    }
}

fn beyond(seconds: i64) -> String {
    format!("{seconds} s since 1970")
}

/// The day and the time of day; `None` for a year that has more than four digits.
fn parts(seconds: i64) -> Option<[String; 2]> {
    let time = ASN1Time::from_timestamp(seconds).ok()?.to_datetime();
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(month);
    Some([
        format!("{year:04}-{month:02}-{day:02}"),
        format!("{hour:02}:{minute:02}:{second:02}"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_utc() {
        assert_eq!(date(1_764_000_065), "2025-11-24 16:01:05 UTC");
        assert_eq!(stamp(1_764_000_065), "2025-11-24T16:01:05Z");
        assert_eq!(date(i64::MAX), "9223372036854775807 s since 1970");
    }
}
