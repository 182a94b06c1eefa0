//! An answer in which nothing is new, as most are: then what is known stays as it is, and is neither copied nor put in order.
//!
//! Knows places, and not of what.

/// What was found of what was before, each once, as long as nothing else came.
#[derive(Debug, Default)]
pub(super) struct Again {
    found: Vec<u32>,
    /// Of each that was there before, whether it was found; `None` since something else came.
    met: Option<Vec<bool>>,
}

impl Again {
    /// So many were there before.
    pub(super) fn of(count: usize) -> Self {
        Self {
            found: Vec::with_capacity(count),
            met: Some(vec![false; count]),
        }
    }

    /// One was found. False if that is something else: one that was found already, or behind something else.
    pub(super) fn has(&mut self, at: u32) -> bool {
        let met = self.met.as_mut().and_then(|met| met.get_mut(at as usize));
        let is_first = met.is_some_and(|met| !std::mem::replace(met, true));
        if is_first {
            self.found.push(at);
        }
        is_first
    }

    /// Something else comes. Those that were found before it, if it is the first.
    pub(super) fn end(&mut self) -> Option<Vec<u32>> {
        self.met.take()?;
        Some(std::mem::take(&mut self.found))
    }

    /// Whether everything was found, and nothing else came.
    pub(super) fn is_all(&self) -> bool {
        self.met.as_ref().is_some_and(|met| met.len() == self.found.len())
    }
}
