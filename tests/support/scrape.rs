//! One tick against a test kubelet, and what became of it.

use std::path::Path;

use test_kubelet::{Options, Serving, TestKubelet};

use super::leak::Leaks;
use super::lines::parse;
use super::plugin::{Left, Plugin, command};

/// A test kubelet that shows such a certificate.
pub fn start(serving: Serving) -> TestKubelet {
    TestKubelet::start(Options {
        serving,
        ..Options::default()
    })
}

/// A block with these lines below the URL.
pub fn config(kubelet: &TestKubelet, lines: &[(&str, &Path)]) -> String {
    let mut config = format!("[[inputs.kubelet]]\n  url = \"{}\"\n", kubelet.url());
    config.extend(
        lines
            .iter()
            .map(|(key, path)| format!("  {key} = \"{}\"\n", path.display())),
    );
    config
}

/// A block with this token.
pub fn with_token(kubelet: &TestKubelet, token: &Path) -> String {
    config(
        kubelet,
        &[("tls_ca", &kubelet.files().ca), ("bearer_token", token)],
    )
}

/// A block with this certificate.
pub fn with_certificate(kubelet: &TestKubelet, cert: &Path, key: &Path) -> String {
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
pub fn once(kubelet: &TestKubelet, config: &str) -> Left {
    let dir = tempfile::tempdir().unwrap();
    let left = Plugin::once(command(dir.path(), config));
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    parse(&format!("{}\n", left.stdout.join("\n")));
    assert_no_secret(
        kubelet,
        &[left.stdout.join("\n"), left.stderr.join("\n")].concat(),
    );
    left
}

/// No piece of a token or key that the test kubelet gave out is in what was said, in whatever form.
pub fn assert_no_secret(kubelet: &TestKubelet, said: &str) {
    Leaks::default().in_dir(&kubelet.files().dir).assert_none(said);
}

/// The tick went well.
pub fn assert_good(left: &Left) {
    assert!(
        left.stdout.last().unwrap().contains("result=success"),
        "{left:#?}"
    );
    assert!(left.stdout.len() > 10);
}

/// The tick failed: one line about the scrape with this result, one error with these words.
pub fn assert_failed(left: &Left, result: &str, status: Option<u16>, words: &[&str]) {
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
