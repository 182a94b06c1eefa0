//! Keys and what they sign with: each algorithm by its identifier, whether or not anybody should use it.

use ring::digest;

use super::curve::{Curve, Ec};
use super::der::{bit_string, integer, null, oid, sequence};
use super::rsa::{Rsa, pss_parameters};

/// A key that signs certificates, or is in one.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Rsa(Rsa),
    Ec(Ec),
    /// Of a kind that nobody here computes with: its identifier. What it signs is noise, which nobody looks at.
    Noise(&'static str),
}

impl Key {
    pub(super) fn on(curve: &'static Curve) -> Self {
        Self::Ec(Ec::new(curve))
    }

    /// Its `SubjectPublicKeyInfo`.
    pub(super) fn info(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa(rsa) => (sequence(&[&oid("1.2.840.113549.1.1.1"), &null()]), rsa.public()),
            Self::Ec(ec) => (
                sequence(&[&oid("1.2.840.10045.2.1"), &oid(ec.curve.oid)]),
                ec.public(),
            ),
            Self::Noise(identifier) => (sequence(&[&oid(identifier)]), integer(&[7; 57])),
        };
        sequence(&[&algorithm, &bit_string(&key)])
    }
}

/// How a certificate is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    Sha256,
    Sha384,
    Sha512,
    Sha1,
    Sha224,
    Md5,
    /// RSA-PSS by SHA-256, with a salt of this length said to be used.
    Pss(u8),
    /// By this identifier, whatever the key.
    Other(&'static str),
}

impl Signing {
    /// Its `AlgorithmIdentifier` for such a key.
    pub(super) fn identifier(self, key: &Key) -> Vec<u8> {
        let ec = matches!(key, Key::Ec(_));
        let identifier = match self {
            Self::Pss(salt) => {
                return sequence(&[&oid("1.2.840.113549.1.1.10"), &pss_parameters(salt)]);
            }
            Self::Other(identifier) => return sequence(&[&oid(identifier)]),
            Self::Sha256 if ec => "1.2.840.10045.4.3.2",
            Self::Sha384 if ec => "1.2.840.10045.4.3.3",
            Self::Sha512 if ec => "1.2.840.10045.4.3.4",
            Self::Sha1 if ec => "1.2.840.10045.4.1",
            Self::Sha224 if ec => "1.2.840.10045.4.3.1",
            Self::Sha256 => "1.2.840.113549.1.1.11",
            Self::Sha384 => "1.2.840.113549.1.1.12",
            Self::Sha512 => "1.2.840.113549.1.1.13",
            Self::Sha1 => "1.2.840.113549.1.1.5",
            Self::Sha224 => "1.2.840.113549.1.1.14",
            Self::Md5 => "1.2.840.113549.1.1.4",
        };
        if ec {
            sequence(&[&oid(identifier)])
        } else {
            sequence(&[&oid(identifier), &null()])
        }
    }

    /// The signature. Where the hash is none that is known here, another takes its place: nobody gets so far as to look.
    pub(super) fn sign(self, key: &Key, message: &[u8]) -> Vec<u8> {
        let (hash, identifier) = match self {
            Self::Sha1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, "1.3.14.3.2.26"),
            Self::Sha384 => (&digest::SHA384, "2.16.840.1.101.3.4.2.2"),
            Self::Sha512 => (&digest::SHA512, "2.16.840.1.101.3.4.2.3"),
            Self::Sha256 | Self::Sha224 | Self::Md5 | Self::Pss(_) | Self::Other(_) => {
                (&digest::SHA256, "2.16.840.1.101.3.4.2.1")
            }
        };
        match (key, self) {
            (Key::Rsa(rsa), Self::Pss(_)) => rsa.sign_pss(message),
            (Key::Rsa(rsa), _) => rsa.sign(hash, identifier, message),
            (Key::Ec(ec), _) => ec.sign(hash, message),
            (Key::Noise(_), _) => vec![7; 64],
        }
    }
}
