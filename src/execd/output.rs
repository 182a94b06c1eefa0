//! Where batches go, for those who write them and need not know.

use std::io;
use std::time::Instant;

use super::socket::Socket;
use super::stdout::{self, Broken, Stdout};
use crate::config;
use crate::lines::Batch;

/// The one way out of the process, for any number of writers.
#[derive(Debug, Clone)]
pub enum Output {
    /// To the Telegraf that runs us.
    Stdout(Stdout),
    /// To a Telegraf beside us.
    Socket(Socket),
}

impl Output {
    /// Opens what the configuration names.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn open(output: &config::Output) -> io::Result<Self> {
        match output {
            config::Output::Stdout => Stdout::open().map(Self::Stdout),
            config::Output::Socket { path, buffer } => Socket::open(path, *buffer).map(Self::Socket),
        }
    }

    /// Writes a batch and hands it back to be used again. Stdout makes the writer wait as long as Telegraf does not
    /// read, and may break, which is the end of the process. A socket does not, and makes wait for no more than a part of a
    /// batch that it can not keep as a whole.
    pub async fn write(&self, batch: Batch) -> (Batch, Result<(), Broken>) {
        match self {
            Self::Stdout(stdout) => stdout.write(batch).await,
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
