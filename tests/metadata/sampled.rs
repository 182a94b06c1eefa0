//! With timestamps of the samples: what is known has the time of the answer, and a part of what was measured its sample's.

use std::collections::BTreeSet;

use serde_json::json;
use telegraf_kubelet::lines::{Settings, Timestamp};

use super::{Node, all, list, pod, summary, with};

/// Field by field: the line's tags, the field and its time.
fn written(lines: &str) -> Vec<(String, String, i64)> {
    let mut found = Vec::new();
    for line in influxdb_line_protocol::parse_lines(lines) {
        let line = line.unwrap();
        for (field, _) in &line.field_set {
            found.push((
                line.series.to_string(),
                field.to_string(),
                line.timestamp.unwrap(),
            ));
        }
    }
    found
}

#[test]
fn each_field_has_the_time_that_it_is_of_and_is_written_once() {
    let mut node = Node::new(&Settings {
        timestamp: Timestamp::Sample,
        ..with(all())
    });
    let mut running = pod("web-0", "1", "a");
    running["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "100m", "memory": "1Gi"}});
    running["status"]["containerStatuses"] =
        json!([{"name": "app", "ready": true, "restartCount": 0, "state": {"running": {}}}]);
    node.learn(&list(&[running, pod("pending", "2", "b")]));
    let summary = summary(&[("web-0", "1")]);
    let sampled = 1_767_229_230_000_000_000;
    let mut once = BTreeSet::new();
    for tick in 0..3 {
        let lines = node.tick(&summary);
        let found = written(&lines);
        for (series, field, time) in &found {
            let of_sample = field.starts_with("cpu_usage");
            let want = if of_sample { sampled } else { node.arrived };
            assert_eq!(*time, want, "{series} {field}");
        }
        let has = |field: &str| found.iter().filter(|(_, name, _)| name == field).count();
        // A sample is written once, and so is what is a part of it; what is known is true at each tick.
        let first = usize::from(tick == 0);
        assert_eq!(has("cpu_usage_nanocores"), 3 * first, "{lines}");
        assert_eq!(has("cpu_usage_limit_percent"), 2 * first, "{lines}");
        assert_eq!(
            (has("phase"), has("state_code"), has("restarts_total")),
            (2, 2, 1),
            "{lines}"
        );
        assert_eq!(has("resource_limits_memory_bytes"), 2, "{lines}");
        for point in found {
            assert!(once.insert(point.clone()), "twice: {point:?}");
        }
    }
}
