//! What the client's failures mean, where it was a kubelet that was asked.

use hyper::Uri;

use super::error::{Broke, NotHttp, ScrapeError};
use super::refusal::Refusal;
use crate::client::{Exchange, Failure, Handshake, Refused, Shown, Unreached};
use crate::redact::Secrets;
use crate::tls_fault::TlsFault;

impl ScrapeError {
    /// Of a failure of a client whose peer has `shown` that.
    pub(super) fn of(failure: Failure, shown: &Shown) -> Self {
        match failure {
            Failure::File(error) => Self::File(error),
            Failure::Unreached(why) => Self::Connect(why),
            Failure::Handshake(fault) => refused(fault, shown),
            Failure::Unanswered(fault) => unanswered(fault, shown),
            Failure::Refused(refused) => Self::Status(refused.status, refusal(&refused, shown.secrets())),
            Failure::BrokeOff(fault) => broke_off(&fault),
            Failure::TooLarge(most) => Self::TooLarge(most),
            Failure::Timeout { limit, phase } => Self::Timeout { limit, phase },
        }
    }
}

/// What the kubelet says of its refusal, or where it redirects to: the host only, for a query may hold anything.
fn refusal(refused: &Refused, secrets: &Secrets) -> Refusal {
    let Some(location) = &refused.location else {
        return Refusal::of(&refused.said, secrets);
    };
    let url = Uri::try_from(location.as_slice()).ok();
    let host = url.as_ref().and_then(Uri::host);
    Refusal::Redirect(host.map(|host| secrets.redact(host.as_bytes())))
}

/// Why a connection is of no use.
fn refused(fault: Handshake, shown: &Shown) -> ScrapeError {
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
fn unanswered(fault: Exchange, shown: &Shown) -> ScrapeError {
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
