//! What `/pods` tells of one kubelet's pods: asked for beside the summary, and never in its way.
//!
//! Knows when to ask, and what became of it. The summary's lines wait for none of it: what is there when they are made is
//! in them, and an answer that fails leaves what was known before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use log::Level;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::voice::Voice;
use crate::crowd::Topic;
use crate::kubelet::{Cause, Question, ScrapeError, Scraper};
use crate::lines::Metadata;
use crate::lines::metadata::{Gatherer, Known};
use crate::pace::Runner;
use crate::pods::NotPods;
use crate::pool::Pool;

/// Prompts are early and late by a little; without some leeway every second one would be too early.
const LEEWAY: u32 = 20;

/// After so many intervals without an answer, nobody can say whether a pod that the summary does not list is there still.
const STALE: u32 = 3;

/// Who asks, and with what.
struct Asker {
    voice: Voice,
    scraper: Scraper,
    runner: Runner,
    pool: Pool,
    gatherer: Arc<Gatherer>,
    /// What the last good answer told: most of the next one is written like it.
    known: Arc<Known>,
}

/// Why there is no metadata.
#[derive(Debug)]
enum Failure {
    Scrape(ScrapeError),
    NotPods(NotPods),
}

/// What the one who asks and the one who makes lines have in common.
#[derive(Debug, Default)]
struct Shared {
    /// What the last good answer told, until it is taken over.
    fresh: Option<Arc<Known>>,
    /// What the last answer was.
    cause: Option<Cause>,
    /// When the last good one came, and how many pods it had.
    learned: Option<(Instant, u64)>,
}

/// What is asked of `/pods`, and what is known of it.
pub struct Beside {
    asker: Arc<tokio::sync::Mutex<Asker>>,
    shared: Arc<Mutex<Shared>>,
    interval: Duration,
    /// When the tick began in which it was last asked.
    asked: Option<Instant>,
    asking: Option<AbortHandle>,
}

/// What is told of it with each scrape.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// What the last answer was.
    pub cause: Option<Cause>,
    /// How old the last good one is.
    pub age: Option<Duration>,
    /// How many pods that one had.
    pub pods: Option<u64>,
}

impl Beside {
    /// Asks the kubelet that `scraper` asks for its summary, at most once in each interval.
    pub fn new(
        voice: Voice,
        scraper: &Scraper,
        runner: Runner,
        pool: Pool,
        gatherer: Arc<Gatherer>,
        interval: Duration,
    ) -> Self {
        let asker = Asker {
            voice,
            scraper: scraper.beside(Question::Pods),
            runner,
            pool,
            gatherer,
            known: Arc::default(),
        };
        Self {
            asker: Arc::new(tokio::sync::Mutex::new(asker)),
            shared: Arc::default(),
            interval,
            asked: None,
            asking: None,
        }
    }

    /// From now on this is how the log is told; before anything is asked.
    pub fn speaks_as(&mut self, voice: &Voice) {
        if let Some(asker) = Arc::get_mut(&mut self.asker) {
            asker.get_mut().voice = voice.clone();
        }
    }

    /// Asks, if it is time to and nobody is asking yet, and comes back at once. The tick at hand began at `tick`.
    ///
    /// Behind a summary its connection is free, which over HTTP/1.1 carries one question at a time; before one, or where this
    /// takes longer than until the next tick, there are two. Over HTTP/2 both are asked at once, over one.
    pub fn ask(&mut self, tick: Instant) {
        let early = self.interval / LEEWAY;
        let is_due = self
            .asked
            .is_none_or(|asked| tick.duration_since(asked).saturating_add(early) >= self.interval);
        let is_asking = self.asking.as_ref().is_some_and(|asking| !asking.is_finished());
        if !is_due || is_asking {
            return;
        }
        self.asked = Some(tick);
        let (asker, shared) = (Arc::clone(&self.asker), Arc::clone(&self.shared));
        let asking = tokio::spawn(async move {
            // Nobody else has it: two never ask.
            asker.lock().await.ask(&shared).await;
        });
        self.asking = Some(asking.abort_handle());
    }

    /// Takes over what came, and says what is to be told. From three intervals on in which nothing good came nothing is told
    /// of pods that are listed nowhere else.
    pub fn take_over(&mut self, metadata: &mut Metadata) -> Told {
        let mut shared = lock(&self.shared);
        if let Some(fresh) = shared.fresh.take() {
            metadata.learn(fresh);
        }
        let age = shared.learned.map(|(at, _)| at.elapsed());
        let fails = shared.cause != Some(Cause::Success);
        if fails && age.is_some_and(|age| age > self.interval.saturating_mul(STALE)) {
            metadata.is_stale();
        }
        Told {
            cause: shared.cause,
            age,
            pods: shared.learned.map(|(_, pods)| pods),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            asking.abort();
        }
    }
}

impl Asker {
    async fn ask(&mut self, shared: &Mutex<Shared>) {
        let outcome = self.learn().await;
        let mut shared = lock(shared);
        self.tell(&outcome, &shared);
        match outcome {
            Ok(known) => {
                shared.cause = Some(Cause::Success);
                shared.learned = Some((Instant::now(), known.listed()));
                self.known = known;
                shared.fresh = Some(Arc::clone(&self.known));
            }
            Err(failure) => shared.cause = Some(failure.cause()),
        }
    }

    async fn learn(&mut self) -> Result<Arc<Known>, Failure> {
        self.runner.turn().await;
        let beginning = self.scraper.begin().await.map_err(Failure::Scrape)?;
        let mut room = self.pool.beside().await;
        let read = self.scraper.read(beginning, &mut room.body).await;
        read.map_err(Failure::Scrape)?;
        self.gatherer
            .read_again(&room.body, &self.known)
            .map_err(Failure::NotPods)
    }

    /// One line when it begins to fail, or fails in another way, and one when it works again.
    fn tell(&self, outcome: &Result<Arc<Known>, Failure>, before: &Shared) {
        match (outcome, before.cause) {
            (Err(failure), cause) if cause != Some(failure.cause()) => {
                let kept = if before.learned.is_some() {
                    "; what was known before is used for the pods that are still there"
                } else {
                    ""
                };
                self.voice.says(
                    Level::Warn,
                    Topic::NoMetadata(failure.cause().word()),
                    format_args!(
                        "no metadata of pods: {failure}{kept}; told in kubelet_scrape's metadata_result_code at each tick, said \
                         here once"
                    ),
                );
            }
            (Ok(_), Some(cause)) if cause != Cause::Success => {
                let again = "metadata of pods comes again";
                self.voice.takes_back(Topic::NoMetadata(cause.word()), again);
            }
            _ => {}
        }
    }
}

impl Failure {
    fn cause(&self) -> Cause {
        match self {
            Self::Scrape(error) => error.cause(),
            Self::NotPods(_) => Cause::BadAnswer,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scrape(error) => error.about(Question::Pods).fmt(f),
            Self::NotPods(error) => error.fmt(f),
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // Nothing in here can be left half done.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
