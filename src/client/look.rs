//! A look at the certificate that a peer has and does not show us: one whose key is of a kind that is not taken.
//!
//! For who explains why a handshake failed, and only then: in it every kind of key is said to be taken, so that there is
//! something to be shown. It ends there, in any case: nothing is believed, and nothing of ours is sent.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Facts;
use super::connection::Connection;
use super::dial::connect;
use super::resolve::Resolver;
use super::settings::Url;
use super::shown::Shown;
use crate::redact::Secrets;

/// Kinds of signatures that are not verified, and that say of a key what it is.
const NOT_TAKEN: [SignatureScheme; 4] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::ECDSA_SHA1_Legacy,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// What is shown to who takes everything; `None` where that is nothing either.
pub async fn certificate(url: &Url, limit: Duration, secrets: &Secrets) -> Option<Facts> {
    let shown = Shown::new(secrets.clone());
    // Its end says nothing: it is one that we make.
    let _ = tokio::time::timeout(limit, shake_hands(url, &shown)).await;
    shown.facts()
}

async fn shake_hands(url: &Url, shown: &Shown) -> Option<()> {
    let (host, port) = (url.host.as_str(), url.port.get());
    let addresses = Resolver::new(host, port).addresses().await.ok()?;
    let tcp = connect(&addresses).await.ok()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Looks {
        shown: shown.clone(),
        provider: Arc::clone(&provider),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // It can only fail: the verifier refuses whatever it is shown.
    Connection::open(tcp, host, port, Some(Arc::new(config)))
        .await
        .ok()?;
    None
}

/// Remembers what it is shown, and refuses it.
#[derive(Debug)]
struct Looks {
    shown: Shown,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Looks {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.shown.remember(end_entity, intermediates);
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self
            .provider
            .signature_verification_algorithms
            .supported_schemes();
        schemes.extend(NOT_TAKEN);
        schemes
    }
}
