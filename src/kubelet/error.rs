//! What can go wrong with a scrape, each with what to do about it.
//!
//! What others say (the kubelet, libraries that quote it) gets in as [`Redacted`] only, or as one of a few known things.
//! Must never hold a `String` that was made of either.

use std::fmt;
use std::time::Duration;

use super::Question;
use super::refusal::Refusal;
use super::right::{nodes_pods, nodes_proxy, nodes_stats};
use crate::cause::Cause;
use crate::client::{Ending, FileError, Phase, Unreached};
use crate::redact::Redacted;
use crate::tls_fault::TlsFault;

/// What a cause means where a kubelet was asked, for the README.
#[must_use]
pub fn meaning_of(cause: Cause) -> &'static str {
    match cause {
        Cause::Success => "the summary came",
        Cause::ConnectionFailed => {
            "nobody answers at that address and port, or this machine has no file, thread or port left to ask with"
        }
        Cause::Timeout => "no whole answer within `response_timeout`",
        Cause::Tls => "the kubelet's certificate is not believed, or the handshake failed; the log says why",
        Cause::Unauthorized => {
            "401: the token or certificate is not accepted, or the kubelet cannot reach its API server"
        }
        Cause::Forbidden => concat!("403: accepted, but without the right ", nodes_stats!(whole)),
        Cause::NotReady => "500 `Internal Error`: the kubelet or its container runtime is not ready",
        Cause::BadAnswer => {
            "no HTTP, any other status, or a body that is empty, cut off, too large or no summary"
        }
        Cause::Credential => "a token, certificate, key or CA file cannot be used; nothing was asked",
        Cause::ApiServerUnreachable => "500 `Authorization error`: the kubelet cannot reach its API server",
        Cause::WrongNode => {
            "with `discover`: at the node's address answers another node's kubelet, whose lines are its own"
        }
        Cause::NoAddress => {
            "with `discover`: the node lists no address of a type in `node_address_types`; nothing was asked, and there is no `url`"
        }
    }
}

/// What comes is no HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHttp {
    /// It cannot be read as that, or its headers have no end.
    Malformed,
    /// It goes on and on, and is no part of an answer.
    Flood,
}

/// Why a body has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broke {
    /// The connection ended.
    Ended(Ending),
    /// TLS on it failed: what was sent was damaged on its way.
    Tls,
    /// It goes on as something else.
    NotHttp(NotHttp),
}

/// Why a scrape brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScrapeError {
    /// No connection.
    Connect(Unreached),
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
    /// An HTTP status other than 200, with what was said.
    Status(u16, Refusal),
    /// What answers is no HTTP server.
    NotHttp(NotHttp),
    /// A 200 whose body broke off.
    BrokeOff(Broke),
    /// A 200 whose body is larger than this, the most that is taken.
    TooLarge(usize),
    /// A file that we need cannot be used.
    File(FileError),
}

impl ScrapeError {
    /// The cause for `kubelet_scrape`.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Connect(_) | Self::Closed(_) => Cause::ConnectionFailed,
            Self::Timeout { .. } => Cause::Timeout,
            Self::Tls(_) | Self::Status(400, Refusal::PlainHttp) => Cause::Tls,
            Self::Status(401, _) => Cause::Unauthorized,
            Self::Status(403, _) => Cause::Forbidden,
            Self::Status(500, Refusal::AuthorizationError(_)) => Cause::ApiServerUnreachable,
            Self::Status(500, Refusal::InternalError(_)) => Cause::NotReady,
            Self::NotHttp(_) | Self::Status(..) | Self::BrokeOff(_) | Self::TooLarge(_) => Cause::BadAnswer,
            Self::File(_) => Cause::Credential,
        }
    }

    /// What the kubelet says of its refusal.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Status(_, refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The HTTP status, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) => Some(*status),
            Self::BrokeOff(_)
            | Self::TooLarge(_)
            | Self::Timeout {
                phase: Phase::Reading(_),
                ..
            } => Some(200),
            _ => None,
        }
    }
}

/// A size as people write one.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: usize = 1024;
        match self.0 {
            bytes if bytes % (KIB * KIB) == 0 => write!(f, "{} MiB", bytes / KIB / KIB),
            bytes if bytes % KIB == 0 => write!(f, "{} KiB", bytes / KIB),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

/// An error with what was asked.
pub struct About<'e> {
    error: &'e ScrapeError,
    question: Question,
}

impl ScrapeError {
    /// What it says where this was asked; by itself it is about the summary.
    #[must_use]
    pub fn about(&self, question: Question) -> About<'_> {
        About {
            error: self,
            question,
        }
    }
}

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let question = self.question;
        match self.error {
            ScrapeError::Connect(why) => write!(f, "cannot connect: {why}{}", mend(why)),
            ScrapeError::Closed(why) => write!(
                f,
                "the connection ended before an answer came: {why}; is the kubelet restarting?"
            ),
            ScrapeError::Timeout { limit, phase } => timeout_text(f, *limit, *phase, question),
            ScrapeError::Tls(why) => write!(f, "TLS: {why}"),
            ScrapeError::Status(status, refusal) => status_text(f, *status, refusal, question),
            ScrapeError::NotHttp(why) => write!(f, "what answers {why}; is that a kubelet?"),
            ScrapeError::BrokeOff(Broke::Ended(why)) => {
                write!(f, "the answer cannot be used: it broke off: {why}")
            }
            ScrapeError::BrokeOff(Broke::Tls) => f.write_str(
                "the answer cannot be used: it broke off: TLS failed in its middle, so something on the way damages it",
            ),
            ScrapeError::BrokeOff(Broke::NotHttp(why)) => {
                write!(f, "the answer cannot be used: it has a beginning, and then {why}")
            }
            ScrapeError::TooLarge(most) => write!(
                f,
                "the answer cannot be used: it is larger than {}, which max_response allows; is that a kubelet?",
                Bytes(*most)
            ),
            ScrapeError::File(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ScrapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.about(Question::Everything).fmt(f)
    }
}

impl std::error::Error for ScrapeError {}

impl fmt::Display for NotHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "speaks no HTTP that can be read, or in headers without an end",
            Self::Flood => "sends without an end what is no part of an answer",
        })
    }
}

/// What to do about it, where the reason does not say it.
fn mend(why: &Unreached) -> &'static str {
    match why {
        why if why.is_lack() => "",
        Unreached::UnknownName => "; correct url, or write the node's address there",
        // They say it themselves.
        Unreached::NotInTls | Unreached::ResolverFails => "",
        Unreached::NoThread | Unreached::NoResolver | Unreached::Lookup(_) => {
            "; tried again at the next tick"
        }
        Unreached::Handshake(_) | Unreached::Refused(_) => {
            "; is the kubelet running and the port open to us?"
        }
    }
}

fn timeout_text(
    f: &mut fmt::Formatter<'_>,
    limit: Duration,
    phase: Phase,
    question: Question,
) -> fmt::Result {
    match phase {
        Phase::Resolving => write!(
            f,
            "no address for its name in {limit:?}: DNS does not answer; an address in url needs none"
        ),
        Phase::Connecting => write!(
            f,
            "no connection in {limit:?}: an address that nobody has looks so, and a firewall that drops packets"
        ),
        Phase::Handshaking => write!(
            f,
            "something takes the connection and says nothing in the TLS handshake in {limit:?}: a load balancer or \
             firewall in between looks so, and a node that is out of memory"
        ),
        // Of the container runtime it needs nothing.
        Phase::Waiting if question == Question::Pods => write!(
            f,
            "connected, and no answer in {limit:?}: an API server that hangs looks so (a kubelet asks it about each \
             right), or a node with more pods than response_timeout allows for"
        ),
        Phase::Waiting => write!(
            f,
            "connected, and no answer in {limit:?}: a container runtime that hangs looks so, an API server that hangs (a \
             kubelet waits up to 30 s for that one), or a node with more pods than response_timeout allows for; \
             telegraf-kubelet check tells them apart"
        ),
        Phase::Reading(bytes) => write!(
            f,
            "only {bytes} bytes of the answer came in {limit:?}: a slow network; response_timeout sets the limit"
        ),
    }
}

fn status_text(
    f: &mut fmt::Formatter<'_>,
    status: u16,
    refusal: &Refusal,
    question: Question,
) -> fmt::Result {
    write!(f, "the kubelet answers {status}")?;
    if *refusal != Refusal::Other(Redacted::ours("")) {
        write!(f, ": {refusal}")?;
    }
    f.write_str(match (status, refusal) {
        (300..=399, _) => "; a kubelet redirects nobody, so `url` points to something else",
        (400, Refusal::PlainHttp) => "; write https:// in `url`",
        (401, _) => {
            "; the token or certificate is expired or not known to this cluster, webhook authentication is off, or \
             the kubelet cannot reach its API server; tried again at the next tick"
        }
        // A right for this user would be everybody's.
        (403, Refusal::Forbidden(attributes)) if attributes.is_of_nobody() => {
            "; so the kubelet does not look at what we show: switch webhook authentication on in its configuration, or, for a \
             client certificate, set its clientCAFile (telegraf-kubelet check says how), and never give that user a right, \
             because everybody would have it"
        }
        (403, Refusal::Forbidden(attributes)) if question == Question::Pods => {
            if attributes.knows_proxy_alone() {
                concat!(
                    "; this kubelet knows no right of its own for /pods, as those before 1.33, and wants ", nodes_proxy!(),
                    ", which is the right to ", nodes_proxy!(to), ": take label_include, metadata and the like out of the \
                     configuration"
                )
            } else {
                concat!(
                    "; beside ", nodes_stats!(), " it needs a ClusterRole with `resources: [", nodes_pods!(), "]`, `verbs: [",
                    nodes_pods!(verb), "]` bound to that user (never ", nodes_proxy!(), "); a new binding takes up to 30 s to \
                     work"
                )
            }
        }
        (403, Refusal::Forbidden(_)) => {
            concat!(
                "; it needs a ClusterRole with `resources: [", nodes_stats!(), "]`, `verbs: [", nodes_stats!(verb), "]` bound \
                 to that user (never ", nodes_proxy!(), "); a new binding takes up to 30 s to work"
            )
        }
        (403, _) => "; no kubelet says it in these words: see where `url` leads, and what is in between",
        (500, Refusal::AuthorizationError(_)) => {
            "; the kubelet cannot reach its API server; tried again at the next tick"
        }
        (500, _) => "; the kubelet or its container runtime is not ready; tried again at the next tick",
        _ => "",
    })
}

impl From<Unreached> for ScrapeError {
    fn from(why: Unreached) -> Self {
        Self::Connect(why)
    }
}
