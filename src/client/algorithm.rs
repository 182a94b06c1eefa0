//! The keys and signatures of certificates: which there are, and which are taken.
//!
//! Knows what ring verifies, and X.509's identifiers. It tells a refusal's reason and decides nothing: that is rustls'.
//! `telegraf/guides/serving-certificates.md` has the same in words.

use std::fmt;

use x509_parser::asn1_rs::{FromDer as _, Oid, oid};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::redact::{Redacted, Redactor};

/// What a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// With a modulus of so many bits; 0 where that can't be read.
    Rsa(usize),
    /// For RSA-PSS and nothing else.
    RsaPss,
    /// ECDSA on one of three curves that have a name in TLS.
    P256,
    /// The second.
    P384,
    /// The third.
    P521,
    /// ECDSA on a curve of this identifier, or one without.
    OtherCurve(Option<Redacted>),
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// DSA.
    Dsa,
    /// Of this identifier.
    Other(Redacted),
}

/// The sizes of RSA keys that ring verifies with, in whole bytes' bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

impl Key {
    pub(super) fn of(info: &SubjectPublicKeyInfo<'_>, redactor: &Redactor) -> Self {
        let parameters = info.algorithm.parameters.as_ref();
        let curve = parameters.and_then(|parameters| Oid::try_from(parameters).ok());
        match Self::of_identifiers(&info.algorithm.algorithm, curve.as_ref(), redactor) {
            Self::Rsa(_) => match info.parsed() {
                Ok(PublicKey::RSA(key)) => Self::Rsa(bits(key.modulus)),
                _ => Self::Rsa(0),
            },
            key => key,
        }
    }

    /// From the content of an `AlgorithmIdentifier`, which does not tell a size.
    #[must_use]
    pub fn of_algorithm(content: &[u8], redactor: &Redactor) -> Option<Self> {
        let (rest, algorithm) = Oid::from_der(content).ok()?;
        let curve = Oid::from_der(rest).ok().map(|(_, curve)| curve);
        Some(Self::of_identifiers(&algorithm, curve.as_ref(), redactor))
    }

    fn of_identifiers(algorithm: &Oid<'_>, curve: Option<&Oid<'_>>, redactor: &Redactor) -> Self {
        let is = |known: Oid<'_>| *algorithm == known;
        if is(oid!(1.2.840.10045.2.1)) {
            let on = |known: Oid<'_>| curve.is_some_and(|curve| *curve == known);
            return if on(oid!(1.2.840.10045.3.1.7)) {
                Self::P256
            } else if on(oid!(1.3.132.0.34)) {
                Self::P384
            } else if on(oid!(1.3.132.0.35)) {
                Self::P521
            } else {
                Self::OtherCurve(curve.map(|curve| dotted(curve, redactor)))
            };
        }
        if is(oid!(1.2.840.113549.1.1.1)) {
            Self::Rsa(0)
        } else if is(oid!(1.2.840.113549.1.1.10)) {
            Self::RsaPss
        } else if is(oid!(1.3.101.112)) {
            Self::Ed25519
        } else if is(oid!(1.3.101.113)) {
            Self::Ed448
        } else if is(oid!(1.2.840.10040.4.1)) {
            Self::Dsa
        } else {
            Self::Other(dotted(algorithm, redactor))
        }
    }

    /// Whether signatures by it can be verified.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Rsa(bits) => RSA_BITS.contains(&bits.next_multiple_of(8)),
            Self::P256 | Self::P384 | Self::Ed25519 => true,
            Self::RsaPss | Self::P521 | Self::OtherCurve(_) | Self::Ed448 | Self::Dsa | Self::Other(_) => {
                false
            }
        }
    }

    /// Whether it could have made such a signature.
    #[must_use]
    pub fn signs(&self, signature: &Scheme) -> bool {
        match signature {
            Scheme::Rsa(_) => matches!(self, Self::Rsa(_)),
            Scheme::RsaPss => matches!(self, Self::Rsa(_) | Self::RsaPss),
            Scheme::Ecdsa(_) => matches!(self, Self::P256 | Self::P384 | Self::P521 | Self::OtherCurve(_)),
            Scheme::Ed25519 => *self == Self::Ed25519,
            Scheme::Ed448 => *self == Self::Ed448,
            Scheme::Dsa => *self == Self::Dsa,
            Scheme::Other(_) => true,
        }
    }
}

/// How many bits a number has that is written in these bytes.
fn bits(bytes: &[u8]) -> usize {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let bytes = &bytes[first..];
    let zeros = bytes.first().map_or(0, |byte| byte.leading_zeros() as usize);
    bytes.len() * 8 - zeros
}

/// An identifier in digits and dots. Whoever made it up may have put our secret into its numbers.
fn dotted(identifier: &Oid<'_>, redactor: &Redactor) -> Redacted {
    redactor.redact(identifier.to_id_string().as_bytes())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(0) => f.write_str("RSA"),
            Self::Rsa(bits) => write!(f, "RSA with {bits} bits"),
            Self::RsaPss => f.write_str("RSA-PSS"),
            Self::P256 => f.write_str("ECDSA P-256"),
            Self::P384 => f.write_str("ECDSA P-384"),
            Self::P521 => f.write_str("ECDSA P-521"),
            Self::OtherCurve(Some(curve)) => write!(f, "ECDSA on the curve {curve}"),
            Self::OtherCurve(None) => f.write_str("ECDSA on a curve without a name"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Dsa => f.write_str("DSA"),
            Self::Other(identifier) => write!(f, "of the kind {identifier}"),
        }
    }
}

/// A hash by which something is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// Broken long ago.
    Md5,
    /// Broken since.
    Sha1,
    /// Never in use much.
    Sha224,
    /// What nearly all use.
    Sha256,
    /// Longer.
    Sha384,
    /// Longest.
    Sha512,
}

impl Hash {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }
}

/// How a certificate is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// RSA, as PKCS#1 1.5 has it.
    Rsa(Hash),
    /// RSA-PSS, whose hash and salt are parameters.
    RsaPss,
    /// ECDSA.
    Ecdsa(Hash),
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// DSA.
    Dsa,
    /// Of this identifier.
    Other(Redacted),
}

impl Scheme {
    pub(super) fn of(algorithm: &Oid<'_>, redactor: &Redactor) -> Self {
        let known = [
            (oid!(1.2.840.113549.1.1.4), Self::Rsa(Hash::Md5)),
            (oid!(1.2.840.113549.1.1.5), Self::Rsa(Hash::Sha1)),
            (oid!(1.2.840.113549.1.1.14), Self::Rsa(Hash::Sha224)),
            (oid!(1.2.840.113549.1.1.11), Self::Rsa(Hash::Sha256)),
            (oid!(1.2.840.113549.1.1.12), Self::Rsa(Hash::Sha384)),
            (oid!(1.2.840.113549.1.1.13), Self::Rsa(Hash::Sha512)),
            (oid!(1.2.840.113549.1.1.10), Self::RsaPss),
            (oid!(1.2.840.10045.4.1), Self::Ecdsa(Hash::Sha1)),
            (oid!(1.2.840.10045.4.3.1), Self::Ecdsa(Hash::Sha224)),
            (oid!(1.2.840.10045.4.3.2), Self::Ecdsa(Hash::Sha256)),
            (oid!(1.2.840.10045.4.3.3), Self::Ecdsa(Hash::Sha384)),
            (oid!(1.2.840.10045.4.3.4), Self::Ecdsa(Hash::Sha512)),
            (oid!(1.3.101.112), Self::Ed25519),
            (oid!(1.3.101.113), Self::Ed448),
            (oid!(1.2.840.10040.4.3), Self::Dsa),
            (oid!(2.16.840.1.101.3.4.3.1), Self::Dsa),
            (oid!(2.16.840.1.101.3.4.3.2), Self::Dsa),
        ];
        let found = known.into_iter().find(|(identifier, _)| identifier == algorithm);
        match found {
            Some((_, scheme)) => scheme,
            None => Self::Other(dotted(algorithm, redactor)),
        }
    }

    /// Whether it is verified at all. RSA-PSS is for some of its parameters only, which are not looked into here.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Rsa(hash) => matches!(hash, Hash::Sha256 | Hash::Sha384 | Hash::Sha512),
            Self::Ecdsa(hash) => matches!(hash, Hash::Sha256 | Hash::Sha384),
            Self::Ed25519 => true,
            Self::RsaPss | Self::Ed448 | Self::Dsa | Self::Other(_) => false,
        }
    }

    /// The size of the RSA key that made a signature of this many bytes, which is as long as that.
    #[must_use]
    pub fn key_size(&self, signature: &[u8]) -> Option<usize> {
        matches!(self, Self::Rsa(_) | Self::RsaPss).then_some(signature.len() * 8)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(hash) => write!(f, "RSA and {}", hash.name()),
            Self::RsaPss => f.write_str("RSA-PSS with a salt that is not as long as its hash"),
            Self::Ecdsa(hash) => write!(f, "ECDSA and {}", hash.name()),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Dsa => f.write_str("DSA"),
            Self::Other(identifier) => write!(f, "the algorithm {identifier}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secrets;

    /// What is said to be taken is what the verifier has, all of it.
    #[test]
    fn what_is_taken_is_what_ring_verifies() {
        let redactor = Secrets::default().redactor();
        let provider = rustls::crypto::ring::default_provider();
        let (mut keys, mut signatures) = (Vec::new(), Vec::new());
        for algorithm in provider.signature_verification_algorithms.all {
            let identifier = algorithm.signature_alg_id();
            let (_, signature) = Oid::from_der(&identifier).unwrap();
            signatures.push(Scheme::of(&signature, &redactor));
            keys.push(Key::of_algorithm(&algorithm.public_key_alg_id(), &redactor).unwrap());
        }
        let all = [
            Key::Rsa(2_048),
            Key::P256,
            Key::P384,
            Key::P521,
            Key::Ed25519,
            Key::Ed448,
            Key::Dsa,
        ];
        for key in all {
            let known = match key {
                Key::Rsa(_) => keys.contains(&Key::Rsa(0)),
                _ => keys.contains(&key),
            };
            assert_eq!(key.is_taken(), known, "{key}");
        }
        let hashes = [
            Hash::Md5,
            Hash::Sha1,
            Hash::Sha224,
            Hash::Sha256,
            Hash::Sha384,
            Hash::Sha512,
        ];
        let of_hashes = hashes
            .into_iter()
            .flat_map(|hash| [Scheme::Rsa(hash), Scheme::Ecdsa(hash)]);
        for scheme in of_hashes.chain([Scheme::Ed25519, Scheme::Ed448, Scheme::Dsa]) {
            assert_eq!(scheme.is_taken(), signatures.contains(&scheme), "{scheme}");
        }
    }

    #[test]
    fn rsa_keys_are_taken_by_their_whole_bytes() {
        for (bits, taken) in [
            (0, false),
            (512, false),
            (1_024, false),
            (2_040, false),
            (2_041, true),
            (2_048, true),
            (8_192, true),
            (8_193, false),
            (16_384, false),
        ] {
            assert_eq!(Key::Rsa(bits).is_taken(), taken, "{bits}");
        }
    }

    #[test]
    fn the_bits_of_a_number_are_counted_from_its_highest() {
        assert_eq!(bits(&[]), 0);
        assert_eq!(bits(&[0, 0]), 0);
        assert_eq!(bits(&[0, 1]), 1);
        assert_eq!(bits(&[0x80, 0]), 16);
    }
}
