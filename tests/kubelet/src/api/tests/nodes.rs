//! Lists of nodes.

use serde_json::Value;

use super::{NODES, ask_as, get, json, names, with_nodes};
use crate::api::NodeSpec;
use crate::api::{Ready, TestApiServer};
use crate::{Options, Right, TestKubelet};

#[test]
fn who_has_a_token_may_list() {
    let api = with_nodes(3);
    let got = get(&api, NODES);
    assert_eq!(got.status, 200);
    assert!(
        got.head.contains("content-type: application/json"),
        "{}",
        got.head
    );
    assert!(got.text().starts_with(r#"{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"1003"},"items":[{"metadata":{"name":"node-0000","uid":""#));
    assert!(got.text().ends_with("}]}\n"));
    assert_eq!(names(&json(&got)), ["node-0000", "node-0001", "node-0002"]);
    for wrong in ["", "none", "a.b.c"] {
        let got = ask_as(&api, wrong, "GET", NODES, "");
        let words = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
        assert_eq!((got.status, got.text().trim_end()), (401, words));
    }
    let tokens: Vec<_> = api.requests().into_iter().map(|seen| seen.token).collect();
    assert_eq!(tokens, [Some("reader".to_owned()), None, None, None]);
}

#[test]
fn a_node_is_what_it_was_told_to_be_and_fat() {
    let api = TestApiServer::start(crate::api::ApiOptions::default());
    let mut spec = NodeSpec::new("one", "10.0.0.1", 10260).label("pool", "a&b");
    spec.addresses
        .push(("InternalDNS".to_owned(), "one.local".to_owned()));
    spec.ready = Ready::Unknown;
    spec.unschedulable = true;
    api.put_node(spec);
    let got = get(&api, "/api/v1/nodes/one");
    assert!(
        (8_000..14_000).contains(&got.body.len()),
        "{} bytes",
        got.body.len()
    );
    assert!(got.text().contains(r#""pool":"a\u0026b""#));
    let node = json(&got);
    assert_eq!(node["kind"], "Node");
    assert_eq!(node["spec"]["unschedulable"], true);
    assert_eq!(node["status"]["addresses"][0]["type"], "InternalIP");
    assert_eq!(node["status"]["addresses"][2]["address"], "one.local");
    assert_eq!(
        node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"],
        10260
    );
    let conditions = node["status"]["conditions"].as_array().expect("a list");
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
    assert_eq!(ready.expect("one")["status"], "Unknown");
    assert_eq!(node["status"]["capacity"]["cpu"], "4");
    assert_eq!(node["status"]["images"].as_array().expect("a list").len(), 25);
    // In a list it has no kind.
    assert_eq!(json(&get(&api, NODES))["items"][0]["kind"], Value::Null);
    let words = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"nodes \"two\" not found","reason":"NotFound","details":{"name":"two","kind":"nodes"},"code":404}"#;
    assert_eq!(get(&api, "/api/v1/nodes/two").text().trim_end(), words);
}

#[test]
fn pages_are_of_one_version() {
    let api = with_nodes(5);
    let first = json(&get(&api, "/api/v1/nodes?limit=2"));
    assert_eq!(names(&first), ["node-0000", "node-0001"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    // What comes meanwhile is not of it.
    api.put_node(NodeSpec::new("node-0002a", "127.0.0.1", 10250));
    api.delete_node("node-0003");
    let next = |list: &Value| {
        let token = list["metadata"]["continue"].as_str().expect("a token");
        get(&api, &format!("{NODES}?limit=2&continue={token}"))
    };
    let second = json(&next(&first));
    assert_eq!(names(&second), ["node-0002", "node-0003"]);
    let third = json(&next(&second));
    assert_eq!(names(&third), ["node-0004"]);
    for list in [&second, &third] {
        assert_eq!(
            list["metadata"]["resourceVersion"],
            first["metadata"]["resourceVersion"]
        );
    }
    assert_eq!(third["metadata"].get("continue"), None);
    // Nobody knows that version any more.
    api.compact();
    let got = next(&first);
    let expired = json(&got);
    assert_eq!((got.status, &expired["reason"]), (410, &"Expired".into()));
    assert!(
        expired["message"]
            .as_str()
            .expect("text")
            .starts_with("The provided continue parameter is too old")
    );
    // With the token that it gives, it goes on with what is there now.
    assert_eq!(names(&json(&next(&expired))), ["node-0002", "node-0002a"]);
    assert_eq!(get(&api, "/api/v1/nodes?continue=x").status, 400);
    assert_eq!(get(&api, "/api/v1/nodes?limit=x").status, 400);
}

#[test]
fn selectors_in_a_query() {
    let api = with_nodes(3);
    api.change_node("node-0001", |node| {
        node.labels.insert("pool".to_owned(), "gpu".to_owned());
    });
    let list = |selector: &str| get(&api, &format!("{NODES}?limit=1&labelSelector={selector}"));
    let one = json(&list("pool%3Dgpu"));
    assert_eq!(names(&one), ["node-0001"]);
    assert_eq!(one["metadata"].get("continue"), None);
    let some = json(&list("kubernetes.io%2Fos+in+(linux,windows),%21pool"));
    assert_eq!(names(&some), ["node-0000"]);
    assert!(some["metadata"]["continue"].is_string());
    assert_eq!(some["metadata"].get("remainingItemCount"), None);
    let got = list("a%20b");
    assert_eq!((got.status, &json(&got)["reason"]), (400, &"BadRequest".into()));
}

#[test]
fn what_is_not_there() {
    let api = with_nodes(1);
    let words = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","code":404}"#;
    assert_eq!(get(&api, "/apis/none").text().trim_end(), words);
    assert_eq!(ask_as(&api, &api.token("a"), "PATCH", NODES, "{}").status, 405);
    assert_eq!(get(&api, "/version").status, 200);
}

#[test]
fn kubelets_of_its_cluster_know_its_tokens_and_have_its_ca() {
    let api = with_nodes(1);
    let kubelet = TestKubelet::start_of(
        api.cluster(),
        Options {
            rights: vec![Right::Stats],
            ..Options::default()
        },
    );
    let ca = |path| std::fs::read(path).expect("a file");
    assert_eq!(ca(&kubelet.files().ca), ca(&api.files().ca));
    let got = crate::tests::get_as(&kubelet, &api.token("member-0"), "/stats/summary");
    assert_eq!(got.status, 200);
}

#[test]
fn five_thousand_come_in_pages() {
    let api = with_nodes(5_000);
    let mut found = 0;
    let mut token = String::new();
    loop {
        let page = json(&get(&api, &format!("{NODES}?limit=500{token}")));
        found += names(&page).len();
        let Some(next) = page["metadata"]["continue"].as_str() else {
            break;
        };
        token = format!("&continue={next}");
    }
    assert_eq!((found, api.requests().len()), (5_000, 10));
}
