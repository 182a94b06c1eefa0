//! The parity case: what `inputs.kubernetes` makes of its own test's summary, beside what we make of it. Every field
//! that it takes from a value that is there comes out with the same name, type and number.

mod support;

use std::collections::BTreeMap;

use support::lines::{Key, Number, parse};
use support::plugin::{Plugin, block, command};
use test_kubelet::{Options, TestKubelet};

/// Tags that both take from the summary. The peer has more, the image and pods' labels, from `/pods`, which needs more
/// rights than we ask for.
const FROM_THE_SUMMARY: [&str; 5] = [
    "container_name",
    "namespace",
    "node_name",
    "pod_name",
    "volume_name",
];

fn fields(lines: &str) -> BTreeMap<Key, Number> {
    let shared = |((measurement, mut tags, field), number): (Key, Number)| {
        tags.retain(|tag, _| FROM_THE_SUMMARY.contains(&tag.as_str()));
        ((measurement, tags, field), number)
    };
    parse(lines).into_iter().map(shared).collect()
}

#[test]
fn shared_fields_agree_with_the_peer() {
    let Some(captures) = support::captures() else {
        return;
    };
    let body = std::fs::read(captures.join("telegraf-test-summary.json")).unwrap();
    let kubelet = TestKubelet::start(Options {
        body: Some(body),
        ..Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let left = Plugin::once(command(dir.path(), &block(&kubelet)));
    let ours = fields(&format!("{}\n", left.stdout.join("\n")));

    let peer = std::fs::read_to_string(captures.join("telegraf-test-peer-output.lp")).unwrap();
    // The capture has no timestamps, which the reader wants.
    let lines = peer
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let peer: String = lines.flat_map(|line| [line, " 1\n"]).collect();
    let peer = fields(&peer);
    let (mut same, mut absent) = (0, 0);
    for (key, number) in &peer {
        if let Some(our) = ours.get(key) {
            assert_eq!(our, number, "{key:?}");
            same += 1;
        } else {
            // The peer writes 0 for what the kubelet did not say. We write nothing: its defect, not to be copied.
            assert_eq!(*number, Number::Integer(0), "{key:?} is missing");
            absent += 1;
        }
    }
    assert!(same > 30 && absent < same, "{same} the same, {absent} absent");
}
