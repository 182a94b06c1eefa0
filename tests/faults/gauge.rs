//! How much of a flood was taken, told by the one who sends it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

/// A write that takes longer is one that nobody reads.
const PATIENCE: Duration = Duration::from_millis(300);

/// More than all buffers on the way hold: whoever takes so much, reads.
pub const TAKEN: u64 = 32 * 1024 * 1024;

/// What became of the last flood.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    /// Floods that nobody took any more.
    stuck: u64,
    /// More was taken than any buffer holds.
    taken: bool,
}

/// Shared by who floods and who waits.
#[derive(Clone)]
pub struct Gauge {
    level: Arc<(Mutex<Level>, Condvar)>,
    open: watch::Sender<bool>,
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            level: Arc::default(),
            open: watch::Sender::new(true),
        }
    }
}

impl Gauge {
    /// Nothing is sent any more, or again.
    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// Sends `bytes` again and again until the connection ends, or so much was taken that no more has to be shown.
    /// While nobody takes them, each stretch of [`PATIENCE`] is told.
    pub async fn flood(&self, wire: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
        // The sender is our own.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
        let mut sent = 0;
        while sent < TAKEN {
            let mut writing = std::pin::pin!(wire.write(bytes));
            let written = loop {
                match tokio::time::timeout(PATIENCE, &mut writing).await {
                    Ok(written) => break written,
                    Err(_) => self.change(|level| level.stuck += 1),
                }
            };
            match written {
                Ok(written) if written > 0 => sent += written as u64,
                _ => return,
            }
        }
        self.change(|level| level.taken = true);
        // Whoever took it all may have the connection for as long as it likes.
        std::future::pending::<()>().await;
    }

    /// How often it was told so far that nobody takes anything.
    pub fn stuck(&self) -> u64 {
        self.level.0.lock().unwrap_or_else(PoisonError::into_inner).stuck
    }

    /// Waits until it was told more often than `before`. False where the flood is taken instead.
    pub fn wait_stuck(&self, before: u64, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let (level, changed) = &*self.level;
        let mut level = level.lock().unwrap_or_else(PoisonError::into_inner);
        while level.stuck <= before && !level.taken {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            let waited = changed.wait_timeout(level, left);
            level = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !level.taken
    }

    fn change(&self, change: impl FnOnce(&mut Level)) {
        change(&mut self.level.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.level.1.notify_all();
    }
}
