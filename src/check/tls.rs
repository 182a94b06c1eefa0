//! The handshake: what the kubelet shows, and for each reason not to believe it, what to do.

use super::Diagnosis;
use super::clock;
use super::finding::{Finding, Mend, Step};
use super::setting;
use super::text::{days_left, shell, toml};
use crate::config::{Anchors, Kubelet};
use crate::date::date;
use crate::kubelet::TlsFault;
use crate::kubelet::certificate::Facts;
use crate::kubelet::inspect::Who;
use crate::redact::Redacted;

/// The certificate of a node's own making, where kubelets keep it.
const OWN_CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet.crt";

/// What is known of a handshake.
#[derive(Clone, Copy)]
pub struct Handshake<'h> {
    /// With whom it was to be.
    pub kubelet: &'h Kubelet,
    /// What was shown.
    pub shown: Option<&'h Facts>,
    /// Who we are.
    pub who: &'h Who,
    /// Our clock.
    pub now: i64,
    /// The environment.
    pub env: &'h dyn Fn(&str) -> Option<String>,
}

/// Where a pod finds it once it is mounted.
const MOUNTED_CERTIFICATE: &str = "/etc/kubelet-certificate/kubelet.crt";

/// The file alone, and not its directory, in which keys lie.
const MOUNT: &str = "\
volumeMounts:
  - name: kubelet-certificate
    mountPath: /etc/kubelet-certificate/kubelet.crt
    readOnly: true
volumes:
  - name: kubelet-certificate
    hostPath:
      path: /var/lib/kubelet/pki/kubelet.crt
      type: File
";

/// The handshake went well.
pub fn good(kubelet: &Kubelet, shown: &Facts, now: i64) -> Finding {
    let believed = match &kubelet.trust.anchors {
        Anchors::Pinned(_) => "its key is pinned".to_owned(),
        Anchors::Unverified => "believed without a look, because insecure_skip_verify is set".to_owned(),
        Anchors::Files(_) | Anchors::InPodOrSystem => {
            format!("verified for {}", asked_for(kubelet))
        }
    };
    Finding::ok(
        Step::Tls,
        format!(
            "{:?}, signed by {:?}, for {}, until {} ({}); {believed}; its key for tls_pin_sha256 is {}",
            shown.subject,
            shown.issuer,
            names(shown),
            date(shown.not_after),
            days_left(shown.not_after, now),
            shown.pin
        ),
    )
}

fn names(shown: &Facts) -> String {
    if shown.names.is_empty() {
        "no name".to_owned()
    } else {
        shown.names.join(", ")
    }
}

/// It did not.
pub fn fault(way: &Handshake<'_>, fault: &TlsFault) -> Finding {
    let Handshake { kubelet, shown, .. } = *way;
    let finding = |diagnosis| Finding::failure(Step::Tls, diagnosis, fault.to_string());
    match fault {
        TlsFault::UnknownIssuer { issuer, self_signed } => {
            if *self_signed || is_thrown_away(issuer) {
                finding(Diagnosis::ServingSelfSigned).mends(own_certificate(shown))
            } else {
                finding(Diagnosis::ServingUnknownIssuer).mends(other_ca(kubelet, issuer))
            }
        }
        TlsFault::OtherKeyOfIssuer { issuer } => {
            finding(Diagnosis::ServingOtherCa).mends(other_ca(kubelet, issuer))
        }
        TlsFault::WrongName { names } => finding(if is_address(asked_for(kubelet)) {
            Diagnosis::ServingWrongAddress
        } else {
            Diagnosis::ServingWrongName
        })
        .mends(wrong_name(names, way.env)),
        TlsFault::OutOfTime { expired, .. } => out_of_time(way, fault, *expired),
        TlsFault::CaAsServer => finding(Diagnosis::ServingIsCa).mends(shown.map(pin)),
        TlsFault::OtherKey { .. } => finding(Diagnosis::PinMismatch).mends(shown.map(pin)),
        TlsFault::NotForServers => finding(Diagnosis::ServingPurpose).mend(Mend::say(
            "take tlsCertFile out of the kubelet's configuration, or give it a certificate with the usage `server auth`",
        )),
        TlsFault::NoServingCertificate => finding(Diagnosis::ServingCsrPending).mends(approve()),
        TlsFault::NotTls => finding(Diagnosis::NotTls).mend(Mend::configure(
            "ask the kubelet's authenticated port",
            format!("url = {}\n", toml(&kubelet.url.authenticated().to_string())),
        )),
        TlsFault::NoCommonVersion if kubelet.trust.tls13_only => {
            finding(Diagnosis::TlsVersion).mend(Mend::configure(
                "speak TLS 1.2 too, or take tlsMinVersion and tlsCipherSuites out of the kubelet's configuration",
                "tls_min_version = \"TLS12\"\n",
            ))
        }
        TlsFault::NoCommonVersion => finding(Diagnosis::TlsVersion).mend(Mend::say(
            "take tlsMinVersion and tlsCipherSuites out of the kubelet's configuration",
        )),
        TlsFault::Ended | TlsFault::Reset | TlsFault::Alert(_) | TlsFault::Other(_) => finding(Diagnosis::TlsFailed).mend(look(kubelet)),
    }
}

/// The kubelet's own throw-away CA is called `HOST-ca@SECONDS` (`client-go/util/cert/cert.go`).
fn is_thrown_away(issuer: &str) -> bool {
    let seconds = issuer.rsplit_once("-ca@").map_or("", |(_, seconds)| seconds);
    !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name or address that the certificate has to carry.
fn asked_for(kubelet: &Kubelet) -> &str {
    kubelet.trust.server_name.as_deref().unwrap_or(&kubelet.url.host)
}

fn is_address(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

/// First what works in every namespace: a hostPath is refused wherever pods are held to one of the Pod Security Standards
/// `baseline` and `restricted`, in the one that we ship too.
fn own_certificate(shown: Option<&Facts>) -> Vec<Mend> {
    let mut mends = setting::change(
        "let the cluster's CA sign one, in the kubelet's configuration; then restart the kubelet and approve its CSR",
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n",
        &["tls-cert-file", "rotate-server-certificates"],
    )
    .to_vec();
    mends.extend(shown.map(pin));
    mends.extend([
        Mend::run(
            "or mount the node's own certificate, by the component node-certificate of telegraf/kubernetes, or by hand: a \
             hostPath, which only a namespace with this label takes",
            "kubectl label namespace NAMESPACE pod-security.kubernetes.io/enforce=privileged --overwrite",
        ),
        Mend::apply(
            "the mount by hand; on a node without that file the pod does not start",
            MOUNT,
        ),
        Mend::configure(
            "and believe it, for the name that it carries",
            format!("tls_ca = \"{MOUNTED_CERTIFICATE}\"\ntls_server_name = \"$NODE_NAME\"\n"),
        ),
    ]);
    mends
}

/// The pin of what was shown, which may be anybody's: it has to be compared on the node.
fn pin(shown: &Facts) -> Mend {
    Mend::configure(
        format!(
            "or pin its key, after making sure on the node that it is the kubelet's (the file is what tlsCertFile of its \
             configuration names, else this one): openssl x509 -in {OWN_CERTIFICATE} -noout -pubkey | openssl pkey -pubin \
             -outform der | openssl dgst -sha256 -binary | base64"
        ),
        format!("tls_pin_sha256 = [\"{}\"]\n", shown.pin),
    )
}

fn other_ca(kubelet: &Kubelet, issuer: &str) -> Vec<Mend> {
    vec![
        Mend::configure(
            format!(
                "name the file with the CA {issuer:?}; on the node or its control plane it is often one of these"
            ),
            "tls_ca = \"/etc/kubernetes/pki/ca.crt\"\n# tls_ca = \"/var/lib/rancher/k3s/agent/server-ca.crt\"\n",
        ),
        Mend::run(
            "on OpenShift it is in a config map, and is replaced often",
            "kubectl get configmap -n openshift-config-managed kubelet-serving-ca -o jsonpath='{.data.ca-bundle\\.crt}'",
        ),
        look(kubelet),
    ]
}

fn look(kubelet: &Kubelet) -> Mend {
    let url = kubelet.url.over_tls().to_string();
    let to = shell(url.trim_start_matches("https://"));
    Mend::run(
        "see what is shown there",
        format!(
            "openssl s_client -connect {to} -showcerts </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"
        ),
    )
}

fn wrong_name(names: &[Redacted], env: &dyn Fn(&str) -> Option<String>) -> Vec<Mend> {
    let node = env("NODE_NAME");
    match names.first() {
        Some(_) if node.is_some_and(|node| names.iter().any(|name| *name == *node)) => vec![Mend::configure(
            "ask for the node's name",
            "tls_server_name = \"$NODE_NAME\"\n",
        )],
        Some(first) => vec![
            Mend::configure(
                "if that is this node, ask for its name",
                format!("tls_server_name = {}\n", toml(first)),
            ),
            Mend::apply(
                "in a pod the name is known to the downward API: then write tls_server_name = \"$NODE_NAME\"",
                "env:\n  - name: NODE_NAME\n    valueFrom:\n      fieldRef:\n        fieldPath: spec.nodeName\n",
            ),
        ],
        None => vec![Mend::say(
            "give the kubelet a certificate with subject alternative names; the common name counts nowhere any more",
        )],
    }
}

fn out_of_time(way: &Handshake<'_>, fault: &TlsFault, expired: bool) -> Finding {
    let shown = way.shown;
    if let Some(evidence) = clock::wrong(shown, way.who, way.now) {
        return Finding::failure(Step::Tls, Diagnosis::ClockWrong, format!("{fault}; {evidence}"))
            .mends(clock::mends());
    }
    let diagnosis = if expired {
        Diagnosis::ServingExpired
    } else {
        Diagnosis::ServingNotYetValid
    };
    let finding = Finding::failure(Step::Tls, diagnosis, fault.to_string());
    if !expired {
        return finding.mends(clock::mends());
    }
    match shown {
        Some(shown) if is_thrown_away(&shown.issuer) => finding.mend(Mend::run(
            "the kubelet made it itself and never renews it: on the node, let it make a new one",
            "rm /var/lib/kubelet/pki/kubelet.crt /var/lib/kubelet/pki/kubelet.key && systemctl restart kubelet",
        )),
        _ => finding.mends(approve()).mend(Mend::say(
            "on k3s and RKE2, restart their service, which makes a new one; where tlsCertFile of the kubelet's configuration \
             names a file, renew that one",
        )),
    }
}

fn approve() -> Vec<Mend> {
    vec![
        Mend::run(
            "see whether the kubelet waits for its certificate: nothing approves CSRs of kubernetes.io/kubelet-serving by itself",
            "kubectl get csr --field-selector spec.signerName=kubernetes.io/kubelet-serving",
        ),
        Mend::run(
            "make sure that it is the node's, and approve it",
            "kubectl certificate approve NAME",
        ),
    ]
}

/// The port is open, and nobody speaks TLS there.
pub fn silent(why: &str) -> Finding {
    Finding::failure(Step::Tls, Diagnosis::TlsSilent, why).mend(Mend::say(
        "something takes the connection and says nothing: a load balancer or firewall in between, or a node that is \
         out of memory",
    ))
}

/// It went well, by a clock that cannot be right.
pub fn clock(evidence: &str) -> Finding {
    Finding::warning(Step::Tls, Diagnosis::ClockWrong, evidence).mends(clock::mends())
}

/// Plain HTTP at a port that wants TLS.
pub fn plain_http(kubelet: &Kubelet, why: &str) -> Finding {
    let url = kubelet.url.over_tls().to_string();
    Finding::failure(Step::Tls, Diagnosis::PlainHttp, why).mend(Mend::configure(
        "speak TLS to it",
        format!("url = {}\n", toml(&url)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubelets_throw_away_ca_is_known_by_its_name() {
        assert!(is_thrown_away("CN=node-1-ca@1764000000"));
        for other in ["CN=kubernetes", "CN=my-ca@home", "CN=x-ca@"] {
            assert!(!is_thrown_away(other), "{other}");
        }
    }
}
