//! Whether it is our clock that is wrong, and not what it is compared with.
//!
//! A certificate or token that is not valid yet was made by someone whose clock is ahead of ours. One that is over says
//! nothing by itself; when all that we have is over for long, the clock is likelier wrong than all of them.

use super::finding::Mend;
use super::text::span;
use crate::client::certificate::Facts;
use crate::client::inspect::Who;
use crate::date::date;

/// No right clock is before it, in seconds since 1970: 2026-11-01, when this program was being written. A later date would
/// tell more, and an earlier one is never wrong.
const MADE: i64 = 1_793_491_200;

const DAY: i64 = 86_400;

/// Less is a clock that is not synchronized, or a certificate made a moment ago; it is told as such.
const MUCH: i64 = 30 * DAY;

/// Why the clock has to be wrong by much; `None` where nothing says so.
pub fn wrong(shown: Option<&Facts>, who: &Who, now: i64) -> Option<String> {
    let mut from = vec![(MADE, "this program was made")];
    let mut until = Vec::new();
    if let Some(shown) = shown {
        from.push((shown.not_before, "the kubelet's certificate was made"));
        until.push(shown.not_after);
    }
    match who {
        Who::Token(Some(claims)) => {
            from.extend(claims.issued.map(|issued| (issued, "our token was made")));
            until.extend(claims.expires);
        }
        Who::Certificate(facts) => {
            from.push((facts.not_before, "our certificate was made"));
            until.push(facts.not_after);
        }
        Who::Token(None) | Who::Nobody => {}
    }
    let (latest, what) = from.into_iter().max()?;
    if latest.saturating_sub(now) > MUCH {
        return Some(format!(
            "our clock is behind by {}: {what} on {}",
            span(latest.saturating_sub(now)),
            date(latest)
        ));
    }
    let ahead = until.iter().map(|end| now.saturating_sub(*end)).min()?;
    (until.len() > 1 && ahead > MUCH).then(|| {
        format!(
            "our clock is likely ahead by {}: all that we have expired by then",
            span(ahead)
        )
    })
}

/// What to do about a clock.
pub fn mends() -> Vec<Mend> {
    vec![
        Mend::run(
            "see what this machine takes the time to be, and compare it with the node's",
            "date -u",
        ),
        Mend::run("let it be synchronized", "timedatectl set-ntp true"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Claims;

    fn token(issued: i64, expires: i64) -> Who {
        Who::Token(Some(Claims {
            issued: Some(issued),
            expires: Some(expires),
            ..Claims::default()
        }))
    }

    #[test]
    fn is_judged_by_what_was_made_after_it() {
        let now = MADE + 10 * DAY;
        assert_eq!(wrong(None, &token(now - DAY, now + DAY), now), None);
        assert_eq!(
            wrong(None, &token(now - 400 * DAY, now - 300 * DAY), now),
            None,
            "one alone says nothing"
        );
        let behind = wrong(None, &token(now + 365 * 5 * DAY, now + 365 * 6 * DAY), now).unwrap();
        assert!(behind.contains("behind by 5 years: our token"), "{behind}");
        let behind = wrong(None, &Who::Nobody, 0).unwrap();
        assert!(behind.contains("this program"), "{behind}");
    }
}
