//! The HTTP client: made from an identity and a trust, used until one of them changes on disk or it grows old.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, redirect};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};

use super::error::FileError;
use super::files::Fingerprint;
use super::identity::{self, Identity};
use super::trust::{self, Served, Verifier};
use crate::config::Trust;

/// No connection is used for longer. A kept-alive connection goes on with the certificates of its handshake, ours and
/// the kubelet's: this bounds how long a revoked or replaced one lives on.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(600);

/// The kubelet closes an idle connection after 90 s; one that is used just then is lost.
const MAX_IDLE: Duration = Duration::from_secs(75);

/// A body of 0.7 MB, a full node's, needs three round trips on loopback and little memory.
const WINDOW: u32 = 256 * 1024;

/// What a client was made from.
#[derive(Debug, PartialEq, Eq)]
struct Origin(Vec<(PathBuf, Option<Fingerprint>)>);

impl Origin {
    fn now(identity: &Identity, trust: &Trust) -> Self {
        let mut paths = trust::anchor_files(trust);
        if let Identity::Certificate { cert, key } = identity {
            paths.extend([cert.clone(), key.clone()]);
        }
        Self(
            paths
                .into_iter()
                .map(|path| (Fingerprint::of(&path), path))
                .map(|(print, path)| (path, print))
                .collect(),
        )
    }
}

/// A client and what it was made from.
struct Made {
    client: Client,
    origin: Origin,
    at: Instant,
    client_certificate_expires: Option<i64>,
}

/// Makes clients, and keeps one.
pub struct Clients {
    trust: Trust,
    served: Served,
    made: Option<Made>,
    /// The trouble the log was told of already.
    told: Option<FileError>,
}

impl Clients {
    /// Clients that believe as `trust` says.
    pub fn new(trust: Trust) -> Self {
        Self {
            trust,
            served: Served::default(),
            made: None,
            told: None,
        }
    }

    /// When the client certificate in use expires, in seconds since 1970.
    pub fn client_certificate_expires(&self) -> Option<i64> {
        self.made.as_ref()?.client_certificate_expires
    }

    /// When the serving certificate seen last expires, in seconds since 1970.
    pub fn serving_certificate_expires(&self) -> Option<i64> {
        self.served.expires()
    }

    /// The client to use now: a new one if a certificate, key or CA changed, or the old one is too old.
    ///
    /// While the files cannot be used (a pair half-written, say) the old client goes on, and the log is told once.
    pub fn get(&mut self, identity: &Identity) -> Result<Client, FileError> {
        let origin = Origin::now(identity, &self.trust);
        if let Some(made) = &self.made
            && made.origin == origin
            && made.at.elapsed() < MAX_CONNECTION_AGE
        {
            return Ok(made.client.clone());
        }
        match make(identity, &self.trust, &self.served) {
            Ok((client, client_certificate_expires)) => {
                self.told = None;
                let made = Made {
                    client,
                    origin,
                    at: Instant::now(),
                    client_certificate_expires,
                };
                Ok(self.made.insert(made).client.clone())
            }
            Err(error) => match &self.made {
                Some(made) => {
                    if self.told.as_ref() != Some(&error) {
                        log::warn!("{error}; going on with what was read last");
                        self.told = Some(error);
                    }
                    Ok(made.client.clone())
                }
                None => Err(error),
            },
        }
    }
}

/// A client with nothing in it from the environment: no proxy, no redirects, one connection.
fn make(identity: &Identity, trust: &Trust, served: &Served) -> Result<(Client, Option<i64>), FileError> {
    let (tls, client_certificate_expires) = tls(identity, trust, served)?;
    let client = Client::builder()
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
        .map_err(|error| FileError {
            option: "tls_ca",
            path: PathBuf::new(),
            why: format!("no HTTP client can be made: {error}"),
        })?;
    Ok((client, client_certificate_expires))
}

fn tls(
    identity: &Identity,
    trust: &Trust,
    served: &Served,
) -> Result<(ClientConfig, Option<i64>), FileError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::load(trust, Arc::clone(&provider), served.clone())?;
    let versions: &[_] = if trust.tls13_only {
        &[&TLS13]
    } else {
        &[&TLS13, &TLS12]
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let (mut config, expires) = match identity {
        Identity::Certificate { cert, key } => {
            let ours = identity::load(cert, key)?;
            let resolver = SingleCertAndKey::from(ours.certified);
            (
                builder.with_client_cert_resolver(Arc::new(resolver)),
                ours.expires,
            )
        }
        Identity::Token(_) | Identity::None => (builder.with_no_client_auth(), None),
    };
    // A resumed session skips the certificate: each connection is to show what holds now.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((config, expires))
}
