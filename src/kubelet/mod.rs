//! The node's side: one request, one answer or one error that says what is wrong.
//!
//! [`identity`] (who we are) and [`trust`] (whom we believe) are two separate things. Knows nothing of execd, of what
//! is in a summary, or of line protocol.

pub mod certificate;
mod claims;
mod client;
mod error;
mod expiry;
mod file_error;
mod identity;
pub mod inspect;
mod named_file;
mod pem;
mod refusal;
mod request;
mod tls_fault;
mod token;
mod trust;
mod verifier;

use std::time::Duration;

use reqwest::Client;
use reqwest::header::HeaderValue;

pub use claims::Claims;
pub use client::MAX_CONNECTION_AGE;
pub use error::{Cause, Phase, ScrapeError};
pub use expiry::{Expiries, Left, Life, Reminder, Reminders, What, span};
pub use file_error::{FileError, FileFault, TokenFault};
pub use pem::{PemFault, Wanted};
pub use refusal::{Attributes, NOBODY, Refusal};
pub use request::MAX_BODY;
pub use tls_fault::TlsFault;

use crate::config;
use crate::date::now;
use crate::redact::{Redacted, Secrets};
use certificate::Facts;
use client::Clients;
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
    base: String,
    url: String,
    timeout: Duration,
    identity: Identity,
    clients: Clients,
    phase: Phase,
}

impl Scraper {
    /// Its files may not be there yet: a Secret may be mounted late, and each scrape looks anew.
    #[must_use]
    pub fn new(kubelet: &config::Kubelet) -> Self {
        let secrets = Secrets::default();
        Self {
            base: kubelet.url.to_string(),
            url: format!("{}/stats/summary", kubelet.url),
            timeout: kubelet.response_timeout,
            identity: Identity::new(&kubelet.credential, &secrets),
            clients: Clients::new(kubelet, secrets),
            phase: Phase::Connecting,
        }
    }

    /// Appends the summary to `body`, within one deadline over connect, headers and body.
    ///
    /// # Errors
    /// See [`ScrapeError`]; `body` may then have grown by a part of an answer.
    pub async fn scrape(&mut self, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        let (limit, before) = (self.timeout, body.len());
        let handshakes = self.clients.shown().handshakes();
        self.phase = Phase::Connecting;
        let Ok(outcome) = tokio::time::timeout(limit, self.fetch(body)).await else {
            // Perhaps nobody is at the other end any more: the system would take minutes to find out.
            self.clients.drop_connection();
            let phase = match self.phase {
                Phase::Connecting if self.clients.shown().handshakes() != handshakes => Phase::Waiting,
                Phase::Reading(_) => Phase::Reading(body.len() - before),
                phase => phase,
            };
            return Err(ScrapeError::Timeout { limit, phase });
        };
        outcome
    }

    /// Asks for another path as the same identity and over the same trust. The status, whatever it is.
    ///
    /// # Errors
    /// No answer came.
    pub async fn status_of(&mut self, path: &str) -> Result<u16, ScrapeError> {
        let limit = self.timeout;
        let (authorization, client) = (self.authorization()?, self.clients.get(&self.identity)?);
        let url = format!("{}{path}", self.base);
        let asked = request::send(&client, &url, authorization.as_ref(), self.clients.shown());
        let outcome = match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer.map(|answer| answer.status().as_u16()),
            Err(_) => Err(ScrapeError::Timeout {
                limit,
                phase: Phase::Waiting,
            }),
        };
        if outcome.is_err() {
            self.clients.drop_connection();
        }
        outcome
    }

    /// Whether a handshake came as far as a certificate.
    #[must_use]
    pub fn has_seen_certificate(&self) -> bool {
        self.clients.shown().handshakes() > 0
    }

    /// The serving certificate of the last handshake, believed or not, as far as there was one.
    #[must_use]
    pub fn serving_certificate(&self) -> Option<Facts> {
        self.clients.shown().facts()
    }

    /// The CAs of which the kubelet takes client certificates, as it lists them to who has one; `None` where it asked for
    /// none.
    #[must_use]
    pub fn client_cas(&self) -> Option<Vec<Redacted>> {
        self.clients.shown().client_cas()
    }

    /// A text that stems from the kubelet, as it may be told.
    #[must_use]
    pub fn redact(&self, text: &str) -> Redacted {
        self.clients.shown().secrets().redact(text.as_bytes())
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
            client_certificate: left(self.clients.client_certificate()),
            serving_certificate: left(self.clients.shown().life()),
            serving_dates_count: self.clients.dates_count(),
        }
    }

    /// A 401 is final for this tick only if the token is still the one that was sent: it may have been replaced between
    /// our look and the kubelet's.
    async fn fetch(&mut self, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        let header = self.authorization()?;
        let refused = match self.ask_kept(header.as_ref(), body).await {
            Err(refused @ ScrapeError::Status(401, _)) => refused,
            outcome => return outcome,
        };
        match self.authorization()? {
            fresh if fresh != header => self.ask_kept(fresh.as_ref(), body).await,
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

    /// A kept connection may have been closed by the kubelet just as we used it: that says nothing of the kubelet, so
    /// it is asked once more, on a new one.
    async fn ask_kept(
        &mut self,
        authorization: Option<&HeaderValue>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ScrapeError> {
        let client = self.clients.get(&self.identity)?;
        let kept = self.clients.is_kept();
        match self.ask(&client, authorization, body).await {
            Err(ScrapeError::Closed(why)) if kept => {
                log::debug!(
                    "{}: the kept connection ended ({why}), asking on a new one",
                    self.url
                );
                let client = self.clients.get(&self.identity)?;
                self.ask(&client, authorization, body).await
            }
            outcome => outcome,
        }
    }

    async fn ask(
        &mut self,
        client: &Client,
        authorization: Option<&HeaderValue>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ScrapeError> {
        self.phase = if self.clients.is_kept() {
            Phase::Waiting
        } else {
            Phase::Connecting
        };
        let outcome = self.converse(client, authorization, body).await;
        match &outcome {
            Ok(_) | Err(ScrapeError::Status(..)) => self.clients.answered(),
            Err(_) => self.clients.drop_connection(),
        }
        outcome
    }

    async fn converse(
        &mut self,
        client: &Client,
        authorization: Option<&HeaderValue>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ScrapeError> {
        let response = request::send(client, &self.url, authorization, self.clients.shown()).await?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(request::refusal(response, self.clients.shown().secrets()).await);
        }
        self.phase = Phase::Reading(0);
        request::read(response, body, self.clients.shown().secrets()).await?;
        Ok(Answer { status })
    }
}
