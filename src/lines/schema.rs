//! The names: every measurement, tag and field, once.
//!
//! The only place that knows them. A row here is at the same time what is written (`get`), what a filter is matched
//! against, and what the README's table says, so the three cannot part. Where Telegraf's `inputs.kubernetes` has a
//! name, it is that name.

use super::groups::{
    container_groups, cpu, cpu_parts, filesystem, group, known, listed, memory, memory_parts, parts, psi,
    resources, start_time, swap,
};
use super::listed::NodeValue;
use super::measurement::{
    AskedBy, Described, Field, Get, Group, Measurement, OfAccelerator, OfContainer, OfInterface, OfNode,
    OfPod, OfUserMetric, OfVolume, Owner, Reserved, Tag,
};
pub use super::measurement::{Kind, Platform};
use super::metadata::{self, Amount, ContainerValue, PodValue};
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
/// Of a pod that a controller made, on every line of it, where that is asked for.
pub const OWNER_KIND: &str = "owner_kind";
/// The controller's name.
pub const OWNER_NAME: &str = "owner_name";
/// Of a container, on its own line, where that is asked for.
pub const IMAGE: &str = "image";
/// Of its image.
pub const VERSION: &str = "version";
/// Of a pod, on its own line, where that is asked for.
pub const QOS_CLASS: &str = "qos_class";

/// Keys that free pairs do not get, beside those of the measurements' tags. What Telegraf adds and InfluxDB refuses stands
/// first; then what all lines of a pod have where it is asked for.
const RESERVED: &[&str] = &[
    "host",
    "time",
    "_field",
    "_measurement",
    POD_UID,
    OWNER_KIND,
    OWNER_NAME,
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

/// The keys that free pairs do not get on the lines of some measurements.
#[must_use]
pub fn reserved_on_some_lines() -> Vec<&'static str> {
    let everywhere = reserved();
    let mut keys: Vec<_> = ALL
        .iter()
        .flat_map(|measurement| measurement.reserved().0)
        .collect();
    keys.retain(|key| !everywhere.contains(key));
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

static INTERFACE_GROUPS: &[Group<OfInterface>] = &[group! { |_| Time::default();
    "rx_bytes", "rxBytes", Unsigned, "bytes, counter", "1.3", Any, rx_bytes;
    "rx_errors", "rxErrors", Unsigned, "counter", "1.3", Any, rx_errors;
    "tx_bytes", "txBytes", Unsigned, "bytes, counter", "1.3", Any, tx_bytes;
    "tx_errors", "txErrors", Unsigned, "counter", "1.3", Any, tx_errors;
}];

/// Makes of each row the measurement, of all of them [`ALL`] in the order in which people read them, and `each_measurement!`,
/// which hands each with the name of its plan to another macro.
macro_rules! measurements {
    ($($(#[$doc:meta])* $measurement:ident, $plan:ident: $of:ident { $($row:tt)* })*) => {
        /// All measurements that are made from a summary.
        pub(super) static ALL: &[&dyn Described] = &[$(&$measurement),*];

        $($(#[$doc])* pub static $measurement: Measurement<$of> = Measurement { $($row)* };)*

        macro_rules! each_measurement {
            ($then:ident) => {
                $then! { $($measurement, $plan: $of;)* }
            };
        }
        pub(super) use each_measurement;
    };
}

measurements! {
    /// The node itself; `node_metric_name` renames it.
    NODE, node: OfNode {
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
            listed! {
                "capacity_millicpu_cores", "status.capacity.cpu", "thousandths of a core", CapacityMillicpu;
                "capacity_memory_bytes", "status.capacity.memory", "bytes", CapacityMemory;
                "capacity_pods", "status.capacity.pods", "pods", CapacityPods;
                "allocatable_millicpu_cores", "status.allocatable.cpu", "thousandths of a core", AllocatableMillicpu;
                "allocatable_memory_bytes", "status.allocatable.memory", "bytes", AllocatableMemory;
                "allocatable_pods", "status.allocatable.pods", "pods", AllocatablePods;
                "spec_unschedulable", "spec.unschedulable", "0 or 1", Unschedulable;
            },
        ],
    }

    /// The kubelet's, the runtime's and all pods' cgroups.
    SYSTEM_CONTAINER, system_container: OfContainer {
        name: "kubernetes_system_container",
        path: "node.systemContainers[]",
        per: "system container",
        tags: &[Tag::Name(CONTAINER_NAME, |of| of.name), Tag::Of(Owner::Node)],
        reserved: Reserved::Everywhere,
        groups: container_groups!(),
    }

    /// A pod's own cgroup.
    POD, pod: OfPod {
        name: "kubernetes_pod",
        path: "pods[]",
        per: "pod",
        tags: &[
            Tag::Of(Owner::Pod),
            Tag::Known(metadata::Group::Qos, &[QOS_CLASS], |of| of.qos()),
        ],
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
            known! { Status, PodValue;
                "phase", "status.phase", Text, "", Phase;
                "phase_reason", "status.reason", Text, "", PhaseReason;
                "ready", "status.conditions[type=Ready].status", Unsigned, "0 or 1", Ready;
            },
            resources!(PodValue),
            cpu_parts!(),
            memory_parts!(),
            parts! { |of| of.ephemeral_storage.time;
                "ephemeral_storage_used_limit_percent", "ephemeral-storage.usedBytes / limits.ephemeral-storage", |of| of.percent(of.ephemeral_storage.used_bytes, Amount::LimitsEphemeralStorage);
            },
        ],
    }

    /// A container of a pod.
    CONTAINER, container: OfContainer {
        name: "kubernetes_pod_container",
        path: "pods[].containers[]",
        per: "container",
        tags: &[
            Tag::Name(CONTAINER_NAME, |of| of.name),
            Tag::Of(Owner::Pod),
            Tag::Known(metadata::Group::Image, &[IMAGE, VERSION], |of| of.image()),
        ],
        reserved: Reserved::Everywhere,
        groups: container_groups!(
            known! { Status, ContainerValue;
                "restarts_total", "containerStatuses[].restartCount", Unsigned, "counter", Restarts;
                "state_code", "containerStatuses[].state", Unsigned, "0 running, 1 terminated, 2 waiting, 3 unknown", StateCode;
                "state_reason", "containerStatuses[].state.*.reason", Text, "", StateReason;
                "ready", "containerStatuses[].ready", Unsigned, "0 or 1", Ready;
                "last_terminated_reason", "containerStatuses[].lastState.terminated.reason", Text, "", LastReason;
                "last_terminated_exit_code", "containerStatuses[].lastState.terminated.exitCode", Signed, "", LastExitCode;
                "last_terminated_time_seconds", "containerStatuses[].lastState.terminated.finishedAt", Seconds, "s since 1970", LastTime;
            },
            resources!(ContainerValue),
            cpu_parts!(),
            memory_parts!(),
            parts! { |of| of.rootfs.time;
                "ephemeral_storage_used_limit_percent", "(rootfs.usedBytes + logs.usedBytes) / limits.ephemeral-storage", |of| of.ephemeral_storage_percent(Amount::LimitsEphemeralStorage);
            }
        ),
    }

    /// A pod's default interface.
    POD_NETWORK, pod_network: OfPod {
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
    POD_VOLUME, volume: OfVolume {
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
    NODE_INTERFACE, node_interface: OfInterface {
        name: "kubernetes_node_network_interface",
        path: "node.network.interfaces[]",
        per: "interface of the node",
        tags: &[Tag::Name("interface", |of| of.name), Tag::Of(Owner::Node)],
        reserved: Reserved::Everywhere,
        groups: INTERFACE_GROUPS,
    }

    /// Each interface of a pod.
    POD_INTERFACE, pod_interface: OfInterface {
        name: "kubernetes_pod_network_interface",
        path: "pods[].network.interfaces[]",
        per: "interface of a pod",
        tags: &[Tag::Name("interface", |of| of.name), Tag::Of(Owner::Pod)],
        reserved: Reserved::Everywhere,
        groups: INTERFACE_GROUPS,
    }

    /// Obsolete upstream, still in the type.
    ACCELERATOR, accelerator: OfAccelerator {
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
    USER_METRIC, user_metric: OfUserMetric {
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
