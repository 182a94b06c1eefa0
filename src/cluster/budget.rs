//! How often the log is told of what comes and goes: an API server that answers every second question would fill it.
//!
//! Knows times and numbers.

use std::time::Duration;

use tokio::time::Instant;

/// So many lines in one hour.
const LINES: u32 = 6;

const HOUR: Duration = Duration::from_secs(3600);

/// What is left of an hour's lines.
#[derive(Debug)]
pub(super) struct Budget {
    since: Instant,
    left: u32,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            left: LINES,
        }
    }

    /// One line, with these words behind it; `None` where there was enough in this hour. An hour begins with its first line.
    pub(super) fn line(&mut self, now: Instant) -> Option<&'static str> {
        if self.left == LINES || now.duration_since(self.since) >= HOUR {
            *self = Self::new(now);
        }
        self.left = self.left.checked_sub(1)?;
        Some(if self.left == 0 {
            "; it comes and goes: nothing more is said of that within this hour"
        } else {
            ""
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_is_told_so_often_and_again_an_hour_later() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let at = |second| now + Duration::from_secs(second);
        let told = |budget: &mut Budget, from| {
            let lines = (0..1000_u64).filter_map(|second| budget.line(at(from + second)));
            lines.map(|words| !words.is_empty()).collect::<Vec<_>>()
        };
        let six = [false, false, false, false, false, true];
        assert_eq!(told(&mut budget, 100_000), six);
        assert_eq!(told(&mut budget, 102_000), [false; 0]);
        assert_eq!(told(&mut budget, 104_000), six);
    }
}
