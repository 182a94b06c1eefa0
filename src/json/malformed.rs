//! What can be wrong with a body: all of it, or single values.

use std::fmt;

/// The body is not JSON: where it stops being so, and what was wanted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Byte offset into the body.
    pub at: usize,
    /// What should have stood there.
    pub wanted: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not JSON at byte {}: {} expected", self.at, self.wanted)
    }
}

impl std::error::Error for Malformed {}

/// Values that were stepped over because the API does not allow them where they stood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rejected {
    /// How many, in this body.
    pub count: u64,
    /// Where the first one stands, as a byte offset.
    pub first_at: Option<usize>,
}
