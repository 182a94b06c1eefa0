//! Nothing is lost and nothing is made up: every number and boolean of a summary is found in exactly one field, and
//! every field is found in the summary.
//!
//! Both sides are computed here from the raw JSON and the raw lines, without a word from the code that writes them:
//! [`expect`] walks the JSON and names each leaf by the rules of the schema.

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use support::expect::{Expected, expect};
use support::generate::{Shape, summary};
use support::lines::parse;
use telegraf_kubelet::lines::{AskedBy, Batch, Renderer, Settings, rows};

/// What our side makes of a body.
fn render(body: &[u8]) -> String {
    let mut batch = Batch::default();
    Renderer::new(&Settings::default())
        .render(body, 1_764_000_000_000_000_000, &mut batch)
        .expect("a summary");
    String::from_utf8(batch.runs().flatten().copied().collect()).expect("text")
}

/// Compares both sides, in both directions.
fn check(body: &[u8], json: &Value) {
    let Expected { fields, left_out: _ } = expect(json);
    let lines = render(body);
    let mut found = parse(&lines);
    for (key, value) in fields {
        match found
            .iter()
            .position(|(other, got)| *other == key && *got == value)
        {
            Some(at) => drop(found.swap_remove(at)),
            None => panic!("not in the output: {key:?} = {value:?}\n{lines}"),
        }
    }
    assert!(found.is_empty(), "not in the summary: {found:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_any_summary(json in summary(Shape::Hostile)) {
        check(&serde_json::to_vec_pretty(&json).unwrap(), &json);
        check(&serde_json::to_vec(&json).unwrap(), &json);
    }
}

/// Each row of the schema is written, each tag too: a measurement that no plan had would be told in the README alone.
#[test]
fn every_field_is_met() {
    let mut left: BTreeSet<(&str, &str)> = rows()
        .iter()
        .filter(|row| row.asked_by == AskedBy::Nobody)
        .flat_map(|row| {
            row.tags
                .iter()
                .copied()
                .chain([row.field])
                .map(|name| (row.measurement, name))
        })
        .collect();
    let mut runner = TestRunner::deterministic();
    for _ in 0..1000 {
        let json = summary(Shape::Hostile).new_tree(&mut runner).unwrap().current();
        for ((measurement, tags, field), _) in parse(&render(json.to_string().as_bytes())) {
            let is_there = |name: &str| name == field || tags.contains_key(name);
            left.retain(|(of, name)| *of != measurement || !is_there(name));
        }
        if left.is_empty() {
            return;
        }
    }
    panic!("never written: {left:?}");
}

/// Of containers of one name in a pod the one that lives: it uses something, and it was measured last (`tests/series` has
/// what else may tell them apart).
fn living(summary: &mut Value) {
    let pods = summary["pods"].as_array_mut().into_iter().flatten();
    for containers in pods.filter_map(|pod| pod["containers"].as_array_mut()) {
        let rank = |container: &Value| {
            let uses = [
                &container["cpu"]["usageNanoCores"],
                &container["memory"]["rssBytes"],
            ];
            let times = [&container["cpu"]["time"], &container["memory"]["time"]];
            (
                uses.iter().any(|number| number.as_f64() > Some(0.0)),
                times
                    .iter()
                    .filter_map(|time| time.as_str())
                    .max()
                    .map(str::to_owned),
            )
        };
        containers.sort_by_key(|container| std::cmp::Reverse(rank(container)));
        let mut names = BTreeSet::new();
        containers.retain(|container| names.insert(container["name"].to_string()));
    }
}

/// The same for a real answer, of a kubelet of our own.
#[test]
fn of_a_real_kubelet() {
    let body = include_bytes!("captures/live-1.37.2-meta.summary.json");
    let mut json = serde_json::from_slice(body).unwrap();
    living(&mut json);
    check(body, &json);
}

/// The same for every real answer, where they are at hand: `.ci/run` sees to it that they are.
#[test]
fn of_every_capture() {
    let Some(captures) = support::captures() else {
        return;
    };
    let mut summaries = 0;
    for file in std::fs::read_dir(captures).expect("KUBELET_CAPTURES is a directory") {
        let path = file.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let Ok(mut json) = serde_json::from_slice::<Value>(&body) else {
            continue;
        };
        if json.get("node").is_some() {
            living(&mut json);
            check(&body, &json);
            summaries += 1;
        }
    }
    assert!(summaries > 0, "no summary in KUBELET_CAPTURES");
}
