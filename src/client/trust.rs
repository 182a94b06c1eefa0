//! Trust: whom we believe. From what the configuration names to anchors that can be verified with.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

use super::certificate::Facts;
use super::file_error::{FileError, FileFault};
use super::named_file;
use super::pem;
use super::pin::Pin;
use super::settings::Anchors;
use super::verifier::Belief;
use crate::redact::Secrets;
use crate::system;

const OPTION: &str = "tls_ca";

/// Where a pod finds its cluster's CA. The API promises it for the API server only, yet on most clusters whose kubelets
/// have signed certificates it is the same CA: a default worth trying.
const IN_POD_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// Where anchors come from at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// These files.
    Files(Vec<PathBuf>),
    /// The system's store.
    System,
    /// No file: these keys.
    Pins(Vec<Pin>),
    /// Nothing is verified.
    Unverified,
}

impl Source {
    /// Decides anew where the configuration leaves the choice: a volume may be mounted late. Once the in-pod CA was
    /// there it is never given up for the system's store, because a volume that is remounted is gone for a moment
    /// (kubernetes/kubernetes#68164), and a moment must not widen whom we believe.
    pub fn now(anchors: &Anchors, before: Option<&Self>) -> Self {
        match anchors {
            Anchors::Files(files) => Self::Files(files.clone()),
            Anchors::Pinned(pins) => Self::Pins(pins.clone()),
            Anchors::Unverified => Self::Unverified,
            Anchors::InPodOrSystem => match before {
                Some(Self::Files(files)) => Self::Files(files.clone()),
                _ if Path::new(IN_POD_CA).exists() => Self::Files(vec![PathBuf::from(IN_POD_CA)]),
                _ => Self::System,
            },
        }
    }

    /// The files to watch.
    pub fn files(&self) -> &[PathBuf] {
        match self {
            Self::Files(files) => files,
            Self::System | Self::Pins(_) | Self::Unverified => &[],
        }
    }
}

/// Loads what is to be believed.
pub fn load(source: &Source, provider: &Arc<CryptoProvider>) -> Result<Belief, FileError> {
    let mut roots = RootCertStore::empty();
    match source {
        Source::Unverified => return Ok(Belief::Anyone),
        Source::Pins(pins) => return Ok(Belief::Pinned(pins.clone())),
        Source::System => {
            roots.add_parsable_certificates(system_store()?);
        }
        Source::Files(files) => {
            for path in files {
                add(&mut roots, path)?;
            }
        }
    }
    let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        // It refuses an empty store and wrong CRLs; there are none of these.
        .map_err(|_| FileError {
            option: OPTION,
            path: None,
            fault: FileFault::NoStore,
        })?;
    Ok(Belief::Verified(webpki))
}

/// What a distribution ships is not ours to judge: the odd certificate that cannot be parsed is left out. A store of
/// which a part could not be opened for want of descriptors is none: nobody would look for the rest later.
fn system_store() -> Result<Vec<CertificateDer<'static>>, FileError> {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        let mut below: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(error) = below {
            let fault = error.downcast_ref().map(system::Fault::new);
            if let Some(fault) = fault.filter(|fault| fault.is_lack()) {
                return Err(FileError {
                    option: OPTION,
                    path: None,
                    fault: FileFault::StoreUnreadable(fault),
                });
            }
            below = error.source();
        }
    }
    Ok(found.certs)
}

/// Adds the anchors of one file, all of them or none: a bundle that is being written must not lose a CA.
fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), FileError> {
    let (added, _) = roots.add_parsable_certificates(read(path)?);
    if added == 0 {
        return Err(error(path, FileFault::NoUsableCa));
    }
    Ok(())
}

/// The anchors in one file; at least one.
pub fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let content = named_file::read(OPTION, path)?;
    let mut certificates = pem::certificates(&content).map_err(|fault| error(path, FileFault::Pem(fault)))?;
    certificates.retain(is_anchor);
    if certificates.is_empty() {
        return Err(error(path, FileFault::NoCa));
    }
    Ok(certificates)
}

fn error(path: &Path, fault: FileFault) -> FileError {
    FileError {
        option: OPTION,
        path: Some(path.to_owned()),
        fault,
    }
}

/// A kubelet's own `kubelet.crt` holds its leaf and the CA that signed it. The leaf is no anchor: whoever holds its key
/// could sign for every name.
fn is_anchor(certificate: &CertificateDer<'_>) -> bool {
    // Nothing of it is told.
    Facts::read(certificate, &Secrets::default().redactor())
        .is_some_and(|facts| facts.is_ca || facts.self_issued)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_in_pod_ca_is_not_given_up_for_the_systems_store() {
        let once = Source::Files(vec![PathBuf::from("/gone/ca.crt")]);
        assert_eq!(Source::now(&Anchors::InPodOrSystem, Some(&once)), once);
        assert_eq!(
            Source::now(&Anchors::InPodOrSystem, Some(&Source::System)),
            Source::now(&Anchors::InPodOrSystem, None)
        );
    }
}
