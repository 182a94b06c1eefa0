//! What comes twice, in the summary or in `/pods`: each pod and container has its lines still, and has them once.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{Picks, pods};
use super::support::generate::{Shape, summary as summary_of_any};
use super::{Node, all, lines_with, list, pod, summary, with};

/// A pod `shop/web-0` of two containers, of which the summary lists those.
fn summary_of(containers: &[&[&str]]) -> Value {
    let mut both = summary(&vec![("web-0", "1"); containers.len()]);
    for (at, names) in containers.iter().enumerate() {
        let pod = &mut both["pods"][at];
        let one = pod["containers"][0].clone();
        let of = names.iter().map(|name| {
            let mut of = one.clone();
            of["name"] = json!(name);
            of
        });
        pod["containers"] = of.collect();
    }
    both
}

fn two() -> Value {
    let mut two = pod("web-0", "1", "a");
    two["spec"]["containers"] =
        json!([{"name": "app", "image": "app:1"}, {"name": "waits", "image": "app:1"}]);
    two
}

/// A pod that is listed twice is one of the two; a container that the other one lists is not listed.
#[test]
fn a_pod_that_the_summary_lists_twice_has_all_its_containers() {
    for (uses, orders) in [
        (0, [[&["app"][..], &["waits"]], [&["waits"], &["app"]]]),
        (
            0,
            [[&["app", "waits"][..], &["app"]], [&["app"], &["app", "waits"]]],
        ),
        (7, [[&["app"][..], &[]], [&[], &["app"]]]),
    ] {
        let both = orders.map(|containers| {
            let mut summary = summary_of(&containers);
            if uses > 0 {
                summary["pods"][0]["cpu"]["usageCoreNanoSeconds"] = json!(uses);
            }
            let mut node = Node::new(&with(all()));
            node.learn(&list(&[two()]));
            let lines = node.tick(&summary);
            for name in ["app", "waits"] {
                let of = lines_with(&lines, &format!("container_name={name},"));
                assert_eq!(of.len(), 1, "{name} of {containers:?}:\n{lines}");
            }
            lines
        });
        if uses == 0 {
            assert_eq!(both[0], both[1], "{orders:?}");
        }
    }
}

/// Of a key given twice the last counts: what only the first one lists is not listed.
#[test]
fn what_only_the_first_of_two_keys_lists_is_told_as_not_listed() {
    let [two_listed, one_listed] =
        [&[&["app", "waits"][..]][..], &[&["app"][..]]].map(|of| summary_of(of)["pods"].to_string());
    let node_part = summary(&[])["node"].to_string();
    let keys =
        |first: &str, second: &str| format!("{{\"node\":{node_part},\"pods\":{first},\"pods\":{second}}}");
    for (body, want) in [
        (keys(&two_listed, "[]"), keys("[]", "[]")),
        (keys(&two_listed, &one_listed), keys("[]", &one_listed)),
        (keys(&one_listed, "[]"), keys("[]", "[]")),
    ] {
        let [doubled, single] = [body, want].map(|body| {
            let mut node = Node::new(&with(all()));
            node.learn(&list(&[two()]));
            node.try_tick(body.as_bytes()).expect("a summary").0
        });
        assert_eq!(doubled, single);
    }
    // And within a pod.
    let of_pod = |lists: &[&[&str]]| {
        let pods: Vec<_> = lists
            .iter()
            .map(|list| summary_of(&[list])["pods"][0]["containers"].to_string())
            .collect();
        let lists: Vec<_> = pods.iter().map(|list| format!("\"containers\":{list}")).collect();
        let reference = json!({"name": "web-0", "namespace": "shop", "uid": "1"});
        format!(
            "{{\"node\":{node_part},\"pods\":[{{\"podRef\":{reference},{}}}]}}",
            lists.join(",")
        )
    };
    let [doubled, single] = [of_pod(&[&["app", "waits"], &["app"]]), of_pod(&[&["app"]])].map(|body| {
        let mut node = Node::new(&with(all()));
        node.learn(&list(&[two()]));
        node.try_tick(body.as_bytes()).expect("a summary").0
    });
    assert_eq!(doubled, single);
}

/// A kubelet does not list a pod twice. If one does, it is that pod still.
#[test]
fn a_pod_that_comes_twice_is_told_where_the_summary_does_not_list_it() {
    let mut later = pod("web-0", "1", "a");
    later["metadata"]["creationTimestamp"] = json!("2026-01-01T00:30:00Z");
    for pods in [
        [pod("web-0", "1", "a"), pod("web-0", "1", "a")],
        [pod("web-0", "1", "a"), later.clone()],
        [later, pod("web-0", "1", "a")],
    ] {
        let mut node = Node::new(&with(all()));
        for _ in 0..2 {
            node.learn(&list(&pods));
            let lines = node.tick(&summary(&[]));
            assert_eq!(lines_with(&lines, "pod_name=web-0").len(), 2, "{lines}");
        }
    }
}

/// A list with some of its elements once more, a little different.
fn doubled(picks: &mut Picks, list: &mut Vec<Value>, change: impl Fn(&mut Picks, &mut Value)) {
    for at in 0..list.len() {
        for _ in 0..picks.below(3) {
            let mut other = list[at].clone();
            change(picks, &mut other);
            list.push(other);
        }
    }
    picks.shuffle(list);
}

/// Takes some elements of a list out.
fn thinned(picks: &mut Picks, of: &mut Value, key: &str) {
    if let Some(list) = of.get_mut(key).and_then(Value::as_array_mut) {
        list.retain(|_| !picks.one_in(2));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes twice in both answers: what is written does not depend on the order, has each series once, and what is
    /// known of the status has its lines.
    #[test]
    fn what_comes_twice_has_no_order(mut json in summary_of_any(Shape::Hostile), seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        let mut known = pods(picks, &json);
        doubled(picks, &mut known, |picks, pod| {
            let key = *picks.of(&["name", "uid", "namespace", "creationTimestamp", "labels"]);
            let value = if key == "labels" { json!({"app": "other"}) } else { json!("2026-01-01T00:30:00Z") };
            pod["metadata"][key] = value;
            if let Some(spec) = pod.get_mut("spec") {
                thinned(picks, spec, "containers");
            }
        });
        if let Some(listed) = json["pods"].as_array_mut() {
            doubled(picks, listed, |picks, pod| {
                thinned(picks, pod, "containers");
                thinned(picks, pod, "volume");
                let Some(reference) = pod.get_mut("podRef").and_then(Value::as_object_mut) else {
                    return;
                };
                for (key, bound) in [("name", 3), ("uid", 4)] {
                    if picks.one_in(bound) {
                        reference.insert(key.to_owned(), json!("another"));
                    }
                }
            });
        }
        let settings = with(all());
        let both = [0, 1].map(|_| {
            picks.shuffle(&mut known);
            if let Some(listed) = json["pods"].as_array_mut() {
                picks.shuffle(listed);
            }
            let mut node = Node::new(&settings);
            node.learn(&list(&known));
            let first = node.tick(&json);
            // Read like the one before.
            node.learn(&list(&known));
            let again = node.tick(&json);
            assert_eq!(without_times(&first), without_times(&again));
            first
        });
        let differs = both[0].lines().zip(both[1].lines()).find(|(a, b)| a != b);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(&both[0], &both[1]);
    }
}

fn without_times(lines: &str) -> Vec<&str> {
    lines
        .lines()
        .filter_map(|line| Some(line.rsplit_once(' ')?.0))
        .collect()
}
