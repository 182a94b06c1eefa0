//! Serving certificates that no kubelet makes by itself, and that tools and old clusters make: each is told as what it is,
//! by `check` and by the log alike, and what is advised works.

use test_kubelet::{Odd, Serving, TestKubelet};

use super::harness::assert_failure;
use super::support::plugin::block;
use super::support::scrape::{assert_failed, assert_good, config, once, start};

/// Words of libraries. None of them is ours.
const THEIRS: [&str; 6] = ["{ ", "Error", "Unsupported", "Context", "Bad", "Invalid"];

/// A kubelet that shows it is refused, with these words in the log and in the check, and nothing of ours is sent.
fn assert_refused(odd: Odd, diagnosis: &str, words: &[&str]) -> TestKubelet {
    let kubelet = start(Serving::Odd(odd));
    let left = once(&kubelet, &block(&kubelet));
    assert_failed(&left, "tls", None, words);
    let log = left.stderr.join("\n");
    for theirs in THEIRS {
        assert!(!log.contains(theirs), "{odd:?}: a library speaks in\n{log}");
    }
    let checked = assert_failure(&kubelet, &block(&kubelet), &[], ["tls", diagnosis], words);
    assert_eq!(checked.requests, 0, "{odd:?}: something was sent");
    assert_eq!(
        checked.said().contains("tls_pin_sha256 = ["),
        is_pinned(odd),
        "{odd:?}"
    );
    kubelet
}

/// Whether its key can be pinned, which `check` then advises, and tries.
fn is_pinned(odd: Odd) -> bool {
    !matches!(
        odd,
        Odd::Rsa1024
            | Odd::P521
            | Odd::Garbage
            | Odd::Cut
            | Odd::NotItsKey
            | Odd::OtherKeyBetween
            | Odd::Wildcard
            | Odd::OddNames
    )
}

#[test]
fn keys_of_a_kubelet_that_are_not_taken() {
    for (odd, words) in [
        (Odd::Rsa1024, "the kubelet's key is RSA with 1024 bits"),
        (Odd::P521, "ECDSA P-521"),
    ] {
        let kubelet = assert_refused(odd, "serving_key", &[words]);
        // Whoever vouches for it, and if nobody has to: it is the key itself.
        let token = config(&kubelet, &[("bearer_token", &kubelet.files().token)]);
        for trust in [
            "insecure_skip_verify = true".to_owned(),
            format!("tls_pin_sha256 = \"{}\"", pin_of(&kubelet)),
        ] {
            let config = format!("{token}  {trust}\n");
            assert_failed(&once(&kubelet, &config), "tls", None, &[words]);
            let checked = assert_failure_of_key(&kubelet, &config);
            assert!(checked.contains("no option changes that"), "{checked}");
        }
        assert!(kubelet.requests().is_empty());
    }
}

/// What a check says that has `serving_key` among its findings.
fn assert_failure_of_key(kubelet: &TestKubelet, config: &str) -> String {
    let checked = super::support::check::check(kubelet, config, &[]);
    let bad = checked.bad();
    assert!(
        bad.contains(&["tls", "failure", "serving_key"]),
        "{}",
        checked.text
    );
    checked.said()
}

/// The hash of the key that a test kubelet shows, in hexadecimal.
fn pin_of(kubelet: &TestKubelet) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, &kubelet.serving_key().unwrap());
    format!("{digest:?}").replace("SHA256:", "")
}

#[test]
fn keys_of_a_ca_that_are_not_taken() {
    for (odd, words) in [
        (Odd::Rsa1024Ca, "whose key is RSA with 1024 bits"),
        (Odd::P521CaSha256, "whose key is ECDSA P-521"),
    ] {
        assert_refused(odd, "serving_ca_key", &["CN=odd-ca", words]);
    }
}

#[test]
fn signatures_that_are_not_taken() {
    for (odd, words) in [
        (Odd::P521Ca, "ECDSA and SHA-512"),
        (Odd::P256Sha512, "ECDSA and SHA-512"),
        (Odd::P384Sha512, "ECDSA and SHA-512"),
        (Odd::EcdsaSha1, "ECDSA and SHA-1"),
        (Odd::EcdsaSha224, "ECDSA and SHA-224"),
        (Odd::RsaSha1, "RSA and SHA-1"),
        (Odd::RsaSha224, "RSA and SHA-224"),
        (Odd::RsaMd5, "RSA and MD5"),
        (Odd::RsaPss, "RSA-PSS with a salt"),
        (Odd::Dsa, "with DSA"),
        (Odd::Ed448, "Ed448"),
        (Odd::UnknownSigning, "the algorithm 1.3.6.1.4.1.99999.2"),
    ] {
        assert_refused(odd, "serving_signature", &["is signed with", words]);
    }
}

#[test]
fn shapes_that_are_not_taken() {
    for (odd, diagnosis, words) in [
        (
            Odd::Critical,
            "serving_extension",
            "the kubelet's certificate has an extension that must be understood, 1.3.6.1.4.1.99999.1",
        ),
        (Odd::CriticalOfCa, "serving_extension", "odd-intermediate"),
        (Odd::Version1, "serving_malformed", "version 1"),
        (Odd::Garbage, "serving_malformed", "is none, or not a whole one"),
        (Odd::Cut, "serving_malformed", "is none, or not a whole one"),
        (Odd::UniqueId, "serving_malformed", "no well-formed X.509"),
        (
            Odd::SaysOtherSigning,
            "serving_malformed",
            "in another way than it is",
        ),
        (Odd::Twice, "serving_malformed", "an extension twice"),
        (Odd::Backwards, "serving_malformed", "ends before it begins"),
    ] {
        assert_refused(odd, diagnosis, &[words]);
    }
}

#[test]
fn chains_that_are_not_taken() {
    for (odd, diagnosis, words) in [
        (Odd::NameConstraint, "serving_chain", "name constraints"),
        (Odd::PathLength, "serving_chain", "pathlen"),
        (Odd::NotACa, "serving_chain", "CA:FALSE"),
        (Odd::LongChain, "serving_chain", "longer than is followed"),
        (
            Odd::CaForClients,
            "serving_chain",
            "lists usages and not `server auth`",
        ),
        (Odd::ExpiredCa, "serving_ca_expired", "odd-intermediate"),
        (Odd::OtherKeyBetween, "serving_other_ca", "another \"CN=odd-ca\""),
    ] {
        let words = words.replace('"', "\\\"");
        let kubelet = start(Serving::Odd(odd));
        let checked = assert_failure(&kubelet, &block(&kubelet), &[], ["tls", diagnosis], &[&words]);
        assert_eq!(checked.requests, 0, "{odd:?}: something was sent");
        assert_eq!(
            checked.said().contains("tls_pin_sha256 = ["),
            is_pinned(odd),
            "{odd:?}"
        );
    }
}

#[test]
fn names_that_cannot_be_asked_for() {
    for odd in [Odd::CommonNameOnly, Odd::UriOnly] {
        assert_refused(odd, "serving_no_name", &["common name"]);
    }
    // In place of a pattern, a name that fits; and of names that the option refuses, one that it takes.
    for (odd, name) in [
        (Odd::Wildcard, "test-node.example.internal"),
        (Odd::OddNames, "test-node"),
    ] {
        let kubelet = assert_refused(odd, "serving_wrong_address", &[name]);
        assert_good(&once(
            &kubelet,
            &format!("{}  tls_server_name = \"{name}\"\n", block(&kubelet)),
        ));
    }
    let kubelet = start(Serving::Odd(Odd::Wildcard));
    for (node, words) in [
        (
            "worker-1",
            "tls_server_name = \\\"${NODE_NAME}.example.internal\\\"",
        ),
        (
            "worker-1.example.internal",
            "tls_server_name = \\\"$NODE_NAME\\\"",
        ),
        (
            "worker-1.elsewhere",
            "tls_server_name = \\\"test-node.example.internal\\\"",
        ),
    ] {
        let want = ["tls", "serving_wrong_address"];
        assert_failure(&kubelet, &block(&kubelet), &[("NODE_NAME", node)], want, &[words]);
    }
}

#[test]
fn a_kubelet_that_does_not_hold_its_key() {
    assert_refused(
        Odd::NotItsKey,
        "serving_not_its_key",
        &["does not prove that it has the key"],
    );
}

/// Odd, and yet as it should be.
#[test]
fn rsa_pss_as_the_rules_have_it() {
    let kubelet = start(Serving::Odd(Odd::RsaPssShort));
    assert_good(&once(&kubelet, &block(&kubelet)));
}
