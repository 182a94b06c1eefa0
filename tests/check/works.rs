//! What works: with something to be mended, and all green.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use test_kubelet::{ClientSpec, Fault, GeneratorOptions, Options, Serving, TestKubelet, summary};

use super::harness::at;
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

/// A Secret's volume, as the kubelet writes it, in this directory: the path of the file in it.
fn volume(dir: &Path, file: &Path) -> PathBuf {
    let version = dir.join("..2026_11_25_20_13_07.1234567890");
    std::fs::create_dir(&version).unwrap();
    std::fs::copy(file, version.join("secret")).unwrap();
    std::fs::set_permissions(version.join("secret"), Permissions::from_mode(0o644)).unwrap();
    symlink(version.file_name().unwrap(), dir.join("..data")).unwrap();
    symlink("..data/secret", dir.join("secret")).unwrap();
    dir.join("secret")
}

#[test]
fn a_secret_that_others_may_read_is_told_in_a_pod_too_unless_its_volume_makes_it_so() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    // Linux has it everywhere, in memory as such volumes are; a directory of `/tmp` or `target` is on disk.
    let (memory, disk) = (
        tempfile::tempdir_in("/dev/shm").unwrap(),
        tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(),
    );
    let in_pod = [("KUBERNETES_SERVICE_HOST", "127.0.0.1")];
    let with_key = |key: &Path| with_certificate(&kubelet, &files.client_cert, key);
    let of_volume = volume(memory.path(), &files.client_key);
    let of_config_map = volume(disk.path(), &files.client_key);
    for (config, environment, diagnosis) in [
        (with_key(&of_volume), &in_pod[..], None),
        (
            with_key(&of_volume),
            &[],
            Some("everyone on this machine may read it"),
        ),
        (with_key(&of_config_map), &in_pod, Some("its volume, may read it")),
        (
            with_token(&kubelet, &volume(&dir_in(memory.path()), &files.token)),
            &in_pod,
            None,
        ),
    ] {
        let checked = check(&kubelet, &config, environment);
        let want: Vec<_> = diagnosis
            .iter()
            .map(|_| ["files", "warning", "key_readable"])
            .collect();
        assert_eq!(checked.bad(), want, "{}", checked.text);
        assert!(
            checked.text.contains(diagnosis.unwrap_or_default()),
            "{}",
            checked.text
        );
    }

    // What an init container has written, into memory or not.
    for (mode, may) in [
        (0o666, "may read and replace it"),
        (0o644, "may read it"),
        (0o602, "may replace it"),
    ] {
        let key = memory.path().join("own.key");
        std::fs::copy(&files.client_key, &key).unwrap();
        std::fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let checked = check(&kubelet, &with_key(&key), &in_pod);
        assert_eq!(
            checked.bad(),
            [["files", "warning", "key_readable"]],
            "{}",
            checked.text
        );
        assert!(checked.text.contains(may), "{}", checked.text);
    }
}

fn dir_in(dir: &Path) -> PathBuf {
    let dir = dir.join("another");
    std::fs::create_dir(&dir).unwrap();
    dir
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

    std::fs::set_permissions(&files.client_key, Permissions::from_mode(0o644)).unwrap();
    let readable = with_certificate(&kubelet, &files.client_cert, &files.client_key);
    assert_warnings(&kubelet, &readable, &[["files", "key_readable"]]);

    let soon = ClientSpec {
        valid_from: -80 * 86_400,
        valid_until: 3 * 86_400,
        ..ClientSpec::default()
    };
    let (cert, key) = kubelet.issue_client_certificate(&soon);
    let pair = files.dir.join("soon.key");
    std::fs::write(&pair, key + &cert).unwrap();
    std::fs::set_permissions(&pair, Permissions::from_mode(0o600)).unwrap();
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
    let want = [["lines", "values_rejected"]];
    assert_warnings(&kubelet, &block(&kubelet), &want);

    // Nothing is held against the certificate, and it still says something of the clock.
    let kubelet = start(Serving::InYears);
    let skip = format!(
        "{}  insecure_skip_verify = true\n",
        config(&kubelet, &[("bearer_token", &kubelet.files().token)])
    );
    assert_warnings(
        &kubelet,
        &skip,
        &[["config", "unverified"], ["tls", "clock_wrong"]],
    );

    let kubelet = start(Serving::PlainHttp);
    assert_warnings(&kubelet, &config(&kubelet, &[]), &[["config", "read_only_port"]]);
}

/// The right that lets its holder run commands in every container is found out, however the kubelet is set up.
#[test]
fn nodes_proxy_is_found_out_on_every_kubelet() {
    let usual = Options::default();
    let no_debugging = Options {
        debugging_handlers: false,
        ..usual.clone()
    };
    for options in [usual.clone(), no_debugging.clone()] {
        let kubelet = TestKubelet::start(options);
        let files = kubelet.files();
        let granted = with_token(&kubelet, &files.proxy_token);
        assert_warnings(&kubelet, &granted, &[["authorization", "proxy_granted"]]);
        let checked = check(&kubelet, &with_token(&kubelet, &files.token), &[]);
        assert_eq!(checked.code, 0, "{}", checked.text);
        assert!(checked.text.contains("and not nodes/proxy"), "{}", checked.text);
    }
    // A kubelet that asks nobody about rights gives all of them, to who has none and by certificate too.
    for options in [usual, no_debugging] {
        let kubelet = TestKubelet::start(Options {
            always_allow: true,
            ..options
        });
        let files = kubelet.files();
        for config in [
            with_token(&kubelet, &files.unbound_token),
            with_certificate(&kubelet, &files.client_cert, &files.client_key),
        ] {
            assert_warnings(&kubelet, &config, &[["authorization", "proxy_granted"]]);
        }
    }
}

/// Without a filter none is to blame.
#[test]
fn what_no_line_is_made_of() {
    let kubelet = start(Serving::CaIssued);
    let config = block(&kubelet);
    let body = |body: &str| kubelet.set_body(Some(body.as_bytes().to_vec()));
    let filtered = format!("{config}  fields_include = [\"kubernetes_pod.*\"]\n");

    body(r#"{"node":{"nodeName":"n1"},"pods":[]}"#);
    for config in [&config, &filtered] {
        assert_warnings(&kubelet, config, &[["lines", "no_values"]]);
    }
    body(r#"{"node":{"nodeName":"n1","cpu":{"usageNanoCores":"much"},"memory":{"rssBytes":-1}},"pods":[]}"#);
    for config in [&config, &filtered] {
        assert_warnings(&kubelet, config, &[["lines", "all_rejected"]]);
    }
    body(r#"{"node":{"nodeName":"n1","memory":{"rssBytes":18446744073709551615}},"pods":[]}"#);
    assert_warnings(&kubelet, &config, &[["lines", "all_rejected"]]);

    // A filter is to blame where there is something without it.
    body(r#"{"node":{"nodeName":"n1","memory":{"rssBytes":1}},"pods":[]}"#);
    assert_warnings(&kubelet, &filtered, &[["lines", "no_lines"]]);
    let checked = check(&kubelet, &config, &[]);
    assert_eq!(checked.code, 0, "{}", checked.text);
}

/// In a pod of the node there is at least that one.
#[test]
fn a_kubelet_that_lists_no_pod_where_we_are_one() {
    let kubelet = start(Serving::CaIssued);
    let body = |pods| format!(r#"{{"node":{{"nodeName":"n1","memory":{{"rssBytes":1}}}},"pods":[{pods}]}}"#);
    let one = r#"{"podRef":{"name":"p","namespace":"default","uid":"u"}}"#;
    let pod = ("KUBERNETES_SERVICE_HOST", "127.0.0.1");
    let by_name = at(&kubelet, &format!("https://localhost:{}", kubelet.port()));
    for (pods, config, environment, warned) in [
        ("", &block(&kubelet), &[pod][..], true),
        ("", &by_name, &[pod, ("NODE_IP", "localhost")], true),
        ("", &by_name, &[pod, ("NODE_NAME", "n1")], true),
        // Another node's, or no pod.
        (
            "",
            &by_name,
            &[pod, ("NODE_IP", "10.0.0.1"), ("NODE_NAME", "n2")],
            false,
        ),
        ("", &block(&kubelet), &[], false),
        (one, &block(&kubelet), &[pod], false),
    ] {
        kubelet.set_body(Some(body(pods).into_bytes()));
        let checked = check(&kubelet, config, environment);
        let want = if warned {
            vec![["answer", "warning", "no_pods"]]
        } else {
            Vec::new()
        };
        assert_eq!(checked.bad(), want, "{environment:?}\n{}", checked.text);
    }
}

/// What is good to know and no fault: a word, and still all green.
#[test]
fn notices() {
    let kubelet = start(Serving::CaIssued);
    let notices = |environment: &[(&str, &str)]| {
        let checked = check(&kubelet, &block(&kubelet), environment);
        assert_eq!(checked.code, 0, "{}", checked.text);
        let words = checked
            .findings()
            .filter_map(|finding| finding["diagnosis"].as_str());
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(notices(&[]), [""; 0]);
    assert_eq!(
        notices(&[("https_proxy", "http://proxy.example:3128")]),
        ["proxy_ignored"]
    );
    let mut newer: serde_json::Value =
        serde_json::from_slice(&summary(&GeneratorOptions::default(), 1)).unwrap();
    newer["node"]["cpu"]["throttledNanoSeconds"] = 1.into();
    kubelet.set_body(Some(newer.to_string().into_bytes()));
    assert_eq!(notices(&[]), ["unknown_keys"]);

    // More of it in `tests/series`.
    let mut doubled: serde_json::Value =
        serde_json::from_slice(&summary(&GeneratorOptions::default(), 1)).unwrap();
    let pods = doubled["pods"].as_array_mut().unwrap();
    pods.push(pods[0].clone());
    kubelet.set_body(Some(doubled.to_string().into_bytes()));
    assert_eq!(notices(&[]), ["duplicate_series"]);

    // Whether nodes/proxy is granted cannot be told by a kubelet that cannot ask: that is no alarm.
    kubelet.set_body(None);
    kubelet.set_fault(Fault::ProxyUnknown);
    assert_eq!(notices(&[]), [""; 0]);
}

/// The lines wait where nobody reads them, which is not the kubelet's trouble.
#[test]
fn a_socket_beside_telegraf() {
    let kubelet = start(Serving::CaIssued);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("telegraf.sock");
    let config = format!(
        "{}  output = \"unixgram://{}\"\n  interval = \"10s\"\n",
        block(&kubelet),
        path.display()
    );
    let checked = check(&kubelet, &config, &[]);
    let output = &checked.json["output"];
    assert_eq!((checked.code, checked.bad()), (1, Vec::new()), "{}", checked.text);
    assert_eq!(output["diagnosis"], "output_away");
    assert!(output.to_string().contains("service_address"), "{output:#}");
    assert!(checked.text.contains("[output_away]"), "{}", checked.text);
    let _reader = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let checked = check(&kubelet, &config, &[]);
    assert_eq!(checked.code, 0, "{}", checked.text);
    assert_eq!(checked.json["output"]["result"], "ok");
}

/// A pinned key is believed without dates, so that none of them is a warning.
#[test]
fn a_pinned_certificate_that_is_over() {
    let kubelet = start(Serving::YearsAgo);
    let token = config(&kubelet, &[("bearer_token", &kubelet.files().token)]);
    let shown = check(&kubelet, &format!("{token}  insecure_skip_verify = true\n"), &[]);
    let (_, rest) = shown.text.split_once("tls_pin_sha256 is ").unwrap();
    let pin = rest.lines().next().unwrap();
    let checked = check(&kubelet, &format!("{token}  tls_pin_sha256 = \"{pin}\"\n"), &[]);
    assert_eq!((checked.code, checked.bad()), (0, Vec::new()), "{}", checked.text);
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
        ip: std::net::Ipv6Addr::LOCALHOST.into(),
        http2: true,
        ..Options::default()
    });
    green(&kubelet, &block(&kubelet));
}
