//! What `/pods` adds to the lines: against an implementation of its own, and with the real program against a test kubelet.

#[path = "../support/mod.rs"]
mod support;

mod again;
mod any;
mod asked;
mod away;
mod bytes;
mod counted;
mod generate;
mod kept;
mod labels;
mod more;
mod names;
mod oracle;
mod real;
mod running;
mod sampled;
mod together;
mod twice;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use support::lines::{Series, series};
use telegraf_kubelet::lines::metadata::{self, Gatherer, Group, Known};
use telegraf_kubelet::lines::{Batch, Filter, Globs, OfNode, Rendered, Renderer, Settings, Unusable};
use telegraf_kubelet::pods::NotPods;

/// When the first answer of these tests arrives: a minute after 2026-01-01T01:00:00Z.
const ARRIVED: i64 = 1_767_229_260_000_000_000;

/// All that can be asked of `/pods`.
fn all() -> metadata::Settings {
    metadata::Settings {
        labels: Some(Filter::default()),
        annotations: Some(Filter::default()),
        groups: Group::ALL.iter().copied().collect(),
        own_network_only: false,
    }
}

/// What is written with that.
fn with(metadata: metadata::Settings) -> Settings {
    Settings {
        metadata,
        ..Settings::default()
    }
}

/// A filter that lets these through.
fn only(patterns: &[&str]) -> Filter {
    let globs = patterns
        .iter()
        .map(|pattern| Globs::parse(pattern).unwrap())
        .collect();
    Filter::new(globs, Vec::new()).unwrap()
}

/// One node, from answer to answer.
struct Node {
    gatherer: Gatherer,
    renderer: Renderer,
    of: OfNode,
    /// The last good answer.
    last: Arc<Known>,
    arrived: i64,
}

impl Node {
    fn new(settings: &Settings) -> Self {
        Self {
            gatherer: Gatherer::new(settings),
            renderer: Renderer::new(settings),
            of: OfNode::default(),
            last: Arc::default(),
            arrived: ARRIVED,
        }
    }

    /// An answer to `/pods`.
    fn try_learn(&mut self, pods: &[u8]) -> Result<(), NotPods> {
        self.last = self.gatherer.read_again(pods, &self.last)?;
        self.of.metadata.learn(Arc::clone(&self.last));
        Ok(())
    }

    fn learn(&mut self, pods: &Value) {
        self.try_learn(pods.to_string().as_bytes())
            .expect("a list of pods");
    }

    /// A summary, ten seconds later. In its lines no tag comes twice, nor a series.
    fn try_tick(&mut self, summary: &[u8]) -> Result<(String, Rendered), Unusable> {
        self.arrived += 10_000_000_000;
        let mut batch = Batch::default();
        let rendered = self
            .renderer
            .render_for(&mut self.of, summary, self.arrived, &mut batch)?;
        let lines = String::from_utf8(batch.runs().flatten().copied().collect()).expect("text");
        let found = series(&lines);
        assert_eq!(found.len() as u64, rendered.lines);
        let mut once = BTreeSet::<&Series>::new();
        let twice: Vec<_> = found.iter().filter(|series| !once.insert(series)).collect();
        assert!(twice.is_empty(), "{twice:?} in\n{lines}");
        Ok((lines, rendered))
    }

    fn tick(&mut self, summary: &Value) -> String {
        self.try_tick(summary.to_string().as_bytes())
            .expect("a summary")
            .0
    }
}

/// The lines of both answers.
fn render(settings: &Settings, summary: &Value, pods: &Value) -> String {
    let mut node = Node::new(settings);
    node.learn(pods);
    node.tick(summary)
}

/// A list of these pods.
fn list(pods: &[Value]) -> Value {
    json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods})
}

/// A summary of these pods, `shop/NAME` with a uid, each with a container `app`.
fn summary(pods: &[(&str, &str)]) -> Value {
    let cpu =
        json!({"time": "2026-01-01T01:00:30Z", "usageNanoCores": 50_000_000, "usageCoreNanoSeconds": 7});
    let pod = |(name, uid): &(&str, &str)| {
        json!({"podRef": {"name": name, "namespace": "shop", "uid": uid}, "cpu": cpu,
            "containers": [{"name": "app", "cpu": cpu}]})
    };
    let pods: Vec<_> = pods.iter().map(pod).collect();
    json!({"node": {"nodeName": "n", "cpu": cpu}, "pods": pods})
}

/// What `/pods` says of one of these, with a label `app` of that value.
fn pod(name: &str, uid: &str, label: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "uid": uid, "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": label}},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": "Running"},
    })
}

/// The lines with this in them.
fn lines_with<'l>(lines: &'l str, part: &str) -> Vec<&'l str> {
    lines.lines().filter(|line| line.contains(part)).collect()
}
