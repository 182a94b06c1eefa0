//! Servers that say again what they were sent, or have been sent before: in bodies, headers, frames and certificates.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use test_kubelet::{Fault, Options, Peer, Serving, TestKubelet, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::forms;
use super::support::leak::Leaks;
use super::support::plugin::{PATIENCE, Plugin, command};
use super::told::in_json;

/// A token of ours, which the server knows.
struct Told {
    leaks: Leaks,
    dir: tempfile::TempDir,
    token: PathBuf,
}

impl Told {
    fn new(token: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, token).unwrap();
        Self {
            leaks: Leaks::default().secret("the token", token.as_bytes()),
            dir,
            token: path,
        }
    }

    fn config(&self, url: &str, ca: &std::path::Path) -> String {
        let (token, ca) = (self.token.display(), ca.display());
        format!("[[inputs.kubelet]]\n  url = \"{url}\"\n  bearer_token = \"{token}\"\n  tls_ca = \"{ca}\"\n")
    }

    /// Nothing of the token is told at a tick and in a check, after each of these was done to the server.
    fn assert_none(&self, config: &str, faults: impl IntoIterator<Item = (String, Box<dyn FnOnce()>)>) {
        let mut run = command(self.dir.path(), config);
        run.args(["-log_level", "trace"]);
        let mut plugin = Plugin::start(run);
        for (name, fault) in faults {
            fault();
            plugin.tick();
            let scrape = plugin.batch();
            self.assert(&name, &scrape.join("\n"));
            self.assert(&name, &in_json(config));
        }
        plugin.close_stdin();
        let left = plugin.wait(PATIENCE);
        // Whoever succeeds says so once, and whoever is refused at each tick.
        assert!(!left.stderr.is_empty());
        self.assert("the log", &left.stderr.join("\n"));
    }

    fn assert(&self, name: &str, said: &str) {
        if let Some(found) = self.leaks.found(said) {
            panic!("{name}: {found}\n{said}");
        }
    }
}

/// Words of a server with the token in them, as a status and a body.
fn refusals(form: &str) -> Vec<(u16, String)> {
    let blank = " ".repeat(16 * 1024);
    vec![
        (500, form.to_owned()),
        (
            403,
            format!("Forbidden (user={form}, verb=get, resource=nodes, subresource(s)=[stats])\n"),
        ),
        (500, format!("Internal Error: failed to get node info: {form}")),
        (404, format!("{blank}{form}")),
        (401, format!("<html>\n<p>no such token:</p>{form}")),
        (
            200,
            format!("{{\"node\": {{\"nodeName\": \"n\", \"{form}\": 1}}, \"pods\": []}}"),
        ),
    ]
}

fn bodies(token: &str) {
    let told = Told::new(token);
    let kubelet = Arc::new(TestKubelet::start(Options::default()));
    let config = told.config(&kubelet.url(), &kubelet.files().ca);
    let mut faults: Vec<(String, Box<dyn FnOnce()>)> = Vec::new();
    for (name, form) in forms::of(token) {
        for (code, body) in refusals(&form) {
            let kubelet = Arc::clone(&kubelet);
            let fault = Fault::Status { code, body };
            faults.push((
                format!("{code}, {name}"),
                Box::new(move || kubelet.set_fault(fault)),
            ));
        }
    }
    told.assert_none(&config, faults);
}

#[test]
fn a_body_of_a_token() {
    bodies(forms::TOKENS[0]);
}

#[test]
fn a_body_of_another_token() {
    bodies(forms::TOKENS[1]);
}

/// Cut where the program stops to read, and at each place in the token.
#[test]
fn a_body_that_is_cut_off() {
    let token = forms::TOKENS[0];
    let told = Told::new(token);
    let kubelet = Arc::new(TestKubelet::start(Options::default()));
    let config = told.config(&kubelet.url(), &kubelet.files().ca);
    let around = [0, 500, 512, 4_090, 4_096 - token.len() / 2, 16_380];
    let cuts = around.into_iter().flat_map(|before| {
        [8, 9, 20, token.len() - 3, token.len()]
            .map(|length| format!("{}{}", "x ".repeat(before / 2), &token[..length]))
    });
    let faults = cuts.map(|body| {
        let kubelet = Arc::clone(&kubelet);
        let name = format!("{} bytes", body.len());
        let set = move || kubelet.set_fault(Fault::Status { code: 500, body });
        (name, Box::new(set) as Box<dyn FnOnce()>)
    });
    told.assert_none(&config, faults.collect::<Vec<_>>());
}

#[test]
fn a_redirect() {
    for token in forms::TOKENS {
        let told = Told::new(token);
        let kubelet = Arc::new(TestKubelet::start(Options::default()));
        let config = told.config(&kubelet.url(), &kubelet.files().ca);
        let faults = [
            format!("https://{token}/"),
            format!("https://{token}.example:443/login"),
            format!("https://login.{}.example", token.to_ascii_lowercase()),
            format!("https://me:{token}@login.example/"),
            format!("https://login.example/{token}?token={token}#{token}"),
            format!("//{token}/"),
            format!("/{token}"),
            token.to_owned(),
        ]
        .map(|to| {
            let kubelet = Arc::clone(&kubelet);
            (
                to.clone(),
                Box::new(move || kubelet.set_fault(Fault::Redirect(to))) as Box<dyn FnOnce()>,
            )
        });
        told.assert_none(&config, faults);
    }
}

/// A peer that answers whatever is asked with these bytes.
pub struct Echo {
    peer: Peer,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    pub fn start(http2: bool) -> Self {
        let options = Options {
            http2,
            ..Options::default()
        };
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let answers = Arc::clone(&bytes);
        let peer = Peer::over_tls(&options, move |wire| {
            let answer = answers.lock().unwrap().clone();
            say(wire, answer)
        });
        Self { peer, bytes }
    }

    /// Nothing of the token is told after any of these answers.
    pub fn assert_none(&self, token: &str, answers: impl IntoIterator<Item = (String, Vec<u8>)>) {
        let told = Told::new(token);
        let config = told.config(&self.peer.url(), self.peer.ca());
        let faults = answers.into_iter().map(|(name, answer)| {
            let bytes = Arc::clone(&self.bytes);
            (
                name,
                Box::new(move || *bytes.lock().unwrap() = answer) as Box<dyn FnOnce()>,
            )
        });
        told.assert_none(&config, faults.collect::<Vec<_>>());
    }
}

async fn say(mut wire: Wire, answer: Vec<u8>) {
    // Whoever goes away meanwhile is none of our business.
    let _ = wire.read(&mut [0; 4096]).await;
    let _ = wire.write_all(&answer).await;
    let _ = wire.shutdown().await;
    let _ = wire.read_to_end(&mut Vec::new()).await;
}

#[test]
fn no_tls() {
    for token in forms::TOKENS {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let answers = Arc::clone(&bytes);
        let peer = Peer::over_tcp(move |mut stream| {
            let answer = answers.lock().unwrap().clone();
            async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let length = u8::try_from(token.len().min(200)).unwrap();
        let record = |kind: u8, payload: &[u8]| [&[kind, 3, 3, 0, length], payload].concat();
        let told = Told::new(token);
        let config = told.config(&peer.url(), peer.ca());
        let faults = [
            ("text", token.as_bytes().to_vec()),
            (
                "HTTP",
                format!("HTTP/1.1 400 {token}\r\n\r\n{token}").into_bytes(),
            ),
            ("a handshake", record(22, token.as_bytes())),
            ("an alert", record(21, token.as_bytes())),
            ("data", record(23, token.as_bytes())),
            ("an unknown record", record(99, token.as_bytes())),
        ]
        .map(|(name, answer)| {
            let bytes = Arc::clone(&bytes);
            (
                name.to_owned(),
                Box::new(move || *bytes.lock().unwrap() = answer) as Box<dyn FnOnce()>,
            )
        });
        told.assert_none(&config, faults);
    }
}

/// Whoever has been shown the token once may have it certified.
#[test]
fn names_in_a_certificate() {
    // What a host's name may have in it.
    for token in [
        forms::TOKENS[0].to_owned(),
        forms::TOKENS[0].to_ascii_lowercase(),
        "07401b.f395accd246ae52d".to_owned(),
    ] {
        for serving in [
            Serving::CaIssued,
            Serving::CaIssuedNameOnly,
            Serving::SelfSigned,
            Serving::OpensslLeaf,
            Serving::Expired,
            Serving::NotYetValid,
        ] {
            let kubelet = TestKubelet::start(Options {
                serving,
                node_name: token.clone(),
                body: Some(b"{\"node\": {\"nodeName\": \"n\"}, \"pods\": []}".to_vec()),
                ..Options::default()
            });
            let told = Told::new(&token);
            let config = told.config(&kubelet.url(), &kubelet.files().ca);
            let other = told.config(&kubelet.url(), &kubelet.files().other_ca);
            for config in [config, other] {
                told.assert_none(
                    &config,
                    [(format!("{serving:?}"), Box::new(|| ()) as Box<dyn FnOnce()>)],
                );
            }
        }
    }
}
