//! Both answers of a real kubelet at one moment, and that each row of the schema is met.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::Value;
use telegraf_kubelet::lines::{AskedBy, rows};

use super::generate::{Picks, pods};
use super::oracle::{expected, found};
use super::support::generate::{Shape, summary};
use super::support::lines::{Number, parse};
use super::{all, list, render, with};

const SUMMARY: &str = include_str!("../captures/live-1.37.2-meta.summary.json");
const PODS: &str = include_str!("../captures/live-1.37.2-meta.pods.json");

fn answers() -> [Value; 2] {
    [SUMMARY, PODS].map(|text| serde_json::from_str(text).unwrap())
}

#[test]
fn a_real_kubelets_are_what_the_rules_say() {
    let [summary, pods] = answers();
    let items: Vec<_> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| (pod, true))
        .collect();
    let lines = render(&with(all()), &summary, &pods);
    let (want, got) = (expected(&all(), &summary, &items), found(&lines));
    for (line, fields) in &want {
        assert_eq!(got.get(line), Some(fields), "{line:?}\n{lines}");
    }
    assert_eq!(got.len(), want.len(), "{lines}");
}

/// What `kubectl` said of them: the oracle might be wrong in the same way.
#[test]
fn and_what_anybody_can_see_of_them() {
    let [summary, pods] = answers();
    let lines = render(&with(all()), &summary, &pods);
    let fields = parse(&lines);
    let value = |measurement: &str, pod: &str, container: &str, field: &str| {
        let found = fields.iter().find(|((of, tags, name), _)| {
            let tag = |key: &str| tags.get(key).map_or("", String::as_str);
            of == measurement && tag("pod_name") == pod && tag("container_name") == container && name == field
        });
        found.map(|(_, value)| value.clone())
    };
    let text = |text: &str| Some(Number::Text(text.to_owned()));
    let container = |pod, container, field| value("kubernetes_pod_container", pod, container, field);
    assert_eq!(container("crash", "c", "state_reason"), text("Error"));
    assert_eq!(container("crash", "c", "last_terminated_reason"), text("Error"));
    assert_eq!(container("oom", "c", "last_terminated_reason"), text("OOMKilled"));
    assert_eq!(
        container("oom", "c", "last_terminated_exit_code"),
        Some(Number::Integer(137))
    );
    assert_eq!(container("nopull", "c", "state_code"), Some(Number::Integer(2)));
    assert_eq!(value("kubernetes_pod", "nopull", "", "phase"), text("Pending"));
    assert_eq!(value("kubernetes_pod", "done", "", "phase"), text("Succeeded"));
    assert_eq!(container("done", "c", "last_terminated_exit_code"), None);
    let limit = "resource_limits_memory_bytes";
    assert!(container("half", "limited", limit).is_some());
    assert_eq!(container("half", "free", limit), None);
    // Half a limit is none, whatever the pod's own `status.resources` say.
    assert_eq!(value("kubernetes_pod", "half", "", limit), None);
    assert!(value("kubernetes_pod", "level", "", limit).is_some());
    let tags_of = |pod: &str| {
        let of_pod = |((_, tags, _), _): &&((_, std::collections::BTreeMap<String, String>, _), _)| {
            tags.get("pod_name").is_some_and(|name| name == pod)
        };
        let ((_, tags, _), _) = fields.iter().find(of_pod).unwrap();
        tags.clone()
    };
    let web = tags_of("web-756f9cfb-slmvb");
    assert_eq!([&web["owner_kind"], &web["owner_name"]], ["Deployment", "web"]);
    assert_eq!(
        [&web["label_namespace"], &web["label_time"], &web["label_host"]],
        ["evil", "noon", "h"]
    );
    assert_eq!(web["namespace"], "meta");
    let job = tags_of("tidy-29927245-cgz7j");
    assert_eq!([&job["owner_kind"], &job["owner_name"]], ["CronJob", "tidy"]);
}

/// Each row that is asked for is written, and each tag.
#[test]
fn every_row_is_met() {
    let mut left: BTreeSet<(&str, &str)> = rows()
        .iter()
        .filter(|row| matches!(row.asked_by, AskedBy::Metadata(_)))
        .map(|row| (row.measurement, row.field))
        .collect();
    left.extend([
        ("kubernetes_pod", "qos_class"),
        ("kubernetes_pod_container", "image"),
        ("kubernetes_pod_container", "version"),
    ]);
    for measurement in rows().iter().map(|row| row.measurement) {
        if measurement.starts_with("kubernetes_pod") {
            left.extend(["owner_kind", "owner_name", "app"].map(|key| (measurement, key)));
        }
    }
    let asked = left.len();
    let mut runner = TestRunner::deterministic();
    for seed in 0..1000 {
        let json = summary(Shape::Hostile).new_tree(&mut runner).unwrap().current();
        let pods = pods(&mut Picks(seed), &json);
        for ((measurement, tags, field), _) in parse(&render(&with(all()), &json, &list(&pods))) {
            left.retain(|(of, name)| *of != measurement || (*name != field && !tags.contains_key(*name)));
        }
        if left.is_empty() {
            assert!(asked > 40);
            return;
        }
    }
    panic!("never written: {left:?}");
}
