//! Watches of nodes.

use super::{End, NODES, PATIENCE, Watching, get, json, told, with_nodes};
use crate::api::{Aim, ApiFault, NodeSpec, TooOld};

fn node(name: &str) -> NodeSpec {
    NodeSpec::new(name, "127.0.0.1", 10250)
}

#[test]
fn changes_come_as_they_are_made() {
    let api = with_nodes(2);
    let list = json(&get(&api, NODES));
    let version = list["metadata"]["resourceVersion"].as_str().expect("a version");
    let mut watch = Watching::begin(&api, "a", &format!("resourceVersion={version}"));
    assert_eq!((watch.status, api.watches()), (200, 1));
    api.put_node(node("node-0009"));
    let event = watch.event();
    assert_eq!(
        (&event["type"], &event["object"]["kind"]),
        (&"ADDED".into(), &"Node".into())
    );
    assert_eq!(
        event["object"]["metadata"]["resourceVersion"],
        api.version().to_string()
    );
    api.change_node("node-0009", |node| node.kubelet_port = 1);
    assert_eq!(
        watch.event()["object"]["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"],
        1
    );
    api.delete_node("node-0000");
    let event = watch.event();
    assert_eq!(
        (&event["type"], &event["object"]["metadata"]["name"]),
        (&"DELETED".into(), &"node-0000".into())
    );
    assert_eq!(
        event["object"]["metadata"]["resourceVersion"],
        api.version().to_string()
    );
    // From an older version all of that comes again.
    let mut again = Watching::begin(&api, "b", &format!("resourceVersion={version}"));
    for (kind, name) in [
        ("ADDED", "node-0009"),
        ("MODIFIED", "node-0009"),
        ("DELETED", "node-0000"),
    ] {
        assert_eq!(again.told(), told(kind, name));
    }
    drop(watch);
    assert!(api.wait_for_watches(1, PATIENCE));
}

#[test]
fn one_that_knows_nothing_is_told_all() {
    let api = with_nodes(2);
    for query in ["", "resourceVersion=0"] {
        let mut watch = Watching::begin(&api, "a", query);
        assert_eq!(watch.told(), told("ADDED", "node-0000"));
        assert_eq!(watch.told(), told("ADDED", "node-0001"));
    }
    let mut watch = Watching::begin(
        &api,
        "a",
        "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    );
    watch.event();
    watch.event();
    let event = watch.event();
    assert_eq!(event["type"], "BOOKMARK");
    assert_eq!(
        event["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
}

#[test]
fn what_a_selector_makes_of_changes() {
    let api = with_nodes(1);
    let mut watch = Watching::begin(&api, "a", "resourceVersion=1001&labelSelector=pool%3Da");
    let pool = |name: &str, pool: &str| {
        api.change_node(name, |node| {
            node.labels.insert("pool".to_owned(), pool.to_owned());
        });
    };
    api.put_node(node("other"));
    pool("node-0000", "a");
    pool("node-0000", "a");
    pool("node-0000", "b");
    pool("other", "a");
    for (kind, name) in [
        ("ADDED", "node-0000"),
        ("MODIFIED", "node-0000"),
        ("DELETED", "node-0000"),
        ("ADDED", "other"),
    ] {
        assert_eq!(watch.told(), told(kind, name));
    }
}

#[test]
fn it_ends_at_its_time_with_a_bookmark() {
    let api = with_nodes(1);
    let mut watch = Watching::begin(
        &api,
        "a",
        "resourceVersion=1001&timeoutSeconds=1&allowWatchBookmarks=true",
    );
    let event = watch.event();
    assert_eq!(event["type"], "BOOKMARK");
    assert_eq!(event["object"]["metadata"]["resourceVersion"], "1001");
    assert_eq!(watch.end(), End::Clean);
    // Who did not ask for bookmarks has none.
    let mut watch = Watching::begin(&api, "a", "resourceVersion=1001&timeoutSeconds=1");
    api.send_bookmarks();
    assert_eq!(watch.end(), End::Clean);
    assert!(api.wait_for_watches(0, PATIENCE));
}

#[test]
fn a_version_that_is_too_old() {
    let api = with_nodes(1);
    let mut open = Watching::begin(&api, "a", "resourceVersion=1001");
    api.put_node(node("b"));
    api.compact();
    // Who watches already misses nothing.
    assert_eq!(open.told(), told("ADDED", "b"));
    let mut watch = Watching::begin(&api, "a", "resourceVersion=1001");
    assert_eq!(watch.status, 200);
    assert_eq!(api.requests().last().expect("one").status, 200);
    drop(watch);
    let got = get(&api, "/api/v1/nodes?watch=1&resourceVersion=1001");
    assert_eq!(
        got.text().trim_end(),
        r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1001 (1002)","reason":"Expired","code":410}}"#
    );
    api.set_too_old(TooOld::Status);
    let got = get(&api, "/api/v1/nodes?watch=1&resourceVersion=1001");
    assert_eq!((got.status, &json(&got)["reason"]), (410, &"Expired".into()));
    watch = Watching::begin(&api, "a", "resourceVersion=1002");
    api.put_node(node("c"));
    assert_eq!(watch.told(), told("ADDED", "c"));
    api.set_fault(Aim::ALL, ApiFault::TooOld);
    assert_eq!(
        get(&api, "/api/v1/nodes?watch=1&resourceVersion=1003").status,
        410
    );
    assert_eq!(get(&api, "/api/v1/nodes?watch=1&resourceVersion=x").status, 400);
}

#[test]
fn orders_to_open_watches() {
    let api = with_nodes(1);
    let begin = |name| Watching::begin(&api, name, "resourceVersion=1001&allowWatchBookmarks=true");
    let (mut mine, mut other) = (begin("mine"), begin("other"));
    api.send_to_watches(Aim::token("mine"), "no JSON\n");
    assert_eq!(mine.line().expect("a line"), b"no JSON");
    let long = [vec![b'x'; 10_000_000], vec![b'\n']].concat();
    api.send_to_watches(Aim::token("mine"), long);
    assert_eq!(mine.line().expect("a line").len(), 10_000_000);
    api.cut_watches(Aim::token("mine"));
    let End::Cut(half) = mine.end() else {
        panic!("a clean end")
    };
    assert!(half.starts_with(br#"{"type":"MODIFIED","object":{"kind":"Node""#) && half.len() > 4_000);
    mine = begin("mine");
    api.expire_watches(Aim::token("mine"));
    let event = mine.event();
    assert_eq!(
        (&event["type"], &event["object"]["code"]),
        (&"ERROR".into(), &410.into())
    );
    assert_eq!(mine.end(), End::Clean);
    mine = begin("mine");
    api.end_watches(Aim::token("mine"));
    assert_eq!(mine.end(), End::Clean);
    mine = begin("mine");
    api.cut_connections(Aim::token("mine"));
    assert_eq!(mine.end(), End::Cut(Vec::new()));
    // All the time nothing came of that to the other.
    api.send_bookmarks();
    assert_eq!(other.told(), told("BOOKMARK", ""));
}

#[test]
fn one_that_goes_silent() {
    let api = with_nodes(1);
    let mut watch = Watching::begin(&api, "a", "resourceVersion=1001&timeoutSeconds=1");
    let mut other = Watching::begin(&api, "b", "resourceVersion=1001");
    api.set_fault(Aim::token("a"), ApiFault::WatchesSilent);
    api.put_node(node("b"));
    assert_eq!(other.told(), told("ADDED", "b"));
    let mut later = Watching::begin(&api, "c", "resourceVersion=1001&timeoutSeconds=1");
    later.event();
    assert_eq!(later.end(), End::Clean);
    // Its time is over too, and it has neither said so nor ended.
    assert!(api.wait_for_watches(2, PATIENCE));
    api.clear_faults();
    assert_eq!(watch.told(), told("ADDED", "b"));
    assert_eq!(watch.end(), End::Clean);
}
