//! A certificate by its parts, each of which can be wrong.

use time::{Duration, OffsetDateTime};

use super::der::{bit_string, element, integer, name, octets, oid, sequence, time};
use super::keys::{Key, Signing};

/// What is to be certified.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    /// 3, or something older.
    pub(super) version: u8,
    /// Its common name.
    pub(super) subject: String,
    /// A second one.
    pub(super) also: Option<String>,
    /// Days from now.
    pub(super) valid: [i64; 2],
    /// In DER.
    pub(super) extensions: Vec<Vec<u8>>,
    pub(super) signing: Signing,
    /// With an `issuerUniqueID`.
    pub(super) unique_id: bool,
    /// How the signed part says that it is signed, where that differs.
    pub(super) says_signing: Option<Signing>,
}

impl Spec {
    /// A kubelet's, for these names, which are `GeneralName`s in DER.
    pub(super) fn serving(node: &str, names: &[Vec<u8>]) -> Self {
        let mut extensions = vec![
            extension("2.5.29.37", false, &sequence(&[&oid("1.3.6.1.5.5.7.3.1")])),
            extension("2.5.29.19", true, &sequence(&[])),
        ];
        if !names.is_empty() {
            extensions.push(extension("2.5.29.17", false, &sequence(&[&names.concat()])));
        }
        Self {
            version: 3,
            subject: format!("system:node:{node}"),
            also: None,
            valid: [-1, 90],
            extensions,
            signing: Signing::Sha256,
            unique_id: false,
            says_signing: None,
        }
    }

    /// A CA's.
    pub(super) fn ca(subject: &str) -> Self {
        Self {
            version: 3,
            subject: subject.to_owned(),
            also: None,
            valid: [-1, 3_650],
            extensions: vec![constraints(None)],
            signing: Signing::Sha256,
            unique_id: false,
            says_signing: None,
        }
    }

    /// The certificate of `key`, signed by the issuer.
    pub(super) fn sign(&self, key: &Key, issuer: &str, by: &Key) -> Vec<u8> {
        let algorithm = self.signing.identifier(by);
        let said = self
            .says_signing
            .map_or(algorithm.clone(), |said| said.identifier(by));
        let version = element(0xa0, &[&integer(&[self.version - 1])]);
        let extensions = element(0xa3, &[&sequence(&[&self.extensions.concat()])]);
        let unique_id = element(0x81, &[&[0, 1, 2, 3]]);
        let v3 = self.version == 3;
        let subject: Vec<_> = [Some(&self.subject), self.also.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let now = OffsetDateTime::now_utc();
        let [from, until] = self.valid.map(|days| time(now + Duration::days(days)));
        let signed = sequence(&[
            if v3 { &version } else { &[] },
            &integer(&[1, 2, 3, 4, 5, 6, 7]),
            &said,
            &name(&[issuer]),
            &sequence(&[&from, &until]),
            &name(&subject),
            &key.info(),
            if self.unique_id { &unique_id } else { &[] },
            if v3 { &extensions } else { &[] },
        ]);
        let signature = self.signing.sign(by, &signed);
        sequence(&[&signed, &algorithm, &bit_string(&signature)])
    }
}

/// An extension.
pub(super) fn extension(identifier: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let yes = element(1, &[&[0xff]]);
    sequence(&[
        &oid(identifier),
        if critical { &yes } else { &[] },
        &octets(value),
    ])
}

/// What makes a CA, with at most so many others below it.
pub(super) fn constraints(path_length: Option<u8>) -> Vec<u8> {
    let yes = element(1, &[&[0xff]]);
    let length = path_length.map(|length| integer(&[length])).unwrap_or_default();
    extension("2.5.29.19", true, &sequence(&[&yes, &length]))
}

/// The name constraint that only names below this one are allowed.
pub(super) fn only_below(domain: &str) -> Vec<u8> {
    let subtree = sequence(&[&dns(domain)]);
    extension("2.5.29.30", true, &sequence(&[&element(0xa0, &[&subtree])]))
}

pub(super) fn dns(name: &str) -> Vec<u8> {
    element(0x82, &[name.as_bytes()])
}

pub(super) fn uri(uri: &str) -> Vec<u8> {
    element(0x86, &[uri.as_bytes()])
}

pub(super) fn address(bytes: &[u8]) -> Vec<u8> {
    element(0x87, &[bytes])
}
