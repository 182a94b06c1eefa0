//! Why a handshake failed, told apart by what has to be done about it.
//!
//! Knows rustls' errors and what the certificates that were shown say of themselves; asks nobody. A closed list, in words
//! of our own: what a library says of a certificate is made for its authors, and whoever shows one may put anything in. The
//! words are where somebody is asked: `kubelet` and `cluster` have other fixes for the same fault.

mod alert;
mod certificate;

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible};

pub use alert::Alert;

use crate::client::algorithm::{Key, Scheme};
use crate::client::{Pin, Seen};
use crate::redact::Redacted;

/// What stands before a node's name in the common name of its certificates (KEP-4872, and what the signer
/// kubernetes.io/kubelet-serving demands).
pub(crate) const COMMON_NAME: &str = "system:node:";

/// The common name that the certificates of that node's kubelet have, where the cluster's CA has signed them.
#[must_use]
pub fn common_name(node: &str) -> String {
    format!("{COMMON_NAME}{node}")
}

/// More names of a certificate than that do not help to find the one to ask for.
const MAX_NAMES: usize = 8;

/// The names of a certificate, as one line of a log can have them.
pub(crate) fn shown_names(names: &[Redacted]) -> String {
    let shown = names[..names.len().min(MAX_NAMES)].join(", ");
    if names.len() > MAX_NAMES {
        shown + " and others"
    } else {
        shown
    }
}

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
        /// One that can be asked for instead: of these, or one that a pattern among these fits.
        fitting: Option<Redacted>,
    },
    /// It is good for the address, and by its common name it is not that node's.
    OtherNode {
        /// The common name that this node's has.
        wanted: Redacted,
        /// The one that it has; `None` for none, and for several.
        shown: Option<Redacted>,
    },
    /// Its time is over, or has not come.
    OutOfTime {
        /// Whose.
        of: Holder,
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
    NotForServers(Holder),
    /// The kubelet's key is of a kind or size that is not taken, whoever vouches for it.
    Key(Key),
    /// The key of a CA is of a kind or size that is not taken.
    IssuerKey {
        /// Whose.
        issuer: Redacted,
        /// Its kind.
        key: Key,
    },
    /// A certificate is signed in a way that is not taken.
    Signature {
        /// Which.
        of: Holder,
        /// How.
        signed: Scheme,
    },
    /// A certificate has an extension that must be understood, and is not.
    Extension {
        /// Which certificate.
        of: Holder,
        /// The extension's identifier.
        identifier: Option<Redacted>,
    },
    /// What was shown is not what X.509 says it should be.
    Malformed(Flaw),
    /// A CA was not allowed to sign what it signed.
    Chain(Link),
    /// The proof that the kubelet holds its certificate's key is wrong.
    NotItsKey,
    /// The alert `internal_error`: the kubelet has no certificate to show.
    NoServingCertificate,
    /// What came back is not TLS.
    NotTls,
    /// What came back is TLS that breaks TLS's rules.
    BrokenTls,
    /// What came back goes on and on, and the handshake is not done.
    Endless,
    /// No TLS version that both speak.
    NoCommonVersion,
    /// The connection was closed in the handshake.
    Ended,
    /// The connection was broken in the handshake.
    Reset,
    /// The version is common, and no cipher suite, curve or signature is: the alert `handshake_failure`, or what makes
    /// one.
    NothingInCommon,
    /// The kubelet ended the handshake with an alert about our certificate, or that we have none.
    ClientCertificate(Alert),
    /// The kubelet ended the handshake with another alert.
    Alert(Alert),
    /// It failed at our own side.
    Ours(Trouble),
}

/// Whose certificate it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The kubelet's own.
    Kubelet,
    /// That of a CA which is shown with it.
    Ca(Redacted),
    /// One of those that are shown: which is not known.
    Any,
}

/// What a certificate can't be read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is none.
    Missing,
    /// Too many or too large ones.
    TooLarge,
    /// The kubelet's own is none, or not a whole one.
    Unreadable,
    /// One is no well-formed X.509.
    Encoding,
    /// It is of version 1 or 2.
    Version,
    /// It says to be signed in another way than it is.
    TwoAlgorithms,
    /// An extension is twice there, or holds what it can't.
    Extension,
    /// It ends before it begins.
    Dates,
}

/// What a CA was not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// To sign for such a name.
    Names,
    /// To have so many others below it.
    Length,
    /// To be one.
    NoCa,
    /// Not one, but the way to a CA that is believed is too long, or there are too many.
    TooLong,
}

/// What failed at our own side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The system has no random numbers.
    Random,
    /// The system has no time.
    Clock,
    /// Something that can't be, as this program uses rustls.
    Unforeseen,
}

impl TlsFault {
    /// What `error` means, with what was shown in that handshake.
    #[must_use]
    pub fn new(error: &Error, seen: &Seen) -> Self {
        match error {
            Error::InvalidCertificate(error) => certificate::fault(error, seen),
            Error::NoCertificatesPresented => Self::Malformed(Flaw::Missing),
            Error::InvalidMessage(error) => Self::of_message(error),
            Error::PeerIncompatible(error) => Self::of_incompatible(error),
            Error::AlertReceived(alert) => Self::of_alert(*alert),
            Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::InvalidEncryptedClientHello(_)
            | Error::DecryptError
            | Error::PeerMisbehaved(_)
            | Error::PeerSentOversizedRecord
            | Error::NoApplicationProtocol => Self::BrokenTls,
            Error::FailedToGetRandomBytes => Self::Ours(Trouble::Random),
            Error::FailedToGetCurrentTime => Self::Ours(Trouble::Clock),
            Error::UnsupportedNameType
            | Error::EncryptError
            | Error::InvalidCertRevocationList(_)
            | Error::General(_)
            | Error::HandshakeNotComplete
            | Error::BadMaxFragmentSize
            | Error::InconsistentKeys(_)
            | Error::Other(_)
            // What a newer rustls may have.
            | _ => Self::Ours(Trouble::Unforeseen),
        }
    }

    fn of_message(error: &InvalidMessage) -> Self {
        match error {
            // The first byte of what comes is no TLS record's.
            InvalidMessage::InvalidContentType => Self::NotTls,
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge => {
                Self::Malformed(Flaw::TooLarge)
            }
            _ => Self::BrokenTls,
        }
    }

    fn of_incompatible(error: &PeerIncompatible) -> Self {
        use PeerIncompatible as Is;
        match error {
            Is::ServerDoesNotSupportTls12Or13
            | Is::ServerTlsVersionIsDisabledByOurConfig
            | Is::SupportedVersionsExtensionRequired
            | Is::Tls12NotOffered
            | Is::Tls12NotOfferedOrEnabled
            | Is::Tls13RequiredForQuic => Self::NoCommonVersion,
            Is::NoCipherSuitesInCommon
            | Is::NoKxGroupsInCommon
            | Is::NoSignatureSchemesInCommon
            | Is::NoCertificateRequestSignatureSchemesInCommon
            | Is::NoEcPointFormatsInCommon
            | Is::EcPointsExtensionRequired
            | Is::ExtendedMasterSecretExtensionRequired
            | Is::KeyShareExtensionRequired
            | Is::NamedGroupsExtensionRequired
            | Is::NullCompressionRequired
            | Is::SignatureAlgorithmsExtensionRequired
            | Is::UncompressedEcPointsRequired => Self::NothingInCommon,
            _ => Self::BrokenTls,
        }
    }

    fn of_alert(alert: AlertDescription) -> Self {
        match alert {
            AlertDescription::InternalError => Self::NoServingCertificate,
            AlertDescription::ProtocolVersion => Self::NoCommonVersion,
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
                Self::NothingInCommon
            }
            _ => {
                let alert = Alert::new(alert);
                if alert.is_about_our_certificate() {
                    Self::ClientCertificate(alert)
                } else {
                    Self::Alert(alert)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
