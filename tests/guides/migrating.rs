//! What the guide says of `inputs.kubernetes`' options is what the program does with them. The names of what comes out
//! are compared end to end, with the real one.

use std::process::Stdio;

use super::support::page::{self, rows, spans};
use super::support::plugin::command;

/// A value that each option takes where it is known.
const VALUES: [(&str, &str); 17] = [
    ("url", "\"https://10.0.0.7:10250\""),
    ("bearer_token", "\"/etc/token\""),
    ("node_metric_name", "\"node\""),
    ("response_timeout", "\"500ms\""),
    ("tls_ca", "\"/etc/ca.crt\""),
    ("tls_cert", "\"/etc/client.crt\""),
    ("tls_key", "\"/etc/client.key\"\n  tls_cert = \"/etc/client.crt\""),
    ("insecure_skip_verify", "true"),
    ("tls_server_name", "\"node-1\""),
    ("tls_min_version", "\"TLS13\""),
    ("bearer_token_string", "\"secret\""),
    ("label_include", "[\"app\"]"),
    ("label_exclude", "[]"),
    ("tls_key_pwd", "\"secret\""),
    ("tls_cipher_suites", "[]"),
    ("tls_renegotiation_method", "\"never\""),
    ("tls_enable", "true"),
];

/// What the program says at its start with this line.
fn said(line: &str) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let output = command(dir.path(), &format!("[[inputs.kubelet]]\n  {line}\n"))
        .env("NODE_IP", "10.0.0.7")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    match output.status.code() {
        Some(0) => Ok(()),
        code => {
            assert_eq!(code, Some(1));
            Err(String::from_utf8(output.stderr).unwrap())
        }
    }
}

#[test]
fn options_are_taken_as_it_says() {
    let page = page::guide("migrating-from-inputs.kubernetes.md");
    let mut found = Vec::new();
    for row in rows(&page.text, "| `inputs.kubernetes` | here |\n") {
        let (options, here) = (spans(row[0]), row[1]);
        for option in options {
            let Some((_, value)) = VALUES.iter().find(|(name, _)| *name == option) else {
                // Telegraf's own, for every input.
                let error = said(&format!("{option} = \"1s\"")).err();
                let elsewhere = error.is_none_or(|error| error.contains("[[inputs.execd]]"));
                assert!(here.contains("[[inputs.execd]]") && elsewhere, "{option}");
                continue;
            };
            found.push(option);
            match said(&format!("{option} = {value}")) {
                Ok(()) => assert!(here.starts_with("the same"), "{option}: {here}"),
                Err(error) => {
                    assert!(
                        here.starts_with("not there") && error.contains(option),
                        "{option}: {error}"
                    );
                }
            }
        }
    }
    let known: Vec<_> = VALUES.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, known);
}
