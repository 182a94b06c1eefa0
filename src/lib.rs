//! Kubelet metrics for Telegraf.
//!
//! The house, in the order data goes through it:
//!
//! * [`config`]: TOML and flags in, checked values out.
//! * [`execd`]: Telegraf's side. Ticks in, batches and log lines out, the end of life.
//! * [`kubelet`]: the node's side. One request, one answer or one error that says what is wrong.
//! * [`summary`]: the answer's types, read from its text.
//! * [`lines`]: from the types to line protocol; the one place that knows names.
//!
//! [`collector`] takes one kubelet through these steps at each tick, [`run`] is the life of the process.
//! [`check`] goes the same way once, and tells what it meets.
//! [`client`] has the connection, and [`system`] the words for what the operating system refuses.
//! What strangers say goes through [`redact`], the one door to logs and reports for text that is not ours.
//! [`files`] is how a file is read by whoever reads one, [`date`] how a moment is told, and [`printable`] what may be shown.
//! [`install`] stands apart: it brings the program into another container.

pub mod check;
pub mod client;
pub mod collector;
pub mod config;
pub mod date;
pub mod execd;
pub mod files;
pub mod install;
pub mod kubelet;
pub mod lines;
pub mod printable;
pub mod redact;
pub mod run;
pub mod summary;
pub mod system;
