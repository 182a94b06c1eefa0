//! The way to the nodes of a block with `discover`: the API server, what it takes us for, and whether it lets us list and
//! watch them.

use super::finding::{Finding, Level, Mend, Step};
use super::rbac::{self, Subject};
use super::text::days_left;
use super::{Diagnosis, clock, files, identity, tls};
use crate::cause::Cause;
use crate::client::inspect::Who;
use crate::client::{Client, Profile, Target};
use crate::cluster::{DiscoveryError, Roster, counted, once};
use crate::config::{Cluster, Kubelet};
use crate::date::date;
use crate::redact::Secrets;
use std::sync::Arc;

/// An API server that is asked, and what is known by then.
pub struct Asked {
    /// Who asks it.
    pub client: Client,
    /// Who we are there.
    pub who: Who,
    /// What was found on the way.
    pub findings: Vec<Finding>,
    /// The nodes, where it told them.
    pub nodes: Option<Roster>,
}

/// Lists the nodes, and begins to watch them.
pub async fn ask(cluster: &Cluster, now: i64, in_pod: bool) -> Asked {
    let api_server = &cluster.api_server;
    let secrets = Secrets::default();
    let (mut findings, who) = files::look(&as_kubelet(cluster), now, in_pod, &secrets);
    let profile = Profile::with_secrets(Arc::clone(&api_server.client), secrets);
    let mut asked = Asked {
        client: Client::new(profile, api_server.target.clone()),
        who: who.unwrap_or(Who::Nobody),
        findings: Vec::new(),
        nodes: None,
    };
    findings.insert(0, Finding::ok(Step::Config, "good"));
    let files_are_good = findings.iter().all(|finding| finding.level < Level::Failure);
    asked.findings = findings;
    if files_are_good {
        asked.findings.push(identity::describe(&asked.who, now));
        asked.discover(cluster, now).await;
    }
    asked
}

/// Its files are looked at as a kubelet's.
fn as_kubelet(cluster: &Cluster) -> Kubelet {
    let Target { url, .. } = cluster.api_server.target.clone();
    Kubelet {
        client: Arc::clone(&cluster.api_server.client),
        ..cluster.kubelet("", url)
    }
}

impl Asked {
    async fn discover(&mut self, cluster: &Cluster, now: i64) {
        let roster = Roster::new();
        let listed = once::list(&mut self.client, &cluster.selector, &cluster.wanted, &roster).await;
        let watched = match &listed {
            Ok(version) => once::watch(&mut self.client, &cluster.selector, version).await,
            Err(_) => Ok(()),
        };
        self.handshake(now);
        match listed.and(watched) {
            Ok(()) => {
                let standing = roster.standing();
                let said = format!(
                    "the API server lists {}, {} of them ready, and lets us watch them",
                    counted(standing.nodes),
                    standing.ready
                );
                self.findings.push(Finding::ok(Step::Discovery, said));
                self.nodes = Some(roster);
            }
            Err(error) => self.findings.push(failed(&error, &self.who, now)),
        }
    }

    fn handshake(&mut self, now: i64) {
        let shown = self.client.shown().facts();
        if let Some(evidence) = clock::wrong(shown.as_ref(), &self.who, now) {
            self.findings.push(tls::clock(&evidence));
        }
        if let Some(shown) = shown {
            let (subject, issuer) = (&shown.subject, &shown.issuer);
            let (until, left) = (date(shown.not_after), days_left(shown.not_after, now));
            let said = format!(
                "the API server shows {subject:?}, signed by {issuer:?}, for {}, until {until} ({left})",
                shown.names.join(", ")
            );
            self.findings.push(Finding::ok(Step::Tls, said));
        }
    }
}

/// The error's own text has the fix in short; what can be copied comes with it.
pub fn failed(error: &DiscoveryError, who: &Who, now: i64) -> Finding {
    if let DiscoveryError::File(error) = error {
        return files::unusable(error);
    }
    let found = |diagnosis| Finding::failure(Step::Discovery, diagnosis, error.to_string());
    let ready = Mend::run(
        "see whether it answers others, from a machine with kubectl",
        "kubectl get --raw /readyz --request-timeout=10s",
    );
    match error.cause() {
        Cause::ConnectionFailed | Cause::Timeout => found(Diagnosis::DiscoveryAway).mend(ready).mend(Mend::say(
            "let the network from here reach the API server: a NetworkPolicy or a firewall may be in the way",
        )),
        Cause::Tls => found(Diagnosis::DiscoveryTls).mend(Mend::say(
            "in a pod leave api_server out: its ServiceAccount has the CA that signed the API server's certificate; elsewhere \
             name that CA in tls_ca, as certificate-authority-data of a kubeconfig has it",
        )),
        Cause::Unauthorized => {
            let finding = found(Diagnosis::DiscoveryUnauthorized);
            match (identity::flaw(who, now), who) {
                (Some((_, why, mends)), _) => finding.mend(Mend::say(why)).mends(mends),
                (None, Who::Certificate(facts)) => finding
                    .mend(Mend::say(format!(
                        "the client certificate is signed by {:?}, which is not the CA of this cluster's clients, or another \
                         cluster's of the same name",
                        facts.issuer
                    )))
                    .mend(identity::signer()),
                (None, Who::Token(_) | Who::Nobody) => finding.mend(Mend::say(
                    "in a pod run as a ServiceAccount that is there, and leave bearer_token and api_server out; elsewhere the \
                     token has to be one of this cluster",
                )),
            }
        }
        Cause::Forbidden => match identity::user(who).and_then(Subject::of) {
            Some(subject) => found(Diagnosis::DiscoveryForbidden).mend(Mend::apply(
                "give that very user the right, no other",
                rbac::for_discovery([&subject]),
            )),
            None => found(Diagnosis::DiscoveryForbidden)
                .mend(Mend::say("make sure whom the API server means before giving anybody a right")),
        },
        _ if error.is_of_kubelet() => found(Diagnosis::DiscoveryFailed).mend(Mend::run(
            "see at which address and port the API server is, from a machine with kubectl",
            "kubectl cluster-info",
        )),
        _ => found(Diagnosis::DiscoveryFailed).mend(ready),
    }
}
