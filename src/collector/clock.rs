//! The times of one scrape. Knows nothing of what is scraped.

use std::time::{Duration, Instant, SystemTime};

/// How long a scrape takes, and when its answer came: without the time that it waited for room, in which all of it may be
/// here already.
#[derive(Debug, Default)]
pub struct Clock {
    /// When it went on last, unless it waits.
    since: Option<Instant>,
    took: Duration,
    /// When it began to wait, and how long it waited.
    paused: Option<Instant>,
    waited: Duration,
}

/// A scrape's times.
pub struct Times {
    /// How long it took.
    pub took: Duration,
    /// When its answer was here.
    pub arrived: SystemTime,
}

impl Clock {
    /// It begins, or goes on.
    pub fn start(&mut self) {
        self.since = Some(Instant::now());
    }

    /// It waits for room.
    pub fn pause(&mut self) {
        self.took += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.paused = Some(Instant::now());
    }

    /// There is room.
    pub fn go_on(&mut self) {
        self.waited += self.paused.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.start();
    }

    /// It is over.
    pub fn stop(mut self) -> Times {
        let now = SystemTime::now();
        self.pause();
        Times {
            took: self.took,
            arrived: now.checked_sub(self.waited).unwrap_or(now),
        }
    }
}
