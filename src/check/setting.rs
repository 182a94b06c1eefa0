//! Changes of the kubelet's own configuration, as fixes.
//!
//! Each comes with what else has to be looked at: a flag of the kubelet wins over its file (`kubeletConfigFlagPrecedence`
//! reads the flags once more over what the file said), so that an edit of the file alone may change nothing.

use super::finding::Mend;

/// What to write into the kubelet's configuration, and the flags that would win over it.
pub fn change(how: impl Into<String>, yaml: &str, flags: &[&str]) -> [Mend; 2] {
    let flags: Vec<_> = flags.iter().map(|flag| format!("-e --{flag}")).collect();
    [
        Mend::apply(how, yaml),
        Mend::run(
            "a flag of the kubelet wins over that file: what this prints on the node has to be corrected too (k3s and RKE2 \
             have kubelet-arg in their own configuration)",
            format!("ps -o args= -C kubelet | tr ' ' '\\n' | grep {}", flags.join(" ")),
        ),
    ]
}

/// Tokens are looked at, and nobody is let in without one.
pub fn webhook(how: impl Into<String>) -> [Mend; 2] {
    change(
        how,
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  webhook:\n    enabled: \
         true\n  anonymous:\n    enabled: false\nauthorization:\n  mode: Webhook\n",
        &[
            "authentication-token-webhook",
            "anonymous-auth",
            "authorization-mode",
        ],
    )
}

/// Client certificates are looked at, and nobody is let in without one.
pub fn client_ca(how: impl Into<String>) -> [Mend; 2] {
    change(
        how,
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  x509:\n    \
         clientCAFile: /etc/kubernetes/pki/ca.crt\n  anonymous:\n    enabled: false\n",
        &["client-ca-file", "anonymous-auth"],
    )
}

/// Rights are looked up.
pub fn authorization(how: impl Into<String>) -> [Mend; 2] {
    change(
        how,
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthorization:\n  mode: Webhook\n",
        &["authorization-mode"],
    )
}

/// The port that asks nobody is closed.
pub fn no_read_only_port(how: impl Into<String>) -> [Mend; 2] {
    change(
        how,
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 0\n",
        &["read-only-port"],
    )
}

/// TLS as kubelets have it when nothing is said: 1.2 and newer, with suites that keep no old key alive.
pub fn tls(how: impl Into<String>) -> [Mend; 2] {
    change(
        how,
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ntlsMinVersion: \
         VersionTLS12\ntlsCipherSuites:\n  - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n  - \
         TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n",
        &["tls-min-version", "tls-cipher-suites"],
    )
}
