//! The API's types, as far as anything of them is wanted: `v1.NodeList` and `metav1.WatchEvent` of nodes as an API server
//! prints them, keys in Go's order, every value optional.

use crate::json::{Few, Flag, Pairs, Text, Whole, object};

/// More addresses or conditions than that no node has: a cloud lists one address for each network interface.
const MOST: usize = 64;

object! {
    /// What a watch tells.
    Event {
        /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
        kind: Text<'a> = "type",
        /// Of what.
        object: Object<'a> = "object",
    }

    /// A node; in an event that is an error a `metav1.Status`, which has the last two, and a text for its status.
    Object {
        /// What names it, and is said of it.
        metadata: Metadata<'a> = "metadata",
        /// What is wanted.
        spec: Spec<'a> = "spec",
        /// What is.
        status: Status<'a> = "status",
        /// Why.
        reason: Text<'a> = "reason",
        /// As of HTTP.
        code: Whole<'a> = "code",
    }

    /// What is said of a list.
    ListMeta {
        /// The state that was listed.
        resource_version: Text<'a> = "resourceVersion",
        /// What the rest is asked for with.
        next: Text<'a> = "continue",
    }

    /// What names a node, and is said of it.
    Metadata {
        /// Its name.
        name: Text<'a> = "name",
        /// The state that it is of.
        resource_version: Text<'a> = "resourceVersion",
        /// Its labels.
        labels: Pairs<'a> = "labels",
    }

    /// What is wanted of a node.
    Spec {
        /// Nobody is to be scheduled onto it.
        unschedulable: Flag<'a> = "unschedulable",
    }

    /// What a node is like, as its kubelet says.
    Status {
        /// What it has.
        capacity: ResourceList<'a> = "capacity",
        /// What it has for pods.
        allocatable: ResourceList<'a> = "allocatable",
        /// What is true of it.
        conditions: Few<Condition<'a>, MOST> = "conditions",
        /// Where it is.
        addresses: Few<NodeAddress<'a>, MOST> = "addresses",
        /// What answers on it.
        daemon_endpoints: DaemonEndpoints<'a> = "daemonEndpoints",
    }

    /// Quantities by resource.
    ResourceList {
        /// Cores.
        cpu: Text<'a> = "cpu",
        /// Bytes.
        memory: Text<'a> = "memory",
        /// How many.
        pods: Text<'a> = "pods",
    }

    /// Something that is true of a node, or not.
    Condition {
        /// What.
        kind: Text<'a> = "type",
        /// `True`, `False` or `Unknown`.
        status: Text<'a> = "status",
    }

    /// Where a node is.
    NodeAddress {
        /// In which sense.
        kind: Text<'a> = "type",
        /// A name or an address.
        address: Text<'a> = "address",
    }

    /// What answers on a node.
    DaemonEndpoints {
        /// Its kubelet.
        kubelet_endpoint: DaemonEndpoint<'a> = "kubeletEndpoint",
    }

    /// One that answers.
    DaemonEndpoint {
        /// At which port. The one key of the API that begins with a capital letter.
        port: Whole<'a> = "Port",
    }
}
