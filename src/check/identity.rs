//! Who the files say that we are. Read and not verified: the kubelet decides.

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::text::{days_left, span};
use crate::client::Claims;
use crate::client::certificate::Facts;
use crate::client::inspect::Who;
use crate::date::date;
use crate::kubelet::{Reminder, What};
use crate::redact::Redacted;

/// A ServiceAccount's token names its user so.
const ACCOUNT: &str = "system:serviceaccount:";

/// The user, where the files say it.
pub fn user(who: &Who) -> Option<&str> {
    match who {
        Who::Nobody => None,
        Who::Token(claims) => claims.as_ref()?.subject.as_deref(),
        Who::Certificate(facts) => facts.common_name.as_deref(),
    }
}

/// Namespace and name, of a ServiceAccount's user.
pub fn account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix(ACCOUNT)?.split_once(':')
}

/// In words.
pub fn describe(who: &Who, now: i64) -> Finding {
    Finding::ok(
        Step::Identity,
        match who {
            Who::Nobody => "none is shown: the read-only port asks nobody".to_owned(),
            Who::Token(None) => "a token that is no JWT, so nothing can be told of it".to_owned(),
            Who::Token(Some(claims)) => of_token(claims, now),
            Who::Certificate(facts) => of_certificate(facts, now),
        },
    )
}

fn of_token(claims: &Claims, now: i64) -> String {
    let subject = claims.subject.as_deref().unwrap_or("nobody in particular");
    let mut said = match account(subject) {
        Some((namespace, name)) => format!("ServiceAccount {name} of namespace {namespace}"),
        None => format!("user {subject:?}"),
    };
    if let Some(issuer) = &claims.issuer {
        said = format!("{said}; issued by {issuer}");
    }
    if !claims.audiences.is_empty() {
        said = format!("{said}; for {}", claims.audiences.join(", "));
    }
    if let Some(expires) = claims.expires {
        said = format!("{said}; until {} ({})", date(expires), days_left(expires, now));
    }
    said
}

fn of_certificate(facts: &Facts, now: i64) -> String {
    let user = facts.common_name.as_deref().unwrap_or("nobody");
    let groups = match facts.organizations.as_slice() {
        [] => "no group".to_owned(),
        groups => format!("groups {}", groups.join(", ")),
    };
    format!(
        "user {user:?} (CN), {groups} (O); signed by {:?}; until {} ({})",
        facts.issuer,
        date(facts.not_after),
        days_left(facts.not_after, now)
    )
}

/// What expires soon, of what works now; and what has expired by its own word, and is taken all the same.
pub fn runs_out(reminder: &Reminder) -> Finding {
    let (step, expired) = match reminder.what {
        What::Token => (Step::Identity, Diagnosis::TokenExpired),
        What::ClientCertificate => (Step::Identity, Diagnosis::CertificateExpired),
        What::ServingCertificate => (Step::Tls, Diagnosis::ServingExpired),
    };
    let diagnosis = if reminder.has_expired() {
        expired
    } else {
        Diagnosis::ExpiresSoon
    };
    Finding::warning(step, diagnosis, reminder.fact()).mend(Mend::say(reminder.mend()))
}

/// Why a kubelet must refuse it, as far as the files themselves tell.
pub fn flaw(who: &Who, now: i64) -> Option<(Diagnosis, String, Vec<Mend>)> {
    match who {
        Who::Nobody => None,
        Who::Token(None) => Some((
            Diagnosis::TokenNotJwt,
            "the file of bearer_token holds no JWT, which every ServiceAccount's token is".to_owned(),
            vec![Mend::say(
                "name the file of a projected ServiceAccount token: in a pod, leave bearer_token out",
            )],
        )),
        Who::Token(Some(claims)) => of_claims(claims, now),
        Who::Certificate(facts) => of_facts(facts, now),
    }
}

fn of_claims(claims: &Claims, now: i64) -> Option<(Diagnosis, String, Vec<Mend>)> {
    if let Some(end) = claims.expires.filter(|end| *end <= now) {
        return Some((
            Diagnosis::TokenExpired,
            format!(
                "the token expired on {}, {} ago",
                date(end),
                span(now.saturating_sub(end))
            ),
            vec![
                Mend::say(
                    "use a projected ServiceAccount token, which the kubelet renews in its file; a copy is never renewed",
                ),
                Mend::run(
                    "if there is one, see when its file was written",
                    "ls -lL /var/run/secrets/kubernetes.io/serviceaccount/",
                ),
            ],
        ));
    }
    let begins = claims.not_before.or(claims.issued);
    if let Some(begin) = begins.filter(|begin| *begin > now) {
        return Some((
            Diagnosis::TokenNotYetValid,
            format!(
                "the token is valid from {}, {} from now",
                date(begin),
                span(begin.saturating_sub(now))
            ),
            super::clock::mends(),
        ));
    }
    is_for_somebody_else(claims).then(|| {
        (
            Diagnosis::TokenAudience,
            format!(
                "the token is for {}, and a kubelet takes only those for its API server",
                claims.audiences.join(", ")
            ),
            vec![Mend::apply(
                "take `audience` out of the token's projection",
                "- serviceAccountToken:\n    path: token\n    expirationSeconds: 3607\n",
            )],
        )
    })
}

/// The API server's own audiences are its choice (`--api-audiences`): by default its issuer, and in clusters with
/// another issuer a name of the service `kubernetes`.
fn is_for_somebody_else(claims: &Claims) -> bool {
    let ours = |audience: &Redacted| {
        Some(audience) == claims.issuer.as_ref() || audience.contains("kubernetes") || *audience == *"k3s"
    };
    !claims.audiences.is_empty() && !claims.audiences.iter().any(ours)
}

fn of_facts(facts: &Facts, now: i64) -> Option<(Diagnosis, String, Vec<Mend>)> {
    if facts.not_after <= now {
        return Some((
            Diagnosis::CertificateExpired,
            format!(
                "the client certificate expired on {}, {} ago",
                date(facts.not_after),
                span(now.saturating_sub(facts.not_after))
            ),
            vec![Mend::say(
                "have a new one signed and put it into the files of tls_cert and tls_key; it is taken up without a \
                 restart",
            )],
        ));
    }
    if facts.not_before > now {
        return Some((
            Diagnosis::CertificateNotYetValid,
            format!("the client certificate is valid from {}", date(facts.not_before)),
            super::clock::mends(),
        ));
    }
    (!facts.uses.clients).then(|| {
        (
            Diagnosis::CertificatePurpose,
            "the client certificate is not for clients: it lacks the extended key usage `client auth`"
                .to_owned(),
            vec![signer()],
        )
    })
}

/// The cluster's own signer of client certificates, in a `CertificateSigningRequest`.
pub fn signer() -> Mend {
    Mend::apply(
        "have it signed by the cluster, for that use",
        "spec:\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [\"client auth\"]\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_of_known_clusters_are_the_api_servers() {
        let claims = |issuer: &'static str, audiences: &[&'static str]| Claims {
            issuer: Some(Redacted::ours(issuer)),
            audiences: audiences.iter().copied().map(Redacted::ours).collect(),
            ..Claims::default()
        };
        for (issuer, audiences) in [
            (
                "https://kubernetes.default.svc.cluster.local",
                &["https://kubernetes.default.svc.cluster.local"][..],
            ),
            (
                "https://oidc.eks.example/id/X",
                &["https://kubernetes.default.svc"],
            ),
            (
                "https://kubernetes.default.svc.cluster.local",
                &["https://kubernetes.default.svc.cluster.local", "k3s"],
            ),
            (
                "https://container.example/v1/projects/p",
                &["https://container.example/v1/projects/p"],
            ),
            ("https://any.example", &[]),
        ] {
            assert!(
                !is_for_somebody_else(&claims(issuer, audiences)),
                "{issuer} {audiences:?}"
            );
        }
        assert!(is_for_somebody_else(&claims(
            "https://kubernetes.default.svc",
            &["vault"]
        )));
    }
}
