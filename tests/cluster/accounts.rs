//! Pods whose account is not as it should be, and that get on by doing what `check` says, to the letter.

use crate::machine::{Cluster, cluster};
use crate::pod::{self, Volume};
use crate::told::{Fault, assert_well};

/// Makes a namespace, with the guide's role there.
fn make(cluster: &Cluster, namespace: &str) {
    cluster.apply(&pod::guides_account());
    cluster.kubectl(&["create", "namespace", namespace]);
}

/// Takes it away again, and does not wait for that.
fn remove(cluster: &Cluster, namespace: &str) {
    cluster.kubectl(&["delete", "namespace", namespace, "--wait=false"]);
}

/// Of a pod that waits, behind its other lines.
const CONTAINER: &str = "  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: \"localhost/busybox:1\", imagePullPolicy: Never}]
";

/// The token that a running pod has.
fn token(cluster: &mut Cluster, namespace: &str, pod: &str, name: &str) -> Volume {
    let path = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    let token = cluster.kubectl(&["exec", "-n", namespace, pod, "--", "cat", path]);
    Volume::new(cluster, name, &token)
}

#[test]
fn a_pod_with_its_namespaces_default_account_gets_one_of_its_own() {
    const NAMESPACE: &str = "default-account";
    let mut cluster = cluster();
    make(&cluster, NAMESPACE);
    let token_of = |cluster: &mut Cluster, name: &str, spec: &str| {
        cluster.apply(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {NAMESPACE}}}\n{spec}{CONTAINER}"
        ));
        let pod = format!("pod/{name}");
        cluster.kubectl(&[
            "wait",
            "-n",
            NAMESPACE,
            &pod,
            "--for=condition=Ready",
            "--timeout=60s",
        ]);
        token(cluster, NAMESPACE, &pod, name)
    };
    let before = token_of(&mut cluster, "before", "spec:\n");
    let fault = Fault {
        result: "forbidden",
        status: Some(403),
        step: "authorization",
        diagnosis: "forbidden_default_account",
    };
    let finding = fault.assert_told(
        &cluster,
        &before.config(),
        &["system:serviceaccount:default-account:default"],
    );
    finding.apply(&cluster);
    let after = token_of(
        &mut cluster,
        "after",
        &finding.piece("yaml", "serviceAccountName"),
    );
    assert_well(&cluster, &after.config());
    // The other one did not get anything.
    fault.assert_told(&cluster, &before.config(), &[]);
    remove(&cluster, NAMESPACE);
}

#[test]
fn a_pod_whose_account_was_deleted_gets_it_back() {
    const NAMESPACE: &str = "deleted-account";
    let mut cluster = cluster();
    make(&cluster, NAMESPACE);
    cluster.sh(&format!(
        "kubectl create serviceaccount -n {NAMESPACE} gone
         kubectl create clusterrolebinding telegraf-kubelet-gone --clusterrole=telegraf-kubelet \
         --serviceaccount={NAMESPACE}:gone"
    ));
    let set = format!(
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: gone, namespace: {NAMESPACE}}}\nspec:\n  \
         selector: {{matchLabels: &labels {{of: gone}}}}\n  template:\n    metadata: {{labels: *labels}}\n    \
         spec:\n      serviceAccountName: gone\n{}",
        CONTAINER
            .replace("  terminationG", "      terminationG")
            .replace("  containers", "      containers")
    );
    cluster.apply(&set);
    let rolled_out = [
        "rollout",
        "status",
        "-n",
        NAMESPACE,
        "daemonset/gone",
        "--timeout=60s",
    ];
    cluster.kubectl(&rolled_out);
    let old = token(&mut cluster, NAMESPACE, "daemonset/gone", "old");
    assert_well(&cluster, &old.config());

    cluster.kubectl(&["delete", "serviceaccount", "-n", NAMESPACE, "gone"]);
    let fault = Fault {
        result: "unauthorized",
        status: Some(401),
        step: "authentication",
        diagnosis: "token_unknown",
    };
    let finding = fault.assert_told(&cluster, &old.config(), &[]);
    let asks = finding.piece("command", "kubectl get serviceaccount");
    let answer = cluster.sh(&format!("{asks} 2>&1 || true"));
    assert!(answer.contains("NotFound"), "{answer}");
    cluster.sh(&finding.piece("command", "kubectl create serviceaccount"));
    // As it says, the old one stays unknown, and a new pod has a new one.
    fault.assert_told(&cluster, &old.config(), &[]);
    cluster.kubectl(&["delete", "pods", "-n", NAMESPACE, "-l", "of=gone"]);
    cluster.kubectl(&rolled_out);
    let new = token(&mut cluster, NAMESPACE, "daemonset/gone", "new");
    assert_well(&cluster, &new.config());
    remove(&cluster, NAMESPACE);
}
