//! The checked values: what the rest of the program receives, and cannot be wrong.
//!
//! Built only by this module's parent, from TOML and flags. Knows nothing of TOML itself.

use std::fmt;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use super::filter::Filter;
use super::pin::Pin;

/// All that one process does: which kubelets, how often, how loud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// One per `[[inputs.kubelet]]` block, at least one.
    pub kubelets: Vec<Kubelet>,
    /// Whether the program ticks by itself.
    pub ticking: Ticking,
    /// Where the lines go. Never a socket without own ticks: nobody would prompt.
    pub output: Output,
    /// The least severe level that reaches stderr.
    pub log_level: log::LevelFilter,
}

/// Where ticks come from besides Telegraf's prompts, which are answered always.
///
/// Telegraf never tells its child which `signal` it is configured with, so a program that also ticked by itself
/// unasked would double every sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticking {
    /// Only when Telegraf prompts.
    Prompted,
    /// At this period too: Telegraf runs us with `signal = "none"`, or we run without Telegraf.
    Every(Duration),
}

/// Where the lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To the Telegraf that runs us.
    Stdout,
    /// To a Telegraf beside us, at its `inputs.socket_listener`.
    Socket {
        /// Absolute, and short enough for a socket.
        path: PathBuf,
        /// The most bytes to keep while nobody takes them.
        buffer: usize,
    },
}

/// One kubelet to scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubelet {
    /// Where it answers.
    pub url: KubeletUrl,
    /// Who we say we are.
    pub credential: Credential,
    /// Whom we believe.
    pub trust: Trust,
    /// One deadline over connect, headers and body; never zero.
    pub response_timeout: Duration,
    /// What is written of its answer.
    pub lines: Lines,
}

/// The scheme a kubelet is spoken to with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// The deprecated read-only port. No credential is ever sent over it.
    Http,
    /// Port 10250.
    Https,
}

/// A base URL with nothing in it that a kubelet has no use for: no user, no path, no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeletUrl {
    /// `http` only for the read-only port.
    pub scheme: Scheme,
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// 10250 for https and 10255 for http where the user gave none.
    pub port: NonZeroU16,
}

impl KubeletUrl {
    /// The same host over TLS, at the same port.
    #[must_use]
    pub fn over_tls(&self) -> Self {
        Self {
            scheme: Scheme::Https,
            ..self.clone()
        }
    }

    /// The same host's authenticated port, where kubelets have it by default.
    #[must_use]
    pub fn authenticated(&self) -> Self {
        Self {
            port: super::url::HTTPS_PORT,
            ..self.over_tls()
        }
    }
}

impl fmt::Display for KubeletUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// Who we say we are: never two things at once.
///
/// A kubelet that gets both lets a valid certificate win, so a good token beside a certificate that is not
/// authorized is refused (seen on a live 1.20.2); one of the two would lie unused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is sent: the read-only port.
    None,
    /// The file that holds a bearer token.
    BearerToken {
        /// A ServiceAccount's projected token, as a rule.
        file: PathBuf,
    },
    /// A client certificate and its key; the same file twice for the kubelet's own combined PEM.
    ClientCertificate {
        /// PEM, leaf first.
        cert: PathBuf,
        /// PEM: PKCS#8, SEC1 or PKCS#1.
        key: PathBuf,
    },
}

/// Whom we believe to be the kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// What a serving certificate must chain to.
    pub anchors: Anchors,
    /// The name the certificate must carry, where it is not the URL's host.
    pub server_name: Option<String>,
    /// Refuse TLS 1.2.
    pub tls13_only: bool,
}

/// What a serving certificate is verified against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchors {
    /// The in-pod CA if there is one, else the system's store.
    InPodOrSystem,
    /// The certificates in these PEM files and no others; at least one file.
    Files(Vec<PathBuf>),
    /// Nothing but its key, which has to be one of these; at least one.
    Pinned(Vec<Pin>),
    /// Nothing is verified, because the user said so by name.
    Unverified,
}

/// What the timestamp of a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Timestamp {
    /// When the answer arrived, the same for the whole batch.
    #[default]
    Gather,
    /// When the kubelet measured, each group of fields by itself.
    Sample,
}

/// Which volumes are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Volumes {
    /// All of them.
    #[default]
    All,
    /// Only those with a claim behind them: those of Secrets and the like do not fill up.
    Claims,
}

/// What is written of a summary, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// The name of the node measurement.
    pub node_metric_name: String,
    /// What the timestamps are.
    pub timestamp: Timestamp,
    /// Whose pods.
    pub namespaces: Filter,
    /// Which pods.
    pub pods: Filter,
    /// Which of their containers.
    pub containers: Filter,
    /// Which of their volumes.
    pub volumes: Volumes,
    /// Which fields, by name or by `measurement.name`.
    pub fields: Filter,
    /// Whether a pod's lines have its uid as a tag.
    pub pod_uid: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            node_metric_name: "kubernetes_node".to_owned(),
            timestamp: Timestamp::default(),
            namespaces: Filter::default(),
            pods: Filter::default(),
            containers: Filter::default(),
            volumes: Volumes::default(),
            fields: Filter::default(),
            pod_uid: false,
        }
    }
}
