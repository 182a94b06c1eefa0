//! Whom we believe: each serving certificate that a kubelet may have, and what is said of the ones that are refused.

use telegraf_kubelet::client::Anchors;
use telegraf_kubelet::kubelet::{Cause, ScrapeError, Scraper, TlsFault};
use telegraf_kubelet::redact::Redacted;
use test_kubelet::{Options, Serving, TestKubelet};

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
