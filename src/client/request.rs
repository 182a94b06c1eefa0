//! A question's headers, and what is read of the answer.
//!
//! Knows HTTP's words. Whom it is sent to, and with what, is decided before.

use std::time::Duration;

use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT,
};

use super::connection::Reply;
use super::connections::Open;
use super::failure::{Failure, Refused};
use super::fault::{Ending, Exchange};
use super::query::Query;
use crate::redact;
use crate::system::Fault;

const OURSELVES: &str = concat!("telegraf-kubelet/", env!("CARGO_PKG_VERSION"));

const JSON: &str = "application/json";

/// The headers of a question.
pub fn headers(query: &Query, authorization: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(USER_AGENT, HeaderValue::from_static(OURSELVES));
    headers.insert(ACCEPT, HeaderValue::from_static(JSON));
    if !query.body().is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    }
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    headers
}

/// Reads the body behind what `body` holds, and no more than `limit` bytes of it.
pub async fn read(
    open: &mut Open,
    reply: &mut Reply,
    body: &mut Vec<u8>,
    limit: usize,
) -> Result<(), Failure> {
    let before = body.len();
    while let Some(chunk) = open.connection.chunk(reply).await.map_err(Failure::BrokeOff)? {
        if body.len() - before + chunk.len() > limit {
            return Err(Failure::TooLarge(limit));
        }
        if body.try_reserve(chunk.len()).is_err() {
            let no_memory = Ending::System(Fault::NoMemory);
            return Err(Failure::BrokeOff(Exchange::Ended(no_memory)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// What is said with a status other than 200. And whether it was said to its end, so that the connection may be asked
/// something else.
pub async fn refused(open: &mut Open, reply: &mut Reply) -> (Refused, bool) {
    let mut refused = Refused {
        status: reply.head.status.as_u16(),
        location: None,
        retry_after: retry_after(&reply.head.headers),
        said: Vec::new(),
    };
    if let Some(location) = reply.head.headers.get(LOCATION) {
        refused.location = Some(location.as_bytes().to_vec());
        return (refused, false);
    }
    while refused.said.len() < redact::LOOKED_AT {
        match open.connection.chunk(reply).await {
            Ok(Some(chunk)) => refused.said.extend_from_slice(&chunk),
            Ok(None) => return (refused, true),
            Err(_) => break,
        }
    }
    (refused, false)
}

/// In seconds; a date, which may stand there too, would be one of somebody else's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
