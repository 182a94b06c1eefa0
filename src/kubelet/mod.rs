//! The node's side: one request, one answer or one error that says what is wrong.
//!
//! [`identity`] (who we are) and [`trust`] (whom we believe) are two separate things. Knows nothing of execd, of what
//! is in a summary, or of line protocol.

mod certificate;
mod client;
mod error;
mod files;
mod identity;
mod token;
mod trust;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION};
use reqwest::{Client, Response};

pub use client::MAX_CONNECTION_AGE;
pub use error::{Cause, FileError, ScrapeError};

use crate::config;
use client::Clients;
use identity::Identity;

/// The largest answer that is taken: a hundred times that of a node full of pods.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// How much of an error's body is told.
const MAX_WORDS: usize = 512;

/// An answer whose body is in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Always 200 by now.
    pub status: u16,
}

/// Seconds left, from now; negative when over, `None` where nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expiries {
    /// Of the bearer token, by its own word.
    pub token: Option<i64>,
    /// Of the client certificate in use.
    pub client_certificate: Option<i64>,
    /// Of the certificate the kubelet showed last.
    pub serving_certificate: Option<i64>,
}

/// Scrapes one kubelet, tick after tick.
pub struct Scraper {
    url: String,
    timeout: Duration,
    identity: Identity,
    clients: Clients,
}

impl Scraper {
    /// Its files may not be there yet: a Secret may be mounted late, and each scrape looks anew.
    #[must_use]
    pub fn new(kubelet: &config::Kubelet) -> Self {
        Self {
            url: format!("{}/stats/summary", kubelet.url),
            timeout: kubelet.response_timeout,
            identity: Identity::new(&kubelet.credential),
            clients: Clients::new(kubelet.trust.clone()),
        }
    }

    /// Fetches the summary into `body`, within one deadline over connect, headers and body.
    ///
    /// # Errors
    /// See [`ScrapeError`]; `body` then holds anything.
    pub async fn scrape(&mut self, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.fetch(body))
            .await
            .unwrap_or(Err(ScrapeError::Timeout(timeout)))
    }

    /// What is known of expiries now.
    #[must_use]
    pub fn expiries(&self) -> Expiries {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let left = |expires: Option<i64>| expires.map(|expires| expires.saturating_sub(now));
        let token = match &self.identity {
            Identity::Token(file) => file.last().and_then(token::Token::expires),
            Identity::Certificate { .. } | Identity::None => None,
        };
        Expiries {
            token: left(token),
            client_certificate: left(self.clients.client_certificate_expires()),
            serving_certificate: left(self.clients.serving_certificate_expires()),
        }
    }

    async fn fetch(&mut self, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        let client = self.clients.get(&self.identity)?;
        let header = self.header()?;
        match self.request(&client, header.clone(), body).await {
            // The token may have been replaced between our look and the kubelet's.
            Err(ScrapeError::Status(401, words)) => match self.header()? {
                fresh if fresh != header => self.request(&client, fresh, body).await,
                _ => Err(ScrapeError::Status(401, words)),
            },
            outcome => outcome,
        }
    }

    /// The value of `Authorization`, read from the file as it is now.
    fn header(&mut self) -> Result<Option<HeaderValue>, ScrapeError> {
        match &mut self.identity {
            Identity::Token(file) => Ok(Some(file.read()?.header())),
            Identity::Certificate { .. } | Identity::None => Ok(None),
        }
    }

    async fn request(
        &self,
        client: &Client,
        authorization: Option<HeaderValue>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ScrapeError> {
        let mut request = client.get(&self.url).header(ACCEPT, "application/json");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let response = request.send().await.map_err(|error| explain(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(ScrapeError::Status(status, words(response).await));
        }
        read(response, body).await?;
        Ok(Answer { status })
    }
}

async fn read(mut response: Response, body: &mut Vec<u8>) -> Result<(), ScrapeError> {
    body.clear();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| ScrapeError::Body(chain(&error)))?
    {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(ScrapeError::Body(format!(
                "it is larger than {} MiB",
                MAX_BODY / 1024 / 1024
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// The kubelet's own words about an error, or where it redirects to: its host only, for a query may hold anything.
async fn words(mut response: Response) -> String {
    if let Some(location) = response.headers().get(LOCATION) {
        let host = location
            .to_str()
            .ok()
            .and_then(|url| reqwest::Url::parse(url).ok());
        return format!(
            "redirects to {}",
            host.as_ref()
                .and_then(reqwest::Url::host_str)
                .unwrap_or("another path")
        );
    }
    let mut words = Vec::new();
    while words.len() < MAX_WORDS {
        match response.chunk().await {
            Ok(Some(chunk)) => words.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    words.truncate(MAX_WORDS);
    String::from_utf8_lossy(&words).trim().to_owned()
}

/// What lies at the bottom of a failed request.
fn explain(error: &reqwest::Error) -> ScrapeError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        let tls = error
            .downcast_ref()
            .or_else(|| inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()));
        if let Some(tls) = tls {
            return ScrapeError::Tls(trust::explain(tls));
        }
        source = error.source();
    }
    if error.is_connect() {
        ScrapeError::Connect(chain(error))
    } else {
        ScrapeError::Body(chain(error))
    }
}

/// The innermost reasons of an error, without the URL that the log line begins with anyway.
fn chain(error: &reqwest::Error) -> String {
    let mut reasons = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        reasons.push(error.to_string());
        source = error.source();
    }
    reasons.dedup();
    if reasons.is_empty() {
        "it broke off".to_owned()
    } else {
        reasons.join(": ")
    }
}
