//! From answer to answer: what is known of a pod stays as long as it is the same pod.

use serde_json::json;

use super::{Node, all, lines_with, list, pod, summary, with};

fn node() -> Node {
    Node::new(&with(all()))
}

fn assert_known(lines: &str, name: &str, label: &str) {
    let of_pod = lines_with(lines, &format!(",pod_name={name}"));
    assert_eq!(of_pod.len(), 2, "{lines}");
    for line in of_pod {
        assert!(line.contains(&format!(",app={label}")), "{line}");
    }
}

/// A kubelet that restarted lists too few pods, once and again, while it has no summary yet.
#[test]
fn a_restart_takes_nothing_away() {
    let both = summary(&[("web-0", "1"), ("web-1", "2")]);
    let mut node = node();
    node.learn(&list(&[pod("web-0", "1", "a"), pod("web-1", "2", "b")]));
    assert_known(&node.tick(&both), "web-1", "b");
    for _ in 0..3 {
        node.learn(&list(&[pod("web-0", "1", "a")]));
        assert!(node.try_tick(b"").is_err());
        node.learn(&json!({"items": null}));
        // It ends in the first pod.
        let half = both.to_string();
        assert!(node.try_tick(&half.as_bytes()[..half.len() / 2]).is_err());
    }
    let lines = node.tick(&both);
    assert_known(&lines, "web-0", "a");
    assert_known(&lines, "web-1", "b");
    node.learn(&list(&[]));
    assert_known(&node.tick(&both), "web-1", "b");
    node.learn(&list(&[pod("web-0", "1", "a"), pod("web-1", "2", "c")]));
    assert_known(&node.tick(&both), "web-1", "c");
}

/// It has its own containers, and nobody else's.
#[test]
fn who_is_kept_has_its_own_containers() {
    let both = summary(&[("web-0", "1"), ("web-1", "2")]);
    let mut node = node();
    let mut other = pod("web-0", "1", "a");
    other["spec"]["containers"] = json!([{"name": "app"}, {"name": "waits"}]);
    let mut last = other.clone();
    last["metadata"]["name"] = json!("z");
    last["metadata"]["uid"] = json!("3");
    node.learn(&list(&[pod("web-1", "2", "b"), other.clone(), last.clone()]));
    node.tick(&both);
    // The order in which they are read is not that of their names.
    node.learn(&list(&[last, other]));
    assert_known(&node.tick(&both), "web-1", "b");
}

/// What is taken from the answer before has its place in a shorter one, too: a pod without a label as well.
#[test]
fn an_answer_may_be_shorter_than_the_one_before() {
    let bare = json!({"metadata": {"name": "web-1", "namespace": "shop", "uid": "2"}});
    let mut node = node();
    node.learn(&list(&[pod("web-0", "1", &"a".repeat(500)), bare.clone()]));
    node.learn(&list(&[bare]));
    let lines = node.tick(&summary(&[("web-1", "2")]));
    assert_eq!(lines_with(&lines, "web-1").len(), 2);
}

#[test]
fn who_is_in_neither_is_forgotten() {
    let both = summary(&[("web-0", "1"), ("web-1", "2")]);
    let mut node = node();
    node.learn(&list(&[pod("web-0", "1", "a"), pod("web-1", "2", "b")]));
    node.tick(&summary(&[("web-0", "1")]));
    node.learn(&list(&[pod("web-0", "1", "a")]));
    let lines = node.tick(&both);
    assert_known(&lines, "web-0", "a");
    assert_eq!(lines_with(&lines, "app=b"), [""; 0]);
}

/// A `StatefulSet`'s pod has its predecessor's name, and nothing else of it.
#[test]
fn a_successor_inherits_nothing() {
    let mut node = node();
    node.learn(&list(&[pod("web-0", "1", "old")]));
    assert_known(&node.tick(&summary(&[("web-0", "1")])), "web-0", "old");
    let replaced = summary(&[("web-0", "2")]);
    for _ in 0..2 {
        let lines = node.tick(&replaced);
        assert_eq!(lines_with(&lines, "web-0").len(), 2, "{lines}");
        for of_old in ["app=old", "image=", "phase="] {
            assert_eq!(lines_with(&lines, of_old), [""; 0]);
        }
        node.learn(&list(&[]));
    }
    node.learn(&list(&[pod("web-0", "2", "new")]));
    assert_known(&node.tick(&replaced), "web-0", "new");
}

/// One that is about to go and one that is about to come are one series: the summary says which it is.
#[test]
fn of_two_of_one_name_the_one_that_is_listed_is_told() {
    let mut later = pod("web-0", "2", "new");
    later["metadata"]["creationTimestamp"] = json!("2026-01-01T00:30:00Z");
    for pods in [
        [pod("web-0", "1", "old"), later.clone()],
        [later.clone(), pod("web-0", "1", "old")],
    ] {
        let mut node = node();
        node.learn(&list(&pods));
        assert_known(&node.tick(&summary(&[("web-0", "1")])), "web-0", "old");
        assert_known(&node.tick(&summary(&[("web-0", "2")])), "web-0", "new");
        // Neither: a third one, of which nothing is known yet.
        let lines = node.tick(&summary(&[("web-0", "3")]));
        assert_eq!(lines_with(&lines, "app="), [""; 0]);
        // None of the name: the one that was made last.
        assert_known(&node.tick(&summary(&[])), "web-0", "new");
    }
}

/// A kubelet does not list a pod twice.
#[test]
fn of_two_of_one_uid_nothing_is_told_twice() {
    for names in [["web-0", "web-0"], ["web-0", "web-1"]] {
        let mut node = node();
        node.learn(&list(&names.map(|name| pod(name, "1", "a"))));
        node.tick(&summary(&[("web-0", "1")]));
        node.tick(&summary(&[]));
    }
}

#[test]
fn a_static_pod_is_known_by_the_hash_of_its_file() {
    let hash = "6e1c7a520b1d4c0e9c1f8d3a5b7e2f04";
    let mut node = node();
    node.learn(&list(&[pod("kube-apiserver-n", hash, "api")]));
    assert_known(
        &node.tick(&summary(&[("kube-apiserver-n", hash)])),
        "kube-apiserver-n",
        "api",
    );
}

/// So old that nobody can say whether it is there still.
#[test]
fn what_is_stale_is_told_of_pods_that_are_listed_alone() {
    let mut node = node();
    node.learn(&list(&[pod("web-0", "1", "a"), pod("web-1", "2", "b")]));
    let one = summary(&[("web-0", "1")]);
    assert_known(&node.tick(&one), "web-1", "b");
    node.of.metadata.is_stale();
    let lines = node.tick(&one);
    assert_known(&lines, "web-0", "a");
    assert_eq!(lines_with(&lines, "web-1"), [""; 0]);
    node.learn(&list(&[pod("web-0", "1", "a"), pod("web-1", "2", "b")]));
    assert_known(&node.tick(&one), "web-1", "b");
}
