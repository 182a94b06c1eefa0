//! A client certificate: who we say we are in the handshake of each connection.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;

use super::certificate::{Facts, sha256};
use super::file_error::{FileError, FileFault};
use super::named_file;
use super::pem::{self, PemFault};
use super::pin::Pin;
use crate::redact::Secrets;

/// A client certificate ready for handshakes. Not to be printed: a key is in it.
pub struct ClientCertificate {
    /// Chain and key.
    pub certified: Arc<CertifiedKey>,
    /// What the leaf says of itself.
    pub facts: Facts,
}

/// Loads a pair. A half-written one, in which the key is not the certificate's, is refused. The key is a secret from then
/// on.
pub fn load(cert: &Path, key: &Path, secrets: &Secrets) -> Result<ClientCertificate, FileError> {
    let of_cert = |fault| FileError {
        option: "tls_cert",
        path: Some(cert.to_owned()),
        fault,
    };
    let of_key = |fault| FileError {
        option: "tls_key",
        path: Some(key.to_owned()),
        fault,
    };

    let content = named_file::read("tls_cert", cert)?;
    if cert == key && pem::is_encrypted(&content) {
        return Err(of_key(FileFault::Pem(PemFault::Encrypted)));
    }
    let chain = pem::certificates(&content).map_err(|fault| of_cert(FileFault::Pem(fault)))?;

    let content = named_file::read("tls_key", key)?;
    let private = pem::private_key(&content).map_err(|fault| of_key(FileFault::Pem(fault)))?;
    secrets.learn(private.secret_der());
    let signing = any_supported_type(&private).map_err(|_| {
        of_key(if pem::is_whole_der(private.secret_der()) {
            FileFault::KeyKind
        } else {
            FileFault::KeyDamaged
        })
    })?;
    let facts = chain
        .first()
        .and_then(|leaf| Facts::read(leaf, &secrets.redactor()))
        .ok_or_else(|| of_cert(FileFault::NotX509))?;
    // By its public key, and not by rustls' own look: that one reads no certificate of version 1, which Go takes.
    let public = signing.public_key();
    if public.is_some_and(|public| Pin(sha256(&public)) != facts.pin) {
        return Err(of_key(FileFault::NotTheKey {
            cert: cert.to_owned(),
        }));
    }
    Ok(ClientCertificate {
        certified: Arc::new(CertifiedKey::new(chain, signing)),
        facts,
    })
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
        let loaded = load(&cert_path, &key_path, &Secrets::default());
        loaded.err().expect("a fault").to_string()
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
        assert!(why(&certificate, Some(&key)).contains("is damaged"));
    }
}
