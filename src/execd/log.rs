//! Log lines as Telegraf reads them: one line each on stderr, its level in front.
//!
//! Telegraf strips exactly `E! `, `W! `, `I! `, `D! ` or `T! ` and takes any other line for an error (since 1.32). A
//! line of 64 KiB or more stops its reader for good; the pipe then fills, and whoever writes to it hangs. So lines are
//! short, and a line that would block is left out and counted instead.
//!
//! Telegraf puts the time before each line of its child's. Beside it, where the lines go through a socket, nobody does:
//! then the time is in front here, as Telegraf writes it, so that the logs of the two containers can be read together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::date::{now, stamp};
use crate::printable::is_steering;

/// The longest line, level and newline included. Not above `PIPE_BUF`, so that a pipe that is ready for writing takes
/// it at once and whole.
const MAX_LINE: usize = 2048;

/// What stands where a line was cut.
const CUT: &str = " …";

static LOGGER: Stderr = Stderr {
    lost: AtomicU64::new(0),
    timed: AtomicBool::new(false),
    turn: Mutex::new(()),
};

struct Stderr {
    /// Lines left out since the last one that got through.
    lost: AtomicU64,
    /// Lines begin with their time.
    timed: AtomicBool,
    /// One line at a time: what was ready is not any more when somebody else wrote in between.
    turn: Mutex<()>,
}

/// Makes the `log` macros and panics write to stderr, from the level `info` up.
pub fn install() {
    // Fails only if it was done before, which changes nothing.
    let _ = log::set_logger(&LOGGER);
    log::set_max_level(LevelFilter::Info);
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        // One that was put together may quote anything, what a library could not read among it.
        let fixed = panic.payload().downcast_ref::<&'static str>();
        let said = fixed
            .copied()
            .unwrap_or("what it says is not told, for a secret may be in it");
        log::error!("this is a bug in telegraf-kubelet, please report it: panicked at {at}: {said}");
    }));
}

/// From now on each line begins with its time, because nobody puts it there who reads us.
pub fn begin_with_times() {
    LOGGER.timed.store(true, Ordering::Relaxed);
}

impl Log for Stderr {
    /// Only our own lines: libraries below us log requests, and with them what must stay secret.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("telegraf_kubelet") && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_ready() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let time = if self.timed.load(Ordering::Relaxed) {
            format!("{} ", stamp(now()))
        } else {
            String::new()
        };
        match self.lost.swap(0, Ordering::Relaxed) {
            0 => write(&line(&time, record.level(), &record.args().to_string())),
            lost => {
                write(&line(
                    &time,
                    record.level(),
                    &format!("{} ({lost} earlier lines were not read)", record.args()),
                ));
            }
        }
    }

    fn flush(&self) {}
}

/// Whether stderr takes a line without blocking.
fn is_ready() -> bool {
    let stderr = rustix::stdio::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    matches!(poll(&mut fds, Some(&at_once)), Ok(1)) && fds[0].revents().contains(PollFlags::OUT)
}

fn write(line: &str) {
    // There is nowhere to say that stderr is broken.
    let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
}

/// A message as one short line, behind its time or nothing.
fn line(time: &str, level: Level, message: &str) -> String {
    let prefix = match level {
        Level::Error => "E! ",
        Level::Warn => "W! ",
        Level::Info => "I! ",
        Level::Debug => "D! ",
        Level::Trace => "T! ",
    };
    let mut line = String::with_capacity(message.len().min(MAX_LINE) + time.len() + 4);
    line.push_str(time);
    line.push_str(prefix);
    for character in message.chars() {
        if line.len() + character.len_utf8() + CUT.len() + 1 > MAX_LINE {
            line.push_str(CUT);
            break;
        }
        line.push(if is_steering(character) { ' ' } else { character });
    }

    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_message_is_one_short_line_with_its_level(message in "(?s).{0,3000}") {
            let line = line("", Level::Warn, &message);
            prop_assert!(line.starts_with("W! ") && line.ends_with('\n'));
            prop_assert_eq!(line.chars().filter(|&character| is_steering(character)).count(), 1);
            prop_assert!(line.len() <= MAX_LINE);
        }
    }
}
