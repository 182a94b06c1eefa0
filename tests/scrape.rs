//! A request and its answer from outside: what is asked, of whom, and over which connection. Answers that are none are in
//! `tests/faults`.

mod support;

use support::plugin::{Plugin, block, command};
use support::scrape::{assert_failed, assert_good, once, start};
use test_kubelet::{Fault, Options, Serving, TestKubelet};

#[test]
fn the_request_is_what_a_kubelet_expects() {
    for options in Options::over_both() {
        let version = if options.http2 { "2" } else { "1.1" };
        let kubelet = TestKubelet::start(options);
        assert_good(&once(&kubelet, &block(&kubelet)));
        let seen = &kubelet.requests()[0];
        assert_eq!(
            (seen.method.as_str(), seen.path.as_str()),
            ("GET", "/stats/summary")
        );
        assert_eq!(seen.version, version);
        let header = |name: &str| {
            seen.headers
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(header("accept"), Some("application/json"));
        assert_eq!(
            header("user-agent"),
            Some(concat!("telegraf-kubelet/", env!("CARGO_PKG_VERSION")))
        );
    }
}

#[test]
fn a_redirect_is_not_followed_and_no_proxy_is_asked() {
    let (kubelet, elsewhere) = (start(Serving::CaIssued), start(Serving::PlainHttp));
    kubelet.set_fault(Fault::Redirect(format!(
        "{}/stats/summary?secret=1",
        elsewhere.url()
    )));
    let left = once(&kubelet, &block(&kubelet));
    assert_failed(&left, "bad_answer", Some(302), &["127.0.0.1"]);
    assert!(!left.stderr.concat().contains("secret=1"));
    kubelet.set_fault(Fault::None);

    let dir = tempfile::tempdir().unwrap();
    let mut command = command(dir.path(), &block(&kubelet));
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        command.env(name, elsewhere.url());
    }
    assert_good(&Plugin::once(command));
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn a_connection_is_kept_and_one_that_died_is_made_anew() {
    for options in Options::over_both() {
        kept_and_made_anew(options);
    }
}

fn kept_and_made_anew(options: Options) {
    let dir = tempfile::tempdir().unwrap();
    let kubelet = TestKubelet::start_in(options.clone(), dir.path());
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    for _ in 0..3 {
        plugin.tick();
        assert!(plugin.batch().last().unwrap().contains("result=success,"));
    }
    assert_eq!(kubelet.connections(), 1);
    // A kubelet that restarts: the same port, new certificates, the old connection gone.
    let port = kubelet.port();
    drop(kubelet);
    let _kubelet = TestKubelet::start_in(Options { port, ..options }, dir.path());
    plugin.tick();
    let batch = plugin.batch();
    assert!(batch.last().unwrap().contains("result=success,"), "{batch:#?}");
}

/// A kubelet that lost sight of its containers says so by nothing else.
#[test]
fn pods_that_are_gone_are_told_once_and_when_they_are_back() {
    let kubelet = start(Serving::CaIssued);
    let summary = |pods| {
        format!(r#"{{"node":{{"nodeName":"n","memory":{{"rssBytes":1}}}},"pods":[{pods}]}}"#).into_bytes()
    };
    let pod = r#"{"podRef":{"name":"p","namespace":"default","uid":"u"},"memory":{"rssBytes":1}}"#;
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    // None from the start is a node without pods.
    for pods in ["", pod, "", "", pod, pod] {
        kubelet.set_body(Some(summary(pods)));
        plugin.tick();
        plugin.batch();
    }
    plugin.close_stdin();
    let left = plugin.wait(support::plugin::PATIENCE);
    let said: Vec<_> = left.stderr.iter().filter(|line| line.contains("pod")).collect();
    assert_eq!(said.len(), 2, "{left:#?}");
    assert!(said[0].starts_with("W! ") && said[0].contains("lists no pod any more, 1 at the last tick"));
    assert!(said[1].starts_with("I! ") && said[1].contains("lists 1 pods again"));
}
