//! What goes wrong on request, and for whom.

use std::thread;
use std::time::Duration;

use super::{End, NODES, PATIENCE, Watching, ask_as, get, json, told, with_nodes};
use crate::api::{Aim, ApiFault, Lease, NodeSpec, Resource, TestApiServer, Verb};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/monitoring/leases";
const LEASE: &str =
    r#"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"one"},"spec":{}}"#;

fn status_of(api: &TestApiServer, name: &str) -> u16 {
    ask_as(api, &api.token(name), "GET", NODES, "").status
}

#[test]
fn refusals_in_an_api_servers_words() {
    let api = with_nodes(1);
    for (fault, code, words) in [
        (ApiFault::Unauthorized, 401, r#""reason":"Unauthorized""#),
        (
            ApiFault::Forbidden,
            403,
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"nodes is forbidden: User \"system:serviceaccount:monitoring:telegraf\" cannot list resource \"nodes\" in API group \"\" at the cluster scope","reason":"Forbidden","details":{"kind":"nodes"},"code":403}"#,
        ),
        (
            ApiFault::TooMany(7),
            429,
            "Too many requests, please try again later.\n",
        ),
        (ApiFault::Internal, 500, "etcdserver: request timed out"),
        (ApiFault::Unavailable, 503, r#""reason":"ServiceUnavailable""#),
        (
            ApiFault::Status {
                code: 200,
                body: "<html>".to_owned(),
            },
            200,
            "<html>",
        ),
    ] {
        let retry = matches!(fault, ApiFault::TooMany(_));
        api.set_fault(Aim::ALL, fault);
        let got = get(&api, NODES);
        assert_eq!(got.status, code);
        assert!(got.text().contains(words), "{}", got.text());
        assert_eq!(got.head.contains("retry-after: 7"), retry);
    }
    api.set_fault(Aim::ALL, ApiFault::Forbidden);
    let got = get(&api, LEASES);
    assert!(got.text().contains(r#""message":"leases.coordination.k8s.io is forbidden: User \"system:serviceaccount:monitoring:telegraf\" cannot list resource \"leases\" in API group \"coordination.k8s.io\" in the namespace \"monitoring\"""#), "{}", got.text());
    let got = get(&api, &format!("{LEASES}/one"));
    assert!(
        got.text()
            .contains(r#"leases.coordination.k8s.io \"one\" is forbidden"#),
        "{}",
        got.text()
    );
    api.clear_faults();
    assert_eq!(get(&api, NODES).status, 200);
}

#[test]
fn only_for_whom_it_is_meant() {
    let api = with_nodes(1);
    let watches = Aim::token("a").resource(Resource::Nodes).verb(Verb::Watch);
    api.set_fault(watches.clone(), ApiFault::Unavailable);
    let watch = |name| {
        ask_as(
            &api,
            &api.token(name),
            "GET",
            &format!("{NODES}?watch=1&timeoutSeconds=0"),
            "",
        )
    };
    assert_eq!((watch("a").status, watch("b").status), (503, 200));
    assert_eq!(status_of(&api, "a"), 200);
    api.set_fault(Aim::ALL.resource(Resource::Leases), ApiFault::Forbidden);
    assert_eq!((get(&api, LEASES).status, get(&api, NODES).status), (403, 200));
    // What was set last counts, and comes off alone.
    api.set_fault(Aim::token("a"), ApiFault::Unauthorized);
    assert_eq!(
        (watch("a").status, status_of(&api, "a"), status_of(&api, "b")),
        (401, 401, 200)
    );
    api.clear_fault(&Aim::token("a"));
    assert_eq!((watch("a").status, status_of(&api, "a")), (503, 200));
    let counts = api.counts();
    let count = |token: &str| counts[&("GET".to_owned(), NODES.to_owned(), Some(token.to_owned()))];
    assert_eq!((count("a"), count("b")), (6, 2));
}

#[test]
fn a_partition_of_one_and_of_all() {
    let api = with_nodes(1);
    let begin = |name| Watching::begin(&api, name, "resourceVersion=1001");
    let (mut mine, mut other) = (begin("mine"), begin("other"));
    api.set_fault(Aim::token("mine"), ApiFault::Partition);
    assert_eq!(mine.end(), End::Cut(Vec::new()));
    assert_eq!((status_of(&api, "mine"), status_of(&api, "other")), (0, 200));
    api.put_node(NodeSpec::new("b", "127.0.0.1", 1));
    assert_eq!(other.told(), told("ADDED", "b"));
    api.set_fault(Aim::ALL, ApiFault::Partition);
    assert_eq!(other.end(), End::Cut(Vec::new()));
    let asked = api.requests().len();
    assert_eq!((status_of(&api, "mine"), status_of(&api, "other")), (0, 0));
    // They did not come so far as to ask.
    assert_eq!(api.requests().len(), asked);
    assert!(api.wait_for_watches(0, PATIENCE));
    api.clear_faults();
    assert_eq!((status_of(&api, "mine"), status_of(&api, "other")), (200, 200));
}

#[test]
fn what_is_not_answered_is_done_or_not() {
    let held = |fault: ApiFault, meanwhile: fn(&[Lease]) -> bool| {
        let api = with_nodes(1);
        api.set_fault(Aim::ALL, fault);
        thread::scope(|scope| {
            let asked = scope.spawn(|| ask_as(&api, &api.token("a"), "POST", LEASES, LEASE).status);
            assert!(api.wait_for_requests(|seen| seen.len() == 1, PATIENCE));
            assert!(api.wait_for_leases(meanwhile, PATIENCE));
            assert!(!asked.is_finished());
            assert_eq!(api.requests()[0].status, 0);
            api.clear_faults();
            assert_eq!(asked.join().expect("an answer"), 201);
        });
        assert_eq!(api.leases().len(), 1);
    };
    held(ApiFault::Silent, <[_]>::is_empty);
    held(ApiFault::AnswerHeld, |leases| leases.len() == 1);
    let api = with_nodes(1);
    api.set_fault(Aim::ALL, ApiFault::AnswerLost);
    assert_eq!(ask_as(&api, &api.token("a"), "POST", LEASES, LEASE).status, 0);
    assert_eq!(api.leases().len(), 1);
    api.set_fault(Aim::ALL, ApiFault::Late(Duration::from_millis(1)));
    assert_eq!(json(&get(&api, LEASES))["items"][0]["metadata"]["name"], "one");
}
