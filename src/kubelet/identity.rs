//! Identity: who we say we are. A token or a client certificate, never both on one request.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::certificate::Facts;
use super::error::{FileError, FileFault};
use super::named_file;
use super::token::TokenFile;
use crate::config::Credential;
use crate::redact::Secrets;

/// Who we are, with what is needed to say so.
#[derive(Debug)]
pub enum Identity {
    /// Nothing is said: the read-only port.
    None,
    /// By the header of each request.
    Token(Box<TokenFile>),
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
    pub fn new(credential: &Credential, secrets: &Secrets) -> Self {
        match credential {
            Credential::None => Self::None,
            Credential::BearerToken { file } => {
                Self::Token(Box::new(TokenFile::new(file.clone(), secrets.clone())))
            }
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
    /// What the leaf says of itself.
    pub facts: Facts,
}

/// Loads a pair. A half-written one, in which the key is not the certificate's, is refused.
pub fn load(cert: &Path, key: &Path) -> Result<ClientCertificate, FileError> {
    let of_cert = |why: String| FileError {
        fault: FileFault::Unusable,
        option: "tls_cert",
        path: cert.to_owned(),
        why,
    };
    let of_key = |why: String| FileError {
        fault: FileFault::Unusable,
        option: "tls_key",
        path: key.to_owned(),
        why,
    };

    let pem = named_file::read("tls_cert", cert)?;
    if cert == key && is_encrypted(&pem) {
        return Err(of_key(ENCRYPTED.to_owned()));
    }
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| of_cert(format!("is not whole PEM: {error}")))?;
    if chain.is_empty() {
        return Err(of_cert("holds no CERTIFICATE in PEM".to_owned()));
    }

    let pem = named_file::read("tls_key", key)?;
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| of_key(explain_key(&pem, &error)))?;
    let signing = any_supported_type(&private).map_err(|_| {
        of_key("is of a kind that TLS cannot use; take RSA, ECDSA P-256/P-384 or Ed25519".to_owned())
    })?;
    let facts = chain
        .first()
        .and_then(|leaf| Facts::read(leaf, &Secrets::default()))
        .ok_or_else(|| of_cert("holds a CERTIFICATE that is none: what is in it is not X.509".to_owned()))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(_) => {
            let why = format!(
                "is not the key of the first certificate in {}: put the leaf first, and replace both together",
                cert.display()
            );
            return Err(FileError {
                fault: FileFault::NotTheKey,
                ..of_key(why)
            });
        }
    }
    Ok(ClientCertificate {
        certified: Arc::new(certified),
        facts,
    })
}

const ENCRYPTED: &str = "holds an encrypted key; decrypt it with `openssl pkey -in KEY -out PLAIN` and protect the file by its mode";

/// PKCS#8 says it in the label, PKCS#1 and SEC1 in a header.
fn is_encrypted(pem: &[u8]) -> bool {
    ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"]
        .iter()
        .any(|mark| pem.windows(mark.len()).any(|window| window == mark.as_bytes()))
}

fn explain_key(pem: &[u8], error: &pem::Error) -> String {
    match error {
        _ if is_encrypted(pem) => ENCRYPTED.to_owned(),
        pem::Error::NoItemsFound => "holds no private key in PEM".to_owned(),
        error => format!("is not whole PEM: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
    }

    fn why(cert: &str, key: Option<&str>) -> String {
        let dir = tempfile::tempdir().unwrap();
        let (cert_path, key_path) = (dir.path().join("cert"), dir.path().join("key"));
        std::fs::write(&cert_path, cert).unwrap();
        let key_path = match key {
            Some(key) => {
                std::fs::write(&key_path, key).unwrap();
                key_path
            }
            None => cert_path.clone(),
        };
        load(&cert_path, &key_path).unwrap_err().to_string()
    }

    #[test]
    fn an_encrypted_key_is_told_with_the_mend() {
        let certificate = section("CERTIFICATE");
        let pkcs8 = section("ENCRYPTED PRIVATE KEY");
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
                   -----END RSA PRIVATE KEY-----\n";
        for key in [pkcs8.as_str(), old] {
            for said in [
                why(&certificate, Some(key)),
                why(&format!("{certificate}{key}"), None),
            ] {
                assert!(
                    said.starts_with("tls_key") && said.contains("openssl pkey"),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn each_half_that_is_missing_is_named() {
        let certificate = section("CERTIFICATE");
        let key = section("PRIVATE KEY");
        assert!(why(&key, None).contains("holds no CERTIFICATE"));
        assert!(why(&certificate, None).contains("holds no private key"));
        assert!(why(&certificate, Some("-----BEGIN PRIVATE KEY-----\nAA")).contains("not whole PEM"));
        assert!(why(&certificate, Some(&key)).contains("kind that TLS cannot use"));
    }
}
