//! Verifies the certificate of each handshake, and has `shown` remember it.
//!
//! What is believed is `trust`'s part. Here the name may be another than the URL's host, because many servers are
//! reached by an address that their certificate does not carry.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};
use webpki::RawPublicKeyEntity;

use super::certificate::{public_key, sha256};
use super::common_name;
use super::pin::Pin;
use super::shown::Shown;

/// Shows our certificate, whatever CAs the peer lists: it may take it all the same. What it lists is remembered,
/// because a refusal is a bare 401 that does not say it again.
pub struct Shows {
    /// Ours.
    pub certified: Arc<CertifiedKey>,
    /// Who is to know what the peer lists.
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
    /// It chains to one of these anchors and carries the name.
    Verified(Arc<WebPkiServerVerifier>),
    /// Its key is one of these, whoever signed it, for whatever names and time.
    Pinned(Vec<Pin>),
    /// Anyone is believed who holds the key of the certificate he shows: the user said so by name.
    Anyone,
}

/// The verifier of one peer's certificates.
#[derive(Debug)]
pub struct Verifier {
    /// The same for all peers of a profile.
    belief: Arc<Belief>,
    /// The name to look for, where it is not the URL's host.
    name: Option<ServerName<'static>>,
    /// The common name to look for beside that.
    common_name: Option<String>,
    algorithms: WebPkiSupportedAlgorithms,
    shown: Shown,
}

impl Verifier {
    /// Verifies by `belief`, and tells `shown` of each certificate.
    pub fn new(
        belief: Arc<Belief>,
        name: Option<ServerName<'static>>,
        common_name: Option<String>,
        algorithms: WebPkiSupportedAlgorithms,
        shown: Shown,
    ) -> Self {
        Self {
            belief,
            name,
            common_name,
            algorithms,
            shown,
        }
    }

    /// What [`verify_tls12_signature`] does, with the key alone: TLS 1.2 leaves the curve open, so that several
    /// algorithms may be meant.
    fn verify_with_key(
        &self,
        message: &[u8],
        key: &SubjectPublicKeyInfoDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = RawPublicKeyEntity::try_from(key).map_err(|_| CertificateError::BadEncoding)?;
        let mut offered = self.algorithms.mapping.iter();
        let (_, meant) = offered
            .find(|(scheme, _)| *scheme == signed.scheme)
            .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let fits = |algorithm: &&dyn SignatureVerificationAlgorithm| {
            key.verify_signature(*algorithm, message, signed.signature())
                .is_ok()
        };
        if meant.iter().any(fits) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }
}

/// The key that a certificate is of, for its pin and for the handshake's signature alike. Where nothing else in the
/// certificate counts, nothing else in it has to be well-formed or understood.
fn key_of(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    match ParsedCertificate::try_from(certificate) {
        Ok(parsed) => Ok(parsed.subject_public_key_info()),
        Err(error) => public_key(certificate).ok_or(error),
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
        self.shown.remember(end_entity, intermediates);
        let verified = match &*self.belief {
            Belief::Verified(webpki) => {
                let name = self.name.as_ref().unwrap_or(host);
                webpki.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)?
            }
            Belief::Pinned(pins) => {
                if !pins.contains(&Pin(sha256(&key_of(end_entity)?))) {
                    return Err(CertificateError::ApplicationVerificationFailure.into());
                }
                ServerCertVerified::assertion()
            }
            Belief::Anyone => ServerCertVerified::assertion(),
        };
        // Only now: what anybody may have signed says nothing.
        if let Some(wanted) = &self.common_name {
            common_name::check(end_entity, wanted)?;
        }
        self.shown.believed();
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match *self.belief {
            Belief::Verified(_) => verify_tls12_signature(message, certificate, signed, &self.algorithms),
            Belief::Pinned(_) | Belief::Anyone => {
                self.verify_with_key(message, &key_of(certificate)?, signed)
            }
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.algorithms;
        match *self.belief {
            Belief::Verified(_) => verify_tls13_signature(message, certificate, signed, algorithms),
            Belief::Pinned(_) | Belief::Anyone => {
                verify_tls13_signature_with_raw_key(message, &key_of(certificate)?, signed, algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
