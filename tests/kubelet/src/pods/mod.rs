//! What a kubelet answers at `/pods`: the `PodList` of the very pods of a summary, as fat as real ones.
//!
//! Some 10 kB a pod on one line, keys in the order of the API's structs, `managedFields` and all, pods in another order each
//! time, as from Go's maps; a static pod has the uid of its file, and no mirror beside it. What a pod is like hangs on its
//! name and uid alone: the same summary gives the same pods. Each has every container that the summary has of it; in some
//! the last is a sidecar (an init container that goes on), and some have an init container that is done, of which a summary
//! knows nothing.

mod metadata;
mod owner;
mod resources;
mod spec;
mod status;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde_json::Value;

use crate::json::Json;
use crate::random::Random;
use owner::Maker;
use resources::Resources;

/// The `PodList` of the pods of `summary`, in the order that `seed` makes; of none where that is no summary.
#[must_use]
pub fn pod_list(summary: &[u8], seed: u64) -> Vec<u8> {
    Pods::of(summary).list(seed, false)
}

/// The pods of a summary, each ready to be sent.
pub(crate) struct Pods(Vec<(Source, String)>);

/// Where a kubelet has a pod from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    ApiServer,
    File,
}

impl Pods {
    pub(crate) fn of(summary: &[u8]) -> Self {
        let summary: Value = serde_json::from_slice(summary).unwrap_or_default();
        let pods = summary["pods"].as_array().map_or(&[][..], Vec::as_slice);
        Self(
            pods.iter()
                .filter_map(|pod| Pod::of(pod, &summary["node"]))
                .map(|pod| (pod.source(), pod.json()))
                .collect(),
        )
    }

    /// The list; `static_only` as long as the API server has told a new kubelet nothing.
    pub(crate) fn list(&self, seed: u64, static_only: bool) -> Vec<u8> {
        let mut items: Vec<&str> = self
            .0
            .iter()
            .filter(|(source, _)| !static_only || *source == Source::File)
            .map(|(_, item)| item.as_str())
            .collect();
        Random(seed.wrapping_mul(77) + 9).shuffle(&mut items);
        let items = if items.is_empty() {
            // A slice that nothing was put into.
            "null".to_owned()
        } else {
            format!("[{}]", items.join(","))
        };
        format!("{{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"items\":{items}}}\n")
            .into_bytes()
    }
}

/// A pod: what the summary says of it, and what follows from that.
struct Pod<'s> {
    namespace: &'s str,
    name: &'s str,
    uid: &'s str,
    node: &'s str,
    /// When it was made, near enough.
    started: &'s str,
    maker: Maker<'s>,
    containers: Vec<Container<'s>>,
    volumes: Vec<Volume<'s>>,
    host_network: bool,
    seed: u64,
}

/// One of its containers.
struct Container<'s> {
    name: &'s str,
    started: &'s str,
    role: Role,
    resources: Resources,
    image: String,
    seed: u64,
}

/// When a container runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Main,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// An init container that is done.
    Init,
}

/// One of its volumes, with the claim that it stands for.
struct Volume<'s> {
    name: &'s str,
    claim: Option<&'s str>,
}

impl<'s> Pod<'s> {
    fn of(pod: &'s Value, node: &'s Value) -> Option<Self> {
        let reference = &pod["podRef"];
        let (name, namespace, uid) = (
            reference["name"].as_str()?,
            reference["namespace"].as_str()?,
            reference["uid"].as_str()?,
        );
        let seed = hash(uid);
        let maker = Maker::of(name, uid);
        let started = pod["startTime"].as_str().unwrap_or("2026-01-01T00:00:00Z");
        let interfaces = &pod["network"]["interfaces"];
        Some(Self {
            namespace,
            name,
            uid,
            node: node["nodeName"].as_str().unwrap_or_default(),
            started,
            maker,
            containers: containers(pod, maker.application(name), started, seed),
            volumes: volumes(pod),
            // Its numbers are the node's own then.
            host_network: interfaces.is_array() && interfaces == &node["network"]["interfaces"],
            seed,
        })
    }

    fn source(&self) -> Source {
        if self.maker == Maker::File {
            Source::File
        } else {
            Source::ApiServer
        }
    }

    fn json(&self) -> String {
        Json::of(|j| {
            j.object("metadata", |j| metadata::print(j, self));
            j.object("spec", |j| spec::print(j, self));
            j.object("status", |j| status::print(j, self));
        })
    }

    /// Those of `spec.initContainers`, or those of `spec.containers`.
    fn containers_of(&self, init: bool) -> impl Iterator<Item = &Container<'s>> {
        let is_init = |role| matches!(role, Role::Sidecar | Role::Init);
        self.containers
            .iter()
            .filter(move |container| is_init(container.role) == init)
    }
}

fn containers<'s>(pod: &'s Value, application: &str, started: &'s str, seed: u64) -> Vec<Container<'s>> {
    let mut listed: Vec<(&str, &str)> = pod["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|container| {
            let started = container["startTime"].as_str().unwrap_or(started);
            Some((container["name"].as_str()?, started))
        })
        .collect();
    // A summary has them in any order.
    listed.sort_unstable();
    let count = listed.len();
    let role = |at| {
        if at > 0 && at + 1 == count && seed.is_multiple_of(4) {
            Role::Sidecar
        } else {
            Role::Main
        }
    };
    let mut roles: Vec<_> = listed
        .into_iter()
        .enumerate()
        .map(|(at, (name, started))| (name, started, role(at)))
        .collect();
    if seed.is_multiple_of(6) {
        roles.push(("prepare", started, Role::Init));
    }
    roles
        .into_iter()
        .map(|(name, started, role)| {
            let of_container = seed ^ hash(name);
            Container {
                name,
                started,
                role,
                resources: Resources::of(seed >> 8, of_container),
                image: image(application, name, of_container),
                seed: of_container,
            }
        })
        .collect()
}

fn volumes(pod: &Value) -> Vec<Volume<'_>> {
    let listed = pod["volume"].as_array().into_iter().flatten();
    listed
        .filter_map(|volume| {
            Some(Volume {
                name: volume["name"].as_str()?,
                claim: volume["pvcRef"]["name"].as_str(),
            })
        })
        .collect()
}

/// With and without the registry's port, a tag and a digest.
fn image(application: &str, container: &str, seed: u64) -> String {
    let version = format!("{}.{}.{}", 1 + seed % 3, seed % 17, seed % 7);
    match seed % 5 {
        0 => format!("registry.example.com:5000/team/{application}/{container}:{version}"),
        1 => format!("{container}:{version}-alpine"),
        2 => format!(
            "registry.example.com/{application}/{container}:v{version}@sha256:{}",
            hex(seed, 64)
        ),
        3 => format!("registry.example.com:5000/team/{container}"),
        _ => format!("registry.example.com/{application}/{container}:{version}"),
    }
}

/// So many digits that look random.
fn hex(seed: u64, digits: usize) -> String {
    let mut random = Random(seed);
    let mut text = String::new();
    while text.len() < digits {
        let _ = write!(text, "{:016x}", random.next());
    }
    text.truncate(digits);
    text
}

/// A uid as the API server makes them.
fn uuid(seed: u64) -> String {
    let digits = hex(seed, 32);
    format!(
        "{}-{}-4{}-a{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..]
    )
}

/// FNV-1a, and mixed.
fn hash(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    Random(text.bytes().fold(0xcbf2_9ce4_8422_2325, fold)).next()
}
