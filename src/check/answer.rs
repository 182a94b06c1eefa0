//! The summary itself, or what came instead of it.

use std::time::Duration;

use serde_json::Value;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use crate::kubelet::{Phase, ScrapeError};
use crate::lines::{Row, rows};
use crate::summary::unknown_keys;

/// Why there is none, of a kubelet that let us in.
pub fn missing(error: &ScrapeError) -> Finding {
    match error {
        ScrapeError::Timeout { limit, phase } => late(*limit, *phase, error),
        ScrapeError::Status(500, body) if body.starts_with("Internal Error") => not_ready(body, error),
        _ => failure(Diagnosis::BadAnswer, error).mend(Mend::say(
            "make sure that url points to a kubelet: its answer begins with {\"node\":",
        )),
    }
}

fn failure(diagnosis: Diagnosis, why: impl std::fmt::Display) -> Finding {
    Finding::failure(Step::Answer, diagnosis, why.to_string())
}

fn late(limit: Duration, phase: Phase, error: &ScrapeError) -> Finding {
    let longer = Mend::configure(
        "if the node has many pods, allow for it; the deadline has to stay below the interval",
        format!("response_timeout = \"{}s\"\n", limit.as_secs().max(1) * 2),
    );
    if let Phase::Reading(_) = phase {
        return failure(Diagnosis::SlowAnswer, error).mend(longer);
    }
    failure(Diagnosis::NoAnswer, error)
        .mend(Mend::run(
            "on the node, see whether the container runtime answers",
            "crictl --timeout 10s stats >/dev/null && echo it does",
        ))
        .mend(longer)
}

/// The bodies that a kubelet's handler has for its 500s (`summary.go`).
fn not_ready(body: &str, error: &ScrapeError) -> Finding {
    let says = |words: &str| body.contains(words);
    let on_node = |unit: &str| {
        Mend::run(
            "on the node, see what it says",
            format!("journalctl -u {unit} --since -10min"),
        )
    };
    if says("failed to get node info") || says("failed to get root cgroup stats") {
        return failure(Diagnosis::KubeletStarting, error)
            .mend(Mend::say("a kubelet says so in its first seconds; if it goes on, the node is gone from the API, or the kubelet cannot reach it"))
            .mend(Mend::run("is the node there and ready?", "kubectl get nodes"));
    }
    if says("failed to get rootFs stats") {
        return failure(Diagnosis::RootFilesystem, error).mend(Mend::say(
            "kubelets do not know some root filesystems (btrfs, zfs, nfs, overlay: kubernetes issues 38337 and 100224): \
             put the kubelet's root directory onto ext4 or xfs",
        ));
    }
    if says("failed to get imageFs stats")
        || says("failed to get image stats")
        || says("failed to list pod stats")
    {
        return failure(Diagnosis::RuntimeAway, error)
            .mend(Mend::run(
                "on the node, see whether the container runtime is up",
                "systemctl status containerd crio; crictl info",
            ))
            .mend(Mend::say(
                "metrics come again by themselves within half a minute of its start",
            ));
    }
    failure(Diagnosis::NotReady, error).mend(on_node("kubelet"))
}

/// What is in it.
pub fn tell(body: &[u8], node: &str) -> Vec<Finding> {
    let Ok(summary) = serde_json::from_slice::<Value>(body) else {
        // Who rendered it has read it; that other reader is stricter about depth alone.
        return vec![Finding::ok(Step::Answer, format!("{} bytes", body.len()))];
    };
    let pods = summary["pods"].as_array().map_or(&[][..], Vec::as_slice);
    let containers: usize = pods
        .iter()
        .filter_map(|pod| Some(pod["containers"].as_array()?.len()))
        .sum();
    let mut findings = vec![Finding::ok(
        Step::Answer,
        format!(
            "node {node:?}, {} pods, {containers} containers, {} bytes; {}",
            pods.len(),
            body.len(),
            version(&summary)
        ),
    )];
    let unknown: Vec<_> = unknown_keys(&summary).into_iter().collect();
    if !unknown.is_empty() {
        findings.push(
            Finding::warning(
                Step::Answer,
                Diagnosis::UnknownKeys,
                format!(
                    "keys that this version does not know, and does not write: {}",
                    shortened(&unknown)
                ),
            )
            .mend(Mend::say("see whether a newer telegraf-kubelet knows them")),
        );
    }
    findings
}

/// More of them help nobody.
fn shortened(keys: &[String]) -> String {
    const MOST: usize = 20;
    let shown = keys[..keys.len().min(MOST)].join(", ");
    match keys.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} others"),
    }
}

/// Kubelets do not say their version; what they tell says how old they are at least.
fn version(summary: &Value) -> String {
    let newest = rows()
        .iter()
        .filter(|row| is_told(summary, row))
        .filter_map(|row| minor(row.since))
        .max();
    match newest {
        Some(minor) => format!("by what it tells, Kubernetes 1.{minor} or newer"),
        None => "of no version that can be told".to_owned(),
    }
}

/// The minor version in `1.33` and `1.24 to 1.36`.
fn minor(since: &str) -> Option<u32> {
    since.split(' ').next()?.strip_prefix("1.")?.parse().ok()
}

fn is_told(summary: &Value, row: &Row) -> bool {
    let path = format!("{}.{}", row.source, row.path);
    has(summary, &path.split('.').collect::<Vec<_>>())
}

/// Whether there is a value at the path, in any of the lists on the way.
fn has(value: &Value, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return !value.is_null();
    };
    match first.strip_suffix("[]") {
        Some(list) => value[list]
            .as_array()
            .is_some_and(|items| items.iter().any(|item| has(item, rest))),
        None => has(&value[first], rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_version_is_told_by_what_is_there() {
        let mut summary = json!({"node": {"nodeName": "n", "cpu": {"usageNanoCores": 1}}, "pods": []});
        assert!(version(&summary).contains("1.3 or"));
        summary["pods"] = json!([{"containers": null}, {"containers": [{"swap": {"swapUsageBytes": 0}}]}]);
        assert!(version(&summary).contains("1.28 or"));
        summary["node"]["io"] = json!({"psi": {"full": {"avg10": 0}}});
        assert!(version(&summary).contains("1.33 or"));
        assert!(version(&json!({})).contains("no version"));
    }
}
