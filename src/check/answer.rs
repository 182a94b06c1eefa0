//! The summary itself, or what came instead of it.

use std::time::Duration;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::lines::Made;
use super::text::several;
use crate::client::Phase;
use crate::config::Ticking;
use crate::json::Unknown;
use crate::kubelet::{Cause, Refusal, ScrapeError};
use crate::lines::Unusable;
use crate::redact::Redacted;
use crate::summary::NotASummary;

/// Why there is none, of a kubelet that let us in.
pub fn missing(error: &ScrapeError, ticking: Ticking) -> Finding {
    match error {
        ScrapeError::Timeout { limit, phase } => late(*limit, *phase, error, ticking),
        ScrapeError::Closed(_) => failure(Diagnosis::ConnectionClosed, error)
            .mend(kubelets_log())
            .mend(Mend::say("a kubelet that restarts does so once; one that does it each time panics over the question, which its log tells")),
        _ if error.cause() == Cause::NotReady => not_ready(error),
        _ => failure(Diagnosis::BadAnswer, error).mend(is_it_a_kubelet()),
    }
}

/// It came, and is none.
pub fn unusable(error: &Unusable) -> Finding {
    let said = format!("the kubelet answers 200, and what it sends cannot be used: {error}");
    let finding = failure(Diagnosis::BadAnswer, said).mend(is_it_a_kubelet());
    if *error == Unusable::NotASummary(NotASummary::Empty) {
        finding.mend(Mend::say(
            "an empty body is that of a kubelet which could not print its own numbers, and passes",
        ))
    } else {
        finding
    }
}

fn is_it_a_kubelet() -> Mend {
    Mend::say("make sure that url points to a kubelet: its summary begins with {\"node\":")
}

fn failure(diagnosis: Diagnosis, why: impl std::fmt::Display) -> Finding {
    Finding::failure(Step::Answer, diagnosis, why.to_string())
}

fn kubelets_log() -> Mend {
    Mend::run(
        "on the node, see what it says (k3s and RKE2 log as k3s and rke2-agent)",
        "journalctl -u kubelet --since -10min",
    )
}

fn late(limit: Duration, phase: Phase, error: &ScrapeError, ticking: Ticking) -> Finding {
    let longer = longer(limit, ticking);
    if let Phase::Reading(_) = phase {
        return failure(Diagnosis::SlowAnswer, error).mend(longer);
    }
    failure(Diagnosis::NoAnswer, error)
        .mend(Mend::run(
            "on the node, see whether the container runtime answers",
            "crictl --timeout 10s stats >/dev/null && echo it does",
        ))
        .mend(Mend::run(
            "see whether the API server answers, which a kubelet asks about everybody whom it does not remember",
            "kubectl get --raw /readyz --request-timeout=10s",
        ))
        .mend(longer)
}

/// Half as much again, where the interval has room for it.
pub fn longer(limit: Duration, ticking: Ticking) -> Mend {
    let seconds = (limit.as_secs().max(1) * 3).div_ceil(2);
    match ticking {
        Ticking::Every(interval) if Duration::from_secs(seconds) >= interval => Mend::say(format!(
            "if the node has many pods, allow for it: let the interval, {interval:?} now, be more than {seconds} s, and \
             response_timeout so many"
        )),
        Ticking::Every(_) | Ticking::Prompted => Mend::configure(
            "if the node has many pods, allow for it; the deadline has to stay below the interval",
            format!("response_timeout = \"{seconds}s\"\n"),
        ),
    }
}

/// The bodies that a kubelet's handler has for its 500s (`summary.go`).
fn not_ready(error: &ScrapeError) -> Finding {
    let chain = match error.refusal() {
        Some(Refusal::InternalError(chain)) => &**chain,
        _ => "",
    };
    let says = |words: &str| chain.contains(words);
    if says("failed to get node info") || says("failed to get root cgroup stats") {
        return failure(Diagnosis::KubeletStarting, error)
            .mend(Mend::say("a kubelet says so in its first seconds; if it goes on, the node is gone from the API, or the kubelet cannot reach it"))
            .mend(Mend::run("is the node there and ready?", "kubectl get nodes"))
            .mend(Mend::run(
                "if it is not in that list, its Node object was deleted: a kubelet makes one only when it starts, so on the node",
                "systemctl restart kubelet",
            ));
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
    failure(Diagnosis::NotReady, error).mend(kubelets_log())
}

/// What is in it; `told` makes safe what may be anything. `has_us` says that we run in a pod of that node.
pub fn tell(made: &Made, bytes: usize, has_us: bool, told: impl Fn(&str) -> Redacted) -> Vec<Finding> {
    let (node, counted) = (told(&made.node), &made.counted);
    // Kubelets do not say their version; what they tell says how old they are at least.
    let version = match made.newest {
        Some(minor) => format!("by what it tells, Kubernetes 1.{minor} or newer"),
        None => "of no version that can be told".to_owned(),
    };
    let (pods, containers) = (counted.pods, counted.containers);
    let mut findings = vec![Finding::ok(
        Step::Answer,
        format!("node {node:?}, {pods} pods, {containers} containers, {bytes} bytes; {version}"),
    )];
    if pods == 0 && has_us {
        findings.push(no_pods());
    }
    if counted.unknown > 0 {
        let said = format!(
            "keys that this version does not know, and does not write: {}",
            named(&made.unknown, told)
        );
        findings.push(
            Finding::notice(Step::Answer, Diagnosis::UnknownKeys, said)
                .mend(Mend::say("see whether a newer telegraf-kubelet knows them")),
        );
    }
    findings
}

fn named(unknown: &Unknown, told: impl Fn(&str) -> Redacted) -> Redacted {
    let mut names: Vec<_> = unknown.names().iter().collect();
    names.sort_unstable();
    told(&several(names, unknown.has_others()))
}

/// It happens when cAdvisor or the runtime's root is not where the kubelet looks (kubernetes issues 33192 and 69658).
fn no_pods() -> Finding {
    Finding::warning(
        Step::Answer,
        Diagnosis::NoPods,
        "the kubelet lists no pod, and this program runs in one on its node: it lost sight of its containers",
    )
    .mend(Mend::run(
        "on the node, see whether the runtime has them",
        "crictl pods --state Ready",
    ))
    .mend(Mend::run(
        "if so, let the kubelet look anew (k3s and RKE2: k3s and rke2-agent)",
        "systemctl restart kubelet",
    ))
    .mend(Mend::say(
        "if that does not help, its configuration names another runtime than the one that runs them (containerRuntimeEndpoint)",
    ))
}
