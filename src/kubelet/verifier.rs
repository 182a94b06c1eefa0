//! Verifies the certificate of each handshake, and remembers what was shown.
//!
//! What is believed is `trust`'s part. Here the name may be another than the URL's host, because many kubelets are
//! reached by an address that their certificate does not carry; and whatever is shown is remembered, believed or not,
//! because it is what the user has to be told.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::{Facts, distinguished_name, sha256};
use super::expiry::Life;
use crate::config::Pin;
use crate::redact::{Redacted, Secrets};

/// More CAs of clients than that are not remembered: a kubelet has one or two.
const MOST_CAS: usize = 64;

/// The serving certificate of the last handshake, shared between the verifier and who reports of it.
#[derive(Debug, Clone)]
pub struct Shown {
    last: Arc<Mutex<Last>>,
    /// A name in a certificate may be anything, our token too.
    secrets: Secrets,
}

#[derive(Debug, Default)]
struct Last {
    facts: Option<Facts>,
    handshakes: u64,
    client_cas: Option<Vec<Redacted>>,
}

impl Shown {
    /// Nothing yet.
    pub fn new(secrets: Secrets) -> Self {
        Self {
            last: Arc::default(),
            secrets,
        }
    }

    /// What must not be told of whatever the kubelet says.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What it says of itself; `None` before the first handshake.
    pub fn facts(&self) -> Option<Facts> {
        self.with(|last| last.facts.clone())
    }

    /// From when to when it holds.
    pub fn life(&self) -> Option<Life> {
        self.with(|last| last.facts.as_ref().map(Facts::life))
    }

    /// How many handshakes came as far as a certificate.
    pub fn handshakes(&self) -> u64 {
        self.with(|last| last.handshakes)
    }

    /// The CAs of which the kubelet takes client certificates, as it lists them in the handshake; `None` where it asks
    /// for no certificate at all.
    pub fn client_cas(&self) -> Option<Vec<Redacted>> {
        self.with(|last| last.client_cas.clone())
    }

    fn remember_client_cas(&self, names: &[&[u8]]) {
        let redactor = self.secrets.redactor();
        let names = names.iter().take(MOST_CAS);
        let names = names
            .filter_map(|name| distinguished_name(name))
            .map(|name| redactor.redact(name.as_bytes()))
            .collect();
        self.with(|last| last.client_cas = Some(names));
    }

    fn remember(&self, certificate: &CertificateDer<'_>) {
        let facts = Facts::read(certificate, &self.secrets);
        self.with(|last| {
            last.facts = facts;
            last.handshakes += 1;
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Last) -> T) -> T {
        // Nothing in here can be left half done.
        look(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Shows our certificate, whatever CAs the kubelet lists: it may take it all the same. What it lists is remembered,
/// because a refusal is a bare 401 that does not say it again.
pub struct Shows {
    /// Ours.
    pub certified: Arc<CertifiedKey>,
    /// Who is to know what the kubelet lists.
    pub shown: Shown,
}

impl fmt::Debug for Shows {
    /// Which rustls asks for; with the key in it, it says no more than that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shows")
    }
}

impl ResolvesClientCert for Shows {
    fn resolve(&self, names: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.shown.remember_client_cas(names);
        let fits = self.certified.key.choose_scheme(schemes).is_some();
        fits.then(|| Arc::clone(&self.certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// What a certificate is held against.
#[derive(Debug)]
pub enum Belief {
    /// It chains to an anchor and carries the name.
    Verified {
        /// The anchors.
        webpki: Arc<WebPkiServerVerifier>,
        /// The name to look for, where it is not the URL's host.
        name: Option<ServerName<'static>>,
    },
    /// Its key is one of these, whoever signed it, for whatever names and time.
    Pinned(Vec<Pin>),
    /// Anyone is believed who holds the key of the certificate he shows: the user said so by name.
    Anyone,
}

/// The verifier of one client configuration.
#[derive(Debug)]
pub struct Verifier {
    belief: Belief,
    algorithms: WebPkiSupportedAlgorithms,
    shown: Shown,
}

impl Verifier {
    /// Verifies by `belief`, and tells `shown` of each certificate.
    pub fn new(belief: Belief, algorithms: WebPkiSupportedAlgorithms, shown: Shown) -> Self {
        Self {
            belief,
            algorithms,
            shown,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.shown.remember(end_entity);
        match &self.belief {
            Belief::Verified { webpki, name } => {
                let name = name.as_ref().unwrap_or(host);
                webpki.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
            }
            Belief::Pinned(pins) => {
                // Read by the same code that then verifies the handshake's signature with that key.
                let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
                if pins.contains(&Pin(sha256(&key))) {
                    return Ok(ServerCertVerified::assertion());
                }
                Err(Error::InvalidCertificate(
                    CertificateError::ApplicationVerificationFailure,
                ))
            }
            Belief::Anyone => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
