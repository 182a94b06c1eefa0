//! What a test kubelet is like.

use std::net::{IpAddr, Ipv4Addr};

use crate::odd::Odd;

/// What a test kubelet is like.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are the kubelet's own switches, each on or off"
)]
pub struct Options {
    /// How many pods a generated summary has.
    pub pods: usize,
    /// How many containers each of them has.
    pub containers: usize,
    /// The node's name.
    pub node_name: String,
    /// What it shows in the handshake.
    pub serving: Serving,
    /// `authentication.anonymous.enabled`.
    pub anonymous: bool,
    /// `authentication.x509.clientCAFile` is set.
    pub client_ca: bool,
    /// `authentication.webhook.enabled`.
    pub webhook: bool,
    /// `authorization.mode: AlwaysAllow`: whoever is known may do everything.
    pub always_allow: bool,
    /// `enableDebuggingHandlers`.
    pub debugging_handlers: bool,
    /// The words of a 403, and which right `/pods` wants.
    pub wording: Wording,
    /// What the account `telegraf` and the client certificate's user may do. That account `pods` may `nodes/stats` and
    /// `nodes/pods`, the account `proxy` everything, any other nothing.
    pub rights: Vec<Right>,
    /// Offers HTTP/2. One with a CA for clients does not (1.37: it answers the question for a protocol with none), so that
    /// HTTP/1.1 is what is spoken in most clusters.
    pub http2: bool,
    /// Generated summaries have pressure.
    pub psi: bool,
    /// Listens there. A certificate with addresses has loopback's alone.
    pub ip: IpAddr,
    /// Listens on this port instead of a free one.
    pub port: u16,
    /// A fixed summary instead of generated ones.
    pub body: Option<Vec<u8>>,
    /// These bytes at `/pods`, instead of a `PodList` of the summary's pods.
    pub pods_body: Option<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pods: 3,
            containers: 2,
            node_name: "test-node".to_owned(),
            serving: Serving::CaIssued,
            anonymous: false,
            client_ca: true,
            webhook: true,
            always_allow: false,
            debugging_handlers: true,
            wording: Wording::New,
            rights: vec![Right::Stats],
            http2: false,
            psi: true,
            ip: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            body: None,
            pods_body: None,
        }
    }
}

impl Options {
    /// The usual kubelet once over each protocol, for tests of what differs between them.
    #[must_use]
    pub fn over_both() -> [Self; 2] {
        [false, true].map(|http2| Self {
            http2,
            ..Self::default()
        })
    }
}

/// The words of a 403, and which right `/pods` wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// Since 1.33: `nodes/pods`, or else `nodes/proxy`.
    New,
    /// 1.32, and to 1.35 where `KubeletFineGrainedAuthz` is off: the same words, but `nodes/proxy` alone.
    NewWithoutFineRights,
    /// Up to 1.31: `nodes/proxy` alone.
    Old,
}

/// A right to `get` of a subresource of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// The summary.
    Stats,
    /// `/pods`, where the kubelet is new enough.
    Pods,
    /// `/pods` of every kubelet, and to run commands in every container of the node.
    Proxy,
}

impl Right {
    pub(crate) fn subresource(self) -> &'static str {
        match self {
            Self::Stats => "stats",
            Self::Pods => "pods",
            Self::Proxy => "proxy",
        }
    }
}

/// What is shown in the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// Signed by the cluster's CA for the node's name, localhost and loopback addresses.
    CaIssued,
    /// Signed by the cluster's CA for the node's name only.
    CaIssuedNameOnly,
    /// The kubelet's own: signed by a CA that is thrown away, for the node's name only.
    SelfSigned,
    /// As `openssl req -x509` makes it: CA:TRUE.
    OpensslLeaf,
    /// Over since an hour.
    Expired,
    /// Valid in an hour.
    NotYetValid,
    /// Valid in five years: what every certificate is to who has a clock of the past.
    InYears,
    /// Over since three years: what every certificate is to who has a clock of the future.
    YearsAgo,
    /// Signed by the cluster's CA for a client: a certificate mixed up.
    ForClients,
    /// Something that no kubelet makes by itself.
    Odd(Odd),
    /// None yet: its CSR waits for approval.
    Unapproved,
    /// No TLS: the read-only port, without any authentication.
    PlainHttp,
}
