//! When each kubelet is asked within a tick: one after the other, and all of them within a small part of it.
//!
//! A thousand questions at once are a thousand handshakes in one burst: for this process, for the nodes' network, and for
//! the API server, which each kubelet asks about us. One kubelet alone never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::pool::Pool;

/// At least so much is between two starts, where there is time.
const STEP: Duration = Duration::from_millis(1);

/// All starts are within so much, or within this part of the interval where that is known and less.
const WITHIN: Duration = Duration::from_millis(500);
const PART: u32 = 10;

/// Timers are late by a little: those who are late by no more start at once.
const LATE: Duration = Duration::from_millis(4);

/// The one row that all starts stand in.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Row>);

#[derive(Debug)]
struct Row {
    within: Duration,
    pool: Pool,
    runners: AtomicU32,
    /// Before this nobody starts. Whoever is at the head of the row has it.
    next: Mutex<Instant>,
}

/// One who stands in the row at each tick, until dropped.
#[derive(Debug)]
pub struct Runner(Pace);

/// When in an interval one of many is asked: always at the same part of its first half, so that they are not all asked at
/// once, and each has the second half to answer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase(u32);

impl Phase {
    /// The phase that a hash of what is asked says.
    #[must_use]
    pub fn new(hash: u64) -> Self {
        Self(u32::try_from(hash >> 32).unwrap_or_default())
    }

    /// How long after the beginning of such an interval.
    #[must_use]
    pub fn of(self, interval: Duration) -> Duration {
        let nanos = interval.as_nanos() / 2 * u128::from(self.0) / (u128::from(u32::MAX) + 1);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
    }
}

impl Pace {
    /// For ticks at this interval, if anybody knows, and answers that need room in this pool.
    #[must_use]
    pub fn new(interval: Option<Duration>, pool: Pool) -> Self {
        Self(Arc::new(Row {
            within: interval.map_or(WITHIN, |interval| WITHIN.min(interval / PART)),
            pool,
            runners: AtomicU32::new(0),
            next: Mutex::new(Instant::now()),
        }))
    }

    /// One more.
    #[must_use]
    pub fn runner(&self) -> Runner {
        self.0.runners.fetch_add(1, Ordering::Relaxed);
        Runner(self.clone())
    }
}

impl Runner {
    /// Waits until it is its turn. Those who came first go first.
    pub async fn turn(&self) {
        let row = &*self.0.0;
        let mut next = row.next.lock().await;
        if *next > Instant::now() {
            sleep_until(*next).await;
        }
        row.pool.is_calm().await;
        let runners = row.runners.load(Ordering::Relaxed).max(1);
        let now = Instant::now();
        let earliest = now.checked_sub(LATE).unwrap_or(now);
        *next = earliest.max(*next) + STEP.min(row.within / runners);
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.0.0.runners.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long after the tick each of so many starts.
    async fn starts(runners: &[Runner]) -> Vec<Duration> {
        let tick = Instant::now();
        let mut starts = Vec::new();
        for runner in runners {
            runner.turn().await;
            starts.push(tick.elapsed());
        }
        starts
    }

    #[test]
    fn a_phase_is_in_the_first_half_of_the_interval() {
        let interval = Duration::from_secs(10);
        for (hash, millis) in [(0, 0), (u64::MAX / 2, 2_500), (u64::MAX, 5_000)] {
            let phase = Phase::new(hash).of(interval);
            assert!(
                phase < interval / 2 && phase.abs_diff(Duration::from_millis(millis)) < STEP,
                "{phase:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_alone_never_waits() {
        let pace = Pace::new(None, Pool::new(1));
        let alone = [pace.runner()];
        for _ in 0..3 {
            assert_eq!(starts(&alone).await, [Duration::ZERO]);
            tokio::time::advance(STEP).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_start_apart_and_within_a_small_part_of_the_interval() {
        for (interval, count) in [(None, 20), (None, 5_000), (Some(Duration::from_secs(1)), 1_000)] {
            let pace = Pace::new(interval, Pool::new(1));
            let runners: Vec<_> = (0..count).map(|_| pace.runner()).collect();
            for _ in 0..2 {
                let starts = starts(&runners).await;
                let within = interval.map_or(WITHIN, |interval| interval / PART);
                assert!(*starts.last().expect("one") <= within + LATE, "{starts:?}");
                // No more of them at once than there are in a few milliseconds.
                let step = STEP.min(within / count);
                let most = 3 * LATE.as_nanos() / step.as_nanos();
                let at_once = starts.chunk_by(|one, other| one == other).map(<[_]>::len);
                assert!(at_once.max().expect("one") as u128 <= most, "{starts:?}");
                tokio::time::advance(WITHIN).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_starts_while_answers_wait_for_room() {
        let pool = Pool::new(1);
        let pace = Pace::new(None, pool.clone());
        let runner = pace.runner();
        let room = pool.room().await;
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let pool = pool.clone();
            waiting.spawn(async move { drop(pool.room().await) });
        }
        tokio::task::yield_now().await;
        let turn = tokio::time::timeout(WITHIN, runner.turn());
        assert!(turn.await.is_err());
        drop(room);
        runner.turn().await;
        waiting.join_all().await;
    }
}
