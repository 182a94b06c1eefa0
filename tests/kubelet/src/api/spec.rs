//! What a node is told to be.

use std::collections::BTreeMap;

/// What the condition `Ready` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// `True`.
    True,
    /// `False`: the kubelet says so itself.
    False,
    /// `Unknown`: the kubelet has not been heard of.
    Unknown,
}

/// A node as a test wants it; everything else of its object is made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// Types and addresses in order.
    pub addresses: Vec<(String, String)>,
    /// The port that its status tells; 0 as of a node that tells none.
    pub kubelet_port: u16,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What its condition says.
    pub ready: Ready,
    /// Cordoned.
    pub unschedulable: bool,
    /// Names and quantities.
    pub capacity: BTreeMap<String, String>,
    /// Names and quantities.
    pub allocatable: BTreeMap<String, String>,
}

impl NodeSpec {
    /// A Linux node that is ready: with this `InternalIP`, its name as `Hostname`, the usual labels and amounts.
    #[must_use]
    pub fn new(name: &str, address: &str, kubelet_port: u16) -> Self {
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let labels = [
            ("beta.kubernetes.io/arch", "amd64"),
            ("beta.kubernetes.io/instance-type", "m6i.xlarge"),
            ("beta.kubernetes.io/os", "linux"),
            ("failure-domain.beta.kubernetes.io/region", "eu-central-1"),
            ("failure-domain.beta.kubernetes.io/zone", "eu-central-1a"),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/hostname", name),
            ("kubernetes.io/os", "linux"),
            ("node.kubernetes.io/instance-type", "m6i.xlarge"),
            ("topology.kubernetes.io/region", "eu-central-1"),
            ("topology.kubernetes.io/zone", "eu-central-1a"),
        ];
        let amounts = |cpu, storage, memory| {
            let amounts = [
                ("cpu", cpu),
                ("ephemeral-storage", storage),
                ("hugepages-1Gi", "0"),
                ("hugepages-2Mi", "0"),
                ("memory", memory),
                ("pods", "110"),
            ];
            amounts.map(owned).into()
        };
        Self {
            name: name.to_owned(),
            addresses: [("InternalIP", address), ("Hostname", name)].map(owned).into(),
            kubelet_port,
            labels: labels.map(owned).into(),
            ready: Ready::True,
            unschedulable: false,
            capacity: amounts("4", "83873772Ki", "16147632Ki"),
            allocatable: amounts("3920m", "76224326324", "15130800Ki"),
        }
    }

    /// With one more label, or another value of it.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }
}
