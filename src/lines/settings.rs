//! What is written of a summary, as it was chosen. Values that cannot be wrong; knows no TOML.

use super::metadata;
use crate::filter::Filter;

/// What the timestamp of a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Timestamp {
    /// When the answer arrived, the same for the whole batch.
    #[default]
    Gather,
    /// When the kubelet measured, each group of fields by itself.
    Sample,
}

/// Which volumes are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Volumes {
    /// All of them.
    #[default]
    All,
    /// Only those with a claim behind them: those of Secrets and the like do not fill up.
    Claims,
}

/// What is written of a summary, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the node measurement.
    pub node_metric_name: String,
    /// What the timestamps are.
    pub timestamp: Timestamp,
    /// Whose pods.
    pub namespaces: Filter,
    /// Which pods.
    pub pods: Filter,
    /// Which of their containers.
    pub containers: Filter,
    /// Which of their volumes.
    pub volumes: Volumes,
    /// Which fields, by name or by `measurement.name`.
    pub fields: Filter,
    /// Whether a pod's lines have its uid as a tag.
    pub pod_uid: bool,
    /// What of `/pods`.
    pub metadata: metadata::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node_metric_name: "kubernetes_node".to_owned(),
            timestamp: Timestamp::default(),
            namespaces: Filter::default(),
            pods: Filter::default(),
            containers: Filter::default(),
            volumes: Volumes::default(),
            fields: Filter::default(),
            pod_uid: false,
            metadata: metadata::Settings::default(),
        }
    }
}
