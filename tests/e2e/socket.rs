//! The plugin beside Telegraf: its datagrams at a real `inputs.socket_listener`, and what is in the database of all that
//! the kubelet served, when Telegraf is killed, stopped, stuck, and away for too long.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use rustix::process::Signal;
use test_kubelet::{Fault, Options};

use crate::process::send;
use crate::stage::{DATABASE, HOST, Stage, assert_batches, is_failure, unique};
use crate::support::database::Database as _;
use crate::support::expect::expect;
use crate::support::plugin::{Left, Plugin, block, command};
use crate::telegraf::{Service, Telegraf};
use crate::wait::until;

/// Below five seconds; see `STOP_BUDGET`.
const STOP_LIMIT: Duration = Duration::from_secs(5);

fn socket(stage: &Stage) -> PathBuf {
    stage.dir().join("telegraf.sock")
}

/// A plugin that ticks by itself and sends there; with a container's stdin, which is at its end.
fn plugin(stage: &Stage, interval: &str, more: &str) -> Plugin {
    let config = format!(
        "{}  interval = \"{interval}\"\n  output = \"unixgram://{}\"\n{more}",
        block(&stage.kubelet),
        socket(stage).display()
    );
    let mut plugin = Plugin::start(command(stage.dir(), &config));
    plugin.close_stdin();
    plugin
}

/// A Telegraf that only listens, and writes to the database at once.
fn telegraf(stage: &Stage) -> Telegraf {
    let config = format!(
        r#"
[agent]
  interval = "1s"
  flush_interval = "1s"
  hostname = "{HOST}"
  skip_processors_after_aggregators = true
[[inputs.socket_listener]]
  service_address = "unixgram://{}"
  data_format = "influx"
[[outputs.influxdb]]
  urls = ["{}"]
  database = "{DATABASE}"
"#,
        socket(stage).display(),
        stage.influx.url()
    );
    Telegraf {
        configs: vec![stage.write("listener.conf", &config)],
        environment: Vec::new(),
        dir: stage.dir().to_owned(),
    }
}

fn stop(plugin: Plugin) -> Left {
    plugin.signal(Signal::TERM);
    let left = plugin.wait(STOP_LIMIT);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    assert!(left.stdout.is_empty(), "{left:#?}");
    left
}

/// The next line of the plugin's log that is about the socket.
fn log(plugin: &Plugin) -> String {
    loop {
        let line = plugin.log();
        if line.contains("unixgram://") {
            let (_, said) = line.split_once(' ').expect("a time and more");
            return said.to_owned();
        }
    }
}

/// Waits until the kubelet has served so many more summaries.
fn until_served(stage: &Stage, more: usize) {
    let before = stage.served().len();
    until("more summaries were served", || {
        (stage.served().len() >= before + more).then_some(())
    });
}

/// Lets a scrape fail, and waits until every good one before it is in the database: then nothing that counts is on its
/// way to Telegraf, nor in it.
fn settle(stage: &Stage) {
    let failed = || {
        stage
            .kubelet
            .requests()
            .iter()
            .filter(|seen| seen.status == 500)
            .count()
    };
    let before = failed();
    stage.kubelet.set_fault(Fault::Status {
        code: 500,
        body: "Internal Error: for a while".to_owned(),
    });
    until("a scrape has failed", || (failed() > before).then_some(()));
    stage.until_stored(stage.served().len());
}

/// The end of a test in which nothing may be missing.
fn assert_all_stored(stage: &Stage, plugin: Plugin, telegraf: Service) {
    stop(plugin);
    stage.until_stored(stage.served().len());
    telegraf.stop().assert_quiet(&[]);
    stage.assert_all_stored();
}

#[test]
fn all_that_was_served_is_stored() {
    let stage = Stage::new();
    let telegraf = telegraf(&stage).start();
    let plugin = plugin(&stage, "500ms", "");
    until_served(&stage, 5);
    assert_all_stored(&stage, plugin, telegraf);
}

/// Whether it is told to stop or killed: what was scraped while it was away is stored once it is back, once.
#[test]
fn nothing_is_lost_while_telegraf_is_away() {
    let stage = Stage::new();
    let listener = telegraf(&stage);
    let mut running = listener.start();
    let plugin = plugin(&stage, "500ms", "");
    until_served(&stage, 2);
    for signal in [Signal::KILL, Signal::TERM, Signal::KILL] {
        settle(&stage);
        running.end_by(signal);
        stage.kubelet.set_fault(Fault::None);
        until_served(&stage, 4);
        assert!(log(&plugin).starts_with("W! "));
        running = listener.start();
        assert!(log(&plugin).starts_with("I! "));
        until_served(&stage, 2);
    }
    assert_all_stored(&stage, plugin, running);
}

/// Telegraf ends while batches come without a pause. What it had not read or not stored is missing; what is there is
/// what the kubelet served, to the last digit.
#[test]
fn nothing_is_torn_where_telegraf_ends_in_the_midst_of_it() {
    let stage = Stage::with(Options {
        pods: 50,
        ..Options::default()
    });
    let listener = telegraf(&stage);
    let plugin = plugin(&stage, "100ms", "");
    for signal in [Signal::TERM, Signal::KILL, Signal::TERM, Signal::TERM] {
        let running = listener.start();
        stage.until_stored(stage.stored() + 2);
        running.end_by(signal);
    }
    stop(plugin);

    let mut batches = stage.influx.points(DATABASE);
    batches.retain(|_, batch| !is_failure(batch));
    assert!(batches.len() >= 8, "{}", batches.len());
    let requests = stage.kubelet.requests();
    for (time, batch) in batches {
        let time = UNIX_EPOCH + Duration::from_nanos(time.unsigned_abs());
        let served = requests.iter().rfind(|seen| seen.at < time);
        let served = served.expect("nothing comes of nothing");
        let expected = expect(&serde_json::from_slice(&served.body).expect("JSON"));
        let expected: BTreeMap<_, _> = expected.fields.into_iter().collect();
        for ((measurement, mut tags, field), number) in unique(batch) {
            tags.remove("host");
            let key = (measurement, tags, field);
            if key.0 != "kubelet_scrape" {
                assert_eq!(Some(&number), expected.get(&key), "{key:?} at {time:?}");
            }
        }
    }
}

#[test]
fn a_full_buffer_drops_the_oldest_and_the_log_counts_them() {
    let stage = Stage::new();
    let plugin = plugin(&stage, "500ms", "  output_buffer = \"64KiB\"\n");
    assert!(log(&plugin).contains("not there"));
    assert!(log(&plugin).contains("output_buffer is full"));
    until_served(&stage, 2);
    let telegraf = telegraf(&stage).start();
    assert!(log(&plugin).starts_with("I! "));
    let said = log(&plugin);
    let dropped: usize = said
        .split_once("dropped ")
        .and_then(|(_, said)| said.split_once(" batches")?.0.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    until_served(&stage, 2);
    let left = stop(plugin);
    assert!(
        !left.stderr.iter().any(|line| line.contains("unixgram://")),
        "{left:#?}"
    );
    let served = stage.served();
    assert!(
        dropped >= 3 && served.len() - dropped >= 4,
        "{dropped} of {}",
        served.len()
    );
    stage.until_stored(served.len() - dropped);
    telegraf.stop().assert_quiet(&[]);
    assert_batches(stage.influx.points(DATABASE), &served[dropped..]);
}

/// A Telegraf that does not get to read for a while, and then has all at once.
#[test]
fn a_slow_telegraf_gets_everything() {
    let stage = Stage::new();
    let telegraf = telegraf(&stage).start();
    let plugin = plugin(&stage, "500ms", "");
    for _ in 0..2 {
        until_served(&stage, 1);
        send(telegraf.pid(), Signal::STOP);
        // Far more than the kernel holds for it.
        until_served(&stage, 8);
        send(telegraf.pid(), Signal::CONT);
    }
    assert_all_stored(&stage, plugin, telegraf);
}
