//! What is wrong with the certificates that were shown.
//!
//! The verifier says what it met, and seldom where: which certificate it was, and why a signature could not be verified,
//! is looked up in what the certificates say of themselves.

use rustls::CertificateError;
use webpki::Error as Webpki;

use super::{Flaw, Holder, Link, TlsFault, Trouble};
use crate::client::algorithm::Key;
use crate::client::certificate::Facts;
use crate::client::{OtherCommonName, Seen};
use crate::redact::Redacted;

/// What `error` means.
pub(super) fn fault(error: &CertificateError, seen: &Seen) -> TlsFault {
    use CertificateError as Bad;
    let Some(leaf) = &seen.leaf else {
        return TlsFault::Malformed(Flaw::Unreadable);
    };
    let path = Path { leaf, seen };
    match error {
        Bad::BadEncoding => TlsFault::Malformed(Flaw::Encoding),
        Bad::UnknownIssuer => TlsFault::UnknownIssuer {
            issuer: path.top(),
            self_signed: leaf.self_issued,
        },
        Bad::BadSignature => path.bad_signature(),
        Bad::UnsupportedSignatureAlgorithmContext { .. } => path.unsupported(None),
        Bad::UnsupportedSignatureAlgorithmForPublicKeyContext {
            public_key_algorithm_id,
            ..
        } => path.unsupported(Key::of_algorithm(public_key_algorithm_id, &seen.secrets.redactor())),
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => TlsFault::WrongName {
            names: leaf.names.clone(),
            fitting: leaf.fitting.clone(),
        },
        Bad::Expired if leaf.not_after < leaf.not_before => TlsFault::Malformed(Flaw::Dates),
        Bad::Expired => path.out_of_time(true, leaf.not_after),
        Bad::ExpiredContext { not_after, .. } => path.out_of_time(true, seconds(*not_after)),
        Bad::NotValidYet => path.out_of_time(false, leaf.not_before),
        Bad::NotValidYetContext { not_before, .. } => path.out_of_time(false, seconds(*not_before)),
        Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => {
            TlsFault::NotForServers(path.holder(|facts| !facts.uses.servers))
        }
        Bad::UnhandledCriticalExtension => path.extension(),
        // Nobody else says so: `verifier` does, of pins.
        Bad::ApplicationVerificationFailure => TlsFault::OtherKey { shown: leaf.pin },
        Bad::Other(other) => {
            if let Some(OtherCommonName { wanted }) = other.0.downcast_ref() {
                return path.other_node(wanted);
            }
            match other.0.downcast_ref() {
                Some(error) => path.of_webpki(error),
                None => TlsFault::Ours(Trouble::Unforeseen),
            }
        }
        // No list of revoked certificates is loaded, and no answer about one is looked at.
        Bad::Revoked
        | Bad::UnknownRevocationStatus
        | Bad::ExpiredRevocationList
        | Bad::ExpiredRevocationListContext { .. }
        | Bad::InvalidOcspResponse
        // What a newer rustls may have, and the deprecated one that this one never says.
        | _ => TlsFault::Ours(Trouble::Unforeseen),
    }
}

fn seconds(time: rustls::pki_types::UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// The kubelet's certificate and those of the CAs above it, as far as they were shown.
struct Path<'s> {
    leaf: &'s Facts,
    seen: &'s Seen,
}

impl Path<'_> {
    /// From the kubelet's own upwards, by the names of who signed whom.
    fn certificates(&self) -> Vec<&Facts> {
        let mut path = vec![self.leaf];
        let mut rest: Vec<&Facts> = self.seen.issuers.iter().collect();
        while let Some(last) = path.last()
            && let Some(at) = rest.iter().position(|issuer| issuer.subject == last.issuer)
        {
            path.push(rest.remove(at));
        }
        path
    }

    /// Who signed the last of them.
    fn top(&self) -> Redacted {
        let path = self.certificates();
        path.last().map_or(&self.leaf.issuer, |last| &last.issuer).clone()
    }

    /// Whose certificate is like that.
    fn holder(&self, is: impl Fn(&Facts) -> bool) -> Holder {
        if is(self.leaf) {
            return Holder::Kubelet;
        }
        match self.seen.issuers.iter().find(|issuer| is(issuer)) {
            Some(issuer) => Holder::Ca(issuer.subject.clone()),
            None => Holder::Any,
        }
    }

    fn out_of_time(&self, expired: bool, bound: i64) -> TlsFault {
        TlsFault::OutOfTime {
            of: self.holder(|facts| {
                bound
                    == if expired {
                        facts.not_after
                    } else {
                        facts.not_before
                    }
            }),
            expired,
            bound,
            now: crate::date::now(),
        }
    }

    /// Where there are several common names, one of them may be the one that was asked for.
    fn other_node(&self, wanted: &str) -> TlsFault {
        let wanted = self.seen.secrets.redact(wanted.as_bytes());
        let shown = self.leaf.common_name.clone();
        TlsFault::OtherNode {
            shown: shown.filter(|shown| *shown != wanted),
            wanted,
        }
    }

    fn extension(&self) -> TlsFault {
        let mut certificates = std::iter::once(self.leaf).chain(&self.seen.issuers);
        TlsFault::Extension {
            of: self.holder(|facts| facts.unknown_critical.is_some()),
            identifier: certificates.find_map(|facts| facts.unknown_critical.clone()),
        }
    }

    /// What is wrong with the proof that the kubelet holds its key.
    fn unproven(&self) -> TlsFault {
        if self.leaf.key.is_taken() {
            TlsFault::NotItsKey
        } else {
            TlsFault::Key(self.leaf.key.clone())
        }
    }

    /// A signature that is not its signer's, by a verifier that says the same of keys whose size it does not take.
    fn bad_signature(&self) -> TlsFault {
        if self.seen.believed {
            return self.unproven();
        }
        let path = self.certificates();
        let signer = |facts: &Facts| facts.signer_bits.map(Key::Rsa);
        let small = path.into_iter().find_map(|facts| {
            let key = signer(facts).filter(|key| !key.is_taken())?;
            Some((facts.issuer.clone(), key))
        });
        match small {
            Some((issuer, key)) => TlsFault::IssuerKey { issuer, key },
            // Every kubeadm cluster's CA is called `kubernetes`: another cluster's is found by name and fails by key.
            None => TlsFault::OtherKeyOfIssuer { issuer: self.top() },
        }
    }

    /// A signature of a kind that is not verified, or not with such a key.
    fn unsupported(&self, key: Option<Key>) -> TlsFault {
        if self.seen.believed {
            return self.unproven();
        }
        let path = self.certificates();
        let Some(key) = key else {
            // Some of RSA-PSS is taken: it is the reason if nothing else is.
            let odd = path.iter().position(|facts| !facts.signed.is_taken());
            let at = odd.unwrap_or(0);
            let of = match at {
                0 => Holder::Kubelet,
                _ => Holder::Ca(path[at].subject.clone()),
            };
            return TlsFault::Signature {
                of,
                signed: path[at].signed.clone(),
            };
        };
        match path.into_iter().find(|facts| key.signs(&facts.signed)) {
            Some(facts) if !key.is_taken() => TlsFault::IssuerKey {
                issuer: facts.issuer.clone(),
                key,
            },
            // It can't have signed any of them, so another of that name has.
            _ => TlsFault::OtherKeyOfIssuer { issuer: self.top() },
        }
    }

    fn of_webpki(&self, error: &Webpki) -> TlsFault {
        match error {
            Webpki::CaUsedAsEndEntity => TlsFault::CaAsServer,
            Webpki::UnsupportedCriticalExtension => self.extension(),
            Webpki::EmptyEkuExtension => TlsFault::NotForServers(self.holder(|facts| !facts.uses.servers)),
            Webpki::EndEntityUsedAsCa => TlsFault::Chain(Link::NoCa),
            Webpki::NameConstraintViolation => TlsFault::Chain(Link::Names),
            Webpki::PathLenConstraintViolated => TlsFault::Chain(Link::Length),
            Webpki::MaximumNameConstraintComparisonsExceeded
            | Webpki::MaximumPathBuildCallsExceeded
            | Webpki::MaximumPathDepthExceeded
            | Webpki::MaximumSignatureChecksExceeded => TlsFault::Chain(Link::TooLong),
            Webpki::UnsupportedCertVersion => TlsFault::Malformed(Flaw::Version),
            Webpki::SignatureAlgorithmMismatch => TlsFault::Malformed(Flaw::TwoAlgorithms),
            Webpki::ExtensionValueInvalid
            | Webpki::InvalidNetworkMaskConstraint
            | Webpki::MalformedDnsIdentifier
            | Webpki::MalformedExtensions
            | Webpki::MalformedNameConstraint => TlsFault::Malformed(Flaw::Extension),
            Webpki::BadDer | Webpki::BadDerTime | Webpki::InvalidSerialNumber | Webpki::TrailingData(_) => {
                TlsFault::Malformed(Flaw::Encoding)
            }
            Webpki::InvalidCertValidity => TlsFault::Malformed(Flaw::Dates),
            // Of lists of revoked certificates, of which none is loaded; of names; what rustls has words of its own for;
            // and what a newer one may have.
            _ => TlsFault::Ours(Trouble::Unforeseen),
        }
    }
}
