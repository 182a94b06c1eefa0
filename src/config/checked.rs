//! The checked values: what the rest of the program receives, and cannot be wrong.
//!
//! Built only by this module's parent, from TOML and flags. Knows nothing of TOML itself.

use std::sync::Arc;
use std::time::Duration;

use crate::client::{self, Target};
use crate::execd::Destination;
use crate::kubelet::Question;
use crate::lines;

/// All that one process does: which kubelets, how often, how loud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// One per `[[inputs.kubelet]]` block, at least one.
    pub kubelets: Vec<Kubelet>,
    /// Whether the program ticks by itself.
    pub ticking: Ticking,
    /// Where the lines go. Never a socket without own ticks: nobody would prompt.
    pub output: Destination,
    /// How many answers are on their way into lines at a time; never zero.
    pub max_concurrent: usize,
    /// The least severe level that reaches stderr.
    pub log_level: log::LevelFilter,
}

/// Where ticks come from besides Telegraf's prompts, which are answered always.
///
/// Telegraf never tells its child which `signal` it is configured with, so a program that also ticked by itself
/// unasked would double every sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticking {
    /// Only when Telegraf prompts.
    Prompted,
    /// At this period too: Telegraf runs us with `signal = "none"`, or we run without Telegraf.
    Every(Duration),
}

/// One kubelet to scrape: which one, and in which way.
///
/// The ways are shared: kubelets whose blocks say the same of it have the very same [`client::Settings`] and [`lines::Settings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubelet {
    /// Where it answers, and the name that it has to prove.
    pub target: Target,
    /// How it is asked.
    pub client: Arc<client::Settings>,
    /// What it is asked: less than everything where less is written.
    pub question: Question,
    /// How often it is asked for its pods' metadata, at most, where any is wanted.
    pub metadata: Option<Duration>,
    /// What is written of its answer.
    pub lines: Arc<lines::Settings>,
}
