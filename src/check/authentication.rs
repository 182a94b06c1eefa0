//! A 401: who is not known, and why. The kubelet says one word, whatever the reason; so what the files say of
//! themselves is looked at, and then the API server is asked, which is the one that knows tokens.

use std::num::NonZeroU16;
use std::path::Path;

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::identity;
use super::text::shell;
use crate::config::{Anchors, Credential, Kubelet, KubeletUrl, Scheme, Trust};
use crate::kubelet::inspect::Who;
use crate::kubelet::{Cause, Scraper};

/// What of the kubelet's configuration makes it know tokens.
const WEBHOOK: &str = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  \
                       webhook:\n    enabled: true\nauthorization:\n  mode: Webhook\n";

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
    client_cas: &[String],
    now: i64,
    env: &dyn Fn(&str) -> Option<String>,
) -> Finding {
    let said = |diagnosis, why: &str| {
        Finding::failure(
            Step::Authentication,
            diagnosis,
            format!("the kubelet answers 401 Unauthorized: {why}"),
        )
    };
    if let Some((diagnosis, why, mends)) = identity::flaw(who, now) {
        return said(diagnosis, &why).mends(mends);
    }
    match who {
        Who::Certificate(facts) => {
            let listed = client_cas.contains(&facts.issuer);
            if client_cas.is_empty() || listed {
                return said(
                    Diagnosis::CertificateRefused,
                    "the client certificate looks good, and its CA has the name of one that the kubelet takes: it may \
                     be another cluster's of the same name",
                )
                .mend(whose_ca());
            }
            said(
                Diagnosis::CertificateUnknownCa,
                &format!(
                    "the client certificate is signed by {:?}, and the kubelet takes those of {}",
                    facts.issuer,
                    client_cas.join(" and ")
                ),
            )
            .mend(Mend::apply(
                "have it signed by the cluster, with this signer",
                "spec:\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: [\"client auth\"]\n",
            ))
            .mend(whose_ca())
        }
        Who::Token(_) | Who::Nobody => match ask_api_server(kubelet, env).await {
            Word::Known => said(
                Diagnosis::WebhookOff,
                "the API server knows the token, and the kubelet does not ask it, or cannot reach it",
            )
            .mend(Mend::apply("switch it on in the kubelet's configuration, and restart the kubelet", WEBHOOK))
            .mend(Mend::run(
                "if it is on, see on the node whether the kubelet reaches the API server",
                "journalctl -u kubelet --since -10min | grep -i tokenreview",
            )),
            Word::Unknown => said(
                Diagnosis::TokenUnknown,
                "the API server does not know the token either: its ServiceAccount or its pod is gone, or it is \
                 another cluster's",
            )
            .mends(account_command(who))
            .mend(Mend::say("then start the pod anew, which gives it a new token")),
            Word::Away => said(
                Diagnosis::ApiServerAway,
                "the API server does not answer us either, and without it a kubelet knows no token: nothing need be \
                 wrong with ours",
            )
            .mend(Mend::run("see whether it is up", "kubectl get --raw /readyz"))
            .mend(Mend::say("metrics come again by themselves when it is back")),
            Word::NotAsked => said(
                Diagnosis::TokenRefused,
                "the token looks good, and here nobody can be asked why it is refused: webhook authentication is off, \
                 its ServiceAccount is gone, or the kubelet cannot reach its API server",
            )
            .mends(account_command(who))
            .mend(Mend::run(
                "is webhook authentication on? then this prints `enabled: true`, on the node",
                "grep -A2 webhook: /var/lib/kubelet/config.yaml",
            ))
            .mend(Mend::apply("if not, switch it on in the kubelet's configuration", WEBHOOK))
            .mend(Mend::run(
                "can the kubelet reach its API server? on the node",
                "journalctl -u kubelet --since -10min | grep -i tokenreview",
            )),
        },
    }
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
    let Some(api_server) = api_server(kubelet, file, env) else {
        return Word::NotAsked;
    };
    match Scraper::new(&api_server).status_of(KNOWN_TO_ALL).await {
        Ok(401) => Word::Unknown,
        Ok(_) => Word::Known,
        Err(error) if matches!(error.cause(), Cause::ConnectionFailed | Cause::Timeout) => Word::Away,
        Err(_) => Word::NotAsked,
    }
}

/// The API server as something to be asked in the same way as a kubelet.
fn api_server(kubelet: &Kubelet, token: &Path, env: &dyn Fn(&str) -> Option<String>) -> Option<Kubelet> {
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
        Finding::failure(
            Step::Authentication,
            Diagnosis::Anonymous,
            format!("the kubelet takes us for system:anonymous: {why}"),
        )
    };
    match who {
        Who::Certificate(_) => finding("it looks at no client certificate").mend(Mend::apply(
            "name the CA of client certificates in the kubelet's configuration, and switch anonymity off",
            "authentication:\n  x509:\n    clientCAFile: /etc/kubernetes/pki/ca.crt\n  anonymous:\n    enabled: false\n",
        )),
        Who::Token(_) | Who::Nobody => finding("it looks at no token, because webhook authentication is off")
            .mend(Mend::apply(
                "switch it on, and anonymity off, in the kubelet's configuration",
                "authentication:\n  webhook:\n    enabled: true\n  anonymous:\n    enabled: false\nauthorization:\n  mode: Webhook\n",
            )),
    }
}
