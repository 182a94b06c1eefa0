//! Configuration: TOML and flags in, checked values out.
//!
//! May know every option by name and read the one file that `-config` names. Must not open what options point to,
//! and must not show a value that could be a secret. All else in the program sees only what is exported here.

mod args;
mod checked;
mod discover;
mod duration;
mod echo;
mod error;
mod expand;
mod foreign;
mod load;
mod naming;
mod options;
mod output;
mod pattern;
mod raw;
mod sample;
mod size;
mod syntax;
#[cfg(test)]
mod tests;
mod url;
mod value;
mod way;

pub use args::{Args, ArgsError, CheckArgs, HELP, Invocation, Polling, Show, is_check, parse_args};
pub use checked::{ApiServer, Cluster, Config, Kubelet, Sharing, Ticking};
pub use duration::DurationError;
pub use error::{Clash, ConfigError, HeadError, Position, ValueError};
pub use expand::ExpandError;
pub use load::{NODE_ADDRESS, load, read};
pub use naming::Naming;
pub use output::OutputError;
pub use pattern::PatternError;
pub use sample::{options_table, sample_config};
pub use size::SizeError;
pub use syntax::SyntaxError;
pub use url::{ApiServerUrlError, UrlError};
