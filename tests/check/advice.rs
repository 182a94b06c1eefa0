//! What a block with `discover` is told to do: nothing that only a block with one kubelet, or only a pod, could do.

use test_kubelet::api::{Aim, ApiFault, Resource, Verb};
use test_kubelet::{Options, Serving};

use super::nodes::Stage;

/// No pod on some node has another node's files, and no component mounts them into one.
#[test]
fn a_certificate_that_is_not_believed_is_mended_for_all_nodes() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::SelfSigned);
    let told = stage.check(&stage.block("")).told("serving_self_signed");
    for words in [
        "serverTLSBootstrap: true",
        "DaemonSet",
        "node-certificate",
        "node_exclude",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    for words in [
        "hostPath",
        "/etc/kubelet-certificate",
        "enforce=privileged",
        "$NODE_NAME",
    ] {
        assert!(!told.contains(words), "{words:?} is in {told}");
    }

    let mut stage = Stage::new();
    let kubelet = stage.node("node-1", Serving::CaIssued);
    // The file is the API server's too, which goes on with what it had.
    let old = std::fs::read_to_string(&kubelet.files().ca).unwrap();
    kubelet.replace_ca();
    std::fs::write(&kubelet.files().ca, old).unwrap();
    let told = stage.check(&stage.block("")).told("serving_other_ca");
    for words in ["tls_ca = [", "ConfigMap"] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    assert!(!told.contains("/etc/kubernetes/pki"), "{told}");
}

/// The address and the port are the node object's, and there is no url to correct.
#[test]
fn a_node_that_is_not_reached_is_no_matter_of_url() {
    let stage = Stage::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    stage.put("away", port);
    let checked = stage.check(&stage.block(""));
    let told = checked.told("port_closed");
    assert!(
        told.contains("daemonEndpoints") && !told.contains("url"),
        "{told}"
    );
    let told = checked.told("nodes_unreached");
    assert!(!told.contains("this pod"), "{told}");
}

#[test]
fn a_kubelet_in_the_place_of_the_api_server() {
    let mut stage = Stage::new();
    let at = stage.node("node-1", Serving::CaIssued).addr();
    let config = stage
        .block("")
        .replace(&stage.api.url(), &format!("https://{at}"));
    let checked = stage.check(&config);
    assert_eq!(
        checked.bad(),
        [["discovery", "failure", "discovery_failed"]],
        "{}",
        checked.text
    );
    let told = checked.told("discovery_failed");
    assert!(
        told.contains("that is a kubelet") && told.contains("6443"),
        "{told}"
    );
    assert!(!told.contains("ClusterRole") && !told.contains("grant"), "{told}");
}

#[test]
fn a_client_certificate_of_another_cluster() {
    let stage = Stage::new();
    let files = stage.api.files();
    let token = format!("bearer_token = \"{}\"", files.token.display());
    let certificate = format!(
        "tls_cert = \"{}\"\n  tls_key = \"{}\"",
        files.foreign_cert.display(),
        files.foreign_key.display()
    );
    let told = stage
        .check(&stage.block("").replace(&token, &certificate))
        .told("discovery_unauthorized");
    for words in ["401", "signerName: kubernetes.io/kube-apiserver-client"] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    assert!(!told.contains("in a pod run as"), "{told}");
}

/// Outside of the cluster too: the API server has just taken the same token.
#[test]
fn a_token_that_the_api_server_takes_and_the_kubelet_does_not() {
    let mut stage = Stage::new();
    stage.node_of(Options {
        node_name: "node-1".to_owned(),
        webhook: false,
        ..Options::default()
    });
    let told = stage.check(&stage.block("")).told("webhook_off");
    assert!(told.contains("the API server knows the token"), "{told}");
}

#[test]
fn no_node_is_let_through_by_what_is_named() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::CaIssued);
    for (options, named, not) in [
        (
            "  node_selector = \"none=such\"\n",
            "node_selector",
            "node_exclude",
        ),
        ("  node_exclude = [\"node-*\"]\n", "node_exclude", "node_selector"),
        ("  node_include = [\"other\"]\n", "node_include", "node_exclude"),
    ] {
        let told = stage.check(&stage.block(options)).told("no_nodes");
        assert!(told.contains(named) && !told.contains(not), "{told}");
    }
    stage.api.delete_node("node-1");
    let told = stage.check(&stage.block("")).told("no_nodes");
    assert!(told.contains("lists no node\""), "{told}");
}

/// A right is no mend for who has never heard of the question.
#[test]
fn what_we_may_can_not_be_asked() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::CaIssued);
    let reviews = Aim::ALL.resource(Resource::Other).verb(Verb::Create);
    let body = "404 page not found".to_owned();
    stage.api.set_fault(reviews, ApiFault::Status { code: 404, body });
    let config = stage.block("  shards = \"leases\"\n  lease_namespace = \"monitoring\"\n");
    let told = stage.check(&config).told("leases_unclear");
    assert!(
        told.contains("kubectl auth can-i") && told.contains("-n monitoring"),
        "{told}"
    );
    for words in ["says so of nodes", "RoleBinding"] {
        assert!(!told.contains(words), "{words:?} is in {told}");
    }
}
