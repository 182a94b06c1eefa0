//! Trust: whom we believe to be the kubelet.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::certificate;
use super::error::FileError;
use super::files;
use crate::config::{Anchors, Trust};

/// Where a pod finds its cluster's CA. The API promises it for the API server only, yet on most clusters whose kubelets
/// have signed certificates it is the same CA: a default worth trying.
const IN_POD_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// What stands for an expiry that is not known.
const UNKNOWN: i64 = i64::MIN;

/// The files that are believed at this moment; none means the system's store.
pub fn anchor_files(trust: &Trust) -> Vec<PathBuf> {
    match &trust.anchors {
        Anchors::Files(files) => files.clone(),
        Anchors::InPodOrSystem if Path::new(IN_POD_CA).exists() => vec![PathBuf::from(IN_POD_CA)],
        Anchors::InPodOrSystem | Anchors::Unverified => Vec::new(),
    }
}

/// The serving certificate's expiry, as the last handshake showed it.
#[derive(Debug, Clone)]
pub struct Served(Arc<AtomicI64>);

impl Default for Served {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(UNKNOWN)))
    }
}

impl Served {
    /// Seconds since 1970; `None` before the first handshake.
    pub fn expires(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&expires| expires != UNKNOWN)
    }
}

/// Verifies a kubelet's certificate as the configuration asks.
#[derive(Debug)]
pub struct Verifier {
    /// `None` believes anyone, because the user said so by name.
    webpki: Option<Arc<WebPkiServerVerifier>>,
    /// The name to look for in the certificate, where it is not the URL's host.
    name: Option<ServerName<'static>>,
    provider: Arc<CryptoProvider>,
    served: Served,
}

impl Verifier {
    /// Loads what `trust` says to believe.
    pub fn load(trust: &Trust, provider: Arc<CryptoProvider>, served: Served) -> Result<Self, FileError> {
        let webpki = match trust.anchors {
            Anchors::Unverified => None,
            Anchors::Files(_) | Anchors::InPodOrSystem => {
                let roots = Arc::new(roots(&anchor_files(trust))?);
                let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                // Fails for an empty store only, which `roots` does not return.
                builder.build().ok()
            }
        };
        if webpki.is_none() && trust.anchors != Anchors::Unverified {
            return Err(no_anchor(Path::new("(the system's store)")));
        }
        let name = trust
            .server_name
            .clone()
            .and_then(|name| ServerName::try_from(name).ok());
        Ok(Self {
            webpki,
            name,
            provider,
            served,
        })
    }
}

fn roots(files: &[PathBuf]) -> Result<RootCertStore, FileError> {
    let mut roots = RootCertStore::empty();
    if files.is_empty() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    for path in files {
        let pem = files::read("tls_ca", path)?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .filter_map(Result::ok)
            .collect();
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(no_anchor(path));
        }
    }
    if roots.is_empty() {
        return Err(no_anchor(Path::new("(the system's store)")));
    }
    Ok(roots)
}

fn no_anchor(path: &Path) -> FileError {
    FileError {
        option: "tls_ca",
        path: path.to_owned(),
        why:
            "holds no CERTIFICATE in PEM that can be verified with; name the CA of the kubelet's certificate"
                .to_owned(),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.served.0.store(
            certificate::not_after(end_entity).unwrap_or(UNKNOWN),
            Ordering::Relaxed,
        );
        match &self.webpki {
            Some(webpki) => {
                let name = self.name.as_ref().unwrap_or(server_name);
                webpki.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
            }
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A failed handshake in words, with the mend.
pub fn explain(error: &Error) -> String {
    use rustls::AlertDescription as Alert;
    use rustls::CertificateError as Bad;
    let mend = match error {
        Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "no CA we believe has signed the kubelet's certificate (many kubelets sign their own): name its CA, or the \
             node's own kubelet.crt, in tls_ca"
        }
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "the kubelet's certificate is for another name: set tls_server_name to one of its names, often the node's"
        }
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the kubelet's certificate has expired (self-signed ones are not renewed by themselves), or this clock is wrong"
        }
        Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            "the kubelet's certificate is not valid yet: compare this clock with the node's"
        }
        Error::AlertReceived(Alert::InternalError) => {
            "the kubelet has no serving certificate yet: approve its kubelet-serving CSR (`kubectl get csr`)"
        }
        Error::InvalidMessage(_) => {
            "no TLS is spoken at that port: is it the read-only port, or another service?"
        }
        _ => "the handshake failed",
    };
    format!("{mend} ({error})")
}
