//! Containers, and names that are one when they are written.

use serde_json::json;

use super::{Node, all, lines_with, list, pod, render, summary, with};

/// In the spec twice, which no API server takes; or written alike.
#[test]
fn a_container_that_comes_twice_has_one_line() {
    for names in [
        ["app", "app"],
        ["other", "other"],
        ["app", "app\u{1}"],
        ["a\u{1}", "a_"],
        ["a\u{1}", "a\u{2}"],
    ] {
        let mut pod = pod("web-0", "1", "a");
        pod["spec"]["containers"] = names
            .iter()
            .map(|name| json!({"name": name, "image": "i:1"}))
            .collect();
        pod["spec"]["initContainers"] = json!([{"name": names[0], "image": "i:0"}]);
        render(&with(all()), &summary(&[("web-0", "1")]), &list(&[pod.clone()]));
        render(&with(all()), &summary(&[]), &list(&[pod]));
    }
}

#[test]
fn pods_whose_names_are_written_alike_have_one_line() {
    for names in [["a\u{1}", "a_"], ["a_", "a\u{1}"], ["a\u{1}", "a\u{2}"]] {
        let pods = list(&[pod(names[0], "1", "x"), pod(names[1], "2", "y")]);
        let mut node = Node::new(&with(all()));
        node.learn(&pods);
        node.tick(&summary(&[]));
        node.tick(&summary(&[(names[0], "1")]));
        node.tick(&summary(&[(names[1], "2")]));
        node.tick(&summary(&[(names[1], "3")]));
    }
}

/// Its image is there, and its state: when it is not listed is when that matters.
#[test]
fn what_the_summary_does_not_list_has_its_line() {
    let mut crashed = pod("web-0", "1", "a");
    crashed["spec"]["initContainers"] = json!([{"name": "prepare", "image": "i:1"}]);
    crashed["spec"]["containers"] =
        json!([{"name": "app", "image": "app:1"}, {"name": "crash", "image": "crash:2"}]);
    crashed["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "debug:3"}]);
    crashed["status"]["containerStatuses"] = json!([{"name": "crash", "restartCount": 7, "ready": false,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T01:00:00Z"}}}]);
    let pending = pod("pending", "2", "b");
    let lines = render(
        &with(all()),
        &summary(&[("web-0", "1")]),
        &list(&[crashed, pending]),
    );
    let crash = lines_with(&lines, "container_name=crash,");
    assert_eq!(crash.len(), 1, "{lines}");
    assert!(crash[0].contains(
        "namespace=shop,node_name=n,pod_name=web-0,app=a,image=crash:2,version=2 restarts_total=7i,state_code=2i,\
         state_reason=\"CrashLoopBackOff\",ready=0i,last_terminated_reason=\"Error\",last_terminated_exit_code=1i,\
         last_terminated_time_seconds=1767229200i "
    ), "{}", crash[0]);
    for part in [
        "container_name=prepare,",
        "container_name=debug,",
        "kubernetes_pod,namespace=shop,node_name=n,pod_name=pending,app=b ",
    ] {
        assert_eq!(lines_with(&lines, part).len(), 1, "{part} in\n{lines}");
    }
}

/// Filters are for all lines of a pod.
#[test]
fn what_is_not_let_through_has_no_line() {
    let pods = list(&[
        pod("web-0", "1", "a"),
        pod("pending", "2", "b"),
        pod("other", "3", "c"),
    ]);
    let mut settings = with(all());
    settings.pods = super::only(&["web-*", "pending"]);
    settings.containers = super::only(&["none"]);
    let lines = render(&settings, &summary(&[("web-0", "1"), ("unknown", "9")]), &pods);
    assert_eq!(lines_with(&lines, "other"), [""; 0]);
    assert_eq!(lines_with(&lines, "container"), [""; 0]);
    assert_eq!(lines_with(&lines, "kubernetes_pod,").len(), 2, "{lines}");
}
