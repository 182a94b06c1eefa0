//! What can be wrong with a configuration, and how each error reads: one line with file, line, key and mend.
//!
//! Knows no TOML. Holds nothing that could be a secret: what stands in a file gets in through [`echo`] alone.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::duration::{self, DurationError};
use super::echo::{one_line, quoted};
use super::expand::ExpandError;
use super::output::OutputError;
use super::pattern::PatternError;
use super::size::SizeError;
use super::syntax::SyntaxError;
use super::url::{ApiServerUrlError, UrlError};
use crate::cluster::SelectorError;
use crate::files::Unreadable;

/// Why there is no [`Config`](super::Config). `Display` is the whole message, on one line.
#[derive(Debug)]
pub enum ConfigError {
    /// The file can't be read.
    Read {
        /// As given to `-config`.
        path: PathBuf,
        /// Why not.
        source: Unreadable,
    },
    /// Not TOML, or not UTF-8.
    Syntax {
        /// Where the parser stopped.
        at: Position,
        /// What is wrong there.
        error: SyntaxError,
    },
    /// No `[[inputs.kubelet]]` in the file.
    NoBlock {
        /// As given to `-config`.
        path: PathBuf,
    },
    /// A table or key outside of `[[inputs.kubelet]]`.
    Head {
        /// Where it is.
        at: Position,
        /// The head as it should look in the message, brackets included.
        head: String,
        /// What it is instead.
        error: HeadError,
    },
    /// A key that neither we nor Telegraf know.
    UnknownKey {
        /// Where it is.
        at: Position,
        /// The key, unless it could be a secret in the wrong place.
        key: Option<String>,
        /// An option that is spelled nearly so.
        nearest: Option<&'static str>,
    },
    /// A key that Telegraf knows, and this plugin leaves out on purpose.
    NotTaken {
        /// Where it is.
        at: Position,
        /// The key.
        key: &'static str,
        /// Why, and what to do instead.
        mend: &'static str,
    },
    /// A value that is wrong by itself.
    Value {
        /// Where its key is.
        at: Position,
        /// The key.
        key: &'static str,
        /// The value as written, where that can be no secret.
        shown: Option<String>,
        /// What is wrong.
        error: ValueError,
    },
    /// A value that is wrong beside another one.
    Conflict {
        /// Where its key is.
        at: Position,
        /// The key.
        key: &'static str,
        /// What it contradicts.
        with: Clash,
    },
    /// Neither an `api_server` nor a pod's ServiceAccount.
    NoApiServer {
        /// Where `discover` is.
        at: Position,
    },
    /// Neither a `url` nor a node's address in the environment.
    NoAddress {
        /// The block without a `url`; `None` without a config.
        at: Option<Position>,
    },
    /// The environment's node address is none.
    NodeAddress {
        /// `NODE_IP` or `HOSTIP`.
        variable: &'static str,
    },
}

impl ConfigError {
    /// Whether it is a token beside a certificate.
    #[must_use]
    pub fn is_two_identities(&self) -> bool {
        matches!(
            self,
            Self::Conflict {
                with: Clash::TwoIdentities { .. },
                ..
            }
        )
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => {
                let path = one_line(&path.display().to_string());
                let mend = match source {
                    Unreadable::Missing => "correct -config in the execd block's command",
                    Unreadable::Forbidden => "let the user that Telegraf runs as read it",
                    Unreadable::Directory => "name the file in it",
                    Unreadable::Special | Unreadable::TooLarge => "give -config the plugin's own TOML file",
                    Unreadable::System(_) => "give -config a readable file",
                };
                write!(f, "{path}: {source}; {mend}")
            }
            Self::Syntax { at, error } => write!(f, "{at}:{}: {error}", at.column),
            Self::NoBlock { path } => write!(
                f,
                "{}: no [[inputs.kubelet]] block; write that line above the options",
                one_line(&path.display().to_string())
            ),
            Self::Head { at, head, error } => write!(f, "{at}: {head}: {error}"),
            Self::UnknownKey { at, key, nearest } => {
                write!(f, "{at}: ")?;
                if let Some(key) = key {
                    write!(f, "{key}: ")?;
                }
                match nearest {
                    Some(nearest) => write!(f, "unknown option; did you mean {nearest}?"),
                    None => f.write_str("unknown option; --sample-config lists all there are"),
                }
            }
            Self::NotTaken { at, key, mend } => write!(f, "{at}: {key}: {mend}"),
            Self::Value {
                at,
                key,
                shown: Some(shown),
                error,
            } => write!(f, "{at}: {key} = {shown}: {error}"),
            Self::Value {
                at,
                key,
                shown: None,
                error,
            } => write!(f, "{at}: {key}: {error}"),
            Self::Conflict { at, key, with } => write!(f, "{at}: {key}: {with}"),
            Self::NoApiServer { at } => write!(
                f,
                "{at}: discover: which API server? the program runs in no pod of a cluster (KUBERNETES_SERVICE_HOST is not \
                 set); set api_server"
            ),
            Self::NoAddress { at } => {
                if let Some(at) = at {
                    write!(f, "{at}: ")?;
                }
                f.write_str(
                    "no kubelet's address: neither url nor $NODE_IP nor $HOSTIP is set; set NODE_IP from status.hostIP \
                     by the downward API, or write a config with url and pass it by -config",
                )
            }
            Self::NodeAddress { variable } => write!(
                f,
                "${variable} is no address or name of a node; set it from status.hostIP by the downward API, \
                 or write url into the config"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}

/// A place in a config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// As given to `-config`.
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", one_line(&self.path.display().to_string()), self.line)
    }
}

/// What a table or key outside of `[[inputs.kubelet]]` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadError {
    /// `[[inputs.kubernetes]]`, moved over from telegraf.conf.
    Peer,
    /// `[inputs.kubelet]`, which Telegraf refuses too.
    SingleBrackets,
    /// Any other table of Telegraf's.
    TelegrafConf,
    /// One of our options without a block.
    OutsideBlock,
    /// Something that is nobody's.
    Unknown,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "that is Telegraf's own plugin; rename the head to [[inputs.kubelet]]",
            Self::SingleBrackets => "a plugin's block takes two brackets; write [[inputs.kubelet]]",
            Self::TelegrafConf => {
                "this file is the plugin's own, it is not telegraf.conf; move this there, and keep only [[inputs.kubelet]] here"
            }
            Self::OutsideBlock => "outside of a block; write [[inputs.kubelet]] above it",
            Self::Unknown => "nothing that belongs here; keep only [[inputs.kubelet]] blocks in this file",
        })
    }
}

/// What is wrong with a value by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueError {
    /// No selector.
    Selector(SelectorError),
    /// No name in Kubernetes.
    Word,
    /// No duration of a Lease.
    Lease,
    /// Another type of TOML's.
    Type {
        /// What the option takes.
        want: &'static str,
        /// What is there.
        got: &'static str,
    },
    /// An empty string or array.
    Empty,
    /// A variable in it.
    Expand(ExpandError),
    /// Not a duration.
    Duration(DurationError),
    /// A duration of nothing.
    Zero,
    /// Not a kubelet's URL.
    Url(UrlError),
    /// Not an API server's URL.
    ApiServerUrl(ApiServerUrlError),
    /// None of the words that there are.
    Choice(&'static [&'static str]),
    /// A token where its file belongs.
    TokenItself,
    /// A certificate or key where its file belongs.
    PemItself,
    /// Anything else where a file belongs.
    NotAPath,
    /// Not a name that a certificate can carry.
    ServerName,
    /// Not the hash of a key.
    Pin,
    /// Not a name for a measurement.
    MetricName,
    /// A measurement that is called so already.
    OtherMetric,
    /// Not a size, or none that will do.
    Size(SizeError),
    /// Not a number that will do, but one of these.
    Count(&'static str),
    /// Nowhere that lines could go.
    Output(OutputError),
    /// Not a pattern for the names that there are.
    Pattern(PatternError),
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { want, got } => write!(f, "a TOML {got} where {want} belongs; write {want}"),
            Self::Empty => f.write_str("empty; give it a value, or take the line out for the default"),
            Self::Expand(error) => error.fmt(f),
            Self::Duration(error) => error.fmt(f),
            Self::Zero => f.write_str(r#"must be more than zero; write it as "5s" or "500ms""#),
            Self::Url(error) => error.fmt(f),
            Self::ApiServerUrl(error) => error.fmt(f),
            Self::Choice(words) => write!(f, "not one of its words; write one of {}", quoted(words)),
            Self::TokenItself => {
                f.write_str("a token itself; write it into a file, and the file's path into bearer_token")
            }
            Self::NotAPath => f.write_str("no path; a path begins with / (or ./ or ../)"),
            Self::PemItself => f.write_str("PEM text itself; write it into a file, and the file's path here"),
            Self::ServerName => {
                f.write_str("no name that a certificate can carry; write a DNS name or an IP address")
            }
            Self::Pin => f.write_str(
                "not the SHA-256 of a key; write its 32 bytes in Base64 or hexadecimal, as `telegraf-kubelet check` \
                 prints them",
            ),
            Self::Size(error) => error.fmt(f),
            Self::Count(want) => write!(f, "a number that will not do; write {want}"),
            Self::Output(error) => error.fmt(f),
            Self::Pattern(error) => error.fmt(f),
            Self::OtherMetric => {
                f.write_str("another measurement of this plugin is called so; write a name of its own")
            }
            Self::Selector(error) => error.fmt(f),
            Self::Word => f.write_str(
                "no name in Kubernetes; write at most 63 lower case letters, digits and '-', with a letter or a digit at both \
                 ends",
            ),
            Self::Lease => f.write_str(r#"no duration of a Lease; write whole seconds from "5s" to "10m""#),
            Self::MetricName => f.write_str(
                "no name for a measurement; write one without control characters, without # or _ in front, \
                 and without a backslash at the end",
            ),
        }
    }
}

impl std::error::Error for ValueError {}

/// What a value contradicts. Lines are those of the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// A certificate beside a token.
    TwoIdentities {
        /// Where the token is.
        line: usize,
    },
    /// A key without a certificate.
    KeyAlone,
    /// Something of TLS over `http://`.
    PlainHttp,
    /// Trust without verification.
    Unverified {
        /// Where `insecure_skip_verify` is.
        line: usize,
    },
    /// Trust in anything beside a pinned key.
    Pinned {
        /// Where `tls_pin_sha256` is.
        line: usize,
    },
    /// A deadline that outlives its tick.
    NotBelowInterval {
        /// The deadline.
        timeout: Duration,
        /// The time between two ticks.
        interval: Duration,
    },
    /// A socket, and no ticks of our own.
    NobodyTicks,
    /// An exclude list that leaves nothing of its include list.
    NothingLeft,
    /// The same kubelet twice.
    SameUrl {
        /// Where the other block has it.
        line: usize,
    },
    /// One kubelet beside all of them.
    Discovers {
        /// Where `discover` is.
        line: usize,
    },
    /// Something of discovery, and nothing is discovered.
    NothingDiscovered,
    /// Something of members that share nodes, and they do not.
    NotShared,
    /// Members share nodes, and where their Leases are nobody knows.
    NoNamespace,
    /// A kubelet of its own, beside nodes that members share: each member would write all of it.
    BesideShared {
        /// Where `shards` is.
        line: usize,
    },
    /// Members share the nodes of two API servers, and have their Leases at one.
    OtherApiServer {
        /// Where the other block with `discover` is.
        line: usize,
    },
    /// Two values for what a process has once.
    OncePerProcess {
        /// Where the other one is.
        line: usize,
    },
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoIdentities { line } => write!(
                f,
                "contradicts bearer_token on line {line}: a kubelet that gets both looks at the certificate only; \
                 keep one of the two"
            ),
            Self::KeyAlone => {
                f.write_str("has no certificate; add tls_cert, or take tls_key out to use a bearer token")
            }
            Self::PlainHttp => f.write_str(
                "has no meaning over http://, where nothing is encrypted and no credential is sent; \
                 write https:// and port 10250, or take this out",
            ),
            Self::Unverified { line } => write!(
                f,
                "contradicts insecure_skip_verify on line {line}, which believes any certificate; keep one of the two"
            ),
            Self::Pinned { line } => write!(
                f,
                "contradicts tls_pin_sha256 on line {line}, which alone decides whom to believe; keep one of the two"
            ),
            Self::NotBelowInterval { timeout, interval } => write!(
                f,
                "{} is not shorter than the interval of {}; lower it, so that one scrape ends before the next begins",
                duration::text(*timeout),
                duration::text(*interval)
            ),
            Self::NobodyTicks => f.write_str(
                "nobody prompts a program that writes to a socket; set interval = \"10s\", or start it with \
                 -poll_interval 10s",
            ),
            Self::NothingLeft => {
                f.write_str("takes away all that the include list lets through; correct one of the two")
            }
            Self::SameUrl { line } => write!(
                f,
                "the same kubelet as on line {line}, which would write each sample twice; take one of the blocks out"
            ),
            Self::Discovers { line } => write!(
                f,
                "has no meaning beside discover on line {line}, which is for all kubelets; keep one of the two"
            ),
            Self::NothingDiscovered => {
                f.write_str("goes with discover = \"nodes\" alone; add that, or take this out")
            }
            Self::NotShared => f.write_str("goes with shards = \"leases\" alone; add that, or take this out"),
            Self::NoNamespace => f.write_str(
                "needs a namespace for the Leases, and the program runs in none; set lease_namespace, or POD_NAMESPACE in the \
                 environment",
            ),
            Self::BesideShared { line } => write!(
                f,
                "would be scraped by every member that shards on line {line} makes, and each sample be written once by each; \
                 give this block a file and an inputs.execd of its own, of which there is one"
            ),
            Self::OtherApiServer { line } => write!(
                f,
                "is another one than that of the block on line {line}, and members share nodes by the Leases of one: give each \
                 cluster a file and an inputs.execd of its own, or take shards out"
            ),
            Self::OncePerProcess { line } => write!(
                f,
                "differs from line {line}, and a process has but one; give all blocks the same value, or only one of them"
            ),
        }
    }
}
