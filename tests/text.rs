//! Text from the cluster is arbitrary: whatever is in it, each line parses, and to the very same text, in every reader.
//!
//! Three readers: `influxdb_line_protocol` itself, and the rules of Telegraf and of InfluxDB 1 as their sources give
//! them. Every place a text can come out at is filled with hostile text.

mod support;

use proptest::prelude::*;
use serde_json::json;
use support::expect::carried;
use telegraf_kubelet::lines::{Batch, Renderer, Settings};

/// What Telegraf makes of a tag value (`plugins/parsers/influx/escape.go`): only a value with a special character in
/// it is unescaped at all, and then `\"` is, too.
fn as_telegraf_reads(raw: &str) -> String {
    if raw.contains([' ', ',', '=']) {
        raw.replace("\\,", ",")
            .replace("\\\"", "\"")
            .replace("\\ ", " ")
            .replace("\\=", "=")
    } else {
        raw.to_owned()
    }
}

/// What InfluxDB 1 makes of it (`models/points.go`).
fn as_influxdb_reads(raw: &str) -> String {
    raw.replace("\\,", ",").replace("\\=", "=").replace("\\ ", " ")
}

/// The tag values of a line, escaped as they stand: a comma, space or equals sign behind a backslash ends nothing.
fn raw_tags(line: &str) -> Vec<(String, String)> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for character in line.chars() {
        match character {
            ' ' if !escaped => break,
            ',' if !escaped => parts.push(String::new()),
            _ => parts.last_mut().expect("never empty").push(character),
        }
        escaped = character == '\\' && !escaped;
    }
    parts[1..]
        .iter()
        .map(|part| part.split_once('=').expect("a key and a value"))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Text with all that is special anywhere.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a\\\\,= \"\u{0}\n\r\t#é\u{2028}\u{1F980}]{1,8}",
        "\\PC{1,20}",
        any::<String>().prop_filter("not empty", |text| !text.is_empty()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn comes_out_the_same_in_every_reader(node in text(), container in text(), label in text(), metric in text()) {
        let summary = json!({
            "node": {"nodeName": node, "systemContainers": [
                {"name": container, "cpu": {"usageNanoCores": 1}, "userDefinedMetrics": [
                    {"name": metric, "labels": {"a_label": label}, "value": 1}
                ]}
            ]}
        });
        let mut batch = Batch::default();
        let body = serde_json::to_vec(&summary).unwrap();
        Renderer::new(&Settings::default()).render(&body, 1, &mut batch).unwrap();
        let lines = String::from_utf8(batch.runs().flatten().copied().collect()).unwrap();
        prop_assert_eq!(lines.lines().count(), 2);

        let parsed = support::lines::parse(&lines);
        prop_assert_eq!(parsed.len(), 2);
        let expected = [("node_name", &node), ("container_name", &container), ("metric_name", &metric), ("a_label", &label)];
        for (key, text) in expected {
            let tags = &parsed[1].0.1;
            prop_assert_eq!(&tags[key], &carried(text), "{}", key);
        }
        for line in lines.lines() {
            for (key, raw) in raw_tags(line) {
                let text = expected.iter().find(|(name, _)| *name == key).expect("a known tag").1;
                prop_assert_eq!(as_telegraf_reads(&raw), carried(text));
                prop_assert_eq!(as_influxdb_reads(&raw), carried(text));
            }
        }
        // Everything but what is documented comes through untouched.
        if !node.contains('\\') && !node.chars().any(|character| character.is_ascii_control()) {
            prop_assert_eq!(carried(&node), node);
        }
    }
}
