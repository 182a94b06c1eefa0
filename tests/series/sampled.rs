//! With the kubelet's own times: what was written is not written again, whatever else is listed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use telegraf_kubelet::lines::{Batch, Renderer, Settings, Timestamp, Unusable};

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
    // It goes, and the one that stays was written before.
    let (lines, aside) = sampling.tick(&both(&newer, &json!({})));
    assert_eq!((lines.as_str(), aside), ("", 0));
}

/// By what is weighed two take turns, and each brings what was not measured anew since its last one.
#[test]
fn those_that_take_turns_write_nothing_again() {
    let container = |second: u32, disk: u32| {
        json!({"name": "app", "cpu": {"time": time(second), "usageNanoCores": 5},
            "rootfs": {"time": time(disk), "usedBytes": disk}})
    };
    let of_containers = |a: &Value, b: &Value| pod(&json!({"containers": [a, b]}));
    let of_pods = |a: &Value, b: &Value| {
        let pod = |container: &Value| json!({"podRef": {"name": "p"}, "containers": [container]});
        json!({"node": {"nodeName": "n"}, "pods": [pod(a), pod(b)]})
    };
    for both in [of_containers, of_pods] as [fn(&Value, &Value) -> Value; 2] {
        let mut sampling = Sampling::new();
        for (tick, new) in [2, 2, 1, 1, 1, 1].into_iter().enumerate() {
            let second = u32::try_from(2 * tick).unwrap() + 10;
            let (this, other) = (
                second + u32::from(tick % 2 == 0),
                second + u32::from(tick % 2 == 1),
            );
            let (lines, aside) = sampling.tick(&both(&container(this, 1), &container(other, 2)));
            assert_eq!((lines.lines().count(), aside), (new, 1), "{tick}: {lines}");
        }
    }
}

/// What a tick that failed has seen is no reason to forget anything, nor to remember it.
#[test]
fn a_tick_that_fails_changes_nothing() {
    let both = |a: &Value, b: &Value| pod(&json!({"containers": [a, b]}));
    let summary = both(&container(0, 18), &container(5, 19));
    let mut sampling = Sampling::new();
    let (lines, _) = sampling.tick(&summary);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    let half = summary.to_string();
    let mut batch = Batch::default();
    let half = &half.as_bytes()[..half.len() - 1];
    assert!(
        sampling
            .renderer
            .render(half, sampling.arrived, &mut batch)
            .is_err()
    );
    assert_eq!(sampling.tick(&summary), (String::new(), 1));
    // Not listed for one good tick it is forgotten, whatever was seen before.
    assert!(
        sampling
            .renderer
            .render(half, sampling.arrived, &mut batch)
            .is_err()
    );
    assert_eq!(sampling.tick(&pod(&json!({}))), (String::new(), 0));
    assert_eq!(sampling.tick(&summary).0.lines().count(), 3);
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

/// A line that was taken back is no place to look for a container's tags.
#[test]
fn a_metric_that_is_put_aside_leaves_no_trace() {
    let metric = |second: u32| json!({"name": "m", "time": time(second), "value": 1});
    let summary = |metrics: &[Value]| {
        pod(
            &json!({"containers": [{"name": "b", "userDefinedMetrics": metrics}, {"name": "a", "cpu": {"time": time(0), "usageNanoCores": 1}}]}),
        )
    };
    let mut sampling = Sampling::new();
    let (lines, aside) = sampling.tick(&summary(&[metric(5)]));
    assert_eq!((lines.lines().count(), aside), (2, 0), "{lines}");
    assert_eq!(
        sampling.tick(&summary(&[metric(1), metric(5)])),
        (String::new(), 1)
    );
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

/// A sample that grows too old to be the time of a line, or is from a clock that goes ahead, says what it said before.
#[test]
fn nor_do_they_when_time_goes_by() {
    let cpu = json!({"time": time(0), "usageNanoCores": 5, "usageCoreNanoSeconds": 50});
    let container = |disk: &Value| json!({"name": "app", "cpu": cpu, "rootfs": disk});
    for (first, second) in [(1, 2), (1, 61), (61, 62)] {
        for number in 0..8 {
            let disk = |second: u32| {
                let time = format!("2026-01-01T01:{:02}:{:02}Z", second / 60, second % 60);
                json!({"time": time, "usedBytes": 100 * number + second})
            };
            let (one, other) = (container(&disk(first)), container(&disk(second)));
            let mut sampling = Sampling::new();
            let mut used = std::collections::BTreeSet::new();
            for tick in 0..120 {
                let (a, b) = if tick % 3 == 0 {
                    (&other, &one)
                } else {
                    (&one, &other)
                };
                let (lines, aside) = sampling.tick(&pod(&json!({"containers": [a, b]})));
                assert_eq!(aside, 1);
                let fields = lines.split("rootfs_used_bytes=").skip(1);
                used.extend(fields.map(|field| field.split('i').next().unwrap().to_owned()));
            }
            assert_eq!(used.len(), 1, "{first} and {second}: {used:?}");
        }
    }
}

/// Two that say the same of different times.
#[test]
fn those_that_differ_in_a_time_alone_are_told_apart() {
    let cpu = json!({"time": time(0), "usageNanoCores": 5});
    let container =
        |second: u32| json!({"name": "app", "cpu": cpu, "rootfs": {"time": time(second), "usedBytes": 7}});
    let both = |a: u32, b: u32| pod(&json!({"containers": [container(a), container(b)]}));
    for second in 2..12 {
        let one = Sampling::new().tick(&both(1, second));
        assert_eq!(Sampling::new().tick(&both(second, 1)), one);
    }
}

/// Many containers with much that is measured.
fn large(containers: usize) -> Vec<u8> {
    let psi = r#""psi":{"some":{"total":1}}"#;
    let times = [time(0), time(1), time(2), time(3)];
    let [cpu, memory, swap, disk] = &times;
    let mut entries = String::new();
    for at in 0..containers {
        let comma = if at == 0 { "" } else { "," };
        write!(
            entries,
            r#"{comma}{{"name":"c{at}","cpu":{{"time":"{cpu}","usageNanoCores":1,{psi}}},"memory":{{"time":"{memory}","rssBytes":1,{psi}}},"rootfs":{{"time":"{disk}","usedBytes":1}},"swap":{{"time":"{swap}","swapUsageBytes":1}}}}"#
        )
        .unwrap();
    }
    let summary = pod(&json!({"containers": ["ENTRIES"]})).to_string();
    summary.replace(r#""ENTRIES""#, &entries).into_bytes()
}

/// Each sample is remembered, so that there is an end to them, which no node comes near, and which is told as what it is.
#[test]
fn there_may_be_many_samples_but_not_any_number() {
    let mut sampling = Sampling::new();
    let mut batch = Batch::default();
    let mut lines = |containers: usize| {
        let became = sampling
            .renderer
            .render(&large(containers), sampling.arrived, &mut batch);
        became.map(|became| became.lines)
    };
    // Six of each.
    assert_eq!(lines(41_000), Ok(4 * 41_000));
    assert_eq!(lines(41_000), Ok(0));
    assert_eq!(lines(67_000), Err(Unusable::TooManySamples));
    assert_eq!(lines(41_000), Ok(0));
    let error = Unusable::TooManySamples.to_string();
    assert!(
        error.contains("400000 samples") && error.contains("timestamp = \"gather\""),
        "{error}"
    );
}
