//! What we tell of a certificate: whose it is, for which names, until when.
//!
//! Verifying is `verifier`'s part, and `common_name`'s. What is read here may come from anyone who answers at the kubelet's
//! address, so it explains a refusal and never decides one.

use std::net::{Ipv4Addr, Ipv6Addr};

use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use x509_parser::oid_registry::{
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_CRL_DISTRIBUTION_POINTS, OID_X509_EXT_EXTENDED_KEY_USAGE,
    OID_X509_EXT_KEY_USAGE, OID_X509_EXT_NAME_CONSTRAINTS, OID_X509_EXT_SUBJECT_ALT_NAME, Oid,
};
use x509_parser::prelude::{AttributeTypeAndValue, FromDer as _, GeneralName, X509Certificate, X509Name};

use super::algorithm::{Key, Scheme};
use super::fitting;
use super::life::Life;
use super::pin::Pin;
use crate::redact::{Redacted, Redactor};

/// More names than that are not looked at: a kubelet has its node's and a few addresses.
const MOST_NAMES: usize = 256;

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whose it is, by its own word: a distinguished name.
    pub subject: Redacted,
    /// Its issuer's distinguished name.
    pub issuer: Redacted,
    /// DNS names and addresses it is for; a subject without these is none, in TLS.
    pub names: Vec<Redacted>,
    /// A name that it is valid for and that can be asked for: the first of `names`, or one that a pattern there fits.
    pub fitting: Option<Redacted>,
    /// Seconds since 1970.
    pub not_before: i64,
    /// Seconds since 1970.
    pub not_after: i64,
    /// It says that it may sign others.
    pub is_ca: bool,
    /// Subject and issuer are the same.
    pub self_issued: bool,
    /// What it is fit for.
    pub uses: Uses,
    /// Its key's kind and size.
    pub key: Key,
    /// How it is signed.
    pub signed: Scheme,
    /// How large the RSA key is that signed it, where it is RSA.
    pub signer_bits: Option<usize>,
    /// An extension that everybody has to heed who reads it, and that is not known here.
    pub unknown_critical: Option<Redacted>,
    /// The subject's common name: in a client certificate, the user.
    pub common_name: Option<Redacted>,
    /// The subject's organizations: in a client certificate, the user's groups.
    pub organizations: Vec<Redacted>,
    /// The hash of its key.
    pub pin: Pin,
}

impl Facts {
    /// `None` for what is no X.509 certificate. Whoever made it may have been shown the secrets.
    #[must_use]
    pub fn read(certificate: &CertificateDer<'_>, redactor: &Redactor) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let (issuer, subject) = (parsed.issuer(), parsed.subject());
        let told = |text: &str| redactor.redact(text.as_bytes());
        let signed = Scheme::of(&parsed.signature_algorithm.algorithm, redactor);
        let common_name = subject.iter_common_name().find_map(text);
        let names = names(&parsed);
        let fitting = fitting::name(certificate, &names, common_name);
        Some(Self {
            subject: told(&subject.to_string()),
            issuer: told(&issuer.to_string()),
            names: names.iter().map(|name| told(name)).collect(),
            // One that is our secret is no name to ask for.
            fitting: fitting.and_then(|name| Some(told(&name)).filter(|told| *told == *name.as_str())),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            is_ca: parsed.is_ca(),
            self_issued: issuer.as_raw() == subject.as_raw(),
            uses: Uses::of(&parsed),
            key: Key::of(parsed.public_key(), redactor),
            signer_bits: signed.key_size(&parsed.signature_value.data),
            signed,
            unknown_critical: unknown_critical(&parsed, redactor),
            common_name: common_name.map(told),
            organizations: subject
                .iter_organization()
                .filter_map(text)
                .take(MOST_NAMES)
                .map(told)
                .collect(),
            pin: Pin(sha256(parsed.public_key().raw)),
        })
    }

    /// From when to when it holds.
    #[must_use]
    pub fn life(&self) -> Life {
        Life {
            begins: Some(self.not_before),
            ends: self.not_after,
        }
    }
}

fn text<'a>(attribute: &AttributeTypeAndValue<'a>) -> Option<&'a str> {
    attribute.as_str().ok()
}

/// What a certificate is fit for: one that lists uses has to list that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uses {
    /// Clients.
    pub clients: bool,
    /// Servers.
    pub servers: bool,
}

impl Uses {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let (clients, servers) = match certificate.extended_key_usage() {
            Ok(Some(usage)) => {
                let usage = usage.value;
                (usage.client_auth || usage.any, usage.server_auth || usage.any)
            }
            Ok(None) => (true, true),
            Err(_) => (false, false),
        };
        Self { clients, servers }
    }
}

/// The first extension that has to be heeded and that rustls' verifier refuses for it: it knows these.
fn unknown_critical(certificate: &X509Certificate<'_>, redactor: &Redactor) -> Option<Redacted> {
    const KNOWN: [Oid<'static>; 6] = [
        OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_SUBJECT_ALT_NAME,
        OID_X509_EXT_BASIC_CONSTRAINTS,
        OID_X509_EXT_NAME_CONSTRAINTS,
        OID_X509_EXT_CRL_DISTRIBUTION_POINTS,
        OID_X509_EXT_EXTENDED_KEY_USAGE,
    ];
    let mut extensions = certificate.extensions().iter();
    let unknown = extensions.find(|extension| extension.critical && !KNOWN.contains(&extension.oid))?;
    Some(redactor.redact(unknown.oid.to_id_string().as_bytes()))
}

/// The key of a certificate that may be odd in every other way.
pub(super) fn public_key(certificate: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(SubjectPublicKeyInfoDer::from(parsed.public_key().raw.to_vec()))
}

/// A distinguished name in words, from its DER.
#[must_use]
pub fn distinguished_name(der: &[u8]) -> Option<String> {
    let (_, name) = X509Name::from_der(der).ok()?;
    Some(name.to_string())
}

/// A hash, as pins are.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().try_into().expect("a SHA-256 has 32 bytes")
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .take(MOST_NAMES)
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).to_string());
    }
    let v6 = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(v6).to_string())
}
