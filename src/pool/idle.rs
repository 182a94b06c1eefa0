//! What lies here to be used again, and goes when nobody needs it.
//!
//! One busy moment needs many, and ever after a few do, each time the same ones: the last one that came back goes first. So
//! those below are not needed any more, and what each of them took in that moment is lost to all others for ever. Knows
//! nothing of what it keeps.

use std::time::Duration;

use tokio::time::Instant;

/// What was not needed for so long goes. Ticks that are further apart make it longer: it ends with the first one after it,
/// so that there is always a whole one within.
const SPAN: Duration = Duration::from_secs(60);

/// What nobody uses now.
#[derive(Debug)]
pub struct Idle<T> {
    kept: Vec<T>,
    /// When this span began.
    since: Instant,
    /// The fewest there were in it: so many, from the bottom on, were not needed.
    fewest: usize,
}

impl<T> Default for Idle<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            since: Instant::now(),
            fewest: 0,
        }
    }
}

impl<T> Idle<T> {
    /// The last one that came.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.kept.pop();
        self.fewest = self.fewest.min(self.kept.len());
        last
    }

    /// One more.
    pub fn push(&mut self, one: T) {
        self.kept.push(one);
    }

    /// Where a span is over, those that were not needed in it.
    pub fn unused(&mut self) -> Vec<T> {
        let now = Instant::now();
        if now.duration_since(self.since) < SPAN {
            return Vec::new();
        }
        let unused = self.kept.drain(..self.fewest).collect();
        self.since = now;
        self.fewest = self.kept.len();
        unused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tick that needs so many at once; what went before it.
    fn tick(idle: &mut Idle<usize>, at_once: usize) -> Vec<usize> {
        let unused = idle.unused();
        let taken: Vec<_> = (0..at_once).map(|new| idle.pop().unwrap_or(new)).collect();
        taken.into_iter().rev().for_each(|one| idle.push(one));
        unused
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_busy_moment_needed_goes_in_two_spans() {
        let mut idle = Idle::default();
        tick(&mut idle, 20);
        let mut gone = Vec::new();
        for _ in 0..13 {
            tokio::time::advance(SPAN / 6).await;
            gone.extend(tick(&mut idle, 1));
        }
        assert_eq!((gone.len(), idle.kept.len()), (19, 1));
        tokio::time::advance(2 * SPAN).await;
        idle.unused();
        tokio::time::advance(SPAN).await;
        assert_eq!(idle.unused().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_each_tick_needs_stays_however_far_apart_they_are() {
        for apart in [SPAN / 6, SPAN / 100 * 99, SPAN, SPAN / 100 * 101, 5 * SPAN] {
            let mut idle = Idle::default();
            for _ in 0..100 {
                assert_eq!(tick(&mut idle, 20), [0; 0], "{apart:?}");
                tokio::time::advance(apart).await;
            }
        }
    }
}
