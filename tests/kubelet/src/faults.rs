//! What can go wrong with a test kubelet.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::conduct::Conduct;
use crate::peer::Wire;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// This status with this body.
    Status {
        /// The status.
        code: u16,
        /// The body.
        body: String,
    },
    /// Tokens and rights cannot be looked up.
    ApiServerAway,
    /// Tokens are known that have expired: a kubelet remembers each for up to 2 minutes.
    TokensRemembered,
    /// Requests are taken and never answered, until the fault changes.
    Silent,
    /// Requests are judged, and who may ask is never answered, until the fault changes: the container runtime hangs, of
    /// which `/pods` knows nothing.
    RuntimeHung,
    /// The API server answers with this status, whoever asks.
    ApiServerAnswers(u16),
    /// The kubelet cannot find out whether somebody may `nodes/proxy`.
    ProxyUnknown,
    /// Headers and half the body come, the rest when the fault changes.
    HoldBody,
    /// The body comes in sixteen pieces with a pause before each.
    Trickle(Duration),
    /// The body breaks off in the middle.
    Truncated,
    /// 200 with nothing in it.
    EmptyBody,
    /// The connection is closed at the request.
    Drop,
    /// A redirect.
    Redirect(String),
    /// So many bytes of body.
    Oversized(usize),
    /// The body never ends.
    Endless,
    /// 500 as in the first seconds after the start; `/pods` as in [`Fault::Restarted`].
    NotReady,
    /// The API server has told the kubelet nothing yet: `/pods` lists static pods alone, and the summary is whole.
    Restarted,
    /// Answers come so much later.
    Late(Duration),
    /// 200 with a page for people.
    Html,
    /// 200 with these bytes, and this beside the usual headers.
    Answer {
        /// A header.
        header: Option<(&'static str, &'static str)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Nobody listens at the port.
    Away,
    /// This is done with each connection as it is accepted.
    OverTcp(Conduct<TcpStream>),
    /// This is done with each connection whose handshake is done.
    OverTls(Conduct<Wire>),
}

impl Fault {
    /// Whether it is one of connections and not of answers: those that are there end as it begins, and as it is over.
    pub(crate) fn is_of_connections(&self) -> bool {
        matches!(self, Self::Away | Self::OverTcp(_) | Self::OverTls(_))
    }
}

/// What goes wrong where.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    /// With the whole kubelet.
    pub(crate) all: Fault,
    /// With `/pods` instead of that.
    pub(crate) pods: Option<Fault>,
    /// How often that was set.
    pub(crate) times: u64,
}

impl Faults {
    pub(crate) const NONE: Self = Self {
        all: Fault::None,
        pods: None,
        times: 0,
    };

    /// What goes wrong with this path.
    pub(crate) fn of(&self, path: &str) -> &Fault {
        match (&self.pods, &self.all) {
            (_, all) if path != PODS => all,
            (Some(own), _) => own,
            (None, Fault::RuntimeHung) => &Fault::None,
            (None, Fault::NotReady) => &Fault::Restarted,
            (None, all) => all,
        }
    }
}

/// Where the pods are.
pub(crate) const PODS: &str = "/pods";
