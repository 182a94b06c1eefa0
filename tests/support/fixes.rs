//! What a check advises, tried on the very case: a fix that is a line of configuration is one that the program takes, and
//! where it is said to be enough, it is.

use serde_json::Value;
use test_kubelet::TestKubelet;

use super::check::{Checked, of_check, run};

/// Diagnoses whose lines of configuration need more than can be had here, and why.
const NOT_ENOUGH: [(&str, &str); 5] = [
    (
        "serving_unknown_issuer",
        "the file that is named need not be the right one",
    ),
    (
        "serving_other_ca",
        "the file that is named need not be the right one",
    ),
    ("no_answer", "a longer deadline is for nodes with many pods"),
    ("slow_answer", "a longer deadline is for nodes with many pods"),
    ("pods_missing", "a longer deadline is for nodes with many pods"),
];

/// What certificates are called in fixes; the test kubelet's own takes their place.
const CERTIFICATES: [&str; 2] = [
    "/etc/kubelet-certificate/kubelet.crt",
    "/etc/kubernetes/pki/ca.crt",
];

/// Applies each fix that is a line of configuration.
pub fn assert_taken(kubelet: &TestKubelet, config: &str, environment: &[(&str, &str)], checked: &Checked) {
    let ways = checked.json["kubelets"].as_array().unwrap();
    for (block, way) in ways.iter().enumerate() {
        for finding in way["findings"].as_array().unwrap() {
            let environment = [environment, &defined(finding)].concat();
            let mends = finding["mends"].as_array().unwrap();
            for toml in mends.iter().filter_map(|mend| mend["toml"].as_str()) {
                let fixed = applied(config, block, toml);
                assert_loads(&fixed, &environment);
                assert_helps(kubelet, &fixed, toml, &environment, finding);
            }
        }
    }
}

/// The configuration is taken.
fn assert_loads(fixed: &str, environment: &[(&str, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = of_check(dir.path(), fixed);
    let output = command
        .arg("--print-rbac")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "refused what it advised: {said}\n{fixed}"
    );
}

/// The diagnosis does not come again.
fn assert_helps(
    kubelet: &TestKubelet,
    fixed: &str,
    toml: &str,
    environment: &[(&str, &str)],
    finding: &Value,
) {
    let diagnosis = finding["diagnosis"].as_str().unwrap();
    let is_ours = fixed.contains(&kubelet.addr().to_string());
    if !is_ours || NOT_ENOUGH.iter().any(|(known, _)| *known == diagnosis) {
        return;
    }
    let ca = kubelet.files().ca.to_str().unwrap();
    let fixed = CERTIFICATES
        .iter()
        .fold(fixed.to_owned(), |fixed, name| fixed.replace(name, ca));
    let again = run(kubelet, &fixed, environment);
    let same = |found: &Value| found["diagnosis"] == diagnosis && found["step"] == finding["step"];
    assert!(
        !again.findings().any(same),
        "{diagnosis} comes again with\n{fixed}\n{}",
        again.text
    );
    // These say that they are enough.
    if toml.contains("tls_pin_sha256") || toml.contains("tls_server_name") {
        assert!(again.code < 2, "{diagnosis}:\n{fixed}\n{}", again.text);
    }
}

/// The configuration with these lines in one of its blocks, in place of those of the same names, and of those that the
/// fix says it is in place of.
fn applied(config: &str, block: usize, toml: &str) -> String {
    const IN_PLACE: &str = "# in place of ";
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let mut replaced: Vec<_> = toml.lines().filter_map(key).collect();
    let named = toml.lines().filter_map(|line| line.strip_prefix(IN_PLACE));
    replaced.extend(named.flat_map(|names| names.split(", ")).map(str::to_owned));
    let mut at = None;
    let mut fixed = String::new();
    for line in config.lines() {
        if line.starts_with("[[") {
            at = Some(at.map_or(0, |at| at + 1));
        }
        let here = at == Some(block);
        if !(here && key(line).is_some_and(|key| replaced.contains(&key))) {
            fixed.extend([line, "\n"]);
        }
        if here && line.starts_with("[[") {
            fixed.extend(toml.lines().flat_map(|line| ["  ", line, "\n"]));
        }
    }
    fixed
}

/// The variables that the fixes of a finding have the downward API define.
fn defined(finding: &Value) -> Vec<(&'static str, &'static str)> {
    let mut defined = Vec::new();
    let mends = finding["mends"].as_array().unwrap();
    for yaml in mends.iter().filter_map(|mend| mend["yaml"].as_str()) {
        if yaml.contains("- name: NODE_NAME") && yaml.contains("fieldPath: spec.nodeName") {
            defined.push(("NODE_NAME", "test-node"));
        }
        if yaml.contains("- name: NODE_IP") && yaml.contains("fieldPath: status.hostIP") {
            defined.push(("NODE_IP", "127.0.0.1"));
        }
    }
    defined
}

#[test]
fn a_fix_takes_the_place_of_what_it_says() {
    let config =
        "[[inputs.kubelet]]\n  url = \"a\"\n  tls_ca = \"b\"\n[[inputs.kubelet]]\n  tls_ca = \"c\"\n";
    let pinned = applied(config, 0, "# in place of tls_ca\ntls_pin_sha256 = \"d\"\n");
    let want = "[[inputs.kubelet]]\n  # in place of tls_ca\n  tls_pin_sha256 = \"d\"\n  url = \"a\"\n\
                [[inputs.kubelet]]\n  tls_ca = \"c\"\n";
    assert_eq!(pinned, want);
    assert!(applied(config, 1, "tls_ca = \"e\"\n").ends_with("[[inputs.kubelet]]\n  tls_ca = \"e\"\n"));
}
