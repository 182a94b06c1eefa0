//! The nodes that were discovered: each asked for its summary once, and what came of it in a table.
//!
//! Knows nothing of why one fails: that is for the walk of those that are looked at in full.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Diagnosis;
use super::at_once::all;
use super::finding::{Finding, Mend, Step};
use super::text::several;
use crate::cause::Cause;
use crate::client::{Anchors, Profile};
use crate::cluster::{Address, Node, Roster, no_node};
use crate::config::Cluster;
use crate::json::{Read as _, Reader, Text};
use crate::kubelet::{Scraper, nodes_proxy};
use crate::open_files::{self, TooFew};

/// So many are asked at a time.
const AT_ONCE: usize = 64;

/// And for so long: where no node of thousands can be reached, some tell as much as all.
const ENOUGH: Duration = Duration::from_secs(60);

/// So many are looked at in full.
const IN_FULL: usize = 10;

/// A node, and what came of asking it.
#[derive(Debug)]
pub struct Told {
    /// The node.
    pub node: Arc<Node>,
    /// What came of it.
    pub result: Outcome,
    /// What is wrong, if anything is.
    pub wrong: Option<String>,
}

/// What came of asking a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As of a scrape.
    Asked(Cause),
    /// Nobody answers at its address: not even a certificate was shown.
    Unreached(Cause),
    /// It lists no address that is wanted.
    NoAddress,
    /// There was no time left.
    NotAsked,
}

impl Outcome {
    /// Its word: that of `kubelet_scrape`, where there would be a scrape.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked(cause) | Self::Unreached(cause) => cause.word(),
            Self::NoAddress => Cause::NoAddress.word(),
            Self::NotAsked => "not_asked",
        }
    }

    fn is_good(self) -> bool {
        self == Self::Asked(Cause::Success)
    }
}

/// Asks all of them, in the order of their names.
pub async fn ask(cluster: &Cluster, roster: &Roster) -> Vec<Told> {
    // One set of files, secrets and TLS for all, as in a run.
    let profile = Profile::new(Arc::clone(&cluster.client));
    let until = Instant::now() + ENOUGH;
    let cluster = Arc::new(cluster.clone());
    let nodes = roster.nodes().into_iter();
    all(
        nodes.map(|node| one(Arc::clone(&cluster), Arc::clone(&profile), node, until)),
        AT_ONCE,
    )
    .await
}

/// Where a node is asked, or why it is not.
fn asked_at(node: &Node, until: Instant) -> Result<&Address, (Outcome, Option<String>)> {
    let Some(address) = &node.address else {
        let wrong = "it lists no address of a type in node_address_types";
        return Err((Outcome::NoAddress, Some(wrong.to_owned())));
    };
    if Instant::now() < until {
        Ok(address)
    } else {
        Err((Outcome::NotAsked, None))
    }
}

async fn one(cluster: Arc<Cluster>, profile: Arc<Profile>, node: Arc<Node>, until: Instant) -> Told {
    let url = match asked_at(&node, until) {
        Ok(address) => address.url(),
        Err((result, wrong)) => {
            return Told { node, result, wrong };
        }
    };
    let kubelet = cluster.kubelet(&node.name, url);
    let mut scraper = Scraper::new(profile, kubelet.target, kubelet.question);
    let mut body = Vec::new();
    let (result, wrong) = match scraper.scrape(&mut body).await {
        Ok(_) => match other_node(&body, &node.name) {
            None => (Outcome::Asked(Cause::Success), None),
            Some(other) => {
                let other = scraper.redact(&other);
                (
                    Outcome::Asked(Cause::WrongNode),
                    Some(format!("the kubelet of node {other:?} answers there")),
                )
            }
        },
        Err(error) => {
            let cause = error.cause();
            let is_away =
                matches!(cause, Cause::ConnectionFailed | Cause::Timeout) && !scraper.has_seen_certificate();
            let result = if is_away {
                Outcome::Unreached(cause)
            } else {
                Outcome::Asked(cause)
            };
            (result, Some(error.to_string()))
        }
    };
    Told { node, result, wrong }
}

/// The node that a summary is of, where that is another one. What cannot be read is for the walk in full to tell.
fn other_node(summary: &[u8], node: &str) -> Option<String> {
    let mut name = Text::default();
    let read = Reader::new(summary).object(|reader, key| match &*key.word() {
        "node" => reader.object(|reader, key| match &*key.word() {
            "nodeName" => name.read(reader),
            _ => reader.skip(),
        }),
        _ => reader.skip(),
    });
    let other = name.text();
    (read.is_ok() && !other.is_empty() && other != node).then(|| other.into_owned())
}

/// Whom to look at in full: of those that fail one of each result first, then the others that fail, then the rest.
pub fn in_full(told: &[Told]) -> Vec<&Told> {
    let mut asked: Vec<_> = told
        .iter()
        .filter(|told| !matches!(told.result, Outcome::NoAddress | Outcome::NotAsked))
        .collect();
    let mut seen = BTreeMap::<_, usize>::new();
    asked.sort_by_cached_key(|told| {
        let like_it = seen.entry(told.result.word()).or_default();
        *like_it += 1;
        (told.result.is_good(), *like_it)
    });
    asked.truncate(IN_FULL);
    asked.sort_by(|one, other| one.node.name.cmp(&other.node.name));
    asked
}

/// What is to be said of all together.
pub fn sum(cluster: &Cluster, roster: &Roster, told: &[Told]) -> Vec<Finding> {
    if told.is_empty() {
        return vec![none(cluster)];
    }
    let with = |wanted: fn(Outcome) -> bool| {
        let found = told.iter().filter(move |told| wanted(told.result));
        found.map(|told| told.node.name.as_str()).collect::<Vec<_>>()
    };
    let good = with(Outcome::is_good).len();
    let said = format!("{good} of {} nodes answer with a summary", told.len());
    let mut findings = vec![Finding::ok(Step::Nodes, said)];
    let not_asked = with(|result| result == Outcome::NotAsked);
    if !not_asked.is_empty() {
        let said = format!("{} nodes were not asked: {ENOUGH:?} were over", not_asked.len());
        findings.push(Finding::ok(Step::Nodes, said));
    }
    let failing = with(|result| matches!(result, Outcome::Asked(_)) && !result.is_good());
    if !failing.is_empty() {
        let said = format!(
            "{} answer, and give no summary: {}",
            failing.len(),
            several(&failing, false)
        );
        let mend = Mend::say(
            "see what is wrong with each in the table, and how it is fixed with those that are looked at in full",
        );
        findings.push(Finding::failure(Step::Nodes, Diagnosis::NodesFailing, said).mend(mend));
    }
    findings.extend(unreached(&with(|result| matches!(result, Outcome::Unreached(_)))));
    findings.extend(without_address(&with(|result| result == Outcome::NoAddress)));
    findings.extend(shared(cluster, &roster.shared_addresses()));
    findings.extend(too_few_files(told.len()));
    findings
}

fn none(cluster: &Cluster) -> Finding {
    let said = no_node(&cluster.selector, &cluster.wanted);
    Finding::failure(Step::Nodes, Diagnosis::NoNodes, said).mend(Mend::run(
        "see which nodes there are, and their labels",
        "kubectl get nodes --show-labels",
    ))
}

/// The API server may have a way of its own, which costs a right that is never worth it.
const ONLY_PROXY: &str = concat!(
    "only the API server may have a way to them, for who has `",
    nodes_proxy!(),
    "`, which is the right to ",
    nodes_proxy!(to),
    ": it is not taken, and nobody should have it for metrics"
);

fn unreached(nodes: &[&str]) -> Option<Finding> {
    let said = || {
        let names = several(nodes, false);
        format!(
            "{} cannot be reached from here: {names}; {ONLY_PROXY}",
            nodes.len()
        )
    };
    (!nodes.is_empty()).then(|| {
        Finding::failure(Step::Nodes, Diagnosis::NodesUnreached, said())
            .mend(Mend::say(
                "let the network from here reach the nodes at the kubelets' port: a NetworkPolicy, a security group or the \
                 nodes' firewall may be in the way",
            ))
            .mend(Mend::say(
                "else run the program on each of these nodes, as a DaemonSet, and leave them out here with node_exclude",
            ))
    })
}

fn without_address(nodes: &[&str]) -> Option<Finding> {
    let first = nodes.first()?;
    let said = format!(
        "{} list no address of a type in node_address_types: {}",
        nodes.len(),
        several(nodes, false)
    );
    Some(
        Finding::failure(Step::Nodes, Diagnosis::NodesWithoutAddress, said)
            .mend(Mend::run(
                "see which it lists, and let node_address_types have one that can be reached",
                format!("kubectl get node {first} -o jsonpath='{{.status.addresses}}'"),
            ))
            .mend(Mend::say("or leave them out with node_exclude")),
    )
}

fn shared(cluster: &Cluster, addresses: &[(Address, Vec<String>)]) -> Option<Finding> {
    if addresses.is_empty() {
        return None;
    }
    let each = addresses
        .iter()
        .map(|(address, names)| format!("{address} ({})", names.join(", ")));
    let said = format!(
        "addresses that several nodes list: {}; one of them is left of a node that is gone, as a rule",
        several(each, false)
    );
    let finding = Finding::warning(Step::Nodes, Diagnosis::NodesShareAddress, said).mend(Mend::run(
        "see which of them is there, and delete the Node object of the other",
        "kubectl get nodes -o wide",
    ));
    let can_verify = !cluster.verify_node && cluster.client.trust.anchors != Anchors::Unverified;
    Some(if can_verify {
        finding.mend(Mend::configure(
            "where the kubelets' certificates carry the nodes' names (CN system:node:NAME), let each have to prove its own",
            "tls_verify_node = true\n",
        ))
    } else {
        finding
    })
}

/// A check closes its connections again, and so meets none of that itself.
fn too_few_files(nodes: usize) -> Option<Finding> {
    let TooFew { allowed, needed } = open_files::too_few_for(nodes)?;
    let said = format!(
        "there are {nodes} nodes, and the process may have {allowed} files open, of which each one's connection is one: some \
         can not be asked at each tick"
    );
    let mend = format!("set {} to {needed} or more", open_files::MEND);
    Some(
        Finding::warning(Step::Nodes, Diagnosis::FilesTooFew, said)
            .mend(Mend::say(mend))
            .mend(Mend::say(
                "or share the nodes with more members, by shards = \"leases\": each has connections to its own",
            )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_of_the_node_that_it_names() {
        assert_eq!(
            other_node(br#"{"node":{"nodeName":"a","x":1},"pods":[]}"#, "a"),
            None
        );
        let other = other_node(br#"{"pods":[],"node":{"nodeName":"b"}}"#, "a");
        assert_eq!(other.as_deref(), Some("b"));
        for none in [&b"{}"[..], b"{\"node\":{\"nodeName\":\"b\"", b""] {
            assert_eq!(other_node(none, "a"), None);
        }
    }

    fn told(name: &str, result: Outcome) -> Told {
        let page = format!(
            r#"{{"kind":"NodeList","metadata":{{"resourceVersion":"1"}},"items":[{{"metadata":{{"name":"{name}"}}}}]}}"#
        );
        let mut nodes = Vec::new();
        crate::cluster::read_page(page.as_bytes(), &crate::cluster::Wanted::default(), |node| {
            nodes.push(node);
        })
        .unwrap();
        Told {
            node: Arc::new(nodes.pop().unwrap()),
            result,
            wrong: None,
        }
    }

    #[test]
    fn of_many_those_are_looked_at_that_fail_one_of_each_kind_first() {
        let mut all: Vec<_> = (10..40)
            .map(|number| told(&format!("away-{number}"), Outcome::Unreached(Cause::Timeout)))
            .collect();
        all.extend((10..40).map(|number| told(&format!("good-{number}"), Outcome::Asked(Cause::Success))));
        all.push(told("late", Outcome::NotAsked));
        all.push(told("nowhere", Outcome::NoAddress));
        all.push(told("refused", Outcome::Asked(Cause::Forbidden)));
        let names: Vec<_> = in_full(&all).iter().map(|told| told.node.name.clone()).collect();
        assert_eq!(names.len(), IN_FULL);
        assert!(
            names.contains(&"refused".to_owned()) && names.contains(&"away-18".to_owned()),
            "{names:?}"
        );
        let some = &all[55..];
        let names: Vec<_> = in_full(some).iter().map(|told| told.node.name.as_str()).collect();
        assert_eq!(
            names,
            ["good-35", "good-36", "good-37", "good-38", "good-39", "refused"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_late_is_not_asked() {
        let mut node = Node::clone(&told("a", Outcome::NotAsked).node);
        let until = Instant::now() + ENOUGH;
        assert_eq!(
            asked_at(&node, until).map_err(|(result, _)| result),
            Err(Outcome::NoAddress)
        );
        let address = Address {
            host: "10.0.0.1".to_owned(),
            port: std::num::NonZeroU16::MAX,
        };
        node.address = Some(address.clone());
        assert_eq!(asked_at(&node, until), Ok(&address));
        tokio::time::advance(ENOUGH).await;
        assert_eq!(asked_at(&node, until), Err((Outcome::NotAsked, None)));
    }
}
