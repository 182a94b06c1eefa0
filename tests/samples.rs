//! `timestamp = "sample"`: each group of fields at the time the kubelet measured it, and each sample once.

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use telegraf_kubelet::lines::{Batch, Renderer, Settings, Timestamp};

const SECOND: i64 = 1_000_000_000;

/// 2026-01-01T00:00:30Z.
const ARRIVED: i64 = 1_767_225_630 * SECOND;

struct Sampling {
    renderer: Renderer,
    batch: Batch,
}

impl Sampling {
    fn new() -> Self {
        let lines = Settings {
            timestamp: Timestamp::Sample,
            ..Settings::default()
        };
        Self {
            renderer: Renderer::new(&lines),
            batch: Batch::default(),
        }
    }

    fn tick(&mut self, summary: &Value, arrived: i64) -> String {
        self.tick_bytes(&serde_json::to_vec_pretty(summary).unwrap(), arrived)
    }

    fn tick_bytes(&mut self, body: &[u8], arrived: i64) -> String {
        self.renderer.render(body, arrived, &mut self.batch).unwrap();
        String::from_utf8(self.batch.runs().flatten().copied().collect()).unwrap()
    }
}

fn node(cpu_time: &Value, memory_time: &Value) -> Value {
    json!({"node": {
        "nodeName": "n",
        "startTime": "2026-01-01T00:00:00Z",
        "cpu": {"time": cpu_time, "usageCoreNanoSeconds": 5},
        "memory": {"time": memory_time, "usageBytes": 6}
    }})
}

#[test]
fn each_group_has_its_own_time() {
    let lines = Sampling::new().tick(
        &node(&json!("2026-01-01T00:00:10Z"), &json!("2026-01-01T00:00:20Z")),
        ARRIVED,
    );
    assert_eq!(
        lines,
        "kubernetes_node,node_name=n start_time_seconds=1767225600i 1767225630000000000\n\
         kubernetes_node,node_name=n cpu_usage_core_nanoseconds=5i 1767225610000000000\n\
         kubernetes_node,node_name=n memory_usage_bytes=6i 1767225620000000000\n"
    );
}

#[test]
fn groups_of_one_time_are_one_line() {
    let lines = Sampling::new().tick(
        &node(&json!("2026-01-01T00:00:10Z"), &json!("2026-01-01T00:00:10Z")),
        ARRIVED,
    );
    assert!(
        lines.contains("cpu_usage_core_nanoseconds=5i,memory_usage_bytes=6i 1767225610000000000\n"),
        "{lines}"
    );
}

#[test]
fn a_time_that_cannot_be_is_the_arrivals() {
    for odd in [
        json!(null),
        json!(""),
        json!("soon"),
        json!(5),
        json!("1970-01-01T00:00:00Z"),
        json!("1999-12-31T23:59:59Z"),
        json!("2026-01-01T00:00:31Z"),
        json!("2025-12-29T00:00:00Z"),
    ] {
        let mut sampling = Sampling::new();
        for arrived in [ARRIVED, ARRIVED + SECOND / 2] {
            let lines = sampling.tick(&node(&odd, &odd), arrived);
            let expected = format!("cpu_usage_core_nanoseconds=5i,memory_usage_bytes=6i {arrived}\n");
            assert!(lines.contains(&expected), "{odd}: {lines}");
        }
    }
}

#[test]
fn a_sample_is_written_once() {
    let mut sampling = Sampling::new();
    let (early, late) = (json!("2026-01-01T00:00:10Z"), json!("2026-01-01T00:00:20Z"));
    sampling.tick(&node(&early, &early), ARRIVED);
    let lines = sampling.tick(&node(&early, &late), ARRIVED + 10 * SECOND);
    assert!(!lines.contains("cpu_usage"), "{lines}");
    assert!(
        lines.contains("memory_usage_bytes=6i 1767225620000000000\n"),
        "{lines}"
    );
    // A clock that was set back makes new samples, not silence.
    let lines = sampling.tick(&node(&early, &early), ARRIVED + 20 * SECOND);
    assert!(
        lines.contains("memory_usage_bytes=6i 1767225610000000000\n"),
        "{lines}"
    );
}

#[test]
fn a_sample_of_an_answer_that_broke_off_is_not_written_yet() {
    let mut sampling = Sampling::new();
    let time = json!("2026-01-01T00:00:10Z");
    let summary = node(&time, &time);
    let cut = serde_json::to_vec(&summary).unwrap();
    let cut = &cut[..cut.len() - 1];
    assert!(
        sampling
            .renderer
            .render(cut, ARRIVED, &mut sampling.batch)
            .is_err()
    );
    assert!(
        sampling
            .tick(&summary, ARRIVED + SECOND)
            .contains("cpu_usage_core_nanoseconds=5i")
    );
}

/// Two answers of one node, a minute apart: the rate of each container is that between the kubelet's own times.
#[test]
fn a_rate_is_what_the_kubelets_own_times_give() {
    let Some(captures) = support::captures() else {
        return;
    };
    let mut sampling = Sampling::new();
    let mut rates = BTreeMap::<String, Vec<(i64, i64)>>::new();
    for name in ["aks-scrape-1.json", "aks-scrape-2.json"] {
        let body = std::fs::read(captures.join(name)).unwrap();
        let json: Value = serde_json::from_slice(&body).unwrap();
        let latest = times(&json).into_iter().max().unwrap();
        for line in sampling.tick_bytes(&body, latest).lines() {
            let Some((series, rest)) = line.split_once(' ') else {
                panic!("{line}")
            };
            let (fields, time) = rest.split_once(' ').unwrap();
            let counter = fields
                .split(',')
                .find_map(|field| field.strip_prefix("cpu_usage_core_nanoseconds="));
            if let Some(counter) = counter {
                let counter = counter.strip_suffix('i').unwrap().parse().unwrap();
                rates
                    .entry(series.to_owned())
                    .or_default()
                    .push((time.parse().unwrap(), counter));
            }
        }
        for (series, time, counter) in counters(&json) {
            let samples = &rates[&series];
            assert!(
                samples.contains(&(time, counter)),
                "{series} {time} {counter}: {samples:?}"
            );
        }
    }
    // Between two samples of a series time goes on, so that every rate is finite.
    assert!(
        rates
            .values()
            .flat_map(|samples| samples.windows(2))
            .all(|pair| pair[0].0 < pair[1].0)
    );
    assert!(
        rates.values().any(|samples| samples.len() == 2),
        "nothing was measured twice"
    );
}

fn unix(time: &Value) -> i64 {
    let format = &time::format_description::well_known::Rfc3339;
    let time = time::OffsetDateTime::parse(time.as_str().unwrap(), format).unwrap();
    time.unix_timestamp() * SECOND
}

fn times(json: &Value) -> Vec<i64> {
    counters(json).into_iter().map(|(_, time, _)| time).collect()
}

/// Series, time and counter of each container, from the raw JSON.
fn counters(json: &Value) -> Vec<(String, i64, i64)> {
    let node = json["node"]["nodeName"].as_str().unwrap();
    let mut counters = Vec::new();
    for pod in json["pods"].as_array().unwrap() {
        let (namespace, name) = (&pod["podRef"]["namespace"], &pod["podRef"]["name"]);
        for container in pod["containers"].as_array().into_iter().flatten() {
            let series = format!(
                "kubernetes_pod_container,container_name={},namespace={},node_name={node},pod_name={}",
                container["name"].as_str().unwrap(),
                namespace.as_str().unwrap(),
                name.as_str().unwrap()
            );
            let cpu = &container["cpu"];
            counters.push((
                series,
                unix(&cpu["time"]),
                cpu["usageCoreNanoSeconds"].as_i64().unwrap(),
            ));
        }
    }
    counters
}
