//! What a kubelet is asked with, and what became of it.
//!
//! Knows HTTP's words. Whom it is sent to, and with what, is decided before; how it gets there is [`crate::client`]'s.

use hyper::Uri;
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, USER_AGENT};

use super::connections::Open;
use super::error::{Broke, NotHttp, ScrapeError};
use super::refusal::Refusal;
use super::shown::Shown;
use super::tls_fault::TlsFault;
use crate::client::{Ending, Exchange, Handshake, Reply, Unreached};
use crate::redact::{self, Secrets};
use crate::system::Fault;

/// The largest answer that is taken: a hundred times that of a node full of pods.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

const OURSELVES: &str = concat!("telegraf-kubelet/", env!("CARGO_PKG_VERSION"));

/// The headers of a question.
pub fn headers(authorization: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(USER_AGENT, HeaderValue::from_static(OURSELVES));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    headers
}

/// Reads the body behind what `body` holds.
pub async fn read(open: &mut Open, reply: &mut Reply, body: &mut Vec<u8>) -> Result<(), ScrapeError> {
    let before = body.len();
    while let Some(chunk) = open
        .connection
        .chunk(reply)
        .await
        .map_err(|fault| broke_off(&fault))?
    {
        if body.len() - before + chunk.len() > MAX_BODY {
            return Err(ScrapeError::TooLarge);
        }
        if body.try_reserve(chunk.len()).is_err() {
            return Err(ScrapeError::BrokeOff(Broke::Ended(Ending::System(
                Fault::NoMemory,
            ))));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// What the kubelet says of its refusal, or where it redirects to: the host only, for a query may hold anything. And
/// whether it said it to its end, so that it may be asked something else.
pub async fn refusal(open: &mut Open, reply: &mut Reply, secrets: &Secrets) -> (Refusal, bool) {
    if let Some(location) = reply.head.headers.get(LOCATION) {
        let url = Uri::try_from(location.as_bytes()).ok();
        let host = url.as_ref().and_then(Uri::host);
        let host = host.map(|host| secrets.redact(host.as_bytes()));
        return (Refusal::Redirect(host), false);
    }
    let mut said = Vec::new();
    let mut whole = false;
    while said.len() < redact::LOOKED_AT {
        match open.connection.chunk(reply).await {
            Ok(Some(chunk)) => said.extend_from_slice(&chunk),
            Ok(None) => {
                whole = true;
                break;
            }
            Err(_) => break,
        }
    }
    (Refusal::of(&said, secrets), whole)
}

/// Why a connection is of no use.
pub fn refused(fault: Handshake, shown: &Shown) -> ScrapeError {
    match fault {
        Handshake::NoName => Unreached::NotInTls.into(),
        Handshake::Tls(error) => tls(&error, shown),
        Handshake::Ended => ScrapeError::Tls(TlsFault::Ended),
        Handshake::Reset => ScrapeError::Tls(TlsFault::Reset),
        Handshake::Flood => ScrapeError::Tls(TlsFault::Endless),
        Handshake::System(fault) => Unreached::Handshake(fault).into(),
        Handshake::Http(fault) => unanswered(fault, shown),
    }
}

/// Why a question has no answer.
pub fn unanswered(fault: Exchange, shown: &Shown) -> ScrapeError {
    match fault {
        Exchange::Ended(ending) => ScrapeError::Closed(ending),
        Exchange::Tls(error) => tls(&error, shown),
        Exchange::Malformed => ScrapeError::NotHttp(NotHttp::Malformed),
        Exchange::Flood => ScrapeError::NotHttp(NotHttp::Flood),
    }
}

/// Why an answer has no end.
fn broke_off(fault: &Exchange) -> ScrapeError {
    ScrapeError::BrokeOff(match fault {
        Exchange::Ended(ending) => Broke::Ended(*ending),
        Exchange::Tls(_) => Broke::Tls,
        Exchange::Malformed => Broke::NotHttp(NotHttp::Malformed),
        Exchange::Flood => Broke::NotHttp(NotHttp::Flood),
    })
}

fn tls(error: &rustls::Error, shown: &Shown) -> ScrapeError {
    ScrapeError::Tls(TlsFault::new(error, &shown.seen()))
}
