//! A 401: who is not known, and why. The kubelet says one word, whatever the reason; so what the files say of
//! themselves is looked at, and then the API server is asked, which is the one that knows tokens.

use std::num::NonZeroU16;
use std::path::Path;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::identity;
use super::text::shell;
use crate::config::{Anchors, Credential, Kubelet, KubeletUrl, Scheme, Trust};
use crate::kubelet::certificate::Facts;
use crate::kubelet::inspect::Who;
use crate::kubelet::{Cause, ScrapeError, Scraper};
use crate::redact::Redacted;

/// What of the kubelet's configuration makes it know tokens.
const WEBHOOK: &str = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  \
                       webhook:\n    enabled: true\n  anonymous:\n    enabled: \
                       false\nauthorization:\n  mode: Webhook\n";

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
        .mend(client_ca())
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
        .mend(whose_ca());
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
        .mend(signer())
        .mend(whose_ca())
}

/// The cluster's own signer of client certificates, in a `CertificateSigningRequest`.
pub fn signer() -> Mend {
    Mend::apply(
        "have it signed by the cluster, for that use",
        "spec:\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [\"client auth\"]\n",
    )
}

fn client_ca() -> Mend {
    Mend::apply(
        "name the CA of client certificates in the kubelet's configuration, and let anonymity be off",
        "authentication:\n  x509:\n    clientCAFile: /etc/kubernetes/pki/ca.crt\n  anonymous:\n    enabled: false\n",
    )
}

fn token(who: &Who, word: Word) -> Finding {
    match word {
        Word::Known => unauthorized(
            Diagnosis::WebhookOff,
            "the API server knows the token, and the kubelet does not ask it, or cannot reach it",
        )
        .mends(webhook()),
        Word::Unknown => unauthorized(
            Diagnosis::TokenUnknown,
            "the API server does not know the token either: its ServiceAccount or its pod is gone, or it is another \
             cluster's",
        )
        .mends(account_command(who))
        .mend(Mend::say("then start the pod anew, which gives it a new token")),
        Word::Away => unauthorized(
            Diagnosis::ApiServerAway,
            "the API server does not answer us either. If it is away, that alone makes a kubelet know no token, and \
             nothing need be wrong with ours; if only we cannot reach it, it is one of the other reasons",
        )
        .mends(api_server())
        .mends(account_command(who))
        .mends(webhook()),
        Word::NotAsked => unauthorized(
            Diagnosis::TokenRefused,
            "the token looks good, and here nobody can be asked why it is refused: webhook authentication is off, its \
             ServiceAccount is gone, or the kubelet cannot reach its API server",
        )
        .mends(account_command(who))
        .mends(webhook()),
    }
}

/// What to do about an API server that is away, for who may use kubectl.
pub fn api_server() -> [Mend; 2] {
    [
        Mend::run("see whether it is up", "kubectl get --raw /readyz"),
        Mend::say("metrics come again by themselves when it is back"),
    ]
}

fn webhook() -> [Mend; 3] {
    [
        Mend::run(
            "does the kubelet ask the API server about tokens? as an administrator, with the node's name for NODE",
            "kubectl get --raw /api/v1/nodes/NODE/proxy/configz | grep -o '\"webhook\":{[^}]*}'",
        ),
        Mend::apply(
            "if not, switch it on in the kubelet's configuration, and restart the kubelet",
            WEBHOOK,
        ),
        Mend::run(
            "if it does, can it reach the API server? on the node (k3s and RKE2 log as k3s and rke2-agent)",
            "journalctl -u kubelet --since -10min | grep -i tokenreview",
        ),
    ]
}

fn whose_ca() -> Mend {
    Mend::run(
        "compare it with the CA of the kubelet's authentication.x509.clientCAFile, on the node",
        "openssl x509 -noout -subject -fingerprint -sha256 -in /etc/kubernetes/pki/ca.crt",
    )
}

fn account_command(who: &Who) -> Option<Mend> {
    let (namespace, name) = identity::account(identity::user(who)?)?;
    Some(Mend::run(
        "is its ServiceAccount there?",
        format!(
            "kubectl get serviceaccount -n {} {}",
            shell(namespace),
            shell(name)
        ),
    ))
}

/// Shows the API server the token that it has made, over TLS that its own CA verifies: both lie in the same volume, and
/// the pod's environment says where it is. The token goes nowhere else.
async fn ask_api_server(kubelet: &Kubelet, env: &dyn Fn(&str) -> Option<String>) -> Word {
    let Credential::BearerToken { file } = &kubelet.credential else {
        return Word::NotAsked;
    };
    let Some(api_server) = its_api_server(kubelet, file, env) else {
        return Word::NotAsked;
    };
    match Scraper::new(&api_server).status_of(KNOWN_TO_ALL).await {
        Ok(401) => Word::Unknown,
        // Known, and perhaps not allowed to see even that.
        Ok(200 | 403) => Word::Known,
        // Of a balancer in front of it, or of an API server in trouble.
        Ok(_) => Word::Away,
        Err(error) if matches!(error.cause(), Cause::ConnectionFailed | Cause::Timeout) => Word::Away,
        Err(_) => Word::NotAsked,
    }
}

/// The API server as something to be asked in the same way as a kubelet.
fn its_api_server(kubelet: &Kubelet, token: &Path, env: &dyn Fn(&str) -> Option<String>) -> Option<Kubelet> {
    let ca = token.parent()?.join("ca.crt");
    let host = env("KUBERNETES_SERVICE_HOST").filter(|host| !host.is_empty())?;
    let port: NonZeroU16 = env("KUBERNETES_SERVICE_PORT")?.parse().ok()?;
    ca.exists().then(|| Kubelet {
        url: KubeletUrl {
            scheme: Scheme::Https,
            host,
            port,
        },
        trust: Trust {
            anchors: Anchors::Files(vec![ca]),
            server_name: None,
            tls13_only: false,
        },
        ..kubelet.clone()
    })
}

/// The kubelet takes us for nobody, although we showed something: then it does not look at that kind of thing at all.
pub fn anonymous(who: &Who) -> Finding {
    let finding = |why: &str| {
        let said = format!("the kubelet takes us for system:anonymous: {why}");
        Finding::failure(Step::Authentication, Diagnosis::Anonymous, said)
    };
    match who {
        Who::Certificate(_) => finding("it looks at no client certificate").mend(client_ca()),
        Who::Token(_) | Who::Nobody => finding("it looks at no token, because webhook authentication is off")
            .mend(Mend::apply(
                "switch it on in the kubelet's configuration, and restart the kubelet",
                WEBHOOK,
            )),
    }
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
