//! Leases: each step is taken by one of those who ask, and all see it.

use serde_json::{Value, json};

use super::{PATIENCE, TestApiServer, ask_as, get, json, with_nodes};
use crate::tests::Got;

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/monitoring/leases";

fn ask(api: &TestApiServer, method: &str, name: &str, body: &Value) -> Got {
    let path = if name.is_empty() {
        LEASES.to_owned()
    } else {
        format!("{LEASES}/{name}")
    };
    ask_as(api, &api.token("member-0"), method, &path, &body.to_string())
}

fn lease(name: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "labels": {"group": "a"}, "annotations": {"x": "<y>"}},
        "spec": {"holderIdentity": "member-0", "leaseDurationSeconds": 15, "renewTime": "2026-11-26T09:00:00.000001Z"},
    })
}

fn reason(got: &Got) -> (u16, String) {
    let reason = json(got)["reason"].as_str().unwrap_or_default().to_owned();
    (got.status, reason)
}

fn is(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[test]
fn from_the_first_to_the_last() {
    let api = with_nodes(0);
    let got = ask(&api, "POST", "", &lease("one"));
    assert_eq!(got.status, 201);
    let made = &api.leases()[0];
    let expected = format!(
        r#"{{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{{"name":"one","namespace":"monitoring","uid":"{}","resourceVersion":"1001","creationTimestamp":"{}","labels":{{"group":"a"}},"annotations":{{"x":"\u003cy\u003e"}}}},"spec":{{"holderIdentity":"member-0","leaseDurationSeconds":15,"renewTime":"2026-11-26T09:00:00.000001Z"}}}}"#,
        made.uid,
        crate::api::node::date(made.created)
    );
    assert_eq!(got.text().trim_end(), expected);
    assert_eq!(
        reason(&ask(&api, "POST", "", &lease("one"))),
        is(409, "AlreadyExists")
    );
    assert_eq!(json(&get(&api, &format!("{LEASES}/one"))), json(&got));

    let mut renewed = json(&got);
    renewed["spec"]["renewTime"] = "2026-11-26T09:00:05.000000Z".into();
    let again = ask(&api, "PUT", "one", &renewed);
    assert_eq!(again.status, 200);
    assert_eq!(json(&again)["metadata"]["resourceVersion"], "1002");
    assert_eq!(json(&again)["metadata"]["uid"], made.uid);
    // The old version is nobody's any more.
    let got = ask(&api, "PUT", "one", &renewed);
    assert_eq!(reason(&got), is(409, "Conflict"));
    assert!(got.text().contains(r#""message":"Operation cannot be fulfilled on leases.coordination.k8s.io \"one\": the object has been modified; please apply your changes to the latest version and try again""#));
    // The same once more is no change.
    let same = ask(&api, "PUT", "one", &json(&again));
    assert_eq!(json(&same)["metadata"]["resourceVersion"], "1002");

    for (conditions, conflicts) in [
        (json!({"resourceVersion": "1001"}), true),
        (json!({"uid": "none"}), true),
        (json!({"resourceVersion": "1002", "uid": made.uid}), false),
    ] {
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": conditions});
        let got = ask(&api, "DELETE", "one", &options);
        if conflicts {
            assert_eq!(reason(&got), is(409, "Conflict"));
        } else {
            assert_eq!((got.status, &json(&got)["status"]), (200, &"Success".into()));
        }
    }
    assert_eq!(
        reason(&ask(&api, "DELETE", "one", &json!({}))),
        is(404, "NotFound")
    );
    assert_eq!(get(&api, &format!("{LEASES}/one")).status, 404);
    assert_eq!(api.version(), 1003);
    assert!(api.leases().is_empty());
}

/// What one who was away too long does: only with the uid is it told that its Lease is gone.
#[test]
fn to_put_one_that_is_gone_makes_a_new_one_or_not() {
    let api = with_nodes(0);
    let made = json(&ask(&api, "POST", "", &lease("one")));
    assert!(api.delete_lease("monitoring", "one"));
    let got = ask(&api, "PUT", "one", &made);
    assert_eq!(reason(&got), is(409, "Conflict"));
    assert!(got.text().contains("Precondition failed: UID in precondition"));
    let mut without = made.clone();
    without["metadata"]
        .as_object_mut()
        .expect("an object")
        .remove("uid");
    let got = ask(&api, "PUT", "one", &without);
    assert_eq!(got.status, 201);
    assert!(json(&got)["metadata"]["uid"] != made["metadata"]["uid"]);
}

#[test]
fn lists_are_of_a_namespace_and_a_label() {
    let api = with_nodes(1);
    for name in ["a", "b"] {
        assert_eq!(ask(&api, "POST", "", &lease(name)).status, 201);
    }
    let mut other = lease("c");
    other["metadata"]["labels"]["group"] = "b".into();
    assert_eq!(ask(&api, "POST", "", &other).status, 201);
    let names = |path: &str| super::names(&json(&get(&api, path)));
    assert_eq!(names(LEASES), ["a", "b", "c"]);
    assert_eq!(names(&format!("{LEASES}?labelSelector=group%3Da")), ["a", "b"]);
    assert_eq!(names("/apis/coordination.k8s.io/v1/leases"), ["a", "b", "c"]);
    let elsewhere = LEASES.replace("monitoring", "default");
    let list = json(&get(&api, &elsewhere));
    assert_eq!((&list["kind"], &list["items"]), (&"LeaseList".into(), &json!([])));
    assert_eq!(list["metadata"]["resourceVersion"], api.version().to_string());
    assert!(api.wait_for_leases(|leases| leases.len() == 3, PATIENCE));
}

#[test]
fn what_is_no_lease() {
    let api = with_nodes(0);
    let with = |pointer: &str, value: Value| {
        let mut lease = lease("one");
        *lease.pointer_mut(pointer).expect("what is there") = value;
        lease
    };
    for (body, refusal) in [
        (
            with("/spec/renewTime", "2026-11-26T09:00:00Z".into()),
            is(400, "BadRequest"),
        ),
        (
            with("/spec/leaseDurationSeconds", "15".into()),
            is(400, "BadRequest"),
        ),
        (with("/spec/leaseDurationSeconds", 0.into()), is(422, "Invalid")),
        (with("/metadata/name", "One".into()), is(422, "Invalid")),
        (with("/kind", "Node".into()), is(400, "BadRequest")),
        (with("/metadata/labels", json!({"a": 1})), is(400, "BadRequest")),
        ("no object".into(), is(400, "BadRequest")),
    ] {
        assert_eq!(reason(&ask(&api, "POST", "", &body)), refusal, "{body}");
    }
    assert_eq!(ask(&api, "POST", "", &lease("one")).status, 201);
    // Without a version, and under another's name.
    assert_eq!(
        reason(&ask(&api, "PUT", "one", &lease("one"))),
        is(422, "Invalid")
    );
    assert_eq!(
        reason(&ask(&api, "PUT", "two", &lease("one"))),
        is(400, "BadRequest")
    );
    assert_eq!(ask(&api, "PATCH", "one", &lease("one")).status, 405);
}
