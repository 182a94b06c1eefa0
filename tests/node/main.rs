//! The node's side against a test kubelet, where the running program would hide what happens: which connection a request
//! came on, what is kept and for how long, which fault is which.

mod requests;
mod rotation;
mod shared;
mod trust;

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use telegraf_kubelet::client::{Anchors, Credential, Profile, Scheme, Settings, Target, Trust, Url};
use telegraf_kubelet::kubelet::{Answer, Question, ScrapeError, Scraper};
use test_kubelet::TestKubelet;

/// A scraper as a user would set one up for `kubelet`.
fn scraper(kubelet: &TestKubelet, credential: Credential) -> Scraper {
    config(kubelet, credential).scraper()
}

/// Whom to scrape and how, for tests that change a part of it.
struct Config {
    target: Target,
    client: Settings,
}

impl Config {
    /// A scraper that shares nothing with others.
    fn scraper(&self) -> Scraper {
        Scraper::new(
            Profile::new(Arc::new(self.client.clone())),
            self.target.clone(),
            Question::default(),
        )
    }
}

fn config(kubelet: &TestKubelet, credential: Credential) -> Config {
    Config {
        target: target(kubelet),
        client: settings(kubelet, credential),
    }
}

fn target(kubelet: &TestKubelet) -> Target {
    Target {
        url: Url {
            scheme: if kubelet.url().starts_with("https") {
                Scheme::Https
            } else {
                Scheme::Http
            },
            host: kubelet.addr().ip().to_string(),
            port: NonZeroU16::new(kubelet.port()).unwrap(),
        },
        server_name: None,
        common_name: None,
    }
}

fn settings(kubelet: &TestKubelet, credential: Credential) -> Settings {
    Settings {
        credential,
        trust: Trust {
            anchors: Anchors::Files(vec![kubelet.files().ca.clone()]),
            tls13_only: false,
        },
        response_timeout: Duration::from_secs(20),
        max_response: 64 * 1024 * 1024,
    }
}

fn token(file: &Path) -> Credential {
    Credential::BearerToken {
        file: file.to_owned(),
    }
}

fn certificate(cert: &Path, key: &Path) -> Credential {
    Credential::ClientCertificate {
        cert: cert.to_owned(),
        key: key.to_owned(),
    }
}

async fn scrape(scraper: &mut Scraper) -> Result<Answer, ScrapeError> {
    scraper.scrape(&mut Vec::new()).await
}

/// The words of a scrape that has to fail.
async fn refused(scraper: &mut Scraper) -> String {
    scrape(scraper).await.expect_err("a refusal").to_string()
}

/// A file as Kubernetes replaces one: written beside it, then swapped in.
fn replace(path: &Path, content: &str) {
    let beside = PathBuf::from(format!("{}.next", path.display()));
    std::fs::write(&beside, content).unwrap();
    std::fs::rename(&beside, path).unwrap();
}
