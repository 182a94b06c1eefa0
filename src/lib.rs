//! Kubelet metrics for Telegraf.
//!
//! The house, in the order data goes through it:
//!
//! * [`config`]: TOML and flags in; out come the settings of the parts below, which cannot be wrong.
//! * [`execd`]: Telegraf's side. Ticks in, batches and log lines out, the end of life.
//! * [`client`]: one HTTPS client. Who we are, whom we believe, one question and its answer.
//! * [`kubelet`]: what is asked of a kubelet, and what its answers and refusals mean.
//! * [`json`]: its text, read value by value.
//! * [`summary`]: the answer's types.
//! * [`pods`]: the types of the other answer, if it is asked for: what the API server knows of the node's pods.
//! * [`lines`]: from the types to line protocol; the one place that knows names.
//!
//! Beside them [`cluster`]: who there is to scrape, where one block stands for every node.
//!
//! [`collector`] takes one kubelet through these steps at each tick, [`targets`] has all that are scraped now, and [`run`]
//! is the life of the process. What many kubelets share: [`pool`] has room for answers, [`pace`] says whose turn it is.
//! [`check`] goes the same way once, and tells what it meets.
//! [`system`] has the words for what the operating system refuses, [`open_files`] how much of one thing it gives, [`cause`] those for what becomes of a question, and
//! [`tls_fault`] tells why a handshake failed.
//! What strangers say goes through [`redact`], the one door to logs and reports for text that is not ours.
//! [`files`] is how a file is read by whoever reads one, [`date`] how a moment is told, and [`printable`] what may be shown.
//! [`filter`] and [`quantity`] read what Telegraf's users and Kubernetes write: which names are wanted, and how much of something.
//! [`install`] stands apart: it brings the program into another container.

pub mod batch;
pub mod cause;
pub mod check;
pub mod client;
pub mod cluster;
pub mod collector;
pub mod config;
pub mod crowd;
pub mod date;
pub mod execd;
pub mod files;
pub mod filter;
pub mod install;
pub mod json;
pub mod kubelet;
pub mod lines;
pub mod open_files;
pub mod pace;
pub mod permit;
pub mod pods;
pub mod pool;
pub mod printable;
pub mod quantity;
pub mod redact;
pub mod run;
pub mod summary;
pub mod system;
pub mod targets;
pub mod tls_fault;
