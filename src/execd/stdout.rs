//! The way out to the Telegraf that runs us: whole batches, in pieces that cannot be torn.
//!
//! Lines leave in writes of at most `PIPE_BUF` bytes, each of whole lines. A pipe takes such a write entirely or not at
//! all (POSIX), so that even a SIGKILL in the middle of a batch leaves whole lines behind: Telegraf reads an unfinished
//! last line at EOF, and half of `123456i` is the float 123.
//!
//! A thread of its own does the writing. When Telegraf stops reading, the write blocks, and stopping must still work.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

use super::SMALL_STACK;
use crate::lines::Batch;

/// What POSIX promises to write at once, on Linux.
const PIPE_BUF: usize = 4096;

/// After closing stdout, before exiting. Telegraf closes its end of the pipe as soon as it has reaped us: of 1,000 lines
/// written right before an exit it lost some in 31 % of runs, and in none with this pause.
const LINGER: Duration = Duration::from_millis(50);

/// How often to look whether Telegraf has read everything.
const DRAIN_STEP: Duration = Duration::from_millis(5);

/// Nothing more can be written.
#[derive(Debug)]
pub struct Broken(Errno);

impl Broken {
    /// The reader is gone, which is how a Telegraf that was killed looks from here, and no fault of anyone's.
    #[must_use]
    pub fn is_reader_gone(&self) -> bool {
        self.0 == Errno::PIPE
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stdout cannot be written to: {}", self.0)
    }
}

impl std::error::Error for Broken {}

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
                for (batch, done) in queue {
                    let result = write_all(&batch);
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
            return (Batch::default(), Err(Broken(Errno::PIPE)));
        }
        written
            .await
            .unwrap_or_else(|_| (Batch::default(), Err(Broken(Errno::PIPE))))
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

fn write_all(batch: &Batch) -> Result<(), Broken> {
    let mut piece = Vec::with_capacity(PIPE_BUF);
    for line in batch
        .runs()
        .flat_map(|run| run.split_inclusive(|&byte| byte == b'\n'))
    {
        if piece.len() + line.len() > PIPE_BUF {
            write_piece(&piece)?;
            piece.clear();
        }
        piece.extend_from_slice(line);
    }
    write_piece(&piece)
}

fn write_piece(mut piece: &[u8]) -> Result<(), Broken> {
    while !piece.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), piece) {
            Ok(written) => piece = &piece[written..],
            Err(Errno::INTR) => {}
            // Whoever shares our stdout may have made it non-blocking.
            Err(Errno::AGAIN) => wait_until_ready()?,
            Err(errno) => return Err(Broken(errno)),
        }
    }
    Ok(())
}

fn wait_until_ready() -> Result<(), Broken> {
    let stdout = rustix::stdio::stdout();
    match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(Broken(errno)),
    }
}
