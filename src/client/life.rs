//! From when to when a token or certificate holds, and when it is late to have no new one.
//!
//! Knows times only: who looks at a clock hands it in.

const DAY: i64 = 86_400;

/// With less than this left it is said, or with less than a tenth of the whole life where that is shorter: whoever
/// renews does so with a tenth to a third left (kubelet `certificate_manager.go`, `token_manager.go`), and what lives a
/// day or an hour must not be called late all its life.
const SOON: i64 = 7 * DAY;

/// From when to when something holds, in seconds since 1970, by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// `None` where it does not say.
    pub begins: Option<i64>,
    /// The first second in which it does not hold any more.
    pub ends: i64,
}

impl Life {
    /// What is left of it.
    #[must_use]
    pub fn left(self, now: i64) -> Left {
        let whole = self.begins.map(|begins| self.ends.saturating_sub(begins));
        Left {
            seconds: self.ends.saturating_sub(now),
            late_below: whole.map_or(SOON, |whole| (whole / 10).clamp(0, SOON)),
        }
    }
}

/// What is left of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Negative when it is over.
    pub seconds: i64,
    late_below: i64,
}

impl Left {
    /// Whether so little is left that it should have been renewed.
    #[must_use]
    pub fn is_late(self) -> bool {
        self.seconds < self.late_below
    }
}
