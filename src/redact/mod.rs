//! The one door for text of others: what a server says, and what stands in a file or a certificate that anybody may have
//! made.
//!
//! Whoever answers at an address has been sent our token and may say it again: as it is, cut off, wrapped over lines or
//! encoded; so may a library that quotes what it could not read. [`Redacted`] is text that may be told: it is bounded,
//! printable, and no piece of a known secret is in it. There is no way to make one of a `String` but through
//! [`Secrets::redact`], and errors hold it instead of a `String`.
//!
//! Knows bytes and encodings. Knows no kubelet, no protocol and no file: who reads a secret says so by
//! [`Secrets::learn`].

mod forms;
mod search;
#[cfg(test)]
mod tests;

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, Mutex, PoisonError};

use search::Search;

use crate::printable::printable;

/// The longest text that is told, in bytes. A kubelet's own refusals have less.
pub const LONGEST: usize = 512;

/// How much of a text is looked at. There is no need to read on to where a secret ends: any piece of it is found.
pub const LOOKED_AT: usize = 4 * 1024;

/// A shorter text is no secret, and hiding it would make any text unreadable.
pub const SHORTEST_SECRET: usize = 8;

/// So many secrets are remembered: a token that was replaced is still good for a while.
const REMEMBERED: usize = 6;

/// What stands in the place of a secret.
const MARK: &str = "(secret)";

/// Told instead of a text that can't be made safe.
const WITHHELD: &str = "(not told: it is full of our secret)";

/// Text that may be told: bounded, printable, and without any piece of a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted(Cow<'static, str>);

impl Redacted {
    /// Our own words.
    #[must_use]
    pub const fn ours(words: &'static str) -> Self {
        Self(Cow::Borrowed(words))
    }
}

impl Deref for Redacted {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Redacted {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Redacted {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Whether a text is a token by its looks: a JWT, which begins with the Base64 of `{"`, or a header's value.
#[must_use]
pub fn is_token(text: &str) -> bool {
    let first = text.trim_start();
    first.starts_with("eyJ") || first.starts_with("Bearer ")
}

/// What must never be told, shared by all who read or send it. Shows nothing of it.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Vec<Vec<u8>>>>);

impl Secrets {
    /// From now on this is a secret, and what was one before still is.
    pub fn learn(&self, secret: &[u8]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The usual case, at each scrape.
        if known.last().is_some_and(|last| last == secret) || secret.len() < SHORTEST_SECRET {
            return;
        }
        known.retain(|other| other != secret);
        if known.len() == REMEMBERED {
            known.remove(0);
        }
        known.push(secret.to_vec());
    }

    /// The text as it may be told.
    #[must_use]
    pub fn redact(&self, text: &[u8]) -> Redacted {
        self.redactor().redact(text)
    }

    /// For several texts: it is made once.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        Redactor(Search::new(
            &self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

/// Makes texts safe by the secrets of one moment.
pub struct Redactor(Search);

impl Redactor {
    /// The text as it may be told.
    #[must_use]
    pub fn redact(&self, text: &[u8]) -> Redacted {
        redact(text, &self.0)
    }

    /// Whether a text holds a piece of a secret, in any form that is looked for.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        !self.0.pieces(text.as_bytes()).is_empty()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// Hides pieces until none is found: what is left on both sides of a hidden one may be another.
fn redact(text: &[u8], search: &Search) -> Redacted {
    const ROUNDS: usize = 8;
    let text = text.trim_ascii();
    let text = String::from_utf8_lossy(&text[..text.len().min(LOOKED_AT)]);
    let mut text = printable(&text);
    for _ in 0..ROUNDS {
        let hidden = search.pieces(text.as_bytes());
        if hidden.is_empty() {
            return Redacted(Cow::Owned(shortened(text)));
        }
        text = without(&text, &hidden);
    }
    Redacted::ours(WITHHELD)
}

/// With one mark in place of each piece. They are in order, and no two touch.
fn without(text: &str, hidden: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = hidden.iter().peekable();
    let mut marked = false;
    for (at, character) in text.char_indices() {
        while rest.next_if(|piece| piece.end <= at).is_some() {
            marked = false;
        }
        if !rest.peek().is_some_and(|piece| piece.contains(&at)) {
            out.push(character);
        } else if !marked {
            out.push_str(MARK);
            marked = true;
        }
    }
    out
}

fn shortened(mut text: String) -> String {
    const CUT: &str = " …";
    if text.len() > LONGEST {
        let mut end = LONGEST - CUT.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}
