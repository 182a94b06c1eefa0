//! `telegraf-kubelet check`: the steps of a tick, told aloud, with the fix for each that fails.
//!
//! It takes the same way with the same parts as a tick does, so that what it says is what a tick meets: the
//! configuration is loaded by [`crate::config`], the kubelet is asked by [`crate::kubelet`]. What it adds are words.
//!
//! # Exit codes
//!
//! * 0: all is well.
//! * 1: it works, and something should be done.
//! * 2: metrics do not come, or the check itself could not be made.

mod answer;
mod authentication;
mod authorization;
mod clock;
mod diagnosis;
mod duplicates;
mod files;
mod finding;
mod handshake;
mod identity;
mod lines;
mod listed;
mod output;
mod pods;
mod rbac;
mod reach;
mod report;
mod series;
mod serving;
mod setting;
mod text;
mod tls;
mod version;
mod volume;
mod walk;

pub use diagnosis::Diagnosis;
pub use finding::{Finding, Level, Mend, Piece, Step};
pub use report::{Colour, Walked};

use crate::config::{self, CheckArgs, Config, ConfigError, Show};

/// A check's output, whole.
#[derive(Debug)]
pub struct Report {
    /// For stdout.
    pub text: String,
    /// The worst that was found.
    pub level: Level,
}

/// Why nothing could be found out, or printed.
#[derive(Debug)]
pub enum CheckError {
    /// There is no event loop to be had.
    System(std::io::Error),
    /// Whose rights are asked for is not known, because the configuration is wrong.
    Config(ConfigError),
}

impl std::fmt::Display for CheckError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System(error) => write!(f, "the system refuses what every process needs: {error}"),
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CheckError {}

impl From<std::io::Error> for CheckError {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

impl From<ConfigError> for CheckError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Checks what `args` name, in the environment `env`.
///
/// # Errors
/// See [`CheckError`]. A configuration that is wrong is a finding.
pub fn run(
    args: &CheckArgs,
    env: &dyn Fn(&str) -> Option<String>,
    colour: Colour,
) -> Result<Report, CheckError> {
    let loaded = config::load(&args.run, env);
    if args.show == Show::Rbac {
        // Its output goes into `kubectl apply`: rights, or nothing.
        return Ok(Report {
            text: rbac::print(&loaded?),
            level: Level::Ok,
        });
    }
    let (walked, output) = match loaded {
        Ok(config) => (walk_all(&config, env)?, output::look(&config.output)),
        Err(error) => {
            let findings = vec![misconfigured(&error)];
            (
                vec![Walked {
                    url: None,
                    asks_pods: false,
                    findings,
                    series: None,
                }],
                None,
            )
        }
    };
    let output = output.as_ref();
    Ok(Report {
        level: report::worst(&walked, output),
        text: match args.show {
            Show::Json => report::json(&walked, output),
            Show::Text | Show::Rbac => report::text(&walked, output, colour),
        },
    })
}

fn walk_all(config: &Config, env: &dyn Fn(&str) -> Option<String>) -> std::io::Result<Vec<Walked>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut walked = Vec::new();
    for kubelet in &config.kubelets {
        walked.push(runtime.block_on(walk::walk(kubelet, config.ticking, env)));
    }
    // A resolver that does not answer sits in a thread of its own, and must not keep us.
    runtime.shutdown_background();
    Ok(walked)
}

fn misconfigured(error: &ConfigError) -> Finding {
    let diagnosis = if error.is_two_identities() {
        Diagnosis::TwoIdentities
    } else {
        Diagnosis::ConfigWrong
    };
    Finding::failure(Step::Config, diagnosis, error.to_string()).mend(Mend::run(
        "all options, with their defaults",
        "telegraf-kubelet --sample-config",
    ))
}
