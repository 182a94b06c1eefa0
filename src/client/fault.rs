//! What can go wrong on the way to an answer.
//!
//! Nothing in here holds a text: what a peer or a library says may quote what we sent.

use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;

use super::wire::{Broken, Wire};
use crate::system;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreached {
    /// The system gives no thread to look the name up in.
    NoThread,
    /// Nobody knows the name.
    UnknownName,
    /// It has an address, and can't be asked for in TLS.
    NotInTls,
    /// Whoever should know the name does not answer, or says that he does not know at the moment.
    NoResolver,
    /// The resolver fails, for a reason that it does not tell.
    ResolverFails,
    /// Looking the name up needs something that the system refuses.
    Lookup(system::Fault),
    /// The system refuses it on a connection that has just been made.
    Handshake(system::Fault),
    /// No address takes a connection; at least one.
    Refused(Vec<(SocketAddr, system::Fault)>),
}

impl Unreached {
    /// Something of this machine is used up.
    #[must_use]
    pub fn is_lack(&self) -> bool {
        match self {
            Self::NoThread => true,
            Self::UnknownName | Self::NotInTls | Self::NoResolver | Self::ResolverFails => false,
            Self::Lookup(fault) | Self::Handshake(fault) => fault.is_lack(),
            Self::Refused(all) => all.iter().any(|(_, fault)| fault.is_lack()),
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThread => f.write_str(
                "looking up its name takes a thread, and the process may have no more threads: raise TasksMax of its \
                 service, the pod's limit of process ids, or `ulimit -u`; an address in url needs none",
            ),
            Self::UnknownName => f.write_str("its name has no address"),
            Self::NotInTls => f.write_str(
                "a certificate cannot carry that name: write the node's address in url as four numbers or as IPv6, or a \
                 name of letters, digits, '-' and '.'",
            ),
            Self::ResolverFails => f.write_str(
                "its name could not be looked up, because the resolver fails: see what the nameservers in \
                 /etc/resolv.conf answer to that name; an address in url needs none",
            ),
            Self::NoResolver => {
                f.write_str("the name's address is not to be had at the moment: DNS does not answer")
            }
            Self::Lookup(fault) => write!(f, "its name could not be looked up: {fault}"),
            Self::Handshake(fault) => fault.fmt(f),
            Self::Refused(all) => refused(f, all),
        }
    }
}

/// Each reason once: that of one address is often that of all.
fn refused(f: &mut fmt::Formatter<'_>, all: &[(SocketAddr, system::Fault)]) -> fmt::Result {
    let mut told: Vec<system::Fault> = Vec::new();
    for (_, fault) in all {
        if told.contains(fault) {
            continue;
        }
        if !told.is_empty() {
            f.write_str("; ")?;
        }
        told.push(*fault);
        if all.iter().any(|(_, other)| other != fault) {
            let of: Vec<_> = all.iter().filter(|(_, other)| other == fault).collect();
            let of: Vec<_> = of.iter().map(|(address, _)| address.to_string()).collect();
            write!(f, "{}: ", of.join(", "))?;
        }
        write!(f, "{fault}")?;
    }
    Ok(())
}

/// Why a connection is of no use yet.
#[derive(Debug, Clone, PartialEq)]
pub enum Handshake {
    /// The host is no name that a certificate could carry.
    NoName,
    /// TLS failed.
    Tls(rustls::Error),
    /// The peer ended the connection.
    Ended,
    /// The peer broke the connection.
    Reset,
    /// The peer sends and sends, and the handshake does not end.
    Flood,
    /// The system refuses.
    System(system::Fault),
    /// TLS is there, and HTTP did not begin.
    Http(Exchange),
}

/// Why a question that was asked has no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Exchange {
    /// The connection ended.
    Ended(Ending),
    /// TLS failed on it: an alert, a record that is none.
    Tls(rustls::Error),
    /// What comes is no HTTP, or its headers have no end.
    Malformed,
    /// More comes than an answer has, and it is none.
    Flood,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// At the peer's will, or for a reason of the system's.
    System(system::Fault),
    /// By HTTP/2's own means, for one of its reasons (RFC 9113, section 7).
    Http2(h2::Reason),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(fault) => fault.fmt(f),
            Self::Http2(reason) => write!(
                f,
                "ended by the other side with HTTP/2's error {} ({})",
                u32::from(*reason),
                reason.description()
            ),
        }
    }
}

impl From<Broken> for Handshake {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Tls(error) => Self::Tls(error),
            Broken::Flood => Self::Flood,
            Broken::System(system::Fault::Ended) => Self::Ended,
            Broken::System(system::Fault::Reset) => Self::Reset,
            Broken::System(fault) => Self::System(fault),
        }
    }
}

impl Exchange {
    /// What `error` is, on a connection with that below it; `None` for one that ended without a word. HTTP/2's part
    /// passes on no more than the kind of what happened below, so that is asked first.
    pub(super) fn new(error: Option<&hyper::Error>, wire: &Wire) -> Self {
        match wire.broken() {
            Some(Broken::Tls(error)) => return Self::Tls(error),
            Some(Broken::Flood) => return Self::Flood,
            Some(Broken::System(fault)) => return Self::Ended(Ending::System(fault)),
            None => {}
        }
        let closed = Self::Ended(Ending::System(system::Fault::Ended));
        let Some(error) = error else { return closed };
        match find::<h2::Error>(error).map(|error| (error.reason(), error.is_remote())) {
            Some((Some(reason), true)) => Self::Ended(Ending::Http2(reason)),
            // It has not been asked yet, or its end was seen before it was.
            None if error.is_closed() || error.is_canceled() || error.is_incomplete_message() => closed,
            // Our side has seen something that HTTP does not allow.
            _ => Self::Malformed,
        }
    }
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_several_addresses_are_told_once_each() {
        let address = |text: &str| text.parse().unwrap();
        let (a, b, c) = (address("10.0.0.1:1"), address("10.0.0.2:1"), address("[::1]:1"));
        let said = |all| Unreached::Refused(all).to_string();
        let (refused, away) = (system::Fault::Refused, system::Fault::NetworkUnreachable);
        assert_eq!(said(vec![(a, refused), (b, refused)]), refused.to_string());
        assert_eq!(
            said(vec![(a, refused), (c, away), (b, refused)]),
            format!("10.0.0.1:1, 10.0.0.2:1: {refused}; [::1]:1: {away}")
        );
    }
}
