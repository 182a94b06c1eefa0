//! What works: with something to be mended, and all green.

use std::os::unix::fs::PermissionsExt as _;

use test_kubelet::{ClientSpec, GeneratorOptions, Options, Serving, TestKubelet, summary};

use super::support::check::check;
use super::support::plugin::block;
use super::support::scrape::{config, start, with_certificate, with_token};

/// It works, with exit code 1 and these warnings.
fn assert_warnings(kubelet: &TestKubelet, config: &str, want: &[[&str; 2]]) {
    let checked = check(kubelet, config, &[]);
    let want: Vec<_> = want
        .iter()
        .map(|[step, diagnosis]| [*step, "warning", *diagnosis])
        .collect();
    assert_eq!(checked.bad(), want, "{}", checked.text);
    assert_eq!(checked.code, 1);
    for finding in checked
        .findings()
        .filter(|finding| finding["result"] == "warning")
    {
        assert!(!finding["mends"].as_array().unwrap().is_empty(), "{finding:#}");
    }
}

#[test]
fn what_works_and_should_be_mended() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    let proxy = with_token(&kubelet, &files.proxy_token);
    assert_warnings(&kubelet, &proxy, &[["authorization", "proxy_granted"]]);

    let skip = format!(
        "{}  insecure_skip_verify = true\n",
        config(&kubelet, &[("bearer_token", &files.token)])
    );
    assert_warnings(&kubelet, &skip, &[["config", "unverified"]]);

    std::fs::set_permissions(&files.client_key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let readable = with_certificate(&kubelet, &files.client_cert, &files.client_key);
    assert_warnings(&kubelet, &readable, &[["files", "key_readable"]]);
    std::fs::create_dir(files.dir.join("..data")).unwrap();
    assert_eq!(
        check(&kubelet, &readable, &[]).code,
        0,
        "in a volume the mode is nobody's business"
    );

    let soon = ClientSpec {
        valid_until: 3 * 86_400,
        ..ClientSpec::default()
    };
    let (cert, key) = kubelet.issue_client_certificate(&soon);
    let pair = files.dir.join("soon.key");
    std::fs::write(&pair, key + &cert).unwrap();
    let soon = with_certificate(&kubelet, &pair, &pair);
    assert_warnings(&kubelet, &soon, &[["identity", "expires_soon"]]);

    let nothing = format!(
        "{}  namespace_include = [\"nowhere\"]\n  fields_include = [\"kubernetes_pod.*\"]\n",
        block(&kubelet)
    );
    assert_warnings(&kubelet, &nothing, &[["lines", "no_lines"]]);

    let mut summary: serde_json::Value =
        serde_json::from_slice(&summary(&GeneratorOptions::default(), 1)).unwrap();
    summary["node"]["cpu"]["throttledNanoSeconds"] = 1.into();
    summary["node"]["memory"]["rssBytes"] = "much".into();
    kubelet.set_body(Some(summary.to_string().into_bytes()));
    let want = [["answer", "unknown_keys"], ["lines", "values_rejected"]];
    assert_warnings(&kubelet, &block(&kubelet), &want);

    let kubelet = start(Serving::PlainHttp);
    assert_warnings(&kubelet, &config(&kubelet, &[]), &[["config", "read_only_port"]]);
}

/// All ways that are right: nothing is found.
#[test]
fn all_green() {
    let green = |kubelet: &TestKubelet, config: &str| {
        let checked = check(kubelet, config, &[("https_proxy", "http://proxy.example:3128")]);
        assert_eq!((checked.code, checked.bad()), (0, Vec::new()), "{}", checked.text);
        let steps: Vec<_> = checked
            .findings()
            .map(|finding| finding["step"].as_str().unwrap())
            .collect();
        let mut once = steps.clone();
        once.dedup();
        let all = [
            "config",
            "files",
            "address",
            "tcp",
            "tls",
            "identity",
            "authentication",
            "authorization",
            "answer",
            "lines",
        ];
        assert_eq!(once, all, "{}", checked.text);
        assert!(
            checked.said().contains("https_proxy is set and not used"),
            "{}",
            checked.text
        );
    };
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files().clone();
    green(&kubelet, &with_token(&kubelet, &files.token));
    green(
        &kubelet,
        &with_certificate(&kubelet, &files.client_cert, &files.client_key),
    );
    green(
        &kubelet,
        &with_certificate(&kubelet, &files.client_combined, &files.client_combined),
    );
    let kubelet = start(Serving::SelfSigned);
    green(
        &kubelet,
        &format!("{}  tls_server_name = \"test-node\"\n", block(&kubelet)),
    );
    let kubelet = TestKubelet::start(Options {
        ipv6: true,
        http1_only: true,
        ..Options::default()
    });
    green(&kubelet, &block(&kubelet));
}
