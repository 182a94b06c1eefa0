//! What goes into members and comes out, as Telegraf has it: prompts, and what they log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::ChildStdin;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::tally::Life;
use crate::machine::kept;

/// Now, since 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

/// Prompts all as Telegraf does, with `round_interval`: when an interval of the wall's clock begins.
pub fn prompt(interval: Duration, prompted: Arc<Mutex<BTreeMap<Life, ChildStdin>>>) -> Sender<()> {
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        loop {
            let into = now().as_nanos() % interval.as_nanos();
            let into = Duration::from_nanos(into.try_into().expect("a short time"));
            let left = interval.saturating_sub(into);
            if ended.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            for stdin in prompted.lock().expect("nobody panics with it").values_mut() {
                // Those that are gone read nothing.
                let _ = stdin.write_all(b"\n");
            }
        }
    });
    sender
}

/// Keeps what a member logs: for whoever looks at it, and in a file.
pub fn keep(name: &str, stderr: impl Read + Send + 'static, log: Arc<Mutex<String>>) {
    let directory = kept("members");
    std::fs::create_dir_all(&directory).expect("a writable directory");
    let mut file = File::create(directory.join(name)).expect("a writable directory");
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines() {
            let Ok(line) = line else { return };
            let line = format!("{:.3} {line}\n", now().as_secs_f64());
            let _ = file.write_all(line.as_bytes());
            log.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
        }
    });
}
