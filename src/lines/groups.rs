//! How rows of the schema are written: a macro for each kind of group, and one for each group that several measurements have.
//!
//! Knows how a row becomes a field, and the fields that are the same everywhere; which measurement has them is `schema`'s.

/// A group: the moment's place (an absent one where the API gives none), then a row a field: name, JSON path, kind, unit, since, platform, place in our type.
macro_rules! group {
    ($time:expr; $($name:expr, $path:expr, $kind:ident, $unit:literal, $since:literal, $platform:ident, $($leaf:ident).+;)+) => {
        Group {
            time: $time,
            asked_by: AskedBy::Nobody,
            ready: None,
            fields: &[$(Field {
                name: $name,
                path: $path,
                kind: Kind::$kind,
                unit: $unit,
                since: $since,
                platform: Platform::$platform,
                get: Get::Printed(|of| of.$($leaf).+.token()),
            }),+],
        }
    };
}

/// Fields of the node that an API server lists.
macro_rules! listed {
    ($($name:literal, $path:literal, $unit:literal, $place:ident;)+) => {
        Group {
            time: |_| Time::default(),
            asked_by: AskedBy::Discovery,
            ready: None,
            fields: &[$(Field {
                name: $name,
                path: $path,
                kind: Kind::Unsigned,
                unit: $unit,
                since: "",
                platform: Platform::Any,
                get: Get::Printed(|of| of.listed(NodeValue::$place)),
            }),+],
        }
    };
}

/// A group that is known from `/pods`: what it is asked for by, then a row a field: name, JSON path, kind, unit, value. All
/// of it is there since 1.0, on any node, and is true when it is written.
macro_rules! known {
    ($asked_by:ident, $value:ident; $($name:literal, $path:literal, $kind:ident, $unit:literal, $place:ident;)+) => {
        Group {
            time: |_| Time::default(),
            asked_by: AskedBy::Metadata(metadata::Group::$asked_by),
            ready: Some(|of| of.ready(metadata::Group::$asked_by)),
            fields: &[$(Field {
                name: $name,
                path: $path,
                kind: Kind::$kind,
                unit: $unit,
                since: "",
                platform: Platform::Any,
                get: Get::Known($value::$place as usize),
            }),+],
        }
    };
}

/// A group of parts in percent, of what is measured at one moment: then a row a field: name, what it is a part of, how it
/// is computed.
macro_rules! parts {
    ($time:expr; $($name:literal, $path:literal, $get:expr;)+) => {
        Group {
            time: $time,
            asked_by: AskedBy::Metadata(metadata::Group::Utilization),
            ready: None,
            fields: &[$(Field {
                name: $name,
                path: $path,
                kind: Kind::Float,
                unit: "percent",
                since: "",
                platform: Platform::Any,
                get: Get::Computed($get),
            }),+],
        }
    };
}

/// What is kept for it, and what it may use, as it is in force.
macro_rules! resources {
    ($value:ident) => {
        known! { Resources, $value;
            "resource_requests_millicpu_units", "resources.requests.cpu", Unsigned, "1/1000 cpu", RequestsCpu;
            "resource_limits_millicpu_units", "resources.limits.cpu", Unsigned, "1/1000 cpu", LimitsCpu;
            "resource_requests_memory_bytes", "resources.requests.memory", Unsigned, "bytes", RequestsMemory;
            "resource_limits_memory_bytes", "resources.limits.memory", Unsigned, "bytes", LimitsMemory;
            "resource_requests_ephemeral_storage_bytes", "resources.requests.ephemeral-storage", Unsigned, "bytes", RequestsEphemeralStorage;
            "resource_limits_ephemeral_storage_bytes", "resources.limits.ephemeral-storage", Unsigned, "bytes", LimitsEphemeralStorage;
        }
    };
}

/// How much of its processors it uses, of the summary's numbers of the same tick.
macro_rules! cpu_parts {
    () => {
        parts! { |of| of.cpu.time;
            "cpu_usage_limit_percent", "cpu.usageNanoCores / limits.cpu", |of| of.cpu_percent(Amount::LimitsCpu);
            "cpu_usage_request_percent", "cpu.usageNanoCores / requests.cpu", |of| of.cpu_percent(Amount::RequestsCpu);
        }
    };
}

/// The same of its memory: the working set, by which the node is out of it, and all that its limit counts.
macro_rules! memory_parts {
    () => {
        parts! { |of| of.memory.time;
            "memory_working_set_limit_percent", "memory.workingSetBytes / limits.memory", |of| of.percent(of.memory.working_set_bytes, Amount::LimitsMemory);
            "memory_working_set_request_percent", "memory.workingSetBytes / requests.memory", |of| of.percent(of.memory.working_set_bytes, Amount::RequestsMemory);
            "memory_usage_limit_percent", "memory.usageBytes / limits.memory", |of| of.percent(of.memory.usage_bytes, Amount::LimitsMemory);
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

/// All that a container has, and these; a system container has no filesystems, swap or start time on most kubelets.
macro_rules! container_groups {
    ($($more:expr),*) => {
        &[
            start_time!(),
            cpu!(),
            psi!("cpu", cpu),
            memory!(),
            psi!("memory", memory),
            psi!("io", io),
            swap!(),
            filesystem!("rootfs", "rootfs", "1.3", rootfs),
            filesystem!("logsfs", "logs", "1.3", logs),
            $($more),*
        ]
    };
}

pub(super) use {
    container_groups, cpu, cpu_parts, filesystem, group, known, listed, memory, memory_parts, parts, psi,
    resources, start_time, swap,
};
