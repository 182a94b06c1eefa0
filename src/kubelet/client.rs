//! The HTTP client: made from an identity and a trust, used until one of them changes on disk or it grows old.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::version::{TLS12, TLS13};
use tokio::time::Instant;

use super::expiry::Life;
use super::file_error::FileError;
use super::identity::{self, Identity};
use super::trust::{self, Source};
use super::verifier::{Shown, Shows, Verifier};
use crate::config::{self, Anchors, Scheme, Trust};
use crate::files::Fingerprint;
use crate::redact::Secrets;

/// No connection is used for longer. A kept-alive connection goes on with the certificates of its handshake, ours and
/// the kubelet's: this bounds how long a revoked or replaced one lives on.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(600);

/// The kubelet closes an idle connection after 90 s; one that is used just then is lost.
const MAX_IDLE: Duration = Duration::from_secs(75);

/// A body of 0.7 MB, a full node's, needs three round trips on loopback and little memory.
const WINDOW: u32 = 256 * 1024;

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
    config: ClientConfig,
    client_certificate: Option<Life>,
}

/// A client with its one connection.
struct Open {
    client: Client,
    since: Instant,
    answered: bool,
}

impl Open {
    fn new(config: ClientConfig) -> Self {
        Self {
            client: http(config),
            since: Instant::now(),
            answered: false,
        }
    }

    fn is_young(&self) -> bool {
        self.since.elapsed() < MAX_CONNECTION_AGE
    }
}

/// Makes clients, and keeps one.
pub struct Clients {
    trust: Trust,
    shown: Shown,
    loaded: Option<Loaded>,
    open: Option<Open>,
    /// The trouble the log was told of already.
    told: Option<FileError>,
}

impl Clients {
    /// Clients for that kubelet. Plain http has nothing to verify, so nothing is loaded: an image without any CA store
    /// can read the read-only port.
    pub fn new(kubelet: &config::Kubelet, secrets: Secrets) -> Self {
        let mut trust = kubelet.trust.clone();
        if kubelet.url.scheme == Scheme::Http {
            trust.anchors = Anchors::Unverified;
        }
        Self {
            trust,
            shown: Shown::new(secrets),
            loaded: None,
            open: None,
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

    /// The client to use now: a new one if a certificate, key or CA changed, or the old one is too old.
    ///
    /// While the files cannot be used (a pair half-written, say) what was read last goes on, and the log is told once.
    pub fn get(&mut self, identity: &Identity) -> Result<Client, FileError> {
        let before = self.loaded.as_ref().map(|loaded| &loaded.origin);
        let origin = Origin::now(identity, &self.trust, before);
        if let Some(open) = self.open.as_ref().filter(|open| open.is_young())
            && before == Some(&origin)
        {
            return Ok(open.client.clone());
        }
        let loaded = match (self.load(identity, origin), self.loaded.take()) {
            (Ok(new), _) => {
                self.told = None;
                self.open = None;
                new
            }
            (Err(error), Some(old)) => {
                self.tell_once(error);
                old
            }
            (Err(error), None) => return Err(error),
        };
        let loaded = self.loaded.insert(loaded);
        // Files that cannot be used are no reason to keep an old connection.
        let open = match self.open.take().filter(Open::is_young) {
            Some(open) => open,
            None => Open::new(loaded.config.clone()),
        };
        Ok(self.open.insert(open).client.clone())
    }

    /// The connection is not to be used again: it failed, or nobody knows what is still under way on it.
    pub fn drop_connection(&mut self) {
        self.open = None;
    }

    /// An answer came over the connection.
    pub fn answered(&mut self) {
        if let Some(open) = &mut self.open {
            open.answered = true;
        }
    }

    /// Whether the next request may go over a connection that was kept, and so may find it dead.
    pub fn is_kept(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.answered)
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
            config,
            client_certificate,
        })
    }
}

/// A client with nothing in it from the environment: no proxy, no redirects, one connection.
fn http(tls: ClientConfig) -> Client {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("telegraf-kubelet/", env!("CARGO_PKG_VERSION")))
        .pool_idle_timeout(MAX_IDLE)
        .pool_max_idle_per_host(1)
        .http2_initial_stream_window_size(WINDOW)
        .http2_initial_connection_window_size(WINDOW)
        .build()
        .expect("all that is given is constant, and reqwest is built on this rustls")
}
