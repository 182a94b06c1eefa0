//! What a body costs in memory: itself, its lines, and no more than 16 MiB for everything else, whatever is in it; and it
//! goes back.

#[path = "../support/mod.rs"]
mod support;

mod pods;

use std::fmt::Write as _;
use std::time::Duration;

use rustix::process::Pid;
use support::plugin::{Plugin, block, command};
use test_kubelet::{Options, TestKubelet};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const MIB: usize = 1024 * 1024;

/// Large enough that no multiple of it could be overlooked.
const BODY: usize = 12 * MIB;

/// Enough to have run through all that a large one of its kind runs through: code counts as memory, once it was run.
const SMALL: usize = 64 * 1024;

/// A body of at least `size` bytes: `head`, then what `entry` makes of 0, 1, 2 and so on with commas between, then `tail`.
fn body(size: usize, head: &str, entry: impl Fn(usize) -> String, tail: &str) -> Vec<u8> {
    let mut body = head.to_owned();
    let mut number = 0;
    while body.len() < size {
        let comma = if number == 0 { "" } else { "," };
        write!(body, "{comma}{}", entry(number)).unwrap();
        number += 1;
    }
    body.push_str(tail);
    body.into_bytes()
}

const NODE: &str = r#"{"node":{"nodeName":"n","systemContainers":["#;
const INTERFACES: &str = r#"{"node":{"nodeName":"n","network":{"interfaces":["#;
const PODS: &str = r#"{"node":{"nodeName":"n"},"pods":["#;
const CONTAINERS: &str =
    r#"{"node":{"nodeName":"n"},"pods":[{"podRef":{"name":"p","namespace":"x"},"containers":["#;
const VOLUMES: &str = r#"{"node":{"nodeName":"n"},"pods":[{"podRef":{"name":"p","namespace":"x"},"volume":["#;
const METRICS: &str = r#"{"node":{"nodeName":"n"},"pods":[{"podRef":{"name":"p","namespace":"x"},"containers":[{"name":"c","userDefinedMetrics":["#;
const ACCELERATORS: &str = r#"{"node":{"nodeName":"n"},"pods":[{"podRef":{"name":"p","namespace":"x"},"containers":[{"name":"c","accelerators":["#;
const LABELS: &str = r#"{"node":{"nodeName":"n"},"pods":[{"podRef":{"name":"p"},"containers":[{"name":"c","userDefinedMetrics":[{"value":1,"labels":{"#;

/// Lists of nothing, or of what is wrong, by the million.
fn empty(size: usize) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for entry in ["{}", "{ }", "null", "5", r#"{"a":1}"#] {
        bodies.push(body(size, NODE, |_| entry.to_owned(), "]}}"));
        bodies.push(body(size, INTERFACES, |_| entry.to_owned(), "]}}}"));
        bodies.push(body(size, PODS, |_| entry.to_owned(), "]}"));
        bodies.push(body(size, CONTAINERS, |_| entry.to_owned(), "]}]}"));
        bodies.push(body(size, VOLUMES, |_| entry.to_owned(), "]}]}"));
        bodies.push(body(size, METRICS, |_| entry.to_owned(), "]}]}]}"));
        bodies.push(body(size, ACCELERATORS, |_| entry.to_owned(), "]}]}]}"));
    }
    bodies
}

/// Entries that make a line each, or would, by the hundred thousand.
fn tiny(size: usize) -> Vec<Vec<u8>> {
    vec![
        body(
            size,
            PODS,
            |at| format!(r#"{{"podRef":{{"name":"p{at}"}},"swap":{{"swapUsageBytes":1}}}}"#),
            "]}",
        ),
        body(
            size,
            PODS,
            |at| {
                format!(
                    r#"{{"podRef":{{"name":"p{}"}},"swap":{{"swapUsageBytes":{at}}}}}"#,
                    at % 40_000
                )
            },
            "]}",
        ),
        body(
            size,
            INTERFACES,
            |at| format!(r#"{{"name":"e{at}","rxBytes":1}}"#),
            "]}}}",
        ),
        body(
            size,
            INTERFACES,
            |at| format!(r#"{{"name":"e","rxBytes":{at}}}"#),
            "]}}}",
        ),
        body(
            size,
            CONTAINERS,
            |at| format!(r#"{{"name":"c","cpu":{{"usageCoreNanoSeconds":{at}}}}}"#),
            "]}]}",
        ),
        body(
            size,
            CONTAINERS,
            |_| r#"{"name":"\u0041\n\n","rootfs":{"usedBytes":1}}"#.to_owned(),
            "]}]}",
        ),
        body(
            size,
            VOLUMES,
            |at| format!(r#"{{"name":"v{at}","usedBytes":1}}"#),
            "]}]}",
        ),
        body(
            size,
            METRICS,
            |at| format!(r#"{{"value":1,"labels":{{"l":"{at}"}}}}"#),
            "]}]}]}",
        ),
        body(size, METRICS, |at| format!(r#"{{"value":{at}}}"#), "]}]}]}"),
        // The first two are one series, so that all others are weighed.
        body(
            size,
            PODS,
            |at| {
                format!(
                    r#"{{"podRef":{{"name":"p{}"}},"swap":{{"swapUsageBytes":1}}}}"#,
                    at.max(1)
                )
            },
            "]}",
        ),
        body(
            size,
            INTERFACES,
            |at| format!(r#"{{"name":"e{}","rxBytes":1}}"#, at.max(1)),
            "]}}}",
        ),
        body(
            size,
            ACCELERATORS,
            |at| format!(r#"{{"id":"{}","dutyCycle":1}}"#, at.max(1)),
            "]}]}]}",
        ),
        body(size, LABELS, |at| format!(r#""l{at}":"v""#), "}}]}]}]}"),
        body(size, LABELS, |_| r#""l":"v""#.to_owned(), "}}]}]}]}"),
    ]
}

/// Samples by the hundred thousand: new ones, then newer ones, then those once more with two that are one series.
fn sampled(size: usize) -> Vec<Vec<u8>> {
    let containers = |time: OffsetDateTime, first: usize| {
        let time = time.format(&Rfc3339).unwrap();
        let entry = |at: usize| {
            format!(
                r#"{{"name":"c{}","cpu":{{"time":"{time}","usageNanoCores":1,"psi":{{"some":{{"total":1}}}}}},"memory":{{"time":"{time}","rssBytes":1}},"swap":{{"time":"{time}","swapUsageBytes":1}},"logs":{{"time":"{time}","usedBytes":1}}}}"#,
                at.max(first)
            )
        };
        body(size, CONTAINERS, entry, "]}]}")
    };
    let now = OffsetDateTime::now_utc();
    let newer = now - Duration::from_secs(1);
    vec![
        containers(now - Duration::from_secs(2), 0),
        containers(newer, 0),
        containers(newer, 1),
    ]
}

/// Names, keys and nesting without end.
fn long(size: usize) -> Vec<Vec<u8>> {
    let pods = |name: usize| {
        let mut body = format!(r#"{{"node":{{"nodeName":"{}"}},"pods":["#, "n".repeat(name));
        for at in 0..size / 1200 {
            let comma = if at == 0 { "" } else { "," };
            write!(
                body,
                r#"{comma}{{"podRef":{{"name":"p{at}"}},"memory":{{"usageBytes":1}}}}"#
            )
            .unwrap();
        }
        body.push_str("]}");
        body.into_bytes()
    };
    let named = |name: &[u8]| {
        [
            &br#"{"node":{"nodeName":"n"},"pods":[{"podRef":{"name":""#[..],
            &name.repeat(size / name.len()),
            &br#""},"memory":{"usageBytes":1}}]}"#[..],
        ]
        .concat()
    };
    vec![
        pods(size / 3 * 2),
        pods(size / 120),
        pods(size / 200),
        named(b"n"),
        named(br"\u00e9"),
        named(br"\n"),
        named(b"\xff"),
        named(b"a b,c=d"),
        // A number that is none.
        [
            METRICS.as_bytes(),
            br#"{"value":0."#,
            &b"1".repeat(size),
            b"}]}]}]}",
        ]
        .concat(),
        b"[".repeat(size),
        br#"{"node":"#.repeat(size / 8),
        [&br#"{"node":{""#[..], &br"\n".repeat(size / 2), &br#"":1}}"#[..]].concat(),
    ]
}

/// What the system says of the process, in bytes.
fn status(pid: Pid, key: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

struct Stage {
    kubelet: TestKubelet,
    plugin: Plugin,
    _dir: tempfile::TempDir,
}

impl Stage {
    fn new(lines: &str) -> Self {
        Self::with(Options::default(), lines)
    }

    fn with(options: Options, lines: &str) -> Self {
        let kubelet = TestKubelet::start(options);
        let dir = tempfile::tempdir().unwrap();
        let config = format!("{}  response_timeout = \"60s\"\n{lines}", block(&kubelet));
        let mut command = command(dir.path(), &config);
        command.args(["-log_level", "error"]);
        Self {
            kubelet,
            plugin: Plugin::start(command),
            _dir: dir,
        }
    }

    /// One tick on this body; how many bytes of lines it made.
    fn tick(&mut self, body: Option<Vec<u8>>) -> usize {
        self.kubelet.set_body(body);
        self.plugin.tick();
        let batch = self.plugin.batch_within(Duration::from_secs(120));
        batch.iter().map(|line| line.len() + 1).sum()
    }

    /// Runs through what such bodies run through.
    fn warm_up(&mut self, bodies: fn(usize) -> Vec<Vec<u8>>) {
        for body in bodies(SMALL) {
            self.tick(Some(body));
        }
        self.tick(None);
    }

    /// Forgets the most that was resident.
    fn forget_peak(&self) {
        std::fs::write(
            format!("/proc/{}/clear_refs", self.plugin.pid().as_raw_pid()),
            "5",
        )
        .unwrap();
    }
}

/// Each of the bodies costs no more than it may: 6 MiB are the program's own, where it is optimized.
fn assert_bounded(bodies: fn(usize) -> Vec<Vec<u8>>, lines: &str) {
    let mut stage = Stage::new(lines);
    stage.warm_up(bodies);
    let own = status(stage.plugin.pid(), "VmHWM");
    for body in bodies(BODY) {
        let (size, begin) = (body.len(), String::from_utf8_lossy(&body[..120]).into_owned());
        let made = stage.tick(Some(body));
        let peak = status(stage.plugin.pid(), "VmHWM");
        assert!(
            peak <= own + size + made + 10 * MIB,
            "{begin}: {peak} bytes for a body of {size} and lines of {made}, {own} before"
        );
        // Twice, because what one answer took is given back at the tick after the next.
        stage.tick(None);
        stage.tick(None);
        stage.forget_peak();
    }
}

#[test]
fn lists_of_nothing() {
    assert_bounded(empty, "");
}

#[test]
fn tiny_entries() {
    assert_bounded(tiny, "");
}

#[test]
fn tiny_entries_with_the_kubelets_times() {
    assert_bounded(tiny, "  timestamp = \"sample\"\n");
}

/// What is remembered from tick to tick, and what is beside it.
#[test]
fn samples_are_remembered_for_little() {
    let mut stage = Stage::new("  timestamp = \"sample\"\n");
    stage.warm_up(sampled);
    let own = status(stage.plugin.pid(), "VmHWM");
    let mut most = 0;
    for body in sampled(BODY) {
        let size = body.len();
        most = most.max(stage.tick(Some(body)));
        let peak = status(stage.plugin.pid(), "VmHWM");
        assert!(
            peak <= own + size + most + 10 * MIB,
            "{peak} bytes for a body of {size} and lines of {most}, {own} before"
        );
    }
    assert!(most > BODY / 4, "{most} bytes of lines");
}

#[test]
fn names_without_end() {
    assert_bounded(long, "");
}

/// What a huge answer took is not kept: not for the tick after the next.
#[test]
fn it_goes_back() {
    let mut stage = Stage::new("");
    let normal = |stage: &mut Stage| {
        for _ in 0..3 {
            stage.tick(None);
        }
        status(stage.plugin.pid(), "VmRSS")
    };
    stage.warm_up(tiny);
    let before = normal(&mut stage);
    let huge = [
        tiny(BODY).swap_remove(0),
        tiny(BODY).swap_remove(1),
        long(BODY).swap_remove(0),
    ];
    for body in huge {
        stage.tick(Some(body));
        stage.forget_peak();
        let after = normal(&mut stage);
        assert!(after <= before + 4 * MIB, "{before} bytes before, {after} after");
    }
}

/// Memory that was touched for the first time since the system gave it, in pages, over the life of the process.
fn faults(pid: Pid) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap();
    // The name stands in parentheses, and may hold anything; behind it this is the eighth.
    let (_, behind) = stat.rsplit_once(')').unwrap();
    behind.split_whitespace().nth(7).unwrap().parse().unwrap()
}

/// A large node's lines are some 1,300 pages. They are written into the same ones at each tick: given back and taken anew
/// they would cost a third of it.
#[test]
fn a_tick_takes_no_memory_anew() {
    const TICKS: u64 = 5;
    let large = test_kubelet::GeneratorOptions {
        pods: 1_000,
        ..Default::default()
    };
    let body = test_kubelet::summary(&large, 0);
    let mut stage = Stage::new("");
    let mut lines = 0;
    for _ in 0..4 {
        lines = stage.tick(Some(body.clone()));
    }
    assert!(lines > 4 * MIB, "{lines} bytes");
    let before = faults(stage.plugin.pid());
    for _ in 0..TICKS {
        stage.tick(Some(body.clone()));
    }
    let a_tick = (faults(stage.plugin.pid()) - before) / TICKS;
    assert!(a_tick < 200, "{a_tick} pages a tick");
}
