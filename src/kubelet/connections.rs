//! The connection to a kubelet: made with an identity and a trust, used until one of them changes on disk or it grows old.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::version::{TLS12, TLS13};
use tokio::time::Instant;

use super::error::{Phase, ScrapeError};
use super::expiry::Life;
use super::file_error::FileError;
use super::identity::{self, Identity};
use super::request;
use super::shown::Shown;
use super::trust::{self, Source};
use super::verifier::{Shows, Verifier};
use crate::client::{Connection, Resolver, connect};
use crate::config::{self, Anchors, KubeletUrl, Scheme, Trust};
use crate::files::Fingerprint;
use crate::redact::Secrets;

/// No connection is used for longer. A kept-alive connection goes on with the certificates of its handshake, ours and
/// the kubelet's: this bounds how long a revoked or replaced one lives on.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(600);

/// The kubelet closes an idle connection after 90 s; one that is used just then is lost.
const MAX_IDLE: Duration = Duration::from_secs(75);

/// Where a configuration was loaded from, and what it looked like then.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    anchors: Source,
    files: Vec<(PathBuf, Option<Fingerprint>)>,
}

impl Origin {
    /// Looked at before anything is read: a file that changes while we read it has changed at the next look.
    fn now(identity: &Identity, trust: &Trust, before: Option<&Self>) -> Self {
        let anchors = Source::now(&trust.anchors, before.map(|origin| &origin.anchors));
        let mut files = anchors.files().to_vec();
        if let Identity::Certificate { cert, key } = identity {
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

/// What connections are made with.
struct Loaded {
    origin: Origin,
    config: Arc<ClientConfig>,
    client_certificate: Option<Life>,
}

/// A connection with its times.
pub struct Open {
    /// It.
    pub connection: Connection,
    since: Instant,
    used: Instant,
}

impl Open {
    fn is_young(&self) -> bool {
        self.since.elapsed() < MAX_CONNECTION_AGE && self.used.elapsed() < MAX_IDLE
    }
}

/// Makes connections to one kubelet, and keeps one.
pub struct Connections {
    url: KubeletUrl,
    resolver: Resolver,
    trust: Trust,
    shown: Shown,
    loaded: Option<Loaded>,
    kept: Option<Open>,
    /// The trouble the log was told of already.
    told: Option<FileError>,
}

impl Connections {
    /// Connections to that kubelet. Plain http has nothing to verify, so nothing is loaded: an image without any CA
    /// store can read the read-only port.
    pub fn new(kubelet: &config::Kubelet, secrets: Secrets) -> Self {
        let mut trust = kubelet.trust.clone();
        if kubelet.url.scheme == Scheme::Http {
            trust.anchors = Anchors::Unverified;
        }
        Self {
            url: kubelet.url.clone(),
            resolver: Resolver::new(&kubelet.url.host, kubelet.url.port.get()),
            trust,
            shown: Shown::new(secrets),
            loaded: None,
            kept: None,
            told: None,
        }
    }

    /// The life of the client certificate in use.
    pub fn client_certificate(&self) -> Option<Life> {
        self.loaded.as_ref()?.client_certificate
    }

    /// Whether the dates of the serving certificate are held against it: a pin stands in for them.
    pub fn dates_count(&self) -> bool {
        !matches!(self.trust.anchors, Anchors::Pinned(_))
    }

    /// The serving certificate seen last.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Looks at the files that connections are made with, and loads them if one has changed.
    ///
    /// While they cannot be used (a pair half-written, say) what was read last goes on, and the log is told once.
    pub fn look_at_files(&mut self, identity: &Identity) -> Result<(), FileError> {
        let before = self.loaded.as_ref().map(|loaded| &loaded.origin);
        let origin = Origin::now(identity, &self.trust, before);
        if before == Some(&origin) {
            return Ok(());
        }
        match self.load(identity, origin) {
            Ok(loaded) => {
                self.told = None;
                self.kept = None;
                self.loaded = Some(loaded);
            }
            Err(error) if self.loaded.is_some() => self.tell_once(error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The connection that was kept, if it is of any use still. Files that cannot be used are no reason to use an old one.
    pub async fn kept(&mut self) -> Option<Open> {
        let mut kept = self.kept.take().filter(Open::is_young)?;
        kept.connection.is_fit().await.then_some(kept)
    }

    /// Keeps it for the next question, if it is fit for one.
    pub async fn keep(&mut self, mut open: Open) {
        open.used = Instant::now();
        if open.connection.is_fit().await {
            self.kept = Some(open);
        }
    }

    /// A new one; `phase` says how far it has come.
    pub async fn open(&mut self, phase: &mut Phase) -> Result<Open, ScrapeError> {
        *phase = Phase::Resolving;
        let addresses = self.resolver.addresses().await?;
        *phase = Phase::Connecting;
        let tcp = connect(&addresses).await?;
        *phase = Phase::Handshaking;
        let config = match self.url.scheme {
            Scheme::Https => self.loaded.as_ref().map(|loaded| Arc::clone(&loaded.config)),
            Scheme::Http => None,
        };
        let connection = Connection::open(tcp, &self.url.host, self.url.port.get(), config)
            .await
            .map_err(|fault| request::refused(fault, &self.shown))?;
        let now = Instant::now();
        Ok(Open {
            connection,
            since: now,
            used: now,
        })
    }

    fn tell_once(&mut self, error: FileError) {
        if self.told.as_ref() != Some(&error) {
            log::warn!("{error}; going on with what was read last");
            self.told = Some(error);
        }
    }

    fn load(&self, identity: &Identity, origin: Origin) -> Result<Loaded, FileError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let belief = trust::load(&self.trust, &origin.anchors, &provider)?;
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Verifier::new(belief, algorithms, self.shown.clone());
        let versions: &[_] = if self.trust.tls13_only {
            &[&TLS13]
        } else {
            &[&TLS13, &TLS12]
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("ring has cipher suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let (mut config, client_certificate) = match identity {
            Identity::Certificate { cert, key } => {
                let ours = identity::load(cert, key, self.shown.secrets())?;
                let shows = Shows {
                    certified: ours.certified,
                    shown: self.shown.clone(),
                };
                (
                    builder.with_client_cert_resolver(Arc::new(shows)),
                    Some(ours.facts.life()),
                )
            }
            Identity::Token(_) | Identity::None => (builder.with_no_client_auth(), None),
        };
        // A resumed session skips the certificate: each connection is to show what holds now.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Loaded {
            origin,
            config: Arc::new(config),
            client_certificate,
        })
    }
}
