//! The node's side: what is asked of a kubelet, and what its answers and refusals mean.
//!
//! How a question gets there is [`crate::client`]'s. Knows nothing of execd, of what is in a summary, or of line protocol.

mod error;
mod expiry;
mod meaning;
mod port;
mod refusal;
mod right;
mod tls_words;

use std::sync::Arc;

pub use error::{Broke, NotHttp, ScrapeError, meaning_of};
pub use expiry::{Expiries, Reminder, Reminders, What, span};
pub use port::{PORT, READ_ONLY_PORT, authenticated};
pub use refusal::{Attributes, NOBODY, Refusal};
pub use right::{Right, Worth};
pub(crate) use right::{nodes_pods, nodes_proxy, nodes_stats};

pub use crate::cause::Cause;
pub use crate::tls_fault::{Alert, Flaw, Holder, Link, TlsFault, Trouble, common_name};

use crate::client::certificate::Facts;
use crate::client::{Beginning, Client, Failure, Life, Profile, Target};
use crate::date::now;
use crate::redact::Redacted;

/// What a scrape asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Question {
    /// The whole summary.
    #[default]
    Everything,
    /// Processor, memory and swap alone: then the kubelet looks at no filesystem, network or process, and has not as much to
    /// print (`pkg/kubelet/server/stats/summary.go`, `GetCPUAndMemoryStats`). What it prints of them is the same, but for the
    /// start of the node, which is that of its root cgroup and not the system's boot.
    CpuAndMemory,
    /// What the API server says of the node's pods.
    Pods,
}

impl Question {
    fn path(self) -> &'static str {
        match self {
            Self::Everything => "/stats/summary",
            // Once, and exactly `true`: else a kubelet takes it for the whole (`server/stats/handler.go`).
            Self::CpuAndMemory => "/stats/summary?only_cpu_and_memory=true",
            Self::Pods => "/pods",
        }
    }

    /// The right that it needs.
    #[must_use]
    pub fn right(self) -> Right {
        match self {
            Self::Everything | Self::CpuAndMemory => Right::STATS,
            Self::Pods => Right::PODS,
        }
    }
}

/// An answer whose body is in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Always 200 by now.
    pub status: u16,
}

/// Scrapes one kubelet, tick after tick.
pub struct Scraper {
    client: Client,
    question: Question,
}

impl Scraper {
    /// A scraper of the kubelet at `target`, which is asked this, as `profile` says.
    #[must_use]
    pub fn new(profile: Arc<Profile>, target: Target, question: Question) -> Self {
        Self {
            client: Client::new(profile, target),
            question,
        }
    }

    /// One who asks the same kubelet something else, over the same connection while nobody else does.
    #[must_use]
    pub fn beside(&self, question: Question) -> Self {
        Self {
            client: self.client.beside(),
            question,
        }
    }

    /// Appends the answer to `body`, within one deadline over name, connection, handshake, headers and body.
    ///
    /// # Errors
    /// See [`ScrapeError`]; `body` may then have grown by a part of an answer.
    pub async fn scrape(&mut self, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        let beginning = self.begin().await?;
        self.read(beginning, body).await
    }

    /// The first half of a scrape, up to the beginning of an answer.
    ///
    /// # Errors
    /// See [`ScrapeError`].
    pub async fn begin(&mut self) -> Result<Beginning, ScrapeError> {
        let begun = self.client.begin(self.question.path()).await;
        begun.map_err(|failure| self.meaning(failure))
    }

    /// The second half. The deadline stands still between the two.
    ///
    /// # Errors
    /// As of [`Scraper::scrape`].
    pub async fn read(&mut self, beginning: Beginning, body: &mut Vec<u8>) -> Result<Answer, ScrapeError> {
        match self.client.read(beginning, body).await {
            Ok(()) => Ok(Answer { status: 200 }),
            Err(failure) => Err(self.meaning(failure)),
        }
    }

    /// Asks for another path as the same identity and over the same trust. The status, whatever it is.
    ///
    /// # Errors
    /// No answer came.
    pub async fn status_of(&mut self, path: &'static str) -> Result<u16, ScrapeError> {
        let asked = self.client.status_of(path).await;
        asked.map_err(|failure| self.meaning(failure))
    }

    /// Whether something else can be asked over the very connection meanwhile: over HTTP/2.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.client.is_shared()
    }

    fn meaning(&self, failure: Failure) -> ScrapeError {
        ScrapeError::of(failure, self.client.shown())
    }

    /// Whether a handshake came as far as a certificate.
    #[must_use]
    pub fn has_seen_certificate(&self) -> bool {
        self.client.shown().handshakes() > 0
    }

    /// The serving certificate of the last handshake, believed or not, as far as there was one.
    #[must_use]
    pub fn serving_certificate(&self) -> Option<Facts> {
        self.client.shown().facts()
    }

    /// The CAs of which the kubelet takes client certificates, as it lists them to who has one; `None` where it asked for
    /// none.
    #[must_use]
    pub fn client_cas(&self) -> Option<Vec<Redacted>> {
        self.client.shown().client_cas()
    }

    /// The certificate that is shown to who says to take every kind of key, where we are shown none.
    pub async fn serving_certificate_for_anyone(&self) -> Option<Facts> {
        self.client.certificate_for_anyone().await
    }

    /// A text that stems from the kubelet, as it may be told.
    #[must_use]
    pub fn redact(&self, text: &str) -> Redacted {
        self.client.profile().secrets().redact(text.as_bytes())
    }

    /// What is known of expiries now.
    #[must_use]
    pub fn expiries(&self) -> Expiries {
        let now = now();
        let left = |life: Option<Life>| life.map(|life| life.left(now));
        let profile = self.client.profile();
        Expiries {
            token: left(profile.token()),
            client_certificate: left(profile.client_certificate()),
            serving_certificate: left(self.client.shown().life()),
            serving_dates_count: profile.dates_count(),
        }
    }
}
