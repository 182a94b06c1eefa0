//! When the log is told that one kubelet fails: when it begins, in each other way that it does, and once an hour.
//!
//! Knows texts and moments: who looks at a clock hands it in.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use tokio::time::Instant;

/// How often what lasts is told again.
const AGAIN: Duration = Duration::from_secs(3600);

/// More ways to fail within an hour tell nothing more.
const MOST_WAYS: usize = 16;

/// Failures in a row.
#[derive(Debug)]
pub struct Lasting {
    /// When it began.
    since: Instant,
    /// The last time, or the beginning, from which an hour is counted.
    hour: Instant,
    /// Ticks that failed, and how many of them within that hour.
    ticks: u64,
    of_hour: u64,
    /// Which ways were told in that hour.
    told: Vec<u64>,
}

/// That something is to be told.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// It fails, or in another way than before.
    Anew,
    /// It fails still, and an hour has passed.
    Still {
        /// How many ticks failed in that hour.
        ticks: u64,
        /// How long it has failed by now.
        lasts: Duration,
    },
}

impl Lasting {
    /// It fails from now on.
    pub fn new(now: Instant) -> Self {
        Self {
            since: now,
            hour: now,
            ticks: 0,
            of_hour: 0,
            told: Vec::new(),
        }
    }

    /// A tick failed, for this reason.
    pub fn fails(&mut self, why: &str, now: Instant) -> Option<Told> {
        let way = way(why);
        self.ticks += 1;
        if now.duration_since(self.hour) >= AGAIN {
            let ticks = std::mem::replace(&mut self.of_hour, 1);
            self.hour = now;
            self.told = vec![way];
            let lasts = now.duration_since(self.since);
            return Some(Told::Still { ticks, lasts });
        }
        self.of_hour += 1;
        let is_new = !self.told.contains(&way) && self.told.len() < MOST_WAYS;
        is_new.then(|| {
            self.told.push(way);
            Told::Anew
        })
    }

    /// How many ticks failed.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }
}

/// The same for reasons that differ in numbers alone: bytes that came, times, dates.
fn way(why: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for character in why.chars().filter(|character| !character.is_ascii_digit()) {
        character.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_secs(10);

    #[test]
    fn one_cause_is_told_when_it_begins_and_each_hour() {
        let begin = Instant::now();
        let (mut lasting, mut now) = (Lasting::new(begin), begin);
        assert_eq!(lasting.fails("no answer in 5s, 0 bytes", now), Some(Told::Anew));
        let mut told = Vec::new();
        for tick in 0..3 * 360 {
            now += TICK;
            told.extend(lasting.fails(&format!("no answer in 5s, {tick} bytes"), now));
        }
        let still = |hours: u64, ticks| Told::Still {
            ticks,
            lasts: AGAIN * u32::try_from(hours).unwrap(),
        };
        assert_eq!(told, [still(1, 360), still(2, 360), still(3, 360)]);
        assert_eq!(lasting.ticks(), 3 * 360 + 1);
    }

    #[test]
    fn another_cause_is_told_and_two_that_take_turns_once_each() {
        let now = Instant::now();
        let mut lasting = Lasting::new(now);
        let told = (0..100).filter_map(|tick| lasting.fails(["this", "that"][tick % 2], now));
        assert_eq!(told.collect::<Vec<_>>(), [Told::Anew, Told::Anew]);
        let told = (0..100).filter_map(|tick| lasting.fails(&"x".repeat(tick), now));
        assert_eq!(told.count(), MOST_WAYS - 2);
    }
}
