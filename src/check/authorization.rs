//! Whether we may, and whether we may too much.

use std::path::Path;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::text::shell;
use super::{authentication, identity, rbac};
use crate::config::Kubelet;
use crate::kubelet::inspect::Who;
use crate::kubelet::{Refusal, Scraper};

/// A path of which no part is on any node, that needs `nodes/proxy` and does nothing: the kubelet looks at rights
/// first (`auth.go`: whatever has no subresource of its own needs `proxy`) and would then say 404.
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
    let user = refusal.user().or(ours).unwrap_or(rbac::SUPPOSED);
    if let Some(ours) = ours.filter(|ours| *ours != user) {
        let why = format!(
            "it names {user}, and what we show says {ours}: something in between answers for another, or the cluster names \
             its users in a way of its own"
        );
        return said(Diagnosis::Forbidden, &why).mend(Mend::say(
            "make sure whom the kubelet means before giving anybody a right",
        ));
    }
    let apply = Mend::apply(
        "give that very user the right, no other; it works up to 30 s later, because the kubelet remembers a no for so \
         long",
        rbac::for_users([user]),
    );
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
        return default_account(said, namespace);
    }
    said(
        Diagnosis::Forbidden,
        "no role with `get` on `nodes/stats` is bound to that user; a binding for somebody else does not help",
    )
    .mend(apply)
    .mend(Mend::run(
        "see whom bindings name, if there is one already",
        "kubectl get clusterrolebindings -o wide | grep telegraf",
    ))
    .mend(can_i(kubelet, user))
}

fn default_account(said: impl Fn(Diagnosis, &str) -> Finding, namespace: &str) -> Finding {
    said(
        Diagnosis::ForbiddenDefaultAccount,
        "the pod runs as its namespace's default ServiceAccount, so a binding for another one does not help",
    )
    .mend(Mend::apply(
        "run as a ServiceAccount of its own",
        "spec:\n  serviceAccountName: telegraf\n",
    ))
    .mend(Mend::apply(
        "and give that one the right",
        rbac::for_users([format!("system:serviceaccount:{namespace}:telegraf").as_str()]),
    ))
}

fn can_i(kubelet: &Kubelet, user: &str) -> Mend {
    let node = kubelet.trust.server_name.as_deref().unwrap_or("NODE");
    Mend::run(
        "see whether the API server agrees",
        format!(
            "kubectl auth can-i get nodes/{} --subresource=stats --as={}",
            shell(node),
            shell(user)
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

/// What the kubelet answers to who asks for more than is needed; `None` where it does not, within its deadline. Whatever
/// it is, it has judged us then.
pub async fn probe(scraper: &mut Scraper) -> Option<u16> {
    scraper.status_of(NEEDS_PROXY).await.ok()
}

/// We may: whether we may more than we need, by the answer to [`probe`].
pub fn granted(probed: Option<u16>, who: &Who) -> Finding {
    let may = "`get` on `nodes/stats`";
    if *who == Who::Nobody {
        return Finding::ok(Step::Authorization, "the read-only port asks nobody for rights");
    }
    match probed {
        Some(403) => Finding::ok(Step::Authorization, format!("{may}, and not nodes/proxy")),
        // The question went through: there is no such container, or the kubelet has those paths switched off.
        Some(400 | 404 | 405) => too_much(may),
        // An API server that could not be asked about this right answers neither yes nor no.
        Some(_) | None => Finding::ok(
            Step::Authorization,
            format!("{may}; whether nodes/proxy is granted too could not be found out"),
        ),
    }
}

fn too_much(may: &str) -> Finding {
    Finding::warning(
        Step::Authorization,
        Diagnosis::ProxyGranted,
        format!(
            "{may}, and nodes/proxy too: with it, `get` alone runs commands in every container of the node, and nothing \
             here needs it"
        ),
    )
    .mend(Mend::apply("let the role have nothing but this", rbac::ROLE))
    .mend(Mend::run(
        "see which role gives it",
        "kubectl get clusterroles -o yaml | grep -B12 nodes/proxy",
    ))
    .mend(Mend::say(
        "if no role does, the kubelet does not ask: authorization.mode in its configuration has to be Webhook, not \
         AlwaysAllow",
    ))
}
