//! What the handshakes of one profile are made with: loaded once, loaded anew when a file of it changes.
//!
//! The large parts (anchors, our certificate) are the same for all peers. A peer adds the name that it has to prove, and
//! where to remember what it shows.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use super::file_error::FileError;
use super::identity;
use super::life::Life;
use super::settings::{Credential, Settings, Trust};
use super::shown::Shown;
use super::trust::{self, Source};
use super::verifier::{Belief, Shows, Verifier};
use crate::files::Fingerprint;
use crate::redact::Secrets;

/// Where it was loaded from, and what that looked like then.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    anchors: Source,
    files: Vec<(PathBuf, Option<Fingerprint>)>,
}

impl Origin {
    /// Looked at before anything is read: a file that changes while we read it has changed at the next look.
    pub fn now(settings: &Settings, before: Option<&Self>) -> Self {
        let anchors = Source::now(&settings.trust.anchors, before.map(|origin| &origin.anchors));
        let mut files = anchors.files().to_vec();
        if let Credential::ClientCertificate { cert, key } = &settings.credential {
            files.extend([cert.clone(), key.clone()]);
        }
        let files = files
            .into_iter()
            .map(|path| {
                let print = Fingerprint::of(&path);
                (path, print)
            })
            .collect();
        Self { anchors, files }
    }
}

/// Trust and identity, ready for handshakes.
pub struct Tls {
    origin: Origin,
    provider: Arc<CryptoProvider>,
    belief: Arc<Belief>,
    ours: Option<Arc<CertifiedKey>>,
    client_certificate: Option<Life>,
    tls13_only: bool,
}

impl Tls {
    /// Reads what `origin` names. A key is a secret from then on.
    pub fn load(settings: &Settings, origin: Origin, secrets: &Secrets) -> Result<Self, FileError> {
        let Settings {
            credential,
            trust: Trust { tls13_only, .. },
            ..
        } = settings;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let belief = trust::load(&origin.anchors, &provider)?;
        let ours = match credential {
            Credential::ClientCertificate { cert, key } => Some(identity::load(cert, key, secrets)?),
            Credential::BearerToken { .. } | Credential::None => None,
        };
        Ok(Self {
            origin,
            provider,
            belief: Arc::new(belief),
            client_certificate: ours.as_ref().map(|ours| ours.facts.life()),
            ours: ours.map(|ours| ours.certified),
            tls13_only: *tls13_only,
        })
    }

    /// Where it was loaded from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// From when to when our certificate holds, where we show one.
    pub fn client_certificate(&self) -> Option<Life> {
        self.client_certificate
    }

    /// For one peer, which has to prove `name` or, without one, the host's, beside it `common_name`, if there is one, and
    /// whose certificates `shown` remembers.
    pub fn config(
        &self,
        name: Option<ServerName<'static>>,
        common_name: Option<String>,
        shown: &Shown,
    ) -> ClientConfig {
        let algorithms = self.provider.signature_verification_algorithms;
        let belief = Arc::clone(&self.belief);
        let verifier = Verifier::new(belief, name, common_name, algorithms, shown.clone());
        let versions: &[_] = if self.tls13_only {
            &[&TLS13]
        } else {
            &[&TLS13, &TLS12]
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions)
            .expect("ring has cipher suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.ours {
            Some(ours) => builder.with_client_cert_resolver(Arc::new(Shows {
                certified: Arc::clone(ours),
                shown: shown.clone(),
            })),
            None => builder.with_no_client_auth(),
        };
        // A resumed session skips the certificate: each connection is to show what holds now.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}
