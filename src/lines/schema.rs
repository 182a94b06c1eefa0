//! The names: every measurement, tag and field, once.
//!
//! The only place that knows them. A row here is at the same time what is written (`get`), what a filter is matched
//! against, and what the README's table says, so the three cannot part. Where Telegraf's `inputs.kubernetes` has a
//! name, it is that name.

use super::measurement::{
    Described, Field, Group, Measurement, OfAccelerator, OfContainer, OfInterface, OfNode, OfPod,
    OfUserMetric, OfVolume, Owner, Reserved, Tag,
};
pub use super::measurement::{Kind, Platform};
use crate::json::Time;

/// Of the node, on every line of it.
pub const NODE_NAME: &str = "node_name";
/// Of a pod, on every line of it.
pub const NAMESPACE: &str = "namespace";
/// Of a pod, on every line of it.
pub const POD_NAME: &str = "pod_name";
/// Of a pod, on every line of it, where that is asked for.
pub const POD_UID: &str = "pod_uid";
/// Of a container, on every line of it.
pub const CONTAINER_NAME: &str = "container_name";

/// Keys that free pairs do not get, beside those of the measurements' tags. What Telegraf adds and InfluxDB refuses stands
/// first; then what is written where it is asked for, and the tags of the metadata from `/pods`.
const RESERVED: &[&str] = &[
    "host",
    "time",
    "_field",
    "_measurement",
    POD_UID,
    "image",
    "version",
    "owner_kind",
    "owner_name",
    "qos_class",
];

/// All keys that free pairs do not get, be they on the line at hand or not: a database has to know one meaning of each.
#[must_use]
pub fn reserved() -> Vec<&'static str> {
    let mut keys = RESERVED.to_vec();
    for measurement in ALL {
        if let (own, Reserved::Everywhere) = measurement.reserved() {
            keys.extend(own);
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Owner {
    /// The keys of its tags; `pod_uid` beside them where that is asked for.
    #[must_use]
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Node => &[NODE_NAME],
            Self::Pod => &[NODE_NAME, NAMESPACE, POD_NAME],
            Self::Container => &[NODE_NAME, NAMESPACE, POD_NAME, CONTAINER_NAME],
        }
    }
}

/// A group: the moment's place (an absent one where the API gives none), then a row a field: name, JSON path, kind, unit, since, platform, place in our type.
macro_rules! group {
    ($time:expr; $($name:expr, $path:expr, $kind:ident, $unit:literal, $since:literal, $platform:ident, $($leaf:ident).+;)+) => {
        Group {
            time: $time,
            fields: &[$(Field {
                name: $name,
                path: $path,
                kind: Kind::$kind,
                unit: $unit,
                since: $since,
                platform: Platform::$platform,
                get: |of| of.$($leaf).+.token(),
            }),+],
        }
    };
}

macro_rules! start_time {
    () => {
        group! { |_| Time::default();
            "start_time_seconds", "startTime", Seconds, "s since 1970", "1.3", Any, start_time;
        }
    };
}

macro_rules! cpu {
    () => {
        group! { |of| of.cpu.time;
            "cpu_usage_nanocores", "cpu.usageNanoCores", Unsigned, "nanocores", "1.3", Any, cpu.usage_nano_cores;
            "cpu_usage_core_nanoseconds", "cpu.usageCoreNanoSeconds", Unsigned, "ns, counter", "1.3", Any, cpu.usage_core_nano_seconds;
        }
    };
}

macro_rules! memory {
    () => {
        group! { |of| of.memory.time;
            "memory_available_bytes", "memory.availableBytes", Unsigned, "bytes", "1.3", Any, memory.available_bytes;
            "memory_usage_bytes", "memory.usageBytes", Unsigned, "bytes", "1.3", Any, memory.usage_bytes;
            "memory_working_set_bytes", "memory.workingSetBytes", Unsigned, "bytes", "1.3", Any, memory.working_set_bytes;
            "memory_rss_bytes", "memory.rssBytes", Unsigned, "bytes", "1.3", Linux, memory.rss_bytes;
            "memory_page_faults", "memory.pageFaults", Unsigned, "counter", "1.3", Any, memory.page_faults;
            "memory_major_page_faults", "memory.majorPageFaults", Unsigned, "counter", "1.3", Any, memory.major_page_faults;
        }
    };
}

macro_rules! swap {
    () => {
        group! { |of| of.swap.time;
            "swap_available_bytes", "swap.swapAvailableBytes", Unsigned, "bytes", "1.28", Linux, swap.available_bytes;
            "swap_usage_bytes", "swap.swapUsageBytes", Unsigned, "bytes", "1.28", Linux, swap.usage_bytes;
        }
    };
}

/// Averages are percent and always floats. Totals are the kernel's microseconds, although the API's comment says
/// nanoseconds: the kubelet passes the kernel's number on, and cAdvisor's own exporter divides it by a million.
macro_rules! psi {
    ($prefix:literal, $of:ident) => {
        group! { |of| of.$of.time;
            concat!($prefix, "_psi_some_avg10"), concat!($prefix, ".psi.some.avg10"), Float, "percent", "1.33", Linux, $of.psi.some.avg10;
            concat!($prefix, "_psi_some_avg60"), concat!($prefix, ".psi.some.avg60"), Float, "percent", "1.33", Linux, $of.psi.some.avg60;
            concat!($prefix, "_psi_some_avg300"), concat!($prefix, ".psi.some.avg300"), Float, "percent", "1.33", Linux, $of.psi.some.avg300;
            concat!($prefix, "_psi_some_total_microseconds"), concat!($prefix, ".psi.some.total"), Unsigned, "µs, counter", "1.33", Linux, $of.psi.some.total;
            concat!($prefix, "_psi_full_avg10"), concat!($prefix, ".psi.full.avg10"), Float, "percent", "1.33", Linux, $of.psi.full.avg10;
            concat!($prefix, "_psi_full_avg60"), concat!($prefix, ".psi.full.avg60"), Float, "percent", "1.33", Linux, $of.psi.full.avg60;
            concat!($prefix, "_psi_full_avg300"), concat!($prefix, ".psi.full.avg300"), Float, "percent", "1.33", Linux, $of.psi.full.avg300;
            concat!($prefix, "_psi_full_total_microseconds"), concat!($prefix, ".psi.full.total"), Unsigned, "µs, counter", "1.33", Linux, $of.psi.full.total;
        }
    };
}

macro_rules! filesystem {
    ($prefix:literal, $path:literal, $since:literal, $($of:ident).+) => {
        group! { |of| of.$($of).+.time;
            concat!($prefix, "_available_bytes"), concat!($path, ".availableBytes"), Unsigned, "bytes", $since, Any, $($of).+.available_bytes;
            concat!($prefix, "_capacity_bytes"), concat!($path, ".capacityBytes"), Unsigned, "bytes", $since, Any, $($of).+.capacity_bytes;
            concat!($prefix, "_used_bytes"), concat!($path, ".usedBytes"), Unsigned, "bytes", $since, Any, $($of).+.used_bytes;
            concat!($prefix, "_inodes_free"), concat!($path, ".inodesFree"), Unsigned, "inodes", $since, Linux, $($of).+.inodes_free;
            concat!($prefix, "_inodes"), concat!($path, ".inodes"), Unsigned, "inodes", $since, Linux, $($of).+.inodes;
            concat!($prefix, "_inodes_used"), concat!($path, ".inodesUsed"), Unsigned, "inodes", $since, Linux, $($of).+.inodes_used;
        }
    };
}

/// All that a container has; a system container has no filesystems, swap or start time on most kubelets.
static CONTAINER_GROUPS: &[Group<OfContainer>] = &[
    start_time!(),
    cpu!(),
    psi!("cpu", cpu),
    memory!(),
    psi!("memory", memory),
    psi!("io", io),
    swap!(),
    filesystem!("rootfs", "rootfs", "1.3", rootfs),
    filesystem!("logsfs", "logs", "1.3", logs),
];

static INTERFACE_GROUPS: &[Group<OfInterface>] = &[group! { |_| Time::default();
    "rx_bytes", "rxBytes", Unsigned, "bytes, counter", "1.3", Any, rx_bytes;
    "rx_errors", "rxErrors", Unsigned, "counter", "1.3", Any, rx_errors;
    "tx_bytes", "txBytes", Unsigned, "bytes, counter", "1.3", Any, tx_bytes;
    "tx_errors", "txErrors", Unsigned, "counter", "1.3", Any, tx_errors;
}];

/// Makes of each row the measurement, and of all of them [`ALL`] in the order in which people read them.
macro_rules! measurements {
    ($($(#[$doc:meta])* $measurement:ident: $of:ident { $($row:tt)* })*) => {
        /// All measurements that are made from a summary.
        pub(super) static ALL: &[&dyn Described] = &[$(&$measurement),*];

        $($(#[$doc])* pub static $measurement: Measurement<$of> = Measurement { $($row)* };)*
    };
}

measurements! {
    /// The node itself; `node_metric_name` renames it.
    NODE: OfNode {
        name: "kubernetes_node",
        path: "node",
        per: "node",
        tags: &[Tag::Of(Owner::Node)],
        reserved: Reserved::Everywhere,
        groups: &[
            start_time!(),
            cpu!(),
            psi!("cpu", cpu),
            memory!(),
            psi!("memory", memory),
            psi!("io", io),
            swap!(),
            group! { |of| of.network.time;
                "network_rx_bytes", "network.rxBytes", Unsigned, "bytes, counter", "1.3", Any, network.rx_bytes;
                "network_rx_errors", "network.rxErrors", Unsigned, "counter", "1.3", Any, network.rx_errors;
                "network_tx_bytes", "network.txBytes", Unsigned, "bytes, counter", "1.3", Any, network.tx_bytes;
                "network_tx_errors", "network.txErrors", Unsigned, "counter", "1.3", Any, network.tx_errors;
            },
            filesystem!("fs", "fs", "1.3", fs),
            filesystem!("runtime_image_fs", "runtime.imageFs", "1.3", runtime.image_fs),
            filesystem!(
                "runtime_container_fs",
                "runtime.containerFs",
                "1.29",
                runtime.container_fs
            ),
            group! { |of| of.rlimit.time;
                "rlimit_maxpid", "rlimit.maxpid", Signed, "processes", "1.11", Linux, rlimit.max_pid;
                "rlimit_curproc", "rlimit.curproc", Signed, "threads", "1.11", Linux, rlimit.cur_proc;
            },
        ],
    }

    /// The kubelet's, the runtime's and all pods' cgroups.
    SYSTEM_CONTAINER: OfContainer {
        name: "kubernetes_system_container",
        path: "node.systemContainers[]",
        per: "system container",
        tags: &[Tag::Name(CONTAINER_NAME, |of| of.name), Tag::Of(Owner::Node)],
        reserved: Reserved::Everywhere,
        groups: CONTAINER_GROUPS,
    }

    /// A pod's own cgroup.
    POD: OfPod {
        name: "kubernetes_pod",
        path: "pods[]",
        per: "pod",
        tags: &[Tag::Of(Owner::Pod)],
        reserved: Reserved::Everywhere,
        groups: &[
            start_time!(),
            cpu!(),
            psi!("cpu", cpu),
            memory!(),
            psi!("memory", memory),
            psi!("io", io),
            swap!(),
            filesystem!(
                "ephemeral_storage",
                "ephemeral-storage",
                "1.10",
                ephemeral_storage
            ),
            group! { |_| Time::default();
                "process_count", "process_stats.process_count", Unsigned, "processes", "1.19", Linux, process_stats.process_count;
            },
        ],
    }

    /// A container of a pod.
    CONTAINER: OfContainer {
        name: "kubernetes_pod_container",
        path: "pods[].containers[]",
        per: "container",
        tags: &[Tag::Name(CONTAINER_NAME, |of| of.name), Tag::Of(Owner::Pod)],
        reserved: Reserved::Everywhere,
        groups: CONTAINER_GROUPS,
    }

    /// A pod's default interface.
    POD_NETWORK: OfPod {
        name: "kubernetes_pod_network",
        path: "pods[]",
        per: "pod with a default interface",
        tags: &[Tag::Of(Owner::Pod)],
        reserved: Reserved::Everywhere,
        groups: &[group! { |of| of.network.time;
            "rx_bytes", "network.rxBytes", Unsigned, "bytes, counter", "1.3", Any, network.rx_bytes;
            "rx_errors", "network.rxErrors", Unsigned, "counter", "1.3", Any, network.rx_errors;
            "tx_bytes", "network.txBytes", Unsigned, "bytes, counter", "1.3", Any, network.tx_bytes;
            "tx_errors", "network.txErrors", Unsigned, "counter", "1.3", Any, network.tx_errors;
        }],
    }

    /// A pod's volume.
    POD_VOLUME: OfVolume {
        name: "kubernetes_pod_volume",
        path: "pods[].volume[]",
        per: "volume",
        tags: &[
            Tag::Of(Owner::Pod),
            Tag::Text("pvc_name", |of| of.claim.name),
            Tag::Name("volume_name", |of| of.name),
        ],
        reserved: Reserved::Everywhere,
        groups: &[group! { |of| of.time;
            "available_bytes", "availableBytes", Unsigned, "bytes", "1.3", Any, available_bytes;
            "capacity_bytes", "capacityBytes", Unsigned, "bytes", "1.3", Any, capacity_bytes;
            "used_bytes", "usedBytes", Unsigned, "bytes", "1.3", Any, used_bytes;
            "inodes_free", "inodesFree", Unsigned, "inodes", "1.3", Linux, inodes_free;
            "inodes", "inodes", Unsigned, "inodes", "1.3", Linux, inodes;
            "inodes_used", "inodesUsed", Unsigned, "inodes", "1.3", Linux, inodes_used;
            "health_abnormal", "volumeHealthStats.abnormal", Boolean, "", "1.24 to 1.36", Any, health.abnormal;
        }],
    }

    /// Each interface of the host.
    NODE_INTERFACE: OfInterface {
        name: "kubernetes_node_network_interface",
        path: "node.network.interfaces[]",
        per: "interface of the node",
        tags: &[Tag::Name("interface", |of| of.name), Tag::Of(Owner::Node)],
        reserved: Reserved::Everywhere,
        groups: INTERFACE_GROUPS,
    }

    /// Each interface of a pod.
    POD_INTERFACE: OfInterface {
        name: "kubernetes_pod_network_interface",
        path: "pods[].network.interfaces[]",
        per: "interface of a pod",
        tags: &[Tag::Name("interface", |of| of.name), Tag::Of(Owner::Pod)],
        reserved: Reserved::Everywhere,
        groups: INTERFACE_GROUPS,
    }

    /// Obsolete upstream, still in the type.
    ACCELERATOR: OfAccelerator {
        name: "kubernetes_pod_container_accelerator",
        path: "pods[].containers[].accelerators[]",
        per: "accelerator of a container",
        tags: &[
            Tag::Of(Owner::Container),
            Tag::Name("id", |of| of.id),
            Tag::Text("make", |of| of.make),
            Tag::Text("model", |of| of.model),
        ],
        reserved: Reserved::OnItsLines,
        groups: &[group! { |_| Time::default();
            "memory_total_bytes", "memoryTotal", Unsigned, "bytes", "1.9 to 1.24", Linux, memory_total;
            "memory_used_bytes", "memoryUsed", Unsigned, "bytes", "1.9 to 1.24", Linux, memory_used;
            "duty_cycle_percent", "dutyCycle", Unsigned, "percent", "1.9 to 1.24", Linux, duty_cycle;
        }],
    }

    /// Obsolete upstream, still in the type.
    USER_METRIC: OfUserMetric {
        name: "kubernetes_pod_container_user_metric",
        path: "pods[].containers[].userDefinedMetrics[]",
        per: "user metric of a container",
        tags: &[
            Tag::Of(Owner::Container),
            Tag::Name("metric_name", |of| of.name),
            Tag::Text("metric_type", |of| of.kind),
            Tag::Text("units", |of| of.units),
            Tag::Free(|of| of.labels),
        ],
        reserved: Reserved::OnItsLines,
        groups: &[group! { |of| of.time;
            "value", "value", Float, "the metric's own", "1.3", Linux, value;
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_measurement_has_a_tag_twice() {
        for measurement in ALL {
            let (keys, _) = measurement.reserved();
            for (at, key) in keys.iter().enumerate() {
                assert!(!keys[..at].contains(key), "{key} twice in {keys:?}");
            }
        }
    }

    /// Each is a label's key that is changed: one more is another name of a tag in somebody's database.
    #[test]
    fn these_are_reserved() {
        let mut all = [
            "host",
            "time",
            "_field",
            "_measurement",
            NODE_NAME,
            NAMESPACE,
            POD_NAME,
            POD_UID,
            CONTAINER_NAME,
            "volume_name",
            "pvc_name",
            "interface",
            "image",
            "version",
            "owner_kind",
            "owner_name",
            "qos_class",
        ];
        all.sort_unstable();
        assert_eq!(reserved(), all);
    }
}
