//! Peers that never come to an end, many ticks long, beside a kubelet that is well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use test_kubelet::{Options, Peer, TestKubelet};

use super::support::plugin::{Plugin, block, command};
use super::{Expected, Gauge, Harm, http1, http2, process};

/// Enough to see what is left behind at each of them. `FLOOD_TICKS` sets another number, for a run by hand.
const TICKS: usize = 15;

/// What a tick may cost at first, before every buffer has been used once.
const WARM_UP: usize = 5;

/// What one connection's buffers may hold at most, in kB: how many of them are full at once is chance, so the most that
/// was resident may still grow by this much for each peer, and whatever grows with the ticks grows beyond it.
const BUFFERS: u64 = 256;

/// What all of them take together at most, on a machine that has other things to do.
const DEADLINE: Duration = Duration::from_secs(90);

/// Everybody at once.
struct Neighbours {
    peers: BTreeMap<String, (Peer, Gauge, Expected)>,
    healthy: TestKubelet,
    plugin: Plugin,
    _dir: tempfile::TempDir,
}

impl Neighbours {
    fn new(harms: Vec<Harm>) -> Self {
        let healthy = TestKubelet::start(Options::default());
        let mut config = block(&healthy);
        let mut peers = BTreeMap::new();
        for harm in harms {
            let limit = if harm.stalls() { "300ms" } else { "60s" };
            let started = harm.start();
            config.push_str(&started.0.block());
            let _ = writeln!(config, "  response_timeout = \"{limit}\"");
            peers.insert(started.0.url(), started);
        }
        let dir = tempfile::tempdir().unwrap();
        let plugin = Plugin::start(command(dir.path(), &config));
        Self {
            peers,
            healthy,
            plugin,
            _dir: dir,
        }
    }

    /// One tick of everybody, each with what has to become of it.
    fn tick(&mut self, number: usize) {
        self.plugin.tick();
        let mut healthy = 0;
        for _ in 0..=self.peers.len() {
            let batch = self.plugin.batch_within(DEADLINE);
            let scrape = batch.last().unwrap();
            let tag = |name: &str| {
                let from = scrape.find(name).unwrap_or_else(|| panic!("{name} in {scrape}")) + name.len();
                let rest = &scrape[from..];
                rest[..rest.find([',', ' ']).unwrap()].to_owned()
            };
            let (url, result) = (tag(",url="), tag(",result="));
            let Some((_, _, expected)) = self.peers.get(&url) else {
                assert_eq!(result, "success", "tick {number}: {scrape}");
                healthy += 1;
                continue;
            };
            assert!(
                expected.results.contains(&result.as_str()),
                "tick {number}, {}: {scrape}\n{:?}",
                expected.name,
                self.plugin.log_within(Duration::ZERO)
            );
        }
        assert_eq!(healthy, 1, "tick {number}");
    }
}

fn ticks() -> usize {
    std::env::var("FLOOD_TICKS").map_or(TICKS, |ticks| ticks.parse().expect("a number"))
}

/// Ticks on and on: descriptors as many as kubelets at most, memory flat.
fn assert_flat(harms: Vec<Harm>) {
    let mut neighbours = Neighbours::new(harms);
    let pid = neighbours.plugin.pid();
    neighbours.tick(0);
    // One connection each, and that of the healthy one; what else is open does not depend on the ticks.
    let kubelets = neighbours.peers.len() + 1;
    let own = process::descriptors(pid).saturating_sub(kubelets);
    let chance = BUFFERS * kubelets as u64;
    let mut warm = 0;
    for number in 1..ticks() {
        neighbours.tick(number);
        let open = process::descriptors(pid);
        assert!(
            open <= own + kubelets,
            "tick {number}: {open} descriptors of {kubelets} kubelets"
        );
        let resident = process::resident(pid);
        if number <= WARM_UP {
            warm = resident.max(warm);
        }
        assert!(
            resident <= warm + chance,
            "tick {number}: {resident} kB, {warm} kB after {WARM_UP}"
        );
        if number % 1_000 == 0 || number == WARM_UP {
            println!("tick {number}: {open} descriptors, {resident} kB resident");
        }
    }
    println!(
        "{} peers, {} ticks: {} descriptors, {} kB resident, {warm} kB after {WARM_UP}",
        neighbours.peers.len(),
        ticks(),
        process::descriptors(pid),
        process::resident(pid)
    );
    assert_eq!(neighbours.healthy.requests().len(), ticks());
    assert_eq!(neighbours.healthy.connections(), 1);
}

#[test]
fn over_http1() {
    assert_flat(http1::harms());
}

#[test]
fn over_http2() {
    assert_flat(http2::harms());
}
