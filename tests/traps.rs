//! What real kubelets have answered that broke other collectors: each through the real program, and each costs what is
//! wrong with it and no more.

mod support;

use serde_json::{Value, json};
use support::plugin::{Left, Plugin, block, command};
use test_kubelet::{Fault, Options, TestKubelet};

/// One tick on this body.
fn scrape(body: Vec<u8>) -> Left {
    let kubelet = TestKubelet::start(Options {
        body: Some(body),
        ..Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let left = Plugin::once(command(dir.path(), &block(&kubelet)));
    assert_eq!(left.status.code(), Some(0));
    support::lines::parse(&format!("{}\n", left.stdout.join("\n")));
    left
}

/// The lines of one tick on this summary, without timestamps and without the line about the scrape, which has to say
/// that so many values were left out.
fn lines(summary: &Value, left_out: usize) -> Vec<String> {
    let mut left = scrape(serde_json::to_vec_pretty(summary).unwrap());
    let scrape = left.stdout.pop().unwrap();
    assert!(scrape.contains("result=success"), "{scrape}");
    assert!(
        scrape.contains(&format!(",fields_out_of_range={left_out}i")),
        "{scrape}"
    );
    assert!(
        scrape.contains(&format!(",lines={}i,", left.stdout.len())),
        "{scrape}"
    );
    left.stdout
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

fn pod(rest: &Value) -> Value {
    let mut pod =
        json!({"podRef": {"name": "p", "namespace": "ns", "uid": "1"}, "cpu": {"usageNanoCores": 1}});
    pod.as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    json!({"node": {"nodeName": "n"}, "pods": [pod]})
}

const POD: &str = "kubernetes_pod,namespace=ns,node_name=n,pod_name=p cpu_usage_nanocores=1i";

#[test]
fn null_in_every_place() {
    let keys = [
        "startTime",
        "containers",
        "memory",
        "io",
        "network",
        "volume",
        "ephemeral-storage",
        "process_stats",
        "swap",
    ];
    for key in keys {
        assert_eq!(lines(&pod(&json!({key: null})), 0), [POD], "{key}");
    }
    assert!(lines(&pod(&json!({"podRef": null, "cpu": null})), 0).is_empty());
    assert!(lines(&json!({"node": null, "pods": null}), 0).is_empty());
    assert!(
        lines(
            &json!({"node": {"nodeName": "n", "systemContainers": null}, "pods": [null]}),
            0
        )
        .is_empty()
    );
    let container = json!({"containers": [{"name": "c", "startTime": null, "rootfs": {"time": null},
        "userDefinedMetrics": null, "accelerators": null, "logs": null, "cpu": {"time": null, "usageNanoCores": null}}]});
    assert_eq!(lines(&pod(&container), 0), [POD]);
}

#[test]
fn a_number_wrapped_below_zero_is_left_out_and_counted() {
    let summary = pod(&json!({"volume": [{
        "name": "v", "capacityBytes": 7, "inodesFree": u64::MAX, "inodes": i64::MAX, "availableBytes": 18_446_744_073_709_547_520_u64,
    }]}));
    let expected = "kubernetes_pod_volume,namespace=ns,node_name=n,pod_name=p,volume_name=v \
                    capacity_bytes=7i,inodes=9223372036854775807i";
    assert_eq!(lines(&summary, 2), [POD, expected]);
}

#[test]
fn a_node_without_eth0_has_a_nameless_interface_and_no_counters() {
    let network = json!({"network": {"time": "2026-01-01T00:00:00Z", "name": "", "interfaces": [
        {"name": "Hyper-V Virtual Ethernet Adapter _2", "rxBytes": 1},
        {"name": "cid-8b5f1c4e,x=1", "rxBytes": 2},
        {"name": "", "rxBytes": 3},
    ]}});
    let of = |interface: &str, rx: u8| {
        format!(
            "kubernetes_pod_network_interface{interface},namespace=ns,node_name=n,pod_name=p rx_bytes={rx}i"
        )
    };
    assert_eq!(
        lines(&pod(&network), 0),
        [
            POD.to_owned(),
            of("", 3),
            of(",interface=Hyper-V\\ Virtual\\ Ethernet\\ Adapter\\ _2", 1),
            of(",interface=cid-8b5f1c4e\\,x\\=1", 2),
        ]
    );
}

#[test]
fn of_two_pods_of_one_name_the_successor_is_written() {
    let pod = |uid: &str, cores: u8| {
        json!({"podRef": {"name": "p", "namespace": "ns", "uid": uid},
        "startTime": format!("2026-01-01T00:00:0{cores}Z"), "cpu": {"usageNanoCores": cores}})
    };
    for pods in [
        json!([pod("b", 2), pod("a", 1)]),
        json!([pod("a", 1), pod("b", 2)]),
    ] {
        let lines = lines(&json!({"node": {"nodeName": "n"}, "pods": pods}), 0);
        assert_eq!(
            lines,
            [
                "kubernetes_pod,namespace=ns,node_name=n,pod_name=p start_time_seconds=1767225602i,cpu_usage_nanocores=2i"
            ]
        );
    }
}

#[test]
fn floats_stay_floats_however_they_are_printed() {
    let body = br#"{"node": {"nodeName": "n", "cpu": {"psi": {"some": {"total": 7, "avg10": 0, "avg60": 10, "avg300": 0.25},
        "full": {"avg10": 1e+21, "avg60": 2.5E-7, "avg300": -0.0}}}}, "pods": []}"#;
    let left = scrape(body.to_vec());
    let expected = "kubernetes_node,node_name=n cpu_psi_some_avg10=0,cpu_psi_some_avg60=10,cpu_psi_some_avg300=0.25,\
                    cpu_psi_some_total_microseconds=7i,cpu_psi_full_avg10=1e+21,cpu_psi_full_avg60=2.5E-7,cpu_psi_full_avg300=-0.0 ";
    assert!(left.stdout[0].starts_with(expected), "{left:#?}");
}

#[test]
fn keys_unknown_to_us_cost_nothing() {
    let summary =
        pod(&json!({"gpu": {"deep": [{"er": [1, null, "x"]}]}, "memory": {"usageBytes": 2, "newBytes": 3}}));
    assert_eq!(lines(&summary, 0), [format!("{POD},memory_usage_bytes=2i")]);
}

#[test]
fn a_bad_pod_or_number_costs_its_own_part() {
    let good = json!({"podRef": {"name": "p", "namespace": "ns"}, "cpu": {"usageNanoCores": 1}});
    for (bad, left_out) in [
        (json!("a pod that is text"), 1),
        (json!([1, 2]), 1),
        (json!({"podRef": "x", "cpu": 5, "containers": {"name": "c"}}), 3),
        (
            json!({"cpu": {"usageNanoCores": "5"}, "memory": {"usageBytes": 1.5, "rssBytes": -1}}),
            3,
        ),
        (json!({"containers": [7, {"cpu": [1]}, null]}), 2),
    ] {
        let summary = json!({"node": {"nodeName": "n"}, "pods": [bad, good]});
        assert_eq!(lines(&summary, left_out), [POD], "{bad}");
    }
}

#[test]
fn what_is_left_out_is_said_once_and_counted_at_each_tick() {
    let body = br#"{"node": {"nodeName": "n", "cpu": {"usageNanoCores": "5", "usageCoreNanoSeconds": 18446744073709551615}}}"#;
    let kubelet = TestKubelet::start(Options {
        body: Some(body.to_vec()),
        ..Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    for _ in 0..3 {
        plugin.tick();
        assert!(plugin.batch().last().unwrap().contains(",fields_out_of_range=2i"));
    }
    plugin.close_stdin();
    let left = plugin.wait(support::plugin::PATIENCE);
    let warnings = left.stderr.iter().filter(|line| line.starts_with("W! ")).count();
    assert_eq!(warnings, 1, "{left:#?}");
}

#[test]
fn a_young_containers_time_of_1970_is_no_trouble() {
    let container =
        json!({"containers": [{"name": "c", "rootfs": {"time": "1970-01-01T00:00:00Z", "usedBytes": 4}}]});
    let expected =
        "kubernetes_pod_container,container_name=c,namespace=ns,node_name=n,pod_name=p rootfs_used_bytes=4i";
    assert_eq!(lines(&pod(&container), 0), [POD, expected]);
}

#[test]
fn an_answer_that_is_no_summary_is_a_bad_answer() {
    let bodies: [&[u8]; 7] = [
        b"",
        b" \n",
        b"{}",
        b"[]",
        b"null",
        b"{\"node\": {\"nodeName\": \"n\", \"cpu\": {\"usageNanoCores\": 1}}, \"pods\": [",
        b"<html>",
    ];
    for body in bodies {
        let left = scrape(body.to_vec());
        assert_eq!(left.stdout.len(), 1, "{left:#?}");
        assert!(
            left.stdout[0].contains("result=bad_answer") && left.stdout[0].contains("status_code=200i"),
            "{left:#?}"
        );
        assert!(
            left.stderr.len() == 1 && left.stderr[0].starts_with("E! "),
            "{left:#?}"
        );
    }
}

#[test]
fn an_answer_without_end_is_cut_off_where_max_response_says() {
    let kubelet = TestKubelet::start(Options::default());
    for (option, most, said) in [
        ("", 64 * 1024 * 1024, "larger than 64 MiB, which max_response"),
        (
            "  max_response = \"200KiB\"\n",
            200 * 1024,
            "larger than 200 KiB, which max_response",
        ),
        (
            "  max_response = 100001\n",
            100_001,
            "larger than 100001 bytes, which max_response",
        ),
    ] {
        kubelet.set_fault(Fault::Oversized(most + 1));
        let dir = tempfile::tempdir().unwrap();
        let config = format!("{}  response_timeout = \"1m\"\n{option}", block(&kubelet));
        let mut plugin = Plugin::start(command(dir.path(), &config));
        plugin.tick();
        let batch = plugin.batch();
        assert!(
            batch.len() == 1 && batch[0].contains("result=bad_answer"),
            "{batch:#?}"
        );
        let log = plugin.log();
        assert!(log.contains(said), "{log}");
        // Nothing of it stays.
        kubelet.set_fault(Fault::None);
        plugin.tick();
        assert!(plugin.batch().len() > 1);
    }
}
