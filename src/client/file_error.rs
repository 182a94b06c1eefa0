//! Why a file that an option names cannot be used.
//!
//! The files are tokens and keys, or may be by a slip. So a fault is one of a few, told by its kind and its place in the
//! file: there is no text in here that a file or a library could have a part in.

use std::fmt;
use std::path::PathBuf;

use super::pem::PemFault;
use crate::files::Unreadable;
use crate::system;

/// Why a file cannot be used. `Display` is the whole message, with the mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// The option that names it.
    pub option: &'static str,
    /// The file; `None` where none is named and none is found.
    pub path: Option<PathBuf>,
    /// What is wrong.
    pub fault: FileFault,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    /// There is nothing to be read.
    Unreadable(Unreadable),
    /// Nothing is in it, or white space.
    Empty,
    /// It does not hold what is to be sent as a token.
    NotAToken(TokenFault),
    /// It does not hold the PEM that it should.
    Pem(PemFault),
    /// The first section of certificates holds something else.
    NotX509,
    /// A section is called a key, and is not whole.
    KeyDamaged,
    /// A key that TLS has no use for.
    KeyKind,
    /// It is a key, and not the certificate's: a pair whose halves are of two pairs.
    NotTheKey {
        /// The certificate's file.
        cert: PathBuf,
    },
    /// Certificates, of which none is a CA's.
    NoCa,
    /// CAs of which none can be verified with.
    NoUsableCa,
    /// There is no file at all that a CA could be read from.
    NoStore,
    /// The system's store is there, and cannot be read whole.
    StoreUnreadable(system::Fault),
    /// Not a file's: the name to ask for is none.
    ServerName,
}

/// Why something is no token. Characters are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// It is PEM.
    Pem,
    /// It has a second line.
    SecondLine,
    /// This character is white space.
    Space(usize),
    /// This character is none of visible ASCII.
    NotVisible(usize),
}

impl TokenFault {
    /// What is wrong with a token, if anything is.
    #[must_use]
    pub fn of(token: &[u8]) -> Option<Self> {
        let at = token.iter().position(|byte| !byte.is_ascii_graphic())?;
        Some(match token[at] {
            _ if token.starts_with(b"-----BEGIN ") => Self::Pem,
            b'\n' | b'\r' => Self::SecondLine,
            b' ' | b'\t' => Self::Space(at + 1),
            _ => Self::NotVisible(at + 1),
        })
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{} {}: {}", self.option, path.display(), self.fault),
            None => write!(f, "{}: {}", self.option, self.fault),
        }
    }
}

impl std::error::Error for FileError {}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "{why}{}", mend(why)),
            Self::Empty => f.write_str("is empty"),
            Self::NotAToken(fault) => fault.fmt(f),
            Self::Pem(fault) => fault.fmt(f),
            Self::NotX509 => {
                f.write_str("holds a CERTIFICATE that is none: what is in the first one is not X.509")
            }
            Self::KeyDamaged => f.write_str("holds a private key that is damaged: what is in its section is not whole"),
            Self::KeyKind => {
                f.write_str("is of a kind or size that is not taken here; take RSA with 2048 to 4096 bits, ECDSA P-256 or P-384, or Ed25519")
            }
            Self::NotTheKey { cert } => write!(
                f,
                "is not the key of the first certificate in {}: put the leaf first, and replace both together",
                cert.display()
            ),
            Self::NoCa => f.write_str(
                "holds no CA, only what a CA has signed: name the file with the issuer's certificate",
            ),
            Self::NoUsableCa => f.write_str("holds no CA that can be verified with"),
            Self::NoStore => f.write_str(
                "there is no in-pod CA and the system's store is empty: name the CA of the kubelet's certificate",
            ),
            Self::StoreUnreadable(why) => write!(f, "the system's store cannot be read: {why}"),
            Self::ServerName => f.write_str("is neither a DNS name nor an address"),
        }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("holds something that is no token: a token is one line of visible ASCII, and ")?;
        match self {
            Self::Pem => f.write_str("this is PEM"),
            Self::SecondLine => f.write_str("there is a second line"),
            Self::Space(at) => write!(f, "character {at} is white space"),
            Self::NotVisible(at) => write!(f, "character {at} is something else"),
        }
    }
}

fn mend(why: &Unreadable) -> &'static str {
    match why {
        Unreadable::Missing => "; mount it, or correct the path",
        Unreadable::Forbidden => "; correct its mode, or the pod's fsGroup",
        Unreadable::Directory => "; name the file in it",
        Unreadable::TooLarge => ", which no token, certificate or CA is",
        Unreadable::Special | Unreadable::System(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_by_where_it_goes_wrong() {
        use TokenFault::{NotVisible, Pem, SecondLine, Space};
        for (token, want) in [
            (&b"opaque"[..], None),
            (b"two\nlines", Some(SecondLine)),
            (b"Bearer x", Some(Space(7))),
            (b"\xef\xbb\xbfx", Some(NotVisible(1))),
            (b"x\0", Some(NotVisible(2))),
            (b"-----BEGIN PRIVATE KEY-----\n", Some(Pem)),
        ] {
            assert_eq!(TokenFault::of(token), want);
        }
    }
}
