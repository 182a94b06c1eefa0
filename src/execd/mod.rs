//! Telegraf's side: ticks in, whole batches out, log lines with their level, and the end of life.
//!
//! Knows the execd protocol (`plugins/inputs/execd` and `internal/process` of Telegraf), what a socket's reader does
//! (`plugins/common/socket`), and nothing of Kubernetes.

mod attendant;
mod descriptors;
mod file;
mod left_out;
mod lines;
pub mod log;
mod output;
#[cfg(target_os = "linux")]
mod pipe;
mod prompts;
mod queue;
mod socket;
mod stdout;
mod write;

pub use attendant::{Attendant, Signals, attend};
pub use descriptors::{Missing, missing};
pub use output::{Destination, Output};
pub use prompts::{Prompts, Ticks};
pub use socket::{Socket, reach};
pub use stdout::{Stdout, close};
pub use write::Broken;

use std::time::Duration;

/// How long the work that is under way may take from the word to stop. What comes behind it, closing and lingering, takes
/// less than half a second more.
///
/// Telegraf closes our stdin and sends SIGTERM 5 s later, SIGKILL 5 s after that. By then it has nothing more to do.
pub const STOP_BUDGET: Duration = Duration::from_secs(4);

/// The stack of a thread that only reads or writes.
const SMALL_STACK: usize = 64 * 1024;
