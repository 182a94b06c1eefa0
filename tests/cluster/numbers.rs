//! What comes out of a real kubelet's answer: every number of it, and no other.

use std::collections::HashMap;

use serde_json::Value;
use test_kubelet::{Options, TestKubelet};

use crate::machine::{Cluster, cluster, kept, result_of};
use crate::pod;
use crate::support::expect::expect;
use crate::support::lines::{Key, Number, parse};
use crate::support::plugin::block;
use crate::support::scrape;
use crate::wait::until;

const PODS: &str = include_str!("pods.yaml");

#[test]
fn a_token_scrapes_and_all_is_well() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    let left = cluster.until_scraped(&pod.config(), "success");
    assert!(
        left.stderr.iter().all(|line| line.starts_with("I! ")),
        "{left:#?}"
    );
    let checked = cluster.check(&pod.config());
    assert_eq!(checked.bad(), Vec::<[&str; 3]>::new(), "{}", checked.text);
    assert_eq!(checked.code, 0);
    // No notice either: the answer has no key that is new to us.
    assert!(
        checked.findings().all(|finding| finding["diagnosis"].is_null()),
        "{}",
        checked.text
    );
}

/// The fields of what must come out.
fn fields(summary: &str) -> HashMap<String, Number> {
    let expected = expect(&serde_json::from_str(summary).expect("JSON"));
    assert!(expected.left_out.is_empty(), "{:?}", expected.left_out);
    by_key(expected.fields)
}

/// Those of them that are of processor, memory and swap.
fn of_cpu_and_memory(summary: &str) -> HashMap<String, Number> {
    let mut fields = expect(&serde_json::from_str(summary).expect("JSON")).fields;
    fields.retain(|((.., field), _)| {
        ["cpu_", "memory_", "swap_"]
            .iter()
            .any(|begin| field.starts_with(begin))
    });
    by_key(fields)
}

/// Of what did come out, but for the line about the scrape.
fn found(lines: &[String]) -> HashMap<String, Number> {
    let mut fields = parse(&format!("{}\n", lines.join("\n")));
    fields.retain(|((measurement, ..), _)| measurement != "kubelet_scrape");
    by_key(fields)
}

fn by_key(fields: Vec<(Key, Number)>) -> HashMap<String, Number> {
    let count = fields.len();
    let by_key: HashMap<_, _> = fields
        .into_iter()
        .map(|(key, value)| (format!("{key:?}"), value))
        .collect();
    assert_eq!(by_key.len(), count, "a field twice");
    by_key
}

/// The answer of a node with all kinds of pods that one without devices can have.
fn answer_with_pods(cluster: &Cluster) -> String {
    cluster.sh("mkdir -p /var/lib/volume");
    cluster.apply(PODS);
    until("the kubelet tells of every pod and volume", || {
        let summary = cluster.summary();
        let json: Value = serde_json::from_str(&summary).expect("JSON");
        let pods = json["pods"].as_array().expect("a list");
        let volumes = pods.iter().any(|pod| {
            let volumes = pod["volume"].as_array();
            pod["podRef"]["name"] == "volumes" && volumes.is_some_and(|volumes| volumes.len() == 6)
        });
        let counted = |name: &str| {
            pods.iter().any(|pod| {
                let used = &pod["containers"][0]["memory"]["workingSetBytes"];
                pod["podRef"]["name"] == name && used.as_u64().is_some_and(|used| used > 0)
            })
        };
        (volumes && counted("volumes") && counted("on-the-hosts-network")).then_some(summary)
    })
}

#[test]
fn every_number_of_the_answer_is_in_the_lines() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    let answer = answer_with_pods(&cluster);

    // That very answer, read from a kubelet that gives it again.
    let again = TestKubelet::start(Options {
        body: Some(answer.clone().into_bytes()),
        ..Options::default()
    });
    let left = scrape::once(&again, &block(&again));
    scrape::assert_good(&left);
    std::fs::write(kept("summary.json"), &answer).expect("a writable directory");
    std::fs::write(kept("summary.lines"), left.stdout.join("\n")).expect("a writable directory");
    let expected = fields(&answer);
    assert!(expected.len() > 300, "{}", expected.len());
    assert_eq!(found(&left.stdout), expected);

    // Read from the kubelet itself, between two answers: what those two agree on.
    let mut known = 0;
    until("most numbers stay the same for a moment", || {
        let before = fields(&cluster.summary());
        let left = cluster.scrape(&pod.config());
        let after = fields(&cluster.summary());
        assert_eq!(result_of(&left), "success", "{left:#?}");
        let found = found(&left.stdout);
        let same: Vec<_> = before
            .iter()
            .filter(|(key, value)| after.get(*key) == Some(value))
            .collect();
        known = same.len();
        let agree = same.iter().all(|(key, value)| found.get(*key) == Some(value));
        let keys = before.len() == after.len() && found.keys().all(|key| after.contains_key(key));
        (agree && keys && found.len() == after.len() && same.len() * 10 > before.len() * 8).then_some(())
    });
    eprintln!(
        "{} numbers of an answer of {} bytes, {known} of them watched from both sides",
        expected.len(),
        answer.len()
    );
    assert_same_where_asked_for_alone(&cluster, &pod);
    without_pods(&cluster);
}

/// Takes the pods away, and waits until their volumes are: a kubelet that starts meanwhile takes the mount of one for its
/// root filesystem, and answers 500 once that is gone ("cannot find filesystem info for device").
fn without_pods(cluster: &Cluster) {
    cluster.kubectl(&["delete", "pods", "--all", "--namespace=pods", "--grace-period=1"]);
    until("no volume is mounted any more", || {
        let mounts = cluster.sh("cat /proc/mounts");
        (!mounts.contains("kubernetes.io~local-volume")).then_some(())
    });
    cluster.kubectl(&["delete", "namespace", "pods", "--wait=false"]);
}

/// A float of the line about the scrape.
fn of_scrape(lines: &[String], field: &str) -> f64 {
    let scrape = lines.last().expect("a line");
    let (_, value) = scrape.split_once(&format!("{field}=")).expect(field);
    let value = value.split([',', ' ', 'i']).next().expect("a value");
    value.parse().expect("a number")
}

/// Where processor and memory are asked for alone, it says of them what it says otherwise: no field more, none less, and
/// none that is another one.
fn assert_same_where_asked_for_alone(cluster: &Cluster, pod: &pod::Volume) {
    let small = format!(
        "{}  fields_include = [\"cpu_*\", \"memory_*\", \"swap_*\"]\n",
        pod.config()
    );
    let mut bytes = [0.0; 2];
    until("most of them stay the same for a moment", || {
        let summary = cluster.summary();
        let before = of_cpu_and_memory(&summary);
        let left = cluster.scrape(&small);
        let after = of_cpu_and_memory(&cluster.summary());
        assert_eq!(result_of(&left), "success", "{left:#?}");
        #[expect(clippy::cast_precision_loss, reason = "a size that is printed")]
        let whole = summary.len() as f64;
        bytes = [whole, of_scrape(&left.stdout, "response_bytes")];
        let found = found(&left.stdout);
        let same: Vec<_> = before
            .iter()
            .filter(|(key, value)| after.get(*key) == Some(value))
            .collect();
        let agree = same.iter().all(|(key, value)| found.get(*key) == Some(value));
        let more: Vec<_> = found.keys().filter(|key| !after.contains_key(*key)).collect();
        let less: Vec<_> = after.keys().filter(|key| !found.contains_key(*key)).collect();
        (agree && more.is_empty() && less.is_empty() && same.len() * 10 > before.len() * 5).then_some(())
    });
    let [whole, small] = bytes;
    assert!(small < whole, "{small} bytes of {whole}");
    eprintln!("{small} bytes of {whole}");
}
