//! What is asked, step by step.

use super::*;
use crate::client::Unreached;
use crate::json::Malformed;
use crate::redact::Redacted;

const SHORT: Duration = Duration::from_secs(1);

fn status(code: u16, retry_after: Option<u64>) -> DiscoveryError {
    DiscoveryError::Status {
        code,
        said: Redacted::ours(""),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

fn away() -> DiscoveryError {
    DiscoveryError::Unreached(Unreached::UnknownName)
}

fn garbage() -> DiscoveryError {
    DiscoveryError::NotNodes(Malformed {
        at: 0,
        wanted: "a list",
    })
}

fn list(next: Option<&str>, limit: u32) -> Ask {
    Ask::List {
        next: next.map(str::to_owned),
        limit,
    }
}

/// The version that the watch asks to go on from.
fn watched(course: &mut Course) -> String {
    match course.ask() {
        Ask::Watch { version, lasts } => {
            assert!(lasts >= SHORTEST_WATCH && lasts <= LONGEST_WATCH, "{lasts:?}");
            version
        }
        ask @ Ask::List { .. } => panic!("{ask:?}"),
    }
}

/// One that watches from version 7.
fn watching() -> Course {
    let mut course = Course::new(1);
    assert_eq!(course.ask(), list(None, PAGE));
    assert!(course.page("7".to_owned(), None));
    assert_eq!(watched(&mut course), "7");
    course
}

#[test]
fn pages_are_asked_for_until_there_is_no_more_and_then_one_watch_after_another() {
    let mut course = Course::new(1);
    assert_eq!(course.ask(), list(None, PAGE));
    assert!(!course.page("7".to_owned(), Some("a".to_owned())));
    assert_eq!(course.ask(), list(Some("a"), PAGE));
    assert!(course.page("7".to_owned(), None));
    assert_eq!(watched(&mut course), "7");
    course.told(Some("8".to_owned()));
    course.told(None);
    let rest = course.ended(SHORT);
    assert!(!rest.is_trouble && rest.wait <= PAUSE);
    assert_eq!(watched(&mut course), "8");
}

#[test]
fn members_watch_for_different_times() {
    let lasts = |seed| {
        let mut course = Course::new(seed);
        course.page(String::new(), None);
        course.ask()
    };
    assert_ne!(lasts(1), lasts(2));
}

#[test]
fn what_expired_is_listed_anew_at_once_and_after_a_while_if_it_does_so_again() {
    let mut course = watching();
    let rest = course.failed(&status(410, None));
    assert_eq!(rest.wait, Duration::ZERO);
    assert!(!rest.is_trouble);
    assert_eq!(course.ask(), list(None, PAGE));
    assert!(course.page("9".to_owned(), None));
    assert_eq!(watched(&mut course), "9");
    let rest = course.failed(&status(410, None));
    assert!(rest.is_trouble && rest.wait >= SHORT / 2);
    // A token for the next page.
    course.page("9".to_owned(), Some("a".to_owned()));
    assert_eq!(course.failed(&status(410, None)).wait, Duration::ZERO);
    assert_eq!(course.ask(), list(None, PAGE));
    course.page("9".to_owned(), Some("a".to_owned()));
    assert!(course.failed(&status(410, None)).is_trouble);
}

#[test]
fn a_page_that_failed_is_asked_for_again_later_and_later() {
    let mut course = Course::new(1);
    course.page("7".to_owned(), Some("a".to_owned()));
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        for error in [away(), status(503, None), status(403, None)] {
            let rest = course.failed(&error);
            assert!(rest.is_trouble);
            longest = longest.max(rest.wait);
            assert_eq!(course.ask(), list(Some("a"), PAGE));
        }
    }
    assert!(longest > 30 * SHORT, "{longest:?}");
    course.page("7".to_owned(), None);
    course.relist();
    assert!(course.failed(&away()).wait <= SHORT, "begins anew");
}

#[test]
fn a_page_that_is_too_large_is_asked_for_in_halves() {
    let mut course = Course::new(1);
    for limit in [50, 25, 12, 6, 3, 1] {
        assert!(!course.failed(&DiscoveryError::TooLarge(7)).is_trouble);
        assert_eq!(course.ask(), list(None, limit));
    }
    assert!(course.failed(&DiscoveryError::TooLarge(7)).is_trouble);
}

#[test]
fn a_server_that_is_away_or_says_no_costs_no_list() {
    for error in [
        away(),
        status(401, None),
        status(403, None),
        status(429, Some(5)),
        status(503, None),
    ] {
        let mut course = watching();
        assert!(course.failed(&error).is_trouble);
        assert_eq!(watched(&mut course), "7", "{error}");
    }
    assert_eq!(watching().failed(&status(429, Some(5))).wait, 5 * SHORT);
}

#[test]
fn what_nobody_could_read_or_goes_on_from_nowhere_is_listed_anew() {
    for error in [
        garbage(),
        DiscoveryError::LongEvent(7),
        status(400, None),
        status(504, None),
        status(500, None),
    ] {
        let mut course = watching();
        let rest = course.failed(&error);
        assert!(rest.is_trouble && rest.wait >= SHORT / 2, "{error}");
        assert_eq!(course.ask(), list(None, PAGE), "{error}");
        // A list that is good is none that this ends with.
        course.page("7".to_owned(), None);
        let mut wait = Duration::ZERO;
        for _ in 0..9 {
            watched(&mut course);
            wait = course.failed(&error).wait;
            course.page("7".to_owned(), None);
        }
        assert!(wait >= 30 * SHORT, "{error}: {wait:?}");
    }
}

#[test]
fn watches_that_end_as_they_begin_are_trouble_from_the_second_on() {
    let mut course = watching();
    assert!(course.is_sound());
    assert!(!course.ended(SHORT).is_trouble);
    for _ in 0..9 {
        assert!(!course.is_sound());
        assert_eq!(watched(&mut course), "7");
        assert!(course.ended(SHORT).is_trouble);
    }
    assert_eq!(watched(&mut course), "7");
    assert!(course.ended(SHORT).wait >= 30 * SHORT);
    // What failed otherwise is over with the next one that begins.
    course.failed(&away());
    assert!(course.is_sound());
    assert!(!course.ended(SHORT).is_trouble);
    assert!(!course.is_sound());
    // One that lasts is none of them, whatever it tells.
    assert!(!course.ended(STEADY).is_trouble);
    assert!(course.is_sound());
    assert_eq!(watched(&mut course), "7");
}

#[test]
fn a_watch_that_falls_silent_goes_on_and_one_that_never_spoke_is_listed_anew() {
    let mut course = watching();
    course.told(Some("8".to_owned()));
    assert!(!course.silent().is_trouble);
    assert_eq!(watched(&mut course), "8");
    assert!(!course.silent().is_trouble);
    assert_eq!(course.ask(), list(None, PAGE));
}
