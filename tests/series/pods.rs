//! Two pods of one name: one lives, and all lines are its own.

use serde_json::{Value, json};
use telegraf_kubelet::lines::Settings;

use super::render;

/// A pod called `shop/web-0`, whose every number is `number`.
fn pod(uid: &str, start: u32, sample: u32, number: u64) -> Value {
    let time = |second: u32| format!("2026-01-01T01:00:{second:02}Z");
    let cpu = json!({"time": time(sample), "usageNanoCores": number, "usageCoreNanoSeconds": number});
    json!({
        "podRef": {"name": "web-0", "namespace": "shop", "uid": uid},
        "startTime": time(start),
        "containers": [{"name": "app", "cpu": cpu}, {"name": uid, "cpu": cpu}],
        "cpu": cpu,
        "network": {"time": time(59), "rxBytes": number, "interfaces": [{"name": "eth0", "rxBytes": number}]},
        "volume": [{"name": "data", "time": time(59 - sample), "usedBytes": number}],
    })
}

/// The lines, whatever the order, and how many pods were put aside.
fn lines(pods: &[Value]) -> (String, u64) {
    let mut reversed = pods.to_vec();
    reversed.reverse();
    let summary = |pods: &[Value]| json!({"node": {"nodeName": "n"}, "pods": pods});
    let (lines, rendered) = render(&Settings::default(), &summary(pods));
    assert_eq!(render(&Settings::default(), &summary(&reversed)).0, lines);
    (lines, rendered.duplicates)
}

/// Only the numbers of this one.
fn assert_lives(pods: &[Value], number: u64) {
    let (lines, duplicates) = lines(pods);
    assert_eq!(duplicates, pods.len() as u64 - 1);
    assert_eq!(lines.lines().count(), 6, "{lines}");
    for line in lines.lines() {
        let wanted = format!("={number}i");
        assert!(line.contains(&wanted), "{line}");
    }
}

#[test]
fn the_successor_takes_over_whole() {
    // Whichever was measured last, and whatever the older one has measured later: they would take turns.
    assert_lives(&[pod("a", 1, 9, 7), pod("b", 2, 8, 5)], 5);
    assert_lives(&[pod("b", 1, 9, 7), pod("a", 2, 8, 5)], 5);
    assert_lives(&[pod("a", 1, 9, 7), pod("c", 3, 7, 4), pod("b", 2, 8, 5)], 4);
    // The same start: the later sample, then the larger counter.
    assert_lives(&[pod("a", 1, 8, 7), pod("b", 1, 9, 5)], 5);
    assert_lives(&[pod("a", 1, 8, 7), pod("b", 1, 8, 5)], 7);
}

#[test]
fn one_in_which_nothing_runs_does_not_live() {
    let ended = pod("a", 1, 9, 7);
    let mut starting = pod("b", 2, 9, 0);
    starting["cpu"] = Value::Null;
    starting["containers"] = Value::Null;
    assert_lives(&[ended.clone(), starting], 7);
    // Before 1.10 a pod is what its containers are.
    let (mut old, mut new) = (ended, pod("b", 2, 8, 5));
    for pod in [&mut old, &mut new] {
        let number = pod["cpu"]["usageNanoCores"].take();
        pod["cpu"] = Value::Null;
        pod["swap"] = json!({"swapUsageBytes": number});
    }
    assert_lives(&[old, new], 5);
}

#[test]
fn with_their_uids_they_are_two() {
    let settings = Settings {
        pod_uid: true,
        ..Settings::default()
    };
    let pods = json!({"node": {"nodeName": "n"}, "pods": [pod("a", 1, 1, 7), pod("b", 2, 2, 5)]});
    let (lines, rendered) = render(&settings, &pods);
    assert_eq!((lines.lines().count(), rendered.duplicates), (12, 0), "{lines}");
    let pods = json!({"node": {"nodeName": "n"}, "pods": [pod("a", 1, 1, 7), pod("a", 2, 2, 5)]});
    let (lines, rendered) = render(&settings, &pods);
    assert_eq!((lines.lines().count(), rendered.duplicates), (6, 1), "{lines}");
}

/// A pod that nothing is written of is in nobody's way.
#[test]
fn a_pod_without_a_number_is_none() {
    let empty = json!({"podRef": {"name": "web-0", "namespace": "shop", "uid": "z"}, "startTime": null});
    assert_eq!(lines(&[empty, pod("a", 1, 1, 7)]).1, 0);
}

/// Without names a pod can not be told from its node, whose system containers may have what its containers have.
#[test]
fn a_pod_without_a_name_writes_no_series_of_the_node() {
    let containers = json!([{"name": "c", "cpu": {"usageNanoCores": 1},
        "userDefinedMetrics": [{"name": "m", "value": 1}]}]);
    let summary = json!({"node": {"nodeName": "n", "systemContainers": containers},
        "pods": [{"containers": containers}]});
    let (lines, rendered) = render(&Settings::default(), &summary);
    let series = super::support::lines::series(&lines);
    assert_eq!(series.len(), 3, "{lines}");
    assert_eq!((rendered.lines_left_out, rendered.duplicates), (1, 0));
}
