//! Cardinality is money: what a filter leaves out is out, and the rest is as it was.

mod support;

use std::collections::BTreeSet;

use support::plugin::{Plugin, block, command};
use test_kubelet::{Options, TestKubelet};

/// Lines of one tick with these options in the block, without the line about the scrape.
fn lines(options: &str) -> Vec<String> {
    let kubelet = TestKubelet::start(Options {
        pods: 8,
        body: Some(test_kubelet::summary(
            &test_kubelet::GeneratorOptions {
                pods: 8,
                ..Default::default()
            },
            0,
        )),
        ..Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let mut left = Plugin::once(command(dir.path(), &format!("{}{options}", block(&kubelet))));
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    let scrape = left.stdout.pop().unwrap();
    assert!(scrape.contains("result=success"), "{left:#?}");
    // The timestamp is that of the arrival: take it away, so that two runs can be compared.
    left.stdout
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect()
}

/// The lines of one tick with these options, and the path that was asked for.
fn asked(options: &str) -> (Vec<String>, String) {
    let kubelet = TestKubelet::start(Options::default());
    kubelet.set_body(Some(test_kubelet::summary(
        &test_kubelet::GeneratorOptions {
            pods: 8,
            ..Default::default()
        },
        0,
    )));
    let dir = tempfile::tempdir().unwrap();
    let left = Plugin::once(command(dir.path(), &format!("{}{options}", block(&kubelet))));
    assert!(
        left.stdout.last().unwrap().contains("result=success"),
        "{left:#?}"
    );
    let path = kubelet.requests().pop().unwrap().path;
    (left.stdout, path)
}

/// Each field with its series and its value.
fn fields(lines: &[String]) -> BTreeSet<(String, String)> {
    let of_summary = lines.iter().filter(|line| !line.starts_with("kubelet_scrape"));
    of_summary
        .flat_map(|line| {
            let mut parts = line.split(' ');
            let series = parts.next().unwrap().to_owned();
            let fields = parts.next().unwrap().split(',').map(str::to_owned);
            fields.map(move |field| (series.clone(), field))
        })
        .collect()
}

/// A kubelet that is asked for less measures no disk. What it is asked for it says as before.
#[test]
fn where_cpu_and_memory_are_all_that_is_wanted_nothing_else_is_asked_for() {
    let (all, whole) = asked("");
    assert_eq!(whole, "/stats/summary");
    let all = fields(&all);
    for (include, exclude, begins) in [
        (r#""cpu_*", "memory_*""#, "", &["cpu_", "memory_"][..]),
        (r#""*.cpu_*""#, "", &["cpu_"]),
        (r#""swap_*""#, "", &["swap_"]),
        (r#""kubernetes_pod.memory_*""#, "", &["memory_"]),
        (r#""cpu_*", "io_*""#, r#""io_*""#, &["cpu_"]),
        (
            r#""cpu_*", "start_time_seconds""#,
            r#""kubernetes_node.start_time_seconds""#,
            &["cpu_", "start_time_"],
        ),
    ] {
        let (small, path) = asked(&format!(
            "  fields_include = [{include}]\n  fields_exclude = [{exclude}]\n"
        ));
        assert_eq!(path, "/stats/summary?only_cpu_and_memory=true", "{include}");
        let mut want = all.clone();
        want.retain(|(series, field)| {
            let start_of_node = series.starts_with("kubernetes_node,") && field.starts_with("start");
            begins.iter().any(|begin| field.starts_with(begin)) && !start_of_node
        });
        if include.contains("kubernetes_pod.") {
            want.retain(|(series, _)| series.starts_with("kubernetes_pod,"));
        }
        assert_eq!(fields(&small), want, "{include}");
    }
    for include in [
        r#""cpu_*", "fs_*""#,
        r#""cpu_*", "io_*""#,
        r#""cpu_*", "process_count""#,
        // The node's start would be another one.
        r#""cpu_*", "start_time_seconds""#,
        r#""cpu_*", "kubernetes_pod_container_accelerator.*""#,
        r#""kubernetes_pod_container_accelerator.memory_*""#,
    ] {
        let (_, path) = asked(&format!("  fields_include = [{include}]\n"));
        assert_eq!(path, "/stats/summary", "{include}");
    }
}

/// The values of a tag over all lines.
fn values<'l>(lines: &'l [String], tag: &str) -> BTreeSet<&'l str> {
    let tags = lines
        .iter()
        .flat_map(|line| line.split(' ').next().unwrap().split(','));
    tags.filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == tag)
        .map(|(_, value)| value)
        .collect()
}

fn set(values: &[&'static str]) -> BTreeSet<&'static str> {
    values.iter().copied().collect()
}

#[test]
fn namespaces() {
    let all = lines("");
    assert_eq!(
        values(&all, "namespace"),
        set(&["default", "kube-system", "monitoring", "team-a"])
    );
    let some = lines("  namespace_include = [\"kube-*\", \"team-?\"]\n  namespace_exclude = [\"team-a\"]\n");
    assert_eq!(values(&some, "namespace"), set(&["kube-system"]));
    // What is left is the same lines, in the same order.
    let kept = all
        .iter()
        .filter(|line| !line.contains(",namespace=") || line.contains(",namespace=kube-system"));
    assert!(kept.eq(&some));
}

#[test]
fn pods() {
    let some = lines("  pod_exclude = [\"app-web-*\"]\n");
    assert!(!some.is_empty());
    assert!(
        values(&some, "pod_name")
            .iter()
            .all(|name| !name.starts_with("app-web-"))
    );
    assert!(
        values(&some, "pod_name")
            .iter()
            .any(|name| name.starts_with("app-worker-"))
    );
}

#[test]
fn containers_of_pods_but_not_of_the_system() {
    let some = lines("  container_include = [\"istio-*\"]\n");
    assert_eq!(
        values(&some, "container_name"),
        set(&["istio-proxy", "kubelet", "pods", "runtime"])
    );
}

#[test]
fn volumes_with_claims() {
    assert!(values(&lines(""), "volume_name").contains("kube-api-access-x7k2p"));
    assert_eq!(
        values(&lines("  volume = \"claims\"\n"), "volume_name"),
        set(&["data"])
    );
}

#[test]
fn fields_by_name_and_by_measurement() {
    let some = lines(
        "  fields_include = [\"*_bytes\"]\n  fields_exclude = [\"kubernetes_pod_volume.*\", \"*.{rx,tx}_*\", \"fs_*\"]\n",
    );
    let measurements: BTreeSet<&str> = some.iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        measurements,
        set(&[
            "kubernetes_node",
            "kubernetes_pod",
            "kubernetes_pod_container",
            "kubernetes_system_container"
        ])
    );
    for line in &some {
        for field in line.split(' ').nth(1).unwrap().split(',') {
            let name = field.split('=').next().unwrap();
            assert!(name.ends_with("_bytes") && !name.starts_with("fs_"), "{line}");
        }
    }
}

#[test]
fn the_uid_is_a_tag_when_asked_for() {
    assert!(values(&lines(""), "pod_uid").is_empty());
    let some = lines("  pod_uid = true\n");
    assert_eq!(values(&some, "pod_uid").len(), 8);
    let of_pods = |line: &&String| line.contains(",pod_name=");
    assert!(some.iter().filter(of_pods).all(|line| line.contains(",pod_uid=")));
}

#[test]
fn a_filter_that_can_match_nothing_is_an_error_at_start() {
    let dir = tempfile::tempdir().unwrap();
    for (options, said) in [
        (
            "namespace_include = [\"Kube_System\"]",
            "Kubernetes allows no 'K'",
        ),
        ("pod_include = [\"a b\"]", "Kubernetes allows no ' '"),
        ("container_exclude = [\"*\"]", "takes away all"),
        ("pod_include = [\"a\"]\n  pod_exclude = [\"a\"]", "takes away all"),
        ("fields_include = [\"cpu_usage\"]", "matches no field"),
        ("fields_exclude = [\"{*_*,value,inodes}\"]", "takes away all"),
        ("fields_include = [\"cpu_[\"]", "is no pattern"),
        ("pod_include = [\"{a\"]", "is no pattern"),
        ("pod_include = \"a\"", "an array of strings"),
        ("volume = \"pvc\"", "\"claims\""),
    ] {
        let config = format!("[[inputs.kubelet]]\n  url = \"https://n\"\n  {options}\n");
        let left = Plugin::once_refused(command(dir.path(), &config));
        assert_eq!(left.status.code(), Some(1), "{options}");
        assert!(
            left.stderr[0].starts_with("E! ") && left.stderr[0].contains(said),
            "{options}: {left:#?}"
        );
    }
}
