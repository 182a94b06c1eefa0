//! The kubelet's side from outside: who we say we are, whom we believe, and what is said when it does not work.

mod support;

use std::path::Path;

use support::plugin::{Left, PATIENCE, Plugin, block, command};
use test_kubelet::{Fault, Options, Serving, TestKubelet, TokenSpec, Wording};

fn start(serving: Serving) -> TestKubelet {
    TestKubelet::start(Options {
        serving,
        ..Options::default()
    })
}

/// A block with these lines below the URL.
fn config(kubelet: &TestKubelet, lines: &[(&str, &Path)]) -> String {
    let mut config = format!("[[inputs.kubelet]]\n  url = \"{}\"\n", kubelet.url());
    config.extend(
        lines
            .iter()
            .map(|(key, path)| format!("  {key} = \"{}\"\n", path.display())),
    );
    config
}

fn with_token(kubelet: &TestKubelet, token: &Path) -> String {
    config(
        kubelet,
        &[("tls_ca", &kubelet.files().ca), ("bearer_token", token)],
    )
}

fn with_certificate(kubelet: &TestKubelet, cert: &Path, key: &Path) -> String {
    config(
        kubelet,
        &[
            ("tls_ca", &kubelet.files().ca),
            ("tls_cert", cert),
            ("tls_key", key),
        ],
    )
}

/// One tick, whatever comes of it. No secret that the test kubelet gave out is in any of the output.
fn once(kubelet: &TestKubelet, config: &str) -> Left {
    let dir = tempfile::tempdir().unwrap();
    let left = Plugin::once(command(dir.path(), config));
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    support::lines::parse(&format!("{}\n", left.stdout.join("\n")));
    let said = [left.stdout.join("\n"), left.stderr.join("\n")].concat();
    for entry in std::fs::read_dir(&kubelet.files().dir).unwrap() {
        let path = entry.unwrap().path();
        let secret = path
            .extension()
            .is_some_and(|kind| kind == "key" || kind == "token")
            || path.ends_with("token");
        if secret {
            let text = std::fs::read_to_string(&path).unwrap();
            let body = text.lines().find(|line| !line.starts_with("-----")).unwrap();
            assert!(!said.contains(body), "{} is in the output", path.display());
        }
    }
    left
}

fn assert_good(left: &Left) {
    assert!(
        left.stdout.last().unwrap().contains("result=success"),
        "{left:#?}"
    );
    assert!(left.stdout.len() > 10);
}

/// The tick failed: one line about the scrape with this result, one error with these words.
fn assert_failed(left: &Left, result: &str, status: Option<u16>, words: &[&str]) {
    assert_eq!(left.stdout.len(), 1, "{left:#?}");
    let scrape = &left.stdout[0];
    assert!(scrape.contains(&format!(",result={result},")), "{scrape}");
    assert!(!scrape.contains("result_code=0i"), "{scrape}");
    match status {
        Some(status) => assert!(scrape.contains(&format!(",status_code={status}i")), "{scrape}"),
        None => assert!(!scrape.contains("status_code"), "{scrape}"),
    }
    let errors: Vec<_> = left
        .stderr
        .iter()
        .filter(|line| line.starts_with("E! "))
        .collect();
    assert_eq!(errors.len(), 1, "{left:#?}");
    for word in words {
        assert!(errors[0].contains(word), "{word:?} is not in {errors:?}");
    }
}

#[test]
fn each_identity_is_good_and_goes_alone() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    assert_good(&once(&kubelet, &with_token(&kubelet, &files.token)));
    assert_good(&once(
        &kubelet,
        &with_certificate(&kubelet, &files.client_cert, &files.client_key),
    ));
    let combined = config(
        &kubelet,
        &[("tls_ca", &files.ca), ("tls_cert", &files.client_combined)],
    );
    assert_good(&once(&kubelet, &combined));
    let shown: Vec<_> = kubelet
        .requests()
        .iter()
        .map(|seen| (seen.authorization, seen.client_certificate))
        .collect();
    assert_eq!(shown, [(true, false), (false, true), (false, true)]);
}

#[test]
fn the_request_is_what_a_kubelet_expects() {
    for http1_only in [false, true] {
        let kubelet = TestKubelet::start(Options {
            http1_only,
            ..Options::default()
        });
        assert_good(&once(&kubelet, &block(&kubelet)));
        let seen = &kubelet.requests()[0];
        assert_eq!(
            (seen.method.as_str(), seen.path.as_str()),
            ("GET", "/stats/summary")
        );
        assert_eq!(seen.version, if http1_only { "1.1" } else { "2" });
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
fn refused_tokens() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    for token in [
        &files.expired_token,
        &files.wrong_audience_token,
        &files.not_yet_valid_token,
        &files.garbage_token,
        &files.deleted_token,
    ] {
        let left = once(&kubelet, &with_token(&kubelet, token));
        assert_failed(
            &left,
            "unauthorized",
            Some(401),
            &["401: Unauthorized", "next tick"],
        );
    }
    let left = once(&kubelet, &with_token(&kubelet, &files.unbound_token));
    let words = "Forbidden (user=system:serviceaccount:monitoring:unbound, verb=get, resource=nodes, subresource(s)=[stats])";
    assert_failed(&left, "forbidden", Some(403), &[words, "nodes/stats"]);
}

#[test]
fn refused_certificates() {
    let kubelet = TestKubelet::start(Options {
        wording: Wording::Old,
        ..Options::default()
    });
    let files = kubelet.files();
    for (cert, key) in [
        (&files.foreign_cert, &files.foreign_key),
        (&files.expired_cert, &files.expired_key),
        (&files.server_only_cert, &files.server_only_key),
    ] {
        let left = once(&kubelet, &with_certificate(&kubelet, cert, key));
        assert_failed(&left, "unauthorized", Some(401), &["401: Unauthorized"]);
    }
    let left = once(
        &kubelet,
        &with_certificate(&kubelet, &files.unbound_cert, &files.unbound_key),
    );
    let words = "Forbidden (user=unbound, verb=get, resource=nodes, subresource=stats)";
    assert_failed(&left, "forbidden", Some(403), &[words]);
    let left = once(
        &kubelet,
        &with_certificate(&kubelet, &files.client_cert, &files.unbound_key),
    );
    assert_failed(&left, "credential", None, &["tls_key", "is not the key of"]);
}

#[test]
fn token_files_that_cannot_be_used() {
    let kubelet = start(Serving::CaIssued);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("empty"), " \n").unwrap();
    std::fs::write(path("two-lines"), "a\nb").unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(path("fifo"))
        .status()
        .unwrap();
    assert!(fifo.success());
    for (name, words) in [
        ("missing", "no such file"),
        ("empty", "empty"),
        (".", "directory"),
        ("two-lines", "token"),
        ("fifo", "not a regular file"),
    ] {
        let left = once(&kubelet, &with_token(&kubelet, &path(name)));
        assert_failed(&left, "credential", None, &["bearer_token", words]);
    }
    assert!(kubelet.requests().is_empty());
    let token = std::fs::read_to_string(&kubelet.files().token).unwrap();
    std::fs::write(path("newline"), format!("{token}\n")).unwrap();
    assert_good(&once(&kubelet, &with_token(&kubelet, &path("newline"))));
}

#[test]
fn a_token_is_read_at_each_scrape_and_the_last_good_one_kept() {
    let kubelet = start(Serving::CaIssued);
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("the-token");
    let mut plugin = Plugin::start(command(dir.path(), &with_token(&kubelet, &token)));
    let mut tick = |result: &str| {
        plugin.tick();
        let scrape = plugin.batch().pop().unwrap();
        assert!(scrape.contains(&format!("result={result},")), "{scrape}");
    };
    tick("credential");
    std::fs::copy(&kubelet.files().expired_token, &token).unwrap();
    tick("unauthorized");
    kubelet.write_token(&token, &TokenSpec::default());
    tick("success");
    std::fs::remove_file(&token).unwrap();
    tick("success");
    std::fs::write(&token, "").unwrap();
    tick("success");
    kubelet.write_token(
        &token,
        &TokenSpec {
            account: "unbound".to_owned(),
            ..TokenSpec::default()
        },
    );
    tick("forbidden");
    kubelet.write_token(&token, &TokenSpec::default());
    tick("success");
    plugin.close_stdin();
    let left = plugin.wait(PATIENCE);
    let warnings = left
        .stderr
        .iter()
        .filter(|line| line.starts_with("W! ") && line.contains("read last"))
        .count();
    assert_eq!(warnings, 2, "once for each kind of trouble: {left:#?}");
}

#[test]
fn an_api_server_that_is_away_looks_like_a_bad_token_and_passes() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    kubelet.set_fault(Fault::ApiServerAway);
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    plugin.tick();
    assert!(plugin.batch()[0].contains("result=unauthorized,"));
    kubelet.set_fault(Fault::None);
    plugin.tick();
    assert!(plugin.batch().last().unwrap().contains("result=success,"));

    kubelet.set_fault(Fault::ApiServerAway);
    let left = once(
        &kubelet,
        &with_certificate(&kubelet, &files.client_cert, &files.client_key),
    );
    let words = [
        "Authorization error (user=telegraf-kubelet, verb=get, resource=nodes, subresource=stats)",
        "API server",
    ];
    assert_failed(&left, "api_server_unreachable", Some(500), &words);
}

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
        ipv6: true,
        ..Options::default()
    });
    assert!(kubelet.url().contains("[::1]"));
    assert_good(&once(&kubelet, &block(&kubelet)));
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

#[test]
fn answers_that_are_none() {
    let kubelet = start(Serving::CaIssued);
    for (fault, result, status, words) in [
        (Fault::NotReady, "not_ready", Some(500), "failed to get node info"),
        (Fault::EmptyBody, "bad_answer", Some(200), "empty"),
        (Fault::Html, "bad_answer", Some(200), "JSON"),
        (Fault::Truncated, "bad_answer", Some(200), ""),
        (
            Fault::Status {
                code: 404,
                body: "404: Page Not Found".to_owned(),
            },
            "bad_answer",
            Some(404),
            "Page Not Found",
        ),
        (
            Fault::Status {
                code: 503,
                body: String::new(),
            },
            "bad_answer",
            Some(503),
            "503",
        ),
        (Fault::Drop, "connection_failed", None, ""),
    ] {
        kubelet.set_fault(fault.clone());
        let left = once(&kubelet, &block(&kubelet));
        assert_failed(&left, result, status, &[words]);
    }
    let nobody = block(&kubelet);
    let files = kubelet.files().clone();
    let gone = start(Serving::CaIssued);
    let port = gone.port();
    drop(gone);
    let closed = nobody.replace(&kubelet.port().to_string(), &port.to_string());
    assert!(files.token.exists());
    assert_failed(&once(&kubelet, &closed), "connection_failed", None, &["connect"]);
}

#[test]
fn one_deadline_over_everything() {
    use std::time::{Duration, Instant};
    for fault in [
        Fault::Silent,
        Fault::HoldBody,
        Fault::Trickle(Duration::from_millis(400)),
    ] {
        let kubelet = start(Serving::CaIssued);
        kubelet.set_fault(fault.clone());
        let dir = tempfile::tempdir().unwrap();
        let config = format!("{}  response_timeout = \"1s\"\n", block(&kubelet));
        let mut plugin = Plugin::start(command(dir.path(), &config));
        let asked = Instant::now();
        plugin.tick();
        let batch = plugin.batch();
        assert!(
            batch.len() == 1 && batch[0].contains("result=timeout,"),
            "{fault:?} {batch:#?}"
        );
        // Far below what the kubelet would have taken, and not a measurement of ours.
        assert!(asked.elapsed() < Duration::from_secs(5), "{fault:?}");
        kubelet.set_fault(Fault::None);
        plugin.tick();
        assert!(
            plugin.batch().last().unwrap().contains("result=success,"),
            "{fault:?}"
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
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default();
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

#[test]
fn a_silent_kubelet_holds_up_no_other() {
    let (silent, good) = (start(Serving::CaIssued), start(Serving::CaIssued));
    silent.set_fault(Fault::Silent);
    let dir = tempfile::tempdir().unwrap();
    let config = format!("{}{}", block(&silent), block(&good));
    let mut plugin = Plugin::start(command(dir.path(), &config));
    for _ in 0..2 {
        plugin.tick();
        let batch = plugin.batch();
        assert!(batch.last().unwrap().contains("result=success,"), "{batch:#?}");
        assert!(batch.last().unwrap().contains(&good.url()), "{batch:#?}");
    }
    silent.set_fault(Fault::None);
}
