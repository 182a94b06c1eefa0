//! Secrets that were pasted into a configuration or a command line instead of into a file of their own.

use telegraf_kubelet::config::sample_config;
use test_kubelet::{KeyKind, Options, TestKubelet, TokenSpec};

use super::support::check::of_check;
use super::support::leak::Leaks;
use super::support::plugin::{bare, command};
use super::told::said_by;

/// What takes any word, so that a secret that looks like one is one there.
const TAKES_WORDS: [&str; 2] = ["node_metric_name", "tls_server_name"];

/// What people have for tokens and passwords.
const OPAQUE: [&str; 4] = [
    "07401b.f395accd246ae52d",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "5ae1b2f4-0c5c-4d7e-9a55-3c1d2e9b8f70",
    "Zm9vYmFy+MTIzNDU2/Nzg5MGFiY2RlZg==",
];

/// The options, by the sample that lists them all.
fn options() -> Vec<String> {
    let sample = sample_config();
    let keys = sample.lines().filter_map(|line| {
        let (key, _) = line.trim_start().trim_start_matches("# ").split_once(" = ")?;
        key.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            .then(|| key.to_owned())
    });
    let keys: Vec<_> = keys.collect();
    assert!(keys.len() > 20, "{keys:?}");
    keys
}

/// Finds no piece of a secret in what is said of a configuration, be it good or not. What asks a kubelet finds none.
fn assert_none(leaks: &Leaks, config: &str, secret: &str) {
    let dir = tempfile::tempdir().unwrap();
    for check in [false, true] {
        let mut run = if check {
            of_check(dir.path(), config)
        } else {
            command(dir.path(), config)
        };
        run.env("SECRET", secret).env("NODE_IP", "127.0.0.1");
        run.args(["-log_level", "trace"]);
        leaks.assert_none(&said_by(run));
    }
}

/// The secret in each place of a block where something can stand.
fn everywhere(secret: &str, skipped: &[&str]) {
    let leaks = Leaks::default().secret("pasted", secret.as_bytes());
    let one_line = secret.replace('\n', "\\n");
    for option in options() {
        if skipped.contains(&option.as_str()) {
            continue;
        }
        for written in [
            format!("'''{secret}'''"),
            format!("[\"{one_line}\", 1]"),
            format!("\"{one_line}"),
            "'$SECRET'".to_owned(),
            format!("'${secret}'"),
            secret.to_owned(),
        ] {
            assert_none(
                &leaks,
                &format!("[[inputs.kubelet]]\n  {option} = {written}\n"),
                secret,
            );
        }
    }
    for config in [
        secret.to_owned(),
        format!("[[inputs.kubelet]]\n  {secret}\n"),
        format!("[[inputs.kubelet]]\n  \"{one_line}\" = 1\n"),
        format!("[[inputs.kubelet]]\n  {one_line} = 1\n"),
        format!("[[inputs.kubelet]]\n  password = \"{one_line}\"\n"),
        format!("[[inputs.kubelet]]\n  bearer_token_string = \"{one_line}\"\n"),
        format!("\"{one_line}\" = 1\n"),
        format!("[\"{one_line}\"]\n"),
        format!("[[inputs.\"{one_line}\"]]\n"),
        format!("[[inputs.{one_line}]]\n"),
        format!("token = \"{one_line}\"\n"),
        format!("[[inputs.kubelet]]\n  url = \"https://me:{one_line}@127.0.0.1\"\n"),
        format!("[[inputs.kubelet]]\n  url = \"https://127.0.0.1/{one_line}\"\n"),
        format!("[[inputs.kubelet]]\n  url = \"https://127.0.0.1?token={one_line}\"\n"),
        format!("[[inputs.kubelet]]\n  output = \"unixgram://{one_line}\"\n"),
    ] {
        assert_none(&leaks, &config, secret);
    }
    let is_path = !secret.starts_with("eyJ") && !secret.contains("-----");
    let paths = [
        vec!["-config", secret],
        vec!["install", secret],
        vec!["check", "-config", secret],
    ];
    for line in paths.into_iter().filter(|_| !is_path).chain([
        vec![secret],
        vec!["-", secret],
        vec!["-token", secret],
        vec!["-poll_interval", secret],
        vec!["-log_level", secret],
        vec!["-poll_interval_disabled", secret],
        vec!["-version", secret],
        vec!["check", secret],
        vec!["check", "--json", secret],
    ]) {
        let glued = [
            line[0].to_owned(),
            format!("{}={secret}", line[0]),
            format!("--{secret}"),
        ];
        for args in [
            line.iter().map(ToString::to_string).collect(),
            glued[1..2].to_vec(),
            glued[2..].to_vec(),
        ] {
            let mut run = bare();
            run.args(&args).env("NODE_IP", "127.0.0.1");
            leaks.assert_none(&said_by(run));
        }
    }
}

#[test]
fn a_token() {
    let kubelet = TestKubelet::start(Options::default());
    everywhere(&kubelet.token(&TokenSpec::default()), &[]);
}

#[test]
fn what_is_no_jwt() {
    for secret in OPAQUE {
        everywhere(secret, &TAKES_WORDS);
    }
}

#[test]
fn a_key() {
    everywhere(KeyKind::P256.generate().trim(), &[]);
}

#[test]
fn a_part_of_a_key() {
    let key = KeyKind::Sec1P384.generate();
    let lines: Vec<_> = key.lines().collect();
    everywhere(lines[1], &[]);
    everywhere(lines[lines.len() - 2], &TAKES_WORDS[..1]);
}
