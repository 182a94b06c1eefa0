//! Identity: who we say we are. A token or a client certificate, never both on one request.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::certificate;
use super::error::FileError;
use super::files;
use super::token::TokenFile;
use crate::config::Credential;

/// Who we are, with what is needed to say so.
#[derive(Debug)]
pub enum Identity {
    /// Nothing is said: the read-only port.
    None,
    /// By the header of each request.
    Token(TokenFile),
    /// By the handshake of each connection.
    Certificate {
        /// `tls_cert`.
        cert: PathBuf,
        /// `tls_key`, or the same file.
        key: PathBuf,
    },
}

impl Identity {
    /// The identity that the configuration asks for. Its files may not be there yet.
    pub fn new(credential: &Credential) -> Self {
        match credential {
            Credential::None => Self::None,
            Credential::BearerToken { file } => Self::Token(TokenFile::new(file.clone())),
            Credential::ClientCertificate { cert, key } => Self::Certificate {
                cert: cert.clone(),
                key: key.clone(),
            },
        }
    }
}

/// A client certificate ready for handshakes.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// Chain and key.
    pub certified: Arc<CertifiedKey>,
    /// When the leaf expires, in seconds since 1970.
    pub expires: Option<i64>,
}

/// Loads a pair. A half-written one, in which the key is not the certificate's, is refused.
pub fn load(cert: &Path, key: &Path) -> Result<ClientCertificate, FileError> {
    let of_cert = |why: String| FileError {
        option: "tls_cert",
        path: cert.to_owned(),
        why,
    };
    let of_key = |why: String| FileError {
        option: "tls_key",
        path: key.to_owned(),
        why,
    };

    let pem = files::read("tls_cert", cert)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| of_cert(format!("is not PEM: {error}")))?;
    let leaf = chain
        .first()
        .ok_or_else(|| of_cert("holds no CERTIFICATE in PEM".to_owned()))?;
    let expires = certificate::not_after(leaf);

    let pem = files::read("tls_key", key)?;
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| of_key(explain_key(&pem, &error)))?;
    let signing = any_supported_type(&private).map_err(|_| {
        of_key("is of a kind that TLS cannot use; take RSA, ECDSA P-256/P-384 or Ed25519".to_owned())
    })?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(_) => {
            return Err(of_key(format!(
                "is not the key of the certificate in {}",
                cert.display()
            )));
        }
    }
    Ok(ClientCertificate {
        certified: Arc::new(certified),
        expires,
    })
}

fn explain_key(pem: &[u8], error: &pem::Error) -> String {
    let has = |label: &[u8]| pem.windows(label.len()).any(|window| window == label);
    if has(b"ENCRYPTED") {
        "is encrypted; decrypt it with `openssl pkey -in KEY -out PLAIN` and protect the file by its mode"
            .to_owned()
    } else if has(b"-----BEGIN") {
        format!("holds no private key in PEM: {error}")
    } else {
        "is not PEM".to_owned()
    }
}
