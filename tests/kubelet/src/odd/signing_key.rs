//! What signs a handshake with a key of numbers, as rustls wants it.

use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use super::curve::Ec;
use super::keys::Key;
use super::rsa::Rsa;

/// A key that a server can have.
#[derive(Debug, Clone)]
pub(super) enum Signs {
    Rsa(Rsa),
    Ec(Ec),
}

impl Signs {
    pub(super) fn new(key: &Key) -> Self {
        match key {
            Key::Rsa(rsa) => Self::Rsa(rsa.clone()),
            Key::Ec(ec) => Self::Ec(ec.clone()),
            Key::Noise(_) => unreachable!("no kubelet of ours has such a key"),
        }
    }
}

impl SigningKey for Signs {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let fits = offered.contains(&Signer::scheme(self));
        fits.then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::Rsa(_) => SignatureAlgorithm::RSA,
            Self::Ec(_) => SignatureAlgorithm::ECDSA,
        }
    }
}

impl Signer for Signs {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Rsa(rsa) => rsa.sign_pss(message),
            Self::Ec(ec) => ec.sign(ec.curve.hash, message),
        })
    }

    fn scheme(&self) -> SignatureScheme {
        match self {
            Self::Rsa(_) => SignatureScheme::RSA_PSS_SHA256,
            Self::Ec(ec) => ec.curve.scheme,
        }
    }
}
