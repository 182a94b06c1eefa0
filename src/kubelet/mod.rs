//! The node's side: one request, one answer or one error that says what is wrong.
//!
//! [`identity`] (who we are) and [`trust`] (whom we believe) are two separate things. Knows nothing of execd, of what
//! is in a summary, or of line protocol.

mod algorithm;
pub mod certificate;
mod claims;
mod connections;
mod error;
mod expiry;
mod file_error;
mod fitting;
mod identity;
pub mod inspect;
mod look;
mod named_file;
mod pem;
mod refusal;
mod request;
mod shown;
mod tls_fault;
mod token;
mod trust;
mod verifier;

use std::time::Duration;

use hyper::header::HeaderValue;

pub use claims::Claims;
pub use connections::MAX_CONNECTION_AGE;
pub use error::{Broke, Cause, NotHttp, Phase, ScrapeError};
pub use expiry::{Expiries, Left, Life, Reminder, Reminders, What, span};
pub use file_error::{FileError, FileFault, TokenFault};
pub use fitting::fits;
pub use pem::{PemFault, Wanted};
pub use refusal::{Attributes, NOBODY, Refusal};
pub use request::MAX_BODY;
pub use tls_fault::{Alert, Flaw, Holder, Link, TlsFault, Trouble};

use crate::client::Reply;
use crate::config;
use crate::date::now;
use crate::redact::{Redacted, Secrets};
use certificate::Facts;
use connections::{Connections, Open};
use identity::Identity;
use token::Token;

/// An answer whose body is in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Always 200 by now.
    pub status: u16,
}

/// Scrapes one kubelet, tick after tick.
pub struct Scraper {
    url: String,
    timeout: Duration,
    identity: Identity,
    connections: Connections,
    phase: Phase,
}

impl Scraper {
    /// Its files may not be there yet: a Secret may be mounted late, and each scrape looks anew.
    #[must_use]
    pub fn new(kubelet: &config::Kubelet) -> Self {
        Self::with_secrets(kubelet, Secrets::default())
    }

    /// One that shares what must not be told with somebody else.
    #[must_use]
    pub fn with_secrets(kubelet: &config::Kubelet, secrets: Secrets) -> Self {
        Self {
            url: kubelet.url.to_string(),
            timeout: kubelet.response_timeout,
            identity: Identity::new(&kubelet.credential, &secrets),
            connections: Connections::new(kubelet, secrets),
            phase: Phase::Connecting,
        }
    }

    /// Appends the summary to `body`, within one deadline over name, connection, handshake, headers and body.
    ///
    /// # Errors
    /// See [`ScrapeError`]; `body` may then have grown by a part of an answer.
    pub async fn scrape(&mut self, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        let (limit, before) = (self.timeout, body.len());
        // What is dropped in its middle takes its connection with it: perhaps nobody is at the other end any more.
        match tokio::time::timeout(limit, self.fetch(body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.late(body.len() - before)),
        }
    }

    /// Asks for another path as the same identity and over the same trust. The status, whatever it is.
    ///
    /// # Errors
    /// No answer came.
    pub async fn status_of(&mut self, path: &'static str) -> Result<u16, ScrapeError> {
        let authorization = self.authorization()?;
        match tokio::time::timeout(self.timeout, self.ask(path, authorization.as_ref())).await {
            // Its body is of no interest, so that the connection is of none any more.
            Ok(answered) => answered.map(|(_, reply)| reply.head.status.as_u16()),
            Err(_) => Err(self.late(0)),
        }
    }

    fn late(&self, read: usize) -> ScrapeError {
        let phase = match self.phase {
            Phase::Reading(_) => Phase::Reading(read),
            phase => phase,
        };
        ScrapeError::Timeout {
            limit: self.timeout,
            phase,
        }
    }

    /// Whether a handshake came as far as a certificate.
    #[must_use]
    pub fn has_seen_certificate(&self) -> bool {
        self.connections.shown().handshakes() > 0
    }

    /// The serving certificate of the last handshake, believed or not, as far as there was one.
    #[must_use]
    pub fn serving_certificate(&self) -> Option<Facts> {
        self.connections.shown().facts()
    }

    /// The CAs of which the kubelet takes client certificates, as it lists them to who has one; `None` where it asked for
    /// none.
    #[must_use]
    pub fn client_cas(&self) -> Option<Vec<Redacted>> {
        self.connections.shown().client_cas()
    }

    /// The certificate that is shown to who says to take every kind of key, where we are shown none.
    pub async fn serving_certificate_for_anyone(&self, kubelet: &config::Kubelet) -> Option<Facts> {
        look::certificate(kubelet, self.connections.shown().secrets()).await
    }

    /// A text that stems from the kubelet, as it may be told.
    #[must_use]
    pub fn redact(&self, text: &str) -> Redacted {
        self.connections.shown().secrets().redact(text.as_bytes())
    }

    /// What is known of expiries now.
    #[must_use]
    pub fn expiries(&self) -> Expiries {
        let now = now();
        let left = |life: Option<Life>| life.map(|life| life.left(now));
        let token = match &self.identity {
            Identity::Token(file) => file.last().and_then(Token::claims),
            Identity::Certificate { .. } | Identity::None => None,
        };
        Expiries {
            token: left(token.and_then(Claims::life)),
            client_certificate: left(self.connections.client_certificate()),
            serving_certificate: left(self.connections.shown().life()),
            serving_dates_count: self.connections.dates_count(),
        }
    }

    /// A 401 is final for this tick only if the token is still the one that was sent: it may have been replaced between
    /// our look and the kubelet's.
    async fn fetch(&mut self, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        let header = self.authorization()?;
        let refused = match self.summary(header.as_ref(), body).await {
            Err(refused @ ScrapeError::Status(401, _)) => refused,
            outcome => return outcome,
        };
        match self.authorization()? {
            fresh if fresh != header => self.summary(fresh.as_ref(), body).await,
            _ => Err(refused),
        }
    }

    /// The value of `Authorization`, read from the file as it is now.
    fn authorization(&mut self) -> Result<Option<HeaderValue>, FileError> {
        match &mut self.identity {
            Identity::Token(file) => Ok(Some(file.read()?)),
            Identity::Certificate { .. } | Identity::None => Ok(None),
        }
    }

    async fn summary(
        &mut self,
        authorization: Option<&HeaderValue>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ScrapeError> {
        let (mut open, mut reply) = self.ask("/stats/summary", authorization).await?;
        let status = reply.head.status.as_u16();
        if status != 200 {
            let secrets = self.connections.shown().secrets();
            let (refusal, whole) = request::refusal(&mut open, &mut reply, secrets).await;
            if whole {
                self.connections.keep(open).await;
            }
            return Err(ScrapeError::Status(status, refusal));
        }
        self.phase = Phase::Reading(0);
        request::read(&mut open, &mut reply, body).await?;
        self.connections.keep(open).await;
        Ok(Answer { status })
    }

    /// The beginning of an answer, and the connection that has the rest.
    ///
    /// A kept connection may have been closed by the kubelet just as we used it, and whatever comes over it may be left
    /// from before: neither says anything of the kubelet, so it is asked once more, on a new one.
    async fn ask(
        &mut self,
        path: &'static str,
        authorization: Option<&HeaderValue>,
    ) -> Result<(Open, Reply), ScrapeError> {
        self.connections.look_at_files(&self.identity)?;
        if let Some(kept) = self.connections.kept().await {
            match self.ask_over(kept, path, authorization).await {
                Ok(answered) => return Ok(answered),
                Err(why) => log::debug!("{}: asking on a new connection ({why})", self.url),
            }
        }
        let open = self.connections.open(&mut self.phase).await?;
        self.ask_over(open, path, authorization).await
    }

    async fn ask_over(
        &mut self,
        mut open: Open,
        path: &'static str,
        authorization: Option<&HeaderValue>,
    ) -> Result<(Open, Reply), ScrapeError> {
        self.phase = Phase::Waiting;
        let asked = open.connection.ask(path, request::headers(authorization)).await;
        match asked {
            Ok(reply) => Ok((open, reply)),
            Err(fault) => Err(request::unanswered(fault, self.connections.shown())),
        }
    }
}
