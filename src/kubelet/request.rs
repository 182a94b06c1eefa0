//! One request and what came of it.
//!
//! Knows HTTP. Whom it is sent to, and with what, is decided before.

use std::error::Error as StdError;
use std::io;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION};
use reqwest::{Client, Response, Url};

use super::error::ScrapeError;
use super::refusal::Refusal;
use super::tls_fault::TlsFault;
use super::verifier::Shown;
use crate::redact::{self, Redacted, Secrets};

/// The largest answer that is taken: a hundred times that of a node full of pods.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// Asks. The status is any.
pub async fn send(
    client: &Client,
    url: &str,
    authorization: Option<&HeaderValue>,
    shown: &Shown,
) -> Result<Response, ScrapeError> {
    let mut request = client.get(url).header(ACCEPT, "application/json");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.send().await.map_err(|error| explain(&error, shown))
}

/// Reads the body behind what `body` holds.
pub async fn read(mut response: Response, body: &mut Vec<u8>, secrets: &Secrets) -> Result<(), ScrapeError> {
    let before = body.len();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| ScrapeError::BrokeOff(reasons(&error, secrets)))?
    {
        if body.len() - before + chunk.len() > MAX_BODY {
            return Err(ScrapeError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// What the kubelet says of its refusal, or where it redirects to: the host only, for a query may hold anything.
pub async fn refusal(mut response: Response, secrets: &Secrets) -> ScrapeError {
    let status = response.status().as_u16();
    if let Some(location) = response.headers().get(LOCATION) {
        let url = location.to_str().ok().and_then(|url| Url::parse(url).ok());
        let host = url.as_ref().and_then(Url::host_str);
        let host = host.map(|host| secrets.redact(host.as_bytes()));
        return ScrapeError::Status(status, Refusal::Redirect(host));
    }
    let mut said = Vec::new();
    while said.len() < redact::LOOKED_AT {
        match response.chunk().await {
            Ok(Some(chunk)) => said.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    ScrapeError::Status(status, Refusal::of(&said, secrets))
}

/// What lies at the bottom of a request that brought no answer.
fn explain(error: &reqwest::Error, shown: &Shown) -> ScrapeError {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return ScrapeError::Tls(TlsFault::new(tls, shown.facts().as_ref(), shown.secrets()));
        }
        next = below(error);
    }
    if error.is_connect() {
        ScrapeError::Connect(reasons(error, shown.secrets()))
    } else {
        ScrapeError::Closed(reasons(error, shown.secrets()))
    }
}

/// The error below one. An `io::Error`'s source is the source of what it wraps, and so skips that: rustls' own errors come
/// wrapped twice.
fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The reasons below an error, without the URL that the log line begins with anyway.
fn reasons(error: &reqwest::Error, secrets: &Secrets) -> Redacted {
    let mut reasons = Vec::new();
    let mut next = StdError::source(error);
    while let Some(error) = next {
        reasons.push(error.to_string());
        next = below(error);
    }
    reasons.dedup();
    if reasons.is_empty() {
        Redacted::ours("no reason is given")
    } else {
        secrets.redact(reasons.join(": ").as_bytes())
    }
}
