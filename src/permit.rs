//! Whether what was scraped of a node may still leave: with several members each node is one's alone, and only for a while.
//!
//! Whoever writes asks right before it does, however long the batch has waited. Knows moments; who gives a permit, and why,
//! is [`crate::cluster`]'s.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the system is up, times in which it slept included: a member that slept has no right any more that it had
/// before, and must not think that no time went by.
#[must_use]
pub fn uptime() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    // Neither is ever negative.
    Duration::new(
        now.tv_sec.try_into().unwrap_or_default(),
        now.tv_nsec.try_into().unwrap_or_default(),
    )
}

/// The time of the clock on the wall, since 1970.
#[must_use]
pub fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Until when all permits of a member hold.
#[derive(Debug, Clone, Default)]
pub struct Fence(Arc<AtomicU64>);

impl Fence {
    /// Until this uptime from now on; not at all any more, without one.
    pub fn set(&self, until: Option<Duration>) {
        let nanos = until.map_or(0, |until| u64::try_from(until.as_nanos()).unwrap_or(u64::MAX));
        self.0.store(nanos, Ordering::SeqCst);
    }

    fn holds(&self) -> bool {
        uptime() < Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

/// To scrape one node, and to write of it. The one that is always there holds for ever.
#[derive(Debug, Clone, Default)]
pub struct Permit(Option<Arc<Limited>>);

#[derive(Debug)]
struct Limited {
    fence: Fence,
    is_over: AtomicBool,
    /// When it was given, as of [`uptime`]: nobody sets that clock.
    given: Duration,
    /// By how much clocks on the wall may differ.
    guard: Duration,
    /// When its node was scraped last, as of [`uptime`], and in which interval of the wall's clock.
    last: Mutex<Option<(Duration, u128)>>,
}

/// Whether an interval that began `into` ago, by the clock on the wall, is one's own, who has the node for `has_for`: whoever
/// had it before may have written in the one that was under way then, by a clock that is ahead of ours by `guard` at most.
#[must_use]
pub fn is_its_own(has_for: Duration, into: Duration, guard: Duration) -> bool {
    has_for > into + guard
}

impl Permit {
    /// One that holds as long as the fence does and nobody ends it, for intervals that begin from now on, where clocks on the
    /// wall differ by `guard` at most.
    #[must_use]
    pub fn new(fence: Fence, guard: Duration) -> Self {
        Self(Some(Arc::new(Limited {
            fence,
            is_over: AtomicBool::new(false),
            given: uptime(),
            guard,
            last: Mutex::default(),
        })))
    }

    /// Ends it, here and wherever it was handed to.
    pub fn end(&self) {
        if let Some(limited) = &self.0 {
            limited.is_over.store(true, Ordering::SeqCst);
        }
    }

    /// Whether it is the very one, and not another for the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Whether it holds by now.
    #[must_use]
    pub fn holds(&self) -> bool {
        let Some(limited) = &self.0 else { return true };
        !limited.is_over.load(Ordering::SeqCst) && limited.fence.holds()
    }

    /// Whether it holds for the interval that is under way `now`, by the wall. Where nobody knows how long intervals are, it
    /// does not: another may have written in the one that we are in.
    #[must_use]
    pub fn holds_in(&self, now: Duration, interval: Option<Duration>) -> bool {
        self.would_hold_in(uptime(), now, interval) && self.holds()
    }

    /// Whether the node may be scraped now. Not where it was in this very interval: a prompt that was taken up late, by a process
    /// that stood still, is of the one before, which is over. Prompts that come at an interval's end, and are early or late by
    /// a little, are a whole interval apart.
    #[must_use]
    pub fn begins(&self, now: Duration, interval: Option<Duration>) -> bool {
        self.would_begin(uptime(), now, interval) && self.holds()
    }

    fn would_begin(&self, uptime: Duration, now: Duration, interval: Option<Duration>) -> bool {
        let (Some(limited), Some(interval)) = (&self.0, interval) else {
            return true;
        };
        let number = now.as_nanos() / interval.as_nanos().max(1);
        // Nothing in here can be left half done.
        let mut last = limited.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_again =
            last.is_some_and(|(at, of)| of == number && uptime.saturating_sub(at) < interval * 3 / 4);
        if !is_again {
            *last = Some((uptime, number));
        }
        !is_again
    }

    fn would_hold_in(&self, uptime: Duration, now: Duration, interval: Option<Duration>) -> bool {
        let Some(limited) = &self.0 else { return true };
        let into = interval.map(|interval| {
            let nanos = now.as_nanos() % interval.as_nanos().max(1);
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        });
        let has_for = uptime.saturating_sub(limited.given);
        into.is_some_and(|into| is_its_own(has_for, into, limited.guard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_until_it_is_ended_or_the_fence_is_passed() {
        let fence = Fence::default();
        let permit = Permit::new(fence.clone(), Duration::ZERO);
        assert!(!permit.holds(), "nobody said until when");
        fence.set(Some(uptime() + Duration::from_secs(60)));
        assert!(permit.holds());
        fence.set(Some(uptime()));
        assert!(!permit.holds(), "the time is over");
        fence.set(Some(uptime() + Duration::from_secs(60)));
        permit.clone().end();
        assert!(!permit.holds());
        assert!(Permit::default().holds());
    }

    #[test]
    fn the_interval_in_which_it_was_given_is_another_ones() {
        let fence = Fence::default();
        fence.set(Some(Duration::MAX));
        let (given, seconds) = (uptime(), Duration::from_secs);
        let permit = Permit::new(fence, seconds(1));
        let interval = Some(seconds(10));
        let at = |so_much_later, wall| {
            permit.would_hold_in(given + seconds(so_much_later), seconds(wall), interval)
        };
        for (now, holds) in [(24, false), (25, false), (29, false), (30, true), (35, true)] {
            assert_eq!(at(now - 24, now), holds, "{now}");
        }
        for (now, holds) in [(30, false), (39, false), (40, true)] {
            assert_eq!(at(now - 29, now), holds, "{now}: clocks may differ by a second");
        }
        assert!(!permit.would_hold_in(given + seconds(60), seconds(35), None));
    }

    #[test]
    fn in_one_interval_it_begins_once() {
        let (given, interval) = (uptime(), Some(Duration::from_secs(10)));
        let permit = Permit::new(Fence::default(), Duration::ZERO);
        // A process that stood still takes the prompt of 10 up at 18, and that of 20 in time.
        let begins = [
            (4, true),
            (21, true),
            (23, false),
            (29, true),
            (30, true),
            (34, false),
            (44, true),
        ];
        for (second, does) in begins {
            let at = Duration::from_secs(second);
            assert_eq!(permit.would_begin(given + at, at, interval), does, "{second}");
        }
        assert!(Permit::default().begins(Duration::ZERO, interval));
        assert!(Permit::default().begins(Duration::ZERO, interval));
    }

    /// A clock that was an hour ahead when the node was taken over: set right, it does not keep the node from being scraped.
    #[test]
    fn a_clock_that_is_set_changes_nothing() {
        let (given, seconds) = (uptime(), Duration::from_secs);
        let permit = Permit::new(Fence::default(), seconds(1));
        for wall in [0, 3_600, 360_000] {
            assert!(permit.would_hold_in(given + seconds(20), seconds(wall), Some(seconds(10))));
            assert!(!permit.would_hold_in(given + seconds(5), seconds(wall + 6), Some(seconds(10))));
        }
    }
}
