//! A node as it is kept: the few things of a `v1.Node` that anything here depends on, and how they are read.
//!
//! An object may be odd in any way; then it lacks what is odd, and no other one lacks anything. What is kept of one is
//! bounded, whatever it has: managed fields and lists of images, which are most of it, are stepped over.
//!
//! Knows the API's types. What is done when an event comes, and what is asked when, is for others.

mod types;

use std::collections::BTreeMap;

use super::address::{self, Address, AddressType};
use super::name::{self, bounded, is_subdomain};
use crate::filter::Filter;
use crate::json::{Malformed, Pairs, Read as _, Reader, Text};
use crate::quantity;

/// The longest key of a label: a subdomain, a slash, and a name as long as a value.
const LONGEST_KEY: usize = name::LONGEST + 1 + LONGEST_VALUE;

/// The longest value of a label.
const LONGEST_VALUE: usize = 63;

/// More labels of one node are not kept: a node of a cloud has some thirty.
const MOST_LABELS: usize = 128;

/// Longer than any version of a resource: they are numbers, and API servers say that they need not be.
const LONGEST_VERSION: usize = 256;

/// Longer than any token for the next page: some 250 bytes, by the longest name that there is.
const LONGEST_TOKEN: usize = 4096;

/// Of which nodes, and what of them, anything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// By name.
    pub names: Filter,
    /// Labels, by key; `None` for none at all.
    pub labels: Option<Filter>,
    /// Types of addresses: the first one that a node has is dialled.
    pub address_types: Vec<AddressType>,
}

impl Wanted {
    /// The options that nodes are let through by, beside their labels'.
    pub fn options(&self) -> impl Iterator<Item = &'static str> + use<> {
        let include = (!self.names.includes_all()).then_some("node_include");
        let exclude = (!self.names.excludes_none()).then_some("node_exclude");
        include.into_iter().chain(exclude)
    }
}

impl Default for Wanted {
    /// All nodes, without their labels.
    fn default() -> Self {
        Self {
            names: Filter::default(),
            labels: None,
            address_types: AddressType::ALL.to_vec(),
        }
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name: a subdomain of DNS, so that it can stand in any text.
    pub name: String,
    /// Where its kubelet answers; `None` where it lists no address that is wanted and can be dialled.
    pub address: Option<Address>,
    /// The labels that are wanted and say something, by their keys.
    pub labels: Vec<(String, String)>,
    /// Its kubelet has told the API server of late that all is well.
    pub ready: bool,
    /// Nobody may be scheduled onto it: `kubectl cordon`.
    pub unschedulable: bool,
    /// What it has.
    pub capacity: Amounts,
    /// What it has for pods.
    pub allocatable: Amounts,
}

/// How much a node has, each where it says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Thousandths of processors.
    pub millicpu: Option<u64>,
    /// Bytes of memory.
    pub memory_bytes: Option<u64>,
    /// Pods.
    pub pods: Option<u64>,
}

/// What a page of a list says beside its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The state that was listed: a watch goes on from it.
    pub resource_version: String,
    /// What to ask for the rest with, where there is more.
    pub next: Option<String>,
    /// Objects that no node can be: they have no name, or none that Kubernetes allows.
    pub odd: u64,
}

/// What a watch tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A node is there, or is like this now.
    Put(Node),
    /// The node of that name is gone, or no longer one of those that were asked for.
    Gone(String),
    /// Nothing happened up to this version.
    Bookmark,
    /// The watch is over.
    Error {
        /// As of HTTP; 0 where none was said.
        code: u16,
        /// Why.
        reason: Reason,
    },
    /// Something is told of a node that is not wanted; the name is empty where it is none that a node can have.
    LeftOut(String),
}

/// Why a watch is over: of `metav1.StatusReason` those that matter here. The server's own words are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The version to go on from is too old: it is to be listed anew.
    Expired,
    /// The server is too busy, or not ready.
    Busy,
    /// It takes who we are for nobody.
    Unauthorized,
    /// We may not.
    Forbidden,
    /// Anything else.
    Other,
}

impl Reason {
    fn new(code: u16, reason: &str) -> Self {
        match (reason, code) {
            ("Expired" | "Gone", _) | (_, 410) => Self::Expired,
            ("TooManyRequests" | "ServiceUnavailable" | "Timeout" | "ServerTimeout", _)
            | (_, 429 | 503 | 504) => Self::Busy,
            ("Unauthorized", _) | (_, 401) => Self::Unauthorized,
            ("Forbidden", _) | (_, 403) => Self::Forbidden,
            _ => Self::Other,
        }
    }
}

/// Reads a page of a `NodeList`, and hands on its nodes that are wanted.
///
/// # Errors
/// It is no list of nodes, or not a whole one. What was handed on until then must be thrown away.
pub fn read_page(body: &[u8], wanted: &Wanted, mut each: impl FnMut(Node)) -> Result<Page, Malformed> {
    let mut reader = Reader::new(body);
    let (mut kind, mut meta) = (Text::default(), types::ListMeta::default());
    let (mut lists, mut odd, mut object) = (0, 0, types::Object::default());
    reader.object(|reader, key| match &*key.word() {
        "kind" => kind.read(reader),
        "metadata" => meta.read(reader),
        "items" => {
            lists += 1;
            reader.list_of_objects(|reader| {
                object.read(reader)?;
                match Named::of(&object, wanted) {
                    Named::Wanted(name) => each(node(name, &object, wanted)),
                    Named::Other(_) => {}
                    Named::Odd => odd += 1,
                }
                Ok(())
            })
        }
        _ => reader.skip(),
    })?;
    reader.end()?;
    // An answer of somebody else, taken for a list without nodes, would be the end of them all.
    let no_list = |wanted| {
        let at = body.len();
        Err(Malformed { at, wanted })
    };
    if lists != 1 || !(kind.is_empty() || &*kind.word() == "NodeList") {
        return no_list("a list of nodes");
    }
    let Some(resource_version) = version(meta.resource_version) else {
        return no_list("a list's resourceVersion");
    };
    let next = meta.next;
    if next.raw().len() > LONGEST_TOKEN {
        return no_list("a shorter token for the next page");
    }
    Ok(Page {
        resource_version,
        next: (!next.is_empty()).then(|| next.text().into_owned()),
        odd,
    })
}

/// Reads one event of a watch of nodes, and the version up to which all is told with it.
///
/// # Errors
/// It is no event.
pub fn read_event(line: &[u8], wanted: &Wanted) -> Result<(Event, Option<String>), Malformed> {
    let mut reader = Reader::new(line);
    let mut event = types::Event::default();
    event.read(&mut reader)?;
    reader.end()?;
    let object = &event.object;
    let told = match &*event.kind.word() {
        kind @ ("ADDED" | "MODIFIED" | "DELETED") => match Named::of(object, wanted) {
            Named::Wanted(name) if kind == "DELETED" => Event::Gone(name),
            Named::Wanted(name) => Event::Put(node(name, object, wanted)),
            Named::Other(name) => Event::LeftOut(name),
            Named::Odd => Event::LeftOut(String::new()),
        },
        "BOOKMARK" => Event::Bookmark,
        "ERROR" => {
            let code = str::from_utf8(object.code.token()).ok();
            let code = code.and_then(|code| code.parse().ok()).unwrap_or(0);
            let reason = Reason::new(code, &object.reason.word());
            return Ok((Event::Error { code, reason }, None));
        }
        _ => {
            return Err(Malformed {
                at: 0,
                wanted: "an event of a watch",
            });
        }
    };
    Ok((told, version(object.metadata.resource_version)))
}

/// Whose object it is.
enum Named {
    Wanted(String),
    Other(String),
    Odd,
}

impl Named {
    fn of(object: &types::Object<'_>, wanted: &Wanted) -> Self {
        match object_name(object.metadata.name) {
            Some(name) if wanted.names.lets_through(&name) => Self::Wanted(name),
            Some(name) => Self::Other(name),
            None => Self::Odd,
        }
    }
}

/// A name, if it is a subdomain of DNS, as that of every node: letters in lower case, digits, `-` and `.`. Nothing else gets
/// into a log, a line or the name that a certificate has to have.
fn object_name(text: Text<'_>) -> Option<String> {
    let name = bounded(text, name::LONGEST)?;
    is_subdomain(&name).then_some(name)
}

/// A version, which means nothing to us, and stands in a query.
fn version(text: Text<'_>) -> Option<String> {
    bounded(text, LONGEST_VERSION)
}

fn node(name: String, object: &types::Object<'_>, wanted: &Wanted) -> Node {
    let status = &object.status;
    let listed: Vec<_> = status.addresses.iter().filter_map(address).collect();
    let address = address::host(&listed, &wanted.address_types).map(|host| Address {
        host,
        port: address::port(status.daemon_endpoints.kubelet_endpoint.port.token()),
    });
    Node {
        name,
        address,
        labels: labels(object.metadata.labels, wanted.labels.as_ref()),
        ready: status.conditions.iter().any(is_ready),
        unschedulable: object.spec.unschedulable.token() == b"true",
        capacity: amounts(&status.capacity),
        allocatable: amounts(&status.allocatable),
    }
}

fn address(of: &types::NodeAddress<'_>) -> Option<(AddressType, String)> {
    let kind = AddressType::parse(&of.kind.word())?;
    Some((kind, bounded(of.address, name::LONGEST)?))
}

fn is_ready(condition: &types::Condition<'_>) -> bool {
    &*condition.kind.word() == "Ready" && &*condition.status.word() == "True"
}

fn amounts(of: &types::ResourceList<'_>) -> Amounts {
    Amounts {
        millicpu: quantity::milli(&of.cpu.word()),
        memory_bytes: quantity::whole(&of.memory.word()),
        pods: quantity::whole(&of.pods.word()),
    }
}

/// The labels that are wanted. Where there are more than are kept, those whose keys are first; of a key given twice the last
/// counts.
fn labels(pairs: Pairs<'_>, wanted: Option<&Filter>) -> Vec<(String, String)> {
    let Some(wanted) = wanted else {
        return Vec::new();
    };
    let mut found = BTreeMap::new();
    pairs.each(|key, value| {
        let Some(key) = bounded(key, LONGEST_KEY).filter(|key| wanted.lets_through(key)) else {
            return;
        };
        match bounded(value, LONGEST_VALUE) {
            Some(value) => found.insert(key, value),
            None => found.remove(&key),
        };
        if found.len() > MOST_LABELS {
            found.pop_last();
        }
    });
    found.into_iter().collect()
}

#[cfg(test)]
mod tests;
