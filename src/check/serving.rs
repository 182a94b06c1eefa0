//! What to do about a serving certificate that is not believed: for each reason the fix, the likeliest first.
//!
//! A fix that is a line of our configuration is one that the configuration takes: in place of what, it says itself.

use super::Diagnosis;
use super::clock;
use super::finding::{Finding, Mend, Step};
use super::handshake::{Handshake, look};
use super::setting;
use super::text::toml;
use crate::client::certificate::Facts;
use crate::client::{Anchors, fits, is_server_name};
use crate::config::Kubelet;
use crate::kubelet::TlsFault;
use crate::redact::Redacted;

/// The certificate of a node's own making, where kubelets keep it.
const OWN_CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet.crt";

/// Where a pod finds it once it is mounted.
const MOUNTED_CERTIFICATE: &str = "/etc/kubelet-certificate/kubelet.crt";

/// The file alone, and not its directory, in which keys lie; and the name that it carries.
const MOUNT: &str = "\
env:
  - name: NODE_NAME
    valueFrom:
      fieldRef:
        fieldPath: spec.nodeName
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

const NODE_NAME: &str =
    "env:\n  - name: NODE_NAME\n    valueFrom:\n      fieldRef:\n        fieldPath: spec.nodeName\n";

/// The kubelet's own throw-away CA is called `HOST-ca@SECONDS` (`client-go/util/cert/cert.go`).
pub fn is_thrown_away(issuer: &str) -> bool {
    let seconds = issuer.rsplit_once("-ca@").map_or("", |(_, seconds)| seconds);
    !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit())
}

/// First what works in every namespace: a hostPath is refused wherever pods are held to one of the Pod Security Standards
/// `baseline` and `restricted`, in the one that we ship too.
pub fn own_certificate(way: &Handshake<'_>) -> Vec<Mend> {
    let mut mends = bootstrap("let the cluster's CA sign one");
    mends.extend(pin(way));
    mends.extend([
        Mend::run(
            "or mount the node's own certificate, by the component node-certificate of telegraf/kubernetes, or by hand: a \
             hostPath, which only a namespace with this label takes",
            "kubectl label namespace NAMESPACE pod-security.kubernetes.io/enforce=privileged --overwrite",
        ),
        Mend::apply(
            "the mount by hand, and the node's name; on a node without that file the pod does not start",
            MOUNT,
        ),
        Mend::configure(
            "and believe it, for the name that it carries",
            format!("tls_ca = \"{MOUNTED_CERTIFICATE}\"\ntls_server_name = \"$NODE_NAME\"\n"),
        ),
    ]);
    mends
}

/// The cluster signs the kubelet's certificate, by an algorithm of today, for a key of today.
fn bootstrap(how: &str) -> Vec<Mend> {
    let how = format!("{how}, in the kubelet's configuration; then restart the kubelet and approve its CSR");
    setting::change(
        how,
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n",
        &["tls-cert-file", "rotate-server-certificates"],
    )
    .to_vec()
}

/// The pin of what was shown, which may be anybody's: it has to be compared on the node. With the pins that there are, for
/// a key may be on its way in or out.
pub fn pin(way: &Handshake<'_>) -> Option<Mend> {
    let shown = way.shown?;
    if !shown.key.is_taken() {
        return None;
    }
    let mut pins: Vec<_> = match &way.kubelet.client.trust.anchors {
        Anchors::Pinned(pins) => pins.iter().map(ToString::to_string).collect(),
        Anchors::Files(_) | Anchors::InPodOrSystem | Anchors::Unverified => Vec::new(),
    };
    pins.push(shown.pin.to_string());
    Some(Mend::configure(
        format!(
            "pin its key, after making sure on the node that it is the kubelet's (the file is what tlsCertFile of its \
             configuration names, else this one): openssl x509 -in {OWN_CERTIFICATE} -noout -pubkey | openssl pkey -pubin \
             -outform der | openssl dgst -sha256 -binary | base64"
        ),
        format!(
            "{}tls_pin_sha256 = [\"{}\"]\n",
            in_place(way.kubelet),
            pins.join("\", \"")
        ),
    ))
}

/// What a pin stands in for, and what may not stand beside it therefore.
fn in_place(kubelet: &Kubelet) -> String {
    let trust = &kubelet.client.trust;
    let of_anchors = match trust.anchors {
        Anchors::Files(_) => Some("tls_ca"),
        Anchors::Unverified => Some("insecure_skip_verify"),
        Anchors::InPodOrSystem | Anchors::Pinned(_) => None,
    };
    let of_name = kubelet.target.server_name.as_ref().map(|_| "tls_server_name");
    let others: Vec<_> = of_anchors.into_iter().chain(of_name).collect();
    if others.is_empty() {
        String::new()
    } else {
        format!("# in place of {}\n", others.join(", "))
    }
}

pub fn other_ca(kubelet: &Kubelet, issuer: &str) -> Vec<Mend> {
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

/// The certificate is for other names.
pub fn wrong_name(
    way: &Handshake<'_>,
    finding: Finding,
    names: &[Redacted],
    fitting: Option<&str>,
) -> Finding {
    let Some(fitting) = fitting else {
        return finding
            .mends(pin(way))
            .mends(renewed("with subject alternative names"));
    };
    if let Some(name) = by_node_name(names, (way.env)("NODE_NAME").as_deref()) {
        return finding.mend(Mend::configure("ask for the node's name", server_name(&name)));
    }
    let pattern = names
        .iter()
        .find(|name| **name != *fitting && fits(fitting, name));
    let Some(domain) = pattern.and_then(|pattern| pattern.strip_prefix("*.")) else {
        return finding
            .mend(Mend::configure(
                "if that is this node, ask for its name",
                server_name(fitting),
            ))
            .mend(Mend::apply(
                "in a pod the name is known to the downward API: then write tls_server_name = \"$NODE_NAME\"",
                NODE_NAME,
            ));
    };
    finding
        .mend(Mend::configure(
            "if that is this node, ask for a name that the pattern fits, this one or another",
            server_name(fitting),
        ))
        .mend(Mend::apply(
            format!(
                "in a pod the node's name is known to the downward API: then write tls_server_name = \
                 \"${{NODE_NAME}}.{domain}\", where that name has no domain itself"
            ),
            NODE_NAME,
        ))
}

fn server_name(name: &str) -> String {
    format!("tls_server_name = {}\n", toml(name))
}

/// The node's name where the certificate is for that, as the configuration writes it.
fn by_node_name(names: &[Redacted], node: Option<&str>) -> Option<String> {
    let node = node.filter(|node| is_server_name(node))?;
    if names.iter().any(|name| fits(node, name)) {
        return Some("$NODE_NAME".to_owned());
    }
    let mut domains = names.iter().filter_map(|name| name.strip_prefix("*."));
    let domain = domains.find(|domain| {
        let name = format!("{node}.{domain}");
        fits(&name, &format!("*.{domain}")) && is_server_name(&name)
    })?;
    Some(format!("${{NODE_NAME}}.{domain}"))
}

/// A new certificate with what the old one lacks.
pub fn renewed(lacks: &str) -> Vec<Mend> {
    let mut mends = vec![Mend::run(
        format!(
            "or give the kubelet a certificate {lacks}, signed by the CA that tls_ca names; this makes the key and the \
             request, on the node, for what tlsCertFile and tlsPrivateKeyFile of its configuration name"
        ),
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=system:nodes/CN=system:node:NODE \
         -addext subjectAltName=DNS:NODE,IP:ADDRESS -addext extendedKeyUsage=serverAuth -keyout kubelet.key -out kubelet.csr",
    )];
    mends.extend(bootstrap(
        "or take tlsCertFile out, and let the cluster's CA sign one",
    ));
    mends
}

/// Its time is over, or has not come.
pub fn out_of_time(way: &Handshake<'_>, fault: &TlsFault, expired: bool, of_ca: bool) -> Finding {
    let shown = way.shown;
    if let Some(evidence) = clock::wrong(shown, way.who, way.now) {
        return Finding::failure(Step::Tls, Diagnosis::ClockWrong, format!("{fault}; {evidence}"))
            .mends(clock::mends());
    }
    let diagnosis = match (expired, of_ca) {
        (true, true) => Diagnosis::ServingCaExpired,
        (true, false) => Diagnosis::ServingExpired,
        (false, _) => Diagnosis::ServingNotYetValid,
    };
    let finding = Finding::failure(Step::Tls, diagnosis, fault.to_string());
    if !expired {
        return finding.mends(clock::mends());
    }
    if of_ca {
        return finding
            .mend(Mend::say(
                "renew that CA's certificate and what it signed, and have the kubelet show the new ones (tlsCertFile holds its \
                 own and the CAs above it)",
            ))
            .mends(pin(way));
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

pub fn approve() -> Vec<Mend> {
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

/// The kubelet's own key is none that is taken.
pub fn other_key(shown: Option<&Facts>) -> Vec<Mend> {
    let mut mends = vec![Mend::say(format!(
        "no option changes that: with a pin, and with insecure_skip_verify too, the handshake is proven by that key{}",
        shown.map_or_else(String::new, |shown| format!(" ({})", shown.key))
    ))];
    mends.extend(renewed("with a key that is taken"));
    mends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secrets;

    #[test]
    fn a_kubelets_throw_away_ca_is_known_by_its_name() {
        assert!(is_thrown_away("CN=node-1-ca@1764000000"));
        for other in ["CN=kubernetes", "CN=my-ca@home", "CN=x-ca@"] {
            assert!(!is_thrown_away(other), "{other}");
        }
    }

    #[test]
    fn the_nodes_name_is_asked_for_where_it_fits() {
        let secrets = Secrets::default();
        let names =
            ["*.example.internal", "node-1", "*.internal"].map(|name| secrets.redact(name.as_bytes()));
        for (node, want) in [
            ("node-1", Some("$NODE_NAME")),
            ("node-2.example.internal", Some("$NODE_NAME")),
            ("node-2", Some("${NODE_NAME}.example.internal")),
            ("node-2.elsewhere", None),
            ("node 2", None),
        ] {
            assert_eq!(by_node_name(&names, Some(node)).as_deref(), want, "{node}");
        }
        assert_eq!(by_node_name(&names, None), None);
    }
}
