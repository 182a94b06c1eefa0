//! What goes wrong with the pods of a made-up node: the `/pods` beside its summary.
//!
//! The test kubelet's pods are all well, as fat as real ones. Here one is killed for want of memory, one crashes again and
//! again, and one, which no summary lists, waits for an image that is not there.

use serde_json::{Value, json};

/// The pod that is killed when the story begins it anew.
pub const KILLED: &str = "cart-7d9f8b6c5d-x2lq1";

/// The pod of which one container crashes.
pub const CRASHES: &str = "ledger-1";

/// The pod whose twin can not be started.
const ROLLED_OUT: &str = "web-5f7c9d8b44-9mzk0";

/// And that twin.
pub const WAITS: (&str, &str) = ("web-6b8d7c5f99-q4jt2", "5d8f0c1e-6a7b-4c3d-9e2f-1a2b3c4d5e6f");

/// The list of the pods of this summary, so many seconds after the beginning.
pub fn pods(summary: &[u8], second: u32) -> Vec<u8> {
    let listed = test_kubelet::pod_list(summary, u64::from(second));
    let mut list: Value = serde_json::from_slice(&listed).expect("JSON");
    let items = list["items"].as_array_mut().expect("pods");
    let mut more = None;
    for pod in items.iter_mut() {
        give_room(pod);
        match pod["metadata"]["name"].as_str().expect("a name") {
            KILLED if second >= 12 => {
                let container = status(pod, |name| name == "app");
                container["restartCount"] = 1.into();
                container["lastState"] = ended("OOMKilled", 137);
            }
            CRASHES => {
                let container = status(pod, |name| name != "app");
                container["restartCount"] = (3 + second / 4).into();
                container["lastState"] = ended("Error", 1);
                container["state"] = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
                container["ready"] = false.into();
                not_ready(pod);
            }
            ROLLED_OUT => more = Some(twin(pod.clone())),
            _ => {}
        }
    }
    items.extend(more);
    list.to_string().into_bytes()
}

/// The story's containers take more than the test kubelet lets some have.
fn give_room(pod: &mut Value) {
    for list in [
        "/spec/containers",
        "/spec/initContainers",
        "/status/containerStatuses",
        "/status/initContainerStatuses",
    ] {
        let containers = pod.pointer_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            if let Some(limit) = container.pointer_mut("/resources/limits/memory") {
                *limit = "4Gi".into();
            }
        }
    }
}

fn ended(reason: &str, code: u8) -> Value {
    let at = "2026-01-01T09:40:59Z";
    json!({ "terminated": { "exitCode": code, "reason": reason, "startedAt": at, "finishedAt": at } })
}

/// The status of the container with such a name.
fn status(pod: &mut Value, is_it: impl Fn(&str) -> bool) -> &mut Value {
    let kinds = pod["status"].as_object_mut().expect("a status").iter_mut();
    let lists = kinds.filter(|(key, _)| key.to_lowercase().ends_with("containerstatuses"));
    let mut all = lists.flat_map(|(_, list)| list.as_array_mut().expect("a list"));
    all.find(|container| is_it(container["name"].as_str().expect("a name")))
        .expect("such a container")
}

fn not_ready(pod: &mut Value) {
    for condition in pod["status"]["conditions"].as_array_mut().expect("a list") {
        if condition["type"] == "Ready" {
            condition["status"] = "False".into();
        }
    }
}

/// A pod of the next version, which has no image.
fn twin(mut pod: Value) -> Value {
    pod["metadata"]["name"] = WAITS.0.into();
    pod["metadata"]["uid"] = WAITS.1.into();
    pod["status"]["phase"] = "Pending".into();
    not_ready(&mut pod);
    for container in pod["status"]["containerStatuses"].as_array_mut().expect("a list") {
        container["state"] = json!({ "waiting": { "reason": "ImagePullBackOff" } });
        container["lastState"] = json!({});
        container["restartCount"] = 0.into();
        container["ready"] = false.into();
    }
    pod
}
