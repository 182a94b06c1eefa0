//! A 401: who is not known, and why. The kubelet says one word, whatever the reason; so what the files say of
//! themselves is looked at, and then the API server is asked, which is the one that knows tokens.

use std::num::NonZeroU16;
use std::path::Path;
use std::sync::Arc;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::text::shell;
use super::{identity, setting};
use crate::client::certificate::Facts;
use crate::client::inspect::Who;
use crate::client::{Anchors, Client, Credential, Profile, Scheme, Settings, Target, Trust, Url};
use crate::config::Kubelet;
use crate::kubelet::{NOBODY, ScrapeError};
use crate::redact::Redacted;

/// Any path will do that asks for nothing but to be known.
const KNOWN_TO_ALL: &str = "/version";

/// What the API server says of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// It is good.
    Known,
    /// It is not.
    Unknown,
    /// There is no answer.
    Away,
    /// It was not asked: we are in no pod, or its CA is not beside the token.
    NotAsked,
}

/// Why the kubelet answers 401.
pub async fn refused(
    kubelet: &Kubelet,
    who: &Who,
    client_cas: Option<&[Redacted]>,
    now: i64,
    env: &dyn Fn(&str) -> Option<String>,
) -> Finding {
    if let Some((diagnosis, why, mends)) = identity::flaw(who, now) {
        return unauthorized(diagnosis, &why).mends(mends);
    }
    match who {
        Who::Certificate(facts) => certificate(facts, client_cas),
        Who::Token(_) | Who::Nobody => token(who, ask_api_server(kubelet, env).await),
    }
}

fn unauthorized(diagnosis: Diagnosis, why: &str) -> Finding {
    let said = format!("the kubelet answers 401 Unauthorized: {why}");
    Finding::failure(Step::Authentication, diagnosis, said)
}

fn certificate(facts: &Facts, client_cas: Option<&[Redacted]>) -> Finding {
    let Some(cas) = client_cas else {
        return unauthorized(
            Diagnosis::CertificatesNotTaken,
            "it asked for no client certificate in the handshake, because it has no CA for them",
        )
        .mends(setting::client_ca(
            "name the CA of client certificates in the kubelet's configuration, let anonymity be off, and restart the kubelet",
        ))
        .mend(Mend::say(
            "or use a token: some clusters (EKS) know clients by tokens only",
        ));
    };
    if cas.contains(&facts.issuer) {
        return unauthorized(
            Diagnosis::CertificateRefused,
            "the client certificate looks good, and its CA has the name of one that the kubelet takes: it may be another \
             cluster's of the same name",
        )
        .mend(whose_ca())
        .mend(kubelets_reason());
    }
    let why = format!(
        "the client certificate is signed by {:?}, and the kubelet takes those of {}",
        facts.issuer,
        if cas.is_empty() {
            "CAs that it does not list".to_owned()
        } else {
            cas.join(" and ")
        }
    );
    unauthorized(Diagnosis::CertificateUnknownCa, &why)
        .mend(identity::signer())
        .mend(whose_ca())
}

fn token(who: &Who, word: Word) -> Finding {
    match word {
        Word::Known => known_to_api_server(),
        Word::Unknown => unauthorized(
            Diagnosis::TokenUnknown,
            "the API server does not know the token either: its ServiceAccount or its pod is gone, or it is another \
             cluster's",
        )
        .mends(account(who))
        .mend(Mend::say(
            "then delete the pod, so that a new one takes its place with a new token: the old one stays unknown, whatever \
             is made anew",
        )),
        Word::Away => unauthorized(
            Diagnosis::ApiServerAway,
            "the API server does not answer us either. If it is away, that alone makes a kubelet know no token, and \
             nothing need be wrong with ours; if only we cannot reach it, it is one of the other reasons",
        )
        .mends(api_server())
        .mends(account(who))
        .mends(webhook()),
        Word::NotAsked => unauthorized(
            Diagnosis::TokenRefused,
            "the token looks good, and here nobody can be asked why it is refused: webhook authentication is off, its \
             ServiceAccount is gone, or the kubelet cannot reach its API server",
        )
        .mends(account(who))
        .mends(webhook()),
    }
}

/// It knows what the kubelet refuses.
pub fn known_to_api_server() -> Finding {
    unauthorized(
        Diagnosis::WebhookOff,
        "the API server knows the token, and the kubelet does not ask it, or cannot reach it",
    )
    .mends(webhook())
}

/// What to do about an API server that is away, for who may use kubectl.
pub fn api_server() -> [Mend; 2] {
    [
        Mend::run(
            "see whether it is up; one that hangs does not answer this either",
            "kubectl get --raw /readyz --request-timeout=10s",
        ),
        Mend::say("metrics come again by themselves when it is back"),
    ]
}

fn webhook() -> Vec<Mend> {
    let mut mends = vec![Mend::run(
        "does the kubelet ask the API server about tokens? as an administrator, with the node's name for NODE",
        "kubectl get --raw /api/v1/nodes/NODE/proxy/configz | grep -o '\"webhook\":{[^}]*}'",
    )];
    mends.extend(setting::webhook(
        "if not, switch it on in the kubelet's configuration, and restart the kubelet",
    ));
    mends.push(kubelets_reason());
    mends
}

/// Where the kubelet says why, which its 401 does not (`InstallAuthFilter` of `server.go`). The reasons are the API
/// server's (`serviceaccount/claims.go` and `jwt.go`), the kubelet's own for certificates, and the network's.
fn kubelets_reason() -> Mend {
    Mend::run(
        "see on the node which reason the kubelet's log has (k3s and RKE2 log as k3s and rke2-agent). \"not found\", \"does not \
         match\", \"invalidated\": the ServiceAccount or the pod is gone, or made again; \"signature\", \"cryptographic\", or \
         \"invalid bearer token\" alone: another cluster's token; \"verifying certificate\": it goes on with what is wrong; \
         \"connection refused\", \"deadline exceeded\": the kubelet does not reach its API server; no such line: it does not \
         look at what we show",
        "journalctl -u kubelet --since -10min | grep 'Unable to authenticate the request'",
    )
}

fn whose_ca() -> Mend {
    Mend::run(
        "compare it with the CA of the kubelet's authentication.x509.clientCAFile, on the node",
        "openssl x509 -noout -subject -fingerprint -sha256 -in /etc/kubernetes/pki/ca.crt",
    )
}

/// The account has to be there; where its name is not known, nothing can be said of it.
fn account(who: &Who) -> Vec<Mend> {
    let Some((namespace, name)) = identity::user(who).and_then(identity::account) else {
        return Vec::new();
    };
    let (namespace, name) = (shell(namespace), shell(name));
    vec![
        Mend::run(
            "is its ServiceAccount there?",
            format!("kubectl get serviceaccount -n {namespace} {name}"),
        ),
        Mend::run(
            "if not, make it again; a right is bound to its name, so it has that at once",
            format!("kubectl create serviceaccount -n {namespace} {name}"),
        ),
    ]
}

/// Shows the API server the token that it has made, over TLS that its own CA verifies: both lie in the same volume, and
/// the pod's environment says where it is. The token goes nowhere else.
async fn ask_api_server(kubelet: &Kubelet, env: &dyn Fn(&str) -> Option<String>) -> Word {
    let Credential::BearerToken { file } = &kubelet.client.credential else {
        return Word::NotAsked;
    };
    let Some(mut api_server) = its_api_server(kubelet, file, env) else {
        return Word::NotAsked;
    };
    match api_server.status_of(KNOWN_TO_ALL).await {
        Ok(401) => Word::Unknown,
        // Known, and perhaps not allowed to see even that.
        Ok(200 | 403) => Word::Known,
        // Of a balancer in front of it, or of an API server in trouble.
        Ok(_) => Word::Away,
        Err(failure) if failure.is_nobody_there() => Word::Away,
        Err(_) => Word::NotAsked,
    }
}

/// A client of the API server, with the token that we show the kubelet.
fn its_api_server(kubelet: &Kubelet, token: &Path, env: &dyn Fn(&str) -> Option<String>) -> Option<Client> {
    let ca = token.parent()?.join("ca.crt");
    let host = env("KUBERNETES_SERVICE_HOST").filter(|host| !host.is_empty())?;
    let port: NonZeroU16 = env("KUBERNETES_SERVICE_PORT")?.parse().ok()?;
    if !ca.exists() {
        return None;
    }
    let settings = Settings {
        credential: kubelet.client.credential.clone(),
        trust: Trust {
            anchors: Anchors::Files(vec![ca]),
            tls13_only: false,
        },
        response_timeout: kubelet.client.response_timeout,
        max_response: kubelet.client.max_response,
    };
    let target = Target {
        url: Url {
            scheme: Scheme::Https,
            host,
            port,
        },
        server_name: None,
        common_name: None,
    };
    Some(Client::new(Profile::new(Arc::new(settings)), target))
}

/// The kubelet takes us for nobody, although we showed something: then it does not look at that kind of thing at all. No
/// right is ever the answer, because everybody would have it.
pub fn anonymous(who: &Who) -> Finding {
    let finding = |why: &str| {
        let said = format!("the kubelet takes us for {NOBODY}: {why}");
        Finding::failure(Step::Authentication, Diagnosis::Anonymous, said)
    };
    let finding = match who {
        _ if identity::user(who) == Some(NOBODY) => {
            finding("what we show says so itself").mend(Mend::say("take a token or certificate of somebody in particular"))
        }
        Who::Certificate(_) => finding("it looks at no client certificate").mends(setting::client_ca(
            "name the CA of client certificates in the kubelet's configuration, let anonymity be off, and restart the kubelet",
        )),
        Who::Token(_) | Who::Nobody => finding("it looks at no token, because webhook authentication is off").mends(
            setting::webhook("switch it on in the kubelet's configuration, and restart the kubelet"),
        ),
    };
    finding.mend(Mend::say(
        "never give that user a right: everybody who reaches the kubelet would have it",
    ))
}

/// Nothing is answered at all, not even to who may not ask: the kubelet hangs before it gets to the question.
pub fn silent(error: &ScrapeError) -> Finding {
    let said = format!(
        "{error}. It does not say no to us either, so it waits before that: a kubelet asks its API server about each \
         token and right, for up to half a minute when that one does not answer"
    );
    Finding::failure(Step::Authentication, Diagnosis::ApiServerSilent, said)
        .mends(api_server())
        .mend(Mend::run(
            "see on the node whether the kubelet itself is alive",
            "curl -s http://127.0.0.1:10248/healthz",
        ))
}
