//! What is stored: nodes, how they came to be what they are, and Leases, all under one counter of versions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::leases::Leases;
use super::node::Node;
use super::selector::Selector;
use super::spec::NodeSpec;

/// So many changes are remembered.
const HISTORY: usize = 20_000;
/// So many versions of all nodes are kept for lists that go on.
const SNAPSHOTS: usize = 16;
/// Where the counter starts: no client may take small versions for something else.
const FIRST_VERSION: u64 = 1_000;

/// By name.
pub(super) type Nodes = BTreeMap<String, Arc<Node>>;

/// One node's change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) before: Option<Arc<Node>>,
    pub(super) after: Option<Arc<Node>>,
}

impl Change {
    /// The type of its event for who watches with this selector, and the node as that tells it; `None` for no event.
    pub(super) fn event(&self, selector: &Selector) -> Option<(&'static str, &Node)> {
        let seen = |node: &Option<Arc<Node>>| {
            node.as_ref()
                .is_some_and(|node| selector.matches(&node.spec.labels))
        };
        let (event, node) = match (seen(&self.before), seen(&self.after)) {
            (false, false) => return None,
            (false, true) => ("ADDED", &self.after),
            (true, true) => ("MODIFIED", &self.after),
            // One that only does not match any more is told as it was too.
            (true, false) => ("DELETED", &self.before),
        };
        node.as_deref().map(|node| (event, node))
    }
}

pub(super) struct Store {
    version: u64,
    nodes: Arc<Nodes>,
    /// How many nodes and Leases there ever were.
    made: u64,
    history: VecDeque<Change>,
    /// Changes up to this version are gone.
    gone: u64,
    /// No new watch may go on from before this version.
    oldest: u64,
    snapshots: BTreeMap<u64, Arc<Nodes>>,
    pub(super) leases: Leases,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            version: FIRST_VERSION,
            nodes: Arc::default(),
            made: 0,
            history: VecDeque::new(),
            gone: FIRST_VERSION,
            oldest: FIRST_VERSION,
            snapshots: BTreeMap::new(),
            leases: Leases::new(),
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The version of what is written now.
    pub(super) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// The number of what is made now.
    pub(super) fn next_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(super) fn nodes(&self) -> &Arc<Nodes> {
        &self.nodes
    }

    /// Makes a node, or another one of it. Says the version.
    pub(super) fn put_node(&mut self, spec: NodeSpec) -> u64 {
        let now = now();
        let before = self.nodes.get(&spec.name).cloned();
        let (number, created) = match &before {
            Some(before) => (before.number, before.created),
            None => (self.next_number(), now),
        };
        let version = self.next_version();
        let after = Arc::new(Node {
            spec,
            number,
            created,
            changed: now,
            version,
        });
        Arc::make_mut(&mut self.nodes).insert(after.spec.name.clone(), Arc::clone(&after));
        self.remember(Change {
            version,
            before,
            after: Some(after),
        });
        version
    }

    /// Whether there was one.
    pub(super) fn delete_node(&mut self, name: &str) -> bool {
        let Some(before) = Arc::make_mut(&mut self.nodes).remove(name) else {
            return false;
        };
        let version = self.next_version();
        self.remember(Change {
            version,
            before: Some(before),
            after: None,
        });
        true
    }

    fn remember(&mut self, change: Change) {
        self.history.push_back(change);
        while self.history.len() > HISTORY {
            if let Some(change) = self.history.pop_front() {
                self.gone = change.version;
            }
        }
    }

    /// Forgets how it came to this, but for the watches that are open.
    pub(super) fn compact(&mut self) {
        self.snapshots.clear();
        self.oldest = self.version;
    }

    /// The oldest version from which a new watch may go on.
    pub(super) fn oldest(&self) -> u64 {
        self.oldest.max(self.gone)
    }

    /// What has changed since a version; `None` if nobody knows any more.
    pub(super) fn since(&self, version: u64) -> Option<Vec<Change>> {
        if version < self.gone {
            return None;
        }
        let first = self.history.partition_point(|change| change.version <= version);
        Some(self.history.range(first..).cloned().collect())
    }

    /// All nodes now, for a list that may go on.
    pub(super) fn snapshot(&mut self) -> (u64, Arc<Nodes>) {
        self.snapshots.insert(self.version, Arc::clone(&self.nodes));
        while self.snapshots.len() > SNAPSHOTS {
            self.snapshots.pop_first();
        }
        (self.version, Arc::clone(&self.nodes))
    }

    /// As they were at a version at which a list began.
    pub(super) fn at(&self, version: u64) -> Option<Arc<Nodes>> {
        self.snapshots.get(&version).cloned()
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}
