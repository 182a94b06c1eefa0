//! Every kind of entry, and each reason why one of two stays.

use serde_json::{Value, json};

use super::support::plugin::{Plugin, block, command};
use super::{one_of, pod};

fn time(second: u32) -> String {
    format!("2026-01-01T01:00:{second:02}Z")
}

/// One field of a line, as written.
fn field<'l>(line: &'l str, name: &str) -> &'l str {
    let (_, rest) = line
        .split_once(&format!("{name}="))
        .unwrap_or_else(|| panic!("{line}"));
    rest.split([',', ' ']).next().unwrap()
}

#[test]
fn of_containers_the_later_sample_then_the_later_start_then_the_larger_counter() {
    let entry = |sample: Option<u32>, start: u32, core: u64| {
        let cpu = json!({"time": sample.map(time), "usageNanoCores": 1, "usageCoreNanoSeconds": core});
        json!({"name": "c", "startTime": time(start), "cpu": cpu})
    };
    let containers = |entries: &[Value]| pod(&json!({"containers": entries}));
    let system =
        |entries: &[Value]| json!({"node": {"nodeName": "n", "systemContainers": entries}, "pods": []});
    for list in [&containers as &dyn Fn(&[Value]) -> Value, &system] {
        let wins = |best: Value, others: &[Value]| {
            let line = one_of(list, &[others, std::slice::from_ref(&best)].concat());
            assert_eq!(
                field(&line, "cpu_usage_core_nanoseconds"),
                format!("{}i", best["cpu"]["usageCoreNanoSeconds"])
            );
        };
        wins(
            entry(Some(9), 1, 7),
            &[entry(Some(8), 2, 8), entry(Some(7), 3, 9)],
        );
        wins(entry(Some(9), 2, 7), &[entry(Some(9), 1, 8), entry(None, 3, 9)]);
        wins(
            entry(Some(9), 2, 10),
            &[entry(Some(9), 2, 9), entry(Some(9), 2, 8)],
        );
        // No counter is that large: it wrapped below zero, and is no reason.
        wins(
            entry(Some(9), 2, 10),
            &[entry(Some(9), 2, 9), entry(Some(8), 2, u64::MAX)],
        );
    }
    // Where neither cpu nor memory is measured, the newest of the others counts.
    let disk = |second, used| json!({"name": "c", "rootfs": {"time": time(second), "usedBytes": used}});
    let line = one_of(containers, &[disk(9, 1), disk(8, 2)]);
    assert_eq!(field(&line, "rootfs_used_bytes"), "1i");
}

#[test]
fn an_interface_listed_four_times() {
    let entry = |rx: u64| json!({"name": "Ethernet (2)", "rxBytes": rx, "txBytes": 1});
    let entries = [entry(3), entry(4), entry(4), entry(2)];
    let of_pod = one_of(
        |entries| pod(&json!({"network": {"time": time(1), "interfaces": entries}})),
        &entries,
    );
    assert_eq!(field(&of_pod, "rx_bytes"), "4i");
    let of_node = one_of(
        |entries| json!({"node": {"nodeName": "n", "network": {"interfaces": entries}}}),
        &entries,
    );
    assert_eq!(field(&of_node, "rx_bytes"), "4i");
}

#[test]
fn a_volume_twice() {
    let entry =
        |second, used: u64| json!({"name": "v", "time": time(second), "usedBytes": used, "capacityBytes": 9});
    let volumes = |entries: &[Value]| pod(&json!({"volume": entries}));
    let line = one_of(volumes, &[entry(1, 5), entry(2, 4), entry(2, 3)]);
    assert_eq!(field(&line, "used_bytes"), "4i");
}

#[test]
fn user_metrics_and_accelerators() {
    let metric = |second, value: f64, label: &str| json!({"name": "m", "type": "gauge", "units": "", "time": time(second), "value": value, "labels": {"l": label}});
    let metrics =
        |entries: &[Value]| pod(&json!({"containers": [{"name": "c", "userDefinedMetrics": entries}]}));
    let line = one_of(
        metrics,
        &[
            metric(1, 5.0, "x"),
            metric(2, 4.5, "x"),
            metric(2, 0.5, "x"),
            metric(2, -1.5, "x"),
        ],
    );
    assert_eq!(field(&line, "value"), "4.5");
    // Another label is another series.
    let two = metrics(&[metric(1, 5.0, "x"), metric(2, 4.5, "y")]);
    let (lines, rendered) = super::render(&super::Settings::default(), &two);
    assert_eq!((lines.lines().count(), rendered.duplicates), (2, 0), "{lines}");

    let accelerator = |used: u64| json!({"make": "m", "model": "o", "id": "1", "memoryUsed": used});
    let line = one_of(
        |entries| pod(&json!({"containers": [{"name": "c", "accelerators": entries}]})),
        &[accelerator(1), accelerator(2), accelerator(0)],
    );
    assert_eq!(field(&line, "memory_used_bytes"), "2i");
}

/// Names that are one when they are written are one series.
#[test]
fn names_are_compared_as_they_are_written() {
    let entry =
        |name: &str, second| json!({"name": name, "cpu": {"time": time(second), "usageNanoCores": second}});
    let line = one_of(
        |entries| pod(&json!({"containers": entries})),
        &[entry("a\u{1}", 1), entry("a_", 3), entry("a\u{2}", 2)],
    );
    assert!(line.contains("container_name=a_,"), "{line}");
    assert_eq!(field(&line, "cpu_usage_nanocores"), "3i");
}

/// What a container has lists of goes with it: it is of what died.
#[test]
fn a_container_goes_with_all_that_it_has() {
    let entry = |second, metric: &str| {
        json!({"name": "c", "cpu": {"time": time(second), "usageNanoCores": 1},
            "accelerators": [{"id": metric, "memoryUsed": 1}],
            "userDefinedMetrics": [{"name": metric, "value": 1}, {"name": metric, "value": 1}]})
    };
    let without = json!({"name": "c", "userDefinedMetrics": [{"name": "alone", "value": 1}]});
    let summary = pod(&json!({"containers": [entry(2, "old"), entry(3, "new"), entry(1, "older"), without]}));
    let (lines, rendered) = super::render(&super::Settings::default(), &summary);
    let ids: Vec<_> = lines
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(ids.len(), 3, "{lines}");
    assert!(
        ids[1].contains(",id=new") && ids[2].contains(",metric_name=new"),
        "{lines}"
    );
    // Three containers, and one of the metrics of the one that stays.
    assert_eq!(rendered.duplicates, 4);
}

/// A system container and a node of one name have each their own measurement.
#[test]
fn other_kinds_are_no_duplicates() {
    let cpu = json!({"usageNanoCores": 1});
    let summary = json!({"node": {"nodeName": "a", "cpu": cpu, "systemContainers": [{"name": "a", "cpu": cpu}],
            "network": {"rxBytes": 1, "interfaces": [{"name": "a", "rxBytes": 1}]}},
        "pods": [{"podRef": {"name": "a", "namespace": "a"}, "cpu": cpu,
            "containers": [{"name": "a", "cpu": cpu}],
            "network": {"rxBytes": 1, "interfaces": [{"name": "a", "rxBytes": 1}]},
            "volume": [{"name": "a", "usedBytes": 1}, {"name": "a", "usedBytes": 1, "pvcRef": {"name": "a"}}]}]});
    let (lines, rendered) = super::render(&super::Settings::default(), &summary);
    assert_eq!((lines.lines().count(), rendered.duplicates), (9, 0), "{lines}");
}

/// Hundreds of each, through the real program.
#[test]
fn many_of_each() {
    let entries = |count: usize| -> Vec<_> {
        (0..count)
            .map(|at| json!({"name": format!("e{}", at % 300), "rxBytes": at, "usedBytes": at, "cpu": {"usageCoreNanoSeconds": at}}))
            .collect()
    };
    let pods: Vec<_> = (0..500)
        .map(|at| json!({"podRef": {"name": format!("p{}", at % 250)}, "cpu": {"usageCoreNanoSeconds": at}}))
        .collect();
    let summary = json!({"node": {"nodeName": "n", "systemContainers": entries(600),
        "network": {"interfaces": entries(900)}}, "pods": pods});
    let kubelet = test_kubelet::TestKubelet::start(test_kubelet::Options {
        body: Some(summary.to_string().into_bytes()),
        ..test_kubelet::Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let left = Plugin::once(command(dir.path(), &block(&kubelet)));
    let scrape = left.stdout.last().unwrap();
    assert_eq!(left.stdout.len(), 300 + 300 + 250 + 1, "{scrape}");
    assert!(
        scrape.contains(",lines=850i,") && scrape.contains(",duplicates=1150i,"),
        "{scrape}"
    );
    let pod = left
        .stdout
        .iter()
        .find(|line| line.contains("pod_name=p7 "))
        .unwrap();
    assert_eq!(field(pod, "cpu_usage_core_nanoseconds"), "257i");
}

/// Nothing tells them apart but a number that is no reason: the same one lives at each tick, or counters would step back.
#[test]
fn of_those_that_are_alike_the_same_one_lives_at_each_tick() {
    let container =
        |used: u64| json!({"name": "c", "cpu": {"usageNanoCores": 1}, "rootfs": {"usedBytes": used}});
    let interface = |errors: u64| json!({"name": "e", "rxBytes": 1, "rxErrors": errors});
    let accelerator = |duty: u64| json!({"id": "a", "memoryUsed": 1, "dutyCycle": duty});
    let own = |number: u64| json!({"podRef": {"name": "p"}, "network": {"rxBytes": number}});
    let alike = [
        pod(&json!({"containers": [container(1), container(2)]})),
        pod(&json!({"network": {"interfaces": [interface(1), interface(2)]}})),
        pod(&json!({"containers": [{"name": "c", "accelerators": [accelerator(1), accelerator(2)]}]})),
        json!({"node": {"nodeName": "n"}, "pods": [own(1), own(2)]}),
    ];
    for summary in alike {
        let kubelet = test_kubelet::TestKubelet::start(test_kubelet::Options {
            body: Some(summary.to_string().into_bytes()),
            ..test_kubelet::Options::default()
        });
        let dir = tempfile::tempdir().unwrap();
        let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
        let mut tick = || {
            plugin.tick();
            let line = plugin.batch().swap_remove(0);
            line.rsplit_once(' ').unwrap().0.to_owned()
        };
        let first = tick();
        for _ in 0..16 {
            assert_eq!(tick(), first);
        }
    }
}
