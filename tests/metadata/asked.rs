//! How often the kubelet is asked for its pods, and how.

use std::time::Duration;

use test_kubelet::{Fault, Options};

use super::running::{EVERYTHING, OFTEN, Running, kubelet, kubelet_with};
use super::support::plugin::{PATIENCE, until};

/// The requests to `/pods` so far.
fn asked(kubelet: &test_kubelet::TestKubelet) -> usize {
    kubelet
        .requests()
        .iter()
        .filter(|seen| seen.path == "/pods")
        .count()
}

#[test]
fn who_asks_for_nothing_asks_nobody() {
    let kubelet = kubelet();
    let mut running = Running::start(&kubelet, OFTEN);
    for _ in 0..5 {
        let batch = running.tick();
        assert!(
            batch.is_bare() && !batch.scrape().contains("metadata"),
            "{batch:#?}"
        );
    }
    running.stop();
    assert_eq!(asked(&kubelet), 0);
}

/// Refused, it is as if it had not been asked for.
#[test]
fn what_is_refused_changes_no_byte() {
    let timeless = |options: &str| {
        let kubelet = test_kubelet::TestKubelet::start(Options {
            body: Some(test_kubelet::summary(
                &test_kubelet::GeneratorOptions {
                    pods: super::running::PODS,
                    ..Default::default()
                },
                0,
            )),
            ..Options::default()
        });
        let mut running = Running::start(&kubelet, options);
        let batch = if options.is_empty() {
            running.tick()
        } else {
            running.until_code(5)
        };
        let mut lines: Vec<_> = batch
            .0
            .iter()
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect();
        lines.pop();
        lines
    };
    assert_eq!(
        timeless(""),
        timeless(&format!("{EVERYTHING}{OFTEN}  pod_network = \"own\"\n"))
    );
}

/// Before the first tick already, when there is time.
#[test]
fn once_in_each_interval() {
    let kubelet = kubelet();
    let mut running = Running::start(&kubelet, &format!("{EVERYTHING}  metadata_interval = \"1h\"\n"));
    assert!(kubelet.wait_for_pods_requests(1, PATIENCE));
    until("an answer", || asked(&kubelet) == 1);
    running.until_known();
    for _ in 0..20 {
        assert!(running.tick().is_known());
    }
    running.stop();
    assert_eq!(asked(&kubelet), 1);
}

#[test]
fn never_more_often_than_there_are_ticks() {
    let kubelet = kubelet();
    let mut running = Running::start(&kubelet, &format!("{EVERYTHING}{OFTEN}"));
    running.until_known();
    for _ in 0..20 {
        running.tick();
    }
    running.stop();
    let summaries = kubelet.requests().len() - asked(&kubelet);
    assert!(
        (2..=summaries + 1).contains(&asked(&kubelet)),
        "{} for {summaries}",
        asked(&kubelet)
    );
}

/// Any of the options is enough, and none is there without being asked for.
#[test]
fn each_option_asks_by_itself() {
    for (option, part) in [
        (r#"label_include = ["app*"]"#, ",app"),
        ("label_exclude = []", ",app"),
        (
            r#"annotation_include = ["kubernetes.io/*"]"#,
            ",kubernetes.io/config.source=",
        ),
        (r#"metadata = ["image"]"#, ",image="),
        (r#"metadata = ["owner"]"#, ",owner_kind="),
        (r#"metadata = ["qos"]"#, ",qos_class="),
        (r#"metadata = ["status"]"#, "phase="),
        (r#"metadata = ["resources"]"#, "resource_requests_millicpu_units="),
        (r#"metadata = ["utilization"]"#, "cpu_usage_request_percent="),
    ] {
        let kubelet = kubelet();
        let mut running = Running::start(&kubelet, &format!("  {option}\n{OFTEN}"));
        let batch = running.tick_until(option, |batch| batch.pods().any(|line| line.contains(part)));
        assert_eq!(batch.field("metadata_pods"), Some(super::running::PODS as u64));
    }
}

/// As the same one, over TLS that is verified, and over the connection that is there.
#[test]
fn over_both_protocols_as_the_summary_is() {
    for options in Options::over_both() {
        let version = if options.http2 { "2" } else { "1.1" };
        let kubelet = kubelet_with(options);
        let mut running = Running::start(&kubelet, &format!("{EVERYTHING}{OFTEN}"));
        running.until_known();
        for _ in 0..5 {
            running.tick();
        }
        running.stop();
        let requests = kubelet.requests();
        for seen in requests.iter().filter(|seen| seen.path == "/pods") {
            assert_eq!(
                (seen.version, &*seen.method, seen.authorization),
                (version, "GET", true)
            );
            let accept = seen.headers.iter().find(|(name, _)| name == "accept");
            assert_eq!(accept.map(|(_, value)| value.as_str()), Some("application/json"));
        }
        assert!(kubelet.connections() <= 2, "{}", kubelet.connections());
    }
}

/// While an answer to `/pods` hangs, the summary comes: over HTTP/2 by the very connection, over HTTP/1.1 by one of its own.
#[test]
fn both_at_once() {
    for options in Options::over_both() {
        let http2 = options.http2;
        let kubelet = kubelet_with(options);
        let mut running = Running::start(&kubelet, &format!("{EVERYTHING}{OFTEN}"));
        running.until_known();
        let before = asked(&kubelet);
        kubelet.set_pods_fault(Some(Fault::HoldBody));
        let is_held = |kubelet: &test_kubelet::TestKubelet| asked(kubelet) > before;
        while !is_held(&kubelet) {
            running.tick();
            // A question takes a moment: in vain is no harm.
            let _ = kubelet.wait_for_pods_requests(before + 1, Duration::from_millis(50));
        }
        for _ in 0..3 {
            assert!(running.tick().is_known());
        }
        let requests = kubelet.requests();
        let held = requests.iter().rfind(|seen| seen.path == "/pods").unwrap();
        let last = requests.iter().rfind(|seen| seen.path != "/pods").unwrap();
        assert_eq!(last.connection == held.connection, http2, "{requests:#?}");
        kubelet.set_pods_fault(None);
        running.stop();
    }
}

/// What the host's network carries is the node's.
#[test]
fn networks_of_the_host_are_left_out() {
    let kubelet = kubelet();
    let mut running = Running::start(&kubelet, &format!("{OFTEN}  pod_network = \"own\"\n"));
    let of_network = |batch: &super::running::Batch| {
        batch
            .pods()
            .filter(|line| line.starts_with("kubernetes_pod_network"))
            .count()
    };
    let mut all = Running::start(&kubelet, "");
    let before = of_network(&all.tick());
    let batch = running.tick_until("fewer networks", |batch| of_network(batch) < before);
    assert!(of_network(&batch) > 0);
    let pods: std::collections::BTreeSet<_> = batch
        .pods()
        .filter_map(|line| line.split("pod_name=").nth(1)?.split([',', ' ']).next())
        .collect();
    assert_eq!(pods.len(), super::running::PODS);
}
