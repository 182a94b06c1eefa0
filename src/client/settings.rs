//! What a client is made with: who we say we are, whom we believe, how long we wait, and whom we ask.
//!
//! Values that cannot be wrong. Knows no TOML and opens nothing: a file that is named here may not be there yet.

use std::fmt;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use super::pin::Pin;

/// What any number of peers may be asked with: the settings of one [`super::Profile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who we say we are.
    pub credential: Credential,
    /// Whom we believe.
    pub trust: Trust,
    /// One deadline over connect, headers and body; never zero.
    pub response_timeout: Duration,
    /// The most bytes of an answer that are taken.
    pub max_response: usize,
}

/// One peer: an address, and the names that it has to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it answers.
    pub url: Url,
    /// The name the certificate must carry, where it is not the URL's host.
    pub server_name: Option<String>,
    /// What the subject's common name must be beside that, to the letter. Where a key is pinned or nothing is verified it
    /// is asked for all the same, though it proves nothing there.
    pub common_name: Option<String>,
}

/// The scheme a peer is spoken to with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Nothing is verified, and no credential is ever sent.
    Http,
    /// TLS.
    Https,
}

/// A base URL with nothing in it that there is no use for: no user, no path, no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// With TLS or without.
    pub scheme: Scheme,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// Always there: which one is meant where none is written depends on who is asked.
    pub port: NonZeroU16,
}

impl Url {
    /// The same host over TLS, at the same port.
    #[must_use]
    pub fn over_tls(&self) -> Self {
        Self {
            scheme: Scheme::Https,
            ..self.clone()
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// Who we say we are: never two things at once.
///
/// A kubelet that gets both lets a valid certificate win, so a good token beside a certificate that is not
/// authorized is refused (seen on a live 1.20.2); one of the two would lie unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is sent: plain http.
    None,
    /// The file that holds a bearer token.
    BearerToken {
        /// A ServiceAccount's projected token, as a rule.
        file: PathBuf,
    },
    /// A client certificate and its key; the same file twice for a combined PEM.
    ClientCertificate {
        /// PEM, leaf first.
        cert: PathBuf,
        /// PEM: PKCS#8, SEC1 or PKCS#1.
        key: PathBuf,
    },
}

/// Whom we believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// What a serving certificate must chain to.
    pub anchors: Anchors,
    /// Refuse TLS 1.2.
    pub tls13_only: bool,
}

/// What a serving certificate is verified against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchors {
    /// The in-pod CA if there is one, else the system's store.
    InPodOrSystem,
    /// The certificates in these PEM files and no others; at least one file.
    Files(Vec<PathBuf>),
    /// Nothing but its key, which has to be one of these; at least one.
    Pinned(Vec<Pin>),
    /// Nothing is verified, because the user said so by name.
    Unverified,
}
