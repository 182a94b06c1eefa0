//! Waiting for what another process does, up to a point in time.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Long enough for the slowest machine; nothing here takes it when all is well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `condition` again and again until it has an answer: neither Telegraf nor `InfluxDB` tells when it is done.
/// Panics when [`PATIENCE`] is over, with what was waited for.
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = condition() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain until {what}");
        sleep(Duration::from_millis(20));
    }
}
