//! No line has a tag twice, whatever a user metric's labels are called.

use serde_json::{Value, json};
use telegraf_kubelet::lines::{Batch, Renderer, Settings, Unusable};

use super::{ARRIVED, pod, render, support};

/// The tags of a user metric with these labels, and how many were left out.
fn tags(labels: &Value) -> (Vec<(String, String)>, u64) {
    let settings = Settings {
        pod_uid: true,
        ..Settings::default()
    };
    let metric = json!({"name": "m", "value": 1, "labels": labels});
    let summary = pod(&json!({"containers": [{"name": "c", "userDefinedMetrics": [metric]}]}));
    let (lines, rendered) = render(&settings, &summary);
    let mut series = support::lines::series(&lines);
    assert_eq!(series.len(), 1, "{lines}");
    let ours = [
        "container_name",
        "metric_name",
        "namespace",
        "node_name",
        "pod_name",
    ];
    let tags = series.remove(0).1.into_iter();
    let tags = tags.filter(|(key, _)| !ours.contains(&key.as_str())).collect();
    (tags, rendered.labels_left_out)
}

fn is(labels: &Value, want: &[(&str, &str)], left_out: u64) {
    let mut want: Vec<_> = want
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    want.push(("pod_uid".to_owned(), "1".to_owned()));
    want.sort();
    assert_eq!(tags(labels), (want, left_out), "{labels}");
}

#[test]
fn a_label_takes_no_tag_of_ours() {
    is(&json!({"pod_uid": "x"}), &[("label_pod_uid", "x")], 0);
    is(
        &json!({"host": "x", "label_host": "y"}),
        &[("label_host", "y")],
        1,
    );
    is(
        &json!({"label_time": "y", "time": "x"}),
        &[("label_time", "y")],
        1,
    );
    is(&json!({"a\u{1}": "x", "a_": "y"}), &[("a_", "y")], 1);
    is(&json!({"a\u{1}": "x", "a_": ""}), &[("a_", "x")], 0);
    is(&json!({"pod\u{1}uid": "x"}), &[("label_pod_uid", "x")], 0);
    is(&json!({"_field": "x"}), &[("label__field", "x")], 0);
    is(
        &json!({"image": "x", "metric_name": "y", "units": "z"}),
        &[
            ("label_image", "x"),
            ("label_metric_name", "y"),
            ("label_units", "z"),
        ],
        0,
    );
}

/// Two metrics that become one by that are one.
#[test]
fn labels_left_out_may_make_a_duplicate() {
    let metric = |label: &str| json!({"name": "m", "value": 1, "labels": {"time": label, "label_time": "1"}});
    let summary =
        pod(&json!({"containers": [{"name": "c", "userDefinedMetrics": [metric("a"), metric("b")]}]}));
    let (lines, rendered) = render(&Settings::default(), &summary);
    assert_eq!((lines.lines().count(), rendered.duplicates), (1, 1), "{lines}");
}

/// No reader takes such a line, and a name that was cut would be another's.
#[test]
fn a_line_with_names_too_long_is_left_out_and_counted() {
    for length in [1000, 63_000, 65_000, 1_000_000] {
        let name = "x".repeat(length);
        let cpu = json!({"usageNanoCores": 1});
        let summaries = [
            json!({"node": {"nodeName": "n", "systemContainers": [{"name": name, "cpu": cpu}]}}),
            json!({"node": {"nodeName": name, "cpu": cpu}}),
            pod(
                &json!({"containers": [{"name": "c", "userDefinedMetrics": [{"value": 1, "labels": {"l": name}}]}]}),
            ),
            pod(
                &json!({"containers": [{"name": "c", "userDefinedMetrics": [{"value": 1, "labels": {name: "l"}}]}]}),
            ),
        ];
        for summary in summaries {
            let (lines, rendered) = render(&Settings::default(), &summary);
            let too_long = u64::from(length > 64_000);
            assert_eq!(rendered.lines_left_out, too_long);
            assert_eq!(lines.lines().count() as u64, 1 - too_long);
            assert_eq!(lines.contains("xxx"), too_long == 0);
        }
    }
}

/// Each costs as much as a line: more of them than a body may have lines are too much, or one kubelet would hold up all.
#[test]
fn lines_left_out_count_as_made() {
    let mut batch = Batch::default();
    let mut lines = Renderer::new(&Settings::default());
    for (length, count, is_too_much) in [(63_900, 8, false), (63_900, 1_000, true), (65_000, 1_000, false)] {
        // Of the longest no line is begun.
        let names = vec![json!({"name": "e".repeat(90), "rxBytes": 1}); count];
        let summary = json!({"node": {"nodeName": "n".repeat(length), "network": {"interfaces": names}}});
        let became = lines.render(summary.to_string().as_bytes(), ARRIVED, &mut batch);
        let left_out = became.map(|became| became.lines_left_out);
        let wanted = if is_too_much {
            Err(Unusable::TooMuch)
        } else {
            Ok(count as u64)
        };
        assert_eq!(left_out, wanted);
    }
}
