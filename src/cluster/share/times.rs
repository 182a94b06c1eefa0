//! Moments and durations: all that is waited for follows from how long a Lease lasts.

use std::time::Duration;

/// A moment of one process' own clock, which need not be right and never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// So long after the clock began.
    #[must_use]
    pub fn new(since: Duration) -> Self {
        Self(since)
    }

    /// So much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long after `earlier` it is; nothing, where it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// How long after the clock began.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0
    }
}

/// What is waited for.
///
/// With the usual 15 s: a renewal each 2.5 s, writing for 9 s from when one was sent, others counted as alive for 11.5 s from
/// when one was seen. A member that is killed right after a renewal is seen once more up to 2.5 s later: 14 s, and one for
/// clocks on the wall that differ, are the 15 s after which its share is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    lease: Duration,
}

impl Times {
    /// Those of a Lease that lasts so long.
    #[must_use]
    pub fn new(lease: Duration) -> Self {
        Self { lease }
    }

    /// How long a Lease lasts.
    #[must_use]
    pub fn lease(self) -> Duration {
        self.lease
    }

    /// How often it is renewed, and the others' are looked at.
    #[must_use]
    pub fn renew_every(self) -> Duration {
        self.lease / 6
    }

    /// How often somebody new looks whether the others go by it, and after what time it is tried again what failed.
    #[must_use]
    pub fn retry_every(self) -> Duration {
        self.renew_every() / 5
    }

    /// How long a member may write from when it sent a renewal that was stored.
    #[must_use]
    pub fn writes_for(self) -> Duration {
        self.lease * 3 / 5
    }

    /// How long others count it as alive from when they saw a renewal: as long as all of it is over within the duration of
    /// the Lease, where a renewal is seen up to [`Times::renew_every`] after it was stored.
    #[must_use]
    pub fn alive_for(self) -> Duration {
        self.lease.saturating_sub(self.renew_every() + self.guard())
    }

    /// By how much clocks on the wall may differ.
    #[must_use]
    pub fn guard(self) -> Duration {
        self.lease / 15
    }

    /// After what time a Lease is removed that nobody renews.
    #[must_use]
    pub fn rotten_after(self) -> Duration {
        self.lease * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_stops_before_who_waits_begins() {
        for seconds in [3, 15, 60, 3600] {
            let times = Times::new(Duration::from_secs(seconds));
            // Clocks whose speeds differ by a quarter.
            assert!(times.writes_for() * 5 / 4 < times.alive_for());
            let seen_last = times.renew_every();
            assert!(seen_last + times.alive_for() + times.guard() <= times.lease());
            // Two renewals may fail.
            assert!(times.renew_every() * 3 < times.writes_for());
        }
    }
}
