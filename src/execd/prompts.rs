//! Ticks: when to scrape, and when to stop.
//!
//! Telegraf prompts with a newline on stdin or with SIGHUP, SIGUSR1 or SIGUSR2, whichever it is configured with, and
//! does not say which. All are answered, always. Nothing waits for the answer, so prompts pile up while a scrape is
//! slow: only their number is kept, and whoever has served one has served all before it.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use tokio::sync::watch;

/// The stack of a thread that only reads a few bytes.
const SMALL_STACK: usize = 64 * 1024;

/// What has been asked of us so far.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// Ticks so far.
    ticks: u64,
    /// Telegraf is done with us.
    stop: Option<Stop>,
}

/// Who told us to stop, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Telegraf stops its child by closing its stdin; a Telegraf that was killed does the same.
    StdinClosed,
    /// SIGTERM or SIGINT.
    Signal,
    /// Nobody reads our stdout any more.
    StdoutClosed,
}

/// The handlers of all signals that mean something to us.
///
/// Made by the first statement of `main`: Telegraf may send SIGUSR1 within milliseconds of the start, and its default
/// action is death (41 of 50 starts died with `--test`). STDIN mode has no such race.
pub struct Signals(signal_hook::iterator::Signals);

impl Signals {
    /// Installs the handlers.
    ///
    /// # Errors
    /// The system refuses, which it does for none of these signals.
    pub fn install() -> io::Result<Self> {
        signal_hook::iterator::Signals::new([SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT]).map(Self)
    }
}

/// The side that prompts come in at.
#[derive(Debug, Clone)]
pub struct Prompts(Arc<watch::Sender<Asked>>);

impl Prompts {
    /// Listens to the signals from now on.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn listen(signals: Signals) -> io::Result<Self> {
        let prompts = Self(Arc::new(watch::Sender::new(Asked::default())));
        let on_signal = prompts.clone();
        spawn("signals", move || on_signal.follow_signals(signals))?;
        Ok(prompts)
    }

    /// Listens to stdin too, and stops at its end. Without Telegraf at its other end it is `/dev/null` as a rule, whose
    /// end means nothing.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn listen_to_stdin(&self) -> io::Result<()> {
        let on_stdin = self.clone();
        spawn("stdin", move || on_stdin.follow_stdin())
    }

    /// The side that ticks come out at. Each receiver sees all of them.
    #[must_use]
    pub fn ticks(&self) -> Ticks {
        Ticks {
            asked: self.0.subscribe(),
            served: 0,
        }
    }

    /// One more tick.
    pub fn tick(&self) {
        self.0.send_modify(|asked| asked.ticks += 1);
    }

    /// Nobody reads what we write: stop.
    pub fn stdout_closed(&self) {
        self.stop(Stop::StdoutClosed);
    }

    fn stop(&self, why: Stop) {
        self.0.send_modify(|asked| {
            asked.stop.get_or_insert(why);
        });
    }

    fn follow_signals(&self, Signals(mut signals): Signals) {
        for signal in signals.forever() {
            match signal {
                SIGTERM | SIGINT => self.stop(Stop::Signal),
                _ => self.tick(),
            }
        }
    }

    fn follow_stdin(&self) {
        let mut stdin = io::stdin().lock();
        let mut bytes = [0; 512];
        loop {
            match stdin.read(&mut bytes) {
                Ok(0) => return self.stop(Stop::StdinClosed),
                Ok(read) => {
                    if bytes[..read].contains(&b'\n') {
                        self.tick();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Whoever shares our stdin, a shell's terminal say, may have made it non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let stdin = rustix::stdio::stdin();
                    // If that fails too, the next read says why.
                    let _ = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], None);
                }
                Err(_) => return self.stop(Stop::StdinClosed),
            }
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(SMALL_STACK)
        .spawn(work)
        .map(drop)
}

/// Ticks as one scraper sees them.
#[derive(Debug, Clone)]
pub struct Ticks {
    asked: watch::Receiver<Asked>,
    served: u64,
}

impl Ticks {
    /// Waits for a tick that was not served yet; false when there is none and none will come. A tick that came before
    /// the word to stop is still served: with `telegraf --test` both come at once.
    pub async fn next(&mut self) -> bool {
        let served = self.served;
        // The sender lives as long as the program; should it ever be gone, there is nothing left to wait for.
        let Ok(asked) = self
            .asked
            .wait_for(|asked| asked.ticks > served || asked.stop.is_some())
            .await
        else {
            return false;
        };
        let fresh = asked.ticks > served;
        self.served = asked.ticks;
        fresh
    }

    /// Waits for the word to stop.
    pub async fn stopped(&mut self) {
        // As above: without a sender nothing is left to wait for.
        let _ = self.asked.wait_for(|asked| asked.stop.is_some()).await;
    }

    /// Whether to stop because nobody reads our stdout any more: then there is no point in finishing anything.
    #[must_use]
    pub fn is_stdout_closed(&self) -> bool {
        self.asked.borrow().stop == Some(Stop::StdoutClosed)
    }
}
