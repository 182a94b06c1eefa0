//! What a check finds: one finding a step or more, each fine, or with its diagnosis and the mend.
//!
//! Knows nothing of how anything is found. A diagnosis' word is part of the interface: machines read it.

use std::fmt;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and something should be done about it.
    Warning,
    /// Metrics do not come.
    Failure,
}

impl Level {
    /// The exit code of a check whose worst finding this is.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
        })
    }
}

/// The steps of the way that each tick goes, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Flags, file and environment.
    Config,
    /// The files that the configuration names.
    Files,
    /// The host's name and its addresses.
    Address,
    /// A connection.
    Tcp,
    /// The handshake: whom we believe.
    Tls,
    /// Who we say we are, read and not verified.
    Identity,
    /// Whether the kubelet knows us.
    Authentication,
    /// Whether we may.
    Authorization,
    /// The summary.
    Answer,
    /// What `/pods` tells, where metadata is wanted.
    Pods,
    /// The lines made of it.
    Lines,
    /// The nodes that an API server lists, and may be watched; with the two behind it once for a block with `discover`.
    Discovery,
    /// All of these nodes.
    Nodes,
    /// With whom they are shared.
    Shards,
    /// Where they go, if that is a socket; once for all kubelets.
    Output,
}

impl Step {
    /// All that are taken with each kubelet, in their order.
    pub const OF_KUBELET: [Self; 11] = [
        Self::Config,
        Self::Files,
        Self::Address,
        Self::Tcp,
        Self::Tls,
        Self::Identity,
        Self::Authentication,
        Self::Authorization,
        Self::Answer,
        Self::Pods,
        Self::Lines,
    ];

    /// All that are taken on the way to nodes, in their order.
    pub const OF_DISCOVERY: [Self; 7] = [
        Self::Config,
        Self::Files,
        Self::Identity,
        Self::Tls,
        Self::Discovery,
        Self::Nodes,
        Self::Shards,
    ];
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Config => "config",
            Self::Files => "files",
            Self::Address => "address",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Identity => "identity",
            Self::Authentication => "authentication",
            Self::Authorization => "authorization",
            Self::Answer => "answer",
            Self::Pods => "pods",
            Self::Lines => "lines",
            Self::Discovery => "discovery",
            Self::Nodes => "nodes",
            Self::Shards => "shards",
            Self::Output => "output",
        })
    }
}

/// Something to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// What, in a sentence.
    pub how: String,
    /// What to run or to write, if that can be said.
    pub piece: Option<Piece>,
}

/// Something to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// For a shell.
    Command(String),
    /// For `kubectl apply -f -`, or a manifest.
    Yaml(String),
    /// For the plugin's own configuration.
    Toml(String),
}

impl Piece {
    /// Its kind and its text.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Command(text) => ("command", text),
            Self::Yaml(text) => ("yaml", text),
            Self::Toml(text) => ("toml", text),
        }
    }
}

impl Mend {
    /// To be read.
    pub fn say(how: impl Into<String>) -> Self {
        Self {
            how: how.into(),
            piece: None,
        }
    }

    /// To be run.
    pub fn run(how: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            how: how.into(),
            piece: Some(Piece::Command(command.into())),
        }
    }

    /// To be applied.
    pub fn apply(how: impl Into<String>, yaml: impl Into<String>) -> Self {
        Self {
            how: how.into(),
            piece: Some(Piece::Yaml(yaml.into())),
        }
    }

    /// To be written into the plugin's configuration.
    pub fn configure(how: impl Into<String>, toml: impl Into<String>) -> Self {
        Self {
            how: how.into(),
            piece: Some(Piece::Toml(toml.into())),
        }
    }
}

/// What was found at one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where on the way.
    pub step: Step,
    /// How bad.
    pub level: Level,
    /// What is wrong, or to be known; `None` when nothing is.
    pub diagnosis: Option<super::Diagnosis>,
    /// What was seen, and why it is so, as far as can be told from here.
    pub said: String,
    /// What to do about it, the likeliest first.
    pub mends: Vec<Mend>,
}

impl Finding {
    /// As it should be.
    pub fn ok(step: Step, said: impl Into<String>) -> Self {
        Self {
            step,
            level: Level::Ok,
            diagnosis: None,
            said: said.into(),
            mends: Vec::new(),
        }
    }

    /// As it should be, and yet good to know by a word.
    pub fn notice(step: Step, diagnosis: super::Diagnosis, said: impl Into<String>) -> Self {
        Self {
            diagnosis: Some(diagnosis),
            ..Self::ok(step, said)
        }
    }

    /// It works, but.
    pub fn warning(step: Step, diagnosis: super::Diagnosis, said: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            ..Self::notice(step, diagnosis, said)
        }
    }

    /// It does not work.
    pub fn failure(step: Step, diagnosis: super::Diagnosis, said: impl Into<String>) -> Self {
        Self {
            level: Level::Failure,
            ..Self::warning(step, diagnosis, said)
        }
    }

    /// With this to do about it.
    #[must_use]
    pub fn mend(mut self, mend: Mend) -> Self {
        self.mends.push(mend);
        self
    }

    /// With all of these.
    #[must_use]
    pub fn mends(mut self, mends: impl IntoIterator<Item = Mend>) -> Self {
        self.mends.extend(mends);
        self
    }
}
