//! Whether nodes can be shared: what we may do with Leases, and which members there are.
//!
//! Nothing is made to find that out: Leases are listed, and for the rest the API server is asked what we may
//! (`SelfSubjectAccessReview`, which everybody who is known may ask, and which is stored nowhere).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api_server::{self, Asked};
use super::finding::{Finding, Mend, Step};
use super::rbac::{self, Subject};
use super::text::{several, shell};
use super::{Diagnosis, identity};
use crate::cause::Cause;
use crate::client::{Client, Query};
use crate::cluster::share::{self, Answer};
use crate::cluster::{DiscoveryError, Leases};
use crate::config::Sharing;
use crate::json::Malformed;

/// Where it is asked what we may.
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// What a member does beside listing them.
const VERBS: [&str; 3] = ["create", "update", "delete"];

/// What was found.
pub async fn look(sharing: &Sharing, asked: &mut Asked, now: i64) -> Vec<Finding> {
    let (mut findings, mut refused) = (Vec::new(), Vec::new());
    match members(sharing, asked).await {
        Ok(said) => findings.push(Finding::ok(Step::Shards, said)),
        Err(error) if error.cause() == Cause::Forbidden => refused.push("list"),
        Err(error) => {
            let failed = api_server::failed(&error, &asked.who, now);
            return vec![Finding {
                step: Step::Shards,
                ..failed
            }];
        }
    }
    for verb in VERBS {
        match may(&mut asked.client, verb, &sharing.namespace).await {
            Ok(true) => {}
            Ok(false) => refused.push(verb),
            Err(why) => {
                let said = format!("whether we may {verb} Leases could not be asked: {why}");
                let unclear = Finding::warning(Step::Shards, Diagnosis::LeasesUnclear, said);
                findings.push(unclear.mend(match why.cause() {
                    Cause::Forbidden => give(sharing, asked),
                    _ => ask_by_kubectl(sharing, asked, verb),
                }));
                break;
            }
        }
    }
    if !refused.is_empty() {
        let (verbs, namespace) = (refused.join(", "), &sharing.namespace);
        let said = format!(
            "we may not {verbs} `leases` of `coordination.k8s.io` in namespace {namespace}, by which members share nodes: \
             this one would never have any"
        );
        let forbidden = Finding::failure(Step::Shards, Diagnosis::LeasesForbidden, said);
        findings.push(forbidden.mend(give(sharing, asked)));
    } else if findings.iter().all(|finding| finding.diagnosis.is_none()) {
        let said = format!("we may use Leases in namespace {}", sharing.namespace);
        findings.push(Finding::ok(Step::Shards, said));
    }
    findings
}

/// Who shares the nodes, in words.
async fn members(sharing: &Sharing, asked: &Asked) -> Result<String, DiscoveryError> {
    let mut leases = Leases::new(asked.client.beside(), &sharing.namespace, &sharing.group);
    let answer = leases.perform(&share::Step::List).await;
    let answer = answer?;
    let Answer::Listed(listed) = answer else {
        return Err(DiscoveryError::NotNodes(Malformed {
            at: 0,
            wanted: "a list of Leases",
        }));
    };
    let members: BTreeSet<_> = listed.iter().map(|lease| lease.member.as_str()).collect();
    let names = several(&members, false);
    let names = asked.client.profile().secrets().redact(names.as_bytes());
    Ok(members_said(sharing, members.len(), &names))
}

fn members_said(sharing: &Sharing, count: usize, names: &str) -> String {
    let Sharing { namespace, group, .. } = sharing;
    match count {
        0 => format!("no member of group {group} has a Lease in namespace {namespace} now"),
        1 => format!("1 member of group {group} has a Lease in namespace {namespace}: {names}"),
        _ => format!("{count} members of group {group} have Leases in namespace {namespace}: {names}"),
    }
}

/// Nobody refused anything, so that no right is what is missing.
fn ask_by_kubectl(sharing: &Sharing, asked: &Asked, verb: &str) -> Mend {
    let user = identity::user(&asked.who).map_or_else(String::new, |user| format!(" --as={}", shell(user)));
    Mend::run(
        "ask the API server by kubectl, as an administrator",
        format!(
            "kubectl auth can-i {verb} leases.coordination.k8s.io -n {}{user}",
            sharing.namespace
        ),
    )
}

fn give(sharing: &Sharing, asked: &Asked) -> Mend {
    match identity::user(&asked.who).and_then(Subject::of) {
        Some(subject) => Mend::apply(
            "give that very user the rights, in that namespace alone",
            rbac::for_leases(&sharing.namespace, [&subject]),
        ),
        None => Mend::run(
            "see which rights are needed, and give them",
            "telegraf-kubelet check --print-rbac",
        ),
    }
}

/// Whether we may do that with Leases.
async fn may(client: &mut Client, verb: &str, namespace: &str) -> Result<bool, DiscoveryError> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": {
            "group": "coordination.k8s.io", "resource": "leases", "verb": verb, "namespace": namespace,
        } },
    });
    let query = Query::post(REVIEWS, review.to_string()).expect("a path is one");
    let mut body = Vec::new();
    let got = client.get(query, &mut body).await;
    got.map_err(|failure| DiscoveryError::of(failure, client.shown()))?;
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let allowed = answer["status"]["allowed"].as_bool();
    allowed.ok_or(DiscoveryError::NotNodes(Malformed {
        at: body.len(),
        wanted: "a review of what we may",
    }))
}
