//! How long to wait before the next try, so that an API server that is in trouble is left alone, and not asked by all members
//! at the same moment.
//!
//! Knows times and numbers. What is tried is others' business.

use std::time::Duration;

/// Before the first try that follows a failure.
const FIRST: Duration = Duration::from_secs(1);

/// Never longer, whatever failed how often, and whatever anybody asks for.
pub const LONGEST: Duration = Duration::from_secs(60);

/// Numbers that differ from member to member, and that is all that is wanted of them: Sebastiano Vigna's splitmix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A time between these two, to the millisecond.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_millis();
        let span = u64::try_from(span).unwrap_or(u64::MAX).max(1);
        least + Duration::from_millis(self.next() % span)
    }
}

/// Failures of one kind in a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct BackOff {
    failures: u32,
}

impl BackOff {
    /// Nothing failed since something went well.
    #[must_use]
    pub fn is_fresh(self) -> bool {
        self.failures == 0
    }

    /// It went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// It failed: how long to wait, and no less than what was asked for, within bounds.
    pub fn fail(&mut self, asked_for: Option<Duration>, random: &mut Random) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let least = asked_for.unwrap_or_default().min(LONGEST);
        random.between(doubled / 2, doubled).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_and_longer_up_to_a_bound_and_begins_anew() {
        for seed in 0..100 {
            let (mut back_off, mut random) = (BackOff::default(), Random::new(seed));
            for round in 0..2 {
                let mut bound = FIRST;
                for _ in 0..40 {
                    let wait = back_off.fail(None, &mut random);
                    assert!(
                        wait >= bound / 2 && wait <= bound,
                        "{round}: {wait:?} of {bound:?}"
                    );
                    bound = (bound * 2).min(LONGEST);
                }
                assert!(!back_off.is_fresh());
                back_off.reset();
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_given_within_bounds() {
        let mut random = Random::new(1);
        let mut wait = |asked| BackOff::default().fail(Some(Duration::from_secs(asked)), &mut random);
        assert_eq!(wait(7), Duration::from_secs(7));
        assert_eq!(wait(86_400), LONGEST);
        assert!(wait(0) >= FIRST / 2);
    }

    #[test]
    fn members_differ() {
        let of = |seed| Random::new(seed).between(Duration::ZERO, LONGEST);
        let mut waits: Vec<_> = (0..100).map(of).collect();
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 90, "{waits:?}");
    }
}
