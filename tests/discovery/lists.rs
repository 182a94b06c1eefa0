//! Lists: pages, selectors, and nothing that is too much at once.

use super::{Hearing, How, api, api_of, asks, node, of, wait_for_watches};
use test_kubelet::api::Verb;

#[test]
fn many_nodes_come_in_pages_and_are_watched_from_what_was_listed() {
    for http2 in [false, true] {
        let api = api_of(250, http2);
        let listed = api.version();
        let hearing = Hearing::begin(&api);
        hearing.wait(|roster| roster.standing().nodes == 250);
        wait_for_watches(&api, 1);
        assert_eq!(hearing.roster.standing().ready, 250);
        assert_eq!(hearing.roster.standing().code, 0);
        let seen = api.requests();
        let lists = of(&seen, Verb::List);
        assert_eq!(lists.len(), 3, "{lists:#?}");
        for (at, list) in lists.iter().enumerate() {
            assert_eq!(asks(list, "limit").as_deref(), Some("100"));
            assert_eq!(asks(list, "continue").is_some(), at > 0, "{}", list.path);
        }
        let watches = of(&seen, Verb::Watch);
        assert_eq!(asks(&watches[0], "resourceVersion"), Some(listed.to_string()));
        assert_eq!(asks(&watches[0], "allowWatchBookmarks").as_deref(), Some("true"));
        let seconds: u64 = asks(&watches[0], "timeoutSeconds").unwrap().parse().unwrap();
        assert!((300..=600).contains(&seconds), "{seconds}");
        assert!(
            seen.iter()
                .all(|seen| seen.version == if http2 { "2" } else { "1.1" })
        );
        // The list and the watch go over one connection.
        assert_eq!(api.connections(), 1);
    }
}

#[test]
fn nodes_are_known_only_when_the_list_is_whole() {
    let api = api(&[]);
    let hearing = Hearing::begin(&api);
    wait_for_watches(&api, 1);
    // No node is news too.
    assert!(hearing.roster.standing().age.is_some());
    api.put_node(node("first"));
    hearing.wait_for_nodes(&["first"]);
}

#[test]
fn only_nodes_that_are_selected_are_heard_of() {
    let api = api(&["a", "b", "c"]);
    api.change_node("a", |node| *node = node.clone().label("pool", "gpu"));
    api.change_node("b", |node| {
        *node = node.clone().label("pool", "gpu").label("virtual", "");
    });
    let hearing = Hearing::begin_as(
        &api,
        How {
            selector: "pool in (gpu, big), !virtual, kubernetes.io/os!=windows",
            ..How::usual(&api)
        },
    );
    hearing.wait_for_nodes(&["a"]);
    wait_for_watches(&api, 1);
    // It is one of them, and it is not any more.
    api.change_node("b", |node| drop(node.labels.remove("virtual")));
    hearing.wait_for_nodes(&["a", "b"]);
    api.change_node("a", |node| {
        drop(node.labels.insert("pool".to_owned(), "small".to_owned()));
    });
    hearing.wait_for_nodes(&["b"]);
}
