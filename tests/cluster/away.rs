//! What a node needs is away for a while: its kubelet, its runtime, its API server. Ticks say which, and come again by
//! themselves.

use crate::machine::{Cluster, cluster};
use crate::pod;
use crate::support::plugin::{PATIENCE, Plugin};
use crate::told::{Fault, assert_well};
use crate::wait::until;

/// The result of the next tick.
fn tick(plugin: &mut Plugin) -> String {
    plugin.tick();
    let line = plugin.batch().pop().expect("a line");
    let (_, rest) = line.split_once(",result=").expect("its result");
    rest.split([',', ' ']).next().expect("a first part").to_owned()
}

fn until_well(plugin: &mut Plugin) {
    until("ticks are well again", || {
        (tick(plugin) == "success").then_some(())
    });
}

fn end(mut plugin: Plugin) {
    plugin.close_stdin();
    plugin.wait(PATIENCE);
}

#[test]
fn a_kubelet_that_restarts() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    cluster.until_scraped(&pod.config(), "success");
    let mut plugin = cluster.plugin(&pod.config());
    assert_eq!(tick(&mut plugin), "success");
    cluster.stop("kubelet");
    assert_eq!(tick(&mut plugin), "connection_failed");
    let fault = Fault {
        result: "connection_failed",
        status: None,
        step: "tcp",
        diagnosis: "port_closed",
    };
    fault.assert_told(&cluster, &pod.config(), &[]);
    cluster.start("kubelet");
    until_well(&mut plugin);
    assert_well(&cluster, &pod.config());
    end(plugin);
}

#[test]
fn a_runtime_that_is_away() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    cluster.until_scraped(&pod.config(), "success");
    let mut plugin = cluster.plugin(&pod.config());
    cluster.stop("containerd");
    let fault = Fault {
        result: "not_ready",
        status: Some(500),
        step: "answer",
        diagnosis: "runtime_away",
    };
    fault.assert_told(&cluster, &pod.config(), &[]);
    assert_eq!(tick(&mut plugin), "not_ready");
    cluster.start("containerd");
    until_well(&mut plugin);
    assert_well(&cluster, &pod.config());
    end(plugin);
}

#[test]
fn a_runtime_that_hangs() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    cluster.until_scraped(&pod.config(), "success");
    cluster.hang("containerd");
    let fault = Fault {
        result: "timeout",
        status: None,
        step: "answer",
        diagnosis: "no_answer",
    };
    fault.assert_told(&cluster, &pod.config(), &[]);
    cluster.go_on("containerd");
    assert_well(&cluster, &pod.config());
}

/// Who shows a certificate is known without the API server; whether he may is asked of it.
fn kubelets_own_with_a_right(cluster: &Cluster) -> String {
    cluster.sh("kubectl create clusterrolebinding telegraf-kubelet-nodes --clusterrole=telegraf-kubelet --group=system:nodes");
    let config = format!(
        "[[inputs.kubelet]]\n  url = \"{}\"\n  tls_cert = \"/var/lib/kubelet/pki/kubelet-client-current.pem\"\n  tls_ca = \"/etc/kubernetes/pki/ca.crt\"\n",
        crate::machine::KUBELET
    );
    cluster.until_scraped(&config, "success");
    config
}

#[test]
fn an_api_server_that_is_away_and_one_that_hangs() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    let certificate = kubelets_own_with_a_right(&cluster);
    cluster.until_scraped(&pod.config(), "success");

    cluster.stop("kube-apiserver");
    let by_token = Fault {
        result: "unauthorized",
        status: Some(401),
        step: "authentication",
        diagnosis: "api_server_away",
    };
    by_token.assert_told(&cluster, &pod.config(), &[]);
    let by_certificate = Fault {
        result: "api_server_unreachable",
        status: Some(500),
        step: "authorization",
        diagnosis: "api_server_away",
    };
    by_certificate.assert_told(&cluster, &certificate, &[]);
    cluster.start("kube-apiserver");
    assert_well(&cluster, &pod.config());
    assert_well(&cluster, &certificate);

    cluster.hang("kube-apiserver");
    let hangs = Fault {
        result: "timeout",
        status: None,
        step: "authentication",
        diagnosis: "api_server_silent",
    };
    hangs.assert_told(&cluster, &pod.config(), &[]);
    hangs.assert_told(&cluster, &certificate, &[]);
    cluster.go_on("kube-apiserver");
    assert_well(&cluster, &pod.config());
    assert_well(&cluster, &certificate);
}
