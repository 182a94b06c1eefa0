//! `telegraf-kubelet check`: the steps of a tick, told aloud, with the fix for each that fails.
//!
//! It takes the same way with the same parts as a tick does, so that what it says is what a tick meets: the
//! configuration is loaded by [`crate::config`], the kubelet is asked by [`crate::kubelet`]. What it adds are words.
//!
//! [`walk`] is the way to one kubelet. [`cluster`] is that of a block with `discover`: to its nodes ([`api_server`], [`nodes`]),
//! to those that share them ([`shards`]), and then to some of the kubelets in full.
//!
//! # Exit codes
//!
//! * 0: all is well.
//! * 1: it works, and something should be done.
//! * 2: metrics do not come, or the check itself could not be made.

mod answer;
mod api_server;
mod at_once;
mod authentication;
mod authorization;
mod clock;
mod cluster;
mod diagnosis;
mod duplicates;
mod files;
mod finding;
mod for_all;
mod handshake;
mod identity;
mod lines;
mod listed;
mod nodes;
mod output;
mod pods;
mod rbac;
mod reach;
mod report;
mod series;
mod serving;
mod setting;
mod shards;
mod text;
mod tls;
mod version;
mod volume;
mod walk;

pub use diagnosis::Diagnosis;
pub use finding::{Finding, Level, Mend, Piece, Step};
pub use report::Colour;

use report::{Found, Walked};

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
    let found = match loaded {
        Ok(config) => look(&config, env)?,
        Err(error) => Found {
            walked: vec![Walked {
                url: None,
                node: None,
                asks_pods: false,
                findings: vec![misconfigured(&error)],
                series: None,
            }],
            ..Found::default()
        },
    };
    Ok(Report {
        level: found.level(),
        text: match args.show {
            Show::Json => report::json(&found),
            Show::Text | Show::Rbac => report::text(&found, colour),
        },
    })
}

fn look(config: &Config, env: &dyn Fn(&str) -> Option<String>) -> std::io::Result<Found> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut found = Found::default();
    for kubelet in &config.kubelets {
        found
            .walked
            .push(runtime.block_on(walk::walk(kubelet, config.ticking, env)));
    }
    let mut sharing = config.sharing.as_ref();
    for cluster in &config.clusters {
        let looked = cluster::look(cluster, sharing.take(), config.ticking, env);
        let (discovered, walked) = runtime.block_on(looked);
        found.discovered.push(discovered);
        found.walked.extend(walked);
    }
    // A resolver that does not answer sits in a thread of its own, and must not keep us.
    runtime.shutdown_background();
    found.output = output::look(&config.output);
    Ok(found)
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
