//! `status`: what is.

use super::resources::{Amounts, Resources};
use super::{Container, Pod, Role, Volume, hex, spec};
use crate::json::Json;

/// What tells how far a pod is.
pub(super) const CONDITIONS: [&str; 5] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
];

/// The node's address.
const NODE: &str = "192.0.2.10";

/// What the kubelet makes of a cgroup without a limit.
const NO_LIMIT: &str = "9007199254740988Ki";

pub(super) fn print(j: &mut Json, pod: &Pod<'_>) {
    j.plain("observedGeneration", 1);
    j.text("phase", "Running");
    j.objects("conditions", CONDITIONS, |j, kind| {
        j.text("type", kind);
        j.plain("observedGeneration", 1);
        j.text("status", "True");
        j.plain("lastProbeTime", "null");
        j.text("lastTransitionTime", pod.started);
    });
    let address = address(pod);
    j.text("hostIP", NODE);
    j.objects("hostIPs", [NODE], |j, ip| j.text("ip", ip));
    j.text("podIP", &address);
    j.objects("podIPs", [&address], |j, ip| j.text("ip", ip));
    j.text("startTime", pod.started);
    for (key, init) in [("initContainerStatuses", true), ("containerStatuses", false)] {
        let mut containers: Vec<_> = pod.containers_of(init).collect();
        // The kubelet sorts these by name, and the others as the spec has them.
        if !init {
            containers.sort_unstable_by_key(|container| container.name);
        }
        if !containers.is_empty() {
            j.objects(key, containers, |j, container| print_container(j, container, pod));
        }
    }
    j.text("qosClass", quality(pod));
    let sum = sum(pod);
    sum.requests.print(j, "allocatedResources");
    j.object("resources", |j| {
        if sum.limits.memory.is_some() {
            sum.limits.print(j, "limits");
        } else {
            // No limit to believe.
            j.object("limits", |j| j.text("memory", NO_LIMIT));
        }
        sum.requests.print(j, "requests");
    });
}

fn print_container(j: &mut Json, container: &Container<'_>, pod: &Pod<'_>) {
    let done = container.role == Role::Init;
    let id = |seed: u64| format!("containerd://{}", hex(seed, 64));
    let restarts = restarts(container);
    j.text("name", container.name);
    j.object("state", |j| {
        if done {
            terminated(j, (0, "Completed"), container.started, &id(container.seed));
        } else {
            j.object("running", |j| j.text("startedAt", container.started));
        }
    });
    j.object("lastState", |j| {
        if restarts > 0 {
            let why = [(137, "OOMKilled"), (1, "Error"), (143, "Error")][restarts % 3];
            terminated(j, why, pod.started, &id(container.seed ^ 1));
        }
    });
    j.plain("ready", true);
    j.plain("restartCount", restarts);
    j.text("image", &container.image);
    j.text("imageID", &format!("sha256:{}", hex(container.seed ^ 2, 64)));
    j.text("containerID", &id(container.seed));
    j.plain("started", !done);
    container.resources.requests.print(j, "allocatedResources");
    container.resources.print(j, "resources");
    j.objects("volumeMounts", &pod.volumes, |j, volume: &Volume<'_>| {
        j.text("name", volume.name);
        j.text("mountPath", &spec::mount(volume));
        j.plain("readOnly", true);
        j.text("recursiveReadOnly", "Disabled");
    });
    j.plain(
        "user",
        r#"{"linux":{"uid":65532,"gid":65532,"supplementalGroups":[65532]}}"#,
    );
}

fn terminated(j: &mut Json, (code, reason): (u8, &str), at: &str, id: &str) {
    j.object("terminated", |j| {
        j.plain("exitCode", code);
        j.text("reason", reason);
        j.text("startedAt", at);
        j.text("finishedAt", at);
        j.text("containerID", id);
    });
}

/// One container in eight has died before.
fn restarts(container: &Container<'_>) -> usize {
    let often = container.seed.is_multiple_of(8) && container.role != Role::Init;
    if often {
        1 + usize::try_from((container.seed >> 8) % 40).unwrap_or(0)
    } else {
        0
    }
}

/// Where a pod is reached.
pub(super) fn address(pod: &Pod<'_>) -> String {
    if pod.host_network {
        NODE.to_owned()
    } else {
        format!("10.244.{}.{}", pod.seed % 250, 2 + (pod.seed >> 8) % 250)
    }
}

/// As Kubernetes classes it: by processor and memory of every container.
fn quality(pod: &Pod<'_>) -> &'static str {
    let asks = |amounts: Amounts| amounts.cpu.is_some() || amounts.memory.is_some();
    let guaranteed = |resources: &Resources| {
        resources.limits == resources.requests
            && resources.limits.cpu.is_some()
            && resources.limits.memory.is_some()
    };
    let mut all = pod.containers.iter().map(|container| &container.resources);
    if all.clone().all(guaranteed) {
        "Guaranteed"
    } else if all.any(|resources| asks(resources.limits) || asks(resources.requests)) {
        "Burstable"
    } else {
        "BestEffort"
    }
}

/// What all together have that go on.
fn sum(pod: &Pod<'_>) -> Resources {
    pod.containers
        .iter()
        .filter(|container| container.role != Role::Init)
        .map(|container| container.resources)
        .fold(Resources::default(), |sum, more| Resources {
            limits: sum.limits.plus(more.limits),
            requests: sum.requests.plus(more.requests),
        })
}
