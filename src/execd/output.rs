//! Where batches go, for those who write them and need not know.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::socket::Socket;
use super::stdout::{self, Stdout};
use super::write::Broken;
use crate::batch::Batch;

/// Where the lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To the Telegraf that runs us.
    Stdout,
    /// To a Telegraf beside us, at its `inputs.socket_listener`.
    Socket {
        /// Absolute, and short enough for a socket.
        path: PathBuf,
        /// The most bytes to keep while nobody takes them.
        buffer: usize,
    },
}

/// The one way out of the process, for any number of writers.
#[derive(Debug, Clone)]
pub enum Output {
    /// To the Telegraf that runs us.
    Stdout(Stdout),
    /// To a Telegraf beside us.
    Socket(Socket),
}

impl Output {
    /// Opens it.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn open(destination: &Destination) -> io::Result<Self> {
        match destination {
            Destination::Stdout => Stdout::open().map(Self::Stdout),
            Destination::Socket { path, buffer } => Socket::open(path, *buffer).map(Self::Socket),
        }
    }

    /// Writes a batch and hands it back to be used again. Stdout makes the writer wait as long as Telegraf does not
    /// read, and may break, which is the end of the process. A socket does not, and makes wait for no more than a part of a
    /// batch that it can not keep as a whole.
    pub async fn write(&self, batch: Batch) -> (Batch, Result<(), Broken>) {
        match self {
            Self::Stdout(stdout) => stdout.write(batch).await,
            // What waits in a socket's queue was scraped while it might be: nobody else writes of that interval.
            Self::Socket(_) if !batch.may_leave() => (batch, Ok(())),
            Self::Socket(socket) => {
                socket.write(&batch).await;
                (batch, Ok(()))
            }
        }
    }

    /// Lets Telegraf have everything, as far as it takes it before `deadline`. Call it last.
    pub fn close(&self, deadline: Instant) {
        match self {
            Self::Stdout(_) => stdout::close(deadline),
            Self::Socket(socket) => socket.close(deadline),
        }
    }
}
