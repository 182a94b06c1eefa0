//! One request: what is sent, what is read, and the word for each way it can fail.

use std::net::TcpListener;
use std::time::Duration;

use telegraf_kubelet::client::{Anchors, Credential, Phase, Scheme};
use telegraf_kubelet::kubelet::{Cause, ScrapeError};
use test_kubelet::{Fault, Options, Serving, TestKubelet};

use super::{certificate, config, refused, scrape, scraper, token};

#[tokio::test]
async fn asks_as_a_kubelet_wants_to_be_asked() {
    for options in Options::over_both() {
        asks(options).await;
    }
}

async fn asks(options: Options) {
    let version = if options.http2 { "2" } else { "1.1" };
    let kubelet = TestKubelet::start(options);
    let mut scraper = scraper(&kubelet, token(&kubelet.files().token));
    let mut body = b"before".to_vec();
    assert_eq!(scraper.scrape(&mut body).await.unwrap().status, 200);

    assert_eq!(
        body.strip_prefix(b"before").unwrap(),
        &**kubelet.last_body().unwrap()
    );
    let seen = &kubelet.requests()[0];
    assert_eq!(
        (&*seen.method, &*seen.path, seen.version),
        ("GET", "/stats/summary", version)
    );
    let header = |name: &str| {
        let header = seen.headers.iter().find(|(header, _)| header == name);
        header.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("accept"), Some("application/json"));
    assert!(header("user-agent").unwrap().starts_with("telegraf-kubelet/"));
    for none in ["referer", "cookie", "accept-encoding"] {
        assert_eq!(header(none), None);
    }
}

#[tokio::test]
async fn a_large_answer_and_ipv6_do_as_well() {
    for options in Options::over_both() {
        let kubelet = TestKubelet::start(Options {
            ip: std::net::Ipv6Addr::LOCALHOST.into(),
            pods: 110,
            ..options
        });
        let mut scraper = scraper(&kubelet, token(&kubelet.files().token));
        let mut body = Vec::new();
        scraper.scrape(&mut body).await.unwrap();
        assert_eq!(body, **kubelet.last_body().unwrap());
        let host = format!("[::1]:{}", kubelet.port());
        let seen = &kubelet.requests()[0];
        let told = seen.headers.iter().find(|(name, _)| name == "host");
        // In HTTP/2 it is part of the path that is asked for.
        assert_eq!(
            told.map(|(_, host)| host.as_str()),
            (seen.version == "1.1").then_some(host.as_str())
        );
    }
}

#[tokio::test]
async fn never_shows_two_identities() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    scrape(&mut scraper(&kubelet, token(&files.token))).await.unwrap();
    let certificate = certificate(&files.client_cert, &files.client_key);
    scrape(&mut scraper(&kubelet, certificate)).await.unwrap();

    let shown: Vec<_> = kubelet
        .requests()
        .iter()
        .map(|seen| (seen.authorization, seen.client_certificate))
        .collect();
    assert_eq!(shown, [(true, false), (false, true)]);
}

#[tokio::test]
async fn each_refusal_has_its_cause_and_the_kubelets_words() {
    let status = |code, body: &str| Fault::Status {
        code,
        body: body.to_owned(),
    };
    let cases = [
        (
            status(401, "Unauthorized"),
            Cause::Unauthorized,
            "webhook authentication is off",
        ),
        (
            status(
                403,
                "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[stats])\n",
            ),
            Cause::Forbidden,
            "user=u, verb=get",
        ),
        (
            status(
                500,
                "Authorization error (user=u, verb=get, resource=nodes, subresource=stats)",
            ),
            Cause::ApiServerUnreachable,
            "cannot reach its API server",
        ),
        (Fault::NotReady, Cause::NotReady, "failed to get node info"),
        (status(500, "panic"), Cause::BadAnswer, "answers 500: panic"),
        (
            status(404, "404: Page Not Found"),
            Cause::BadAnswer,
            "404: Page Not Found",
        ),
        (
            Fault::Redirect("https://user:secret@elsewhere.example/login?token=secret".to_owned()),
            Cause::BadAnswer,
            "redirects to elsewhere.example",
        ),
        (Fault::Truncated, Cause::BadAnswer, "broke off"),
        (
            Fault::Oversized(64 * 1024 * 1024 + 1),
            Cause::BadAnswer,
            "larger than 64 MiB",
        ),
    ];
    for options in Options::over_both() {
        let kubelet = TestKubelet::start(options);
        let mut scraper = scraper(&kubelet, token(&kubelet.files().token));
        for (fault, cause, words) in &cases {
            kubelet.set_fault(fault.clone());
            let error = scrape(&mut scraper).await.unwrap_err();
            assert_eq!(error.cause(), *cause, "{fault:?}: {error}");
            let said = error.to_string();
            assert!(
                said.contains(words) && !said.contains("secret"),
                "{fault:?}: {said}"
            );
            assert!(!said.contains(char::is_control), "{fault:?}: {said}");
        }
        kubelet.set_fault(Fault::None);
        scrape(&mut scraper).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_ends_is_tried_anew_once_and_only_if_it_was_kept() {
    for options in Options::over_both() {
        let kubelet = TestKubelet::start(options);
        let mut scraper = scraper(&kubelet, token(&kubelet.files().token));
        kubelet.set_fault(Fault::Drop);
        let error = scrape(&mut scraper).await.unwrap_err();
        assert!(matches!(error, ScrapeError::Closed(_)), "{error}");
        assert_eq!(kubelet.connections(), 1);

        kubelet.set_fault(Fault::None);
        scrape(&mut scraper).await.unwrap();
        scrape(&mut scraper).await.unwrap();
        assert_eq!(
            kubelet.connections(),
            2,
            "the second scrape used the first one's connection"
        );

        kubelet.set_fault(Fault::Drop);
        let error = scrape(&mut scraper).await.unwrap_err();
        assert_eq!(error.cause(), Cause::ConnectionFailed);
        assert_eq!(kubelet.connections(), 3, "one more attempt, no two");
    }
}

#[tokio::test]
async fn a_deadline_says_how_far_it_came_and_leaves_no_connection_behind() {
    for options in Options::over_both() {
        too_late(&TestKubelet::start(options)).await;
    }
}

async fn too_late(kubelet: &TestKubelet) {
    let mut impatient = config(kubelet, token(&kubelet.files().token));
    impatient.client.response_timeout = Duration::from_secs(1);
    let mut scraper = impatient.scraper();
    let phase = |error| match error {
        ScrapeError::Timeout { phase, .. } => phase,
        other => panic!("{other}"),
    };

    kubelet.set_fault(Fault::Silent);
    assert_eq!(phase(scrape(&mut scraper).await.unwrap_err()), Phase::Waiting);
    kubelet.set_fault(Fault::HoldBody);
    let Phase::Reading(bytes) = phase(scrape(&mut scraper).await.unwrap_err()) else {
        panic!("half the body was there");
    };
    assert!(bytes > 0);
    kubelet.set_fault(Fault::None);
    scrape(&mut scraper).await.unwrap();
    assert_eq!(kubelet.connections(), 3);
}

#[tokio::test]
async fn nobody_at_the_port() {
    let kubelet = TestKubelet::start(Options::default());
    let other = TestKubelet::start(Options::default());
    let mut config = config(&kubelet, token(&other.files().token));
    config.client.trust.anchors = Anchors::Files(vec![other.files().ca.clone()]);
    drop(kubelet);
    let error = scrape(&mut config.scraper()).await.unwrap_err();
    assert_eq!(error.cause(), Cause::ConnectionFailed);
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_port_that_says_nothing() {
    let kubelet = TestKubelet::start(Options::default());
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config(&kubelet, token(&kubelet.files().token));
    config.target.url.port = mute.local_addr().unwrap().port().try_into().unwrap();
    config.client.response_timeout = Duration::from_millis(100);
    let error = scrape(&mut config.scraper()).await.unwrap_err();
    let (limit, phase) = (config.client.response_timeout, Phase::Handshaking);
    assert_eq!(error, ScrapeError::Timeout { limit, phase });
}

#[tokio::test]
async fn the_read_only_port_needs_no_credential_and_no_ca() {
    let kubelet = TestKubelet::start(Options {
        serving: Serving::PlainHttp,
        ..Options::default()
    });
    std::fs::remove_file(&kubelet.files().ca).unwrap();
    let mut scraper = scraper(&kubelet, Credential::None);
    scrape(&mut scraper).await.unwrap();
    let expiries = scraper.expiries();
    assert_eq!((expiries.token, expiries.serving_certificate), (None, None));
}

#[tokio::test]
async fn no_credential_is_ever_sent_over_plain_http() {
    let kubelet = TestKubelet::start(Options {
        serving: Serving::PlainHttp,
        ..Options::default()
    });
    let mut plain = config(&kubelet, token(&kubelet.files().token));
    plain.target.url.scheme = Scheme::Http;
    scrape(&mut plain.scraper()).await.unwrap();
    assert!(!kubelet.requests()[0].authorization);
}

#[tokio::test]
async fn http_and_https_taken_for_each_other() {
    let kubelet = TestKubelet::start(Options::default());
    let mut plain = config(&kubelet, Credential::None);
    plain.target.url.scheme = Scheme::Http;
    let error = scrape(&mut plain.scraper()).await.unwrap_err();
    assert_eq!((error.cause(), error.status()), (Cause::Tls, Some(400)));
    assert!(error.to_string().contains("write https://"), "{error}");

    let kubelet = TestKubelet::start(Options {
        serving: Serving::PlainHttp,
        ..Options::default()
    });
    let mut tls = config(&kubelet, token(&kubelet.files().token));
    tls.target.url.scheme = Scheme::Https;
    let said = refused(&mut tls.scraper()).await;
    assert!(said.contains("no TLS is spoken"), "{said}");
}
