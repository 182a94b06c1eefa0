//! The way out to the Telegraf that runs us: whole batches, none of whose lines tears.
//!
//! How that is done depends on what stdout is; DESIGN.md says what holds where. A thread of its own does the writing: when
//! Telegraf stops reading, the write blocks, and stopping must still work.

use std::io::{self, IoSlice};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use tokio::sync::oneshot;

use super::SMALL_STACK;
use super::file;
use super::lines::{Lines, PIPE_BUF};
#[cfg(target_os = "linux")]
use super::pipe::Pipe;
use super::write::{Broken, wait_until_ready, write_all};
use crate::batch::Batch;

/// After closing stdout, before exiting. Telegraf closes its end of the pipe as soon as it has reaped us: of 1,000 lines
/// written right before an exit it lost some in 31 % of runs, and in none with this pause.
const LINGER: Duration = Duration::from_millis(50);

/// How often to look whether Telegraf has read everything.
const DRAIN_STEP: Duration = Duration::from_millis(5);

/// A batch to write, and where to say how it went.
type Job = (Batch, oneshot::Sender<(Batch, Result<(), Broken>)>);

/// Stdout, for any number of writers: their batches never mix.
#[derive(Debug, Clone)]
pub struct Stdout(mpsc::Sender<Job>);

impl Stdout {
    /// Takes over stdout.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn open() -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("stdout".to_owned())
            .stack_size(SMALL_STACK)
            .spawn(move || {
                let mut way = Way::of_stdout();
                for (batch, done) in queue {
                    // It may have waited for long.
                    let result = if batch.may_leave() {
                        way.write(&batch)
                    } else {
                        Ok(())
                    };
                    // Nobody waits any more when the program gave up on us.
                    let _ = done.send((batch, result));
                }
            })?;
        Ok(Self(jobs))
    }

    /// Writes a batch and hands it back to be used again. Waits as long as the reader makes it wait.
    pub async fn write(&self, batch: Batch) -> (Batch, Result<(), Broken>) {
        let (done, written) = oneshot::channel();
        // The thread ends only with the program: both ways of not reaching it say that stdout is gone.
        if self.0.send((batch, done)).is_err() {
            return (Batch::default(), Err(Errno::PIPE.into()));
        }
        written
            .await
            .unwrap_or_else(|_| (Batch::default(), Err(Errno::PIPE.into())))
    }
}

/// Lets the reader have everything, then closes stdout and stderr and lingers. Call it last: nothing can be said any
/// more.
pub fn close(deadline: Instant) {
    while Instant::now() < deadline
        && rustix::io::ioctl_fionread(rustix::stdio::stdout()).is_ok_and(|unread| unread > 0)
    {
        thread::sleep(DRAIN_STEP);
    }
    // Closing by number would need `unsafe`; putting something else in its place closes it just as well.
    if let Ok(null) = std::fs::OpenOptions::new().write(true).open("/dev/null") {
        // If it fails there is nothing else to be done: exiting closes it too.
        let _ = rustix::stdio::dup2_stdout(&null);
        // The same race for the log: its reader must see the end before we are reaped, or it reports an error of ours.
        let _ = rustix::stdio::dup2_stderr(&null);
    }
    thread::sleep(LINGER);
}

/// What stdout is.
#[derive(Debug)]
enum Way {
    #[cfg(target_os = "linux")]
    Pipe(Pipe),
    File,
    /// A socket, a terminal or another device; and a pipe of another system.
    Other,
}

impl Way {
    fn of_stdout() -> Self {
        let mode = fstat(rustix::stdio::stdout()).map_or(0, |stat| stat.st_mode);
        match FileType::from_raw_mode(mode) {
            #[cfg(target_os = "linux")]
            FileType::Fifo => Self::Pipe(Pipe::new()),
            FileType::RegularFile => Self::File,
            _ => Self::Other,
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<(), Broken> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Pipe(pipe) => pipe.write(batch),
            Self::File => file::write(batch),
            Self::Other => write_pieces(batch),
        }
    }
}

/// In small pieces, and a longer line in one: most of what is no pipe and no file takes one entirely or not at all.
fn write_pieces(batch: &Batch) -> Result<(), Broken> {
    let mut lines = Lines::new(batch.runs());
    let mut slices = Vec::new();
    loop {
        if lines.take(PIPE_BUF, &mut slices) == 0 {
            let Some(line) = lines.take_one() else {
                return Ok(());
            };
            slices.push(IoSlice::new(line));
        }
        // What has room takes more of it at once.
        wait_until_ready()?;
        write_all(&slices).map_err(Broken::from)?;
    }
}
