//! Who listens to Telegraf while others work: signals, stdin, and the end of patience.
//!
//! The first thread does nothing else, and the work is done on another. So a stop is obeyed in time from the first
//! statement on, whatever is under way: also while a file is read from a file system that doesn't answer, which no system
//! call ever gives up on. It has to be the first one: that is whom the kernel hands a signal to, and where that thread
//! waits for a file, no other gets it.
//!
//! Knows Telegraf's ways to ask. What is asked for is kept in [`Prompts`].

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ};
use signal_hook::iterator::backend::{Handle, SignalDelivery};
use signal_hook::iterator::exfiltrator::SignalOnly;
use tokio::time::Instant;

use super::prompts::{Prompts, Stop};
use super::{SMALL_STACK, STOP_BUDGET, stdout};

/// Who has not come to an end so long after the word to stop never will, and is left behind. Telegraf sends SIGTERM
/// later than this.
const LEAVE_AFTER: Duration = STOP_BUDGET.saturating_add(Duration::from_millis(300));

/// The stack of the thread that works. The system would give it eight times as much address space.
const WORK_STACK: usize = 1024 * 1024;

/// The handlers of all signals that mean something to us.
///
/// Made by the first statement of a run: Telegraf may send SIGUSR1 within milliseconds of the start, and its default
/// action is death (41 of 50 starts died with `--test`). STDIN mode has no such race.
pub struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// Installs the handlers.
    ///
    /// # Errors
    /// There are not two descriptors to be had.
    pub fn install() -> io::Result<Self> {
        // With the last, a file that has reached the limit of `ulimit -f` is an error to be told, and no death.
        let all = [SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGXFSZ];
        let (read, write) = UnixStream::pair()?;
        SignalDelivery::with_pipe(read, write, SignalOnly, all).map(Self)
    }
}

/// Whether stdin's prompts and its end are meant for us: the configuration says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stdin {
    NotKnown,
    Heeded,
    Ignored,
}

/// What who works knows of who listens.
pub struct Attendant {
    prompts: Prompts,
    stdin: Arc<AtomicU8>,
    wake: Handle,
}

impl Attendant {
    /// What is asked of us.
    #[must_use]
    pub fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// Reads stdin too, and stops at its end.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn heed_stdin(&self) -> io::Result<()> {
        self.decide(Stdin::Heeded);
        let (prompts, wake) = (self.prompts.clone(), self.wake.clone());
        thread::Builder::new()
            .name("stdin".to_owned())
            .stack_size(SMALL_STACK)
            .spawn(move || {
                read_stdin(&prompts);
                prompts.stop(Stop::StdinClosed);
                wake.close();
            })
            .map(drop)
    }

    /// Leaves stdin alone. Without Telegraf at its other end it is `/dev/null` as a rule, whose end means nothing.
    pub fn ignore_stdin(&self) {
        self.decide(Stdin::Ignored);
    }

    fn decide(&self, stdin: Stdin) {
        self.stdin.store(stdin as u8, Ordering::Relaxed);
    }
}

/// Has `work` done, and listens until it is. `None` if it had to be left behind: it did not come to an end long after it
/// was told to stop. Then there is nothing left but to exit.
///
/// To be called on the first thread.
///
/// # Errors
/// No thread can be started.
pub fn attend<T: Send + 'static>(
    signals: Signals,
    work: impl FnOnce(&Attendant) -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let attendant = Attendant {
        prompts: Prompts::new(),
        stdin: Arc::new(AtomicU8::new(Stdin::NotKnown as u8)),
        wake: signals.0.handle(),
    };
    let ears = Ears {
        signals,
        prompts: attendant.prompts.clone(),
        stdin: Arc::clone(&attendant.stdin),
        hung_up: None,
    };
    let (done, outcome) = mpsc::sync_channel(1);
    let worker = thread::Builder::new()
        .name("work".to_owned())
        .stack_size(WORK_STACK)
        .spawn(move || {
            // Also when it panics.
            let _wake = WakeAtEnd(attendant.wake.clone());
            // Nobody waits for it any more when it was left behind.
            let _ = done.send(work(&attendant));
        })?;
    let Some(outcome) = ears.listen(&outcome) else {
        log::warn!(
            "told to stop, and stopped without waiting any longer for what is under way: most likely a file is being read \
             from a file system that does not answer"
        );
        stdout::close(std::time::Instant::now());
        return Ok(None);
    };
    outcome.map(Some).or_else(|_| match worker.join() {
        Ok(()) => Ok(None),
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

struct WakeAtEnd(Handle);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The thread that hears signals, and stdin's end as long as nobody reads stdin.
struct Ears {
    signals: Signals,
    prompts: Prompts,
    stdin: Arc<AtomicU8>,
    /// When stdin's other end was closed.
    hung_up: Option<Instant>,
}

impl Ears {
    /// Until there is an outcome, or its sender is gone; `None` when patience is at its end.
    fn listen<T>(mut self, outcome: &mpsc::Receiver<T>) -> Option<Result<T, mpsc::RecvError>> {
        loop {
            match outcome.try_recv() {
                Ok(outcome) => return Some(Ok(outcome)),
                Err(mpsc::TryRecvError::Disconnected) => return Some(Err(mpsc::RecvError)),
                Err(mpsc::TryRecvError::Empty) => {}
            }
            let patience = self.patience();
            if patience.is_some_and(|patience| patience.is_zero()) {
                return None;
            }
            self.wait(patience);
            self.take_signals();
        }
    }

    /// Whether it is not known yet if stdin is meant for us, so that nobody reads it.
    fn is_stdin_open(&self) -> bool {
        self.stdin.load(Ordering::Relaxed) == Stdin::NotKnown as u8
    }

    /// How long to wait for the end after the word to stop. That the end of a stdin of which nobody knows whether it
    /// counts is one has to be assumed.
    fn patience(&self) -> Option<Duration> {
        let told = self
            .prompts
            .stopped()
            .or(self.hung_up.filter(|_| self.is_stdin_open()));
        let left = |told: Instant| (told + LEAVE_AFTER).saturating_duration_since(Instant::now());
        told.map(left)
    }

    /// Waits for a signal, for the end of the work, or of stdin: that is seen without reading it.
    fn wait(&mut self, patience: Option<Duration>) {
        let stdin = rustix::stdio::stdin();
        let mut fds = [
            PollFd::new(self.signals.0.get_read(), PollFlags::IN),
            PollFd::new(&stdin, PollFlags::empty()),
        ];
        let with_stdin = self.hung_up.is_none() && self.is_stdin_open();
        let count = if with_stdin { 2 } else { 1 };
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        // If it fails, by an interruption say, the next one tells the same.
        let _ = poll(&mut fds[..count], patience.as_ref());
        if with_stdin && fds[1].revents().contains(PollFlags::HUP) {
            self.hung_up = Some(Instant::now());
        }
    }

    /// Takes what came. A signal that comes again before it is taken is one, as it is for the kernel. A prompt that comes
    /// together with the word to stop came before it.
    fn take_signals(&mut self) {
        let mut stop = false;
        for signal in self.signals.0.pending() {
            match signal {
                SIGHUP | SIGUSR1 | SIGUSR2 => self.prompts.prompted(1),
                SIGTERM | SIGINT => stop = true,
                _ => {}
            }
        }
        if stop {
            self.prompts.stop(Stop::Signal);
        }
    }
}

/// Until its end.
fn read_stdin(prompts: &Prompts) {
    let mut stdin = io::stdin().lock();
    let mut bytes = [0; 512];
    loop {
        match stdin.read(&mut bytes) {
            Ok(0) => return,
            Ok(read) => {
                let newlines = bytes[..read].iter().filter(|&&byte| byte == b'\n');
                prompts.prompted(newlines.count() as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares our stdin, a shell's terminal say, may have made it non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let stdin = rustix::stdio::stdin();
                // If that fails too, the next read says why.
                let _ = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None);
            }
            Err(_) => return,
        }
    }
}
