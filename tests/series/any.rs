//! Any summary, with anything twice in it: each series and time once, no tag twice, and the same bytes in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use telegraf_kubelet::lines::{Batch, Renderer, Settings, Timestamp};

use super::support::generate::{Shape, summary};
use super::support::lines::{Series, series};
use super::{ARRIVED, text};

/// Few names, some of which are one when they are written.
const NAMES: [&str; 5] = ["a", "b", "a\u{1}", "a_", ""];

/// Random picks, one after the other.
struct Picks(u64);

impl Picks {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Gives everything that has a name one of a few, uids and ids too, and lists some entries again, a little changed.
fn doubled(value: &mut Value, picks: &mut Picks) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match key.as_str() {
                    "nodeName" => {}
                    "name" | "namespace" | "uid" | "id" | "make" | "model" | "units" | "type" => {
                        *value = json!(NAMES[picks.below(NAMES.len())]);
                    }
                    "labels" => {
                        let keys = ["host", "label_host", "pod_uid", "l\u{1}", "l_", "l"];
                        *value = keys
                            .iter()
                            .filter(|_| picks.below(2) == 0)
                            .map(|key| (*key, "v"))
                            .collect();
                    }
                    "time" | "startTime" if picks.below(3) > 0 => {
                        *value = json!(format!("2026-01-01T01:00:{:02}Z", picks.below(3)));
                    }
                    _ => doubled(value, picks),
                }
            }
        }
        Value::Array(list) => {
            for _ in 0..picks.below(3) {
                list_again(list, picks);
            }
            for value in list {
                doubled(value, picks);
            }
        }
        _ => {}
    }
}

/// Lists one of them once more, another one than it was.
fn list_again(list: &mut Vec<Value>, picks: &mut Picks) {
    if !list.is_empty() {
        let mut copy = list[picks.below(list.len())].clone();
        changed(&mut copy, picks);
        list.push(copy);
    }
}

/// Some of its numbers, and by them no entry is preferred to another.
fn changed(value: &mut Value, picks: &mut Picks) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match key.as_str() {
                    "availableBytes" | "inodesUsed" | "majorPageFaults" | "rxErrors" | "dutyCycle"
                    | "swapUsageBytes" | "process_count" => {
                        if value.is_number() && picks.below(2) == 0 {
                            *value = json!(picks.below(3));
                        }
                    }
                    _ => changed(value, picks),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| changed(value, picks)),
        _ => {}
    }
}

/// The same a tick later: all that was listed still is, beside some of it that was measured anew.
fn later(value: &mut Value, picks: &mut Picks) {
    match value {
        Value::Object(object) => object.values_mut().for_each(|value| later(value, picks)),
        Value::Array(list) => {
            for value in list.iter_mut() {
                later(value, picks);
            }
            if picks.below(2) == 0 {
                list_again(list, picks);
                if let Some(again) = list.last_mut() {
                    measured(again, picks);
                }
            }
        }
        _ => {}
    }
}

/// At other times.
fn measured(value: &mut Value, picks: &mut Picks) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match key.as_str() {
                    "time" | "startTime" => {
                        *value = json!(format!("2026-01-01T01:00:{:02}Z", picks.below(9)));
                    }
                    "usageNanoCores" | "rssBytes" => *value = json!(picks.below(2)),
                    _ => measured(value, picks),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| measured(value, picks)),
        _ => {}
    }
}

/// The same with the elements of all lists in another order.
fn shuffled(value: &mut Value, picks: &mut Picks) {
    match value {
        Value::Object(object) => object.values_mut().for_each(|value| shuffled(value, picks)),
        Value::Array(list) => {
            for value in list.iter_mut() {
                shuffled(value, picks);
            }
            for at in (1..list.len()).rev() {
                list.swap(at, picks.below(at + 1));
            }
        }
        _ => {}
    }
}

/// Renders one body after the other; each time, no series has a time twice.
fn ticks(settings: &Settings, bodies: &[&Value]) -> Vec<(String, u64)> {
    let mut renderer = Renderer::new(settings);
    let mut batch = Batch::default();
    let mut arrived = ARRIVED;
    let render = |body: &&Value| {
        arrived += 10_000_000_000;
        let body = serde_json::to_vec(body).unwrap();
        let became = renderer.render(&body, arrived, &mut batch).unwrap();
        let lines = text(&batch);
        let found = series(&lines);
        assert_eq!(found.len() as u64, became.lines);
        let mut once = BTreeSet::<&Series>::new();
        let twice: Vec<_> = found.iter().filter(|series| !once.insert(series)).collect();
        assert!(twice.is_empty(), "{twice:?} in\n{lines}");
        (lines, became.duplicates)
    };
    bodies.iter().map(render).collect()
}

/// Each series and field, with its time.
fn written(lines: &str) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for line in lines.lines() {
        let (rest, time) = line.rsplit_once(' ').unwrap();
        let (head, fields) = rest.rsplit_once(' ').unwrap();
        for field in fields.split(',') {
            let name = field.split('=').next().unwrap();
            found.insert((head.to_owned(), name.to_owned(), time.to_owned()));
        }
    }
    found
}

/// What of these ticks was written at any earlier one. What has no time of its own is measured now, at each tick.
fn written_again(ticks: &[(String, u64)]) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    let mut again = BTreeSet::new();
    for (lines, _) in ticks {
        for one in written(lines) {
            if let Some(one) = all.replace(one) {
                again.insert(one);
            }
        }
    }
    again
}

/// The lines without their times.
fn timeless(lines: &str) -> impl Iterator<Item = &str> {
    lines.lines().map(|line| line.rsplit_once(' ').unwrap().0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_series_once_in_any_order(mut json in summary(Shape::Hostile), seed in any::<u64>(), pod_uid in any::<bool>(), sample in any::<bool>()) {
        let picks = &mut Picks(seed);
        doubled(&mut json, picks);
        let mut other = json.clone();
        shuffled(&mut other, picks);
        let settings = Settings {
            pod_uid,
            timestamp: if sample { Timestamp::Sample } else { Timestamp::Gather },
            ..Settings::default()
        };
        let straight = ticks(&settings, &[&json, &json, &json]);
        let mixed = ticks(&settings, &[&other, &json, &other]);
        for (tick, ((a, _), (b, _))) in straight.iter().zip(&mixed).enumerate() {
            let differs = a.lines().zip(b.lines()).find(|(a, b)| a != b);
            prop_assert_eq!(differs, None, "at tick {}", tick);
        }
        prop_assert_eq!(&straight, &mixed);
        if sample {
            prop_assert_eq!(written_again(&straight), BTreeSet::new());
        } else {
            // Those that live are the same ones at each tick.
            for (tick, (lines, _)) in straight.iter().enumerate() {
                let differs = timeless(&straight[0].0).zip(timeless(lines)).find(|(a, b)| a != b);
                prop_assert_eq!(differs, None, "at tick {}", tick);
                prop_assert_eq!(lines.lines().count(), straight[0].0.lines().count());
            }
        }
    }

    /// Whichever of two lives, at this tick the one and at the next one the other.
    #[test]
    fn nothing_is_written_again_that_was_written(mut json in summary(Shape::Hostile), seed in any::<u64>(), pod_uid in any::<bool>()) {
        let picks = &mut Picks(seed);
        doubled(&mut json, picks);
        let mut bodies = vec![json];
        for _ in 0..2 {
            let mut body = bodies[bodies.len() - 1].clone();
            later(&mut body, picks);
            bodies.push(body);
        }
        let settings = Settings {
            pod_uid,
            timestamp: Timestamp::Sample,
            ..Settings::default()
        };
        let bodies: Vec<_> = bodies.iter().collect();
        prop_assert_eq!(written_again(&ticks(&settings, &bodies)), BTreeSet::new());
    }

    /// Every line is that of one entry: the numbers of two are never mixed, and those of a pod are all its own.
    #[test]
    fn entries_are_not_mixed(seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        let pods: Vec<_> = (1..8_usize).map(|number| pod(number, picks)).collect();
        let summary = json!({"node": {"nodeName": "n"}, "pods": pods});
        let (lines, _) = &ticks(&Settings::default(), &[&summary])[0];
        let mut of_pod = BTreeMap::<String, BTreeSet<String>>::new();
        for line in lines.lines() {
            let (head, fields) = line.split_once(' ').unwrap();
            let name = head.split_once("pod_name=").unwrap().1.split(',').next().unwrap();
            for field in fields.split(' ').next().unwrap().split(',') {
                let number = field.split_once('=').unwrap().1.trim_end_matches('i');
                // The thousands are the pod's.
                of_pod.entry(name.to_owned()).or_default().insert(number[..1].to_owned());
            }
        }
        for (pod, numbers) in of_pod {
            prop_assert_eq!(numbers.len(), 1, "{}: {:?}\n{}", pod, numbers, lines);
        }
    }
}

/// A pod with one of three names, all of whose numbers begin with `number`.
fn pod(number: usize, picks: &mut Picks) -> Value {
    let entries: Vec<_> = (0..picks.below(6))
        .map(|at| {
            let value = number * 1000 + at;
            json!({"name": NAMES[picks.below(2)], "rxBytes": value, "usedBytes": value,
                "cpu": {"usageCoreNanoSeconds": value, "usageNanoCores": value}})
        })
        .collect();
    json!({
        "podRef": {"name": format!("p{}", picks.below(3)), "uid": number.to_string()},
        "containers": entries, "volume": entries, "network": {"interfaces": entries},
        "cpu": {"usageCoreNanoSeconds": number * 1000},
    })
}
