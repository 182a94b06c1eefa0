//! One summary into one batch of lines, always in the same order.
//!
//! Runs at every tick on every node: text goes straight from the body into one buffer that is used again, a pod's tags
//! are escaped once, and nothing is allocated per line. Nothing is held that a body may have any number of, but lines, and
//! a few numbers for each.

use std::sync::Arc;

use super::discovery::{self, DiscoveryReport};
use super::kept::Kept;
use super::line::Limits;
use super::listed::{self, Listed};
use super::metadata::{self, Known, Seen};
use super::samples::{self, Samples};
use super::schema::reserved;
use super::scrape::{self, ScrapeReport};
use super::settings::Settings;
use super::tick::Tick;
use super::unlisted;
use crate::batch::Batch;
use crate::json::{Rejected, SteppedOver, Unknown};
use crate::summary::{self, NotASummary};

/// How many bytes of lines a body may make: so many for each of its own, and some. Kubelets' make about as many as they
/// have, and with the longest names that Kubernetes allows four times as many.
const MOST_LINES: (usize, usize) = (8, 1024 * 1024);

/// How many series a body may make. A node of two thousand pods makes half as many as the greater number, most of them its
/// own interfaces, which each pod on the host's network has as well. Those beyond the smaller are counted before they are
/// made, so that a body of a million costs nothing.
const MOST_SERIES: [u64; 2] = [30_000, 100_000];

/// What became of one summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Lines made.
    pub lines: u64,
    /// Pods in the summary, let through or not.
    pub pods: u64,
    /// Their containers, let through or not.
    pub containers: u64,
    /// Keys in the summary that no type has: a newer kubelet's.
    pub unknown: u64,
    /// Values left out because no field can hold them.
    pub out_of_range: u64,
    /// Values left out because they are not of the API's type.
    pub rejected: Rejected,
    /// Lines left out because their names are too long, or none.
    pub lines_left_out: u64,
    /// Labels of user metrics left out because another tag has their key.
    pub labels_left_out: u64,
    /// Entries put aside because another one is the same series.
    pub duplicates: u64,
    /// What was left out of the metadata; each pod's, where it would have been too much for one answer's lines.
    pub metadata_left_out: u64,
}

impl Rendered {
    /// Everything that was left out and is in no other line.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.out_of_range
            + self.rejected.count
            + self.lines_left_out
            + self.labels_left_out
            + self.metadata_left_out
    }
}

/// Why no lines are made of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It is no summary.
    NotASummary(NotASummary),
    /// Its lines would be more, or longer, than those of any node.
    TooMuch,
    /// Only with timestamps of the samples: there are more of these than are remembered.
    TooManySamples,
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotASummary(error) => error.fmt(f),
            Self::TooMuch => f.write_str(
                "the answer is no node's: it makes more than 100000 series, or more than eight bytes of lines for each \
                 of its own",
            ),
            Self::TooManySamples => write!(
                f,
                "the answer is no node's: it has more than {} samples, each of which is remembered with timestamp = \"sample\", \
                 and none with timestamp = \"gather\"",
                samples::MOST
            ),
        }
    }
}

impl std::error::Error for Unusable {}

impl From<NotASummary> for Unusable {
    fn from(error: NotASummary) -> Self {
        Self::NotASummary(error)
    }
}

/// What is remembered of one node from answer to answer, so that one renderer may serve any number of them.
#[derive(Debug, Default)]
pub struct OfNode {
    name: String,
    /// Only with timestamps of the samples.
    samples: Samples,
    /// What is known of its pods beside the summary. Nothing, where it is not asked for.
    pub metadata: Metadata,
    /// What an API server lists of it, where it is discovered.
    pub listed: Option<Arc<Listed>>,
}

/// What is known of a node's pods from `/pods`, and how much of that the last summary had.
#[derive(Debug, Default)]
pub struct Metadata {
    known: Arc<Known>,
    /// What the last good summary had of it.
    had: Seen,
    /// What the summary at hand has.
    seen: Seen,
    /// Pods that the summary does not list are told of.
    is_fresh: bool,
}

impl Metadata {
    /// From now on this is known; what it has no more of pods that the last summary had stays.
    pub fn learn(&mut self, known: Arc<Known>) {
        self.known = metadata::carry(&self.known, &mut self.had, known);
        self.is_fresh = true;
    }

    /// It is so old by now that what the summary does not list may not be there any more.
    pub fn is_stale(&mut self) {
        self.is_fresh = false;
    }
}

impl OfNode {
    /// The node's name as the last answer gave it; empty before that.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Turns summaries into batches, for ever with the same memory.
pub struct Renderer(Kept);

impl Renderer {
    /// A renderer with these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self(Kept::new(settings))
    }

    /// The node's name as the last answer gave it; empty before that.
    #[must_use]
    pub fn node_name(&self) -> &str {
        &self.0.node_name
    }

    /// What was put aside first in the last answer, where anything was.
    #[must_use]
    pub fn first_duplicate(&self) -> Option<&str> {
        self.0.page.aside()
    }

    /// In the answers to come, so many of the keys that no type has are to be named. Counted they are in any case.
    pub fn name_unknown(&mut self, most: usize) {
        self.0.names = most;
    }

    /// The keys of the last answer that no type has; none if it was no summary.
    #[must_use]
    pub fn unknown(&self) -> &Unknown {
        &self.0.unknown
    }

    /// The same as [`Renderer::render`], for one of several nodes.
    ///
    /// # Errors
    /// As there.
    pub fn render_for(
        &mut self,
        node: &mut OfNode,
        body: &[u8],
        arrived: i64,
        batch: &mut Batch,
    ) -> Result<Rendered, Unusable> {
        self.swap(node);
        let rendered = self.render_with(&mut node.metadata, body, arrived, batch);
        self.swap(node);
        rendered
    }

    /// Puts what is remembered of that node in the place of what is at hand.
    fn swap(&mut self, node: &mut OfNode) {
        std::mem::swap(&mut self.0.node_name, &mut node.name);
        std::mem::swap(&mut self.0.listed, &mut node.listed);
        if let Some(samples) = self.0.page.line.samples() {
            std::mem::swap(samples, &mut node.samples);
        }
    }

    /// Makes the lines of `body`, each with the timestamp `arrived` (nanoseconds since 1970), into `batch`, which is
    /// emptied first.
    ///
    /// # Errors
    /// The body is no summary; then `batch` is empty.
    pub fn render(&mut self, body: &[u8], arrived: i64, batch: &mut Batch) -> Result<Rendered, Unusable> {
        self.render_with(&mut Metadata::default(), body, arrived, batch)
    }

    fn render_with(
        &mut self,
        metadata: &mut Metadata,
        body: &[u8],
        arrived: i64,
        batch: &mut Batch,
    ) -> Result<Rendered, Unusable> {
        batch.empty();
        let (text, order) = (std::mem::take(&mut batch.text), std::mem::take(&mut batch.order));
        self.0.page.line.begin(text, order, arrived);
        let mut outcome = self.read(body, metadata);
        let mut metadata_left_out = metadata.known.left_out() + metadata.known.rejected();
        let is_too_much = matches!(outcome, Err(Unusable::TooMuch | Unusable::TooManySamples));
        if is_too_much && !metadata.known.is_empty() {
            // Tags stand on every line of a pod, and pods that nobody lists have lines, too. No number is lost for them.
            outcome = self.read(body, &mut Metadata::default());
            metadata_left_out += metadata.known.pods() as u64;
        }
        if outcome.is_ok() {
            std::mem::swap(&mut metadata.had, &mut metadata.seen);
        }
        self.0.page.rest();
        let counts = *self.0.page.line.counts();
        (batch.text, batch.order) = self.0.page.line.end(outcome.is_ok());
        if outcome.is_err() {
            batch.clear();
        }
        self.0.unknown = Unknown::default();
        let SteppedOver { rejected, unknown } = outcome?;
        self.0.unknown = unknown;
        Ok(Rendered {
            lines: counts.lines,
            pods: counts.pods,
            containers: counts.containers,
            unknown: self.0.unknown.count(),
            out_of_range: counts.out_of_range,
            rejected,
            lines_left_out: counts.lines_left_out,
            labels_left_out: counts.labels_left_out,
            duplicates: counts.duplicates,
            metadata_left_out,
        })
    }

    /// Makes the lines of a body, as many as there may be.
    fn read(&mut self, body: &[u8], metadata: &mut Metadata) -> Result<SteppedOver, Unusable> {
        let (each, some) = MOST_LINES;
        let Metadata {
            known,
            seen,
            is_fresh,
            ..
        } = metadata;
        let bytes = (body.len() + known.bytes())
            .saturating_mul(each)
            .saturating_add(some);
        for series in MOST_SERIES {
            self.0.page.line.limit(Limits { bytes, series });
            let stepped_over = summary::read(body, self.0.names, &mut Tick::new(&mut self.0, known, seen))?;
            if *is_fresh {
                unlisted::pods(&mut self.0, known, seen);
            }
            if !self.0.page.line.is_too_much() {
                return Ok(stepped_over);
            }
            if self.0.page.line.has_too_many_samples() {
                return Err(Unusable::TooManySamples);
            }
            if self.0.page.line.counts().series > MOST_SERIES[1] {
                break;
            }
        }
        Err(Unusable::TooMuch)
    }

    /// Appends the line about the scrape itself.
    pub fn push_report(report: &ScrapeReport<'_>, at: i64, batch: &mut Batch) {
        let start = batch.text.len();
        scrape::push(&mut batch.text, report);
        end(batch, start, at);
    }

    /// Appends the line about the nodes that are discovered.
    pub fn push_discovery(report: &DiscoveryReport<'_>, at: i64, batch: &mut Batch) {
        let start = batch.text.len();
        discovery::push(&mut batch.text, report);
        end(batch, start, at);
    }
}

/// What is listed of a node, for its lines: its labels, whose keys come but once, and values in the order of the schema's rows
/// for them.
#[must_use]
pub fn listed_of(labels: &[(String, String)], values: [Option<u64>; listed::VALUES]) -> Listed {
    Listed::new(labels, values, &reserved())
}

/// Ends a line with its time.
fn end(batch: &mut Batch, start: usize, at: i64) {
    batch.text.extend_from_slice(format!(" {at}\n").as_bytes());
    batch.push(start);
}
