//! `spec`: what was wanted.

use super::owner::Maker;
use super::{Container, Pod, Role, Volume, hex};
use crate::json::Json;

/// What every container is started with.
pub(super) const ARGUMENTS: &[&str] = &[
    "--config=/etc/app/config.yaml",
    "--listen=0.0.0.0:8080",
    "--log-level=info",
];

/// The account's token, which every pod has that does not refuse it.
const TOKEN: &str = r#"{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}"#;

/// What the API server adds to each pod.
const TOLERATIONS: &str = r#"[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}]"#;

/// What a DaemonSet's or static pod stays through.
const EVERYTHING: &str = r#"[{"operator":"Exists"},{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute"},{"key":"node.kubernetes.io/disk-pressure","operator":"Exists","effect":"NoSchedule"},{"key":"node.kubernetes.io/memory-pressure","operator":"Exists","effect":"NoSchedule"},{"key":"node.kubernetes.io/pid-pressure","operator":"Exists","effect":"NoSchedule"},{"key":"node.kubernetes.io/unschedulable","operator":"Exists","effect":"NoSchedule"}]"#;

pub(super) fn print(j: &mut Json, pod: &Pod<'_>) {
    j.objects("volumes", &pod.volumes, |j, volume| print_volume(j, volume));
    for (key, init) in [("initContainers", true), ("containers", false)] {
        if pod.containers_of(init).next().is_some() || !init {
            j.objects(key, pod.containers_of(init), |j, container| {
                print_container(j, container, &pod.volumes);
            });
        }
    }
    let (restart, tolerations) = match pod.maker {
        Maker::Job(_) => ("OnFailure", TOLERATIONS),
        Maker::DaemonSet(_) | Maker::File => ("Always", EVERYTHING),
        _ => ("Always", TOLERATIONS),
    };
    j.text("restartPolicy", restart);
    j.plain("terminationGracePeriodSeconds", 30);
    j.text("dnsPolicy", "ClusterFirst");
    j.object("nodeSelector", |j| j.text("kubernetes.io/os", "linux"));
    j.text("serviceAccountName", "default");
    j.text("serviceAccount", "default");
    j.text("nodeName", pod.node);
    if pod.host_network {
        j.plain("hostNetwork", true);
    }
    j.object("securityContext", |j| {
        j.plain("runAsUser", 65_532);
        j.plain("runAsNonRoot", true);
        j.plain("fsGroup", 65_532);
    });
    j.text("schedulerName", "default-scheduler");
    j.plain("tolerations", tolerations);
    j.plain("priority", 0);
    j.plain("enableServiceLinks", true);
    j.text("preemptionPolicy", "PreemptLowerPriority");
}

fn print_volume(j: &mut Json, volume: &Volume<'_>) {
    j.text("name", volume.name);
    if let Some(claim) = volume.claim {
        j.object("persistentVolumeClaim", |j| j.text("claimName", claim));
    } else if volume.name.starts_with("kube-api-access-") {
        j.plain("projected", TOKEN);
    } else {
        j.object("emptyDir", |_| {});
    }
}

fn print_container(j: &mut Json, container: &Container<'_>, volumes: &[Volume<'_>]) {
    j.text("name", container.name);
    j.text("image", &container.image);
    if container.role == Role::Init {
        j.texts(
            "command",
            &["sh", "-c", "test -d /data && prepare </etc/app/config.yaml"],
        );
    } else {
        j.texts("args", ARGUMENTS);
        j.objects("ports", [()], |j, ()| {
            j.text("name", "http");
            j.plain("containerPort", 8_080);
            j.text("protocol", "TCP");
        });
    }
    j.objects("env", environment(container), |j, (name, value)| {
        j.text("name", name);
        j.text("value", &value);
    });
    container.resources.print(j, "resources");
    if container.role == Role::Sidecar {
        j.text("restartPolicy", "Always");
    }
    j.objects("volumeMounts", volumes, |j, volume| {
        j.text("name", volume.name);
        j.plain("readOnly", true);
        j.text("mountPath", &mount(volume));
    });
    if is_probed(container) {
        for (key, path) in [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")] {
            j.object(key, |j| probe(j, path));
        }
    }
    j.text("terminationMessagePath", "/dev/termination-log");
    j.text("terminationMessagePolicy", "File");
    j.text("imagePullPolicy", "IfNotPresent");
    j.object("securityContext", |j| {
        j.object("capabilities", |j| j.texts("drop", &["ALL"]));
        j.plain("readOnlyRootFilesystem", true);
        j.plain("allowPrivilegeEscalation", false);
    });
}

/// Every third container.
pub(super) fn is_probed(container: &Container<'_>) -> bool {
    container.role != Role::Init && container.seed.is_multiple_of(3)
}

fn probe(j: &mut Json, path: &str) {
    j.object("httpGet", |j| {
        j.text("path", path);
        j.text("port", "http");
        j.text("scheme", "HTTP");
    });
    j.plain("initialDelaySeconds", 5);
    j.plain("timeoutSeconds", 1);
    j.plain("periodSeconds", 10);
    j.plain("successThreshold", 1);
    j.plain("failureThreshold", 3);
}

/// Where a volume is seen in a container.
pub(super) fn mount(volume: &Volume<'_>) -> String {
    if volume.name.starts_with("kube-api-access-") {
        "/var/run/secrets/kubernetes.io/serviceaccount".to_owned()
    } else {
        format!("/{}", volume.name)
    }
}

/// None here, a few there.
pub(super) fn environment(container: &Container<'_>) -> impl Iterator<Item = (&'static str, String)> {
    const NAMES: [&str; 3] = ["DATABASE_HOST", "CACHE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    let seed = container.seed;
    let count = usize::try_from(seed % 4).unwrap_or(0);
    NAMES
        .into_iter()
        .take(count)
        .map(move |name| (name, format!("{}.example.internal:8443", hex(seed, 12))))
}
