//! A label or an annotation never takes a key that is somebody else's, whatever it is called and however long it is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::support::lines::series;
use super::{Node, all, list, pod, render, summary, with};

/// A pod with an accelerator and a user metric, and what `/pods` says of it.
fn with_everything() -> Value {
    let mut summary = summary(&[("web-0", "1")]);
    let pod = &mut summary["pods"][0];
    pod["network"] = json!({"name": "eth0", "rxBytes": 1, "interfaces": [{"name": "eth0", "rxBytes": 1}]});
    pod["volume"] = json!([{"name": "data", "usedBytes": 1, "pvcRef": {"name": "claim"}}]);
    pod["containers"][0]["accelerators"] = json!([{"make": "m", "model": "o", "id": "i", "memoryUsed": 1}]);
    pod["containers"][0]["userDefinedMetrics"] = json!([
        {"name": "n", "type": "gauge", "units": "u", "value": 1, "labels": {"own": "o", "app": "p", "host": "h"}}
    ]);
    summary
}

const LINES: usize = 7;

fn labelled(family: &str, pairs: &Value) -> Value {
    let mut pod = pod("web-0", "1", "a");
    pod["metadata"]["labels"] = json!({});
    pod["metadata"][family] = pairs.clone();
    list(&[pod])
}

/// A measurement, and the tags of a line of it.
type Tagged = (String, BTreeMap<String, String>);

/// The lines of the pod, each with its tags, and how many were left out of the answer.
fn lines(pods: &Value) -> (Vec<Tagged>, u64) {
    let mut node = Node::new(&with(all()));
    node.learn(pods);
    let text = node.tick(&with_everything());
    let lines = series(&text)
        .into_iter()
        .map(|(measurement, tags, _)| (measurement, tags));
    let lines: Vec<_> = lines.filter(|(_, tags)| tags.contains_key("pod_name")).collect();
    assert_eq!(lines.len(), LINES, "{text}");
    (lines, node.last.left_out())
}

#[test]
fn each_reserved_key_is_prefixed_on_every_line() {
    for (family, prefix) in [("labels", "label_"), ("annotations", "annotation_")] {
        for key in super::oracle::RESERVED {
            let (lines, left_out) = lines(&labelled(family, &json!({*key: "evil"})));
            assert_eq!(left_out, 0);
            for (measurement, tags) in lines {
                assert_eq!(tags[&format!("{prefix}{key}")], "evil", "{measurement} {tags:?}");
                assert_ne!(tags.get(*key).map(String::as_str), Some("evil"), "{measurement}");
            }
        }
    }
}

#[test]
fn keys_of_accelerators_and_user_metrics_are_prefixed_there_alone() {
    for (family, prefix) in [("labels", "label_"), ("annotations", "annotation_")] {
        for key in ["id", "make", "model", "metric_name", "metric_type", "units"] {
            let (lines, left_out) = lines(&labelled(family, &json!({*key: "evil"})));
            assert_eq!(left_out, 0);
            for (measurement, tags) in lines {
                let there = measurement.ends_with("accelerator") || measurement.ends_with("user_metric");
                let written = if there {
                    format!("{prefix}{key}")
                } else {
                    key.to_owned()
                };
                assert_eq!(
                    tags.get(&written).map(String::as_str),
                    Some("evil"),
                    "{measurement} {tags:?}"
                );
            }
        }
    }
}

/// One is as it is, the other would become it.
#[test]
fn what_has_no_key_left_is_left_out_and_counted() {
    let (lines, left_out) = lines(&labelled("labels", &json!({"host": "a", "label_host": "b"})));
    assert_eq!(left_out, 1);
    for (_, tags) in lines {
        assert_eq!(tags["label_host"], "b");
    }
}

/// A user metric has labels of its own, and its pod's come first.
#[test]
fn a_user_metrics_own_label_makes_way() {
    let (lines, _) = lines(&labelled("labels", &json!({"app": "of the pod"})));
    let (_, tags) = lines.iter().find(|(of, _)| of.ends_with("user_metric")).unwrap();
    assert_eq!(
        [
            &tags["app"],
            &tags["label_app"],
            &tags["own"],
            &tags["label_host"]
        ],
        ["of the pod", "p", "o", "h"]
    );
}

/// The longest that stays under its own key is too long under another one.
#[test]
fn a_long_one_is_left_out_alone() {
    for length in [
        3_990, 4_070, 4_076, 4_079, 4_080, 4_081, 4_082, 4_083, 4_084, 4_085, 4_097, 100_000,
    ] {
        let value = "x".repeat(length);
        for key in ["id", "metric_name", "note"] {
            let (lines, left_out) = lines(&labelled("annotations", &json!({key: value, "a.short": "s"})));
            assert_eq!(
                left_out,
                u64::from(!lines[0].1.contains_key(key)),
                "{key} of {length}"
            );
            for (measurement, tags) in lines {
                assert_eq!(tags["a.short"], "s", "{key} of {length} on {measurement}");
            }
        }
    }
}

/// Keys are as long as who writes them likes, as long as nobody checks them.
#[test]
fn a_key_without_end_takes_nobody_elses_tag() {
    for length in [300, 4_000, 64_000, 70_000, 400_000] {
        let (lines, left_out) = lines(&labelled(
            "labels",
            &json!({"k".repeat(length): "v", "app": "a", "z": "z"}),
        ));
        assert_eq!(left_out, u64::from(length > 4_050), "{length}");
        for (_, tags) in lines {
            assert_eq!([&tags["app"], &tags["z"]], ["a", "z"], "{length}");
        }
    }
    // So many that they are too many for any line.
    let many: serde_json::Map<_, _> = (0..40_000).map(|at| (format!("k{at:05}"), json!("v"))).collect();
    let (lines, left_out) = lines(&labelled("labels", &Value::Object(many)));
    assert!(left_out > 30_000, "{left_out}");
    assert!(lines.iter().all(|(_, tags)| tags["k00000"] == "v"));
}

/// Only what is asked for.
#[test]
fn what_is_not_asked_for_is_not_there() {
    let mut settings = all();
    settings.annotations = None;
    settings.labels = Some(super::only(&["app*"]));
    let pods = labelled(
        "labels",
        &json!({"app": "a", "app.kubernetes.io/name": "b", "team": "t"}),
    );
    let lines = render(&with(settings), &with_everything(), &pods);
    assert!(
        lines.contains(",app=a,app.kubernetes.io/name=b") && !lines.contains("team="),
        "{lines}"
    );
}
