//! What a peer showed in its last handshake, shared between the verifier and who reports of it.
//!
//! Whatever is shown is remembered, believed or not, because it is what the user has to be told.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

use super::certificate::{Facts, distinguished_name};
use super::life::Life;
use crate::redact::{Redacted, Secrets};

/// More certificates of CAs than that are not looked at: a server shows one or two.
const MOST_ISSUERS: usize = 16;

/// More CAs of clients than that are not remembered: a server has one or two.
const MOST_CAS: usize = 64;

/// What is remembered; all clones are the same.
#[derive(Debug, Clone)]
pub struct Shown {
    last: Arc<Mutex<Last>>,
    /// A name in a certificate may be anything, our token too.
    secrets: Secrets,
}

#[derive(Debug, Default)]
struct Last {
    seen: Seen,
    handshakes: u64,
    client_cas: Option<Vec<Redacted>>,
}

/// The certificates of one handshake.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The peer's own; `None` where there was none, or what was shown can't be read.
    pub leaf: Option<Facts>,
    /// What was shown with it: CAs between it and one that is believed.
    pub issuers: Vec<Facts>,
    /// What must not be told of what is in them.
    pub secrets: Secrets,
    /// The certificate was believed. What failed after that is the proof that the peer holds its key.
    pub believed: bool,
}

impl Shown {
    /// Nothing yet.
    pub(super) fn new(secrets: Secrets) -> Self {
        Self {
            last: Arc::default(),
            secrets,
        }
    }

    /// What must not be told of whatever the peer says.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What was shown last.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.with(|last| last.seen.clone())
    }

    /// What the peer's own certificate says of itself; `None` before the first handshake.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        self.with(|last| last.seen.leaf.clone())
    }

    /// From when to when it holds.
    #[must_use]
    pub fn life(&self) -> Option<Life> {
        self.with(|last| last.seen.leaf.as_ref().map(Facts::life))
    }

    /// How many handshakes came as far as a certificate.
    #[must_use]
    pub fn handshakes(&self) -> u64 {
        self.with(|last| last.handshakes)
    }

    /// The CAs of which the peer takes client certificates, as it lists them in the handshake; `None` where it asks
    /// for no certificate at all.
    #[must_use]
    pub fn client_cas(&self) -> Option<Vec<Redacted>> {
        self.with(|last| last.client_cas.clone())
    }

    /// Remembers the CAs of clients that the peer lists.
    pub(super) fn remember_client_cas(&self, names: &[&[u8]]) {
        let redactor = self.secrets.redactor();
        let names = names.iter().take(MOST_CAS);
        let names = names
            .filter_map(|name| distinguished_name(name))
            .map(|name| redactor.redact(name.as_bytes()))
            .collect();
        self.with(|last| last.client_cas = Some(names));
    }

    /// Remembers what is shown in a handshake.
    pub(super) fn remember(&self, leaf: &CertificateDer<'_>, issuers: &[CertificateDer<'_>]) {
        let redactor = self.secrets.redactor();
        let read = |certificate| Facts::read(certificate, &redactor);
        let seen = Seen {
            leaf: read(leaf),
            issuers: issuers.iter().take(MOST_ISSUERS).filter_map(read).collect(),
            secrets: self.secrets.clone(),
            believed: false,
        };
        self.with(|last| {
            last.seen = seen;
            last.handshakes += 1;
        });
    }

    /// Remembers that it was believed.
    pub(super) fn believed(&self) {
        self.with(|last| last.seen.believed = true);
    }

    fn with<T>(&self, look: impl FnOnce(&mut Last) -> T) -> T {
        // Nothing in here can be left half done.
        look(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
