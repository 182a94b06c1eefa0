//! The checked values: what the rest of the program receives, and cannot be wrong.
//!
//! Built only by this module's parent, from TOML and flags. Knows nothing of TOML itself.

use std::sync::Arc;
use std::time::Duration;

use super::naming::Naming;
use crate::client::{self, Target, Url};
use crate::cluster::{Selector, Wanted};
use crate::execd::Destination;
use crate::kubelet::{self, Question};
use crate::lines;

/// All that one process does: which kubelets, how often, how loud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// One per `[[inputs.kubelet]]` block that names one.
    pub kubelets: Vec<Kubelet>,
    /// One per block that stands for all nodes. With the others at least one.
    pub clusters: Vec<Cluster>,
    /// How the nodes of these are shared with other members, if they are.
    pub sharing: Option<Sharing>,
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

/// All kubelets of a cluster, as they come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Who knows the nodes.
    pub api_server: ApiServer,
    /// Which of them, by their labels.
    pub selector: Selector,
    /// Which of them, and what of each.
    pub wanted: Wanted,
    /// The name that each kubelet has to prove, where it is not the address that is dialled.
    pub server_name: Option<Naming>,
    /// Whether each has to prove its node's name too.
    pub verify_node: bool,
    /// How each is asked.
    pub client: Arc<client::Settings>,
    /// What each is asked.
    pub question: Question,
    /// How often each is asked for its pods' metadata, at most, where any is wanted.
    pub metadata: Option<Duration>,
    /// What is written of each answer.
    pub lines: Arc<lines::Settings>,
}

impl Cluster {
    /// The kubelet of this node, which answers there.
    #[must_use]
    pub fn kubelet(&self, node: &str, url: Url) -> Kubelet {
        Kubelet {
            target: Target {
                url,
                server_name: self.server_name.as_ref().map(|name| name.of(node)),
                common_name: self.verify_node.then(|| kubelet::common_name(node)),
            },
            client: Arc::clone(&self.client),
            question: self.question,
            metadata: self.metadata,
            lines: Arc::clone(&self.lines),
        }
    }
}

/// An API server, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiServer {
    /// Where it answers.
    pub target: Target,
    /// As whom, and with what trust.
    pub client: Arc<client::Settings>,
}

/// How members share nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// Where their Leases are.
    pub namespace: String,
    /// By which of them are found.
    pub group: String,
    /// How long each lasts.
    pub lease: Duration,
}
