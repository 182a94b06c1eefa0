//! What pod metadata costs the whole process: a tick with all of it beside the same tick without any.
//!
//! `cargo bench --bench metadata`, or with a number of pods behind `--`; `PLUGIN` may name another binary. The real binary,
//! run as Telegraf runs it, against the test kubelet on loopback, over HTTP/1.1 with TLS, each pod of its `/pods` as fat as
//! real ones. Ticks come at a steady pace, and `/pods` is asked behind each of them (an interval of 10s, `metadata_interval`
//! 10s) or behind every third (30s). Ratios from one run; memory as the system counts it. Nothing here is a test.

#[path = "support/plugin.rs"]
mod plugin;
mod support;

use std::time::{Duration, Instant};

use plugin::Plugin;
use support::{as_ratio, processor, resident};
use test_kubelet::{Options, Right, TestKubelet};

const WARM_UP: u32 = 30;
const TICKS: u32 = 300;
const PACE: Duration = Duration::from_millis(20);

const ALL: &str = "  label_include = [\"app*\"]\n  pod_network = \"own\"\n  \
                   metadata = [\"image\", \"owner\", \"qos\", \"status\", \"resources\", \"utilization\"]\n";

/// What each tick took, what is resident, and how many bytes of lines it wrote.
struct Cost {
    each: u64,
    resident: u64,
    bytes: usize,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let pods = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(110);
    let kubelet = TestKubelet::start(Options {
        pods,
        rights: vec![Right::Stats, Right::Pods],
        ..Options::default()
    });
    let every = |ticks: u32| {
        format!(
            "{ALL}  metadata_interval = \"{}ms\"\n",
            (PACE * ticks).as_millis()
        )
    };
    let off = measure(&kubelet, "")?;
    println!("{pods} pods, HTTP/1.1:");
    for (what, options) in [
        ("without metadata", String::new()),
        ("no answer but the first", every(1_000_000)),
        ("every tick (10s)", every(1)),
        ("every third tick (30s)", every(3)),
    ] {
        let cost = measure(&kubelet, &options)?;
        println!(
            "  {:>6.2} x  {what}: {} kB of lines, resident {} kB",
            as_ratio(cost.each, off.each),
            cost.bytes / 1024,
            cost.resident
        );
    }
    Ok(())
}

fn measure(kubelet: &TestKubelet, options: &str) -> Outcome<Cost> {
    let mut plugin = Plugin::start(kubelet, options)?;
    let mut next = Instant::now();
    let mut tick = |plugin: &mut Plugin| {
        next += PACE;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        plugin.tick()
    };
    for _ in 0..WARM_UP {
        tick(&mut plugin)?;
    }
    let before = processor(plugin.id())?;
    let mut bytes = 0;
    for _ in 0..TICKS {
        bytes = tick(&mut plugin)?;
    }
    let cost = Cost {
        each: (processor(plugin.id())? - before) / u64::from(TICKS),
        resident: resident(plugin.id())?,
        bytes,
    };
    plugin.stop()?;
    Ok(cost)
}
