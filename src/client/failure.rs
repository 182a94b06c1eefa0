//! Why a question has no answer, as far as it can be told without knowing who was asked.
//!
//! Raw: what the peer says and what libraries say of it is in here as it came. Whoever tells of it puts it into words of
//! his own, and lets nothing through but by [`crate::redact`]; so there is no `Debug` here and no `Display`.

use std::time::Duration;

use super::fault::{Exchange, Handshake, Unreached};
use super::file_error::FileError;

/// How far a question had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The host's name has no address yet.
    Resolving,
    /// No connection yet.
    Connecting,
    /// No TLS on it yet.
    Handshaking,
    /// Asked, on a connection that stands.
    Waiting,
    /// So many bytes of the body were there.
    Reading(usize),
}

/// Why a question has no answer.
pub enum Failure {
    /// A file that we need cannot be used; nothing was asked.
    File(FileError),
    /// No connection.
    Unreached(Unreached),
    /// A connection of no use.
    Handshake(Handshake),
    /// Asked, and no answer.
    Unanswered(Exchange),
    /// An HTTP status other than 200.
    Refused(Refused),
    /// A 200 whose body broke off.
    BrokeOff(Exchange),
    /// A 200 whose body is larger than this, the most bytes that are taken.
    TooLarge(usize),
    /// Not done before the deadline.
    Timeout {
        /// The deadline.
        limit: Duration,
        /// What was under way when it passed.
        phase: Phase,
    },
}

/// A no, as it was said.
pub struct Refused {
    /// The status.
    pub status: u16,
    /// Where it leads to instead; then nothing else of it is read.
    pub location: Option<Vec<u8>>,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
    /// The beginning of what stands in it.
    pub said: Vec<u8>,
}

impl Failure {
    /// Nobody answers there, or not in time: who is there may be right, and we know nothing of him.
    #[must_use]
    pub fn is_nobody_there(&self) -> bool {
        matches!(
            self,
            Self::Unreached(_)
                | Self::Timeout { .. }
                | Self::Unanswered(Exchange::Ended(_))
                | Self::Handshake(
                    Handshake::NoName | Handshake::System(_) | Handshake::Http(Exchange::Ended(_))
                )
        )
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl From<Unreached> for Failure {
    fn from(why: Unreached) -> Self {
        Self::Unreached(why)
    }
}

impl From<Handshake> for Failure {
    fn from(fault: Handshake) -> Self {
        Self::Handshake(fault)
    }
}
