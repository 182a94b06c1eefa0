//! What happens on a made-up node: summaries whose numbers move as they do on a real one, for people to look at.
//!
//! The test kubelet draws its numbers by lot: good for telling values apart, and noise in a graph. Each object and key
//! here is still the generator's; only numbers are replaced, so that they wave, fill up and add up, and pods get names.

use std::f64::consts::TAU;

use serde_json::{Map, Value};
use test_kubelet::GeneratorOptions;
use test_kubelet::generate::summary_at;

/// A pod.
struct Pod {
    namespace: &'static str,
    /// With `#` for its node's number.
    name: &'static str,
    cores: f64,
    bytes: f64,
    /// How full its claim is in the beginning, and how much fuller in a second, on the first node.
    claim: Option<(f64, f64)>,
    /// Its volume without a claim.
    scratch: Option<EmptyDir>,
}

/// A directory that is gone with its pod.
#[derive(Debug, Clone, Copy)]
struct EmptyDir {
    name: &'static str,
    /// What it holds in the beginning, and how much more in a second, on the first node.
    bytes: (f64, f64),
    /// The size of a filesystem of its own, in memory. Without, it lies on the node's.
    memory: Option<f64>,
}

/// The pods of each node.
const PODS: [Pod; 8] = [
    pod("shop", "search-#", 0.9, 1_500e6).with_claim(0.62, 3e-6),
    pod("shop", "cart-7d9f8b6c5d-x2lq#", 0.35, 420e6).with_memory("sessions", (214e6, 2e3), 268e6),
    pod("shop", "web-5f7c9d8b44-9mzk#", 0.5, 300e6).with_disk("cache", (14e9, 2e5)),
    pod("payments", "ledger-#", 0.25, 800e6).with_claim(0.83, 4e-7),
    pod("payments", "gateway-6c8b7f9d5-tq4w#", 0.15, 180e6).with_disk("uploads", (2.4e9, 0.0)),
    pod("monitoring", "telegraf-x8kw#", 0.02, 30e6).with_disk("buffer", (90e6, 3e3)),
    pod("kube-system", "coredns-5d78c9869d-j6vt#", 0.03, 45e6),
    pod("kube-system", "cilium-hd7q#", 0.12, 210e6),
];

const fn pod(namespace: &'static str, name: &'static str, cores: f64, bytes: f64) -> Pod {
    Pod {
        namespace,
        name,
        cores,
        bytes,
        claim: None,
        scratch: None,
    }
}

impl Pod {
    const fn with_claim(mut self, full: f64, growth: f64) -> Self {
        self.claim = Some((full, growth));
        self
    }

    const fn with_disk(mut self, name: &'static str, bytes: (f64, f64)) -> Self {
        self.scratch = Some(EmptyDir {
            name,
            bytes,
            memory: None,
        });
        self
    }

    const fn with_memory(mut self, name: &'static str, bytes: (f64, f64), size: f64) -> Self {
        self.scratch = Some(EmptyDir {
            name,
            bytes,
            memory: Some(size),
        });
        self
    }
}

/// The pod of the second node whose containers begin anew, and after how many seconds.
const RESTARTS: (&str, f64) = ("cart-7d9f8b6c5d-x2lq1", 12.0);

/// How long the longest wave takes, in seconds.
const LONGEST: f64 = 90.0;

/// The node's memory.
const MEMORY: f64 = 16e9;

/// The summary of node `number`, called `name`, so many seconds after the beginning; `now` is when that is.
pub fn summary(number: u32, name: &str, second: f64, now: i64) -> Vec<u8> {
    let options = GeneratorOptions {
        pods: PODS.len(),
        node_name: name.to_owned(),
        ..GeneratorOptions::default()
    };
    let generated = summary_at(&options, whole(second), now);
    let mut summary: Value = serde_json::from_slice(&generated).expect("JSON");
    let phase = f64::from(number);
    let node = summary["node"].as_object_mut().expect("a node");
    move_object(node, phase, 3.0, second);
    let disk = node["fs"].clone();
    let mut pods = Usage::default();
    for pod in objects(&mut summary["pods"]) {
        pods.add(tell_pod(pod, &disk, number, second));
    }
    let node = summary["node"].as_object_mut().expect("a node");
    let mut total = pods;
    for system in objects(&mut node["systemContainers"]) {
        let usage = match system["name"].as_str() {
            Some("pods") => pods,
            Some("kubelet") => Usage::of(0.08, 120e6, phase, second),
            _ => Usage::of(0.15, 200e6, phase + 1.0, second),
        };
        usage.write(system, MEMORY);
        if system["name"] != "pods" {
            total.add(usage);
        }
    }
    total.write(node, MEMORY);
    summary.to_string().into_bytes()
}

/// Names a pod, moves its numbers, and says what it uses.
fn tell_pod(pod: &mut Map<String, Value>, disk: &Value, node: u32, second: f64) -> Usage {
    let generated = pod["podRef"]["uid"].as_str().expect("a uid");
    let (_, number) = generated.rsplit_once('-').expect("its number");
    let number = u8::from_str_radix(number, 16).expect("one of few");
    let told = &PODS[usize::from(number)];
    let Pod {
        namespace,
        name,
        cores,
        bytes,
        ..
    } = *told;
    let name = name.replace('#', &node.to_string());
    let phase = f64::from(node) + 0.9 * f64::from(number);
    pod["podRef"]["name"] = name.as_str().into();
    pod["podRef"]["namespace"] = namespace.into();
    move_object(pod, phase, cores, second);
    // One node's volumes fill slowly, one's fast; what a third's would do, nobody sees.
    let times = if node == 0 { 1.0 } else { 40.0 };
    tell_volumes(&mut pod["volume"], told, &name, disk, times * second);

    let mut total = Usage::default();
    for container in objects(&mut pod["containers"]) {
        let (share, more) = if container["name"] == "app" {
            (0.9, 0.0)
        } else {
            (0.1, 2.0)
        };
        let usage = Usage::of(cores * share, bytes * share, phase + more, second);
        usage.write(container, bytes * share * 1.6);
        total.add(usage);
        if name == RESTARTS.0 && second >= RESTARTS.1 {
            container["startTime"] = "2026-01-01T09:41:00Z".into();
        }
    }
    total.write(pod, bytes * 1.6);
    total
}

/// What the volumes of a pod called `name` hold: a claim's, one without or neither, and a token's.
fn tell_volumes(volumes: &mut Value, pod: &Pod, name: &str, disk: &Value, second: f64) {
    let list = volumes.as_array_mut().expect("a list");
    list.retain(|volume| volume.get("pvcRef").is_none() || pod.claim.is_some() || pod.scratch.is_some());
    for volume in objects(volumes) {
        if volume.get("pvcRef").is_none() {
            let token = EmptyDir {
                name: "kube-api-access-x7k2p",
                bytes: (12_288.0, 0.0),
                memory: Some(pod.bytes * 1.6),
            };
            token.hold(volume, disk, second);
        } else if let Some((share, growth)) = pod.claim {
            volume["pvcRef"]["name"] = format!("data-{name}").into();
            volume["pvcRef"]["namespace"] = pod.namespace.into();
            fill(volume, share + growth * second);
        } else if let Some(scratch) = pod.scratch {
            volume.remove("pvcRef");
            scratch.hold(volume, disk, second);
        }
    }
}

impl EmptyDir {
    /// What it holds is its own; all else is its filesystem's, as kubelets have it.
    fn hold(self, volume: &mut Map<String, Value>, disk: &Value, second: f64) {
        let bytes = self.bytes.0 + self.bytes.1 * second;
        let (inodes_used, page) = (bytes / 20e3 + 9.0, 4_096.0);
        volume["name"] = self.name.into();
        volume["usedBytes"] = whole(bytes).into();
        volume["inodesUsed"] = whole(inodes_used).into();
        for (key, own) in [
            ("capacityBytes", self.memory),
            ("availableBytes", self.memory.map(|size| size - bytes)),
            ("inodes", self.memory.map(|size| size / page)),
            ("inodesFree", self.memory.map(|size| size / page - inodes_used)),
        ] {
            volume[key] = own.map_or_else(|| disk[key].clone(), |own| whole(own).into());
        }
    }
}

/// Cores, core seconds so far, and bytes of memory.
#[derive(Debug, Default, Clone, Copy)]
struct Usage {
    cores: f64,
    seconds: f64,
    bytes: f64,
}

impl Usage {
    fn of(cores: f64, bytes: f64, phase: f64, second: f64) -> Self {
        let cpu = Wave { middle: cores, phase };
        Self {
            cores: cpu.at(second),
            seconds: cpu.sum(second),
            // Memory moves less than cpu does.
            bytes: bytes * 0.7
                + Wave {
                    middle: bytes * 0.3,
                    phase: phase + 1.0,
                }
                .at(second),
        }
    }

    fn add(&mut self, other: Self) {
        self.cores += other.cores;
        self.seconds += other.seconds;
        self.bytes += other.bytes;
    }

    fn write(&self, owner: &mut Map<String, Value>, limit: f64) {
        set(&mut owner["cpu"], "usageNanoCores", self.cores * 1e9);
        set(&mut owner["cpu"], "usageCoreNanoSeconds", self.seconds * 1e9);
        let memory = &mut owner["memory"];
        set(memory, "workingSetBytes", self.bytes);
        set(memory, "usageBytes", self.bytes * 1.3);
        set(memory, "rssBytes", self.bytes * 0.8);
        set(memory, "availableBytes", limit - self.bytes);
    }
}

/// Moves all in an object, and in what it holds, but cpu's and memory's own numbers.
fn move_object(object: &mut Map<String, Value>, phase: f64, size: f64, second: f64) {
    if object.contains_key("capacityBytes") {
        fill(object, 0.25 + 0.09 * (phase * 1.3 % 5.0) + 5e-5 * second);
    }
    let wave = |middle: f64| Wave { middle, phase };
    for (at, (key, value)) in object.iter_mut().enumerate() {
        let at = f64::from(u32::try_from(at).expect("few"));
        match key.as_str() {
            "rxBytes" => *value = whole(wave(400e3 * size).sum(second)).into(),
            "txBytes" => *value = whole(wave(250e3 * size).sum(second)).into(),
            "rxErrors" | "txErrors" => *value = 3.into(),
            "curproc" => *value = whole(wave(1_900.0).at(second)).into(),
            "process_count" => *value = whole(wave(20.0 * size + 2.0).at(second)).into(),
            "swapUsageBytes" => *value = whole(wave(40e6 * size).at(second)).into(),
            "some" => pressure(value, 30.0 * size.sqrt(), phase, second),
            "full" => pressure(value, 10.0 * size.sqrt(), phase, second),
            _ => {}
        }
        match value {
            Value::Object(inner) => move_object(inner, phase + at, size, second),
            Value::Array(_) => {
                for inner in objects(value) {
                    // Not their places: containers come in another order each time.
                    let name = inner["name"].as_str().expect("a name");
                    let own = name.bytes().fold(0.0, |sum, byte| sum + f64::from(byte)) * 0.37;
                    move_object(inner, phase + own, size, second);
                }
            }
            _ => {}
        }
    }
}

fn fill(filesystem: &mut Map<String, Value>, share: f64) {
    let capacity = filesystem["capacityBytes"].as_f64().expect("a number");
    let inodes = filesystem["inodes"].as_f64().expect("a number");
    for (key, number) in [
        ("usedBytes", capacity * share),
        ("availableBytes", capacity * (1.0 - share)),
        ("inodesUsed", inodes * share / 5.0),
        ("inodesFree", inodes * (1.0 - share / 5.0)),
    ] {
        filesystem.insert(key.to_owned(), whole(number).into());
    }
}

/// None most of the time, and then a lot.
fn pressure(numbers: &mut Value, percent: f64, phase: f64, second: f64) {
    let now = (Wave { middle: 1.0, phase }.at(second) - 0.9).max(0.0) * percent;
    for (key, share) in [("avg10", 1.2), ("avg60", 1.0), ("avg300", 0.6)] {
        numbers[key] = ((now * share * 100.0).round() / 100.0).into();
    }
}

/// A number that goes up and down around its middle, by at most half of it.
#[derive(Debug, Clone, Copy)]
struct Wave {
    middle: f64,
    phase: f64,
}

impl Wave {
    const PARTS: [(f64, f64); 2] = [(0.35, 1.0), (0.15, 3.7)];

    fn at(self, second: f64) -> f64 {
        let parts = Self::PARTS.map(|(height, times)| height * self.angle(second, times).sin());
        self.middle * (1.0 + parts.iter().sum::<f64>())
    }

    /// What it adds up to, with a day before the beginning.
    fn sum(self, second: f64) -> f64 {
        let parts = Self::PARTS
            .map(|(height, times)| -height * self.angle(second, times).cos() * LONGEST / (TAU * times));
        self.middle * (86_400.0 + second + parts.iter().sum::<f64>())
    }

    fn angle(self, second: f64, times: f64) -> f64 {
        TAU * times * second / LONGEST + self.phase * times
    }
}

fn objects(list: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = list.as_array_mut().expect("a list");
    list.iter_mut()
        .map(|value| value.as_object_mut().expect("an object"))
}

/// Replaces a number that is there.
fn set(owner: &mut Value, key: &str, number: f64) {
    if let Some(value) = owner.get_mut(key) {
        *value = whole(number).into();
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of a node: not negative and far below 2^53"
)]
fn whole(number: f64) -> u64 {
    number as u64
}
