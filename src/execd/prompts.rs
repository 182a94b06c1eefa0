//! Ticks: when to scrape, and when to stop.
//!
//! Telegraf prompts with a newline on stdin or with SIGHUP, SIGUSR1 or SIGUSR2, whichever it is configured with, and
//! does not say which. All are answered, always. Nothing waits for the answer, so prompts pile up while a scrape is slow
//! or stdout is not read: only their number is kept, and whoever serves one serves all before it, and says how many.
//!
//! Knows numbers only; what they come from is [`super::attendant`]'s.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What has been asked of us so far.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// Prompts before the word to stop.
    prompts: u64,
    /// Telegraf is done with us.
    stop: Option<(Stop, Instant)>,
    /// When the last one came.
    last: Option<Instant>,
    /// What was between the last ones, the newest first.
    gaps: [Option<Duration>; 3],
    /// What is between two of our own.
    own: Option<Duration>,
}

/// Prompts that are closer are one tick's: by a signal and stdin, or after Telegraf was held up.
const ONE_TICK: Duration = Duration::from_millis(100);

impl Asked {
    fn came(&mut self, prompts: u64, now: Instant) {
        self.prompts += prompts;
        let gap = self.last.replace(now).map(|last| now.duration_since(last));
        if let Some(gap) = gap.filter(|&gap| gap >= ONE_TICK) {
            self.gaps = [Some(gap), self.gaps[0], self.gaps[1]];
        }
    }

    /// Our own one, which nobody has to learn. Else, for a prompt may be late, and the gap behind it is too short then, the
    /// middle one of the last three gaps, and the longer one of two; in whole seconds, which intervals are. One that is told
    /// too short is the worse mistake: an interval would seem to begin that is under way, and of which another may have written.
    fn interval(&self) -> Option<Duration> {
        if self.own.is_some() {
            return self.own;
        }
        let mut gaps: Vec<_> = self.gaps.into_iter().flatten().collect();
        gaps.sort_unstable();
        let gap = gaps.get(gaps.len() / 2)?;
        let step = if *gap < Duration::from_millis(900) {
            Duration::from_millis(50)
        } else {
            Duration::from_secs(1)
        };
        let steps = (gap.as_millis() + step.as_millis() / 2) / step.as_millis();
        Some(step * u32::try_from(steps.max(1)).ok()?)
    }
}

/// Who told us to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Telegraf stops its child by closing its stdin; a Telegraf that was killed does the same.
    StdinClosed,
    /// SIGTERM or SIGINT.
    Signal,
    /// Nobody reads our stdout any more.
    StdoutClosed,
}

/// The side that prompts come in at.
#[derive(Debug, Clone)]
pub struct Prompts(Arc<watch::Sender<Asked>>);

impl Prompts {
    /// Nothing asked yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Asked::default())))
    }

    /// The side that ticks come out at. Each receiver sees all of them.
    #[must_use]
    pub fn ticks(&self) -> Ticks {
        Ticks {
            asked: self.0.subscribe(),
            served: 0,
        }
    }

    /// Prompts of our own come at this interval, however late one of them is.
    pub(crate) fn are_own(&self, interval: Duration) {
        self.0.send_modify(|asked| asked.own = Some(interval));
    }

    /// One more prompt, our own.
    pub fn tick(&self) {
        self.prompted(1);
    }

    /// So many more prompts. After the word to stop they are nobody's.
    pub(super) fn prompted(&self, prompts: u64) {
        self.0.send_if_modified(|asked| {
            let counts = prompts > 0 && asked.stop.is_none();
            if counts {
                asked.came(prompts, Instant::now());
            }
            counts
        });
    }

    /// Nobody reads what we write: stop.
    pub fn stdout_closed(&self) {
        self.stop(Stop::StdoutClosed);
    }

    /// When the word to stop came.
    pub(super) fn stopped(&self) -> Option<Instant> {
        self.0.borrow().stop.map(|(_, when)| when)
    }

    pub(super) fn stop(&self, why: Stop) {
        self.0.send_if_modified(|asked| {
            let first = asked.stop.is_none();
            asked.stop.get_or_insert_with(|| (why, Instant::now()));
            first
        });
    }
}

/// Ticks as one scraper sees them.
#[derive(Debug, Clone)]
pub struct Ticks {
    asked: watch::Receiver<Asked>,
    served: u64,
}

impl Ticks {
    /// Waits for prompts that were not served yet, and takes them all: their number. `None` when there are none and none
    /// will come. A prompt that came before the word to stop is still served: with `telegraf --test` both come at once.
    pub async fn next(&mut self) -> Option<u64> {
        let served = self.served;
        // The sender lives as long as the program; should it ever be gone, there is nothing left to wait for.
        let due = self
            .asked
            .wait_for(|asked| asked.prompts > served || asked.stop.is_some());
        due.await.ok()?;
        Some(self.rest()).filter(|&prompts| prompts > 0)
    }

    /// Takes what was not served by now: so many prompts.
    pub fn rest(&mut self) -> u64 {
        let prompts = self.asked.borrow().prompts;
        prompts - std::mem::replace(&mut self.served, prompts)
    }

    /// Waits for the word to stop: when it came.
    pub async fn stopped(&mut self) -> Instant {
        match self.asked.wait_for(|asked| asked.stop.is_some()).await.as_deref() {
            Ok(Asked {
                stop: Some((_, when)),
                ..
            }) => *when,
            // As above: without a sender nothing is left to wait for.
            _ => Instant::now(),
        }
    }

    /// Waits until there is something to serve, or is known to be: the first prompt, or prompts of our own. False if the word
    /// to stop came with it, as with `--test`.
    pub async fn begun(&mut self) -> bool {
        let begun = self
            .asked
            .wait_for(|asked| asked.prompts > 0 || asked.own.is_some() || asked.stop.is_some());
        begun.await.is_ok_and(|asked| asked.stop.is_none())
    }

    /// How long it is from prompt to prompt, where they are our own or there were two.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.asked.borrow().interval()
    }

    /// When the last prompt came, if any did.
    #[must_use]
    pub fn prompted_at(&self) -> Option<Instant> {
        self.asked.borrow().last
    }

    /// Whether there was but one prompt so far: `--test` and `--once` wait for what it brings.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.asked.borrow().prompts <= 1
    }

    /// Whether to stop because nobody reads our stdout any more: then there is no point in finishing anything.
    #[must_use]
    pub fn is_stdout_closed(&self) -> bool {
        matches!(self.asked.borrow().stop, Some((Stop::StdoutClosed, _)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A runtime without clocks: nothing here waits for time.
    fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let waker = std::task::Waker::noop();
        match future.as_mut().poll(&mut std::task::Context::from_waker(waker)) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }

    /// The interval, as it is known with a prompt so much later.
    async fn learnt_after(prompts: &Prompts, ticks: &Ticks, millis: u64) -> Option<Duration> {
        tokio::time::advance(Duration::from_millis(millis)).await;
        prompts.tick();
        ticks.interval()
    }

    #[tokio::test(start_paused = true)]
    async fn the_interval_is_learnt_from_prompts() {
        let prompts = Prompts::new();
        let ticks = prompts.ticks();
        let after = |millis| learnt_after(&prompts, &ticks, millis);
        assert_eq!(after(3_000).await, None);
        assert_eq!(after(10_400).await, Some(Duration::from_secs(10)));
        assert_eq!(after(9_600).await, Some(Duration::from_secs(10)), "one was late");
        assert_eq!(
            after(5).await,
            Some(Duration::from_secs(10)),
            "one tick asked twice"
        );
        assert_eq!(
            after(30_010).await,
            Some(Duration::from_secs(10)),
            "one was very late"
        );
        assert_eq!(
            after(30_000).await,
            Some(Duration::from_secs(30)),
            "it is another one now"
        );
    }

    /// Members that share nodes have to have the same intervals, or one node is written twice in one.
    #[tokio::test(start_paused = true)]
    async fn a_prompt_that_is_late_makes_no_shorter_interval() {
        let prompts = Prompts::new();
        let ticks = prompts.ticks();
        let after = |millis| learnt_after(&prompts, &ticks, millis);
        for millis in [0, 1_000, 1_000] {
            after(millis).await;
        }
        for millis in [1_000, 1_240, 760, 1_000, 1_000, 1_400, 600, 1_000] {
            assert_eq!(after(millis).await, Some(Duration::from_secs(1)), "{millis}");
        }
        prompts.are_own(Duration::from_millis(1_500));
        assert_eq!(after(700).await, Some(Duration::from_millis(1_500)));
    }

    /// What was asked while the process stood still comes at once, right before the next prompt.
    #[tokio::test(start_paused = true)]
    async fn who_stood_still_learns_no_shorter_interval() {
        let prompts = Prompts::new();
        let ticks = prompts.ticks();
        let after = |millis| learnt_after(&prompts, &ticks, millis);
        assert_eq!(after(0).await, None);
        assert_eq!(after(10_000).await, Some(Duration::from_secs(10)));
        let found = after(4_000).await;
        assert_eq!(found, Some(Duration::from_secs(10)), "of two");
        for millis in [10_000, 10_000, 25_000, 400, 10_000, 10_000] {
            assert_eq!(after(millis).await, Some(Duration::from_secs(10)), "{millis}");
        }
    }

    #[test]
    fn there_is_something_to_do_with_the_first_prompt_or_from_the_start_where_it_is_our_own() {
        let begun = |prompts: &Prompts| now_or_never(prompts.ticks().begun());
        let prompts = Prompts::new();
        assert_eq!(begun(&prompts), None);
        prompts.tick();
        assert_eq!(begun(&prompts), Some(true));
        prompts.stop(Stop::StdinClosed);
        assert_eq!(begun(&prompts), Some(false), "there is but one tick");
        let prompts = Prompts::new();
        prompts.are_own(Duration::from_secs(10));
        assert_eq!(begun(&prompts), Some(true));
        prompts.stop(Stop::Signal);
        assert_eq!(begun(&prompts), Some(false));
    }

    proptest! {
        /// Whatever comes in between, each prompt is in exactly one answer, until the word to stop.
        #[test]
        fn every_prompt_is_served_once(steps in prop::collection::vec(0..5_u64, 0..40)) {
            let prompts = Prompts::new();
            let mut ticks = prompts.ticks();
            let (mut asked, mut served) = (0, 0);
            for step in steps {
                prompts.prompted(step);
                asked += step;
                if step == 4 {
                    served += now_or_never(ticks.next()).flatten().unwrap_or_default();
                    prop_assert_eq!(served, asked);
                }
            }
            prompts.stop(Stop::Signal);
            prompts.prompted(7);
            served += now_or_never(ticks.next()).expect("ready").unwrap_or_default();
            prop_assert_eq!(served, asked);
            prop_assert_eq!(now_or_never(ticks.next()), Some(None));
            prop_assert_eq!(ticks.rest(), 0);
        }
    }
}
