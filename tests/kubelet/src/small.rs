//! What a kubelet answers to `only_cpu_and_memory=true`: as `GetCPUAndMemoryStats` in 1.37's
//! `pkg/kubelet/server/stats/summary.go`.

use serde_json::{Map, Value};

/// What is left of the node.
const NODE: &[&str] = &[
    "nodeName",
    "systemContainers",
    "startTime",
    "cpu",
    "memory",
    "swap",
];
/// Of a pod.
const POD: &[&str] = &["podRef", "startTime", "containers", "cpu", "memory", "swap"];
/// Of a container.
const CONTAINER: &[&str] = &["name", "startTime", "cpu", "memory", "swap"];

/// When the root cgroup was made, which is told in the place of the boot.
const ROOT_CGROUP: &str = "2026-01-01T00:00:07Z";

/// The rest of `body`, if that is a summary.
pub fn cpu_and_memory(body: &[u8]) -> Option<Vec<u8>> {
    let mut summary: Value = serde_json::from_slice(body).ok()?;
    let node = keep(&mut summary["node"], NODE)?;
    node.insert("startTime".to_owned(), ROOT_CGROUP.into());
    containers(node.get_mut("systemContainers"));
    for pod in summary["pods"].as_array_mut().into_iter().flatten() {
        containers(keep(pod, POD)?.get_mut("containers"));
    }
    serde_json::to_vec(&summary).ok()
}

fn containers(list: Option<&mut Value>) {
    for container in list.and_then(Value::as_array_mut).into_iter().flatten() {
        keep(container, CONTAINER);
    }
}

fn keep<'v>(of: &'v mut Value, keys: &[&str]) -> Option<&'v mut Map<String, Value>> {
    let object = of.as_object_mut()?;
    object.retain(|key, _| keys.contains(&key.as_str()));
    Some(object)
}
