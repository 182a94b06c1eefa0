//! Files that are damaged, or are not what the option that names them takes.

use std::path::{Path, PathBuf};

use test_kubelet::{KeyKind, Options, TestKubelet, TokenSpec};

use super::damage;
use super::support::leak::Leaks;
use super::told::{MOST_BLOCKS, at_a_tick};

/// Files to name, and blocks that name them.
struct Stage {
    kubelet: TestKubelet,
    dir: tempfile::TempDir,
    leaks: Leaks,
    blocks: Vec<String>,
}

impl Stage {
    fn new() -> Self {
        let kubelet = TestKubelet::start(Options::default());
        let leaks = Leaks::default().in_dir(&kubelet.files().dir);
        Self {
            kubelet,
            dir: tempfile::tempdir().unwrap(),
            leaks,
            blocks: Vec::new(),
        }
    }

    /// All that is in it is not to be told.
    fn secret(&mut self, name: &str, content: &[u8]) {
        self.leaks = std::mem::take(&mut self.leaks).secret(name, content);
    }

    fn file(&self, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(format!("file-{}", self.blocks.len()));
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A block of a kubelet that is not there.
    fn block(&mut self, options: &[(&str, &Path)]) {
        let number = self.blocks.len() + 1;
        let address = format!("127.0.{}.{}", number / 250, number % 250 + 1);
        let mut block = format!("[[inputs.kubelet]]\n  url = \"https://{address}:1\"\n");
        for (option, path) in options {
            block.extend(["  ", option, " = \"", &path.display().to_string(), "\"\n"]);
        }
        self.blocks.push(block);
    }

    /// Names the file in the place of a key, of a certificate, of both in one, of a CA and of a token.
    fn everywhere(&mut self, content: &[u8]) {
        let good = self.kubelet.files().clone();
        let path = self.file(content);
        let combined = self.dir.path().join(format!("combined-{}", self.blocks.len()));
        std::fs::write(
            &combined,
            [&std::fs::read(&good.client_cert).unwrap()[..], content].concat(),
        )
        .unwrap();
        let ca = ("tls_ca", good.ca.as_path());
        self.block(&[ca, ("tls_cert", &good.client_cert), ("tls_key", &path)]);
        self.block(&[ca, ("tls_cert", &path), ("tls_key", &good.client_key)]);
        self.block(&[ca, ("tls_cert", &path)]);
        self.block(&[ca, ("tls_cert", &combined)]);
        self.block(&[("tls_ca", &path), ("bearer_token", &good.token)]);
        self.block(&[ca, ("bearer_token", &path)]);
    }

    fn assert_nothing_is_told(&self) {
        for blocks in self.blocks.chunks(MOST_BLOCKS) {
            self.leaks.assert_none(&at_a_tick(&blocks.concat()));
        }
    }
}

/// The damages of each kind of key, a test for each, so that they run side by side.
fn keys(kind: KeyKind) {
    let mut stage = Stage::new();
    let key = kind.generate();
    stage.secret(&format!("{kind:?}"), key.as_bytes());
    for (damage, content) in damage::of_pem(&key) {
        if damage::MAKES_ANOTHER.contains(&damage) {
            stage.secret(damage, &content);
        }
        stage.everywhere(&content);
    }
    stage.assert_nothing_is_told();
}

#[test]
fn p256() {
    keys(KeyKind::P256);
}

#[test]
fn sec1_p256() {
    keys(KeyKind::Sec1P256);
}

#[test]
fn p384() {
    keys(KeyKind::P384);
}

#[test]
fn sec1_p384() {
    keys(KeyKind::Sec1P384);
}

#[test]
fn ed25519() {
    keys(KeyKind::Ed25519);
}

#[test]
fn rsa() {
    keys(KeyKind::Rsa);
}

#[test]
fn pkcs1_rsa() {
    keys(KeyKind::Pkcs1Rsa);
}

#[test]
fn each_kind_of_key_has_its_test() {
    let tests = include_str!("files.rs");
    for kind in KeyKind::ALL {
        assert!(
            tests.contains(&format!("    keys(KeyKind::{kind:?});")),
            "{kind:?}"
        );
    }
}

#[test]
fn tokens() {
    let mut stage = Stage::new();
    let token = stage.kubelet.token(&TokenSpec::default());
    for token in [token.as_str(), "0123456789abcdef.an-opaque+token/with=odd~marks!"] {
        stage.secret("token", token.as_bytes());
        for (damage, content) in damage::of_token(token) {
            if damage::MAKES_ANOTHER.contains(&damage) {
                stage.secret(damage, &content);
            }
            stage.everywhere(&content);
        }
    }
    stage.assert_nothing_is_told();
}
