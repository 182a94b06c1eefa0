//! What is there before a member is: the rights as they are shipped, a place with links for each, its configuration, and
//! the objects of nodes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::Cluster;

/// Where the members' Leases are.
pub const NAMESPACE: &str = "telegraf-kubelet";

/// How long a Lease lasts.
pub const LEASE: Duration = Duration::from_secs(6);

/// How many members there is room for at a time.
pub const PLACES: usize = 3;

/// Where a pod has what is its ServiceAccount's.
pub const SERVICE_ACCOUNT: &str = "/run/secrets/kubernetes.io/serviceaccount";

/// The shipped one; with a Lease that is over sooner, and with the names of nodes in certificates: all kubelets here have
/// one address.
pub fn configuration() -> String {
    let shipped = include_str!("../../../telegraf/kubernetes/cluster-shards/kubelet.conf");
    let lease = format!("lease_duration = \"{}s\"", LEASE.as_secs());
    let replaced = [
        ("# lease_duration = \"15s\"", lease.as_str()),
        ("# tls_server_name", "tls_server_name"),
    ];
    replaced.iter().fold(shipped.to_owned(), |text, (there, here)| {
        assert!(text.contains(there), "{there}: {text}");
        text.replace(there, here)
    })
}

/// The rights as they are shipped, no Lease and no node of a test before, and a place for each member.
pub fn lay_out(cluster: &mut Cluster) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/telegraf/kubernetes");
    for file in [
        "base/namespace.yaml",
        "access/access.yaml",
        "cluster/access.yaml",
        "cluster-shards/leases.yaml",
    ] {
        cluster.kubectl(&["apply", "-f", &format!("{root}/{file}")]);
    }
    cluster.share_nodes();
    for place in 0..PLACES {
        let host = 11 + place;
        cluster.sh(&format!(
            "ip netns add m-{place}
             ip -n m-{place} link set lo up
             ip link add m-{place} type veth peer name eth0 netns m-{place}
             ip link set m-{place} master node0 up
             ip -n m-{place} address add 10.77.0.{host}/24 dev eth0
             ip -n m-{place} link set eth0 up
             ip link add m-{place}-api type veth peer name api0 netns m-{place}
             ip address add 10.79.{place}.1/30 dev m-{place}-api
             ip link set m-{place}-api up
             ip -n m-{place} address add 10.79.{place}.2/30 dev api0
             ip -n m-{place} link set api0 up
             ip -n m-{place} route add 10.96.0.1 via 10.79.{place}.1"
        ));
    }
    cluster.sh(&format!("mkdir -p {SERVICE_ACCOUNT}"));
}

/// A node as a kubelet makes one, on which nothing is scheduled.
pub fn node(name: &str, port: u16) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": name, "labels": { "telegraf-kubelet/test": "members" } },
        "spec": {
            "unschedulable": true,
            "taints": [{ "key": "telegraf-kubelet/test", "effect": "NoExecute" }],
        },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": "10.77.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
            "capacity": { "cpu": "4", "memory": "8Gi", "pods": "110" },
            "conditions": [{ "type": "Ready", "status": "True", "reason": "Test", "message": "" }],
        },
    })
}
