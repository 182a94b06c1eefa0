//! Node objects as an API server prints them: with everything that a cloud's node has, some 10 kB, of which nobody who scrapes
//! needs more than a few words.

use std::sync::OnceLock;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::spec::{NodeSpec, Ready};
use crate::json::Json;

/// A node as it is stored.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) spec: NodeSpec,
    /// Which one since the start: its uid and addresses of its pods follow from it.
    pub(super) number: u64,
    /// Seconds since 1970.
    pub(super) created: i64,
    /// When it was changed last.
    pub(super) changed: i64,
    pub(super) version: u64,
}

/// Seconds since 1970 as Kubernetes writes them.
pub(super) fn date(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    date.format(&Rfc3339).expect("a year of four digits")
}

/// The uid of the object with this number.
pub(super) fn uid(number: u64) -> String {
    format!("5d0c{:04x}-9a41-4f6e-8b1d-{number:012x}", number % 0x1_0000)
}

/// An object by itself, or in an event; in a list it does not tell its kind.
pub(super) fn typed(node: &Node, version: u64) -> String {
    print(node, version, true)
}

/// An item of a list.
pub(super) fn item(node: &Node) -> String {
    print(node, node.version, false)
}

/// What a bookmark has in the place of a node.
pub(super) fn bookmark(version: u64, ends_the_first: bool) -> String {
    Json::of(|j| {
        kind(j);
        j.object("metadata", |j| {
            j.text("resourceVersion", &version.to_string());
            if ends_the_first {
                j.object("annotations", |j| j.text("k8s.io/initial-events-end", "true"));
            }
        });
        j.plain("spec", "{}");
        j.object("status", |j| {
            endpoint(j, 0);
            j.object("nodeInfo", |j| {
                for key in INFO.map(|(key, _)| key) {
                    j.text(key, "");
                }
            });
        });
    })
}

fn kind(j: &mut Json) {
    j.text("kind", "Node");
    j.text("apiVersion", "v1");
}

fn print(node: &Node, version: u64, typed: bool) -> String {
    Json::of(|j| {
        if typed {
            kind(j);
        }
        j.object("metadata", |j| metadata(j, node, version));
        j.object("spec", |j| spec(j, node));
        j.object("status", |j| status(j, node));
    })
}

/// One node's differ from another's by the times alone.
static MANAGED: OnceLock<[String; 3]> = OnceLock::new();

fn metadata(j: &mut Json, node: &Node, version: u64) {
    j.text("name", &node.spec.name);
    j.text("uid", &uid(node.number));
    j.text("resourceVersion", &version.to_string());
    j.text("creationTimestamp", &date(node.created));
    if !node.spec.labels.is_empty() {
        j.object("labels", |j| {
            for (key, value) in &node.spec.labels {
                j.text(key, value);
            }
        });
    }
    j.object("annotations", |j| {
        j.text("alpha.kubernetes.io/provided-node-ip", &first_address(node));
        let id = format!(r#"{{"ebs.csi.aws.com":"i-{:017x}"}}"#, node.number);
        j.text("csi.volume.kubernetes.io/nodeid", &id);
        j.text("node.alpha.kubernetes.io/ttl", "15");
        j.text(
            "projectcalico.org/IPv4Address",
            &format!("{}/20", first_address(node)),
        );
        j.text("volumes.kubernetes.io/controller-managed-attach-detach", "true");
    });
    let [created, by_controllers, by_kubelet] = MANAGED.get_or_init(managed);
    let entry = |j: &mut Json, (manager, time, fields, part): (&str, i64, &String, &str)| {
        j.text("manager", manager);
        j.text("operation", "Update");
        j.text("apiVersion", "v1");
        j.text("time", &date(time));
        j.text("fieldsType", "FieldsV1");
        j.plain("fieldsV1", fields);
        if !part.is_empty() {
            j.text("subresource", part);
        }
    };
    let entries = [
        ("kubelet", node.created, created, ""),
        ("kube-controller-manager", node.created + 3, by_controllers, ""),
        ("kubelet", node.changed, by_kubelet, "status"),
    ];
    j.objects("managedFields", entries, entry);
}

fn first_address(node: &Node) -> String {
    let first = node.spec.addresses.first();
    first.map(|(_, address)| address.clone()).unwrap_or_default()
}

/// Which fields each manager has: on creation, by controllers, of the status.
fn managed() -> [String; 3] {
    let created = Json::of(|j| {
        j.object("f:metadata", |j| {
            j.object("f:annotations", |j| {
                j.marks(&[
                    ".",
                    "f:alpha.kubernetes.io/provided-node-ip",
                    "f:volumes.kubernetes.io/controller-managed-attach-detach",
                ]);
            });
            j.object("f:labels", |j| {
                j.marks(&[
                    ".",
                    "f:beta.kubernetes.io/arch",
                    "f:beta.kubernetes.io/instance-type",
                    "f:beta.kubernetes.io/os",
                    "f:failure-domain.beta.kubernetes.io/region",
                    "f:failure-domain.beta.kubernetes.io/zone",
                    "f:kubernetes.io/arch",
                    "f:kubernetes.io/hostname",
                    "f:kubernetes.io/os",
                    "f:node.kubernetes.io/instance-type",
                    "f:topology.kubernetes.io/region",
                    "f:topology.kubernetes.io/zone",
                ]);
            });
        });
        j.object("f:spec", |j| j.marks(&["f:providerID"]));
    });
    let by_controllers = Json::of(|j| {
        j.object("f:metadata", |j| {
            j.object("f:annotations", |j| j.marks(&["f:node.alpha.kubernetes.io/ttl"]));
        });
        j.object("f:spec", |j| {
            j.marks(&["f:podCIDR"]);
            j.object("f:podCIDRs", |j| j.marks(&[".", "v:\"10.64.0.0/24\""]));
        });
    });
    let by_kubelet = Json::of(|j| {
        j.object("f:metadata", |j| {
            j.object("f:annotations", |j| {
                j.marks(&["f:csi.volume.kubernetes.io/nodeid"]);
            });
        });
        j.object("f:status", |j| {
            j.object("f:allocatable", |j| j.marks(&["f:ephemeral-storage", "f:memory"]));
            j.object("f:capacity", |j| j.marks(&["f:ephemeral-storage", "f:memory"]));
            j.object("f:conditions", |j| {
                for (kind, ..) in PRESSURES.into_iter().chain([("Ready", "", "")]) {
                    j.object(&format!(r#"k:{{"type":"{kind}"}}"#), |j| {
                        j.marks(&[
                            "f:lastHeartbeatTime",
                            "f:lastTransitionTime",
                            "f:message",
                            "f:reason",
                            "f:status",
                        ]);
                    });
                }
            });
            j.marks(&["f:images"]);
            j.object("f:nodeInfo", |j| j.marks(&["f:bootID", "f:kubeletVersion"]));
        });
    });
    [created, by_controllers, by_kubelet]
}

fn spec(j: &mut Json, node: &Node) {
    let network = format!("10.{}.{}.0/24", 64 + node.number / 256 % 64, node.number % 256);
    j.text("podCIDR", &network);
    j.texts("podCIDRs", &[&network]);
    let id = format!("aws:///eu-central-1a/i-{:017x}", node.number);
    j.text("providerID", &id);
    let mut taints = Vec::new();
    match node.spec.ready {
        Ready::True => {}
        Ready::False => taints.push(("node.kubernetes.io/not-ready", "NoExecute")),
        Ready::Unknown => taints.push(("node.kubernetes.io/unreachable", "NoExecute")),
    }
    if node.spec.unschedulable {
        j.plain("unschedulable", true);
        taints.push(("node.kubernetes.io/unschedulable", "NoSchedule"));
    }
    if !taints.is_empty() {
        j.objects("taints", taints, |j, (key, effect)| {
            j.text("key", key);
            j.text("effect", effect);
            j.text("timeAdded", &date(node.changed));
        });
    }
}

/// Conditions of a node that is well, but for the one that counts.
const PRESSURES: [(&str, &str, &str); 3] = [
    (
        "MemoryPressure",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    (
        "DiskPressure",
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
    ),
    (
        "PIDPressure",
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
    ),
];

/// What a node tells of itself; an empty one has its uid there.
const INFO: [(&str, &str); 10] = [
    ("machineID", ""),
    ("systemUUID", ""),
    ("bootID", ""),
    ("kernelVersion", "6.12.48+deb13-amd64"),
    ("osImage", "Debian GNU/Linux 13 (trixie)"),
    ("containerRuntimeVersion", "containerd://2.1.4"),
    ("kubeletVersion", "v1.37.2"),
    ("kubeProxyVersion", ""),
    ("operatingSystem", "linux"),
    ("architecture", "amd64"),
];

fn endpoint(j: &mut Json, port: u16) {
    j.object("daemonEndpoints", |j| {
        j.object("kubeletEndpoint", |j| j.plain("Port", port));
    });
}

static IMAGES: OnceLock<String> = OnceLock::new();

fn status(j: &mut Json, node: &Node) {
    for (key, amounts) in [
        ("capacity", &node.spec.capacity),
        ("allocatable", &node.spec.allocatable),
    ] {
        if !amounts.is_empty() {
            j.object(key, |j| {
                for (name, quantity) in amounts {
                    j.text(name, quantity);
                }
            });
        }
    }
    let (ready, reason, message) = match node.spec.ready {
        Ready::True => ("True", "KubeletReady", "kubelet is posting ready status"),
        Ready::False => ("False", "KubeletNotReady", "container runtime network not ready"),
        Ready::Unknown => (
            "Unknown",
            "NodeStatusUnknown",
            "Kubelet stopped posting node status.",
        ),
    };
    let pressures = PRESSURES.map(|(kind, reason, message)| (kind, "False", reason, message));
    let conditions = pressures.into_iter().chain([("Ready", ready, reason, message)]);
    j.objects("conditions", conditions, |j, (kind, status, reason, message)| {
        j.text("type", kind);
        j.text("status", status);
        j.text("lastHeartbeatTime", &date(node.changed));
        j.text("lastTransitionTime", &date(node.created + 20));
        j.text("reason", reason);
        j.text("message", message);
    });
    if !node.spec.addresses.is_empty() {
        j.objects("addresses", &node.spec.addresses, |j, (kind, address)| {
            j.text("type", kind);
            j.text("address", address);
        });
    }
    endpoint(j, node.spec.kubelet_port);
    j.object("nodeInfo", |j| {
        for (key, value) in INFO {
            let own = value.is_empty() && key != "kubeProxyVersion";
            j.text(key, &if own { uid(node.number) } else { value.to_owned() });
        }
    });
    j.plain("images", IMAGES.get_or_init(images));
    j.plain(
        "runtimeHandlers",
        r#"[{"name":"","features":{"recursiveReadOnlyMounts":true,"userNamespaces":true}},{"name":"runc","features":{"recursiveReadOnlyMounts":true,"userNamespaces":true}}]"#,
    );
    j.plain("features", r#"{"supplementalGroupsPolicy":true}"#);
}

/// As many images as a kubelet tells of, largest first; the same on each node.
fn images() -> String {
    let list = Json::of(|j| {
        j.objects("images", 0..25_u64, |j, image| {
            let digest = format!("{:064x}", (image + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let repository = format!("registry.example.com/platform/service-{image:02}");
            j.texts(
                "names",
                &[
                    &format!("{repository}@sha256:{digest}"),
                    &format!("{repository}:v1.{image}.0"),
                ],
            );
            j.plain("sizeBytes", 612_345_678 - image * 23_456_789);
        });
    });
    let bare = list
        .strip_prefix(r#"{"images":"#)
        .and_then(|rest| rest.strip_suffix('}'));
    bare.expect("what was printed just now").to_owned()
}
