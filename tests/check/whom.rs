//! Whom we believe, wrong in every way: serving certificates, and clocks.

use test_kubelet::{Serving, TestKubelet, TokenSpec};

use super::harness::assert_failure;
use super::support::check::check;
use super::support::plugin::block;
use super::support::scrape::{config, start, with_token};

#[test]
fn serving_certificates() {
    for (serving, diagnosis, words) in [
        (
            Serving::Unapproved,
            "serving_csr_pending",
            &["kubectl get csr", "kubectl certificate approve"][..],
        ),
        (Serving::Expired, "serving_expired", &["kubectl get csr"]),
        (Serving::NotYetValid, "serving_not_yet_valid", &["date -u"]),
        (
            Serving::InYears,
            "clock_wrong",
            &["behind by 5 years", "timedatectl"],
        ),
        (
            Serving::CaIssuedNameOnly,
            "serving_wrong_address",
            &["tls_server_name = \\\"test-node\\\"", "spec.nodeName"],
        ),
        (Serving::OpensslLeaf, "serving_is_ca", &["tls_pin_sha256 = ["]),
        (Serving::ForClients, "serving_purpose", &["server auth"]),
    ] {
        let kubelet = start(serving);
        let checked = assert_failure(&kubelet, &block(&kubelet), &[], ["tls", diagnosis], words);
        assert_eq!(checked.requests, 0, "{serving:?}: something was sent");
    }
}

#[test]
fn serving_certificates_and_what_is_configured() {
    let other_ca = |kubelet: &TestKubelet| {
        let files = kubelet.files();
        config(
            kubelet,
            &[("tls_ca", &files.other_ca), ("bearer_token", &files.token)],
        )
    };
    let kubelet = start(Serving::SelfSigned);
    let words = [
        "/var/lib/kubelet/pki/kubelet.crt",
        "serverTLSBootstrap: true",
        "tls_pin_sha256 = [",
        "pod-security.kubernetes.io/enforce=privileged",
    ];
    assert_failure(
        &kubelet,
        &other_ca(&kubelet),
        &[],
        ["tls", "serving_self_signed"],
        &words,
    );
    // What the namespace that is shipped refuses comes behind what works in it.
    let said = check(&kubelet, &other_ca(&kubelet), &[]).said();
    let at = |words: &str| said.find(words).unwrap();
    assert!(at("serverTLSBootstrap") < at("hostPath") && at("tls_pin_sha256 = [") < at("hostPath"));

    let kubelet = start(Serving::CaIssued);
    let words = ["CN=kubernetes", "openssl s_client"];
    assert_failure(
        &kubelet,
        &other_ca(&kubelet),
        &[],
        ["tls", "serving_unknown_issuer"],
        &words,
    );
    let old = std::fs::read_to_string(&kubelet.files().ca).unwrap();
    kubelet.replace_ca();
    std::fs::write(&kubelet.files().ca, old).unwrap();
    assert_failure(
        &kubelet,
        &block(&kubelet),
        &[],
        ["tls", "serving_other_ca"],
        &["another"],
    );

    let pinned = format!(
        "{}  tls_pin_sha256 = \"{}\"\n",
        config(&kubelet, &[("bearer_token", &kubelet.files().token)]),
        "ab".repeat(32)
    );
    assert_failure(
        &kubelet,
        &pinned,
        &[],
        ["tls", "pin_mismatch"],
        &["tls_pin_sha256 = ["],
    );

    let kubelet = start(Serving::CaIssuedNameOnly);
    let by_name = block(&kubelet).replace("127.0.0.1", "localhost");
    assert_failure(
        &kubelet,
        &by_name,
        &[],
        ["tls", "serving_wrong_name"],
        &["test-node"],
    );
    // Where the downward API knows the name, that is the mend.
    let node = [("NODE_NAME", "test-node")];
    assert_failure(
        &kubelet,
        &by_name,
        &node,
        ["tls", "serving_wrong_name"],
        &["tls_server_name = \\\"$NODE_NAME\\\""],
    );
}

#[test]
fn no_ca_and_the_wrong_name() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    let no_ca = config(&kubelet, &[("bearer_token", &files.token)]);
    let empty = [("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/nowhere")];
    let words = ["tls_ca", "store is empty"];
    assert_failure(&kubelet, &no_ca, &empty, ["files", "file_unusable"], &words);
    let other = format!("{}  tls_server_name = \"other-node\"\n", block(&kubelet));
    assert_failure(
        &kubelet,
        &other,
        &[],
        ["tls", "serving_wrong_name"],
        &["test-node"],
    );
}

/// When all that we have expired years ago, it is the clock.
#[test]
fn a_clock_of_the_future() {
    let kubelet = start(Serving::YearsAgo);
    let token = kubelet.files().dir.join("old.token");
    let spec = TokenSpec {
        valid_from: -4 * 365 * 86_400,
        valid_until: -3 * 365 * 86_400,
        ..TokenSpec::default()
    };
    kubelet.write_token(&token, &spec);
    let words = ["ahead by", "timedatectl"];
    assert_failure(
        &kubelet,
        &with_token(&kubelet, &token),
        &[],
        ["tls", "clock_wrong"],
        &words,
    );
    // With a fresh token it is the certificate that is old.
    assert_failure(
        &kubelet,
        &block(&kubelet),
        &[],
        ["tls", "serving_expired"],
        &["expired on"],
    );
}
