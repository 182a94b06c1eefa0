//! Who we say we are, from outside: tokens and client certificates, good ones and refused ones.

mod support;

use support::check::check;
use support::plugin::{PATIENCE, Plugin, block, command};
use support::scrape::{assert_failed, assert_good, config, once, start, with_certificate, with_token};
use test_kubelet::{ClientSpec, Fault, Options, Serving, TestKubelet, TokenSpec, Wording};

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

/// rustls reads none, and does not have to: the kubelet does, which is Go.
#[test]
fn a_client_certificate_of_version_1_is_one() {
    let kubelet = start(Serving::CaIssued);
    let (cert, key) = kubelet.issue_version_1_client_certificate();
    let dir = tempfile::tempdir().unwrap();
    let pair = dir.path().join("pair.pem");
    std::fs::write(&pair, format!("{key}{cert}")).unwrap();
    let config = with_certificate(&kubelet, &pair, &pair);
    assert_good(&once(&kubelet, &config));
    assert!(kubelet.requests()[0].client_certificate);

    let checked = check(&kubelet, &config, &[]);
    let failures = checked
        .bad()
        .into_iter()
        .filter(|[_, level, _]| *level == "failure");
    assert_eq!(failures.count(), 0, "{}", checked.text);
    assert!(checked.said().contains("telegraf-kubelet"), "{}", checked.text);

    let other = dir.path().join("other.key");
    std::fs::write(&other, kubelet.issue_version_1_client_certificate().1).unwrap();
    let crossed = with_certificate(&kubelet, &pair, &other);
    assert_failed(
        &once(&kubelet, &crossed),
        "credential",
        None,
        &["tls_key", "is not the key of"],
    );
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
fn what_runs_out_within_a_week_is_said_once_and_not_at_each_tick() {
    let kubelet = start(Serving::CaIssued);
    let (cert, key) = kubelet.issue_client_certificate(&ClientSpec {
        valid_from: -80 * 86_400,
        valid_until: 6 * 86_400 + 3_600,
        ..ClientSpec::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let pair = dir.path().join("pair.pem");
    std::fs::write(&pair, cert + &key).unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &with_certificate(&kubelet, &pair, &pair)));
    for _ in 0..3 {
        plugin.tick();
        let scrape = plugin.batch().pop().unwrap();
        assert!(scrape.contains("result=success,"), "{scrape}");
    }
    plugin.close_stdin();
    let left = plugin.wait(PATIENCE);
    let warnings: Vec<_> = left
        .stderr
        .iter()
        .filter(|line| line.starts_with("W! "))
        .collect();
    assert_eq!(warnings.len(), 1, "{left:#?}");
    assert!(
        warnings[0].contains("the client certificate expires in 6 days: replace tls_cert"),
        "{warnings:?}"
    );

    // A refusal says by itself that the token is over, if the token does.
    let left = once(&kubelet, &with_token(&kubelet, &kubelet.files().expired_token));
    assert_failed(&left, "unauthorized", Some(401), &["401"]);
    let warned =
        |line: &String| line.starts_with("W! ") && line.contains("the bearer token expired 60 minutes ago");
    assert!(left.stderr.iter().any(warned), "{left:#?}");
}
