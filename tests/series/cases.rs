//! What real kubelets list twice, through the real program: what it writes, counts, logs and, asked, explains.

use serde_json::{Value, json};
use test_kubelet::{Options, TestKubelet};

use super::support::check::check;
use super::support::plugin::{Plugin, block, command};

/// The container was restarted, or is privileged; one of the two is measured like any other, later even, and says zero
/// (kubernetes/kubernetes#65332).
fn zeros() -> Value {
    let entry = |start: u32, sample: u32, core: u64, bytes: u64| {
        let time = format!("2026-01-01T00:30:{sample:02}Z");
        json!({
            "name": "worker",
            "startTime": format!("2026-01-01T00:00:{start:02}Z"),
            "cpu": {"time": time, "usageNanoCores": core / 1000, "usageCoreNanoSeconds": core},
            "memory": {"time": time, "usageBytes": bytes, "workingSetBytes": bytes, "rssBytes": bytes},
        })
    };
    json!({"node": {"nodeName": "n"}, "pods": [{
        "podRef": {"name": "worker-1", "namespace": "shop", "uid": "1"},
        "containers": [entry(1, 37, 0, 0), entry(0, 36, 194_000_000, 5_000_000)],
    }]})
}

fn start(summary: &Value) -> TestKubelet {
    TestKubelet::start(Options {
        body: Some(summary.to_string().into_bytes()),
        ..Options::default()
    })
}

/// The numbers that are true, and the count.
fn assert_true(batch: &[String], duplicates: usize) {
    assert_eq!(batch.len(), 2, "{batch:#?}");
    assert!(
        batch[0].contains("cpu_usage_core_nanoseconds=194000000i"),
        "{batch:#?}"
    );
    assert!(
        batch[1].contains(&format!(",duplicates={duplicates}i,")),
        "{batch:#?}"
    );
}

#[test]
fn what_lives_is_written_and_the_log_is_told_at_the_change() {
    let (doubled, mut single) = (zeros(), zeros());
    let kubelet = start(&doubled);
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    for _ in 0..2 {
        plugin.tick();
        assert_true(&plugin.batch(), 1);
    }
    single["pods"][0]["containers"].as_array_mut().unwrap().remove(0);
    kubelet.set_body(Some(single.to_string().into_bytes()));
    for _ in 0..2 {
        plugin.tick();
        assert_true(&plugin.batch(), 0);
    }
    kubelet.set_body(Some(doubled.to_string().into_bytes()));
    plugin.tick();
    assert_true(&plugin.batch(), 1);
    plugin.close_stdin();
    let left = plugin.wait(super::support::plugin::PATIENCE);
    let told: Vec<_> = left
        .stderr
        .iter()
        .filter(|line| line.contains("twice"))
        .map(|line| &line[..2])
        .collect();
    assert_eq!(told, ["W!", "I!", "W!"], "{left:#?}");
    let first = left.stderr.iter().find(|line| line.contains("twice")).unwrap();
    for word in ["worker", "shop/worker-1", "1 entries", "duplicates"] {
        assert!(first.contains(word), "{first}");
    }
}

#[test]
fn a_check_explains_it() {
    let kubelet = start(&zeros());
    let checked = check(&kubelet, &block(&kubelet), &[]);
    assert_eq!((checked.code, checked.bad()), (0, Vec::new()), "{}", checked.text);
    let finding = checked
        .findings()
        .find(|finding| finding["diagnosis"] == "duplicate_series")
        .unwrap_or_else(|| panic!("{}", checked.text));
    let said = finding.to_string();
    for word in ["worker", "shop/worker-1", "65332", "137724", "pod_uid = true"] {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
}

/// A cgroup was left behind: measured later than the container that lives, and its counter stands where it stood
/// (kubernetes/kubernetes#47853).
#[test]
fn a_cgroup_left_behind() {
    let entry = |start: &str, sample: &str, rate: u64, core: u64, rss: u64| {
        json!({"name": "bar", "startTime": start,
            "cpu": {"time": sample, "usageNanoCores": rate, "usageCoreNanoSeconds": core},
            "memory": {"time": sample, "usageBytes": 8192, "workingSetBytes": 4096, "rssBytes": rss}})
    };
    let lives = entry(
        "2026-01-01T00:40:25Z",
        "2026-01-01T01:00:08Z",
        158_370,
        92_768_296,
        4096,
    );
    let dead = entry(
        "2026-01-01T00:00:26Z",
        "2026-01-01T01:00:12Z",
        0,
        145_043_746_869,
        0,
    );
    let line = super::one_of(
        |entries| super::pod(&json!({"containers": entries})),
        &[lives, dead],
    );
    assert!(line.contains("cpu_usage_core_nanoseconds=92768296i"), "{line}");
}

/// Two cgroup trees of one container, measured five seconds apart: its counter never steps back.
#[test]
fn two_samples_of_one_container() {
    let entry = |second: u32, core: u64| {
        json!({"name": "app", "startTime": "2026-01-01T00:00:00Z",
            "cpu": {"time": format!("2026-01-01T01:00:0{second}Z"), "usageNanoCores": 9_000_000 - core / 1000,
                "usageCoreNanoSeconds": core}})
    };
    let line = super::one_of(
        |entries| super::pod(&json!({"containers": entries})),
        &[entry(0, 1_876_574_902), entry(5, 1_921_694_935)],
    );
    assert!(line.contains("cpu_usage_core_nanoseconds=1921694935i"), "{line}");
}
