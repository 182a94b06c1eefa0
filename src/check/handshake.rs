//! A handshake, for those who explain it: what is known of it, whom it was to be with, and how to see it oneself.

use super::finding::Mend;
use super::text::shell;
use crate::client::certificate::Facts;
use crate::client::inspect::Who;
use crate::config::Kubelet;

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

/// The name or address that the certificate has to carry.
pub fn asked_for(kubelet: &Kubelet) -> &str {
    kubelet
        .target
        .server_name
        .as_deref()
        .unwrap_or(&kubelet.target.url.host)
}

/// For who has to see it himself.
pub fn look(kubelet: &Kubelet) -> Mend {
    let url = kubelet.target.url.over_tls().to_string();
    let to = shell(url.trim_start_matches("https://"));
    Mend::run(
        "see what is shown there",
        format!(
            "openssl s_client -connect {to} -showcerts </dev/null | openssl x509 -noout -subject -issuer -dates -ext subjectAltName"
        ),
    )
}
