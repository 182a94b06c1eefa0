//! The command line, read as Go's `flag` package reads it: that is how people write an execd command.
//!
//! Knows flags only; opens nothing.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;

use super::duration::{self, DurationError};
use super::echo::{self, quoted};
use super::value;
use crate::redact::is_token;

/// What `--help` prints.
pub const HELP: &str = "\
Metrics of a Kubernetes node from its kubelet's /stats/summary, for Telegraf's inputs.execd.

Usage: telegraf-kubelet [flags]          scrape at each of Telegraf's prompts
       telegraf-kubelet check [flags]    say what is wrong with the set-up and how to fix it
       telegraf-kubelet install FILE     put a copy of this program at FILE, for an init container

  -config FILE              read FILE; without it, the in-cluster defaults at https://$NODE_IP:10250
  -poll_interval DURATION   scrape by itself at this interval; wins over the file's interval
  -poll_interval_disabled   scrape only when Telegraf prompts; wins over any interval
  -log_level LEVEL          error, warn, info, debug or trace; wins over the file's log_level
  -sample-config            print a configuration with every option, commented
  -version                  print the version
  -help, -h                 print this

With check, which exits 0 when all is well, 1 with warnings and 2 with failures, also:

  -json                     print findings for machines
  -print-rbac               print the least rights that the configuration needs, as YAML, and nothing else

Flags take one dash or two, and their values behind a space or an equals sign.
Durations are written like 10s, 500ms or 1m30s.
";

const USAGE: &str = "see --help";

/// The word in front of the flags that asks for a check.
const CHECK: &str = "check";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Scrape.
    Run(Args),
    /// Say what is wrong with the set-up.
    Check(CheckArgs),
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
    /// Print the sample configuration.
    SampleConfig,
    /// Put a copy of the program at this path.
    Install(PathBuf),
}

/// The flags of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    /// The plugin's own config file; `None` for the in-cluster defaults.
    pub config: Option<PathBuf>,
    /// What the flags say of own ticks.
    pub polling: Polling,
    /// Wins over the file's.
    pub log_level: Option<LevelFilter>,
}

/// The flags of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckArgs {
    /// The flags of the run that is checked.
    pub run: Args,
    /// What is to be printed.
    pub show: Show,
}

/// What a check prints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Show {
    /// Findings for people.
    #[default]
    Text,
    /// Findings for machines.
    Json,
    /// The rights that are needed, and no findings.
    Rbac,
}

/// What the flags say of own ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Polling {
    /// Nothing; the file's `interval` holds. The Go shim would tick each second here, prompted or not.
    #[default]
    AsConfigured,
    /// `-poll_interval`; never zero.
    Every(Duration),
    /// `-poll_interval_disabled`, which wins over `-poll_interval` in the Go shim too.
    Disabled,
}

/// Why a command line can't be followed. `Display` is the whole message, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgsError {
    /// No such flag.
    Unknown {
        /// With its dashes and without its value; `None` where it could be a secret.
        flag: Option<String>,
    },
    /// Something that is no flag.
    Positional,
    /// `install` without its one path.
    Install,
    /// An argument that can't be taken apart.
    NotUtf8,
    /// A flag without its value.
    NoValue {
        /// Without dashes.
        flag: &'static str,
    },
    /// A token or a key in the place of a path.
    SecretItself {
        /// Without dashes.
        flag: &'static str,
    },
    /// A flag with a value that takes none.
    UnwantedValue {
        /// Without dashes.
        flag: &'static str,
    },
    /// Not a duration, or one of nothing.
    Duration {
        /// Without dashes.
        flag: &'static str,
        /// `None` for a duration of zero.
        error: Option<DurationError>,
    },
    /// None of the words that the flag takes.
    Choice {
        /// Without dashes.
        flag: &'static str,
        /// What it takes.
        words: &'static [&'static str],
    },
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { flag: Some(flag) } => write!(f, "{flag}: unknown flag; {USAGE}"),
            Self::Unknown { flag: None } => write!(f, "unknown flag; {USAGE}"),
            Self::Positional => write!(f, "an argument that is no flag; take it out, or {USAGE}"),
            Self::Install => {
                f.write_str("install: takes the copy's path and nothing else, like /plugin/telegraf-kubelet")
            }
            Self::NotUtf8 => f.write_str(
                "an argument that is not UTF-8; give such a path as an argument of its own behind -config",
            ),
            Self::NoValue { flag } => write!(f, "-{flag}: has no value; {USAGE}"),
            Self::SecretItself { flag } => write!(
                f,
                "-{flag}: a token or a key itself; write it into a file of its own, and give the path of the configuration"
            ),
            Self::UnwantedValue { flag } => write!(f, "-{flag}: takes no value; write it alone"),
            Self::Duration {
                flag,
                error: Some(error),
            } => write!(f, "-{flag}: {error}"),
            Self::Duration { flag, error: None } => {
                write!(
                    f,
                    "-{flag}: must be more than zero; leave it out where Telegraf prompts"
                )
            }
            Self::Choice { flag, words } => {
                write!(f, "-{flag}: not one of its words; write one of {}", quoted(words))
            }
        }
    }
}

impl std::error::Error for ArgsError {}

/// Whether the arguments are those of a check, which has exit codes of its own.
#[must_use]
pub fn is_check(args: impl Iterator<Item = OsString>) -> bool {
    args.take(1).any(|arg| arg == CHECK)
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// The first argument that can't be followed.
pub fn parse_args(args: impl Iterator<Item = OsString>) -> Result<Invocation, ArgsError> {
    let mut args = args.peekable();
    if args.next_if(|first| first == "install").is_some() {
        return install(args);
    }
    let check = args.next_if(|arg| arg == CHECK).is_some();
    let mut read = Flags::default();
    while let Some(arg) = args.next() {
        let Some(flag) = split(&arg)? else {
            // Go stops at `--`; behind it there could only be what we do not take.
            return if args.next().is_none() {
                Ok(read.finished(check))
            } else {
                Err(ArgsError::Positional)
            };
        };
        if let Some(invocation) = read.take(flag, check, &mut args)? {
            return Ok(invocation);
        }
    }
    Ok(read.finished(check))
}

/// The flags read so far.
#[derive(Default)]
struct Flags {
    run: Args,
    every: Option<Duration>,
    disabled: bool,
    show: Show,
}

impl Flags {
    /// Reads one flag, with its value from the arguments behind it where it has none. Some ask for something at once.
    fn take(
        &mut self,
        flag: Flag,
        check: bool,
        args: &mut impl Iterator<Item = OsString>,
    ) -> Result<Option<Invocation>, ArgsError> {
        let Flag { name, value } = flag;
        let mut needed = |flag| {
            value
                .clone()
                .or_else(|| args.next())
                .ok_or(ArgsError::NoValue { flag })
        };
        match name.as_str() {
            "config" => {
                let path = needed("config")?;
                if path.is_empty() {
                    return Err(ArgsError::NoValue { flag: "config" });
                }
                if is_secret(&path) {
                    return Err(ArgsError::SecretItself { flag: "config" });
                }
                self.run.config = Some(path.into());
            }
            "poll_interval" => self.every = Some(interval(&needed("poll_interval")?)?),
            "poll_interval_disabled" => self.disabled = switch(value.as_deref())?,
            "log_level" => self.run.log_level = Some(log_level(&needed("log_level")?)?),
            "json" if check => self.show = alone("json", value.as_deref(), Show::Json)?,
            "print-rbac" if check => self.show = alone("print-rbac", value.as_deref(), Show::Rbac)?,
            "help" | "h" => return alone("help", value.as_deref(), Some(Invocation::Help)),
            "version" => return alone("version", value.as_deref(), Some(Invocation::Version)),
            "sample-config" => {
                return alone("sample-config", value.as_deref(), Some(Invocation::SampleConfig));
            }
            _ => {
                return Err(ArgsError::Unknown {
                    flag: echo::name(&format!("-{name}")),
                });
            }
        }
        Ok(None)
    }

    fn finished(mut self, check: bool) -> Invocation {
        self.run.polling = match (self.disabled, self.every) {
            (true, _) => Polling::Disabled,
            (false, Some(interval)) => Polling::Every(interval),
            (false, None) => Polling::AsConfigured,
        };
        if check {
            Invocation::Check(CheckArgs {
                run: self.run,
                show: self.show,
            })
        } else {
            Invocation::Run(self.run)
        }
    }
}

/// The one path behind `install`.
fn install(mut args: impl Iterator<Item = OsString>) -> Result<Invocation, ArgsError> {
    let is_path =
        |path: &OsString| !path.is_empty() && !path.as_encoded_bytes().starts_with(b"-") && !is_secret(path);
    match (args.next().filter(is_path), args.next()) {
        (Some(path), None) => Ok(Invocation::Install(path.into())),
        _ => Err(ArgsError::Install),
    }
}

/// Errors tell paths, so that none may be a token or a key.
fn is_secret(path: &OsStr) -> bool {
    let text = path.to_string_lossy();
    is_token(&text) || value::is_pem(&text) || text.contains('\n')
}

/// A flag without its dashes, and the value behind its `=`.
struct Flag {
    name: String,
    value: Option<OsString>,
}

/// Takes an argument apart; `None` for the `--` that ends the flags.
fn split(arg: &OsStr) -> Result<Option<Flag>, ArgsError> {
    // A path that is no UTF-8 can still be given, as an argument of its own.
    let text = arg.to_str().ok_or(ArgsError::NotUtf8)?;
    if text == "--" {
        return Ok(None);
    }
    let body = text
        .strip_prefix("--")
        .or_else(|| text.strip_prefix('-'))
        .ok_or(ArgsError::Positional)?;
    if body.is_empty() || body.starts_with(['-', '=']) {
        return Err(ArgsError::Positional);
    }
    Ok(Some(match body.split_once('=') {
        Some((name, value)) => Flag {
            name: name.to_owned(),
            value: Some(value.into()),
        },
        None => Flag {
            name: body.to_owned(),
            value: None,
        },
    }))
}

fn interval(value: &OsStr) -> Result<Duration, ArgsError> {
    const FLAG: &str = "poll_interval";
    let text = value.to_str().unwrap_or_default();
    match duration::parse(text) {
        Ok(interval) if !interval.is_zero() => Ok(interval),
        Ok(_) => Err(ArgsError::Duration {
            flag: FLAG,
            error: None,
        }),
        Err(error) => Err(ArgsError::Duration {
            flag: FLAG,
            error: Some(error),
        }),
    }
}

fn log_level(value: &OsStr) -> Result<LevelFilter, ArgsError> {
    let level = value.to_str().and_then(value::level);
    level.ok_or(ArgsError::Choice {
        flag: "log_level",
        words: value::LOG_LEVELS,
    })
}

/// A boolean flag: a bare one is true, and a value counts only behind `=`, as in Go.
fn switch(value: Option<&OsStr>) -> Result<bool, ArgsError> {
    match value.map(OsStr::to_str) {
        None | Some(Some("true" | "1" | "t" | "T" | "TRUE" | "True")) => Ok(true),
        Some(Some("false" | "0" | "f" | "F" | "FALSE" | "False")) => Ok(false),
        Some(_) => Err(ArgsError::Choice {
            flag: "poll_interval_disabled",
            words: &["true", "false"],
        }),
    }
}

fn alone<T>(flag: &'static str, value: Option<&OsStr>, means: T) -> Result<T, ArgsError> {
    if value.is_some() {
        Err(ArgsError::UnwantedValue { flag })
    } else {
        Ok(means)
    }
}
