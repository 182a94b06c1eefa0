//! Private keys of each kind that people have, in PEM. They protect nothing.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use crate::der::{all, element, first, pem};
use crate::random::Random;

/// What a key is of, and in which of its forms it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `PRIVATE KEY`, as most programs write them.
    P256,
    /// `EC PRIVATE KEY`, as `openssl ecparam` writes them.
    Sec1P256,
    /// `PRIVATE KEY`.
    P384,
    /// `EC PRIVATE KEY`.
    Sec1P384,
    /// `PRIVATE KEY`.
    Ed25519,
    /// `PRIVATE KEY`. Of the shape of a key of 2,048 bits, and none: its numbers are noise.
    Rsa,
    /// `RSA PRIVATE KEY`. As above.
    Pkcs1Rsa,
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::P256,
        Self::Sec1P256,
        Self::P384,
        Self::Sec1P384,
        Self::Ed25519,
        Self::Rsa,
        Self::Pkcs1Rsa,
    ];

    /// A new key, in PEM.
    ///
    /// # Panics
    /// As everything here: without it there is no test.
    #[must_use]
    pub fn generate(self) -> String {
        match self {
            Self::P256 => pem("PRIVATE KEY", &pkcs8(&PKCS_ECDSA_P256_SHA256)),
            Self::Sec1P256 => pem("EC PRIVATE KEY", &within(&pkcs8(&PKCS_ECDSA_P256_SHA256))),
            Self::P384 => pem("PRIVATE KEY", &pkcs8(&PKCS_ECDSA_P384_SHA384)),
            Self::Sec1P384 => pem("EC PRIVATE KEY", &within(&pkcs8(&PKCS_ECDSA_P384_SHA384))),
            Self::Ed25519 => pem("PRIVATE KEY", &pkcs8(&PKCS_ED25519)),
            Self::Rsa => pem("PRIVATE KEY", &pkcs8_of_rsa(&rsa())),
            Self::Pkcs1Rsa => pem("RSA PRIVATE KEY", &rsa()),
        }
    }
}

fn pkcs8(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
    KeyPair::generate_for(algorithm).expect("a key").serialize_der()
}

/// The octets in a PKCS#8, which are the key in the form of its algorithm.
fn within(pkcs8: &[u8]) -> Vec<u8> {
    let (_, content, _) = first(pkcs8);
    let octets = all(content)
        .into_iter()
        .find(|(tag, _)| *tag == 4)
        .expect("a key")
        .1;
    first(octets).1.to_vec()
}

fn rsa() -> Vec<u8> {
    let mut seed = [0; 8];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut seed).expect("random bytes");
    let mut random = Random(u64::from_be_bytes(seed));
    let mut number = |bytes: usize| {
        let mut number: Vec<u8> = (0..bytes).map(|_| random.next().to_be_bytes()[0]).collect();
        number[0] = number[0] & 0x7f | 0x40;
        element(2, &number)
    };
    // Modulus, private exponent, two primes, two exponents and a coefficient.
    let (modulus, rest) = (number(256), [256, 128, 128, 128, 128, 128].map(&mut number));
    let exponent = [2, 3, 1, 0, 1];
    element(
        0x30,
        &[&[2, 1, 0][..], &modulus, &exponent, &rest.concat()].concat(),
    )
}

fn pkcs8_of_rsa(key: &[u8]) -> Vec<u8> {
    const ALGORITHM: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    element(0x30, &[&[2, 1, 0][..], ALGORITHM, &element(4, key)].concat())
}
