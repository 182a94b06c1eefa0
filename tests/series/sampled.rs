//! With the kubelet's own times: what was written is not written again, whatever else is listed.

use serde_json::{Value, json};
use telegraf_kubelet::lines::{Batch, Renderer, Settings, Timestamp};

use super::{ARRIVED, pod, text};

const SECOND: i64 = 1_000_000_000;

struct Sampling {
    renderer: Renderer,
    arrived: i64,
}

impl Sampling {
    fn new() -> Self {
        let settings = Settings {
            timestamp: Timestamp::Sample,
            ..Settings::default()
        };
        Self {
            renderer: Renderer::new(&settings),
            arrived: ARRIVED,
        }
    }

    /// The lines of a tick, ten seconds after the one before; and how many entries were put aside.
    fn tick(&mut self, summary: &Value) -> (String, u64) {
        let mut batch = Batch::default();
        let body = summary.to_string().into_bytes();
        let rendered = self.renderer.render(&body, self.arrived, &mut batch).unwrap();
        self.arrived += 10 * SECOND;
        (text(&batch), rendered.duplicates)
    }
}

fn time(second: u32) -> String {
    format!("2026-01-01T01:00:{second:02}Z")
}

fn container(second: u32, core: u32) -> Value {
    json!({"name": "app", "cpu": {"time": time(second), "usageNanoCores": 5, "usageCoreNanoSeconds": core},
        "memory": {"time": time(second + 1), "rssBytes": 7},
        "userDefinedMetrics": [{"name": "m", "time": time(second), "value": core}]})
}

#[test]
fn the_one_that_is_put_aside_makes_nothing_be_written_again() {
    let (older, newer) = (container(0, 18), container(5, 19));
    let both = |a: &Value, b: &Value| pod(&json!({"containers": [a, b]}));
    let mut sampling = Sampling::new();
    let (lines, aside) = sampling.tick(&both(&older, &newer));
    assert_eq!((lines.lines().count(), aside), (3, 1), "{lines}");
    assert!(
        lines.contains("cpu_usage_core_nanoseconds=19i 1767229205000000000"),
        "{lines}"
    );
    for (first, second) in [(&older, &newer), (&newer, &older), (&older, &newer)] {
        let (lines, aside) = sampling.tick(&both(first, second));
        assert_eq!((lines.as_str(), aside), ("", 1));
    }
    // The other one is measured anew, and is now the later.
    let (lines, aside) = sampling.tick(&both(&container(10, 20), &newer));
    assert_eq!((lines.lines().count(), aside), (3, 1), "{lines}");
    // It goes, and the one that stays was not written since.
    let (lines, aside) = sampling.tick(&both(&newer, &json!({})));
    assert_eq!((lines.lines().count(), aside), (3, 0), "{lines}");
}

#[test]
fn a_pod_and_its_successor() {
    let pod = |uid: &str, start: u32, second: u32| {
        json!({"podRef": {"name": "p", "namespace": "x", "uid": uid}, "startTime": time(start),
            "cpu": {"time": time(second), "usageNanoCores": start}, "containers": [container(second, start)]})
    };
    let both = |a: &Value, b: &Value| json!({"node": {"nodeName": "n"}, "pods": [a, b]});
    let (old, new) = (pod("b", 1, 7), pod("a", 2, 3));
    let mut sampling = Sampling::new();
    let (lines, aside) = sampling.tick(&both(&old, &new));
    assert_eq!(aside, 1);
    assert!(!lines.contains("cpu_usage_nanocores=1i"), "{lines}");
    for (first, second) in [(&old, &new), (&new, &old)] {
        let (lines, aside) = sampling.tick(&both(first, second));
        // What has no time is measured now, at each tick.
        assert!(
            lines.lines().all(|line| line.contains(" start_time_seconds=")),
            "{lines}"
        );
        assert_eq!(aside, 1);
    }
}

/// A container that has nothing itself is the same as one that has.
#[test]
fn what_has_only_lists_is_found_too() {
    let alone = json!({"name": "app", "userDefinedMetrics": [{"name": "m", "time": time(1), "value": 1}]});
    let mut sampling = Sampling::new();
    for _ in 0..2 {
        let (lines, aside) = sampling.tick(&pod(&json!({"containers": [alone, container(5, 19)]})));
        assert!(!lines.contains("value=1 "), "{lines}");
        assert_eq!(aside, 1);
    }
}

/// What can not be written is no series, at its second tick as little as at its first.
#[test]
fn what_has_no_value_puts_nothing_aside() {
    let volume = |second: u32, used: u64| json!({"name": "v", "time": time(second), "usedBytes": used});
    let mut sampling = Sampling::new();
    for second in 1..4 {
        let (lines, aside) = sampling.tick(&pod(
            &json!({"volume": [volume(second, 5), volume(50, u64::MAX)]}),
        ));
        assert_eq!((lines.lines().count(), aside), (1, 0), "{lines}");
    }
}

/// Two cgroup trees of one container that differ in nothing that is weighed: they do not take turns, so that no sample is
/// written again.
#[test]
fn those_that_are_alike_do_not_take_turns() {
    let cpu = json!({"time": time(0), "usageNanoCores": 5, "usageCoreNanoSeconds": 50});
    let container = |disk: &Value| json!({"name": "app", "cpu": cpu, "rootfs": disk});
    let volumes = |disk: &Value| {
        let mut volume = disk.clone();
        volume["name"] = json!("v");
        json!({"podRef": {"name": "p"}, "cpu": cpu, "volume": [volume]})
    };
    for number in 0..8 {
        let disk = |second: u32| json!({"time": time(second), "usedBytes": 10 * number + second});
        let (one, other) = (disk(1), disk(2));
        let of_containers = pod(&json!({"containers": [container(&one), container(&other)]}));
        let of_pods = json!({"node": {"nodeName": "n"}, "pods": [volumes(&one), volumes(&other)]});
        for summary in [of_containers, of_pods] {
            let mut sampling = Sampling::new();
            let (lines, aside) = sampling.tick(&summary);
            assert_eq!((lines.lines().count(), aside), (2, 1), "{lines}");
            for _ in 0..3 {
                assert_eq!(sampling.tick(&summary), (String::new(), 1));
            }
        }
    }
}
