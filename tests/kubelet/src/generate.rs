//! Summaries as a current Linux kubelet prints them, of any size, with counters that move from scrape to scrape.
//!
//! The look is Go's `MarshalIndent(v, "", " ")`: one space a level, keys in the order of the API's structs. Pods and
//! system containers come in another order each time, as from Go's maps. The same options and scrape number always give
//! the same bytes.

use std::fmt::Write as _;

use crate::random::Random;

/// What a generated summary is like.
#[derive(Debug, Clone)]
pub struct GeneratorOptions {
    /// How many pods.
    pub pods: usize,
    /// How many containers in each.
    pub containers: usize,
    /// The node's name.
    pub node_name: String,
    /// With pressure, as from 1.34 on.
    pub psi: bool,
}

impl Default for GeneratorOptions {
    fn default() -> Self {
        Self {
            pods: 110,
            containers: 2,
            node_name: "test-node".to_owned(),
            psi: true,
        }
    }
}

/// 2026-01-01T00:00:00Z, when the generated node booted.
const BOOT: i64 = 1_767_225_600;

/// The node's interfaces, and the seed of their numbers: of a pod on the host's network too.
const NODE_INTERFACES: [&str; 2] = ["eth0", "cni0"];
const NODE_NETWORK: u64 = 300;

/// The summary of scrape number `tick`, whose samples were taken at most 20 s before `now` (seconds since 1970).
#[must_use]
pub fn summary_at(options: &GeneratorOptions, tick: u64, now: i64) -> Vec<u8> {
    let mut printer = Printer {
        out: String::new(),
        depth: 0,
        first: true,
        psi: options.psi,
        tick,
        now,
    };
    printer.object(None, |p| {
        p.object(Some("node"), |p| p.node(options));
        let mut order: Vec<usize> = (0..options.pods).collect();
        Random(tick.wrapping_mul(77) + 5).shuffle(&mut order);
        p.list("pods", order, |p, pod| p.object(None, |p| p.pod(pod, options)));
    });
    printer.out.into_bytes()
}

/// As [`summary_at`], ten seconds a tick after the node's first hour: the same bytes on every day.
#[must_use]
pub fn summary(options: &GeneratorOptions, tick: u64) -> Vec<u8> {
    summary_at(
        options,
        tick,
        BOOT + 3_600 + 10 * i64::try_from(tick).unwrap_or(0),
    )
}

/// From pod 10 on there is one of a file (number 9).
const STATIC: usize = 9;

/// The shapes of names that each of Kubernetes' controllers makes, all of one length: most are a Deployment's.
fn pod_name(pod: usize, node: &str) -> String {
    let program = ["web", "worker", "cache"][pod % 3];
    match pod {
        STATIC => format!("kube-apiserver-{node}"),
        4.. if pod % 10 == 4 => format!("app-{program}-every-node-{pod:05}"),
        5.. if pod % 10 == 5 => format!("app-{program}-shard-of-{pod:05}-{}", pod % 3),
        6.. if pod % 10 == 6 => format!("app-{program}-1-{}-{pod:05}", BOOT / 60),
        8.. if pod % 10 == 8 => format!("app-{program}-handmade-p{pod:06}"),
        _ => format!("app-{program}-7d9f8b6c5d-{pod:05}"),
    }
}

fn namespace(pod: usize) -> String {
    ["default", "kube-system", "team-a", "monitoring"][pod % 4].to_owned()
}

fn uid(pod: usize) -> String {
    // The hash of the file.
    if pod == STATIC {
        return "6e1c7a520b1d4c0e9c1f8d3a5b7e2f04".to_owned();
    }
    format!("6e1c7a52-0b1d-4c0e-9c1f-{pod:012x}")
}

fn container_name(at: usize) -> String {
    match at {
        0 => "app".to_owned(),
        1 => "istio-proxy".to_owned(),
        _ => format!("sidecar-{at}"),
    }
}

struct Printer {
    out: String,
    depth: usize,
    /// Nothing stands in the object or list at hand yet.
    first: bool,
    psi: bool,
    tick: u64,
    now: i64,
}

impl Printer {
    fn member(&mut self, key: Option<&str>) {
        if self.depth > 0 {
            self.out.push_str(if self.first { "\n" } else { ",\n" });
            self.out.extend(std::iter::repeat_n(' ', self.depth));
        }
        self.first = false;
        if let Some(key) = key {
            let _ = write!(self.out, "\"{key}\": ");
        }
    }

    fn nested(&mut self, brackets: [char; 2], content: impl FnOnce(&mut Self)) {
        self.out.push(brackets[0]);
        self.depth += 1;
        self.first = true;
        content(self);
        self.depth -= 1;
        if !self.first {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', self.depth));
        }
        self.out.push(brackets[1]);
        self.first = false;
    }

    fn object(&mut self, key: Option<&str>, content: impl FnOnce(&mut Self)) {
        self.member(key);
        self.nested(['{', '}'], content);
    }

    fn list<T>(&mut self, key: &str, items: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) {
        self.member(Some(key));
        self.nested(['[', ']'], |p| items.into_iter().for_each(|item| each(p, item)));
    }

    fn text(&mut self, key: &str, text: &str) {
        self.member(Some(key));
        let _ = write!(self.out, "\"{text}\"");
    }

    fn number(&mut self, key: &str, number: u64) {
        self.member(Some(key));
        let _ = write!(self.out, "{number}");
    }

    fn time(&mut self, key: &str, seconds: i64) {
        let time =
            time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        let (date, clock) = (time.date(), time.to_hms());
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        self.text(
            key,
            &format!(
                "{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
                clock.0, clock.1, clock.2
            ),
        );
    }

    /// When a cached sample was taken: up to 20 s ago, the same again for a while.
    fn sampled(&mut self, seed: u64) {
        let age = i64::try_from(Random(seed).next() % 10).unwrap_or(0);
        let sampled = (self.now - age).div_euclid(10) * 10 + age - 10;
        self.time("time", sampled.min(self.now));
    }

    /// A number that stays what it is.
    fn fixed(&mut self, key: &str, seed: u64, below: u64) {
        self.number(key, Random(seed).next() % below);
    }

    /// A counter: never less at a later tick.
    fn counter(&mut self, key: &str, seed: u64, base: u64, step: u64) {
        let start = Random(seed).next() % base;
        self.number(key, start + self.tick * (1 + Random(seed ^ 1).next() % step));
    }

    /// A gauge that moves.
    fn gauge(&mut self, key: &str, seed: u64, below: u64) {
        self.number(
            key,
            Random(seed.wrapping_mul(31).wrapping_add(self.tick)).next() % below,
        );
    }

    fn cpu(&mut self, seed: u64, rate: bool) {
        self.object(Some("cpu"), |p| {
            p.sampled(seed);
            if rate {
                p.gauge("usageNanoCores", seed + 1, 2_000_000_000);
            }
            p.counter(
                "usageCoreNanoSeconds",
                seed + 2,
                90_000_000_000_000,
                9_000_000_000,
            );
            p.pressure(seed + 3);
        });
    }

    fn memory(&mut self, seed: u64, limited: bool) {
        self.object(Some("memory"), |p| {
            p.sampled(seed);
            if limited {
                p.gauge("availableBytes", seed + 1, 4_000_000_000);
            }
            p.gauge("usageBytes", seed + 2, 3_000_000_000);
            p.gauge("workingSetBytes", seed + 3, 2_000_000_000);
            p.gauge("rssBytes", seed + 4, 1_000_000_000);
            p.counter("pageFaults", seed + 5, 80_000_000, 9_000);
            p.counter("majorPageFaults", seed + 6, 900, 3);
            p.pressure(seed + 7);
        });
    }

    fn io(&mut self, seed: u64) {
        if self.psi {
            self.object(Some("io"), |p| {
                p.sampled(seed);
                p.pressure(seed + 1);
            });
        }
    }

    fn pressure(&mut self, seed: u64) {
        if !self.psi {
            return;
        }
        self.object(Some("psi"), |p| {
            for (at, which) in ["full", "some"].into_iter().enumerate() {
                let seed = seed + 10 * at as u64;
                p.object(Some(which), |p| {
                    p.counter("total", seed, 90_000_000_000, 100_000);
                    for (at, key) in ["avg10", "avg60", "avg300"].into_iter().enumerate() {
                        p.percent(key, seed + 1 + at as u64);
                    }
                });
            }
        });
    }

    /// Two decimals at the most, and none at all for a whole number, as Go prints a float64.
    fn percent(&mut self, key: &str, seed: u64) {
        let random = Random(seed.wrapping_mul(31).wrapping_add(self.tick)).next();
        let hundredths = if random.is_multiple_of(3) {
            random % 4_000
        } else {
            0
        };
        self.member(Some(key));
        let number = f64::from(u32::try_from(hundredths).unwrap_or(0)) / 100.0;
        let _ = write!(self.out, "{number}");
    }

    fn filesystem_numbers(&mut self, seed: u64) {
        self.sampled(seed);
        self.gauge("availableBytes", seed + 1, 90_000_000_000);
        self.number("capacityBytes", 101_283_373_056);
        self.gauge("usedBytes", seed + 2, 9_000_000_000);
        self.fixed("inodesFree", seed + 3, 6_000_000);
        self.number("inodes", 6_291_456);
        self.fixed("inodesUsed", seed + 4, 90_000);
    }

    fn filesystem(&mut self, key: &str, seed: u64) {
        self.object(Some(key), |p| p.filesystem_numbers(seed));
    }

    fn swap(&mut self, seed: u64) {
        self.object(Some("swap"), |p| {
            p.sampled(seed);
            p.gauge("swapAvailableBytes", seed + 1, 2_000_000_000);
            p.number("swapUsageBytes", 0);
        });
    }

    fn interface(&mut self, name: &str, seed: u64) {
        self.text("name", name);
        self.counter("rxBytes", seed, 80_000_000_000, 900_000);
        self.counter("rxErrors", seed + 1, 3, 1);
        self.counter("txBytes", seed + 2, 80_000_000_000, 900_000);
        self.counter("txErrors", seed + 3, 3, 1);
    }

    fn network(&mut self, names: &[&str], seed: u64) {
        self.object(Some("network"), |p| {
            p.sampled(seed);
            p.interface(names[0], seed + 1);
            p.list("interfaces", names, |p, name| {
                let at = names.iter().position(|other| other == name).unwrap_or(0);
                p.object(None, |p| p.interface(name, seed + 1 + 10 * at as u64));
            });
        });
    }

    fn node(&mut self, options: &GeneratorOptions) {
        self.text("nodeName", &options.node_name);
        let mut system = ["kubelet", "runtime", "pods"];
        Random(self.tick).shuffle(&mut system);
        self.list("systemContainers", system, |p, name| {
            let seed = name.len() as u64 * 1_000;
            p.object(None, |p| {
                p.text("name", name);
                p.time("startTime", BOOT + 20);
                p.cpu(seed, true);
                p.memory(seed + 100, name == "pods");
                p.io(seed + 200);
            });
        });
        self.time("startTime", BOOT);
        self.cpu(1, true);
        self.memory(100, true);
        self.io(200);
        self.network(&NODE_INTERFACES, NODE_NETWORK);
        self.filesystem("fs", 400);
        self.object(Some("runtime"), |p| {
            p.filesystem("imageFs", 500);
            p.filesystem("containerFs", 600);
        });
        self.object(Some("rlimit"), |p| {
            p.time("time", p.now);
            p.number("maxpid", 4_194_304);
            p.gauge("curproc", 700, 3_000);
        });
        self.swap(800);
    }

    fn container(&mut self, pod: usize, at: usize) {
        let seed = (pod as u64 * 100 + at as u64) * 10_000;
        self.text("name", &container_name(at));
        self.time("startTime", BOOT + 60 + i64::try_from(pod).unwrap_or(0));
        // The first container of the first pod is young: the kubelet has no rate for it yet.
        self.cpu(seed, (pod, at) != (0, 0));
        self.memory(seed + 100, at == 0);
        self.io(seed + 200);
        self.filesystem("rootfs", seed + 300);
        self.filesystem("logs", seed + 400);
        self.swap(seed + 500);
    }

    fn pod(&mut self, pod: usize, options: &GeneratorOptions) {
        let seed = pod as u64 * 1_000_003;
        let own = pod_name(pod, &options.node_name);
        self.object(Some("podRef"), |p| {
            p.text("name", &own);
            p.text("namespace", &namespace(pod));
            p.text("uid", &uid(pod));
        });
        self.time("startTime", BOOT + 30 + i64::try_from(pod).unwrap_or(0));
        let mut containers: Vec<usize> = (0..options.containers).collect();
        Random(seed + self.tick).shuffle(&mut containers);
        self.list("containers", containers, |p, at| {
            p.object(None, |p| p.container(pod, at));
        });
        self.cpu(seed + 1, true);
        self.memory(seed + 100, true);
        self.io(seed + 200);
        // The second pod is on the host's network, and has the node's own numbers.
        if pod == 1 {
            self.network(&NODE_INTERFACES, NODE_NETWORK);
        } else {
            self.network(&["eth0"], seed + 300);
        }
        let volumes = ["data", "kube-api-access-x7k2p"];
        self.list("volume", volumes, |p, name| {
            p.object(None, |p| {
                p.filesystem_numbers(seed + 400 + name.len() as u64);
                p.text("name", name);
                if name == "data" {
                    p.object(Some("pvcRef"), |p| {
                        p.text("name", &format!("data-{own}"));
                        p.text("namespace", &namespace(pod));
                    });
                }
            });
        });
        self.filesystem("ephemeral-storage", seed + 500);
        self.object(Some("process_stats"), |p| {
            p.gauge("process_count", seed + 600, 200);
        });
        self.swap(seed + 700);
    }
}
