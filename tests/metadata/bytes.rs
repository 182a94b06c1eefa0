//! Whatever comes as an answer to `/pods`: nothing panics, what is kept of it is bounded, and the summary's lines are there.

use proptest::prelude::*;
use serde_json::json;

use super::generate::{Picks, pods};
use super::{Node, all, list, pod, summary, with};

const MIB: usize = 1024 * 1024;

/// As much as anything may hold of one answer.
const MOST: usize = 17 * MIB;

/// Learns it twice, the second time beside the first. Whether it is a list of pods; the summary's lines are there.
fn takes(body: &[u8]) -> bool {
    let mut node = Node::new(&with(all()));
    let summary = summary(&[("web-0", "1")]);
    let good = node.try_learn(body).is_ok();
    assert_eq!(node.try_learn(body).is_ok(), good);
    assert!(node.last.bytes() <= MOST, "{} bytes", node.last.bytes());
    let lines = node.tick(&summary);
    let of_summary = lines
        .lines()
        .filter(|line| line.contains("cpu_usage_nanocores=50000000i"));
    assert_eq!(of_summary.count(), 3, "{lines:.1000}");
    good
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..200)) {
        takes(&body);
    }

    /// A list that was damaged on its way.
    #[test]
    fn a_damaged_list(seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        let mut body = list(&pods(picks, &summary(&[("web-0", "1"), ("web-1", "2")]))).to_string().into_bytes();
        for _ in 0..=picks.below(4) {
            let at = picks.below(body.len());
            match picks.below(4) {
                0 => body[at] = u8::try_from(picks.below(256)).unwrap(),
                1 => body.truncate(at + 1),
                2 => {
                    let from = picks.below(at + 1);
                    let piece = body[from..=at].to_vec();
                    body.splice(at..at, piece);
                }
                _ => body[at] = *picks.of(b"{}[]\",:\\0-enull"),
            }
        }
        takes(&body);
    }
}

#[test]
fn what_is_no_list_is_none() {
    for body in [
        &b""[..],
        b" ",
        b"null",
        b"5",
        b"[]",
        b"{}",
        b"{\"kind\":\"Status\"}",
        b"<html>",
        b"{\"items\":[{}",
        b"{\"items\":[]}x",
    ] {
        assert!(!takes(body), "{}", String::from_utf8_lossy(body));
    }
    for body in [
        r#"{"items":null}"#,
        r#"{"items":[]}"#,
        r#"{"items":[null,5,{}]}"#,
        r#"{"items":[{"metadata":null,"spec":5,"status":[]}]}"#,
        r#"{"items":5}"#,
    ] {
        assert!(takes(body.as_bytes()), "{body}");
    }
}

/// A body that repeats something until it is 12 MiB long.
fn endless(head: &str, entry: impl Fn(usize) -> String, tail: &str) -> Vec<u8> {
    let mut body = head.to_owned();
    for at in 0.. {
        if body.len() > 12 * MIB {
            break;
        }
        if at > 0 {
            body.push(',');
        }
        body.push_str(&entry(at));
    }
    body.push_str(tail);
    body.into_bytes()
}

/// What was read before is no less for that.
#[test]
fn one_that_is_known_and_comes_without_end_is_too_much() {
    let one = pod("web-0", "1", "a");
    let endless = endless(r#"{"items":["#, |_| one.to_string(), "]}");
    let mut other = with(all());
    other.pods = super::only(&["other"]);
    for settings in [with(all()), other] {
        let mut node = Node::new(&settings);
        node.learn(&list(std::slice::from_ref(&one)));
        if node.try_learn(&endless).is_ok() {
            // Of those that are not let through a few bytes each are kept.
            assert!(settings != with(all()) && node.last.is_empty());
        }
    }
}

#[test]
fn what_has_no_end_is_kept_in_bounds() {
    let long = "x".repeat(12 * MIB);
    let of_pod = |rest: &str| {
        format!(r#"{{"items":[{{"metadata":{{"name":"web-0","namespace":"shop","uid":"1"{rest}"#)
    };
    let bodies = [
        // Pods.
        endless(r#"{"items":["#, |at| pod(&format!("p{at}"), &at.to_string(), "a").to_string(), "]}"),
        endless(r#"{"items":["#, |_| pod("web-0", "1", "a").to_string(), "]}"),
        endless(r#"{"items":["#, |_| "{}".to_owned(), "]}"),
        // Containers, and their states.
        endless(&of_pod(r#"},"spec":{"containers":["#), |at| format!(r#"{{"name":"c{at}"}}"#), "]}}]}"),
        endless(&of_pod(r#"},"spec":{"containers":["#), |_| r#"{"name":"c"}"#.to_owned(), "]}}]}"),
        endless(
            &of_pod(r#"},"spec":{"containers":[{"name":"app"}]},"status":{"containerStatuses":["#),
            |at| format!(r#"{{"name":"c{at}"}}"#),
            "]}}]}",
        ),
        // Labels, annotations, conditions, owners.
        endless(&of_pod(r#","labels":{"#), |at| format!(r#""k{at}":"v""#), "}}}]}"),
        endless(&of_pod(r#","annotations":{"#), |_| r#""k":"v""#.to_owned(), "}}}]}"),
        endless(&of_pod(r#","ownerReferences":["#), |_| r#"{"controller":true}"#.to_owned(), "]}}]}"),
        // One of anything.
        list(&[json!({"metadata": {"name": "web-0", "namespace": "shop", "uid": "1", "labels": {"a": long}}})]).to_string().into_bytes(),
        list(&[json!({"metadata": {"name": "web-0", "namespace": "shop", "uid": "1", "annotations": {long.as_str(): "a"}}})]).to_string().into_bytes(),
        list(&[json!({"metadata": {"name": long, "namespace": "shop", "uid": "1"}})]).to_string().into_bytes(),
        list(&[json!({"metadata": {"name": "web-0", "namespace": "shop", "uid": long}})]).to_string().into_bytes(),
        list(&[json!({"metadata": {"name": "web-0", "namespace": "shop", "uid": "1"}, "status": {"phase": long, "reason": long}})]).to_string().into_bytes(),
        format!(r#"{},"spec":{{"containers":[{{"name":"app","image":"{long}","resources":{{"limits":{{"cpu":"{long}"}}}}}}]}}}}]}}"#, of_pod("}"))
            .into_bytes(),
        // A number without end.
        format!(
            r#"{},"spec":{{"containers":[{{"name":"app"}}]}},"status":{{"containerStatuses":[{{"name":"app","restartCount":{}}}]}}}}]}}"#,
            of_pod("}"),
            "9".repeat(12 * MIB)
        )
        .into_bytes(),
    ];
    for (at, body) in bodies.iter().enumerate() {
        serde_json::from_slice::<serde::de::IgnoredAny>(body)
            .unwrap_or_else(|error| panic!("body {at}: {error}"));
        takes(body);
    }
    // Deep ones.
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let depth = 2_000_000;
        let deep = format!("{}null{}", open.repeat(depth), close.repeat(depth));
        takes(deep.as_bytes());
        takes(format!(r#"{{"items":[{{"spec":{deep}}}]}}"#).as_bytes());
        takes(format!(r#"{{"items":[{deep}]}}"#).as_bytes());
    }
}

/// No number is lost for tags that would stand on too many lines, nor for pods that nobody lists.
#[test]
fn too_much_of_it_costs_no_line_of_the_summary() {
    let summary = summary(&[("web-0", "1")]);
    let alone = render_without(&summary);
    for pods in [
        // A line for each container: more than an answer may make.
        (0..210)
            .map(|at| {
                let containers: Vec<_> = (0..500).map(|at| json!({"name": at.to_string()})).collect();
                json!({"metadata": {"name": format!("p{at}"), "namespace": "n", "uid": at.to_string()},
                    "spec": {"containers": containers}})
            })
            .collect::<Vec<_>>(),
        // Tags as long as may be, on lines for which the answer has few bytes.
        (0..2_000)
            .map(|at| {
                let containers: Vec<_> = (0..12).map(|at| json!({"name": format!("c{at}")})).collect();
                json!({"metadata": {"name": format!("p{at}"), "namespace": "n", "uid": at.to_string(),
                    "labels": {"long": "x".repeat(4_000)}}, "spec": {"containers": containers}})
            })
            .collect(),
    ] {
        let mut node = Node::new(&with(all()));
        node.learn(&list(&pods));
        let (lines, rendered) = node.try_tick(summary.to_string().as_bytes()).unwrap();
        assert_eq!(lines, alone);
        assert!(rendered.metadata_left_out >= pods.len() as u64);
        // It is not for ever.
        node.learn(&list(&[pod("web-0", "1", "blue")]));
        assert!(node.tick(&summary).contains(",app=blue"));
    }
}

fn render_without(summary: &serde_json::Value) -> String {
    Node::new(&telegraf_kubelet::lines::Settings::default()).tick(summary)
}

/// One whose it is can not be said leaves nothing behind in the next.
#[test]
fn what_is_no_pod_does_not_grow() {
    let odd = json!({"metadata": {"name": "x".repeat(1_000), "namespace": "n"}});
    let pods = list(&[odd.clone(), pod("web-0", "1", "blue"), odd]);
    let mut node = Node::new(&with(all()));
    node.learn(&pods);
    let before = node.last.bytes();
    for _ in 0..50 {
        node.learn(&pods);
    }
    assert_eq!(node.last.bytes(), before);
}
