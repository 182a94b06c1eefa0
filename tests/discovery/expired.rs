//! What is too old to go on from: it is listed anew, and what happened meanwhile is known.

use super::{Hearing, api, api_of, node, of, wait_for, wait_for_watches};
use test_kubelet::api::{Aim, ApiFault, TooOld, Verb};

#[test]
fn a_version_that_is_forgotten_is_listed_anew() {
    for how in [TooOld::Event, TooOld::Status] {
        let api = api(&["goes", "stays"]);
        api.set_too_old(how);
        let hearing = Hearing::begin(&api);
        hearing.wait_for_nodes(&["goes", "stays"]);
        wait_for_watches(&api, 1);
        api.set_fault(Aim::ALL, ApiFault::Partition);
        wait_for_watches(&api, 0);
        api.delete_node("goes");
        api.put_node(node("comes"));
        api.compact();
        assert_eq!(hearing.roster.standing().nodes, 2);
        api.clear_faults();
        hearing.wait_for_nodes(&["comes", "stays"]);
        wait_for_watches(&api, 1);
        assert_eq!(of(&api.requests(), Verb::List).len(), 2, "{how:?}");
        assert_eq!(hearing.roster.standing().code, 0);
    }
}

#[test]
fn a_watch_that_is_told_so_in_its_middle_is_listed_anew() {
    let api = api(&["a"]);
    let hearing = Hearing::begin(&api);
    wait_for_watches(&api, 1);
    api.put_node(node("b"));
    hearing.wait_for_nodes(&["a", "b"]);
    api.expire_watches(Aim::ALL);
    wait_for(&api, Verb::List, 2);
    wait_for(&api, Verb::Watch, 2);
    api.put_node(node("c"));
    hearing.wait_for_nodes(&["a", "b", "c"]);
    assert_eq!(hearing.roster.standing().code, 0);
}

#[test]
fn a_list_that_can_not_go_on_begins_anew_and_changes_nothing_until_it_is_whole() {
    let api = api_of(150, false);
    let lists = Aim::ALL.verb(Verb::List);
    api.set_fault(lists.clone(), ApiFault::TooOld);
    let hearing = Hearing::begin(&api);
    let refused = |seen: &[_]| {
        of(seen, Verb::List)
            .iter()
            .filter(|list| list.status == 410)
            .count()
    };
    assert!(api.wait_for_requests(|seen| refused(seen) >= 2, super::PATIENCE));
    assert_eq!(hearing.roster.standing().nodes, 0);
    assert_eq!(hearing.roster.standing().age, None);
    api.clear_fault(&lists);
    hearing.wait(|roster| roster.standing().nodes == 150);
}
