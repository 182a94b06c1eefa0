//! What pod metadata costs the whole process: a tick with all of it beside the same tick without any.
//!
//! `cargo bench --bench metadata`, or with a number of pods behind `--`; `PLUGIN` may name another binary. The real binary,
//! run as Telegraf runs it, against the test kubelet on loopback, over HTTP/1.1 with TLS, each pod of its `/pods` as fat as
//! real ones. Ticks come at a steady pace, and `/pods` is asked behind each of them (an interval of 10s, `metadata_interval`
//! 10s) or behind every third (30s). All run at once and take turns, round by round, so that what else the machine does
//! falls on each alike; told are the ratios of their best rounds, and of their middle ones in brackets: where these two
//! differ much, the machine was too busy to say. Ratios from one run; memory as the system counts it. Nothing here is a
//! test.

#[path = "support/plugin.rs"]
mod plugin;
mod support;

use std::time::{Duration, Instant};

use plugin::Plugin;
use support::{as_ratio, processor, resident};
use test_kubelet::{Options, Right, TestKubelet};

const WARM_UP: u32 = 30;
/// Short, for the best of many is the one that nothing disturbed; a multiple of three.
const TICKS: u32 = 15;
const ROUNDS: u32 = 24;
const PACE: Duration = Duration::from_millis(20);

const ALL: &str = "  label_include = [\"app*\"]\n  pod_network = \"own\"\n  \
                   metadata = [\"image\", \"owner\", \"qos\", \"status\", \"resources\", \"utilization\"]\n";

/// One of those that are compared.
struct Candidate {
    what: &'static str,
    plugin: Plugin,
    /// Processor time of a tick, in nanoseconds, of each round.
    rounds: Vec<u64>,
    /// How many bytes of lines a tick wrote.
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
    let mut candidates = Vec::new();
    for (what, options) in [
        ("without metadata", String::new()),
        ("no answer but the first", every(1_000_000)),
        ("every tick (10s)", every(1)),
        ("every third tick (30s)", every(3)),
    ] {
        candidates.push(Candidate::start(what, &kubelet, &options)?);
    }
    for _ in 0..ROUNDS {
        for candidate in &mut candidates {
            candidate.round()?;
        }
    }
    println!("{pods} pods, HTTP/1.1:");
    let (best, middle) = candidates[0].best_and_middle();
    for candidate in candidates {
        let own = candidate.best_and_middle();
        println!(
            "  {:>6.2} x ({:.2})  {}: {} kB of lines, resident {} kB",
            as_ratio(own.0, best),
            as_ratio(own.1, middle),
            candidate.what,
            candidate.bytes / 1024,
            resident(candidate.plugin.id())?
        );
        candidate.plugin.stop()?;
    }
    Ok(())
}

impl Candidate {
    fn start(what: &'static str, kubelet: &TestKubelet, options: &str) -> Outcome<Self> {
        let mut candidate = Self {
            what,
            plugin: Plugin::start(kubelet, options)?,
            rounds: Vec::new(),
            bytes: 0,
        };
        candidate.ticks(WARM_UP)?;
        Ok(candidate)
    }

    /// Its turn.
    fn round(&mut self) -> Outcome<()> {
        let before = processor(self.plugin.id())?;
        self.ticks(TICKS)?;
        let took = processor(self.plugin.id())? - before;
        self.rounds.push(took / u64::from(TICKS));
        Ok(())
    }

    /// Each has the whole of its time, the last one too: what it asked for behind its lines is its own.
    fn ticks(&mut self, count: u32) -> Outcome<()> {
        let mut next = Instant::now();
        for _ in 0..count {
            self.bytes = self.plugin.tick()?;
            next += PACE;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    fn best_and_middle(&self) -> (u64, u64) {
        let mut rounds = self.rounds.clone();
        rounds.sort_unstable();
        (rounds[0], rounds[rounds.len() / 2])
    }
}
