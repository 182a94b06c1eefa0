//! Why a handshake failed, told apart by what has to be done about it.
//!
//! Knows rustls' errors and what the certificate that was shown says of itself; asks nobody.

use std::fmt;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::certificate::Facts;
use crate::config::Pin;
use crate::date::date;
use crate::redact::{Redacted, Secrets};

/// More names than that do not help to find the one to set.
const MAX_NAMES: usize = 8;

/// Who takes a connection and ends it without a word of TLS.
const CUT_SHORT: &str =
    "a kubelet that is just being stopped looks so, and a load balancer or tunnel with nobody behind it";

/// What is wrong between us and the kubelet's TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFault {
    /// Nobody we believe has signed the certificate.
    UnknownIssuer {
        /// Who has, by the certificate's own word.
        issuer: Redacted,
        /// It has signed itself.
        self_signed: bool,
    },
    /// A CA we believe bears the issuer's name, and has another key.
    OtherKeyOfIssuer {
        /// The name that both bear.
        issuer: Redacted,
    },
    /// The certificate is for other names.
    WrongName {
        /// These.
        names: Vec<Redacted>,
    },
    /// Its time is over, or has not come.
    OutOfTime {
        /// Over, else not come.
        expired: bool,
        /// The end that was crossed, in seconds since 1970.
        bound: i64,
        /// Our clock, in seconds since 1970.
        now: i64,
    },
    /// A CA's own certificate is shown as a server's, as `openssl req -x509` makes one.
    CaAsServer,
    /// Its key is none of those that are pinned.
    OtherKey {
        /// The hash of the one that was shown.
        shown: Pin,
    },
    /// A certificate that is not for servers: a client's, shown by mistake.
    NotForServers,
    /// The alert `internal_error`: the kubelet has no certificate to show.
    NoServingCertificate,
    /// What came back is not TLS.
    NotTls,
    /// No TLS version that both speak.
    NoCommonVersion,
    /// The connection was closed in the handshake.
    Ended,
    /// The connection was broken in the handshake.
    Reset,
    /// The kubelet ended the handshake with an alert.
    Alert(Redacted),
    /// Anything else, in the library's words.
    Other(Redacted),
}

impl TlsFault {
    /// What `error` means, with what the certificate of that handshake says of itself.
    #[must_use]
    pub fn new(error: &Error, shown: Option<&Facts>, secrets: &Secrets) -> Self {
        match error {
            Error::InvalidCertificate(error) => Self::of_certificate(error, shown, secrets),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
                Self::NoCommonVersion
            }
            Error::AlertReceived(AlertDescription::InternalError) => Self::NoServingCertificate,
            Error::AlertReceived(alert) => Self::Alert(secrets.redact(format!("{alert:?}").as_bytes())),
            other => Self::Other(secrets.redact(other.to_string().as_bytes())),
        }
    }

    fn of_certificate(error: &CertificateError, shown: Option<&Facts>, secrets: &Secrets) -> Self {
        use CertificateError as Bad;
        let Some(shown) = shown else {
            return Self::Other(secrets.redact(error.to_string().as_bytes()));
        };
        let issuer = || shown.issuer.clone();
        match error {
            Bad::UnknownIssuer => Self::UnknownIssuer {
                issuer: issuer(),
                self_signed: shown.self_issued,
            },
            // Every kubeadm cluster's CA is called `kubernetes`: another cluster's is found by name and fails by key.
            Bad::BadSignature => Self::OtherKeyOfIssuer { issuer: issuer() },
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Self::WrongName {
                names: shown.names.clone(),
            },
            Bad::Expired | Bad::ExpiredContext { .. } => Self::out_of_time(true, shown.not_after),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => Self::out_of_time(false, shown.not_before),
            Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => Self::NotForServers,
            // Nobody else says so: `verifier` does, of pins.
            Bad::ApplicationVerificationFailure => Self::OtherKey { shown: shown.pin },
            Bad::Other(_) if shown.is_ca => Self::CaAsServer,
            other => Self::Other(secrets.redact(other.to_string().as_bytes())),
        }
    }

    fn out_of_time(expired: bool, bound: i64) -> Self {
        Self::OutOfTime {
            expired,
            bound,
            now: crate::date::now(),
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer {
                self_signed: true, ..
            } => f.write_str(
                "the kubelet's certificate has signed itself: give the node's own kubelet.crt in tls_ca, or let the \
                 cluster's CA sign one (serverTLSBootstrap: true)",
            ),
            Self::UnknownIssuer { issuer, .. } => write!(
                f,
                "the kubelet's certificate is signed by {issuer:?}, which we do not believe: give that CA in tls_ca; \
                 where its name ends in -ca@ and a number, the kubelet made it itself, and kubelet.crt on the node \
                 holds it"
            ),
            Self::OtherKeyOfIssuer { issuer } => write!(
                f,
                "the kubelet's certificate is signed by another {issuer:?} than the one we believe: tls_ca is of \
                 another cluster, or older than this one's CA"
            ),
            Self::WrongName { names } => wrong_name(f, names),
            Self::OutOfTime {
                expired: true,
                bound,
                now,
            } => write!(
                f,
                "the kubelet's certificate expired on {}, and it is {} by our clock: correct the clock, or renew the \
                 certificate (a self-signed one is made anew when kubelet.crt is removed and the kubelet restarted)",
                date(*bound),
                date(*now)
            ),
            Self::OutOfTime { bound, now, .. } => write!(
                f,
                "the kubelet's certificate is valid from {}, and it is {} by our clock: correct the clock that is \
                 wrong, ours or the node's",
                date(*bound),
                date(*now)
            ),
            Self::CaAsServer => f.write_str(
                "the kubelet shows a CA's certificate as its own (CA:TRUE, as `openssl req -x509` makes one), which \
                 cannot be verified: pin its key in tls_pin_sha256, or give it one signed by a CA",
            ),
            Self::OtherKey { shown } => write!(
                f,
                "the kubelet's key is none that tls_pin_sha256 lists: if it was replaced on purpose, make sure of the \
                 new one on the node, and add {:?}",
                shown.to_string()
            ),
            Self::NotForServers => f.write_str(
                "the kubelet shows a certificate without the usage `server auth`: give it a serving certificate",
            ),
            Self::NoServingCertificate => f.write_str(
                "the kubelet has no serving certificate yet (alert internal_error): approve its CSR of the signer \
                 kubernetes.io/kubelet-serving, see `kubectl get csr`",
            ),
            Self::NotTls => f.write_str(
                "no TLS is spoken at that port: is it the read-only port (then write http://), or another service?",
            ),
            Self::NoCommonVersion => f.write_str(
                "no TLS version in common: a kubelet speaks 1.2 and 1.3 unless tlsMinVersion or tls_min_version says \
                 otherwise",
            ),
            Self::Ended => write!(f, "the other side ended the connection in the handshake: {CUT_SHORT}"),
            Self::Reset => write!(f, "the other side reset the connection in the handshake: {CUT_SHORT}"),
            Self::Alert(alert) => write!(f, "the kubelet ended the handshake with the alert {alert}"),
            Self::Other(why) => write!(f, "the handshake failed: {why}"),
        }
    }
}

fn wrong_name(f: &mut fmt::Formatter<'_>, names: &[Redacted]) -> fmt::Result {
    let Some(first) = names.first() else {
        return f.write_str(
            "the kubelet's certificate carries no name but a common name, which does not count: give it one with \
             subject alternative names",
        );
    };
    let shown = &names[..names.len().min(MAX_NAMES)];
    write!(
        f,
        "the kubelet's certificate is for {}{}, not for the name or address we ask for: set tls_server_name = \
         {first:?} if that is this node, or ask for one of these in url",
        shown.join(", "),
        if names.len() > MAX_NAMES {
            " and others"
        } else {
            ""
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_and_garbage_are_told_apart() {
        let of = |error| TlsFault::new(&error, None, &Secrets::default());
        let alert = |alert| of(Error::AlertReceived(alert));
        assert_eq!(
            alert(AlertDescription::InternalError),
            TlsFault::NoServingCertificate
        );
        assert_eq!(
            alert(AlertDescription::ProtocolVersion),
            TlsFault::NoCommonVersion
        );
        assert_eq!(
            alert(AlertDescription::UnknownCA),
            TlsFault::Alert(Redacted::ours("UnknownCA"))
        );
        assert_eq!(
            of(Error::InvalidMessage(InvalidMessage::InvalidContentType)),
            TlsFault::NotTls
        );
        assert!(matches!(
            of(Error::InvalidMessage(InvalidMessage::InvalidCcs)),
            TlsFault::Other(_)
        ));
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let secrets = Secrets::default();
        let names = (0..100).map(|at| secrets.redact(format!("node-{at}.example").as_bytes()));
        let names = names.collect();
        let said = TlsFault::WrongName { names }.to_string();
        assert!(said.contains("node-7.example and others"), "{said}");
        assert!(!said.contains("node-8"), "{said}");
        let said = TlsFault::WrongName { names: Vec::new() }.to_string();
        assert!(said.contains("common name"), "{said}");
    }
}
