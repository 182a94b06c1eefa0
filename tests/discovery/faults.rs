//! What goes wrong between us and the API server costs no node, is told by its cause, and heals by itself.

use super::{Hearing, How, api, node, of, wait_for, wait_for_watches};
use test_kubelet::api::{Aim, ApiFault, Verb};

/// Each with the code of its cause.
fn refusals() -> Vec<(ApiFault, i64)> {
    vec![
        // Its connections are taken and closed before the handshake.
        (ApiFault::Partition, 3),
        (ApiFault::Unauthorized, 4),
        (ApiFault::Forbidden, 5),
        (ApiFault::TooMany(1), 6),
        (ApiFault::Internal, 6),
        (ApiFault::Unavailable, 6),
        (
            ApiFault::Status {
                code: 404,
                body: "404 page not found".to_owned(),
            },
            7,
        ),
        (
            ApiFault::Status {
                code: 200,
                body: r#"{"kind":"PodList","items":[]}"#.to_owned(),
            },
            7,
        ),
    ]
}

#[test]
fn what_was_listed_last_stays_while_the_api_server_is_away() {
    for (fault, code) in refusals() {
        let api = api(&["a", "b"]);
        let hearing = Hearing::begin(&api);
        hearing.wait_for_nodes(&["a", "b"]);
        wait_for_watches(&api, 1);
        api.set_fault(Aim::ALL, fault.clone());
        api.cut_connections(Aim::ALL);
        hearing.wait_for_code(code);
        assert_eq!(hearing.roster.standing().nodes, 2, "{fault:?}");
        assert!(hearing.roster.standing().age.is_some());
        api.put_node(node("c"));
        api.clear_faults();
        hearing.wait_for_nodes(&["a", "b", "c"]);
        hearing.wait_for_code(0);
    }
}

#[test]
fn who_could_never_list_does_as_soon_as_it_can() {
    for (fault, code) in refusals() {
        let api = api(&["a"]);
        api.set_fault(Aim::ALL, fault.clone());
        let hearing = Hearing::begin(&api);
        hearing.wait_for_code(code);
        assert_eq!(hearing.roster.standing().age, None, "{fault:?}");
        api.clear_faults();
        hearing.wait_for_nodes(&["a"]);
        hearing.wait_for_code(0);
    }
}

#[test]
fn lists_that_are_allowed_and_watches_that_are_not_are_told_as_such() {
    let api = api(&["a"]);
    let watches = Aim::ALL.verb(Verb::Watch);
    api.set_fault(watches.clone(), ApiFault::Forbidden);
    let hearing = Hearing::begin(&api);
    hearing.wait_for_nodes(&["a"]);
    hearing.wait_for_code(5);
    api.clear_fault(&watches);
    hearing.wait_for_code(0);
    api.put_node(node("b"));
    hearing.wait_for_nodes(&["a", "b"]);
}

#[test]
fn what_is_no_event_and_one_without_end_cost_a_list_and_no_node() {
    let long = [vec![b'x'; 5_000_000], vec![b'\n']].concat();
    for bytes in [
        b"no event\n".to_vec(),
        b"{\"type\":\"ODD\",\"object\":{}}\n".to_vec(),
        long,
    ] {
        let api = api(&["a"]);
        let hearing = Hearing::begin(&api);
        hearing.wait_for_nodes(&["a"]);
        wait_for_watches(&api, 1);
        api.send_to_watches(Aim::ALL, bytes);
        hearing.wait_for_code(7);
        wait_for(&api, Verb::List, 2);
        wait_for(&api, Verb::Watch, 2);
        assert_eq!(hearing.roster.standing().nodes, 1);
        api.put_node(node("b"));
        hearing.wait_for_nodes(&["a", "b"]);
        hearing.wait_for_code(0);
    }
}

#[test]
fn one_that_is_cut_off_costs_others_nothing() {
    let api = api(&["a"]);
    let hear = |name: &str| {
        let file = api.files().dir.join(name);
        std::fs::write(&file, api.token(name)).expect("a file");
        let how = How {
            token: file,
            ..How::usual(&api)
        };
        Hearing::begin_as(&api, how)
    };
    let (one, other) = (hear("one"), hear("other"));
    wait_for_watches(&api, 2);
    api.set_fault(Aim::token("one"), ApiFault::Partition);
    one.wait_for_code(1);
    api.put_node(node("b"));
    other.wait_for_nodes(&["a", "b"]);
    assert_eq!(one.roster.standing().nodes, 1);
    assert_eq!(other.roster.standing().code, 0);
    api.clear_faults();
    one.wait_for_nodes(&["a", "b"]);
    let lists = of(&api.requests(), Verb::List);
    assert_eq!(lists.len(), 2, "each has listed once");
}
