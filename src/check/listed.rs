//! Both answers side by side: pods of the one that the other does not have, and quantities that cannot be read.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::text::several;
use crate::config::Kubelet;
use crate::json::{Text, Time};
use crate::lines::metadata::{Group, Groups};
use crate::lines::{Filter, Settings};
use crate::redact::Redacted;
use crate::summary::{ListOf, Then};
use crate::{pods, summary};

/// More pods than any node has. Of more than these nothing is compared.
const MOST: usize = 20_000;

/// So many are named; more of them help nobody.
const TOLD: usize = 8;

/// What the API knows of how a pod is; anything else is no kubelet's.
const PHASES: [&str; 5] = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];

/// What tells a pod.
#[derive(Debug, Clone)]
struct PodId<'a> {
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
    uid: Cow<'a, str>,
}

impl<'a> PodId<'a> {
    /// Of these, where such a pod is let through.
    fn of([namespace, name, uid]: [Text<'a>; 3], wanted: &Settings) -> Option<Self> {
        let lets = |filter: &Filter, name: &str| filter.lets_through(name);
        let [namespace, name, uid] = [namespace, name, uid].map(Text::text);
        let is_wanted = lets(&wanted.namespaces, &namespace) && lets(&wanted.pods, &name);
        is_wanted.then_some(Self { namespace, name, uid })
    }

    fn is_named_in(&self, names: &HashSet<(&str, &str)>) -> bool {
        names.contains(&(&*self.namespace, &*self.name))
    }
}

impl std::fmt::Display for PodId<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The pods of a summary.
struct InSummary<'s, 'a> {
    wanted: &'s Settings,
    pods: Vec<PodId<'a>>,
}

impl<'a> summary::Visit<'a> for InSummary<'_, 'a> {
    fn restart(&mut self) {
        self.pods.clear();
    }

    fn list_begins(&mut self, list: ListOf) {
        if list == ListOf::Pods {
            self.pods.clear();
        }
    }

    fn list_ends(&mut self, _: ListOf) -> Then {
        Then::GoOn
    }

    fn pod(&mut self, pod: &summary::Pod<'a>) {
        let of = &pod.reference;
        if self.pods.len() <= MOST {
            self.pods
                .extend(PodId::of([of.namespace, of.name, of.uid], self.wanted));
        }
    }

    fn node_begins(&mut self, _: Text<'a>) {}
    fn node(&mut self, _: &summary::Node<'a>) {}
    fn pod_begins(&mut self, _: &summary::PodReference<'a>) {}
    fn container(&mut self, _: &summary::Container<'a>) {}
    fn accelerator(&mut self, _: &summary::Accelerator<'a>) {}
    fn user_metric(&mut self, _: &summary::UserMetric<'a>) {}
    fn container_ends(&mut self, _: &summary::Container<'a>) {}
    fn interface(&mut self, _: &summary::Interface<'a>, _: Time<'a>) {}
    fn volume(&mut self, _: &summary::Volume<'a>) {}
}

/// A pod of `/pods`.
struct Listed<'a> {
    name: PodId<'a>,
    phase: &'static str,
    /// Quantities that cannot be read.
    unreadable: u32,
}

/// The pods of `/pods`.
struct InPods<'s, 'a> {
    wanted: &'s Settings,
    pods: Vec<Listed<'a>>,
}

impl<'a> pods::Visit<'a> for InPods<'_, 'a> {
    fn begin(&mut self) {
        self.pods.clear();
    }

    fn is_known(&mut self, _: &'a [u8]) -> Option<usize> {
        None
    }

    fn pod(&mut self, pod: &pods::Pod<'a>, _: pods::Item<'a>) -> ControlFlow<()> {
        let of = &pod.metadata;
        let Some(name) = PodId::of([of.namespace, of.name, of.uid], self.wanted) else {
            return ControlFlow::Continue(());
        };
        let phase = pod.status.phase.word();
        let of_containers: u32 = pod.members().map(|member| member.resources().1).sum();
        self.pods.push(Listed {
            name,
            phase: PHASES
                .into_iter()
                .find(|known| *known == phase)
                .unwrap_or("of no known phase"),
            unreadable: pods::of_pod(pod).1 + of_containers,
        });
        if self.pods.len() > MOST {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Compares what each answer has of the pods that are let through. Of `/pods` so much was left out that is no label that
/// was told. Both can be read, and `told` makes safe what may be anything.
pub fn compare(
    kubelet: &Kubelet,
    [summary, pods]: [&[u8]; 2],
    left_out: u64,
    told: impl Fn(&str) -> Redacted,
) -> Vec<Finding> {
    let wanted = &*kubelet.lines;
    let mut in_summary = InSummary {
        wanted,
        pods: Vec::new(),
    };
    let mut in_pods = InPods {
        wanted,
        pods: Vec::new(),
    };
    let read = (
        summary::read(summary, 0, &mut in_summary),
        pods::read(pods, &mut in_pods),
    );
    let (Ok(_), Ok(_)) = read else { return Vec::new() };
    let (summary, pods) = (in_summary.pods, in_pods.pods);
    if summary.len() > MOST {
        return Vec::new();
    }
    let groups = wanted.metadata.groups;
    let told = &told;
    let findings = [
        not_in_summary(&summary, &pods, groups, told),
        not_in_pods(&summary, &pods, told),
        unreadable(&pods, groups, told),
        others(&pods, groups, left_out),
    ];
    findings.into_iter().flatten().collect()
}

/// Some of these by name.
fn named<'n, 'a: 'n>(
    pods: impl Iterator<Item = &'n PodId<'a>>,
    told: &impl Fn(&str) -> Redacted,
) -> Redacted {
    let mut names: Vec<_> = pods.map(PodId::to_string).collect();
    names.sort_unstable();
    told(&several(names.iter().take(TOLD), names.len() > TOLD))
}

/// What waits, has nothing that runs right now, or has ended.
fn not_in_summary(
    summary: &[PodId<'_>],
    pods: &[Listed<'_>],
    groups: Groups,
    told: &impl Fn(&str) -> Redacted,
) -> Option<Finding> {
    let uids: HashSet<&str> = summary.iter().map(|pod| &*pod.uid).collect();
    let names: HashSet<_> = summary.iter().map(|pod| (&*pod.namespace, &*pod.name)).collect();
    let alone = |pod: &&Listed<'_>| !uids.contains(&*pod.name.uid) && !pod.name.is_named_in(&names);
    let alone: Vec<_> = pods.iter().filter(alone).collect();
    if alone.is_empty() {
        return None;
    }
    let mut phases = BTreeMap::new();
    for pod in &alone {
        *phases.entry(pod.phase).or_insert(0_u64) += 1;
    }
    let phases: Vec<_> = phases
        .iter()
        .map(|(phase, count)| format!("{count} {phase}"))
        .collect();
    let lines = if groups.has(Group::Status) || groups.has(Group::Resources) {
        "each has a line of its metadata alone"
    } else {
        "they have no line, for metadata has neither \"status\" nor \"resources\""
    };
    let said = format!(
        "not in the summary: {} of {} pods in /pods ({}): {}; {lines}",
        alone.len(),
        pods.len(),
        phases.join(", "),
        named(alone.iter().map(|pod| &pod.name), told)
    );
    Some(
        Finding::notice(Step::Pods, Diagnosis::PodsNotInSummary, said)
            .mend(Mend::say(
                "a summary has pods with a container that runs: Pending ones wait for an image, a volume or an init \
                 container, Running ones are between two crashes or start right now, Succeeded and Failed ones have ended",
            ))
            .mend(Mend::run(
                "see why, with the node's name for NODE",
                "kubectl get pods --all-namespaces --field-selector spec.nodeName=NODE",
            )),
    )
}

/// What has numbers and no metadata. After its start a kubelet knows static pods alone, until the API server has told it
/// of the others (kubernetes issue 112119).
fn not_in_pods(
    summary: &[PodId<'_>],
    pods: &[Listed<'_>],
    told: &impl Fn(&str) -> Redacted,
) -> Option<Finding> {
    let uids: HashSet<&str> = pods.iter().map(|pod| &*pod.name.uid).collect();
    let alone: Vec<_> = summary.iter().filter(|pod| !uids.contains(&*pod.uid)).collect();
    if alone.is_empty() {
        return None;
    }
    let said = format!(
        "not in /pods, and so without metadata: {} of {} pods in the summary: {}",
        alone.len(),
        summary.len(),
        named(alone.iter().copied(), told)
    );
    Some(
        Finding::notice(Step::Pods, Diagnosis::PodsNotListed, said)
            .mend(Mend::say(
                "one or two were deleted a moment ago; most of them, and the kubelet has just started: it lists them once \
                 its API server has told it of them, and a tick keeps what it knew before. Check again in a minute",
            ))
            .mend(Mend::run(
                "if it stays, on the node, see whether the kubelet reaches its API server (k3s and RKE2 log as k3s and \
                 rke2-agent)",
                "journalctl -u kubelet --since -10min | grep -iE 'reflector|failed to list|watch'",
            )),
    )
}

/// How many quantities are wanted that cannot be read.
fn quantities(pods: &[Listed<'_>], groups: Groups) -> u32 {
    if groups.has(Group::Resources) || groups.has(Group::Utilization) {
        pods.iter().map(|pod| pod.unreadable).sum()
    } else {
        0
    }
}

fn unreadable(pods: &[Listed<'_>], groups: Groups, told: &impl Fn(&str) -> Redacted) -> Option<Finding> {
    let count = quantities(pods, groups);
    if count == 0 {
        return None;
    }
    let bad = pods.iter().filter(|pod| pod.unreadable > 0);
    let said = format!(
        "{count} requests or limits are no quantities, or more than a field holds, and left out with each sum that they \
         belong to: those of {}",
        named(bad.map(|pod| &pod.name), told)
    );
    Some(
        Finding::warning(Step::Pods, Diagnosis::QuantitiesLeftOut, said).mend(Mend::say(
            "correct resources in the pods' templates: numbers like 250m, 1.5, 512Mi or 2G, below 8Ei",
        )),
    )
}

/// What no kubelet prints of any pod that an API server takes, but for labels and annotations without end.
fn others(pods: &[Listed<'_>], groups: Groups, left_out: u64) -> Option<Finding> {
    let left_out = left_out.saturating_sub(quantities(pods, groups).into());
    let said = format!(
        "{left_out} names, images, reasons, times, labels or annotations of /pods have no end that a line has room for, or are none, \
         and are left out"
    );
    (left_out > 0).then(|| Finding::notice(Step::Pods, Diagnosis::TextsLeftOut, said))
}
