//! Requests and limits: in all shapes in which they are given or left out.

use crate::json::Json;

/// What a container asks for and may have.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Resources {
    pub(super) limits: Amounts,
    pub(super) requests: Amounts,
}

/// Thousandths of a core, and MiB.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) cpu: Option<u64>,
    pub(super) storage: Option<u64>,
    pub(super) memory: Option<u64>,
}

impl Resources {
    /// One pod in eight asks for nothing, one for exactly its limits; the others' containers differ.
    pub(super) fn of(pod: u64, container: u64) -> Self {
        let cpu = [250, 500, 1_000, 1_500, 2_000][index(container, 5)];
        let memory = [512, 768, 1_024, 3_000, 4_096][index(container >> 8, 5)];
        let whole = Amounts {
            cpu: Some(cpu),
            storage: container.is_multiple_of(5).then_some(1_024),
            memory: Some(memory),
        };
        let half = Amounts {
            cpu: Some(cpu / 2),
            storage: None,
            memory: Some(memory / 2),
        };
        let none = Amounts::default();
        let (limits, requests) = match (pod % 8, (container >> 16) % 8) {
            (1, _) => (whole, whole),
            (0, _) | (_, 0) => (none, none),
            (_, 1) => (none, half),
            // The usual advice: no limit for the processor.
            (_, 2 | 3) => (Amounts { cpu: None, ..whole }, half),
            _ => (whole, half),
        };
        Self { limits, requests }
    }

    /// As in `spec` and in a container's status.
    pub(super) fn print(&self, json: &mut Json, key: &str) {
        json.object(key, |j| {
            self.limits.print(j, "limits");
            self.requests.print(j, "requests");
        });
    }
}

impl Amounts {
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Each with its quantity, in the order of a map's keys.
    pub(super) fn listed(self) -> impl Iterator<Item = (&'static str, String)> {
        [
            ("cpu", self.cpu.map(cores)),
            ("ephemeral-storage", self.storage.map(mebibytes)),
            ("memory", self.memory.map(mebibytes)),
        ]
        .into_iter()
        .filter_map(|(key, quantity)| Some((key, quantity?)))
    }

    pub(super) fn print(self, json: &mut Json, key: &str) {
        if !self.is_empty() {
            json.object(key, |j| {
                self.listed().for_each(|(key, amount)| j.text(key, &amount));
            });
        }
    }

    /// Of those that have one.
    pub(super) fn plus(self, other: Self) -> Self {
        let add = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        Self {
            cpu: add(self.cpu, other.cpu),
            storage: add(self.storage, other.storage),
            memory: add(self.memory, other.memory),
        }
    }
}

/// As Kubernetes writes them.
fn cores(thousandths: u64) -> String {
    if thousandths.is_multiple_of(1_000) {
        (thousandths / 1_000).to_string()
    } else {
        format!("{thousandths}m")
    }
}

fn mebibytes(count: u64) -> String {
    if count.is_multiple_of(1_024) {
        format!("{}Gi", count / 1_024)
    } else {
        format!("{count}Mi")
    }
}

fn index(seed: u64, below: u64) -> usize {
    usize::try_from(seed % below).unwrap_or(0)
}
