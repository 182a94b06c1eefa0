//! The way out to the Telegraf that runs us: whole batches, none of whose lines tears.
//!
//! How that is done depends on what stdout is; DESIGN.md says what holds where. A thread of its own does the writing: when
//! Telegraf stops reading, the write blocks, and stopping must still work.

use std::fmt;
use std::io::{self, IoSlice};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use tokio::sync::oneshot;

use super::SMALL_STACK;
use super::file;
use super::lines::{Lines, PIPE_BUF};
#[cfg(target_os = "linux")]
use super::pipe::Pipe;
use crate::lines::Batch;

/// After closing stdout, before exiting. Telegraf closes its end of the pipe as soon as it has reaped us: of 1,000 lines
/// written right before an exit it lost some in 31 % of runs, and in none with this pause.
const LINGER: Duration = Duration::from_millis(50);

/// How often to look whether Telegraf has read everything.
const DRAIN_STEP: Duration = Duration::from_millis(5);

/// Nothing more can be written.
#[derive(Debug)]
pub struct Broken {
    errno: Errno,
    /// A line of a file is torn, which could not be mended.
    torn: bool,
}

impl Broken {
    /// The reader is gone, which is how a Telegraf that was killed looks from here, and no fault of anyone's.
    #[must_use]
    pub fn is_reader_gone(&self) -> bool {
        self.errno == Errno::PIPE
    }

    pub(super) fn torn(errno: Errno) -> Self {
        Self { errno, torn: true }
    }
}

impl From<Errno> for Broken {
    fn from(errno: Errno) -> Self {
        Self { errno, torn: false }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stdout cannot be written to: {}", self.errno)?;
        if self.torn {
            f.write_str("; its last line is torn, for somebody else has written behind it")?;
        }
        Ok(())
    }
}

impl std::error::Error for Broken {}

impl From<Stuck> for Broken {
    fn from(stuck: Stuck) -> Self {
        stuck.errno.into()
    }
}

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
                    let result = way.write(&batch);
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

/// A write that failed, perhaps after a part of it.
#[derive(Debug)]
pub(super) struct Stuck {
    pub(super) errno: Errno,
    pub(super) written: usize,
}

/// Writes all of it, at once where stdout takes it at once.
pub(super) fn write_all(slices: &[IoSlice<'_>]) -> Result<(), Stuck> {
    let stdout = rustix::stdio::stdout();
    let all: usize = slices.iter().map(|slice| slice.len()).sum();
    let mut written = 0;
    while written < all {
        let outcome = if written == 0 {
            rustix::io::writev(stdout, slices)
        } else {
            rustix::io::write(stdout, rest(slices, written))
        };
        match outcome {
            Ok(more) => written += more,
            Err(Errno::INTR) => {}
            // Whoever shares our stdout may have made it non-blocking.
            Err(Errno::AGAIN) => wait_until_ready().map_err(|broken| Stuck {
                errno: broken.errno,
                written,
            })?,
            Err(errno) => return Err(Stuck { errno, written }),
        }
    }
    Ok(())
}

/// What is left of the slice in which the first `written` bytes end.
fn rest<'s>(slices: &'s [IoSlice<'_>], mut written: usize) -> &'s [u8] {
    for slice in slices {
        if written < slice.len() {
            return &slice[written..];
        }
        written -= slice.len();
    }
    &[]
}

pub(super) fn wait_until_ready() -> Result<(), Broken> {
    let stdout = rustix::stdio::stdout();
    match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
