//! What the log was told of the keys that no type has.
//!
//! A newer kubelet may have one in each container, so that they come and go with every pod: a count would never be at rest.
//! It is the key that is news, when there were none before and unless it was told last.

use crate::json::Unknown;

/// What was told of them, and what came at this tick.
#[derive(Debug, Default)]
pub struct Told {
    /// The last answer had some.
    any: bool,
    /// The first of them, where they are new.
    first: Option<String>,
    /// The one that was told last.
    last: Option<String>,
}

impl Told {
    /// How many are to be named: none as long as there are some.
    pub fn names(&self) -> usize {
        usize::from(!self.any)
    }

    /// An answer came that has these.
    pub fn came(&mut self, unknown: &Unknown) {
        self.any = unknown.count() > 0;
        self.first = unknown.names().first().cloned();
    }

    /// What is to be told now.
    pub fn news(&mut self) -> Option<&str> {
        let first = self.first.take()?;
        if self.last.as_ref() == Some(&first) {
            return None;
        }
        Some(self.last.insert(first))
    }
}
