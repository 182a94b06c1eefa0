//! `telegraf-kubelet`: wires the parts together, and little else.
//!
//! # Exit codes
//!
//! * 0: stopped as told, by stdin's end, SIGTERM, SIGINT, or because nobody reads stdout any more. Telegraf restarts a
//!   child that exits 0 by itself, and with `stop_on_error` takes anything else for final.
//! * 1: the flags or the configuration are wrong, or stdout cannot be written to; one `E!` line says what and the mend.

use std::io::Write as _;
use std::process::ExitCode;

use telegraf_kubelet::config::{self, Invocation};
use telegraf_kubelet::execd::{self, Signals};
use telegraf_kubelet::{install, run};

fn main() -> ExitCode {
    // First of all: a SIGUSR1 that finds no handler kills, and Telegraf sends it within milliseconds.
    let signals = Signals::install();
    execd::log::install();
    match start(signals) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            // Or Telegraf, which stops reading as soon as it has reaped us, may never show what was wrong.
            execd::close(std::time::Instant::now());
            ExitCode::FAILURE
        }
    }
}

fn start(signals: std::io::Result<Signals>) -> Result<(), Box<dyn std::error::Error>> {
    match config::parse_args(std::env::args_os().skip(1))? {
        Invocation::Help => print(config::HELP),
        Invocation::Version => print(concat!("telegraf-kubelet ", env!("CARGO_PKG_VERSION"), "\n")),
        Invocation::SampleConfig => print(&config::sample_config()),
        Invocation::Install(path) => {
            install::install(&path)?;
            print(&format!("telegraf-kubelet is at {}\n", path.display()))
        }
        Invocation::Run(args) => {
            let config = config::load(&args, &|name| std::env::var(name).ok())?;
            log::set_max_level(config.log_level);
            Ok(run::run(&config, signals?)?)
        }
    }
}

/// Prints for a person. A pipe that is closed early (`| head`) is no error.
fn print(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
