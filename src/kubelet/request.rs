//! One request and what came of it.
//!
//! Knows HTTP. Whom it is sent to, and with what, is decided before.

use std::error::Error as StdError;
use std::io;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION};
use reqwest::{Client, Response, Url};

use super::error::ScrapeError;
use super::tls_fault::TlsFault;
use super::verifier::Shown;

/// The largest answer that is taken: a hundred times that of a node full of pods.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// How much of an error's body is told.
const MAX_WORDS: usize = 512;

/// How much of an error's body is read: a token that it repeats must not be cut in two where we stop reading, or it
/// would not be found.
const MAX_ERROR_BODY: usize = 16 * 1024;

/// A shorter token is no secret, and hiding it would make any text unreadable.
const MIN_SECRET: usize = 8;

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
pub async fn read(mut response: Response, body: &mut Vec<u8>) -> Result<(), ScrapeError> {
    let before = body.len();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| ScrapeError::Body(format!("it broke off: {}", reasons(&error))))?
    {
        if body.len() - before + chunk.len() > MAX_BODY {
            return Err(ScrapeError::Body(format!(
                "it is larger than {} MiB",
                MAX_BODY / 1024 / 1024
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// What the kubelet says of its refusal, or where it redirects to: the host only, for a query may hold anything.
pub async fn refusal(mut response: Response, authorization: Option<&HeaderValue>) -> ScrapeError {
    let status = response.status().as_u16();
    if let Some(location) = response.headers().get(LOCATION) {
        let url = location.to_str().ok().and_then(|url| Url::parse(url).ok());
        let host = url.as_ref().and_then(Url::host_str).unwrap_or("another path");
        return ScrapeError::Status(status, format!("redirects to {host}"));
    }
    let mut said = Vec::new();
    while said.len() < MAX_ERROR_BODY {
        match response.chunk().await {
            Ok(Some(chunk)) => said.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    ScrapeError::Status(status, readable(&said, authorization))
}

/// One line without control characters, and without our token: not a kubelet, but a server that somebody took for one
/// may repeat what it was sent.
fn readable(said: &[u8], authorization: Option<&HeaderValue>) -> String {
    let mut said = String::from_utf8_lossy(said).into_owned();
    let header = authorization.and_then(|header| header.to_str().ok());
    if let Some(token) = header.and_then(|header| header.strip_prefix("Bearer "))
        && token.len() >= MIN_SECRET
    {
        said = said.replace(token, "(our token)");
    }
    let mut line = String::with_capacity(MAX_WORDS);
    for character in said.trim().chars() {
        if line.len() + character.len_utf8() > MAX_WORDS {
            break;
        }
        line.push(if character.is_control() { ' ' } else { character });
    }
    line
}

/// What lies at the bottom of a request that brought no answer.
fn explain(error: &reqwest::Error, shown: &Shown) -> ScrapeError {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return ScrapeError::Tls(TlsFault::new(tls, shown.facts().as_ref()));
        }
        next = below(error);
    }
    if error.is_connect() {
        ScrapeError::Connect(reasons(error))
    } else {
        ScrapeError::Closed(reasons(error))
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
fn reasons(error: &reqwest::Error) -> String {
    let mut reasons = Vec::new();
    let mut next = StdError::source(error);
    while let Some(error) = next {
        reasons.push(error.to_string());
        next = below(error);
    }
    reasons.dedup();
    if reasons.is_empty() {
        "no reason is given".to_owned()
    } else {
        reasons.join(": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_one_line_of_bounded_length() {
        assert_eq!(readable(b" two\nlines\x1b[31m\n", None), "two lines [31m");
        assert_eq!(readable(b"\xff", None), "\u{fffd}");
        let long = "ä".repeat(MAX_WORDS);
        assert_eq!(readable(long.as_bytes(), None).len(), MAX_WORDS);
    }

    #[test]
    fn a_repeated_token_is_not_told() {
        let header = HeaderValue::from_static("Bearer abcdefgh.secret");
        let long = format!("{}abcdefgh.secret", "x".repeat(MAX_WORDS - 5));
        let said = readable(long.as_bytes(), Some(&header));
        assert!(!said.contains("abcd"), "{said}");
        let said = readable(b"Authorization: Bearer abcdefgh.secret", Some(&header));
        assert_eq!(said, "Authorization: Bearer (our token)");
    }
}
