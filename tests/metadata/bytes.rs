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
