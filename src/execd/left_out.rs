//! Lines that are longer than what they would leave by ever takes at once: left out, counted, and told.

use std::fmt;

/// How many there were.
#[derive(Debug, Default)]
pub(super) struct LeftOut(u64);

impl LeftOut {
    /// One more, of so many bytes. Told at the first, the tenth, the hundredth and so on: what makes one makes one at each
    /// tick.
    pub(super) fn tell(&mut self, way: &dyn fmt::Display, bytes: usize, why: fmt::Arguments<'_>) {
        self.0 += 1;
        if 10_u64.pow(self.0.ilog10()) == self.0 {
            log::warn!(
                "{way}: left out a line of {bytes} bytes, because {why}; {} so far",
                self.0
            );
        }
    }
}
