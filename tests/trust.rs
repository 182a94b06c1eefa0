//! Whom we believe, from outside: serving certificates of every kind, and no TLS at all.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;

use support::plugin::{Plugin, block, command};
use support::scrape::{assert_failed, assert_good, config, once, start};
use test_kubelet::{Options, Serving, TestKubelet};

#[test]
fn serving_certificates_that_are_not_believed() {
    for (serving, words) in [
        (Serving::Expired, "expired"),
        (Serving::NotYetValid, "is valid from"),
        (Serving::CaIssuedNameOnly, "tls_server_name"),
        (Serving::SelfSigned, "tls_server_name"),
        (Serving::OpensslLeaf, "CA"),
        (Serving::Unapproved, "kubectl get csr"),
    ] {
        let kubelet = start(serving);
        let left = once(&kubelet, &block(&kubelet));
        assert_failed(&left, "tls", None, &["TLS", words]);
        assert!(
            kubelet.requests().is_empty(),
            "{serving:?}: a token was sent to a server that is not believed"
        );
    }
}

#[test]
fn a_ca_that_did_not_sign() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    let wrong = config(
        &kubelet,
        &[("tls_ca", &files.other_ca), ("bearer_token", &files.token)],
    );
    assert_failed(&once(&kubelet, &wrong), "tls", None, &["tls_ca"]);
    // No ServiceAccount here, so the default is the system's store, which knows nothing of the test's CA either.
    let default = config(&kubelet, &[("bearer_token", &files.token)]);
    assert_failed(&once(&kubelet, &default), "tls", None, &["tls_ca"]);
    let missing = config(
        &kubelet,
        &[
            ("tls_ca", Path::new("/nowhere/ca.crt")),
            ("bearer_token", &files.token),
        ],
    );
    assert_failed(
        &once(&kubelet, &missing),
        "credential",
        None,
        &["tls_ca /nowhere/ca.crt"],
    );
    assert!(kubelet.requests().is_empty());
}

#[test]
fn ways_to_believe() {
    for serving in [Serving::CaIssuedNameOnly, Serving::SelfSigned] {
        let kubelet = start(serving);
        let named = format!("{}  tls_server_name = \"test-node\"\n", block(&kubelet));
        assert_good(&once(&kubelet, &named));
    }
    let kubelet = start(Serving::OpensslLeaf);
    let skip = format!(
        "{}  insecure_skip_verify = true\n",
        config(&kubelet, &[("bearer_token", &kubelet.files().token)])
    );
    let left = once(&kubelet, &skip);
    assert_good(&left);
    assert!(
        left.stderr
            .iter()
            .any(|line| line.starts_with("W! ") && line.contains("insecure_skip_verify")),
        "{left:#?}"
    );
    let kubelet = TestKubelet::start(Options {
        ip: std::net::Ipv6Addr::LOCALHOST.into(),
        ..Options::default()
    });
    assert!(kubelet.url().contains("[::1]"));
    assert_good(&once(&kubelet, &block(&kubelet)));
}

#[test]
fn several_cas_and_the_nodes_own_name() {
    let kubelet = start(Serving::CaIssuedNameOnly);
    let files = kubelet.files();
    let token = config(&kubelet, &[("bearer_token", &files.token)]);
    let (ca, other) = (files.ca.display(), files.other_ca.display());
    let bundle = files.dir.join("bundle.crt");
    let both = [&files.other_ca, &files.ca].map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(&bundle, both.concat()).unwrap();
    for cas in [
        format!("[\"{other}\", \"{ca}\"]"),
        format!("\"{}\"", bundle.display()),
    ] {
        let config = format!("{token}  tls_ca = {cas}\n  tls_server_name = \"$NODE_NAME\"\n");
        let dir = tempfile::tempdir().unwrap();
        let mut command = command(dir.path(), &config);
        command.env("NODE_NAME", "test-node");
        assert_good(&Plugin::once(command));
    }
}

/// A server that knows TLS 1.1 only: the hello of one, which the program must not go on from.
#[test]
fn an_older_tls_is_not_spoken() {
    let kubelet = start(Serving::CaIssued);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = block(&kubelet).replace(
        &kubelet.addr().to_string(),
        &listener.local_addr().unwrap().to_string(),
    );
    let hello = [
        &[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..],
        &[7; 32],
        &[0, 0xc0, 0x2f, 0],
    ]
    .concat();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(&hello).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        rest
    });
    assert_failed(
        &once(&kubelet, &config),
        "tls",
        None,
        &["no TLS version in common"],
    );
    let alert = served.join().unwrap();
    assert!(
        alert.starts_with(&[21]),
        "nothing but an alert is sent back: {alert:?}"
    );
}

/// The hash of the key in the first certificate of a file, in hexadecimal: what `openssl dgst -sha256` says of it.
fn pin_in(file: &Path) -> String {
    let pem = std::fs::read(file).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    let key = pem.parse_x509().unwrap().tbs_certificate.subject_pki.raw.to_vec();
    let digest = ring::digest::digest(&ring::digest::SHA256, &key);
    format!("{digest:?}").replace("SHA256:", "")
}

#[test]
fn a_pinned_key_is_believed_whatever_its_certificate_and_no_other() {
    for serving in [Serving::SelfSigned, Serving::OpensslLeaf] {
        let kubelet = start(serving);
        let token = config(&kubelet, &[("bearer_token", &kubelet.files().token)]);
        let pinned = |pins: &str| format!("{token}  tls_pin_sha256 = {pins}\n");
        let first = pin_in(&kubelet.files().ca);
        assert_good(&once(&kubelet, &pinned(&format!("{first:?}"))));

        // The key is replaced: told which one came, and both may be listed meanwhile.
        kubelet.rotate_serving();
        let requests = kubelet.requests().len();
        let left = once(&kubelet, &pinned(&format!("{first:?}")));
        assert_failed(&left, "tls", None, &["tls_pin_sha256", "add"]);
        assert_eq!(
            kubelet.requests().len(),
            requests,
            "a token was sent to another key"
        );
        let said = left.stderr.iter().find(|line| line.starts_with("E! ")).unwrap();
        let second = said.rsplit('"').nth(1).unwrap();
        assert_good(&once(&kubelet, &pinned(&format!("[{first:?}, {second:?}]"))));
    }
}

#[test]
fn the_wrong_protocol() {
    let kubelet = start(Serving::CaIssued);
    let plain = format!("[[inputs.kubelet]]\n  url = \"http://{}\"\n", kubelet.addr());
    let left = once(&kubelet, &plain);
    assert_failed(&left, "tls", Some(400), &["https://"]);

    let kubelet = start(Serving::PlainHttp);
    let tls = block(&kubelet).replace("http://", "https://");
    assert_failed(&once(&kubelet, &tls), "tls", None, &["TLS"]);
}

#[test]
fn the_read_only_port_works_with_a_warning_and_without_any_credential() {
    let kubelet = start(Serving::PlainHttp);
    let left = once(&kubelet, &config(&kubelet, &[]));
    assert_good(&left);
    assert!(
        left.stderr
            .iter()
            .any(|line| line.starts_with("W! ") && line.contains("deprecated")),
        "{left:#?}"
    );
    assert!(!kubelet.requests()[0].authorization);
}
