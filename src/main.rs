//! `telegraf-kubelet`: wires the parts together, and little else.
//!
//! # Exit codes
//!
//! * 0: stopped as told, by stdin's end, SIGTERM, SIGINT, or because nobody reads stdout any more. Telegraf restarts a
//!   child that exits 0 by itself, and with `stop_on_error` takes anything else for final.
//! * 1: the flags or the configuration are wrong, stdin or stdout is closed at the start, stdout cannot be written to, the
//!   system gives no thread or memory, or `install` failed; one `E!` line says what and the fix.
//!
//! A check has others: see [`telegraf_kubelet::check`].

use std::error::Error;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use telegraf_kubelet::check::{self, Colour, Level};
use telegraf_kubelet::config::{self, ArgsError, CheckArgs, Invocation};
use telegraf_kubelet::execd::{self, Attendant, Signals};
use telegraf_kubelet::install;
use telegraf_kubelet::run::{self, RunError};

fn main() -> ExitCode {
    let invocation = config::parse_args(std::env::args_os().skip(1));
    // Of a run the first thing: a SIGUSR1 that finds no handler kills, and Telegraf sends it within milliseconds. All else
    // is a person's or a script's, who want Ctrl-C to end it as it ends everything.
    let signals = matches!(invocation, Ok(Invocation::Run(_))).then(Signals::install);
    execd::log::install();
    let is_check = config::is_check(std::env::args_os().skip(1));
    match start(invocation, signals) {
        Ok(code) => code,
        Err(error) => {
            // A check that failed to be one was silent until now.
            log::set_max_level(log::max_level().max(log::LevelFilter::Error));
            log::error!("{error}");
            if !is_check {
                // Or Telegraf, which stops reading as soon as it has reaped us, may never show what was wrong.
                execd::close(std::time::Instant::now());
            }
            ExitCode::from(if is_check { Level::Failure.exit_code() } else { 1 })
        }
    }
}

fn start(
    invocation: Result<Invocation, ArgsError>,
    signals: Option<std::io::Result<Signals>>,
) -> Result<ExitCode, Box<dyn Error>> {
    match invocation? {
        Invocation::Help => print(config::HELP)?,
        Invocation::Version => print(concat!("telegraf-kubelet ", env!("CARGO_PKG_VERSION"), "\n"))?,
        Invocation::SampleConfig => print(&config::sample_config())?,
        Invocation::Check(args) => return check(&args),
        Invocation::Install(path) => {
            install::install(&path)?;
            print(&format!("telegraf-kubelet is at {}\n", path.display()))?;
        }
        Invocation::Run(args) => {
            let env = |name: &str| std::env::var(name).ok();
            let signals = signals.unwrap_or_else(Signals::install).map_err(RunError::from)?;
            let work = move |attendant: &Attendant| run::run(&args, &env, attendant);
            execd::attend(signals, work)
                .map_err(RunError::from)?
                .transpose()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(args: &CheckArgs) -> Result<ExitCode, Box<dyn Error>> {
    // What a tick would log is among the findings.
    log::set_max_level(args.run.log_level.unwrap_or(log::LevelFilter::Off));
    let env = |name: &str| std::env::var(name).ok();
    let colour = std::io::stdout().is_terminal() && env("NO_COLOR").is_none_or(|value| value.is_empty());
    let report = check::run(args, &env, Colour(colour))?;
    print(&report.text)?;
    Ok(ExitCode::from(report.level.exit_code()))
}

/// Prints for a person. A pipe that is closed early (`| head`) is no error.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
