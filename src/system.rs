//! What the operating system refuses, in our words, with the mend where there is one.
//!
//! Knows error numbers. What a peer said is never in here: a library's text about an error may quote it.

use std::fmt;
use std::io;

use rustix::io::Errno;

/// Why a system call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens there.
    Refused,
    /// The peer broke the connection.
    Reset,
    /// The peer closed the connection.
    Ended,
    /// No way to that host.
    HostUnreachable,
    /// No way to that network.
    NetworkUnreachable,
    /// The system itself waited long enough.
    TimedOut,
    /// A rule of the system's own.
    NotPermitted,
    /// The process has as many files open as it may.
    NoMoreFiles,
    /// All processes together have.
    NoMoreFilesAnywhere,
    /// No memory.
    NoMemory,
    /// No address or port of our own for that connection.
    NoLocalAddress,
    /// Any other number.
    Number(i32),
    /// An error without one.
    Unknown,
}

impl Fault {
    /// What `error` is.
    #[must_use]
    pub fn new(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(errno) => errno.into(),
            // Of a library, which says by its kind as much as is known.
            None => match error.kind() {
                io::ErrorKind::ConnectionRefused => Self::Refused,
                io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Self::Reset,
                io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Self::Ended,
                io::ErrorKind::TimedOut => Self::TimedOut,
                _ => Self::Unknown,
            },
        }
    }

    /// Something of this machine is used up: nothing is said by it of whoever was to be reached.
    #[must_use]
    pub fn is_lack(self) -> bool {
        matches!(
            self,
            Self::NoMoreFiles | Self::NoMoreFilesAnywhere | Self::NoMemory | Self::NoLocalAddress
        )
    }
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::CONNREFUSED => Self::Refused,
            Errno::CONNRESET | Errno::CONNABORTED => Self::Reset,
            Errno::PIPE => Self::Ended,
            Errno::HOSTUNREACH | Errno::HOSTDOWN => Self::HostUnreachable,
            Errno::NETUNREACH | Errno::NETDOWN => Self::NetworkUnreachable,
            Errno::TIMEDOUT => Self::TimedOut,
            Errno::ACCESS | Errno::PERM => Self::NotPermitted,
            Errno::MFILE => Self::NoMoreFiles,
            Errno::NFILE => Self::NoMoreFilesAnywhere,
            Errno::NOMEM | Errno::NOBUFS => Self::NoMemory,
            Errno::ADDRNOTAVAIL => Self::NoLocalAddress,
            other => Self::Number(other.raw_os_error()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused, nobody listens at that port",
            Self::Reset => "connection reset by the other side",
            Self::Ended => "connection closed by the other side",
            Self::HostUnreachable => "there is no way to that host",
            Self::NetworkUnreachable => "there is no way to that network",
            Self::TimedOut => "the system got no answer in its own time",
            Self::NotPermitted => "the system does not permit it: a firewall rule or security policy on this machine",
            Self::NoMoreFiles => {
                "the process may open no more files: raise LimitNOFILE of its service, or `ulimit -n` where it starts"
            }
            Self::NoMoreFilesAnywhere => {
                "the whole system may open no more files: raise the sysctl fs.file-max, or find who opens so many"
            }
            Self::NoMemory => {
                "there is no memory left for it: raise the limit of the container or service, or `ulimit -v` where it starts"
            }
            Self::NoLocalAddress => {
                "no address or port of this machine is left for it: its family may be switched off here, or all ports of \
                 net.ipv4.ip_local_port_range are in use"
            }
            // The C library's own list.
            Self::Number(number) => return io::Error::from_raw_os_error(*number).fmt(f),
            Self::Unknown => "the system gives no reason",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_is_told_with_the_mend() {
        let of = |errno: Errno| Fault::new(&errno.into());
        for (errno, words) in [
            (Errno::MFILE, "LimitNOFILE"),
            (Errno::NFILE, "fs.file-max"),
            (Errno::NOMEM, "memory"),
            (Errno::NOBUFS, "memory"),
            (Errno::ADDRNOTAVAIL, "ip_local_port_range"),
        ] {
            assert!(of(errno).is_lack(), "{errno}");
            assert!(of(errno).to_string().contains(words), "{errno}");
        }
        assert!(!of(Errno::CONNREFUSED).is_lack());
        assert_eq!(
            of(Errno::XDEV).to_string(),
            "Invalid cross-device link (os error 18)"
        );
    }

    #[test]
    fn nothing_that_an_error_wraps_is_told() {
        let error = io::Error::other("very-secret");
        assert_eq!(Fault::new(&error).to_string(), "the system gives no reason");
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "very-secret");
        assert_eq!(Fault::new(&error), Fault::Reset);
    }
}
