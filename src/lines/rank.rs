//! Which of two entries lives, where both would make one series.
//!
//! Kubelets list a container twice: for weeks after a restart, when its old cgroup was left behind
//! (kubernetes/kubernetes#47853), or from the start (#65332), and then one of the two is not the container. Its times are
//! no help there: it is measured like any other, as often later as earlier, and says zero. So the first question is the
//! one that the kubelet itself asks of a container with the `CRI-O` runtime (`cadvisor_stats_provider.go`,
//! `isContainerTerminated`): whether it uses anything.

use std::hash::{DefaultHasher, Hasher as _};

use crate::json::{Real, Time, Whole};
use crate::summary::{Accelerator, Container, Cpu, Interface, Memory, Pod, UserMetric, Volume};

/// The greater one lives. The parts are compared in the order in which they stand here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// It uses something.
    uses: bool,
    /// Two times: of an entry its sample and its start, of a pod its start and its sample.
    times: [i64; 2],
    /// What only grows.
    counter: u64,
    /// Nothing tells them apart: any, as long as it is the same one whatever the order.
    digest: u64,
}

/// Before all times: what was not measured.
const NEVER: i64 = i64::MIN;

/// What the containers of a pod say of it, for kubelets that do not measure the pod itself (before 1.10, or without its
/// cgroup).
#[derive(Debug, Clone, Copy, Default)]
pub struct Inside {
    uses: bool,
    sampled: Option<i64>,
}

impl Inside {
    /// Adds a container.
    pub fn add(&mut self, container: &Container<'_>) {
        self.uses |= uses(&container.cpu, &container.memory);
        self.sampled = self.sampled.max(sampled(&container.cpu, &container.memory));
    }
}

impl Rank {
    /// Of a container: the later sample, then the later start, then the larger counter.
    pub fn of_container(container: &Container<'_>) -> Self {
        let Container { cpu, memory, .. } = container;
        let others = [
            container.io.time,
            container.swap.time,
            container.rootfs.time,
            container.logs.time,
        ];
        Self {
            uses: uses(cpu, memory),
            times: [
                sampled(cpu, memory).or_else(|| newest(&others)).unwrap_or(NEVER),
                at(container.start_time),
            ],
            counter: number(cpu.usage_core_nano_seconds),
            digest: 0,
        }
    }

    /// Of a pod: the later start, which is the successor's, then the later sample. Two pods are measured apart, each every
    /// ten to thirty seconds, so that by their samples they would take turns.
    pub fn of_pod(pod: &Pod<'_>, inside: Inside) -> Self {
        let Pod { cpu, memory, .. } = pod;
        let own = sampled(cpu, memory);
        Self {
            uses: uses(cpu, memory) || (own.is_none() && inside.uses),
            times: [at(pod.start_time), own.max(inside.sampled).unwrap_or(NEVER)],
            counter: number(cpu.usage_core_nano_seconds),
            digest: 0,
        }
    }

    /// Of a volume: what it holds grows more often than it shrinks.
    pub fn of_volume(volume: &Volume<'_>) -> Self {
        Self::of_time(volume.time, number(volume.used_bytes))
    }

    /// Of an interface, measured at `time`.
    pub fn of_interface(interface: &Interface<'_>, time: Time<'_>) -> Self {
        let bytes = number(interface.rx_bytes).saturating_add(number(interface.tx_bytes));
        Self::of_time(time, bytes)
    }

    /// Of an accelerator.
    pub fn of_accelerator(accelerator: &Accelerator<'_>) -> Self {
        Self::of_time(Time::default(), number(accelerator.memory_used))
    }

    /// Of a user metric.
    pub fn of_user_metric(metric: &UserMetric<'_>) -> Self {
        Self::of_time(metric.time, fraction(metric.value))
    }

    fn of_time(time: Time<'_>, counter: u64) -> Self {
        Self {
            uses: true,
            times: [at(time), NEVER],
            counter,
            digest: 0,
        }
    }

    /// With the lines that the entry makes while it is weighed, in any order, to tell it from one that is like it in all
    /// else. They say what the entry says and nothing of the tick: at the next one it is to be the same.
    #[must_use]
    pub fn with_lines(self, lines: &[u8]) -> Self {
        let digest = lines
            .split_inclusive(|&byte| byte == b'\n')
            .map(hash)
            .fold(0, u64::wrapping_add);
        Self { digest, ..self }
    }
}

/// The same in every process: hashes that nobody else can know are for tables.
fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(line);
    hasher.finish()
}

/// Whether there is a process in it: it runs, or it has memory that is not shared with the dead. Where there is no rate yet,
/// the counter says as much, and where there is no `rss`, on Windows, the working set.
fn uses(cpu: &Cpu<'_>, memory: &Memory<'_>) -> bool {
    let or = |first: Whole<'_>, second| number(if first.token().is_empty() { second } else { first }) > 0;
    or(cpu.usage_nano_cores, cpu.usage_core_nano_seconds) || or(memory.rss_bytes, memory.working_set_bytes)
}

fn sampled(cpu: &Cpu<'_>, memory: &Memory<'_>) -> Option<i64> {
    newest(&[cpu.time, memory.time])
}

fn at(time: Time<'_>) -> i64 {
    time.unix_nanoseconds().unwrap_or(NEVER)
}

fn newest(times: &[Time<'_>]) -> Option<i64> {
    times.iter().filter_map(|time| time.unix_nanoseconds()).max()
}

/// As a number, to be compared: what no field can hold counts as nothing.
fn number(whole: Whole<'_>) -> u64 {
    let text = std::str::from_utf8(whole.token()).unwrap_or_default();
    text.parse::<i64>()
        .ok()
        .and_then(|number| number.try_into().ok())
        .unwrap_or(0)
}

/// A number whose order is that of the value; nothing for one below zero.
fn fraction(real: Real<'_>) -> u64 {
    let text = std::str::from_utf8(real.token()).unwrap_or_default();
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 => value.to_bits(),
        _ => 0,
    }
}
