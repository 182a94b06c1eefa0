//! Watches: what changes is known, each goes on where the one before ended, and one with nobody at its other end is given up.

use std::time::Duration;

use super::{Hearing, How, api, api_of, asks, node, of, wait_for, wait_for_watches};
use test_kubelet::TokenSpec;
use test_kubelet::api::{Aim, ApiFault, Ready, Verb};

#[test]
fn nodes_come_and_change_and_go() {
    for http2 in [false, true] {
        let api = api_of(2, http2);
        let hearing = Hearing::begin(&api);
        hearing.wait_for_nodes(&["node-0000", "node-0001"]);
        wait_for_watches(&api, 1);
        api.put_node(node("new"));
        hearing.wait_for_nodes(&["new", "node-0000", "node-0001"]);
        api.change_node("new", |node| {
            node.kubelet_port = 10_260;
            node.ready = Ready::Unknown;
            node.unschedulable = true;
        });
        hearing.wait(|roster| {
            let new = roster.node("new").expect("it is there");
            let port = new.address.as_ref().map(|address| address.port.get());
            port == Some(10_260) && !new.ready && new.unschedulable
        });
        assert_eq!(hearing.roster.standing().ready, 2);
        api.delete_node("node-0000");
        hearing.wait_for_nodes(&["new", "node-0001"]);
        assert_eq!(of(&api.requests(), Verb::List).len(), 1);
    }
}

#[test]
fn a_watch_goes_on_where_the_one_before_ended() {
    for end in [0, 1, 2] {
        let api = api(&["a"]);
        let hearing = Hearing::begin(&api);
        wait_for_watches(&api, 1);
        api.put_node(node("b"));
        hearing.wait_for_nodes(&["a", "b"]);
        let told = api.version();
        match end {
            0 => api.end_watches(Aim::ALL),
            1 => api.cut_watches(Aim::ALL),
            _ => api.cut_connections(Aim::ALL),
        }
        wait_for(&api, Verb::Watch, 2);
        wait_for_watches(&api, 1);
        api.delete_node("a");
        hearing.wait_for_nodes(&["b"]);
        let seen = api.requests();
        assert_eq!(
            asks(&of(&seen, Verb::Watch)[1], "resourceVersion"),
            Some(told.to_string())
        );
        assert_eq!(of(&seen, Verb::List).len(), 1, "{end}");
        assert_eq!(hearing.roster.standing().code, 0);
    }
}

#[test]
fn what_nothing_was_told_of_is_known_by_bookmarks() {
    let api = api(&["a"]);
    let hearing = Hearing::begin_as(
        &api,
        How {
            selector: "!pool",
            ..How::usual(&api)
        },
    );
    hearing.wait_for_nodes(&["a"]);
    wait_for_watches(&api, 1);
    api.put_nodes((0..100).map(|at| node(&format!("other-{at}")).label("pool", "x")));
    api.send_bookmarks();
    api.end_watches(Aim::ALL);
    wait_for(&api, Verb::Watch, 2);
    let watches = of(&api.requests(), Verb::Watch);
    assert_eq!(
        asks(&watches[1], "resourceVersion"),
        Some(api.version().to_string())
    );
    hearing.wait_for_nodes(&["a"]);
}

#[test]
fn one_that_has_fallen_silent_is_given_up() {
    for http2 in [false, true] {
        let api = api_of(1, http2);
        let hearing = Hearing::begin_as(
            &api,
            How {
                idle: Duration::from_millis(500),
                ..How::usual(&api)
            },
        );
        wait_for_watches(&api, 1);
        api.set_fault(Aim::ALL, ApiFault::WatchesSilent);
        // With nothing heard in the whole watch, nobody knows whether its version was any good.
        wait_for(&api, Verb::List, 2);
        api.clear_faults();
        api.put_node(node("b"));
        hearing.wait_for_nodes(&["b", "node-0000"]);
        assert_eq!(hearing.roster.standing().code, 0);
    }
}

#[test]
fn a_new_token_is_used_from_the_next_watch_on() {
    let api = api(&["a"]);
    let file = api.files().dir.join("rotated");
    let write = |pod: &str| {
        std::fs::write(&file, api.token(pod)).expect("a file");
    };
    write("before");
    let hearing = Hearing::begin_as(
        &api,
        How {
            token: file.clone(),
            ..How::usual(&api)
        },
    );
    wait_for_watches(&api, 1);
    write("after");
    api.end_watches(Aim::ALL);
    wait_for(&api, Verb::Watch, 2);
    let watches = of(&api.requests(), Verb::Watch);
    assert_eq!(watches[0].token.as_deref(), Some("before"));
    assert_eq!(watches[1].token.as_deref(), Some("after"));
    assert_eq!(hearing.roster.standing().nodes, 1);
    // One that is known to nobody is told as such, and the next one heals it.
    let expired = api.cluster().token(&TokenSpec {
        valid_until: -60,
        ..TokenSpec::default()
    });
    std::fs::write(&file, expired).expect("a file");
    api.end_watches(Aim::ALL);
    hearing.wait_for_code(4);
    assert_eq!(hearing.roster.standing().nodes, 1);
    write("healed");
    hearing.wait_for_code(0);
}

#[test]
fn a_watch_ends_with_who_watches() {
    for http2 in [false, true] {
        let api = api_of(1, http2);
        let hearing = Hearing::begin(&api);
        wait_for_watches(&api, 1);
        drop(hearing);
        wait_for_watches(&api, 0);
    }
}
