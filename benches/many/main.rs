//! What many kubelets cost in one process: memory, and processor time for each at each tick.
//!
//! - `cargo bench --bench many`: a block for each kubelet. Sizes (`1000x110`, kubelets and pods) may stand behind `--`.
//! - `cargo bench --bench many -- nodes`: one block with `discover = "nodes"` for 1,000 nodes and for 5,000, or for sizes behind
//!   it, with a prompt each 10 s; whether each node that lives was told once in each of these, and what the API server was asked.
//! - `cargo bench --bench many -- members`: the same with three members that share 1,000 nodes by Leases.
//! - `TELEGRAF=/path/to/telegraf cargo bench --bench many -- telegraf`: Telegraf with its own `inputs.kubernetes` for 1,000 nodes,
//!   and with this program; with words behind it (`'to a database'`) only the rows that have these. As root, for a mount namespace
//!   with the files that a pod has.
//!
//! `PLUGIN` may name another binary. The real binary, run as Telegraf runs it, over HTTP/1.1 with TLS. In all but the first, API
//! server and kubelets are another process, each kubelet at an address of its own; one in twenty is dead: its port refuses, or says
//! nothing, or takes no connection. Ratios from one run; memory as the system counts it. Nothing here is a test.

mod blocks;
mod cluster;
mod nodes;
#[path = "../support/skipping.rs"]
mod skipping;
#[path = "../support/mod.rs"]
mod support;
mod telegraf;
mod told;

use std::ffi::OsString;

use rustix::process::{Resource, getrlimit, setrlimit};

/// Of whatever may go wrong.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How many kubelets, and how many pods each has.
pub type Size = (usize, usize);

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("cluster", rest)) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        all_descriptors()?;
        return cluster::serve(rest);
    }
    let size = |argument: &String| {
        let (kubelets, pods) = argument.split_once('x')?;
        Some((kubelets.parse().ok()?, pods.parse().ok()?))
    };
    let sizes: Vec<Size> = arguments.iter().filter_map(size).collect();
    let is_asked = |what: &str| arguments.iter().any(|argument| argument == what);
    if is_asked("nodes") {
        nodes::measure_all(&sizes, 1)
    } else if is_asked("members") {
        nodes::measure_all(&sizes, 3)
    } else if is_asked("telegraf") {
        let words: Vec<_> = arguments
            .iter()
            .map(String::as_str)
            .filter(|word| word.contains(' '))
            .collect();
        telegraf::measure_all(&sizes, &words)
    } else {
        all_descriptors()?;
        blocks::measure_all(&sizes)
    }
}

/// One for each of the listeners and connections.
fn all_descriptors() -> Outcome<()> {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    Ok(setrlimit(Resource::Nofile, files)?)
}

/// What is measured.
fn program() -> OsString {
    std::env::var_os("PLUGIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_telegraf-kubelet").into())
}
