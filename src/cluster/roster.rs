//! Who there is: the nodes as they are known now, shared between who hears of them and who has them scraped.
//!
//! One hears ([`Roster::put`], [`Roster::gone`], [`Roster::relist`]), one takes what changed ([`Roster::changes`]), and anybody
//! may ask how things stand. Knows nothing of how nodes are heard of. What was heard last stays: that an API server is away
//! is no reason to lose a node.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::address::Address;
use super::node::Node;

/// The nodes; all clones are the same.
#[derive(Clone, Default)]
pub struct Roster {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    entries: BTreeMap<String, Entry>,
    /// Of whom something else is known than was told.
    changed: BTreeSet<String>,
    heard: Option<Instant>,
    /// It was told that there was a list, of however many nodes.
    told_of_list: bool,
    code: i64,
}

/// A node that is there, or of which nobody was told that it is not; one of both there always is.
#[derive(Default)]
struct Entry {
    now: Option<Arc<Node>>,
    told: Option<Arc<Node>>,
}

/// What became of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is there, or is like this now.
    Put(Arc<Node>),
    /// The one of that name is gone.
    Gone(String),
}

/// How things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many nodes there are.
    pub nodes: usize,
    /// How many of them are ready.
    pub ready: usize,
    /// How long ago the API server said something; `None` before the first list was whole.
    pub age: Option<Duration>,
    /// What went wrong since then; 0 for nothing.
    pub code: i64,
}

/// A list that is being read. Until it is finished it changes nothing, and dropped it never does.
pub struct Relist {
    roster: Roster,
    nodes: BTreeMap<String, Arc<Node>>,
}

impl Roster {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A list begins.
    #[must_use]
    pub fn relist(&self) -> Relist {
        Relist {
            roster: self.clone(),
            nodes: BTreeMap::new(),
        }
    }

    /// A node is there, or is like this now.
    pub fn put(&self, node: Node) {
        self.with(|known| {
            if !known.has(&node) {
                known.set(&node.name.clone(), Some(Arc::new(node)));
            }
        });
    }

    /// The node of that name is gone.
    pub fn gone(&self, name: &str) {
        self.with(|known| known.set(name, None));
    }

    /// The API server said something, if only that nothing happened.
    pub fn heard(&self) {
        self.with(Known::hear);
    }

    /// It says nothing, or nothing good: why, as a number that is not 0.
    pub fn failed(&self, code: i64) {
        self.with(|known| known.code = code);
    }

    /// Waits until any node is another than was told before, and tells each such one once, as it is now: first those that are
    /// gone, so that who comes finds the place of who went free. There is one who takes them. The first list that is whole is
    /// told even if there is nobody in it.
    pub async fn changes(&self) -> Vec<Change> {
        loop {
            if let Some(changes) = self.with(Known::take) {
                return changes;
            }
            self.shared.changed.notified().await;
        }
    }

    /// How things stand.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.with(|known| Standing {
            nodes: known.nodes().count(),
            ready: known.nodes().filter(|node| node.ready).count(),
            age: known.heard.map(|heard| heard.elapsed()),
            code: known.code,
        })
    }

    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<Arc<Node>> {
        self.with(|known| known.entries.get(name)?.now.clone())
    }

    /// All nodes, by name.
    #[must_use]
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.with(|known| known.nodes().cloned().collect())
    }

    /// Addresses that several nodes have, with their names. One of them is left of a node that is no more, as a rule, and its
    /// address another one's by now: only the certificate tells which, by its own name.
    #[must_use]
    pub fn shared_addresses(&self) -> Vec<(Address, Vec<String>)> {
        self.with(|known| {
            let mut by_address: BTreeMap<&Address, Vec<&str>> = BTreeMap::new();
            for node in known.nodes() {
                if let Some(address) = &node.address {
                    by_address.entry(address).or_default().push(&node.name);
                }
            }
            by_address.retain(|_, names| names.len() > 1);
            let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
            let shared = by_address.into_iter();
            shared
                .map(|(address, names)| (address.clone(), owned(names)))
                .collect()
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        // Nothing in here can be left half done.
        let mut known = self.shared.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = look(&mut known);
        if known.has_news() {
            // Nobody waits, as a rule; then the next one who would does not.
            self.shared.changed.notify_one();
        }
        found
    }
}

impl Relist {
    /// A node of the list.
    pub fn put(&mut self, node: Node) {
        // What is known already is not held twice.
        let known = self.roster.node(&node.name).filter(|known| **known == node);
        let node = known.unwrap_or_else(|| Arc::new(node));
        self.nodes.insert(node.name.clone(), node);
    }

    /// How many nodes there are so far.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The list is whole: who is not in it is gone.
    pub fn finish(self) {
        let Self { roster, mut nodes } = self;
        roster.with(|known| {
            let missing = |name: &&String| !nodes.contains_key(*name);
            let missing: Vec<_> = known.entries.keys().filter(missing).cloned().collect();
            for name in missing {
                known.set(&name, None);
            }
            while let Some((name, node)) = nodes.pop_first() {
                if !known.has(&node) {
                    known.set(&name, Some(node));
                }
            }
            known.hear();
        });
    }
}

impl Known {
    fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.entries.values().filter_map(|entry| entry.now.as_ref())
    }

    /// Whether the node is known, just like this.
    fn has(&self, node: &Node) -> bool {
        let entry = self.entries.get(&node.name);
        entry.and_then(|entry| entry.now.as_deref()) == Some(node)
    }

    /// What is known of a node from now on. One that is again as it was told is not told.
    fn set(&mut self, name: &str, now: Option<Arc<Node>>) {
        let entry = match self.entries.get_mut(name) {
            Some(entry) => entry,
            None => self.entries.entry(name.to_owned()).or_default(),
        };
        entry.now = now;
        if entry.now != entry.told {
            self.changed.insert(name.to_owned());
            return;
        }
        let is_nobody = entry.now.is_none();
        self.changed.remove(name);
        if is_nobody {
            self.entries.remove(name);
        }
    }

    fn hear(&mut self) {
        self.heard = Some(Instant::now());
        self.code = 0;
    }

    /// Whether anything is to be told.
    fn has_news(&self) -> bool {
        !self.changed.is_empty() || (self.heard.is_some() && !self.told_of_list)
    }

    fn take(&mut self) -> Option<Vec<Change>> {
        if !self.has_news() {
            return None;
        }
        self.told_of_list |= self.heard.is_some();
        let (mut changes, mut there) = (Vec::new(), Vec::new());
        for name in mem::take(&mut self.changed) {
            let Some(entry) = self.entries.get_mut(&name) else {
                continue;
            };
            entry.told.clone_from(&entry.now);
            if let Some(node) = &entry.now {
                there.push(Change::Put(Arc::clone(node)));
            } else {
                self.entries.remove(&name);
                changes.push(Change::Gone(name));
            }
        }
        changes.append(&mut there);
        Some(changes)
    }
}

#[cfg(test)]
mod tests;
