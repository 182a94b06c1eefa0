//! What the files that a configuration names hold, read just as a scrape reads them.
//!
//! For who explains a set-up. Nobody is asked and nothing is kept; what comes out holds no secret.

use std::path::{Path, PathBuf};

use super::certificate::Facts;
use super::claims::Claims;
use super::file_error::FileError;
use super::pem::{PemFault, Wanted};
use super::settings::{Anchors, Credential};
use super::{identity, named_file, pem, token, trust};
use crate::redact::Secrets;

/// Who the files say that we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Nobody: the read-only port.
    Nobody,
    /// The holder of a token; `None` for one that is no JWT.
    Token(Option<Claims>),
    /// The holder of a certificate.
    Certificate(Box<Facts>),
}

/// Reads the files of a credential, which from then on are secrets.
///
/// # Errors
/// The first file that a scrape could not use either.
pub fn who(credential: &Credential, secrets: &Secrets) -> Result<Who, FileError> {
    match credential {
        Credential::None => Ok(Who::Nobody),
        Credential::BearerToken { file } => {
            let token = token::read(file, secrets)?;
            Ok(Who::Token(token.claims().cloned()))
        }
        Credential::ClientCertificate { cert, key } => {
            let facts = identity::load(cert, key, secrets)?.facts;
            Ok(Who::Certificate(Box::new(facts)))
        }
    }
}

/// The files of CAs that are believed now: those configured, or the in-pod one where it is there.
#[must_use]
pub fn ca_files(anchors: &Anchors) -> Vec<PathBuf> {
    trust::Source::now(anchors, None).files().to_vec()
}

/// What the CAs in the file at `path` say of themselves, without a piece of a secret.
///
/// # Errors
/// The file holds none that could be believed.
pub fn cas(path: &Path, secrets: &Secrets) -> Result<Vec<Facts>, FileError> {
    let redactor = secrets.redactor();
    Ok(trust::read(path)?
        .iter()
        .filter_map(|ca| Facts::read(ca, &redactor))
        .collect())
}

/// What a scrape would say of a file of PEM with such a content.
///
/// # Errors
/// It holds nothing that is wanted.
pub fn pem(content: &[u8], wanted: Wanted) -> Result<(), PemFault> {
    match wanted {
        Wanted::Certificate => pem::certificates(content).map(drop),
        Wanted::PrivateKey => pem::private_key(content).map(drop),
    }
}

/// Whether the token in the file at `path` has white space around it, which is not sent.
#[must_use]
pub fn is_padded(path: &Path) -> bool {
    named_file::read("bearer_token", path).is_ok_and(|content| content.trim_ascii().len() < content.len())
}
