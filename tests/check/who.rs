//! Who we are, wrong in every way: tokens, certificates, and what we may.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use test_kubelet::{ClientSpec, Fault, Options, Serving, TestKubelet, TokenSpec, Wording};

use super::harness::{assert_failure, in_pod};
use super::support::check::check;
use super::support::plugin::copied;
use super::support::scrape::{config, start, with_certificate, with_token};

/// `nobody`'s user id on every Linux.
const NOBODY: u32 = 65_534;

/// What a kubelet's log has of each 401: its reason is nowhere else.
const REASON: &str = "grep 'Unable to authenticate the request'";

#[test]
fn tokens() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    let years_ago = TokenSpec {
        valid_from: -4 * 365 * 86_400,
        valid_until: -4 * 365 * 86_400 + 3_607,
        ..TokenSpec::default()
    };
    let stale = files.dir.join("stale.token");
    kubelet.write_token(&stale, &years_ago);
    for (token, diagnosis, words) in [
        (
            &files.expired_token,
            "token_expired",
            &["expired on", "60 minutes ago"][..],
        ),
        (&stale, "token_expired", &["3 years ago"]),
        (&files.not_yet_valid_token, "token_not_yet_valid", &["date -u"]),
        (
            &files.wrong_audience_token,
            "token_audience",
            &["vault", "serviceAccountToken"],
        ),
        (&files.garbage_token, "token_not_jwt", &["bearer_token"]),
        (
            &files.deleted_token,
            "token_refused",
            &[
                "kubectl get serviceaccount -n monitoring deleted",
                "webhook",
                REASON,
            ],
        ),
    ] {
        assert_failure(
            &kubelet,
            &with_token(&kubelet, token),
            &[],
            ["authentication", diagnosis],
            words,
        );
    }

    // In a pod there is somebody to be asked.
    let pod = in_pod(&kubelet);
    let pod: Vec<_> = pod.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let deleted = with_token(&kubelet, &files.deleted_token);
    assert_failure(
        &kubelet,
        &deleted,
        &pod,
        ["authentication", "token_unknown"],
        &["kubectl create serviceaccount -n monitoring deleted"],
    );
    let good = with_token(&kubelet, &files.token);
    // A balancer's word is not the API server's.
    kubelet.set_fault(Fault::ApiServerAnswers(503));
    assert_failure(
        &kubelet,
        &deleted,
        &pod,
        ["authentication", "api_server_away"],
        &["webhook"],
    );
    kubelet.set_fault(Fault::ApiServerAway);
    assert_failure(
        &kubelet,
        &good,
        &pod,
        ["authentication", "api_server_away"],
        &["readyz"],
    );
    kubelet.set_fault(Fault::None);
}

#[test]
fn a_kubelet_that_looks_at_no_token() {
    for anonymous in [false, true] {
        let kubelet = TestKubelet::start(Options {
            webhook: false,
            anonymous,
            ..Options::default()
        });
        let pod = in_pod(&kubelet);
        let pod: Vec<_> = pod.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let good = with_token(&kubelet, &kubelet.files().token);
        let diagnosis = if anonymous { "anonymous" } else { "webhook_off" };
        // A flag wins over the file.
        let words = [
            "webhook:\\n",
            "enabled: true",
            "-e --authentication-token-webhook",
        ];
        assert_failure(&kubelet, &good, &pod, ["authentication", diagnosis], &words);
    }
}

#[test]
fn token_files() {
    let kubelet = start(Serving::CaIssued);
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::write(path("empty"), "\n").unwrap();
    std::fs::write(path("two-lines"), "a\nb").unwrap();
    std::os::unix::fs::symlink(path("loop"), path("loop")).unwrap();
    for (name, words) in [
        ("missing", "no such file"),
        ("empty", "is empty"),
        (".", "is a directory"),
        ("two-lines", "no token"),
        ("loop", "cannot be read"),
    ] {
        let config = with_token(&kubelet, &path(name));
        assert_failure(
            &kubelet,
            &config,
            &[],
            ["files", "file_unusable"],
            &[words, "ls -lL"],
        );
    }
    assert!(kubelet.requests().is_empty());

    // White space around it is nothing wrong.
    let padded = path("padded");
    kubelet.write_token(&padded, &TokenSpec::default());
    let token = std::fs::read_to_string(&padded).unwrap();
    std::fs::write(&padded, format!("{token}\n")).unwrap();
    let checked = check(&kubelet, &with_token(&kubelet, &padded), &[]);
    assert_eq!(checked.code, 0, "{}", checked.text);
    assert!(checked.said().contains("white space"), "{}", checked.text);
}

/// Root is refused no file, so that the check is run as somebody else where the tests are root's.
#[test]
fn an_unreadable_token_file() {
    let kubelet = start(Serving::CaIssued);
    let dir = tempfile::tempdir().unwrap();
    let (token, ca) = (dir.path().join("token"), dir.path().join("ca.crt"));
    let program = copied(dir.path());
    std::fs::copy(&kubelet.files().ca, &ca).unwrap();
    kubelet.write_token(&token, &TokenSpec::default());
    let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    mode(dir.path(), 0o755);
    mode(&token, 0o000);
    let conf = dir.path().join("kubelet.conf");
    std::fs::write(
        &conf,
        config(&kubelet, &[("tls_ca", &ca), ("bearer_token", &token)]),
    )
    .unwrap();
    let mut command = Command::new(&program);
    command.args(["check", "--json", "-config"]).arg(&conf);
    if std::fs::File::open(&token).is_ok() {
        command.uid(NOBODY);
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("\"file_unusable\"") && said.contains("may not be read by this user"),
        "{said}"
    );
    assert!(kubelet.requests().is_empty());
}

#[test]
fn rights() {
    for wording in [Wording::New, Wording::Old] {
        let kubelet = TestKubelet::start(Options {
            wording,
            ..Options::default()
        });
        let files = kubelet.files();
        // The role is bound, to somebody else: the piece names who it has to be.
        let account = [
            "kind: ServiceAccount\\n",
            "name: \\\"unbound\\\"",
            "namespace: \\\"monitoring\\\"",
        ];
        let config = with_token(&kubelet, &files.unbound_token);
        assert_failure(&kubelet, &config, &[], ["authorization", "forbidden"], &account);
        let user = ["kind: User", "name: \\\"unbound\\\"", "nodes/stats"];
        let config = with_certificate(&kubelet, &files.unbound_cert, &files.unbound_key);
        assert_failure(&kubelet, &config, &[], ["authorization", "forbidden"], &user);
    }
    let kubelet = start(Serving::CaIssued);
    let default = kubelet.files().dir.join("default.token");
    let spec = TokenSpec {
        account: "default".to_owned(),
        ..TokenSpec::default()
    };
    kubelet.write_token(&default, &spec);
    let config = with_token(&kubelet, &default);
    // The account that it names is made, and has the right, before the pod runs as that one.
    let words = [
        "kind: ServiceAccount\\nmetadata:\\n  name: telegraf\\n  namespace: \\\"monitoring\\\"\\n",
        "- kind: ServiceAccount\\n    name: \\\"telegraf\\\"\\n    namespace: \\\"monitoring\\\"\\n",
        "serviceAccountName: telegraf",
    ];
    assert_failure(
        &kubelet,
        &config,
        &[],
        ["authorization", "forbidden_default_account"],
        &words,
    );
}

/// What has expired is told as that, and not as what will.
#[test]
fn what_has_expired_does_not_expire_soon() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    let expired = [
        with_token(&kubelet, &files.expired_token),
        with_certificate(&kubelet, &files.expired_cert, &files.expired_key),
    ];
    for (expired, diagnosis) in expired.iter().zip(["token_expired", "certificate_expired"]) {
        let checked = check(&kubelet, expired, &[]);
        let want = ["authentication", "failure", diagnosis];
        assert_eq!(checked.bad(), [want], "{}", checked.text);
    }
    // A kubelet that knows the token still takes it.
    kubelet.set_fault(Fault::TokensRemembered);
    let checked = check(&kubelet, &expired[0], &[]);
    let want = ["identity", "warning", "token_expired"];
    assert_eq!(checked.bad(), [want], "{}", checked.text);

    let kubelet = start(Serving::Expired);
    let skip = format!(
        "{}  insecure_skip_verify = true\n",
        config(&kubelet, &[("bearer_token", &kubelet.files().token)])
    );
    let checked = check(&kubelet, &skip, &[]);
    let want = [
        ["config", "warning", "unverified"],
        ["tls", "warning", "serving_expired"],
    ];
    assert_eq!(checked.bad(), want, "{}", checked.text);
}

/// Who a kubelet names is not always who we are: then nobody is given a right.
#[test]
fn a_refusal_of_somebody_else() {
    let kubelet = start(Serving::CaIssued);
    let evil = "Forbidden (user=system:serviceaccount:kube-system:evil, verb=get, resource=nodes, subresource=stats)";
    kubelet.set_fault(super::harness::fault(403, evil));
    let checked = check(&kubelet, &with_token(&kubelet, &kubelet.files().token), &[]);
    assert_eq!(checked.bad(), [["authorization", "failure", "forbidden"]]);
    assert!(!checked.said().contains("ClusterRole"), "{}", checked.text);
}

#[test]
fn a_node_is_one_of_a_group() {
    let kubelet = start(Serving::CaIssued);
    let (cert, key) = kubelet.issue_client_certificate(&ClientSpec {
        common_name: "system:node:node-1".to_owned(),
        organizations: vec!["system:nodes".to_owned()],
        ..ClientSpec::default()
    });
    let pair = kubelet.files().dir.join("node.key");
    std::fs::write(&pair, key + &cert).unwrap();
    let config = with_certificate(&kubelet, &pair, &pair);
    let words = [
        "kind: Group\\n    name: \\\"system:nodes\\\"",
        "--as=system:node:node-1 --as-group=system:nodes",
    ];
    assert_failure(&kubelet, &config, &[], ["authorization", "forbidden"], &words);
    let said = check(&kubelet, &config, &[]).said();
    assert!(!said.contains("no other"), "{said}");
}

#[test]
fn a_kubelet_that_looks_at_no_certificate() {
    let kubelet = TestKubelet::start(Options {
        client_ca: false,
        ..Options::default()
    });
    let files = kubelet.files();
    let config = with_certificate(&kubelet, &files.client_cert, &files.client_key);
    let want = ["authentication", "certificates_not_taken"];
    assert_failure(
        &kubelet,
        &config,
        &[],
        want,
        &["clientCAFile", "token", "-e --client-ca-file"],
    );
}

#[test]
fn certificates() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    for (cert, key, diagnosis, words) in [
        (
            &files.foreign_cert,
            &files.foreign_key,
            "certificate_unknown_ca",
            &["CN=somebody-else", "CN=kubernetes-client"][..],
        ),
        (
            &files.namesake_cert,
            &files.namesake_key,
            "certificate_refused",
            &["another cluster", REASON],
        ),
        (
            &files.expired_cert,
            &files.expired_key,
            "certificate_expired",
            &["60 minutes ago"],
        ),
        (
            &files.server_only_cert,
            &files.server_only_key,
            "certificate_purpose",
            &["client auth"],
        ),
    ] {
        let config = with_certificate(&kubelet, cert, key);
        assert_failure(&kubelet, &config, &[], ["authentication", diagnosis], words);
    }
    let early = ClientSpec {
        valid_from: 3_600,
        ..ClientSpec::default()
    };
    let pair = files.dir.join("early.key");
    let (cert, key) = kubelet.issue_client_certificate(&early);
    std::fs::write(&pair, key + &cert).unwrap();
    let config = with_certificate(&kubelet, &pair, &pair);
    assert_failure(
        &kubelet,
        &config,
        &[],
        ["authentication", "certificate_not_yet_valid"],
        &["date -u"],
    );

    let crossed = with_certificate(&kubelet, &files.client_cert, &files.unbound_key);
    assert_failure(
        &kubelet,
        &crossed,
        &[],
        ["files", "key_mismatch"],
        &[
            &format!("openssl x509 -in {} -noout -pubkey", files.client_cert.display()),
            &format!("openssl pkey -in {} -pubout", files.unbound_key.display()),
        ],
    );
    // Both at once is refused before the kubelet could let the certificate win.
    let both = format!(
        "{}  bearer_token = \"{}\"\n",
        with_certificate(&kubelet, &files.unbound_cert, &files.unbound_key),
        files.token.display()
    );
    assert_failure(
        &kubelet,
        &both,
        &[],
        ["config", "two_identities"],
        &["looks at the certificate only"],
    );

    kubelet.set_fault(Fault::ApiServerAway);
    let good = with_certificate(&kubelet, &files.client_cert, &files.client_key);
    assert_failure(
        &kubelet,
        &good,
        &[],
        ["authorization", "api_server_away"],
        &["500", "readyz"],
    );
}
