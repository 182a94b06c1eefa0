//! Why the API server did not tell who there is, each with what to do about it.
//!
//! Made in one place, of the client's failures and of answers that are none: the log, `kubelet_discovery` and `check` all have
//! that one. What the server says gets in as [`Redacted`] only, or as one of a few known things.

use std::fmt;
use std::time::Duration;

use hyper::Uri;

use super::node::Reason;
use crate::cause::Cause;
use crate::client::{Ending, Exchange, Failure, FileError, Handshake, Phase, Refused, Shown, Unreached};
use crate::json::{Malformed, Read as _, Reader, Text};
use crate::redact::{Redacted, Secrets};
use crate::tls_fault::TlsFault;

/// What Go's server says to plain HTTP on a TLS port.
const PLAIN_HTTP: &str = "HTTP request to an HTTPS server";

/// What a kubelet says to who may not ask for something of the API's, and no API server does (`InstallAuthFilter` of its
/// `server.go`): the right that it takes a question for.
const OF_KUBELET: &str = "resource=nodes, subresource(s)=[";

/// Who showed nothing that the API server looks at. Whatever is bound to that one is everybody's.
const NOBODY: &str = "\"system:anonymous\"";

/// Why there is no list of nodes, or no news of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoveryError {
    /// No connection.
    Unreached(Unreached),
    /// The connection ended before an answer came.
    Closed(Ending),
    /// Not done before the deadline.
    Timeout {
        /// The deadline.
        limit: Duration,
        /// What was under way when it passed.
        phase: Phase,
    },
    /// The handshake failed or the certificate is not believed.
    Tls(TlsFault),
    /// A no.
    Status {
        /// As of HTTP, be it that of the answer or of an event in a watch.
        code: u16,
        /// What was said with it.
        said: Redacted,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// Somewhere else is to be asked: at this host, or at another path.
    Redirect(u16, Option<Redacted>),
    /// What answers is no HTTP server.
    NotHttp,
    /// An answer that broke off, for another reason than that its connection ended.
    BrokeOff,
    /// An answer whose body is larger than this, the most that is taken.
    TooLarge(usize),
    /// An answer, or an event in a watch, that is none.
    NotNodes(Malformed),
    /// An answer that is no Lease, or no list of them.
    NotLeases(Malformed),
    /// An event that is longer than this.
    LongEvent(usize),
    /// Watches end as soon as they have begun.
    NoWatch,
    /// A file that we need cannot be used.
    File(FileError),
}

impl DiscoveryError {
    /// Of a failure of a client whose peer has `shown` that.
    #[must_use]
    pub fn of(failure: Failure, shown: &Shown) -> Self {
        match failure {
            Failure::File(error) => Self::File(error),
            Failure::Unreached(why) => Self::Unreached(why),
            Failure::Handshake(fault) => no_handshake(fault, shown),
            Failure::Unanswered(fault) => unanswered(fault, shown),
            Failure::Refused(refused) => no(&refused, shown.secrets()),
            Failure::BrokeOff(Exchange::Ended(ending)) => Self::Closed(ending),
            Failure::BrokeOff(_) => Self::BrokeOff,
            Failure::TooLarge(most) => Self::TooLarge(most),
            Failure::Timeout { limit, phase } => Self::Timeout { limit, phase },
        }
    }

    /// Of an event that ends a watch.
    #[must_use]
    pub fn of_event(code: u16, reason: Reason) -> Self {
        let code = match (code, reason) {
            (0, Reason::Expired) => 410,
            (0, Reason::Busy) => 503,
            (0, Reason::Unauthorized) => 401,
            (0, Reason::Forbidden) => 403,
            (0, Reason::Other) => 500,
            (code, _) => code,
        };
        Self::Status {
            code,
            said: Redacted::ours(""),
            retry_after: None,
        }
    }

    /// Whether what answers is a kubelet.
    #[must_use]
    pub fn is_of_kubelet(&self) -> bool {
        matches!(self, Self::Status { code: 403, said, .. } if said.contains(OF_KUBELET))
    }

    /// The cause for `kubelet_discovery`: the words and numbers of `kubelet_scrape`.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Unreached(_) | Self::Closed(_) => Cause::ConnectionFailed,
            Self::Timeout { .. } => Cause::Timeout,
            Self::Tls(_) => Cause::Tls,
            Self::Status { code, said, .. } => match code {
                400 if said.contains(PLAIN_HTTP) => Cause::Tls,
                401 => Cause::Unauthorized,
                403 if said.contains(OF_KUBELET) => Cause::BadAnswer,
                403 => Cause::Forbidden,
                429 | 500..=504 => Cause::NotReady,
                _ => Cause::BadAnswer,
            },
            Self::Redirect(..)
            | Self::NotHttp
            | Self::BrokeOff
            | Self::TooLarge(_)
            | Self::NotNodes(_)
            | Self::NotLeases(_)
            | Self::LongEvent(_)
            | Self::NoWatch => Cause::BadAnswer,
            Self::File(_) => Cause::Credential,
        }
    }
}

/// What is said with a no; or where it leads to, and of that the host only, for a query may hold anything.
fn no(refused: &Refused, secrets: &Secrets) -> DiscoveryError {
    let Some(location) = &refused.location else {
        return DiscoveryError::Status {
            code: refused.status,
            said: said(&refused.said, secrets),
            retry_after: refused.retry_after,
        };
    };
    let url = Uri::try_from(location.as_slice()).ok();
    let host = url.as_ref().and_then(Uri::host);
    DiscoveryError::Redirect(refused.status, host.map(|host| secrets.redact(host.as_bytes())))
}

/// The message of a `metav1.Status`, which is what an API server says; of anything else its beginning.
fn said(body: &[u8], secrets: &Secrets) -> Redacted {
    let mut message = Text::default();
    // What is no JSON, or cut off behind it, has no message, or has had it.
    let _ = Reader::new(body).object(|reader, key| match &*key.word() {
        "message" => message.read(reader),
        _ => reader.skip(),
    });
    if message.is_empty() {
        secrets.redact(body)
    } else {
        secrets.redact(message.text().as_bytes())
    }
}

fn no_handshake(fault: Handshake, shown: &Shown) -> DiscoveryError {
    match fault {
        Handshake::NoName => DiscoveryError::Unreached(Unreached::NotInTls),
        Handshake::Tls(error) => tls(&error, shown),
        Handshake::Ended => DiscoveryError::Tls(TlsFault::Ended),
        Handshake::Reset => DiscoveryError::Tls(TlsFault::Reset),
        Handshake::Flood => DiscoveryError::Tls(TlsFault::Endless),
        Handshake::System(fault) => DiscoveryError::Unreached(Unreached::Handshake(fault)),
        Handshake::Http(fault) => unanswered(fault, shown),
    }
}

fn unanswered(fault: Exchange, shown: &Shown) -> DiscoveryError {
    match fault {
        Exchange::Ended(ending) => DiscoveryError::Closed(ending),
        Exchange::Tls(error) => tls(&error, shown),
        Exchange::Malformed | Exchange::Flood => DiscoveryError::NotHttp,
    }
}

fn tls(error: &rustls::Error, shown: &Shown) -> DiscoveryError {
    DiscoveryError::Tls(TlsFault::new(error, &shown.seen()))
}

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached(why) => unreached(f, why),
            Self::Closed(why) => write!(
                f,
                "the connection ended before the answer did: {why}; is the API server restarting?"
            ),
            Self::Timeout { limit, phase } => timeout(f, *limit, *phase),
            Self::Tls(why) => {
                f.write_str("TLS: ")?;
                super::tls_words::write(f, why)
            }
            Self::Status { code, said, .. } => status(f, *code, said),
            Self::Redirect(code, to) => {
                write!(f, "what answers says {code} and leads to ")?;
                f.write_str(to.as_deref().unwrap_or("another path"))?;
                f.write_str("; an API server redirects nobody, so api_server points to something else")
            }
            Self::NotHttp => f.write_str("what answers speaks no HTTP that can be read; is that an API server?"),
            Self::BrokeOff => f.write_str(
                "the answer broke off in its middle, so something on the way damages it; see what is between us and the API \
                 server",
            ),
            Self::TooLarge(most) => write!(
                f,
                "a page of the list is larger than {most} bytes, which max_response allows; is that an API server?"
            ),
            Self::NotNodes(why) => write!(
                f,
                "what came is no list or watch of nodes ({why}); is that an API server, and what is between us and it?"
            ),
            Self::NotLeases(why) => write!(
                f,
                "what came is no Lease ({why}); is that an API server, and what is between us and it?"
            ),
            Self::LongEvent(most) => write!(
                f,
                "an event of the watch is longer than {most} bytes, and was left out; the nodes are listed anew"
            ),
            Self::NoWatch => f.write_str(
                "watches of nodes end as soon as they have begun; is a proxy in between that lets no answer last?",
            ),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DiscoveryError {}

fn unreached(f: &mut fmt::Formatter<'_>, why: &Unreached) -> fmt::Result {
    match why {
        // They would name another option.
        Unreached::NotInTls => f.write_str(
            "cannot connect: a certificate cannot carry that name: write an address in api_server, or a name of letters, \
             digits, '-' and '.'",
        ),
        Unreached::ResolverFails => f.write_str(
            "cannot connect: its name could not be looked up, because the resolver fails: see what the nameservers in \
             /etc/resolv.conf answer to that name; an address in api_server needs none",
        ),
        Unreached::NoThread => f.write_str(
            "cannot connect: looking up its name takes a thread, and the process may have no more threads: raise the pod's \
             limit of process ids, or `ulimit -u`; an address in api_server needs none",
        ),
        why => {
            write!(f, "cannot connect: {why}")?;
            f.write_str(match why {
                why if why.is_lack() => "",
                Unreached::UnknownName => "; correct api_server, or write the API server's address there",
                Unreached::Handshake(_) | Unreached::Refused(_) => {
                    "; is the API server running at that address, and its port open to us?"
                }
                _ => "",
            })
        }
    }
}

fn timeout(f: &mut fmt::Formatter<'_>, limit: Duration, phase: Phase) -> fmt::Result {
    match phase {
        Phase::Resolving => write!(
            f,
            "no address for its name in {limit:?}: DNS does not answer; an address in api_server needs none"
        ),
        Phase::Connecting => write!(
            f,
            "no connection in {limit:?}: an address that nobody has looks so, and a firewall or NetworkPolicy that drops \
             packets; see that api_server is the API server's address"
        ),
        Phase::Handshaking => write!(
            f,
            "something takes the connection and says nothing in the TLS handshake in {limit:?}: a load balancer with no \
             API server behind it looks so"
        ),
        Phase::Waiting => write!(
            f,
            "connected, and no answer in {limit:?}: the API server hangs, or its etcd; response_timeout sets the limit"
        ),
        Phase::Reading(bytes) => write!(
            f,
            "only {bytes} bytes of the answer came in {limit:?}: a slow network; response_timeout sets the limit"
        ),
    }
}

fn status(f: &mut fmt::Formatter<'_>, code: u16, said: &Redacted) -> fmt::Result {
    write!(f, "the API server answers {code}")?;
    if !said.is_empty() {
        write!(f, ": {said}")?;
    }
    f.write_str(match code {
        400 if said.contains(PLAIN_HTTP) => "; write https:// in api_server",
        401 => "; the token or certificate is expired, or of another cluster than api_server",
        403 if said.contains(OF_KUBELET) => {
            "; that is a kubelet and no API server, which is at another port, usually 6443 or 443: correct api_server"
        }
        // A right for this user would be everybody's.
        403 if said.contains(NOBODY) => {
            "; so it does not look at what we show: name a token or a client certificate of that cluster, and never give that \
             user a right, because everybody would have it"
        }
        403 => "; grant list and watch on nodes: telegraf-kubelet check --print-rbac prints how",
        404 => "; no API server says so: see where api_server leads",
        429 | 500..=504 => "; it is busy or not ready; tried again",
        _ => "",
    })
}

#[cfg(test)]
mod tests;
