//! What a request asks for: the verb and the resource in Kubernetes' own words.

use std::collections::BTreeMap;

use hyper::{Method, Uri};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// All of them are read.
    List,
    /// Changes of them are followed.
    Watch,
    /// One is read.
    Get,
    /// One is made.
    Create,
    /// One is put in the place of what is there.
    Update,
    /// One is removed.
    Delete,
    /// Something that is not served here.
    Other,
}

impl Verb {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Watch => "watch",
            Self::Get => "get",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Other => "patch",
        }
    }
}

/// What it is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// `nodes`
    Nodes,
    /// `leases.coordination.k8s.io`
    Leases,
    /// `/version`, and whatever is not served here.
    Other,
}

impl Resource {
    /// The plural's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Leases => "leases",
            Self::Other => "",
        }
    }

    pub(super) fn group(self) -> &'static str {
        match self {
            Self::Leases => "coordination.k8s.io",
            Self::Nodes | Self::Other => "",
        }
    }

    /// The word as a message has it.
    pub(super) fn qualified(self) -> &'static str {
        match self {
            Self::Leases => "leases.coordination.k8s.io",
            Self::Nodes | Self::Other => self.word(),
        }
    }
}

/// A request, read.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) verb: Verb,
    pub(super) resource: Resource,
    /// Empty for what is in none.
    pub(super) namespace: String,
    /// Empty for all of them.
    pub(super) name: String,
    pub(super) path: String,
    query: BTreeMap<String, String>,
}

impl Asked {
    pub(super) fn read(method: &Method, uri: &Uri) -> Self {
        let query: BTreeMap<_, _> = uri.query().unwrap_or_default().split('&').map(pair).collect();
        let segments: Vec<String> = uri.path().split('/').skip(1).map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (resource, namespace, name) = match segments[..] {
            ["api", "v1", "nodes"] => (Resource::Nodes, "", ""),
            ["api", "v1", "nodes", name] => (Resource::Nodes, "", name),
            ["apis", "coordination.k8s.io", "v1", "leases"] => (Resource::Leases, "", ""),
            ["apis", "coordination.k8s.io", "v1", "namespaces", of, "leases"] => (Resource::Leases, of, ""),
            [
                "apis",
                "coordination.k8s.io",
                "v1",
                "namespaces",
                of,
                "leases",
                name,
            ] => (Resource::Leases, of, name),
            _ => (Resource::Other, "", ""),
        };
        let watches = query.get("watch").is_some_and(|on| on != "0" && on != "false");
        let verb = match (method.as_str(), name.is_empty()) {
            ("GET", true) if watches => Verb::Watch,
            ("GET", true) => Verb::List,
            ("GET", false) => Verb::Get,
            ("POST", true) => Verb::Create,
            ("PUT", false) => Verb::Update,
            ("DELETE", false) => Verb::Delete,
            _ => Verb::Other,
        };
        Self {
            verb,
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            path: uri.path().to_owned(),
            query,
        }
    }

    /// What the query says under this key; an empty text is nothing.
    pub(super) fn query(&self, key: &str) -> Option<&str> {
        let value = self.query.get(key).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        self.query(key)
            .is_some_and(|value| value != "0" && value != "false")
    }
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (decoded(&key.replace('+', " ")), decoded(&value.replace('+', " ")))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok());
        if let (b'%', Some(code)) = (first, code) {
            bytes.push(code);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
