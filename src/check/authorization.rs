//! Whether we may, and whether we may too much.

use std::path::Path;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::rbac::Subject;
use super::text::{shell, yaml};
use super::{authentication, identity, rbac, setting};
use crate::client::inspect::Who;
use crate::config::Kubelet;
use crate::kubelet::{Refusal, Right, Scraper, nodes_pods, nodes_stats};

/// A path of which no part is on any node, that needs [`Right::PROXY`] and does nothing. The kubelet looks at rights first
/// (`auth.go`: whatever has no subresource of its own needs `proxy`). What it says behind that says nothing of rights:
/// 406 to who wants JSON, which go-restful finds no promise of in that route; 404, where any type will do; 405 with
/// `enableDebuggingHandlers: false`.
const NEEDS_PROXY: &str = "/containerLogs/telegraf-kubelet-check/none/none";

/// Where a pod's token lies when nothing else is said.
const IN_POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// A 403 of somebody who is known.
pub fn forbidden(kubelet: &Kubelet, refusal: &Refusal, who: &Who) -> Finding {
    let said = |diagnosis, why: &str| {
        let said = format!("the kubelet answers 403 {refusal}: {why}");
        Finding::failure(Step::Authorization, diagnosis, said)
    };
    let ours = identity::user(who);
    let Some(user) = refusal.user().or(ours) else {
        return said(Diagnosis::Forbidden, "it does not say to whom").mend(Mend::say(
            "find out whom the kubelet means before giving anybody a right",
        ));
    };
    if let Some(ours) = ours.filter(|ours| *ours != user) {
        let why = format!(
            "it names {user}, and what we show says {ours}: something in between answers for another, or the cluster names \
             its users in a way of its own"
        );
        return said(Diagnosis::Forbidden, &why).mend(Mend::say(
            "make sure whom the kubelet means before giving anybody a right",
        ));
    }
    let Some(subject) = Subject::of(user) else {
        return authentication::anonymous(who);
    };
    let metadata = kubelet.metadata.is_some();
    let apply = give(Right::needed(metadata), subject);
    if matches!(who, Who::Certificate(_)) && Path::new(IN_POD_TOKEN).exists() {
        return said(
            Diagnosis::TokenUnused,
            "the client certificate is known and has no right, and it wins over the pod's token, which lies unused",
        )
        .mend(Mend::say(
            "take tls_cert and tls_key out of the configuration, if the token is to be used",
        ))
        .mend(apply);
    }
    if let Some((namespace, "default")) = identity::account(user) {
        return default_account(metadata, said, namespace);
    }
    said(
        Diagnosis::Forbidden,
        concat!(
            "no role with ",
            nodes_stats!(whole),
            " is bound to that user; a binding for somebody else does not help"
        ),
    )
    .mend(apply)
    .mend(Mend::run(
        "see whom bindings name, if there is one already",
        "kubectl get clusterrolebindings -o wide | grep telegraf",
    ))
    .mend(can_i(kubelet, Right::STATS, user, who))
}

/// That very user gets these rights.
pub fn give(rights: impl IntoIterator<Item = &'static Right>, subject: Subject) -> Mend {
    let how = match &subject {
        Subject::Nodes => {
            "give the right to the group of all nodes, since that user is this node's alone: every node may then read every \
             other's kubelet, so that a certificate of our own is better"
        }
        Subject::ServiceAccount { .. } | Subject::User(_) => "give that very user the right, no other",
    };
    Mend::apply(
        format!("{how}; it works up to 30 s later, because the kubelet remembers a no for so long"),
        rbac::for_subjects(rights, &[subject]),
    )
}

fn default_account(metadata: bool, said: impl Fn(Diagnosis, &str) -> Finding, namespace: &str) -> Finding {
    const OWN: &str = "telegraf";
    let account = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {OWN}\n  namespace: {}\n---\n{}",
        yaml(namespace),
        rbac::for_subjects(Right::needed(metadata), &[Subject::account(namespace, OWN)])
    );
    said(
        Diagnosis::ForbiddenDefaultAccount,
        "the pod runs as its namespace's default ServiceAccount, so a binding for another one does not help",
    )
    .mend(Mend::apply(
        "make a ServiceAccount of its own, with the right",
        account,
    ))
    .mend(Mend::apply(
        "then let the pod run as that one",
        format!("spec:\n  serviceAccountName: {OWN}\n"),
    ))
}

/// Groups come from a certificate, so the API server has to be told of them when it is asked about somebody.
pub fn can_i(kubelet: &Kubelet, right: Right, user: &str, who: &Who) -> Mend {
    let node = kubelet.target.server_name.as_deref().unwrap_or("NODE");
    let mut somebody = format!("--as={}", shell(user));
    if let Who::Certificate(facts) = who {
        for group in &facts.organizations {
            somebody.extend([" --as-group=", &shell(group)]);
        }
    }
    Mend::run(
        "see whether the API server agrees",
        format!(
            "kubectl auth can-i {} nodes/{} --subresource={} {somebody}",
            right.verb,
            shell(node),
            right.subresource
        ),
    )
}

/// A 500: rights could not be looked up.
pub fn api_server_away(refusal: &Refusal) -> Finding {
    Finding::failure(
        Step::Authorization,
        Diagnosis::ApiServerAway,
        format!("the kubelet answers 500 {refusal}: it cannot ask its API server whether we may"),
    )
    .mends(authentication::api_server())
}

/// What became of the question that needs more than we do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Nobody was asked, because nobody is asked for rights there.
    NotAsked,
    /// We may not.
    Refused,
    /// We may: it came as far as the kubelet's own pages, or that they are switched off.
    Passed,
    /// The answer says neither.
    Unclear,
    /// Nothing is answered: whatever a kubelet says, it has judged us then.
    Silent,
}

impl Probe {
    fn of(status: u16) -> Self {
        match status {
            403 => Self::Refused,
            // Not known, asked too often, or led elsewhere. Of 500 and above most is an API server that could not be asked
            // about this right, which answers neither yes nor no, and the rest somebody's in between.
            401 | 429 | 300..=399 | 500.. => Self::Unclear,
            _ => Self::Passed,
        }
    }
}

/// Asks for what needs the dangerous right.
pub async fn probe(scraper: &mut Scraper, who: &Who) -> Probe {
    if *who == Who::Nobody {
        return Probe::NotAsked;
    }
    scraper
        .status_of(NEEDS_PROXY)
        .await
        .map_or(Probe::Silent, Probe::of)
}

/// We may: whether we may more than we need.
pub fn granted(kubelet: &Kubelet, probe: Probe, who: &Who) -> Finding {
    let (may, proxy) = (Right::STATS, Right::PROXY.name);
    match probe {
        Probe::NotAsked => Finding::ok(Step::Authorization, "the read-only port asks nobody for rights"),
        Probe::Refused => Finding::ok(Step::Authorization, format!("{may}, and not {proxy}")),
        Probe::Passed => too_much(kubelet, may, proxy, who),
        Probe::Unclear | Probe::Silent => Finding::ok(
            Step::Authorization,
            format!("{may}; whether {proxy} is granted too could not be found out"),
        ),
    }
}

fn too_much(kubelet: &Kubelet, may: Right, proxy: &str, who: &Who) -> Finding {
    let subject = identity::user(who).and_then(Subject::of);
    // Of two roles the second may not be there yet, where one role has everything.
    let beside = subject.filter(|_| kubelet.metadata.is_some()).map(|subject| {
        Mend::apply(
            "and give what metadata of pods needs by a role of its own; where the kubelet is of before Kubernetes 1.33 there is \
             none then, and no line is lost",
            rbac::for_subjects([&Right::PODS], &[subject]),
        )
    });
    let need = if kubelet.metadata.is_some() {
        concat!(
            ". A kubelet of before Kubernetes 1.33 wants it for /pods, which is never worth it; a newer one does with ",
            nodes_pods!()
        )
    } else {
        ", and nothing here needs it"
    };
    Finding::warning(
        Step::Authorization,
        Diagnosis::ProxyGranted,
        format!("{may}, and {proxy} too: with it, `get` alone runs commands in every container of the node{need}"),
    )
    .mend(Mend::apply("let the role have nothing but this", rbac::role(&Right::STATS)))
    .mends(beside)
    .mend(Mend::run(
        "see which role gives it",
        format!("kubectl get clusterroles -o yaml | grep -B12 {proxy}"),
    ))
    .mends(setting::authorization(
        "if no role does, the kubelet does not ask, and everybody who is known may do everything: let it ask, and restart it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::Worth;

    #[test]
    fn whatever_is_dangerous_is_asked_for() {
        let dangerous = Right::ALL.iter().filter(|right| right.worth == Worth::Dangerous);
        // `NEEDS_PROXY` asks for this one. Another needs its question, and a diagnosis.
        assert_eq!(dangerous.collect::<Vec<_>>(), [&Right::PROXY]);
    }

    #[test]
    fn a_question_that_went_through_is_known_by_not_being_refused() {
        for status in [200, 400, 404, 405, 406, 415] {
            assert_eq!(Probe::of(status), Probe::Passed, "{status}");
        }
        for status in [301, 401, 429, 500, 502, 503] {
            assert_eq!(Probe::of(status), Probe::Unclear, "{status}");
        }
        assert_eq!(Probe::of(403), Probe::Refused);
    }
}
