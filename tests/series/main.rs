//! Each series leaves once a tick, whatever the kubelet lists twice, and in whatever order.

#[path = "../support/mod.rs"]
mod support;

mod any;
mod cases;
mod kinds;
mod labels;
mod large;
mod pods;
mod sampled;

use serde_json::{Value, json};
use telegraf_kubelet::lines::{Batch, Rendered, Renderer, Settings};

/// When the answers of these tests arrive: a minute after their samples.
const ARRIVED: i64 = 1_767_229_260_000_000_000;

/// The lines of a summary, and what is told of it.
fn render(settings: &Settings, summary: &Value) -> (String, Rendered) {
    let mut batch = Batch::default();
    let body = serde_json::to_vec_pretty(summary).unwrap();
    let rendered = Renderer::new(settings)
        .render(&body, ARRIVED, &mut batch)
        .unwrap();
    (text(&batch), rendered)
}

fn text(batch: &Batch) -> String {
    String::from_utf8(batch.runs().flatten().copied().collect()).unwrap()
}

/// A summary of one pod, `shop/web-0`, with this beside its reference.
fn pod(rest: &Value) -> Value {
    let mut pod = json!({"podRef": {"name": "web-0", "namespace": "shop", "uid": "1"}});
    pod.as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    json!({"node": {"nodeName": "n"}, "pods": [pod]})
}

/// The one line of these entries, whatever their order, and that the others are counted.
fn one_of(summary: impl Fn(&[Value]) -> Value, entries: &[Value]) -> String {
    let mut reversed = entries.to_vec();
    reversed.reverse();
    let (lines, rendered) = render(&Settings::default(), &summary(entries));
    assert_eq!(render(&Settings::default(), &summary(&reversed)).0, lines);
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert_eq!(rendered.duplicates, entries.len() as u64 - 1, "{lines}");
    assert_eq!(rendered.lines, 1);
    lines
}
