//! The way out to a Telegraf beside us: datagrams to its `inputs.socket_listener`.
//!
//! Datagrams, because Telegraf reads a stream to wherever it is when it stops, and takes the half line there for a whole
//! one. A datagram of whole lines arrives whole or not at all, whoever is killed. What the kernel took is never sent
//! again, and what it did not take waits: nothing is torn, nothing is doubled.
//!
//! A thread of its own does the sending, which blocks while Telegraf does not read. Scraping and stopping go on.

use std::fmt;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::SMALL_STACK;
use super::left_out::LeftOut;
use super::lines::Lines;
use super::queue::{Load, Queue};
use crate::batch::Batch;

/// Between two attempts. Always the same, because an attempt costs two system calls.
const RETRY: Duration = Duration::from_secs(1);

/// What Telegraf has room for (65,536 bytes, or `read_buffer_size` where that is set); it cuts off what is longer.
const LONGEST: usize = 64 * 1024;

/// Into so many parts what may be kept is divided for a batch that is larger.
const PARTS: usize = 4;

/// A Telegraf that takes nothing for so long sticks: nobody waits for it any more.
const STUCK: Duration = Duration::from_secs(5);

/// A socket, for any number of writers: their batches never mix.
#[derive(Debug, Clone)]
pub struct Socket(Arc<Shared>);

/// What writers and the thread share.
#[derive(Debug)]
struct Shared {
    path: PathBuf,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Telegraf took something, or went away: for writers that wait.
    progress: Notify,
    left_out: Mutex<LeftOut>,
    said_large: AtomicBool,
}

impl Socket {
    /// Sends to the socket at `path` from now on, be it there or not, and keeps up to `buffer` bytes for it.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn open(path: &Path, buffer: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            queue: Mutex::new(Queue::new(buffer)),
            changed: Condvar::new(),
            progress: Notify::new(),
            left_out: Mutex::default(),
            said_large: AtomicBool::default(),
        });
        let mut sender = Sender {
            shared: Arc::clone(&shared),
            away: false,
        };
        thread::Builder::new()
            .name("socket".to_owned())
            .stack_size(SMALL_STACK)
            .spawn(move || sender.run())?;
        Ok(Self(shared))
    }

    /// Leaves a copy of a batch to be sent. Waits for nobody, unless the batch is larger than all that may be kept: then
    /// its parts follow each other as Telegraf takes them.
    pub async fn write(&self, batch: &Batch) {
        let limit = self.0.lock().limit();
        let mut lines = Lines::new(batch.runs());
        let mut slices = Vec::new();
        if batch.len() <= limit {
            let text = batch.runs().fold(Vec::with_capacity(batch.len()), with);
            return self.0.push(Load::new(text));
        }
        self.0.tell_large(batch.len(), limit);
        self.0.lock().coming += batch.len();
        let mut reads = true;
        loop {
            let text = if lines.take(limit / PARTS, &mut slices) > 0 {
                slices.iter().fold(Vec::new(), |text, slice| with(text, slice))
            } else if let Some(line) = lines.take_one() {
                line.to_vec()
            } else {
                return;
            };
            // The thread leaves out lines that are too long, if they can get that far.
            let part = Load::part(text);
            reads = reads && self.until_room(part.len()).await;
            self.0.lock().coming -= part.len();
            if part.len() > limit {
                self.0.tell_too_long(part.len());
            } else {
                self.0.push(part);
            }
        }
    }

    /// Waits for room, as long as Telegraf takes something now and then. False if it does not.
    async fn until_room(&self, bytes: usize) -> bool {
        loop {
            let mut progress = pin!(self.0.progress.notified());
            // What happens from here on is not missed.
            progress.as_mut().enable();
            let may_come = {
                let queue = self.0.lock();
                queue.away || queue.has_room(bytes) || bytes > queue.limit()
            };
            if may_come {
                return true;
            }
            if timeout(STUCK, progress).await.is_err() {
                return false;
            }
        }
    }

    /// Waits until everything was sent, or until `deadline`.
    pub fn close(&self, deadline: Instant) {
        self.0.change(|queue| queue.calls += 1);
        let left = deadline.saturating_duration_since(Instant::now());
        let mut queue = self
            .0
            .changed
            .wait_timeout_while(self.0.lock(), left, |queue| !queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        if !queue.is_empty() {
            log::warn!(
                "{}: stopped with {} bytes that Telegraf did not take",
                self.0,
                queue.held() + queue.coming
            );
        }
        self.0.tell_dropped(&mut queue);
    }
}

impl fmt::Display for Shared {
    /// As in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unixgram://{}", self.path.display())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing that is done under the lock stops half-way.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    fn push(&self, load: Load) {
        let (full, away) = self.change(|queue| (queue.push(load), queue.away));
        if full {
            let until = if away { "is back" } else { "reads on" };
            log::warn!(
                "{self}: output_buffer is full: the oldest lines are dropped until Telegraf {until}, and counted"
            );
        }
    }

    fn tell_dropped(&self, queue: &mut Queue) {
        if let Some(dropped) = queue.take_dropped() {
            let parts = match dropped.parts {
                0 => String::new(),
                parts => format!(" and {parts} parts of larger ones"),
            };
            log::warn!(
                "{self}: dropped {} batches{parts} with {} bytes while output_buffer was full; raise it to keep more",
                dropped.batches,
                dropped.bytes
            );
        }
    }

    fn tell_large(&self, batch: usize, limit: usize) {
        if !self.said_large.swap(true, Ordering::Relaxed) {
            log::warn!(
                "{self}: a batch of {batch} bytes is larger than output_buffer, which is {limit}: it is sent in parts as \
                 Telegraf takes them, and of what comes while Telegraf is away only the end is kept; set output_buffer to {} \
                 at least; said here once",
                2 * batch
            );
        }
    }

    fn tell_too_long(&self, bytes: usize) {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).tell(
            self,
            bytes,
            format_args!("Telegraf reads {LONGEST} at once"),
        );
    }
}

/// The thread's side.
struct Sender {
    shared: Arc<Shared>,
    /// Telegraf could not be reached, and that was said.
    away: bool,
}

impl Sender {
    fn run(&mut self) {
        loop {
            let calls = self.wait_for_batch();
            match self.send_all() {
                Ok(()) => self.tell_back(),
                Err(error) => {
                    self.tell_away(&error);
                    self.wait_to_retry(calls);
                }
            }
        }
    }

    /// Waits until there is something to send; the number of calls by then.
    fn wait_for_batch(&self) -> u64 {
        let shared = &self.shared;
        shared
            .changed
            .wait_while(shared.lock(), |queue| !queue.has_waiting())
            .unwrap_or_else(PoisonError::into_inner)
            .calls
    }

    /// Waits for a batch that is newer than the last attempt, but not for ever.
    fn wait_to_retry(&self, calls: u64) {
        let shared = &self.shared;
        let waited = shared
            .changed
            .wait_timeout_while(shared.lock(), RETRY, |queue| queue.calls == calls);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Sends all that waits. The socket is opened for this and closed behind it: so a Telegraf that was restarted in the
    /// meantime is met anew, and one that was not there between two batches is not missed.
    fn send_all(&mut self) -> Result<(), Away> {
        let socket = connect(&self.shared.path).map_err(Away::NotThere)?;
        self.shared.lock().away = false;
        loop {
            let Some(mut load) = self.shared.lock().take() else {
                return Ok(());
            };
            let sent = self.send(&socket, &mut load);
            self.shared.change(|queue| match sent {
                Ok(()) => queue.done(&load),
                Err(_) => queue.put_back(load),
            });
            self.shared.progress.notify_waiters();
            sent.map_err(Away::Left)?;
        }
    }

    /// Sends what is left of one batch, and blocks while Telegraf does not read. When it goes away instead, the batch
    /// goes on where the next one begins: with a whole line.
    fn send(&mut self, socket: &UnixDatagram, load: &mut Load) -> io::Result<()> {
        loop {
            let piece = load.piece();
            let bytes = piece.len();
            if bytes == 0 {
                return Ok(());
            }
            let sent = if bytes > LONGEST {
                Err(Errno::MSGSIZE.into())
            } else {
                socket.send(piece).map(drop)
            };
            if let Err(error) = sent {
                match Errno::from_io_error(&error) {
                    Some(Errno::INTR) => continue,
                    Some(Errno::MSGSIZE) => self.shared.tell_too_long(bytes),
                    _ => return Err(error),
                }
            }
            load.left(bytes);
        }
    }

    fn tell_away(&mut self, away: &Away) {
        self.shared.lock().away = true;
        self.shared.progress.notify_waiters();
        if std::mem::replace(&mut self.away, true) {
            return;
        }
        log::warn!("{}: {}", self.shared, away.text(&self.shared.path));
    }

    fn tell_back(&mut self) {
        if std::mem::take(&mut self.away) {
            log::info!("{}: Telegraf reads, and all that waited is sent", self.shared);
        }
        let mut queue = self.shared.lock();
        self.shared.tell_dropped(&mut queue);
    }
}

/// Whether somebody can be sent to at `path` now. Sends nothing.
///
/// # Errors
/// Why not, and the mend.
pub fn reach(path: &Path) -> Result<(), String> {
    let connected = connect(path).map(drop);
    connected.map_err(|error| Away::NotThere(error).text(path))
}

fn with(mut text: Vec<u8>, more: &[u8]) -> Vec<u8> {
    text.extend_from_slice(more);
    text
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    Ok(socket)
}

/// Why nothing can be sent now. Tried again, whatever it is: the mend may come from outside at any time.
enum Away {
    /// From the start.
    NotThere(io::Error),
    /// In the middle.
    Left(io::Error),
}

impl Away {
    fn text(&self, path: &Path) -> String {
        let (Self::NotThere(error) | Self::Left(error)) = self;
        let mend = match (self, Errno::from_io_error(error)) {
            (Self::Left(_), Some(Errno::CONNREFUSED | Errno::CONNRESET | Errno::PIPE)) => {
                "Telegraf went away in the middle of a batch, and what it had not read is lost"
            }
            (_, Some(Errno::NOENT)) => {
                "not there: made by an inputs.socket_listener with this service_address"
            }
            (_, Some(Errno::CONNREFUSED)) if is_other_file(path) => {
                "a file that is no socket: correct output, or the volume that it is on"
            }
            (_, Some(Errno::CONNREFUSED)) => "left behind by a Telegraf that is gone",
            (_, Some(Errno::PROTOTYPE)) => "a stream socket: begin service_address with unixgram://",
            (_, Some(Errno::ACCESS)) => {
                "not allowed: run both as one user, or set socket_mode in inputs.socket_listener"
            }
            _ => return format!("cannot be sent to ({error}); lines wait"),
        };
        format!("{mend}; lines wait")
    }
}

fn is_other_file(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| !metadata.file_type().is_socket())
}
