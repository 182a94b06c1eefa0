//! Whom we believe: each serving certificate that a kubelet may have, and what is said of the ones that are refused.

use telegraf_kubelet::client::{Anchors, Trust};
use telegraf_kubelet::kubelet::{Cause, ScrapeError, Scraper, TlsFault, common_name};
use telegraf_kubelet::redact::{Redacted, Secrets};
use test_kubelet::{Odd, Options, Serving, TestKubelet};

use super::{config, refused, scrape, scraper, token};

fn serving(serving: Serving) -> TestKubelet {
    TestKubelet::start(Options {
        serving,
        ..Options::default()
    })
}

async fn fault(scraper: &mut Scraper) -> TlsFault {
    match scrape(scraper).await.unwrap_err() {
        ScrapeError::Tls(fault) => fault,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_name_is_asked_for_where_the_address_is_not_in_the_certificate() {
    // SelfSigned's file holds the leaf and its CA, as the node's kubelet.crt does.
    for shape in [Serving::CaIssuedNameOnly, Serving::SelfSigned] {
        let kubelet = serving(shape);
        let mut config = config(&kubelet, token(&kubelet.files().token));
        let fault = fault(&mut config.scraper()).await;
        let names = vec![Redacted::ours("test-node")];
        let fitting = Some(Redacted::ours("test-node"));
        assert_eq!(fault, TlsFault::WrongName { names, fitting }, "{shape:?}");
        assert!(
            fault.to_string().contains("tls_server_name = \"test-node\""),
            "{fault}"
        );

        config.target.server_name = Some("test-node".to_owned());
        scrape(&mut config.scraper()).await.unwrap();
        config.target.server_name = Some("another-node".to_owned());
        assert!(scrape(&mut config.scraper()).await.is_err());
    }
}

#[tokio::test]
async fn each_refused_certificate_has_its_mend() {
    let cases = [
        (Serving::Expired, "expired on"),
        (Serving::NotYetValid, "is valid from"),
        (Serving::OpensslLeaf, "CA:TRUE"),
    ];
    for (shape, words) in cases {
        let kubelet = serving(shape);
        let error = scrape(&mut scraper(&kubelet, token(&kubelet.files().token)))
            .await
            .unwrap_err();
        assert_eq!(error.cause(), Cause::Tls);
        assert!(error.to_string().contains(words), "{shape:?}: {error}");
        assert!(kubelet.requests().is_empty(), "{shape:?}: nothing was sent");
    }
}

#[tokio::test]
async fn another_ca_of_the_same_name_is_told_from_an_unknown_one() {
    let kubelet = serving(Serving::CaIssued);
    let mut config = config(&kubelet, token(&kubelet.files().token));
    config.client.trust.anchors = Anchors::Files(vec![kubelet.files().other_ca.clone()]);
    let issuer = Redacted::ours("CN=kubernetes");
    assert_eq!(
        fault(&mut config.scraper()).await,
        TlsFault::UnknownIssuer {
            issuer: issuer.clone(),
            self_signed: false
        }
    );
    let elsewhere = serving(Serving::CaIssued);
    config.client.trust.anchors = Anchors::Files(vec![elsewhere.files().ca.clone()]);
    assert_eq!(
        fault(&mut config.scraper()).await,
        TlsFault::OtherKeyOfIssuer { issuer }
    );
    let both = vec![elsewhere.files().ca.clone(), kubelet.files().ca.clone()];
    config.client.trust.anchors = Anchors::Files(both);
    scrape(&mut config.scraper()).await.unwrap();
}

#[tokio::test]
async fn unverified_is_what_it_says_and_tells_the_expiry_still() {
    let kubelet = serving(Serving::Expired);
    let mut config = config(&kubelet, token(&kubelet.files().token));
    config.client.trust.anchors = Anchors::Unverified;
    let mut scraper = config.scraper();
    assert_eq!(scraper.expiries().serving_certificate, None);
    scrape(&mut scraper).await.unwrap();
    assert!(scraper.expiries().serving_certificate.unwrap().seconds < -3_000);
}

#[tokio::test]
async fn only_tls13_where_so_asked() {
    let kubelet = serving(Serving::CaIssued);
    let mut config = config(&kubelet, token(&kubelet.files().token));
    config.client.trust.tls13_only = true;
    scrape(&mut config.scraper()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_verified_with_is_named() {
    let kubelet = serving(Serving::SelfSigned);
    let ca = &kubelet.files().ca;
    let mut scraper = scraper(&kubelet, token(&kubelet.files().token));
    let chain = std::fs::read_to_string(ca).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    let (leaf, _) = chain.split_at(chain.find(end).unwrap() + end.len());
    let cases = [
        ("no certificate\n", "holds no CERTIFICATE"),
        (leaf, "only what a CA has signed"),
        (&chain[..chain.len() - 40], "not whole PEM"),
    ];
    for (content, words) in cases {
        std::fs::write(ca, content).unwrap();
        let said = refused(&mut scraper).await;
        assert!(said.contains(words) && said.contains("ca.crt"), "{said}");
    }
    std::fs::remove_file(ca).unwrap();
    assert!(refused(&mut scraper).await.contains("no such file"));
}

/// The name by which a node's own certificates go, beside the address that it has.
#[tokio::test]
async fn a_node_proves_its_name_beside_its_address() {
    let node = |name: &str, shape: Serving| {
        TestKubelet::start(Options {
            node_name: name.to_owned(),
            serving: shape,
            ..Options::default()
        })
    };
    let asked = |kubelet: &TestKubelet, node: &str| {
        let mut config = config(kubelet, token(&kubelet.files().token));
        config.target.common_name = Some(common_name(node));
        config
    };
    let kubelet = node("node-a", Serving::CaIssued);
    scrape(&mut asked(&kubelet, "node-a").scraper()).await.unwrap();
    let before = kubelet.requests().len();
    for other in ["node-b", "node-", "node-a1", "Node-a", "node-a.example", ""] {
        let fault = fault(&mut asked(&kubelet, other).scraper()).await;
        let want = TlsFault::OtherNode {
            wanted: Secrets::default().redact(common_name(other).as_bytes()),
            shown: Some(Redacted::ours("system:node:node-a")),
        };
        assert_eq!(fault, want, "{other:?}");
        let said = fault.to_string();
        let words = ["\"system:node:node-a\"", "another node has", "kubectl get nodes"];
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    assert_eq!(
        kubelet.requests().len(),
        before,
        "a token was sent to another node"
    );

    // One that was made by hand, or by the kubelet itself: it is of the node, and does not say so.
    let kubelet = node("node-a", Serving::SelfSigned);
    let mut config = asked(&kubelet, "node-a");
    config.target.server_name = Some("node-a".to_owned());
    let said = fault(&mut config.scraper()).await.to_string();
    let words = ["node-a@", "serverTLSBootstrap", "take tls_verify_node out"];
    assert!(words.iter().all(|word| said.contains(word)), "{said}");

    // Two common names are two nodes', whichever comes first.
    let kubelet = node("node-a", Serving::Odd(Odd::TwoCommonNames));
    for name in ["node-a", "another"] {
        let fault = fault(&mut asked(&kubelet, name).scraper()).await;
        assert!(matches!(fault, TlsFault::OtherNode { .. }), "{fault}");
    }
    assert!(kubelet.requests().is_empty());

    // Whoever is believed by an address alone is believed first: a name is no proof of an issuer.
    let kubelet = node("node-a", Serving::CaIssued);
    let mut config = asked(&kubelet, "node-b");
    config.client.trust.anchors = Anchors::Files(vec![kubelet.files().other_ca.clone()]);
    let fault = fault(&mut config.scraper()).await;
    assert!(matches!(fault, TlsFault::UnknownIssuer { .. }), "{fault}");
}

/// There it proves nothing, and is not passed over either: who asks for a name gets it or nothing.
#[tokio::test]
async fn a_name_that_is_asked_for_is_never_passed_over() {
    let kubelet = serving(Serving::CaIssued);
    let mut config = config(&kubelet, token(&kubelet.files().token));
    config.target.common_name = Some(common_name("another"));
    for anchors in [
        Anchors::Unverified,
        Anchors::Files(vec![kubelet.files().ca.clone()]),
    ] {
        for tls13_only in [false, true] {
            config.client.trust = Trust {
                anchors: anchors.clone(),
                tls13_only,
            };
            let fault = fault(&mut config.scraper()).await;
            assert!(matches!(fault, TlsFault::OtherNode { .. }), "{fault}");
        }
    }
    assert!(kubelet.requests().is_empty());
}
