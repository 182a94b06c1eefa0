//! What is known of a kubelet before it was ever asked, because an API server lists its node; and a node of which no address
//! is known, so that nobody can be asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use log::Level;
use tokio::sync::watch;

use super::voice::Voice;
use crate::batch::Batch;
use crate::crowd::{Crowd, Topic};
use crate::date;
use crate::execd::{Broken, Output, Prompts, Ticks};
use crate::kubelet::Cause;
use crate::lines::{Listed, Renderer, ScrapeReport};
use crate::pace::Phase;
use crate::permit::{self, Permit};

/// A node that is listed.
pub struct OneOfMany {
    /// Its name.
    pub node: String,
    /// For how long it is ours.
    pub permit: Permit,
    /// When in an interval it is asked.
    pub phase: Phase,
    /// What is listed of it, as it is now.
    pub listed: watch::Receiver<Arc<Listed>>,
    /// All of them, for the log.
    pub crowd: Crowd,
    /// Whether anything was written of it.
    pub is_told: Arc<AtomicBool>,
}

impl OneOfMany {
    /// Waits for its part of the interval, which began with the prompt: a tick that is taken up late, because the one before
    /// lasted, is not put off by as much again. False if what is asked for in this interval is not ours.
    pub(super) async fn is_due(&self, ticks: &mut Ticks) -> bool {
        let interval = ticks.interval();
        if !self.permit.holds_in(permit::wall(), interval) {
            return false;
        }
        let moment = interval
            .filter(|_| !ticks.is_first())
            .and_then(|interval| Some(ticks.prompted_at()? + self.phase.of(interval)));
        if let Some(moment) = moment {
            tokio::select! {
                biased;
                _ = ticks.stopped() => {}
                () = tokio::time::sleep_until(moment) => {}
            }
        }
        self.permit.begins(permit::wall(), interval)
    }

    /// The batch is of it, and about to be written.
    pub(super) fn tells(&self, batch: &mut Batch) {
        batch.permit = self.permit.clone();
        self.is_told.store(true, Ordering::Relaxed);
    }
}

/// A node that lists no address at which anybody could be asked: at each tick it has the line of a scrape that failed, or
/// nobody would miss it.
pub struct Nowhere {
    known: OneOfMany,
    output: Output,
}

impl Nowhere {
    pub(super) fn new(known: OneOfMany, output: Output) -> Self {
        Self { known, output }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.known.node
    }

    /// Serves every tick until told to stop.
    ///
    /// # Errors
    /// Stdout is broken; `prompts` was told, so that everything else stops too.
    pub async fn run(self, prompts: Prompts, mut ticks: Ticks) -> Result<(), Broken> {
        let Self { known, output } = self;
        let voice = Voice::of_node(&known.node, None, known.crowd.clone());
        let cause = Cause::NoAddress;
        while let Some(prompts_due) = ticks.next().await {
            if !known.is_due(&mut ticks).await {
                continue;
            }
            voice.says(
                Level::Error,
                Topic::Fails(cause.word()),
                "it lists no address of a type in node_address_types that can be asked: see `kubectl get nodes -o wide`, and add a \
                 type that it has, or leave it out with node_exclude",
            );
            let report = ScrapeReport {
                node_name: &known.node,
                result: cause.word(),
                result_code: cause.code(),
                ticks_merged: prompts_due.saturating_sub(1),
                ..ScrapeReport::default()
            };
            let mut batch = Batch::default();
            Renderer::push_report(&report, date::nanoseconds(SystemTime::now()), &mut batch);
            known.tells(&mut batch);
            if let Err(broken) = output.write(batch).await.1 {
                prompts.stdout_closed();
                return Err(broken);
            }
        }
        Ok(())
    }
}
