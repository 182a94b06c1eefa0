//! An answer in which nothing is new is what was known before. Any other is what reading it alone makes of it.

use std::sync::Arc;

use serde_json::{Value, json};
use telegraf_kubelet::lines::Settings;
use telegraf_kubelet::lines::metadata::{Gatherer, Known};

use super::{Node, all, list, only, summary, with};

fn pod(name: &str, phase: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "labels": {"app": name}},
        "spec": {"containers": [{"name": "app", "image": "shop/app:1"}]},
        "status": {"phase": phase, "qosClass": "BestEffort"},
    })
}

/// All but `other` are let through.
fn settings() -> Settings {
    Settings {
        pods: only(&["one", "two", "new"]),
        ..with(all())
    }
}

fn read(before: &Arc<Known>, pods: &[&Value]) -> Arc<Known> {
    let pods: Vec<_> = pods.iter().map(|pod| (*pod).clone()).collect();
    let body = list(&pods).to_string();
    Gatherer::new(&settings())
        .read_again(body.as_bytes(), before)
        .expect("a list of pods")
}

/// What can be told of it.
fn told(known: &Arc<Known>) -> (String, [u64; 4]) {
    let mut node = Node::new(&settings());
    node.of.metadata.learn(Arc::clone(known));
    let counts = [
        known.listed(),
        known.left_out(),
        known.rejected(),
        known.pods() as u64,
    ];
    (node.tick(&summary(&[])), counts)
}

#[test]
fn an_answer_with_nothing_new_is_what_was_known() {
    let [one, two, other] = ["one", "two", "other"].map(|name| pod(name, "Running"));
    let known = read(&Arc::default(), &[&one, &two, &other]);
    assert_eq!(told(&known).1, [3, 0, 0, 2]);
    for order in [[&one, &two, &other], [&other, &two, &one], [&two, &other, &one]] {
        assert!(Arc::ptr_eq(&read(&known, &order), &known));
    }
    let none = read(&Arc::default(), &[]);
    assert!(Arc::ptr_eq(&read(&none, &[]), &none));
}

#[test]
fn what_is_new_is_read_and_what_is_gone_is_gone() {
    let [one, two, other, new] = ["one", "two", "other", "new"].map(|name| pod(name, "Running"));
    let [changed, also_changed] = ["one", "other"].map(|name| pod(name, "Failed"));
    let (no_pod, nameless) = (json!(5), json!({"metadata": {"labels": {"app": "x"}}}));
    let mut bad = pod("two", "Running");
    bad["metadata"]["labels"]["app"] = json!(5);
    let answers: [&[&Value]; 17] = [
        &[&one, &two, &other],
        &[],
        &[&one, &two],
        &[&two, &other],
        &[&one, &two, &other, &new],
        &[&new, &one, &two, &other],
        &[&changed, &two, &other],
        &[&one, &two, &also_changed],
        &[&one, &two, &other, &one],
        &[&one, &one, &two],
        &[&other, &one, &two, &other],
        &[&one, &two, &other, &no_pod],
        &[&no_pod, &one, &two],
        &[&one, &two, &other, &nameless],
        &[&one, &nameless, &two],
        &[&one, &bad, &other],
        &[&one, &changed, &other],
    ];
    for before in answers {
        let before = read(&Arc::default(), before);
        for answer in answers {
            let warm = read(&before, answer);
            let cold = read(&Arc::default(), answer);
            assert_eq!(told(&warm), told(&cold), "{answer:?}");
        }
    }
}
