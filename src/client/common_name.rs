//! Whose a certificate is by its subject's common name, for a peer that has to prove that beside its address.
//!
//! An address is somebody else's tomorrow, and a CA that signs for addresses has signed for its former holder too. A name
//! in the subject, which the CA looked at when it signed, is nobody else's.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Error, OtherError};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The certificate's common name is not the one that the peer has to prove.
#[derive(Debug)]
pub struct OtherCommonName {
    /// That one.
    pub wanted: String,
}

impl fmt::Display for OtherCommonName {
    /// Which an error has to have. What is told is made by who knows who was asked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate has another common name")
    }
}

impl std::error::Error for OtherCommonName {}

/// Refuses a certificate whose subject has another common name than `wanted`, none, or several. To the letter: these names
/// are no DNS names.
pub(super) fn check(certificate: &CertificateDer<'_>, wanted: &str) -> Result<(), Error> {
    if is_of(certificate, wanted) {
        return Ok(());
    }
    let wanted = wanted.to_owned();
    Err(CertificateError::Other(OtherError(Arc::new(OtherCommonName { wanted }))).into())
}

fn is_of(certificate: &CertificateDer<'_>, wanted: &str) -> bool {
    let Ok((&[], parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    let mut names = parsed.subject().iter_common_name();
    let (Some(only), None) = (names.next(), names.next()) else {
        return false;
    };
    only.as_str() == Ok(wanted)
}
