//! What rustls says, all of it, in our words.

use std::sync::Arc;

use rustls::{
    AlertDescription, CertRevocationListError, CertificateError, Error, InconsistentKeys, InvalidMessage,
    OtherError, PeerIncompatible, PeerMisbehaved,
};

use super::*;
use crate::redact::Secrets;

fn of(error: &Error) -> TlsFault {
    TlsFault::new(error, &Seen::default())
}

#[test]
fn alerts_and_garbage_are_told_apart() {
    let alert = |alert| of(&Error::AlertReceived(alert));
    for (error, want) in [
        (AlertDescription::InternalError, TlsFault::NoServingCertificate),
        (AlertDescription::ProtocolVersion, TlsFault::NoCommonVersion),
        (AlertDescription::HandshakeFailure, TlsFault::NothingInCommon),
    ] {
        assert_eq!(alert(error), want);
    }
    for about_ours in [
        AlertDescription::UnknownCA,
        AlertDescription::BadCertificate,
        AlertDescription::CertificateRequired,
    ] {
        assert!(matches!(alert(about_ours), TlsFault::ClientCertificate(_)));
    }
    assert!(matches!(
        alert(AlertDescription::UnrecognisedName),
        TlsFault::Alert(_)
    ));
    let message = |message| of(&Error::InvalidMessage(message));
    assert_eq!(message(InvalidMessage::InvalidContentType), TlsFault::NotTls);
    assert_eq!(message(InvalidMessage::InvalidCcs), TlsFault::BrokenTls);
    assert_eq!(
        message(InvalidMessage::HandshakePayloadTooLarge),
        TlsFault::Malformed(Flaw::TooLarge)
    );
}

#[test]
fn each_alert_has_the_name_that_tls_gives_it() {
    for number in 0..=u8::MAX {
        let alert = AlertDescription::from(number);
        let said = Alert::new(alert).to_string();
        match alert {
            AlertDescription::Unknown(_) => assert_eq!(said, format!("number {number}")),
            known => {
                // rustls has the same names in its own writing.
                let letters = said.replace('_', "");
                let theirs = format!("{known:?}")
                    .to_lowercase()
                    .replace("recognised", "recognized");
                assert_eq!(letters, theirs);
            }
        }
    }
}

/// Of each kind of error one, with a text in it that none of ours has.
#[test]
fn no_words_of_a_library_are_told() {
    let other = || OtherError(Arc::new(std::io::Error::other("LIBRARY")));
    let errors = [
        Error::General("LIBRARY".to_owned()),
        Error::Other(other()),
        Error::InvalidCertificate(CertificateError::Other(other())),
        Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(
            webpki::Error::UnsupportedCrlVersion,
        )))),
        Error::InvalidCertificate(CertificateError::Revoked),
        Error::InvalidCertificate(CertificateError::BadEncoding),
        Error::InvalidCertificate(CertificateError::UnknownIssuer),
        Error::InvalidCertRevocationList(CertRevocationListError::Other(other())),
        Error::InappropriateMessage {
            expect_types: Vec::new(),
            got_type: rustls::ContentType::Alert,
        },
        Error::PeerMisbehaved(PeerMisbehaved::TooManyEmptyFragments),
        Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon),
        Error::PeerIncompatible(PeerIncompatible::UnsolicitedCertificateTypeExtension),
        Error::InvalidMessage(InvalidMessage::MissingData("LIBRARY")),
        Error::InconsistentKeys(InconsistentKeys::Unknown),
        Error::NoCertificatesPresented,
        Error::UnsupportedNameType,
        Error::DecryptError,
        Error::EncryptError,
        Error::FailedToGetCurrentTime,
        Error::FailedToGetRandomBytes,
        Error::HandshakeNotComplete,
        Error::PeerSentOversizedRecord,
        Error::NoApplicationProtocol,
        Error::BadMaxFragmentSize,
    ];
    for error in errors {
        let said = of(&error).to_string();
        assert!(!said.contains("LIBRARY"), "{said}");
        let theirs = format!("{error:?}");
        let kind = theirs.split(['(', ' ', '{']).next().unwrap();
        assert!(!said.contains(kind), "{said}");
    }
}

#[test]
fn a_long_list_of_names_is_cut() {
    let secrets = Secrets::default();
    let names = (0..100).map(|at| secrets.redact(format!("node-{at}.example").as_bytes()));
    let fault = |names, fitting| TlsFault::WrongName { names, fitting }.to_string();
    let said = fault(names.collect(), None);
    assert!(said.contains("node-7.example and others"), "{said}");
    assert!(!said.contains("node-8"), "{said}");
    let said = fault(Vec::new(), None);
    assert!(
        said.contains("common name") && said.contains("tls_pin_sha256"),
        "{said}"
    );
}
