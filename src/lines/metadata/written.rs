//! A pod that is written as it was before is the same: then nothing of it has to be read.
//!
//! Most are, from one answer to the next: their object changes with their state, and its text with that alone. The text
//! is not kept, for it is ten times what is wanted of it, but a number made of it with a key of this process.

use std::hash::{BuildHasher, RandomState};

use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, SeedableRandomState};

/// The beginning of a pod, with its name in it, by which it is looked up.
const HEAD: usize = 128;

/// Makes numbers of texts, that nobody can foresee.
#[derive(Debug, Clone)]
pub(super) struct Hasher(SeedableRandomState);

impl Default for Hasher {
    fn default() -> Self {
        let seed = RandomState::new().hash_one(HEAD);
        Self(SeedableRandomState::with_seed(seed, SharedSeed::global_random()))
    }
}

impl BuildHasher for Hasher {
    type Hasher = FoldHasher<'static>;

    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

impl Hasher {
    /// Of how a text begins.
    pub(super) fn head(&self, text: &[u8]) -> u64 {
        self.hash_one(&text[..text.len().min(HEAD)])
    }
}

/// How a pod is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) head: u64,
    whole: u64,
    pub(super) length: u32,
}

impl Written {
    /// Of a pod's text, and of what follows where that is short.
    pub(super) fn new(rest: &[u8], length: usize, hasher: &Hasher) -> Self {
        let whole = &rest[..length];
        Self {
            head: hasher.head(rest),
            whole: hasher.hash_one(whole),
            // A body has no 4 GiB.
            length: u32::try_from(length).unwrap_or(u32::MAX),
        }
    }

    /// Whether `rest` begins with that very text.
    pub(super) fn begins(&self, rest: &[u8], hasher: &Hasher) -> bool {
        let text = rest.get(..self.length as usize);
        text.is_some_and(|text| hasher.hash_one(text) == self.whole)
    }
}
