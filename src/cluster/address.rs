//! Where a node's kubelet answers: one address of those that the node's status lists, and the port that it says.
//!
//! A kubelet writes its own status, so what stands there is what somebody says and may be anything: an address that nobody
//! can be reached at is passed over. Whether it is the kubelet's is told by the certificate, not here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;

use super::name;
use crate::client::{Scheme, Url, is_server_name};

/// The kubelet's port where the node's status does not say one: a kubelet of another kind (virtual ones) may leave it at 0.
pub const DEFAULT_PORT: NonZeroU16 = NonZeroU16::new(10_250).expect("it is not 0");

/// What a node's address is: `v1.NodeAddressType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressType {
    /// In the cluster's network, as a rule.
    InternalIp,
    /// A name for that.
    InternalDns,
    /// What the node calls itself; often nobody else knows the name.
    Hostname,
    /// From outside.
    ExternalIp,
    /// A name for that.
    ExternalDns,
}

impl AddressType {
    /// All there are, in the order in which they are looked for where nobody says another.
    ///
    /// What needs no DNS is first: that a hostname does not resolve is the complaint of those who began with it
    /// (metrics-server #473). From outside a kubelet can seldom be reached.
    pub const ALL: [Self; 5] = [
        Self::InternalIp,
        Self::InternalDns,
        Self::Hostname,
        Self::ExternalIp,
        Self::ExternalDns,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InternalIp => "InternalIP",
            Self::InternalDns => "InternalDNS",
            Self::Hostname => "Hostname",
            Self::ExternalIp => "ExternalIP",
            Self::ExternalDns => "ExternalDNS",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn is_ip(self) -> bool {
        matches!(self, Self::InternalIp | Self::ExternalIp)
    }
}

/// Where a kubelet answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name in lower case or an address, each in one spelling, IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: NonZeroU16,
}

impl Address {
    /// The URL of it.
    #[must_use]
    pub fn url(&self) -> Url {
        Url {
            scheme: Scheme::Https,
            host: self.host.clone(),
            port: self.port,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The host to dial: of the types that are wanted, in their order, the first address of which anything can be made. A node of
/// two stacks has two addresses of a type, and its main one first.
pub(super) fn host<T: AsRef<str>>(listed: &[(AddressType, T)], wanted: &[AddressType]) -> Option<String> {
    wanted.iter().find_map(|kind| {
        let mut of_kind = listed.iter().filter(|(other, _)| other == kind);
        of_kind.find_map(|(_, text)| read(*kind, text.as_ref()))
    })
}

/// The port that a status says, from the digits there.
pub(super) fn port(digits: &[u8]) -> NonZeroU16 {
    let port = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    port.unwrap_or(DEFAULT_PORT)
}

/// One address, in one spelling, so that equal ones compare equal.
fn read(kind: AddressType, text: &str) -> Option<String> {
    if text.len() > name::LONGEST {
        return None;
    }
    match text.parse::<IpAddr>() {
        // A kubelet that is told so has its address for a name as well.
        Ok(address) => of_a_node(address).then(|| address.to_canonical().to_string()),
        Err(_) if kind.is_ip() => None,
        Err(_) => is_name(text).then(|| text.to_ascii_lowercase()),
    }
}

/// Whether a connection can be made there. One that is local to a link needs its zone, which is another one's on each machine.
fn of_a_node(address: IpAddr) -> bool {
    let v6 = |address: Ipv6Addr| address.is_unicast_link_local();
    let v4 = |address: Ipv4Addr| address.is_broadcast();
    let address = address.to_canonical();
    let odd = match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    };
    !odd && !address.is_unspecified() && !address.is_multicast()
}

/// Whether it is a name that a certificate can carry. `10.0.0.256` is a name to a DNS library, and never what was meant.
fn is_name(text: &str) -> bool {
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !numeric && is_server_name(text)
}

#[cfg(test)]
mod tests {
    use super::AddressType::{ExternalDns, ExternalIp, Hostname, InternalDns, InternalIp};
    use super::*;

    fn chosen(listed: &[(AddressType, &str)]) -> Option<String> {
        host(listed, &AddressType::ALL)
    }

    #[test]
    fn the_first_type_that_is_there_is_taken() {
        let all = [
            (Hostname, "node-1"),
            (ExternalIp, "192.0.2.1"),
            (InternalIp, "10.0.0.1"),
            (InternalIp, "fd00::1"),
            (ExternalDns, "node-1.example.com"),
            (InternalDns, "node-1.internal"),
        ];
        let without = |gone: &[AddressType]| {
            let left: Vec<_> = all.into_iter().filter(|(kind, _)| !gone.contains(kind)).collect();
            chosen(&left)
        };
        for (gone, want) in [
            (&[][..], "10.0.0.1"),
            (&[InternalIp], "node-1.internal"),
            (&[InternalIp, InternalDns], "node-1"),
            (&[InternalIp, InternalDns, Hostname], "192.0.2.1"),
            (
                &[InternalIp, InternalDns, Hostname, ExternalIp],
                "node-1.example.com",
            ),
        ] {
            assert_eq!(without(gone).as_deref(), Some(want), "without {gone:?}");
        }
        assert_eq!(without(&AddressType::ALL), None);
        assert_eq!(
            host(&all, &[ExternalDns, InternalIp]).as_deref(),
            Some("node-1.example.com")
        );
        assert_eq!(host(&all, &[]), None);
    }

    #[test]
    fn of_two_stacks_the_nodes_own_first_is_taken() {
        let (four, six) = ((InternalIp, "10.0.0.1"), (InternalIp, "fd00::1"));
        assert_eq!(chosen(&[four, six]).as_deref(), Some("10.0.0.1"));
        assert_eq!(chosen(&[six, four]).as_deref(), Some("fd00::1"));
    }

    #[test]
    fn equal_ones_have_one_spelling() {
        for (kind, text, want) in [
            (InternalIp, "FD00:0:0::0001", "fd00::1"),
            (InternalIp, "::ffff:10.0.0.1", "10.0.0.1"),
            (Hostname, "Node-1.Example", "node-1.example"),
            (Hostname, "10.0.0.1", "10.0.0.1"),
            (InternalDns, "fd00::1", "fd00::1"),
            (InternalIp, "127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(chosen(&[(kind, text)]).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_nobody_can_be_reached_at_is_passed_over() {
        let long = "a.".repeat(127) + "aa";
        for (kind, text) in [
            (InternalIp, ""),
            (InternalIp, "node-1"),
            (InternalIp, "10.0.0.256"),
            (InternalIp, "010.0.0.1"),
            (InternalIp, "10.0.0.1:10250"),
            (InternalIp, " 10.0.0.1"),
            (InternalIp, "[fd00::1]"),
            (InternalIp, "fe80::1"),
            (InternalIp, "fe80::1%eth0"),
            (InternalIp, "fd00::1%eth0"),
            (InternalIp, "0.0.0.0"),
            (InternalIp, "::"),
            (InternalIp, "::ffff:0.0.0.0"),
            (InternalIp, "224.0.0.1"),
            (InternalIp, "ff02::1"),
            (InternalIp, "255.255.255.255"),
            (Hostname, ""),
            (Hostname, "10.0.0.256"),
            (Hostname, "12345"),
            (Hostname, "node 1"),
            (Hostname, "node-1:10250"),
            (Hostname, "user@node"),
            (Hostname, "node/../x"),
            (Hostname, "node\r\nHost: x"),
            (Hostname, "fe80::1%eth0"),
            (ExternalDns, "."),
            (ExternalDns, long.as_str()),
        ] {
            assert_eq!(chosen(&[(kind, text)]), None, "{text:?}");
            let other = (InternalIp, "10.0.0.2");
            assert_eq!(
                chosen(&[(kind, text), other]).as_deref(),
                Some("10.0.0.2"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_port_is_the_nodes_where_it_is_one() {
        for (digits, want) in [
            ("", 10_250),
            ("0", 10_250),
            ("-1", 10_250),
            ("65536", 10_250),
            ("4294977546", 10_250),
            ("1", 1),
            ("10255", 10_255),
            ("65535", 65_535),
        ] {
            assert_eq!(port(digits.as_bytes()).get(), want, "{digits:?}");
        }
    }

    #[test]
    fn ipv6_has_its_brackets() {
        let address = |host: &str| Address {
            host: host.to_owned(),
            port: DEFAULT_PORT,
        };
        assert_eq!(address("fd00::1").to_string(), "[fd00::1]:10250");
        assert_eq!(address("fd00::1").url().to_string(), "https://[fd00::1]:10250");
        assert_eq!(address("node-1").to_string(), "node-1:10250");
        assert_eq!(address("10.0.0.1").url().to_string(), "https://10.0.0.1:10250");
    }

    #[test]
    fn types_have_the_apis_names() {
        for kind in AddressType::ALL {
            assert_eq!(AddressType::parse(kind.name()), Some(kind));
        }
        assert_eq!(AddressType::parse("internalip"), None);
    }
}
