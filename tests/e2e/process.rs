//! Other processes: ended with the test that started them, found by their parent.

use std::fs;
use std::process::{Child, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::until;

/// A process that doesn't outlive its test, whatever becomes of the test.
pub struct Owned(Child);

impl Owned {
    /// Takes charge of `child`.
    pub fn new(child: Child) -> Self {
        Self(child)
    }

    /// Its id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Its exit status, once it has ended.
    pub fn wait(&mut self, what: &str) -> ExitStatus {
        until(what, || {
            self.0.try_wait().expect("our own child can be waited for")
        })
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Fails when it has ended already, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a signal to a process that is there.
pub fn send(pid: Pid, signal: Signal) {
    kill_process(pid, signal).unwrap_or_else(|error| panic!("{signal:?} to {pid:?}: {error}"));
}

/// The processes that `parent` started and that still run.
pub fn children(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").expect("a Linux machine");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| parent_of(*pid) == Some(parent.as_raw_pid()))
        .filter_map(Pid::from_raw)
        .collect()
}

/// The parent, unless the process is gone or only waits to be reaped.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name comes before, in parentheses, and may hold anything.
    let mut after_name = stat.rsplit_once(") ")?.1.split(' ');
    let state = after_name.next()?;
    let parent = after_name.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}
