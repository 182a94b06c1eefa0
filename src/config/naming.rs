//! Values of options for a whole cluster that are words of their own.
//!
//! Knows no option.

/// What stands for a node's name.
const NODE: &str = "{node}";

/// What is discovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Discover {
    /// Nodes, of each of which the kubelet is scraped.
    Nodes,
}

/// Whether members share nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shards {
    /// This one has all.
    None,
    /// By Leases.
    Leases,
}

/// The name that a kubelet's certificate has to carry; perhaps each node's another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming(String);

impl Naming {
    /// As it is written.
    pub(super) fn new(written: String) -> Self {
        Self(written)
    }

    /// Whether it is each node's another one.
    pub(super) fn is_of_node(&self) -> bool {
        self.0.contains(NODE)
    }

    /// That of this node.
    #[must_use]
    pub fn of(&self, node: &str) -> String {
        self.0.replace(NODE, node)
    }
}
