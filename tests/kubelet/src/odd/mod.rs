//! Serving certificates and keys that no kubelet makes for itself, but that people's tools and old clusters do: other
//! algorithms, other sizes, other shapes. Made with numbers and bytes, because no library makes them.

mod certificate;
mod curve;
mod der;
mod keys;
mod rsa;
mod signing_key;

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use certificate::{Spec, address, constraints, dns, extension, only_below, uri};
use curve::{P256, P384, P521};
use der::sequence;
use keys::{Key, Signing};
use rsa::Rsa;

/// What is odd about what is shown in the handshake. All else is as it should be: signed by a CA called `odd-ca`, whose
/// certificate is the anchor, for the node's name and the loopback addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum Odd {
    /// The kubelet's own key.
    Rsa1024,
    /// The kubelet's own key.
    P521,
    Rsa1024Ca,
    P521Ca,
    /// With SHA-256, which such a key has no need of.
    P521CaSha256,
    P256Sha512,
    P384Sha512,
    EcdsaSha1,
    EcdsaSha224,
    RsaSha1,
    RsaSha224,
    RsaMd5,
    /// With the salt that openssl makes when it is not told: as long as there is room for.
    RsaPss,
    /// With a salt as long as the hash.
    RsaPssShort,
    Dsa,
    Ed448,
    /// By an algorithm that nobody knows.
    UnknownSigning,
    /// An extension that nobody knows and everybody has to heed.
    Critical,
    /// The same in a CA's certificate.
    CriticalOfCa,
    /// Of version 1, which has no extensions: no names.
    Version1,
    /// No certificate at all.
    Garbage,
    /// It ends in the middle.
    Cut,
    /// With an `issuerUniqueID`, which version 2 brought and nobody has.
    UniqueId,
    /// It says to be signed by another algorithm than it is.
    SaysOtherSigning,
    /// An extension twice.
    Twice,
    /// It ends before it begins.
    Backwards,
    /// Its CA may not sign for such names.
    NameConstraint,
    /// Its CA's CA allows none below it.
    PathLength,
    /// Signed by what is no CA.
    NotACa,
    /// Nine CAs in between.
    LongChain,
    /// The one in between is over.
    ExpiredCa,
    /// The one in between is for clients only.
    CaForClients,
    /// Signed by one in between, whose own CA has another key than the anchor of that name.
    OtherKeyBetween,
    CommonNameOnly,
    /// The node's, and one more.
    TwoCommonNames,
    /// For `*.example.internal`.
    Wildcard,
    /// For a name that no configuration can ask for, and then for the node's.
    OddNames,
    UriOnly,
    /// Another key signs the handshake.
    NotItsKey,
}

const CA: &str = "odd-ca";
const BETWEEN: &str = "odd-intermediate";

/// A chain being made.
struct Chain {
    anchor: Spec,
    anchor_key: Key,
    leaf: Spec,
    leaf_key: Key,
    /// CAs between the leaf and the anchor, the leaf's own first.
    between: Vec<(Spec, Key)>,
}

impl Chain {
    fn new(node: &str) -> Self {
        let loopback = std::net::Ipv6Addr::LOCALHOST.octets();
        let names = [dns(node), address(&[127, 0, 0, 1]), address(&loopback)];
        Self {
            anchor: Spec::ca(CA),
            anchor_key: Key::on(&P256),
            leaf: Spec::serving(node, &names),
            leaf_key: Key::on(&P256),
            between: Vec::new(),
        }
    }

    fn names(&mut self, node: &str, names: &[Vec<u8>]) {
        self.leaf = Spec::serving(node, names);
    }

    fn with_between(&mut self, change: impl FnOnce(&mut Spec)) {
        let mut spec = Spec::ca(BETWEEN);
        change(&mut spec);
        self.between.push((spec, Key::on(&P256)));
    }

    fn signed_by(&mut self, key: Key, signing: Signing) {
        self.anchor_key = key;
        self.leaf.signing = signing;
    }

    /// The chain in DER, leaf first.
    fn sign(&self) -> Vec<Vec<u8>> {
        let above = |at: usize| {
            let above = self.between.get(at).map(|(spec, key)| (spec, key));
            let (spec, key) = above.unwrap_or((&self.anchor, &self.anchor_key));
            (spec.subject.as_str(), key)
        };
        let mut chain = Vec::new();
        let (issuer, by) = above(0);
        chain.push(self.leaf.sign(&self.leaf_key, issuer, by));
        for (at, (spec, key)) in self.between.iter().enumerate() {
            let (issuer, by) = above(at + 1);
            chain.push(spec.sign(key, issuer, by));
        }
        chain
    }
}

/// What is shown, and its anchor in PEM.
pub(crate) fn serving(odd: Odd, node: &str) -> (Arc<CertifiedKey>, String) {
    let mut chain = Chain::new(node);
    bend(odd, node, &mut chain);
    let mut shown = chain.sign();
    match odd {
        Odd::Garbage => shown = vec![sequence(&[b"no certificate"])],
        Odd::Cut => {
            let leaf = &mut shown[0];
            leaf.truncate(leaf.len() / 2);
        }
        _ => {}
    }
    let signs = if odd == Odd::NotItsKey {
        Key::on(&P256)
    } else {
        chain.leaf_key.clone()
    };
    let shown = shown.into_iter().map(CertificateDer::from).collect();
    let key = Arc::new(signing_key::Signs::new(&signs));
    let anchor_key = if odd == Odd::OtherKeyBetween {
        Key::on(&P256)
    } else {
        chain.anchor_key
    };
    let anchor = chain.anchor.sign(&anchor_key, CA, &anchor_key);
    (
        Arc::new(CertifiedKey::new(shown, key)),
        crate::der::pem("CERTIFICATE", &anchor),
    )
}

/// Makes it so.
fn bend(odd: Odd, node: &str, chain: &mut Chain) {
    let unknown = extension("1.3.6.1.4.1.99999.1", true, &der::null());
    match odd {
        Odd::Rsa1024 => chain.leaf_key = Key::Rsa(Rsa::small()),
        Odd::P521 => chain.leaf_key = Key::on(&P521),
        Odd::Rsa1024Ca => chain.signed_by(Key::Rsa(Rsa::small()), Signing::Sha256),
        Odd::P521Ca => chain.signed_by(Key::on(&P521), Signing::Sha512),
        Odd::P521CaSha256 => chain.signed_by(Key::on(&P521), Signing::Sha256),
        Odd::P256Sha512 => chain.signed_by(Key::on(&P256), Signing::Sha512),
        Odd::P384Sha512 => chain.signed_by(Key::on(&P384), Signing::Sha512),
        Odd::EcdsaSha1 => chain.signed_by(Key::on(&P256), Signing::Sha1),
        Odd::EcdsaSha224 => chain.signed_by(Key::on(&P256), Signing::Sha224),
        Odd::RsaSha1 => chain.signed_by(Key::Rsa(Rsa::usual()), Signing::Sha1),
        Odd::RsaSha224 => chain.signed_by(Key::Rsa(Rsa::usual()), Signing::Sha224),
        Odd::RsaMd5 => chain.signed_by(Key::Rsa(Rsa::usual()), Signing::Md5),
        Odd::RsaPss => chain.signed_by(Key::Rsa(Rsa::usual()), Signing::Pss(222)),
        Odd::RsaPssShort => chain.signed_by(Key::Rsa(Rsa::usual()), Signing::Pss(32)),
        Odd::Dsa => chain.signed_by(
            Key::Noise("1.2.840.10040.4.1"),
            Signing::Other("2.16.840.1.101.3.4.3.2"),
        ),
        Odd::Ed448 => chain.signed_by(Key::Noise("1.3.101.113"), Signing::Other("1.3.101.113")),
        Odd::UnknownSigning => {
            chain.signed_by(Key::on(&P256), Signing::Other("1.3.6.1.4.1.99999.2"));
        }
        Odd::Critical => chain.leaf.extensions.push(unknown),
        Odd::CriticalOfCa => chain.with_between(|spec| spec.extensions.push(unknown)),
        Odd::Version1 => chain.leaf.version = 1,
        Odd::UniqueId => chain.leaf.unique_id = true,
        Odd::SaysOtherSigning => chain.leaf.says_signing = Some(Signing::Sha384),
        Odd::Twice => {
            let first = chain.leaf.extensions[0].clone();
            chain.leaf.extensions.push(first);
        }
        Odd::Backwards => chain.leaf.valid = [90, -1],
        Odd::NameConstraint => chain.with_between(|spec| spec.extensions.push(only_below("example.com"))),
        Odd::PathLength => {
            chain.with_between(|_| ());
            chain.with_between(|spec| {
                "odd-upper".clone_into(&mut spec.subject);
                spec.extensions = vec![constraints(Some(0))];
            });
        }
        Odd::NotACa => chain.with_between(|spec| spec.extensions = Vec::new()),
        Odd::LongChain => (0..9).for_each(|at| {
            chain.with_between(|spec| spec.subject = format!("{BETWEEN}-{at}"));
        }),
        Odd::ExpiredCa => chain.with_between(|spec| spec.valid = [-90, -1]),
        Odd::CaForClients => chain.with_between(|spec| {
            let clients = sequence(&[&der::oid("1.3.6.1.5.5.7.3.2")]);
            spec.extensions.push(extension("2.5.29.37", false, &clients));
        }),
        Odd::OtherKeyBetween => chain.with_between(|_| ()),
        Odd::CommonNameOnly => chain.names(node, &[]),
        Odd::TwoCommonNames => chain.leaf.also = Some("system:node:another".to_owned()),
        Odd::Wildcard => chain.names(node, &[dns("*.example.internal")]),
        Odd::OddNames => {
            let odd = ["eyJ-node.example", "-_.\u{202e}$NODE", "*.*.example", "*", ""];
            let names: Vec<_> = odd.into_iter().chain([node]).map(dns).collect();
            chain.names(node, &names);
        }
        Odd::UriOnly => chain.names(node, &[uri("spiffe://cluster.local/node")]),
        Odd::Garbage | Odd::Cut | Odd::NotItsKey => {}
    }
}
