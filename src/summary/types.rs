//! The API's types, close to the kubelet's own (`k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go`), every leaf optional.
//!
//! Knows the JSON keys and nothing of what becomes of them. The key a field is read from stands behind its type. Fields
//! stand in the order of the kubelet's own structs, which is the order they are printed in. What a body may have any
//! number of is no field to be held: it is handed on as it is read ([`Many`]), or read from where it stands ([`Place`]).

use crate::json::{Flag, Many, Pairs, Place, Read, Real, Text, Time, Whole, object, parted_object};

parted_object! {
    /// The outermost object.
    Summary in parts SummaryPart {
        /// The node.
        node: Node<'a> = "node" => Node,
        /// Its pods.
        pods: Many<Pod<'a>> = "pods" => Pods,
    }

    /// `node`: the root cgroup `/`, the host's filesystems and interfaces.
    Node in parts NodePart {
        /// The Node object's name.
        name: Text<'a> = "nodeName" => Name,
        /// Cgroups such as `kubelet`, `runtime`, `pods`; in random order, without filesystems.
        system_containers: Many<Container<'a>> = "systemContainers" => SystemContainers,
        /// Boot time.
        start_time: Time<'a> = "startTime",
        /// Of the root cgroup.
        cpu: Cpu<'a> = "cpu",
        /// Of the root cgroup.
        memory: Memory<'a> = "memory",
        /// Of the root cgroup; Linux, since 1.33.
        io: Io<'a> = "io",
        /// The host's.
        network: Network<'a> = "network" => Network,
        /// The filesystem of the kubelet's root directory.
        fs: Filesystem<'a> = "fs",
        /// The container runtime's filesystems.
        runtime: Runtime<'a> = "runtime",
        /// Process numbers; Linux.
        rlimit: Rlimit<'a> = "rlimit",
        /// Linux, since 1.28.
        swap: Swap<'a> = "swap",
    }

    /// One of `pods[]`: the pod's own cgroup, which is more than the sum of its containers.
    Pod in parts PodPart {
        /// Which pod.
        reference: PodReference<'a> = "podRef" => Reference,
        /// When it started.
        start_time: Time<'a> = "startTime",
        /// The running ones; `null` happens.
        containers: Many<Container<'a>> = "containers" => Containers,
        /// Of the pod's cgroup.
        cpu: Cpu<'a> = "cpu",
        /// Of the pod's cgroup.
        memory: Memory<'a> = "memory",
        /// Of the pod's cgroup; Linux, since 1.33.
        io: Io<'a> = "io",
        /// A pod on the host's network has its node's own, by the same names; none where the kubelet has its statistics
        /// from the container runtime.
        network: Network<'a> = "network" => Network,
        /// Singular in the API.
        volumes: Many<Volume<'a>> = "volume" => Volumes,
        /// With a dash in the API.
        ephemeral_storage: Filesystem<'a> = "ephemeral-storage",
        /// In snake case in the API.
        process_stats: ProcessStats<'a> = "process_stats",
        /// Linux, since 1.28.
        swap: Swap<'a> = "swap",
    }

    /// The default interface's counters, and all interfaces.
    Network in parts NetworkPart {
        /// When measured.
        time: Time<'a> = "time" => Time,
        /// Empty, and without counters, where no interface is called `eth0`.
        name: Text<'a> = "name",
        /// A counter.
        rx_bytes: Whole<'a> = "rxBytes",
        /// A counter.
        rx_errors: Whole<'a> = "rxErrors",
        /// A counter.
        tx_bytes: Whole<'a> = "txBytes",
        /// A counter.
        tx_errors: Whole<'a> = "txErrors",
        /// The default one again, and the others.
        interfaces: Many<Interface<'a>> = "interfaces" => Interfaces,
    }
}

object! {
    /// `node.runtime`.
    Runtime {
        /// Images.
        image_fs: Filesystem<'a> = "imageFs",
        /// Writable layers; equal to `image_fs` unless the filesystem is split; since 1.29.
        container_fs: Filesystem<'a> = "containerFs",
    }

    /// `node.rlimit`: int64 both.
    Rlimit {
        /// When measured.
        time: Time<'a> = "time",
        /// The most processes there can be.
        max_pid: Whole<'a> = "maxpid",
        /// Threads there are.
        cur_proc: Whole<'a> = "curproc",
    }

    /// `pods[].podRef`.
    PodReference {
        /// The pod's name.
        name: Text<'a> = "name",
        /// Its namespace.
        namespace: Text<'a> = "namespace",
        /// Its uid; two pods of one name overlap while one replaces the other.
        uid: Text<'a> = "uid",
    }

    /// `pods[].process_stats`.
    ProcessStats {
        /// Over all containers; often 0.
        process_count: Whole<'a> = "process_count",
    }

    /// One of `pods[].containers[]` or `node.systemContainers[]`.
    Container {
        /// The container's name.
        name: Text<'a> = "name",
        /// When it started; a restart makes its counters begin anew.
        start_time: Time<'a> = "startTime",
        /// Processor.
        cpu: Cpu<'a> = "cpu",
        /// Memory.
        memory: Memory<'a> = "memory",
        /// Since 1.33.
        io: Io<'a> = "io",
        /// Never filled since 1.25.
        accelerators: Place<Accelerator<'a>> = "accelerators",
        /// The writable layer.
        rootfs: Filesystem<'a> = "rootfs",
        /// The log files.
        logs: Filesystem<'a> = "logs",
        /// `null` up to 1.15.
        user_metrics: Place<UserMetric<'a>> = "userDefinedMetrics",
        /// Since 1.28.
        swap: Swap<'a> = "swap",
    }

    /// One of `containers[].accelerators[]`.
    Accelerator {
        /// Who made it.
        make: Text<'a> = "make",
        /// What it is.
        model: Text<'a> = "model",
        /// Which one.
        id: Text<'a> = "id",
        /// Bytes.
        memory_total: Whole<'a> = "memoryTotal",
        /// Bytes.
        memory_used: Whole<'a> = "memoryUsed",
        /// Percent.
        duty_cycle: Whole<'a> = "dutyCycle",
    }

    /// One of `containers[].userDefinedMetrics[]`.
    UserMetric {
        /// The metric's name.
        name: Text<'a> = "name",
        /// `gauge`, `cumulative` or `delta`.
        kind: Text<'a> = "type",
        /// The unit.
        units: Text<'a> = "units",
        /// Free pairs.
        labels: Pairs<'a> = "labels",
        /// When measured.
        time: Time<'a> = "time",
        /// A float64, also when printed whole or as `1e+21`.
        value: Real<'a> = "value",
    }

    /// Processor use.
    Cpu {
        /// When measured.
        time: Time<'a> = "time",
        /// The rate over the last two samples; absent or 0 for a young container.
        usage_nano_cores: Whole<'a> = "usageNanoCores",
        /// The counter.
        usage_core_nano_seconds: Whole<'a> = "usageCoreNanoSeconds",
        /// Since 1.33.
        psi: Psi<'a> = "psi",
    }

    /// Memory use.
    Memory {
        /// When measured.
        time: Time<'a> = "time",
        /// Limit less working set, in unguarded u64; absent without a limit.
        available_bytes: Whole<'a> = "availableBytes",
        /// On Windows what is committed.
        usage_bytes: Whole<'a> = "usageBytes",
        /// What can't be reclaimed.
        working_set_bytes: Whole<'a> = "workingSetBytes",
        /// Anonymous memory.
        rss_bytes: Whole<'a> = "rssBytes",
        /// A counter.
        page_faults: Whole<'a> = "pageFaults",
        /// A counter.
        major_page_faults: Whole<'a> = "majorPageFaults",
        /// Since 1.33.
        psi: Psi<'a> = "psi",
    }

    /// Pressure on input and output; holds nothing else.
    Io {
        /// When measured.
        time: Time<'a> = "time",
        /// Since 1.33.
        psi: Psi<'a> = "psi",
    }

    /// Pressure stall information; all zeros where the kernel has none.
    Psi {
        /// All tasks stalled.
        full: PsiData<'a> = "full",
        /// Some tasks stalled.
        some: PsiData<'a> = "some",
    }

    /// One line of a kernel's pressure file.
    PsiData {
        /// Microseconds, whatever the API's comment says: the kernel's number is passed on unchanged.
        total: Whole<'a> = "total",
        /// Percent.
        avg10: Real<'a> = "avg10",
        /// Percent.
        avg60: Real<'a> = "avg60",
        /// Percent.
        avg300: Real<'a> = "avg300",
    }

    /// Swap use.
    Swap {
        /// When measured.
        time: Time<'a> = "time",
        /// Absent when unlimited.
        available_bytes: Whole<'a> = "swapAvailableBytes",
        /// What is swapped out.
        usage_bytes: Whole<'a> = "swapUsageBytes",
    }

    /// One of `network.interfaces[]`.
    Interface {
        /// On Windows with spaces and GUIDs in it.
        name: Text<'a> = "name",
        /// A counter.
        rx_bytes: Whole<'a> = "rxBytes",
        /// A counter.
        rx_errors: Whole<'a> = "rxErrors",
        /// A counter.
        tx_bytes: Whole<'a> = "txBytes",
        /// A counter.
        tx_errors: Whole<'a> = "txErrors",
    }

    /// A filesystem.
    Filesystem {
        /// When measured; days old for a volume, 1970 for a young container.
        time: Time<'a> = "time",
        /// Free bytes.
        available_bytes: Whole<'a> = "availableBytes",
        /// Size in bytes.
        capacity_bytes: Whole<'a> = "capacityBytes",
        /// What this user of the filesystem takes, not the whole's capacity less available.
        used_bytes: Whole<'a> = "usedBytes",
        /// Free inodes.
        inodes_free: Whole<'a> = "inodesFree",
        /// All inodes.
        inodes: Whole<'a> = "inodes",
        /// Used inodes.
        inodes_used: Whole<'a> = "inodesUsed",
    }

    /// One of `pods[].volume[]`: a filesystem with a name.
    Volume {
        /// When measured: every one to two minutes, on old kubelets once, at mount.
        time: Time<'a> = "time",
        /// Free bytes.
        available_bytes: Whole<'a> = "availableBytes",
        /// Size in bytes.
        capacity_bytes: Whole<'a> = "capacityBytes",
        /// Used bytes.
        used_bytes: Whole<'a> = "usedBytes",
        /// Free inodes; wrapped below zero by some drivers.
        inodes_free: Whole<'a> = "inodesFree",
        /// All inodes.
        inodes: Whole<'a> = "inodes",
        /// Used inodes.
        inodes_used: Whole<'a> = "inodesUsed",
        /// The name in the pod's spec.
        name: Text<'a> = "name",
        /// The claim behind it.
        claim: ClaimReference<'a> = "pvcRef",
        /// 1.24 to 1.36.
        health: VolumeHealth<'a> = "volumeHealthStats",
    }

    /// `volume[].pvcRef`.
    ClaimReference {
        /// The claim's name.
        name: Text<'a> = "name",
        /// Its pod's, again.
        namespace: Text<'a> = "namespace",
    }

    /// `volume[].volumeHealthStats`.
    VolumeHealth {
        /// Whether the driver reports a fault.
        abnormal: Flag<'a> = "abnormal",
    }
}
