//! The kubelet's serving certificate: its own, asked for and not approved, approved, and another one.

use crate::machine::{Cluster, cluster};
use crate::pod;
use crate::told::{Fault, assert_well};

/// Where a kubelet keeps the one that the cluster signed. Without it, it asks for another.
const SIGNED: &str = "/var/lib/kubelet/pki/kubelet-server-*.pem";

fn not_believed(diagnosis: &'static str) -> Fault {
    Fault {
        result: "tls",
        status: None,
        step: "tls",
        diagnosis,
    }
}

/// Approves what waits, by the commands that `check` gives.
fn approve(cluster: &Cluster, list: &str, approve: &str) {
    crate::wait::until("the kubelet has asked for a certificate", || {
        let list = format!("{list} -o name");
        let waiting = cluster.sh(&list);
        let name = waiting.lines().last()?.rsplit('/').next()?;
        cluster.sh(&approve.replace("NAME", name));
        Some(())
    });
}

#[test]
fn a_certificate_that_waits_for_approval_and_gets_it_by_the_fix() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    let config = pod.config();
    let without_ca = config.split("  tls_ca").next().expect("a first part");
    let pin = cluster.sh(
        "openssl x509 -in /var/lib/kubelet/pki/kubelet-server-current.pem -noout -pubkey |
         openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64",
    );
    let pinned = format!("{without_ca}  tls_pin_sha256 = [\"{}\"]\n", pin.trim());
    assert_well(&cluster, &pinned);
    let mut plugin = cluster.plugin(&pod.config());
    let mut tick = || {
        plugin.tick();
        plugin.batch().pop().expect("a line")
    };
    assert!(tick().contains(",result=success,"));
    cluster.sh("kubectl delete csr --field-selector spec.signerName=kubernetes.io/kubelet-serving");
    cluster.while_kubelet_is_down(&format!("rm {SIGNED}"));

    let finding = not_believed("serving_csr_pending").assert_told(&cluster, &pod.config(), &[]);
    assert!(tick().contains(",result=tls,"));
    approve(
        &cluster,
        &finding.piece("command", "get csr"),
        &finding.piece("command", "certificate approve"),
    );
    assert_well(&cluster, &pod.config());
    // Another certificate than the one that was shown before, and no restart.
    assert!(tick().contains(",result=success,"));

    // Its key is another one too, for who believed that.
    let finding = not_believed("pin_mismatch").assert_told(&cluster, &pinned, &[]);
    let fixed = format!("{without_ca}{}", finding.piece("toml", "tls_pin_sha256"));
    assert_ne!(fixed, pinned);
    assert_well(&cluster, &fixed);
}

/// kubeadm's default.
#[test]
fn a_certificate_that_the_kubelet_signed_itself_and_each_fix() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    cluster.configure("serverTLSBootstrap: false\n");
    let finding = not_believed("serving_self_signed").assert_told(&cluster, &pod.config(), &[]);

    // The fixes for our own configuration. Where the node's file is mounted is the pod's affair, and this is the node.
    let config = pod.config();
    let without_ca = config.split("  tls_ca").next().expect("a first part");
    let pieces = finding.pieces("toml");
    assert!(!pieces.is_empty(), "{finding:?}");
    for piece in pieces {
        let mut fix = String::new();
        for line in piece.lines() {
            let line = match line.trim().split_once(" = ") {
                Some(("tls_ca", _)) => "tls_ca = \"/var/lib/kubelet/pki/kubelet.crt\"".to_owned(),
                _ => line.replace("$NODE_NAME", crate::machine::NODE),
            };
            fix.push_str(&line);
            fix.push('\n');
        }
        assert_well(&cluster, &format!("{without_ca}{fix}"));
    }

    // The fix for the kubelet's.
    cluster.configure_by_fix(&finding.piece("yaml", "serverTLSBootstrap"));
    assert_well(&cluster, &pod.config());
}
