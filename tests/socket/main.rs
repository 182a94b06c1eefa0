//! Delivery to a socket, from outside: a listener that is the test's own comes, goes, sticks, and is something else.

mod away;
mod slow;
mod small;
mod stage;
#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};
use stage::{Stage, about_the_socket, assert_batches, is_last, series, stop, time};
use support::plugin::Plugin;

#[test]
fn every_batch_arrives_whole_and_once() {
    let stage = Stage::new(110);
    let reader = stage.listen().read_on();
    let plugin = stage.start("");
    stage.tick(&plugin, 5);
    let left = stop(plugin);
    assert_batches(&stage, &reader.batches(), 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
}

#[test]
fn its_own_interval_ticks_and_stdin_says_nothing() {
    let stage = Stage::new(3);
    let listener = stage.listen();
    let mut command = stage.command("");
    command.args(["-poll_interval", "300ms"]);
    let plugin = Plugin::start(command);
    listener.batch();
    listener.batch();
    stop(plugin);

    let asked = stage.kubelet.requests().len();
    let mut plugin = Plugin::start(stage.command(""));
    plugin.until_ready();
    plugin.tick();
    plugin.close_stdin();
    stage.tick(&plugin, 1);
    stop(plugin);
    assert_eq!(stage.kubelet.requests().len(), asked + 1);
}

#[test]
fn killed_in_the_middle_of_a_batch_it_leaves_whole_lines() {
    let stage = Stage::new(110);
    let listener = stage.listen();
    let plugin = stage.start("");
    stage.tick(&plugin, 1);
    let mut lines = listener.datagram();
    drop(plugin);
    let batches = listener.read_on().batches();
    lines.extend(batches.into_iter().flatten());
    series(&lines);
    time(&lines);
    assert!(!lines.iter().any(is_last), "that was the whole batch");
}

#[test]
fn a_line_that_telegraf_would_cut_is_left_out_and_one_that_is_only_long_is_not() {
    let stage = Stage::new(3);
    let mut summary: Value = serde_json::from_slice(&test_kubelet::summary(
        &test_kubelet::GeneratorOptions::default(),
        1,
    ))
    .unwrap();
    let metric = |length| json!({"name": "m", "type": "gauge", "units": "", "labels": {"l": "x".repeat(length)}, "value": 1});
    summary["pods"][0]["containers"][0]["userDefinedMetrics"] = json!([metric(60_000), metric(70_000)]);
    stage.kubelet.set_body(Some(summary.to_string().into_bytes()));
    let reader = stage.listen().read_on();
    let plugin = stage.start("");
    stage.tick(&plugin, 2);
    let said = loop {
        let said = plugin.log();
        if said.contains("left out") {
            break said;
        }
    };
    assert!(
        said.contains(" W! ") && said.contains("left out 1 lines whose names are longer"),
        "{said}"
    );
    let left = stop(plugin);
    for batch in reader.batches() {
        let long: Vec<_> = batch.iter().filter(|line| line.len() > 4096).collect();
        assert!(long.len() == 1 && long[0].len() > 60_000, "{}", long.len());
        assert!(
            batch
                .last()
                .unwrap()
                .contains(&format!("lines={}i", batch.len() - 1))
        );
    }
    assert_eq!(about_the_socket(&left), Vec::<&String>::new(), "said twice");
}
