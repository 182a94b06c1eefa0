//! `metadata`: labels and annotations as each maker of pods puts them, and most of all `managedFields`.

use super::owner::Maker;
use super::resources::Resources;
use super::{Container, Pod, hash, hex, uuid};
use crate::json::Json;

pub(super) fn print(j: &mut Json, pod: &Pod<'_>) {
    let from_file = pod.maker == Maker::File;
    j.text("name", pod.name);
    if let Some((before, _)) = pod.name.rsplit_once('-')
        && !from_file
        && pod.maker != Maker::Nobody
    {
        j.text("generateName", &format!("{before}-"));
    }
    j.text("namespace", pod.namespace);
    j.text("uid", pod.uid);
    if !from_file {
        j.text("resourceVersion", &(4_000_000 + pod.seed % 1_000_000).to_string());
        j.plain("generation", 1);
        j.text("creationTimestamp", pod.started);
    }
    let labels = sorted(labels(pod));
    j.object("labels", |j| {
        for (key, value) in &labels {
            j.text(key, value);
        }
    });
    let annotations = sorted(annotations(pod));
    j.object("annotations", |j| {
        for (key, value) in &annotations {
            j.text(key, value);
        }
    });
    if let Some([version, kind, name]) = pod.maker.reference() {
        j.objects("ownerReferences", [()], |j, ()| {
            j.text("apiVersion", version);
            j.text("kind", kind);
            j.text("name", name);
            j.text("uid", &uuid(hash(name)));
            j.plain("controller", true);
            j.plain("blockOwnerDeletion", true);
        });
    }
    if matches!(pod.maker, Maker::Job(_)) {
        j.texts("finalizers", &["batch.kubernetes.io/job-tracking"]);
    }
    if !from_file {
        managed(j, pod, &labels, &annotations);
    }
}

type Pairs = Vec<(&'static str, String)>;

/// In the order of their keys.
fn sorted(mut pairs: Pairs) -> Pairs {
    pairs.sort();
    pairs
}

fn labels(pod: &Pod<'_>) -> Pairs {
    let application = pod.maker.application(pod.name).to_owned();
    let revision = || hex(hash(&application), 10);
    match pod.maker {
        Maker::ReplicaSet { hash, .. } => vec![
            ("app", application.clone()),
            (
                "app.kubernetes.io/instance",
                format!("{application}-{}", pod.namespace),
            ),
            ("app.kubernetes.io/managed-by", "Helm".to_owned()),
            ("app.kubernetes.io/name", application),
            ("app.kubernetes.io/version", format!("1.{}.0", pod.seed % 30)),
            ("pod-template-hash", hash.to_owned()),
            (
                "team",
                ["shop", "data"][usize::from(pod.seed.is_multiple_of(2))].to_owned(),
            ),
        ],
        Maker::DaemonSet(_) => vec![
            ("controller-revision-hash", revision()),
            ("app.kubernetes.io/name", application),
            ("pod-template-generation", (1 + pod.seed % 12).to_string()),
        ],
        Maker::StatefulSet { name, ordinal } => vec![
            ("app.kubernetes.io/name", application.clone()),
            ("apps.kubernetes.io/pod-index", ordinal.to_owned()),
            ("controller-revision-hash", format!("{name}-{}", revision())),
            ("statefulset.kubernetes.io/pod-name", pod.name.to_owned()),
        ],
        Maker::Job(name) => vec![
            ("batch.kubernetes.io/controller-uid", uuid(hash(name))),
            ("batch.kubernetes.io/job-name", name.to_owned()),
            ("controller-uid", uuid(hash(name))),
            ("job-name", name.to_owned()),
        ],
        Maker::Nobody => vec![("run", pod.name.to_owned())],
        Maker::File => vec![("component", application), ("tier", "control-plane".to_owned())],
    }
}

fn annotations(pod: &Pod<'_>) -> Pairs {
    let mut annotations = match pod.maker {
        Maker::File => vec![("kubernetes.io/config.hash", pod.uid.to_owned())],
        Maker::Nobody => vec![(
            "kubectl.kubernetes.io/last-applied-configuration",
            last_applied(pod),
        )],
        Maker::Job(_) => Vec::new(),
        _ => vec![
            ("checksum/config", hex(pod.seed, 64)),
            ("example.com/note", "red, green & \"blue\"".to_owned()),
            ("kubectl.kubernetes.io/restartedAt", pod.started.to_owned()),
        ],
    };
    let source = if pod.maker == Maker::File { "file" } else { "api" };
    let seen = pod
        .started
        .replace('Z', &format!(".{:09}Z", pod.seed % 1_000_000_000));
    annotations.push(("kubernetes.io/config.seen", seen));
    annotations.push(("kubernetes.io/config.source", source.to_owned()));
    if !matches!(pod.maker, Maker::File | Maker::Nobody | Maker::Job(_)) {
        annotations.push(("prometheus.io/port", "8080".to_owned()));
        annotations.push(("prometheus.io/scrape", "true".to_owned()));
    }
    annotations
}

/// What `kubectl apply` was given: a manifest in JSON, as text.
fn last_applied(pod: &Pod<'_>) -> String {
    let manifest = Json::of(|j| {
        j.text("apiVersion", "v1");
        j.text("kind", "Pod");
        j.object("metadata", |j| {
            j.object("annotations", |_| {});
            j.object("labels", |j| j.text("run", pod.name));
            j.text("name", pod.name);
            j.text("namespace", pod.namespace);
        });
        j.object("spec", |j| {
            j.objects("containers", pod.containers_of(false), |j, container| {
                j.texts("args", super::spec::ARGUMENTS);
                j.objects("env", super::spec::environment(container), |j, (name, value)| {
                    j.text("name", name);
                    j.text("value", &value);
                });
                j.text("image", &container.image);
                j.text("name", container.name);
                container.resources.print(j, "resources");
            });
            j.text("nodeName", pod.node);
        });
    });
    format!("{manifest}\n")
}

/// Who set which field: nearly half of a real answer.
fn managed(j: &mut Json, pod: &Pod<'_>, labels: &Pairs, annotations: &Pairs) {
    let manager = if pod.maker == Maker::Nobody {
        "kubectl-client-side-apply"
    } else {
        "kube-controller-manager"
    };
    j.objects("managedFields", [false, true], |j, by_kubelet| {
        j.text("manager", if by_kubelet { "kubelet" } else { manager });
        j.text("operation", "Update");
        j.text("apiVersion", "v1");
        j.text("time", pod.started);
        j.text("fieldsType", "FieldsV1");
        if by_kubelet {
            j.object("fieldsV1", |j| status_fields(j, pod));
            j.text("subresource", "status");
        } else {
            j.object("fieldsV1", |j| fields(j, pod, labels, annotations));
        }
    });
}

fn fields(j: &mut Json, pod: &Pod<'_>, labels: &Pairs, annotations: &Pairs) {
    j.object("f:metadata", |j| {
        let foreign = |key: &&str| !key.starts_with("kubernetes.io/config.");
        for (of, pairs) in [("f:annotations", annotations), ("f:labels", labels)] {
            j.object(of, |j| {
                j.marks(&["."]);
                for key in pairs.iter().map(|(key, _)| *key).filter(foreign) {
                    j.marks(&[&format!("f:{key}")]);
                }
            });
        }
        if let Some([_, _, owner]) = pod.maker.reference() {
            j.object("f:ownerReferences", |j| {
                j.marks(&[".", &format!("k:{{\"uid\":\"{}\"}}", uuid(hash(owner)))]);
            });
        }
    });
    j.object("f:spec", |j| {
        for (key, init) in [("f:containers", false), ("f:initContainers", true)] {
            if pod.containers_of(init).next().is_some() {
                j.object(key, |j| {
                    for container in pod.containers_of(init) {
                        container_fields(j, container);
                    }
                });
            }
        }
        j.marks(&[
            "f:dnsPolicy",
            "f:enableServiceLinks",
            "f:restartPolicy",
            "f:schedulerName",
        ]);
        j.object("f:securityContext", |j| {
            j.marks(&[".", "f:fsGroup", "f:runAsNonRoot", "f:runAsUser"]);
        });
        j.marks(&[
            "f:serviceAccount",
            "f:serviceAccountName",
            "f:terminationGracePeriodSeconds",
        ]);
        j.object("f:volumes", |j| {
            j.marks(&["."]);
            for volume in &pod.volumes {
                j.object(&format!("k:{{\"name\":\"{}\"}}", volume.name), |j| {
                    j.marks(&[".", "f:name"]);
                    j.object("f:persistentVolumeClaim", |j| j.marks(&[".", "f:claimName"]));
                });
            }
        });
    });
}

fn container_fields(j: &mut Json, container: &Container<'_>) {
    j.object(&format!("k:{{\"name\":\"{}\"}}", container.name), |j| {
        j.marks(&[".", "f:args"]);
        j.object("f:env", |j| {
            j.marks(&["."]);
            for (name, _) in super::spec::environment(container) {
                j.object(&format!("k:{{\"name\":\"{name}\"}}"), |j| {
                    j.marks(&[".", "f:name", "f:value"]);
                });
            }
        });
        j.marks(&["f:image", "f:imagePullPolicy"]);
        let probes: &[&str] = if super::spec::is_probed(container) {
            &["f:livenessProbe", "f:readinessProbe"]
        } else {
            &[]
        };
        for probe in probes {
            j.object(probe, |j| {
                j.marks(&[".", "f:failureThreshold"]);
                j.object("f:httpGet", |j| j.marks(&[".", "f:path", "f:port", "f:scheme"]));
                j.marks(&["f:periodSeconds", "f:successThreshold", "f:timeoutSeconds"]);
            });
        }
        j.marks(&["f:name"]);
        j.object("f:resources", |j| {
            let Resources { limits, requests } = container.resources;
            for (key, amounts) in [("f:limits", limits), ("f:requests", requests)] {
                if !amounts.is_empty() {
                    j.object(key, |j| {
                        j.marks(&["."]);
                        for (resource, _) in amounts.listed() {
                            j.marks(&[&format!("f:{resource}")]);
                        }
                    });
                }
            }
        });
        j.marks(&["f:terminationMessagePath", "f:terminationMessagePolicy"]);
    });
}

fn status_fields(j: &mut Json, pod: &Pod<'_>) {
    j.object("f:status", |j| {
        j.object("f:conditions", |j| {
            let mut kinds = super::status::CONDITIONS;
            kinds.sort_unstable();
            for kind in kinds {
                j.object(&format!("k:{{\"type\":\"{kind}\"}}"), |j| {
                    j.marks(&[
                        ".",
                        "f:lastProbeTime",
                        "f:lastTransitionTime",
                        "f:observedGeneration",
                        "f:status",
                        "f:type",
                    ]);
                });
            }
        });
        j.marks(&[
            "f:containerStatuses",
            "f:hostIP",
            "f:hostIPs",
            "f:initContainerStatuses",
            "f:observedGeneration",
            "f:phase",
            "f:podIP",
        ]);
        j.object("f:podIPs", |j| {
            j.marks(&["."]);
            j.object(
                &format!("k:{{\"ip\":\"{}\"}}", super::status::address(pod)),
                |j| {
                    j.marks(&[".", "f:ip"]);
                },
            );
        });
        j.marks(&["f:resources", "f:startTime"]);
    });
}
