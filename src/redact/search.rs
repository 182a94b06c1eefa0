//! Whether a text holds a piece of a secret, and where, in whatever form.
//!
//! What is looked for are runs of a few bytes, not the whole: a text may begin or end in the middle of a secret.

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::SHORTEST_SECRET;
use super::forms::{self, View};

/// A run of so many bytes of a secret is a piece of it, where the text is to be read as it is.
const RUN: usize = SHORTEST_SECRET;

/// The same where the text is an encoding: ten characters of Base64, which are less than eight bytes, may have only six
/// whole ones in them. Ordinary text does not come near, because decoded it is noise.
const DECODED_RUN: usize = 6;

/// How often a text is unescaped: `%252B` takes two.
const LAYERS: usize = 3;

/// All runs of some secrets.
pub(super) struct Search {
    plain: Runs<RUN>,
    loose: Runs<RUN>,
    decoded: Runs<DECODED_RUN>,
}

impl Search {
    pub(super) fn new(secrets: &[Vec<u8>]) -> Self {
        let mut search = Self {
            plain: Runs::default(),
            loose: Runs::default(),
            decoded: Runs::default(),
        };
        for secret in secrets {
            search.add(secret);
        }
        search
    }

    fn add(&mut self, secret: &[u8]) {
        self.decoded.add(secret);
        if !secret.is_ascii() {
            // A key, of which others see the Base64: that is found as one, and its own Base64 is found by this.
            return self.add_text(LENIENT.encode(secret).as_bytes());
        }
        self.add_text(secret);
        // A token's signature is Base64 already, and the token nobody can make up is what it stands for.
        for part in secret.split(|byte| *byte == b'.') {
            if let Some(bytes) = decoded(part).filter(|bytes| !bytes.is_ascii()) {
                self.decoded.add(&bytes);
            }
        }
    }

    /// As it is, and as it looks when all that could be an escape in it is taken for one.
    fn add_text(&mut self, text: &[u8]) {
        self.decoded.add(text);
        let mut layer = View::of(text);
        for _ in 0..LAYERS {
            self.plain.add(layer.without_space().bytes());
            self.loose.add(layer.letters_and_digits().bytes());
            layer = layer.unescaped();
        }
    }

    /// Where the text holds pieces of a secret, in order, with those that touch in one.
    pub(super) fn pieces(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.decoded.is_empty() {
            return found;
        }
        let mut layer = View::of(text);
        for _ in 0..LAYERS {
            self.plain.find(&layer.without_space(), &mut found);
            self.loose.find(&layer.letters_and_digits(), &mut found);
            for view in forms::decoded(&layer) {
                self.decoded.find(&view, &mut found);
            }
            let next = layer.unescaped();
            if next.bytes() == layer.bytes() {
                break;
            }
            layer = next;
        }
        found.sort_unstable_by_key(|piece| piece.start);
        found.dedup_by(|next, piece| {
            let touches = next.start <= piece.end;
            if touches {
                piece.end = piece.end.max(next.end);
            }
            touches
        });
        found
    }
}

/// Every run of `N` bytes that is somewhere in a secret.
struct Runs<const N: usize>(HashSet<[u8; N]>);

impl<const N: usize> Default for Runs<N> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<const N: usize> Runs<N> {
    fn add(&mut self, bytes: &[u8]) {
        self.0
            .extend(bytes.windows(N).filter_map(|run| <[u8; N]>::try_from(run).ok()));
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, view: &View, found: &mut Vec<Range<usize>>) {
        for (at, run) in view.bytes().windows(N).enumerate() {
            if self.0.contains(run) {
                found.push(view.place(at..at + N));
            }
        }
    }
}

/// With or without padding, and with bits left over.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is Base64 of either alphabet, and long enough not to be so by chance.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    const BY_CHANCE: usize = 16;
    let standard: Vec<u8> = text
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    LENIENT
        .decode(standard)
        .ok()
        .filter(|bytes| bytes.len() >= BY_CHANCE)
}
