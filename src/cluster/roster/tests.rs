use std::pin::pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;
use crate::cluster::address::DEFAULT_PORT;
use crate::cluster::node::Amounts;

fn node(name: &str, host: &str) -> Node {
    Node {
        name: name.to_owned(),
        address: Some(Address {
            host: host.to_owned(),
            port: DEFAULT_PORT,
        }),
        labels: Vec::new(),
        ready: true,
        unschedulable: false,
        capacity: Amounts::default(),
        allocatable: Amounts::default(),
    }
}

/// What is told at once; empty where it waits.
fn told(roster: &Roster) -> Vec<String> {
    let mut changes = pin!(roster.changes());
    match changes.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(changes) => changes.iter().map(words).collect(),
        Poll::Pending => Vec::new(),
    }
}

fn words(change: &Change) -> String {
    match change {
        Change::Put(node) => format!("+{} {}", node.name, node.address.as_ref().unwrap().host),
        Change::Gone(name) => format!("-{name}"),
    }
}

#[test]
fn each_change_is_told_once_as_it_is_in_the_end() {
    let roster = Roster::new();
    assert!(told(&roster).is_empty());
    for host in ["1", "2", "2"] {
        roster.put(node("a", host));
    }
    assert_eq!(told(&roster), ["+a 2"]);
    roster.put(node("a", "2"));
    assert!(told(&roster).is_empty(), "nothing that is kept has changed");
    roster.put(node("a", "3"));
    roster.put(node("a", "2"));
    assert!(told(&roster).is_empty(), "it is again as it was told");
    roster.put(node("b", "1"));
    roster.gone("b");
    roster.gone("never");
    assert!(told(&roster).is_empty(), "it came and went");
    roster.gone("a");
    roster.put(node("a", "4"));
    assert_eq!(told(&roster), ["+a 4"]);
    roster.gone("a");
    roster.put(node("0", "4"));
    assert_eq!(told(&roster), ["-a", "+0 4"], "who went is told first");
    assert!(roster.with(|known| known.entries.len() == 1 && known.changed.is_empty()));
}

#[test]
fn a_list_that_is_whole_says_who_is_gone() {
    let roster = Roster::new();
    for name in ["a", "b"] {
        roster.put(node(name, "1"));
    }
    let before = roster.node("a").unwrap();
    assert_eq!(told(&roster).len(), 2);
    let mut dropped = roster.relist();
    dropped.put(node("c", "1"));
    drop(dropped);
    assert!(told(&roster).is_empty());
    assert_eq!(roster.standing().age, None);

    let mut list = roster.relist();
    list.put(node("a", "1"));
    list.put(node("c", "1"));
    assert!(told(&roster).is_empty(), "it is not whole");
    list.finish();
    assert_eq!(told(&roster), ["-b", "+c 1"]);
    assert!(Arc::ptr_eq(&before, &roster.node("a").unwrap()));
    roster.relist().finish();
    assert_eq!(told(&roster), ["-a", "-c"]);
    assert_eq!(roster.standing().nodes, 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told() {
    let roster = Roster::new();
    let other = roster.clone();
    let taken = tokio::spawn(async move { other.changes().await });
    tokio::task::yield_now().await;
    roster.relist().finish();
    assert_eq!(
        taken.await.unwrap(),
        Vec::new(),
        "there is a list, and nobody in it"
    );
    let other = roster.clone();
    let taken = tokio::spawn(async move { other.changes().await });
    tokio::task::yield_now().await;
    roster.heard();
    tokio::task::yield_now().await;
    assert!(!taken.is_finished(), "nothing has changed");
    roster.put(node("a", "1"));
    assert_eq!(taken.await.unwrap().len(), 1);
    // One who gives up waiting takes nothing with him.
    roster.put(node("b", "1"));
    drop(roster.changes());
    assert_eq!(told(&roster), ["+b 1"]);
}

#[tokio::test(start_paused = true)]
async fn how_things_stand() {
    let roster = Roster::new();
    roster.failed(3);
    let mut want = Standing {
        nodes: 0,
        ready: 0,
        age: None,
        code: 3,
    };
    assert_eq!(roster.standing(), want);
    let mut list = roster.relist();
    list.put(node("a", "1"));
    let not_ready = Node {
        ready: false,
        ..node("b", "2")
    };
    list.put(not_ready);
    list.finish();
    tokio::time::advance(Duration::from_secs(7)).await;
    roster.failed(5);
    (want.nodes, want.ready, want.age, want.code) = (2, 1, Some(Duration::from_secs(7)), 5);
    assert_eq!(roster.standing(), want, "the last list stays in use");
    roster.heard();
    (want.age, want.code) = (Some(Duration::ZERO), 0);
    assert_eq!(roster.standing(), want);
}

#[test]
fn nodes_of_one_address_are_both_kept_and_named() {
    let roster = Roster::new();
    for (name, host) in [("a", "10.0.0.1"), ("b", "10.0.0.2"), ("c", "10.0.0.1")] {
        roster.put(node(name, host));
    }
    let lost = Node {
        address: None,
        ..node("d", "")
    };
    roster.put(lost.clone());
    roster.put(Node {
        name: "e".to_owned(),
        ..lost
    });
    assert_eq!(roster.standing().nodes, 5);
    let shared = roster.shared_addresses();
    let names = vec!["a".to_owned(), "c".to_owned()];
    let address = roster.node("a").unwrap().address.clone().unwrap();
    assert_eq!(shared, [(address, names)]);
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8),
    Gone(u8),
    List(Vec<(u8, u8)>),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    let pair = || (0_u8..4, 0_u8..3);
    prop_oneof![
        pair().prop_map(|(name, host)| Step::Put(name, host)),
        (0_u8..4).prop_map(Step::Gone),
        prop::collection::vec(pair(), 0..4).prop_map(Step::List),
        Just(Step::Take),
    ]
}

proptest! {
    /// Who goes by what was told knows what there is, and was told of nothing that he knew.
    #[test]
    fn what_was_told_is_what_there_is(steps in prop::collection::vec(step(), 0..60)) {
        let (roster, mut there) = (Roster::new(), BTreeMap::<String, String>::new());
        let mut known = BTreeMap::<String, String>::new();
        for step in steps.into_iter().chain([Step::Take]) {
            let mut put = |(name, host): (u8, u8)| {
                there.insert(name.to_string(), host.to_string());
                node(&name.to_string(), &host.to_string())
            };
            match step {
                Step::Put(name, host) => roster.put(put((name, host))),
                Step::Gone(name) => {
                    there.remove(&name.to_string());
                    roster.gone(&name.to_string());
                }
                Step::List(nodes) => {
                    let mut list = roster.relist();
                    let nodes: Vec<_> = nodes.into_iter().map(&mut put).collect();
                    let names: Vec<_> = nodes.iter().map(|node| node.name.clone()).collect();
                    for node in nodes {
    list.put(node);
}
                    there.retain(|name, _| names.contains(name));
                    list.finish();
                }
                Step::Take => {
                    for change in told(&roster) {
                        match change.split_at(1) {
                            ("-", name) => prop_assert!(known.remove(name).is_some()),
                            (_, put) => {
                                let (name, host) = put.split_once(' ').unwrap();
                                let before = known.insert(name.to_owned(), host.to_owned());
                                prop_assert_ne!(before.as_deref(), Some(host));
                            }
                        }
                    }
                    prop_assert_eq!(&known, &there);
                }
            }
            prop_assert_eq!(roster.standing().nodes, there.len());
        }
    }
}
