//! The whole way with nothing made up but the kubelet: a real Telegraf runs the repository's own
//! `telegraf/telegraf.conf` with the plugin's binary, and the numbers are looked up in a real `InfluxDB`.
//!
//! Knows the plugin only from outside: `PLUGIN` may name another one than Cargo built, and `.ci/run` names the static one
//! of a release. `influxd` and `telegraf` have to be in the `PATH` (or Telegraf in `TELEGRAF`); `.ci/run` installs both.

mod alerts;
mod dashboard;
mod everything;
mod guides;
mod hung;
mod influx;
mod inventory;
mod labels;
mod listed;
mod peer;
mod pod;
mod process;
mod resolver;
mod socket;
mod stage;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod telegraf;
mod trouble;
mod wait;

use std::collections::{BTreeMap, BTreeSet};

use rustix::process::Signal;
use stage::{DATABASE, Prompt, Stage, assert_batches, points};
use support::database::{Batches, Database as _};
use support::expect::expect;
use support::lines::parse;
use test_kubelet::Fault;

/// What a current Linux node has; the obsolete measurements of accelerators and user metrics are never served.
const MEASUREMENTS: [&str; 9] = [
    "kubelet_scrape",
    "kubernetes_node",
    "kubernetes_node_network_interface",
    "kubernetes_pod",
    "kubernetes_pod_container",
    "kubernetes_pod_network",
    "kubernetes_pod_network_interface",
    "kubernetes_pod_volume",
    "kubernetes_system_container",
];

#[test]
fn test_mode_shows_one_tick_on_the_screen() {
    let stage = Stage::new();
    let ended = stage.telegraf(Prompt::Stdin).run("--test");
    ended.assert_quiet(&[]);
    assert_eq!(stage.served().len(), 1);
    assert_batches(shown(&ended.stdout), &stage.served());
    assert_eq!(stage.stored(), 0, "--test writes nothing");
}

/// Again and again, because it is a race between two threads of Telegraf's.
#[test]
fn what_is_wrong_with_the_configuration_is_in_telegrafs_log() {
    let stage = Stage::new();
    let mut telegraf = stage.telegraf(Prompt::Stdin);
    let wrong = stage.write("wrong.conf", "[[inputs.kubelet]]\n  uri = \"https://n\"\n");
    telegraf
        .environment
        .push(("KUBELET_CONFIG", wrong.into_os_string()));
    for _ in 0..20 {
        let log = telegraf.run("--test").log;
        let said = "E! [inputs.execd::kubelet] ";
        assert!(
            log.lines()
                .any(|line| line.contains(said) && line.ends_with("did you mean url?")),
            "{log}"
        );
    }
}

#[test]
fn once_stores_one_tick() {
    let stage = Stage::new();
    stage.telegraf(Prompt::Stdin).run("--once").assert_quiet(&[]);
    assert_eq!(stage.served().len(), 1);
    stage.assert_all_stored();
}

#[test]
fn as_a_service_prompted_by_newlines() {
    let stage = Stage::new();
    let service = stage.telegraf(Prompt::Stdin).start();
    stage.until_stored(3);
    service.stop().assert_quiet(&[]);
    stage.assert_all_stored();
    assert_ticks_times_lines(&stage);
}

/// The first signals may find a plugin that has no handler yet, and end it: none can be early enough.
#[test]
fn as_a_service_prompted_by_signals() {
    let stage = Stage::new();
    let service = stage.telegraf(Prompt::Sigusr1).start();
    stage.until_stored(3);
    let ended = service.stop();
    let too_early: &[&str] = if ended.log.contains("exited: signal: user defined signal 1") {
        &[
            "exited: signal",
            "process already finished",
            "file already closed",
        ]
    } else {
        &[]
    };
    ended.assert_quiet(too_early);
    stage.assert_all_stored();
    assert_ticks_times_lines(&stage);
}

#[test]
fn nothing_is_lost_over_a_restart_of_telegraf() {
    let stage = Stage::new();
    let telegraf = stage.telegraf(Prompt::Stdin);
    for _ in 0..2 {
        let service = telegraf.start();
        stage.until_stored(stage.served().len() + 2);
        service.stop().assert_quiet(&[]);
        stage.assert_all_stored();
    }
}

#[test]
fn nothing_is_lost_over_a_kill_of_the_plugin() {
    let stage = Stage::new();
    let service = stage.telegraf(Prompt::Stdin).start();
    stage.until_stored(2);

    // One scrape that fails, so that the last good one is known to be over: what a killed plugin was in the middle of
    // is lost by nature.
    stage.kubelet.set_fault(Fault::Status {
        code: 500,
        body: "Internal Error: for a while".to_owned(),
    });
    wait::until("a scrape has failed", || {
        let requests = stage.kubelet.requests();
        requests.iter().any(|seen| seen.status == 500).then_some(())
    });
    let before = stage.served().len();
    stage.until_stored(before);
    let killed = service.plugin(&[]);
    process::send(killed, Signal::KILL);
    stage.kubelet.set_fault(Fault::None);

    service.plugin(&[killed]);
    stage.until_stored(before + 2);
    let ended = service.stop();
    assert!(ended.log.contains("signal: killed"), "{}", ended.log);
    stage.assert_all_stored();
}

/// What `--test` shows: `> ` and a line each.
fn shown(screen: &str) -> Batches {
    let mut batches = Batches::new();
    for line in screen.lines() {
        let line = line
            .strip_prefix("> ")
            .unwrap_or_else(|| panic!("no metric: {line}"));
        let time = line.rsplit(' ').next().and_then(|time| time.parse().ok());
        let batch = batches
            .entry(time.unwrap_or_else(|| panic!("no time: {line}")))
            .or_default();
        batch.extend(parse(line));
    }
    batches
}

/// In all, and by measurement: as many points as ticks times lines.
fn assert_ticks_times_lines(stage: &Stage) {
    let served = stage.served();
    let summary = serde_json::from_slice(&served[0]).expect("JSON");
    let mut expected: BTreeMap<String, usize> = BTreeMap::from([("kubelet_scrape".to_owned(), served.len())]);
    let fields = expect(&summary).fields;
    let measurements: BTreeSet<&String> = fields.iter().map(|((measurement, ..), _)| measurement).collect();
    for measurement in measurements {
        let keys = fields.iter().map(|(key, _)| key);
        let lines = points(keys.filter(|(other, ..)| other == measurement));
        expected.insert(measurement.clone(), lines * served.len());
    }
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (_, batch) in stage.influx.points(DATABASE) {
        let keys: BTreeSet<_> = batch
            .iter()
            .map(|((measurement, tags, _), _)| (measurement, tags))
            .collect();
        for (measurement, _) in keys {
            *found.entry(measurement.clone()).or_default() += 1;
        }
    }
    assert_eq!(found, expected);
    assert!(found.keys().map(String::as_str).eq(MEASUREMENTS), "{found:?}");
}
