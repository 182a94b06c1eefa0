//! The connection to one peer: made with what its profile has, used until that changes or it grows old.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::Instant;

use super::connection::Connection;
use super::dial::connect;
use super::failure::{Failure, Phase};
use super::file_error::{FileError, FileFault};
use super::resolve::Resolver;
use super::settings::{Target, Url};
use super::shown::Shown;
use super::tls::Tls;
use crate::redact::Secrets;

/// No connection is used for longer. A kept-alive connection goes on with the certificates of its handshake, ours and
/// the peer's: this bounds how long a revoked or replaced one lives on.
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(600);

/// A kubelet closes an idle connection after 90 s; one that is used just then is lost.
const MAX_IDLE: Duration = Duration::from_secs(75);

/// A connection with its times.
pub struct Open {
    /// It.
    pub connection: Connection,
    since: Instant,
    used: Instant,
    /// What its handshake was made with; `None` over plain http.
    of: Option<Arc<Tls>>,
}

impl Open {
    /// The same for another, where it carries more than one question at a time.
    fn share(&self) -> Option<Self> {
        Some(Self {
            connection: self.connection.share()?,
            since: self.since,
            used: self.used,
            of: self.of.clone(),
        })
    }

    fn is_young(&self) -> bool {
        self.since.elapsed() < MAX_CONNECTION_AGE && self.used.elapsed() < MAX_IDLE
    }
}

/// What handshakes with this peer are made with, and what that was made of.
struct Ready {
    of: Arc<Tls>,
    config: Arc<ClientConfig>,
}

/// Makes connections to one peer, and keeps one: the same as those beside it.
pub struct Connections {
    target: Target,
    resolver: Resolver,
    shown: Shown,
    ready: Option<Ready>,
    kept: Arc<Mutex<Option<Open>>>,
}

impl Connections {
    /// Connections to that peer.
    pub fn new(target: Target, secrets: Secrets) -> Self {
        Self {
            resolver: Resolver::new(&target.url.host, target.url.port.get()),
            target,
            shown: Shown::new(secrets),
            ready: None,
            kept: Arc::default(),
        }
    }

    /// The same for another who asks: the connection that is kept is used by whoever asks first, and whoever asks meanwhile
    /// makes another.
    pub fn beside(&self) -> Self {
        Self {
            shown: self.shown.clone(),
            kept: Arc::clone(&self.kept),
            ..Self::new(self.target.clone(), self.shown.secrets().clone())
        }
    }

    /// What the peer showed last.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Where it is.
    pub fn url(&self) -> &Url {
        &self.target.url
    }

    /// From now on with this, if it is another than before; then nothing is used that was made with the other.
    pub fn use_tls(&mut self, tls: &Arc<Tls>) -> Result<(), FileError> {
        if self
            .ready
            .as_ref()
            .is_some_and(|ready| Arc::ptr_eq(&ready.of, tls))
        {
            return Ok(());
        }
        let name = self.target.server_name.as_deref().map(server_name).transpose()?;
        self.ready = Some(Ready {
            of: Arc::clone(tls),
            config: Arc::new(tls.config(name, self.target.common_name.clone(), &self.shown)),
        });
        Ok(())
    }

    /// The connection that was kept, if it is of any use still, and has room for a question. Files that cannot be used are
    /// no reason to use an old one.
    pub async fn kept(&mut self) -> Option<Open> {
        let kept = self.slot().take_if(|open| open.connection.has_room());
        let mut kept = kept.filter(|open| open.is_young() && self.is_ours(open))?;
        let is_fit = kept.connection.is_fit().await;
        // Whoever asks meanwhile finds it still.
        if let Some(share) = kept.share().filter(|_| is_fit) {
            self.slot().get_or_insert(share);
        }
        is_fit.then_some(kept)
    }

    /// Whether the connection that is kept carries more than one question at a time.
    pub fn is_shared(&self) -> bool {
        let slot = self.slot();
        slot.as_ref()
            .is_some_and(|open| open.connection.carries_several())
    }

    /// Nobody uses any more what several use: it gave no answer, and perhaps nobody is at its other end.
    pub fn forget(&self) {
        self.slot().take_if(|open| open.connection.is_shared());
    }

    /// Keeps it for the next question, if it is fit for one.
    pub async fn keep(&mut self, mut open: Open) {
        open.used = Instant::now();
        if open.connection.is_fit().await {
            *self.slot() = Some(open);
        }
    }

    /// Whether it was made with what is used now.
    fn is_ours(&self, open: &Open) -> bool {
        match (&self.ready, &open.of) {
            (Some(ready), Some(of)) => Arc::ptr_eq(&ready.of, of),
            (None, None) => true,
            _ => false,
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Open>> {
        // Nothing in here can be left half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new one; `phase` says how far it has come. Over plain http nothing was ever made ready.
    pub async fn open(&mut self, phase: &mut Phase) -> Result<Open, Failure> {
        *phase = Phase::Resolving;
        let addresses = self.resolver.addresses().await?;
        *phase = Phase::Connecting;
        let tcp = connect(&addresses).await?;
        *phase = Phase::Handshaking;
        let config = self.ready.as_ref().map(|ready| Arc::clone(&ready.config));
        let Url { host, port, .. } = self.url();
        let connection = Connection::open(tcp, host, port.get(), config).await?;
        let now = Instant::now();
        Ok(Open {
            connection,
            since: now,
            used: now,
            of: self.ready.as_ref().map(|ready| Arc::clone(&ready.of)),
        })
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, FileError> {
    ServerName::try_from(name.to_owned()).map_err(|_| FileError {
        option: "tls_server_name",
        path: None,
        fault: FileFault::ServerName,
    })
}
