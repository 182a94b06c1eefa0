//! What is replaced while we run: tokens, certificates, keys and CAs, without a lost tick.

use std::fs;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use telegraf_kubelet::client::MAX_CONNECTION_AGE;
use telegraf_kubelet::kubelet::Cause;
use test_kubelet::{ClientSpec, Options, Seen, TestKubelet, TokenSpec};

use super::{certificate, refused, replace, scrape, scraper, token};

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps what is logged, for [`warnings`].
struct Keep;

impl log::Log for Keep {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.level() <= log::Level::Warn {
            let line = record.args().to_string();
            LOG.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn flush(&self) {}
}

fn start() -> TestKubelet {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        log::set_logger(&Keep).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
    });
    TestKubelet::start(Options::default())
}

/// Warnings about this kubelet's files.
fn warnings(kubelet: &TestKubelet) -> Vec<String> {
    let dir = kubelet.files().dir.display().to_string();
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    log.iter().filter(|line| line.contains(&dir)).cloned().collect()
}

fn last(kubelet: &TestKubelet) -> Seen {
    kubelet.requests().last().unwrap().clone()
}

#[tokio::test]
async fn a_new_token_is_used_at_once_on_the_same_connection() {
    let kubelet = start();
    let file = &kubelet.files().token;
    let mut scraper = scraper(&kubelet, token(file));
    scrape(&mut scraper).await.unwrap();
    let left = scraper.expiries().token.unwrap().seconds;
    assert!((3_500..=3_607).contains(&left), "{left}");

    let longer = TokenSpec {
        account: "proxy".to_owned(),
        valid_until: 7_200,
        ..TokenSpec::default()
    };
    replace(file, &format!("{}\n", kubelet.token(&longer)));
    scrape(&mut scraper).await.unwrap();
    assert_eq!(
        last(&kubelet).user.unwrap(),
        "system:serviceaccount:monitoring:proxy"
    );
    assert!(scraper.expiries().token.unwrap().seconds > 7_000);
    assert_eq!(kubelet.connections(), 1);
}

#[tokio::test]
async fn the_token_read_last_bridges_a_file_that_is_gone() {
    let kubelet = start();
    let file = &kubelet.files().token;
    let content = fs::read_to_string(file).unwrap();
    let mut scraper = scraper(&kubelet, token(file));
    fs::remove_file(file).unwrap();
    let error = scrape(&mut scraper).await.unwrap_err();
    assert_eq!(error.cause(), Cause::Credential);
    assert!(kubelet.requests().is_empty());

    replace(file, &content);
    scrape(&mut scraper).await.unwrap();
    fs::remove_file(file).unwrap();
    scrape(&mut scraper).await.unwrap();
    scrape(&mut scraper).await.unwrap();
    fs::write(file, "\n").unwrap();
    scrape(&mut scraper).await.unwrap();

    let warned = warnings(&kubelet);
    assert_eq!(warned.len(), 2, "once for each trouble: {warned:?}");
    assert!(warned[0].contains("no such file") && warned[1].contains("is empty"));
    assert!(!warned.concat().contains(content.trim()));
}

#[tokio::test]
async fn a_401_is_asked_again_only_with_another_token() {
    let kubelet = start();
    let (file, good) = (&kubelet.files().expired_token, &kubelet.files().token);
    let good = fs::read_to_string(good).unwrap();
    let mut scraper = scraper(&kubelet, token(file));
    assert!(refused(&mut scraper).await.contains("401"));
    assert_eq!(kubelet.requests().len(), 1);
    assert!(scraper.expiries().token.unwrap().seconds < 0);

    // The file is replaced while the kubelet judges the old token.
    kubelet.set_fault(test_kubelet::Fault::Silent);
    let meanwhile = async {
        let arrived = || kubelet.wait_for_requests(2, Duration::ZERO);
        while !arrived() {
            tokio::task::yield_now().await;
        }
        replace(file, &good);
        kubelet.set_fault(test_kubelet::Fault::None);
    };
    let (outcome, ()) = tokio::join!(scrape(&mut scraper), meanwhile);
    outcome.unwrap();
    let statuses: Vec<_> = kubelet.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [401, 401, 200]);
}

#[tokio::test]
async fn a_new_client_certificate_gets_a_new_connection() {
    let kubelet = start();
    let files = kubelet.files();
    let pairs = [
        (&files.client_cert, &files.client_key),
        (&files.client_combined, &files.client_combined),
    ];
    for (cert, key) in pairs {
        let before = kubelet.connections();
        let mut scraper = scraper(&kubelet, certificate(cert, key));
        scrape(&mut scraper).await.unwrap();
        scrape(&mut scraper).await.unwrap();
        assert_eq!(kubelet.connections(), before + 1);
        assert!(scraper.expiries().client_certificate.unwrap().seconds > 89 * 86_400);

        let (new_cert, new_key) = kubelet.issue_client_certificate(&ClientSpec {
            common_name: "somebody".to_owned(),
            valid_until: 600,
            ..ClientSpec::default()
        });
        if cert == key {
            replace(cert, &format!("{new_cert}{new_key}"));
        } else {
            replace(cert, &new_cert);
            scrape(&mut scraper).await.unwrap();
            scrape(&mut scraper).await.unwrap();
            assert_eq!(kubelet.connections(), before + 1, "half a pair changes nothing");
            let warned = warnings(&kubelet);
            assert_eq!(warned.len(), 1, "{warned:?}");
            assert!(warned[0].contains("is not the key of"), "{warned:?}");
            replace(key, &new_key);
        }
        assert!(refused(&mut scraper).await.contains("user=somebody"));
        assert_eq!(kubelet.connections(), before + 2);
        assert!(scraper.expiries().client_certificate.unwrap().seconds <= 600);
    }
}

#[tokio::test]
async fn a_client_certificate_may_come_late() {
    let kubelet = start();
    let (cert, key) = (&kubelet.files().client_cert, &kubelet.files().client_key);
    let content = fs::read_to_string(key).unwrap();
    fs::remove_file(key).unwrap();
    let mut scraper = scraper(&kubelet, certificate(cert, key));
    let error = scrape(&mut scraper).await.unwrap_err();
    assert_eq!(error.cause(), Cause::Credential);
    assert!(
        error.to_string().contains("client.key: there is no such file"),
        "{error}"
    );
    replace(key, &content);
    scrape(&mut scraper).await.unwrap();
}

#[tokio::test]
async fn a_replaced_ca_is_believed_and_the_old_one_no_more() {
    let kubelet = start();
    let ca = &kubelet.files().ca;
    let old = fs::read_to_string(ca).unwrap();
    let mut scraper = scraper(&kubelet, token(&kubelet.files().token));
    scrape(&mut scraper).await.unwrap();
    kubelet.replace_ca();
    scrape(&mut scraper).await.unwrap();
    assert_eq!(kubelet.connections(), 2);

    let new = fs::read_to_string(ca).unwrap();
    replace(ca, &new[..new.len() / 2]);
    scrape(&mut scraper).await.unwrap();
    assert_eq!(kubelet.connections(), 2, "half a file changes nothing");
    assert_eq!(warnings(&kubelet).len(), 1);
    replace(ca, &old);
    assert!(refused(&mut scraper).await.contains("another cluster"));
}

#[tokio::test]
async fn no_connection_outlives_its_bound_even_while_files_are_broken() {
    let kubelet = start();
    let mut scraper = scraper(&kubelet, token(&kubelet.files().token));
    scrape(&mut scraper).await.unwrap();
    let left = scraper.expiries().serving_certificate;
    fs::write(&kubelet.files().ca, "broken").unwrap();

    // Often enough that the connection is never idle for long.
    let step = Duration::from_secs(60);
    let steps = MAX_CONNECTION_AGE.as_secs() / step.as_secs();
    for _ in 1..steps {
        advance(step).await;
        scrape(&mut scraper).await.unwrap();
    }
    assert_eq!(kubelet.connections(), 1);
    kubelet.rotate_serving();
    advance(step).await;
    scrape(&mut scraper).await.unwrap();
    assert_eq!(kubelet.connections(), 2);
    assert!(left.is_some());
}

/// Only for the moment: with the clock stopped, any wait for the network would look like an idle program.
async fn advance(step: Duration) {
    tokio::time::pause();
    tokio::time::advance(step).await;
    tokio::time::resume();
}
