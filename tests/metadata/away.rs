//! `/pods` that fails, in every way: no line of the summary is lost or late for it, and it is said once.

use std::time::Duration;

use test_kubelet::{Fault, Options, Right, TestKubelet, TokenSpec, Wording};

use super::running::{EVERYTHING, OFTEN, PODS, Running, kubelet, kubelet_with};
use super::support::leak::Leaks;
use super::support::plugin::PATIENCE;
use super::{list, pod};

/// Short enough that a test can wait for it.
const TIMEOUT: &str = "  response_timeout = \"1s\"\n  max_response = \"1MiB\"\n";

fn start(kubelet: &TestKubelet) -> Running {
    Running::start(kubelet, &format!("{EVERYTHING}{OFTEN}{TIMEOUT}"))
}

fn status(code: u16, body: &str) -> Fault {
    Fault::Status {
        code,
        body: body.to_owned(),
    }
}

/// What goes wrong, and the number that tells it.
fn faults() -> Vec<(Fault, u8)> {
    vec![
        (status(401, "Unauthorized"), 4),
        (
            status(
                403,
                "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[pods proxy])\n",
            ),
            5,
        ),
        (
            status(
                403,
                "Forbidden (user=u, verb=get, resource=nodes, subresource=proxy)",
            ),
            5,
        ),
        (status(500, "panic"), 7),
        (Fault::NotReady, 6),
        (status(404, "404 page not found"), 7),
        (Fault::Silent, 2),
        (Fault::HoldBody, 2),
        (Fault::Trickle(Duration::from_millis(400)), 2),
        (Fault::Late(Duration::from_secs(60)), 2),
        (Fault::Truncated, 7),
        (Fault::EmptyBody, 7),
        (Fault::Html, 7),
        (Fault::Drop, 1),
        (Fault::Redirect("https://elsewhere.example/".to_owned()), 7),
        (Fault::Oversized(1024 * 1024 + 1), 7),
    ]
}

/// The warnings about metadata.
fn warnings(log: &[String]) -> Vec<&String> {
    log.iter()
        .filter(|line| line.contains("metadata of pods"))
        .collect()
}

#[test]
fn what_was_known_stays_in_use_and_the_log_says_it_once() {
    for options in Options::over_both() {
        let kubelet = kubelet_with(options);
        for (fault, code) in faults() {
            kubelet.set_pods_fault(None);
            let mut running = start(&kubelet);
            let good = running.until_known();
            assert_eq!(good.field("metadata_result_code"), Some(0));
            kubelet.set_pods_fault(Some(fault.clone()));
            let is_told = |batch: &super::running::Batch| {
                assert!(batch.is_known(), "{fault:?}: {batch:#?}");
                batch.field("metadata_result_code") == Some(code.into())
            };
            running.tick_until(&format!("{fault:?}"), is_told);
            for _ in 0..5 {
                let batch = running.tick();
                assert!(is_told(&batch), "{fault:?}: {}", batch.scrape());
                assert_eq!(batch.field("metadata_pods"), Some(PODS as u64));
                assert!(batch.field("metadata_age_seconds").is_some());
            }
            kubelet.set_pods_fault(None);
            running.until_code(0);
            let log = running.stop();
            let said = warnings(&log);
            assert_eq!(said.len(), 2, "{fault:?}: {log:#?}");
            assert!(
                said[0].starts_with("W! ") && said[0].contains("what was known before is used"),
                "{}",
                said[0]
            );
            assert!(
                said[1].starts_with("I! ") && said[1].contains("comes again"),
                "{}",
                said[1]
            );
        }
    }
}

/// From the start: each prompt has all its lines, and no line waits for what may never come.
#[test]
fn who_never_answers_delays_nothing() {
    for options in Options::over_both() {
        for fault in [
            Fault::Silent,
            Fault::HoldBody,
            Fault::Trickle(Duration::from_secs(60)),
        ] {
            let kubelet = kubelet_with(options.clone());
            kubelet.set_pods_fault(Some(fault));
            // Longer than this test waits for a line.
            let timeout = "  response_timeout = \"2m\"\n";
            let mut running = Running::start(&kubelet, &format!("{EVERYTHING}{OFTEN}{timeout}"));
            assert!(kubelet.wait_for_pods_requests(1, PATIENCE));
            for _ in 0..10 {
                let batch = running.tick();
                assert!(batch.is_bare(), "{batch:#?}");
                assert_eq!(batch.field("metadata_result_code"), None);
                assert_eq!(batch.field("metadata_pods"), None);
            }
            // And nobody waits for it at the end.
            running.plugin.close_stdin();
            let left = running.plugin.wait(Duration::from_secs(10));
            assert_eq!(left.status.code(), Some(0), "{left:#?}");
            // One question is enough for who does not answer.
            assert!(!kubelet.wait_for_pods_requests(2, Duration::ZERO));
        }
    }
}

#[test]
fn what_is_no_list_is_told_and_none_is_one() {
    let kubelet = kubelet();
    let mut running = start(&kubelet);
    running.until_known();
    let broken = [
        &b"no JSON"[..],
        b"{\"items\": [{\"metadata\":",
        b"{}",
        b"null",
        b" ",
    ];
    for body in broken {
        kubelet.set_pods_body(Some(body.to_vec()));
        assert!(running.until_code(7).is_known());
        kubelet.set_pods_body(None);
        assert!(running.until_code(0).is_known());
    }
    // A kubelet that knows of no pod yet: those that run are what they were.
    for body in ["{\"kind\":\"PodList\",\"items\":null}", "{\"items\":[]}"] {
        kubelet.set_pods_body(Some(body.as_bytes().to_vec()));
        let batch = running.tick_until(body, |batch| batch.field("metadata_pods") == Some(0));
        assert!(batch.is_known() && running.tick().is_known());
    }
    assert_eq!(warnings(&running.stop()).len(), 2 * broken.len());
}

/// It lists static pods alone at first.
#[test]
fn a_kubelet_that_restarts_takes_no_tag_away() {
    let kubelet = kubelet();
    let mut running = start(&kubelet);
    running.until_known();
    kubelet.set_pods_fault(Some(Fault::Restarted));
    running.tick_until("fewer pods", |batch| {
        assert!(batch.is_known(), "{batch:#?}");
        batch.field("metadata_pods") == Some(1)
    });
    for _ in 0..10 {
        assert!(running.tick().is_known());
    }
    kubelet.set_pods_fault(None);
    running.tick_until("all pods", |batch| {
        assert!(batch.is_known(), "{batch:#?}");
        batch.field("metadata_pods") == Some(PODS as u64)
    });
}

#[test]
fn a_right_that_comes_is_used() {
    for wording in [Wording::New, Wording::NewWithoutFineRights, Wording::Old] {
        let kubelet = TestKubelet::start(Options {
            pods: PODS,
            wording,
            ..Options::default()
        });
        let mut running = start(&kubelet);
        let batch = running.until_code(5);
        assert!(batch.is_bare() && batch.field("metadata_pods").is_none());
        let right = if wording == Wording::New {
            Right::Pods
        } else {
            Right::Proxy
        };
        kubelet.set_rights(&[Right::Stats, right]);
        running.until_known();
        let log = running.stop();
        let said = warnings(&log);
        let name = if wording == Wording::New {
            "nodes/pods"
        } else {
            "nodes/proxy"
        };
        assert!(said[0].contains(name), "{log:#?}");
        assert_eq!(said.len(), 2, "{log:#?}");
    }
}

/// A token that is replaced is used for both.
#[test]
fn a_token_is_rotated() {
    let kubelet = kubelet();
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "none.that.anybody-knows").unwrap();
    let (url, ca) = (kubelet.url(), kubelet.files().ca.display().to_string());
    let config = format!(
        "[[inputs.kubelet]]\n  url = \"{url}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{ca}\"\n{EVERYTHING}{OFTEN}",
        token.display()
    );
    let mut running = Running::with(&config);
    let unauthorized = || {
        let requests = kubelet.requests();
        requests
            .iter()
            .any(|seen| seen.path == "/pods" && seen.status == 401)
    };
    super::support::plugin::until("a 401", || {
        kubelet.wait_for_pods_requests(1, PATIENCE) && unauthorized()
    });
    kubelet.write_token(&token, &TokenSpec::default());
    running.until_known();
    // Another one, in the middle.
    kubelet.write_token(&token, &TokenSpec::default());
    for _ in 0..5 {
        assert!(running.tick().is_known());
    }
    running.until_code(0);
}

/// Whatever a server says, or a label: no part of what we showed it is in the log.
#[test]
fn no_secret_is_told() {
    let kubelet = kubelet();
    let token = std::fs::read_to_string(&kubelet.files().token).unwrap();
    let leaks = Leaks::default().in_dir(&kubelet.files().dir);
    let mut running = Running::start(&kubelet, &format!("{EVERYTHING}{OFTEN}  log_level = \"trace\"\n"));
    // As a label it is what the user wants on each line.
    running.plugin.writes_a_secret();
    let label = list(&[pod("web-0", "1", token.trim())]).to_string();
    let answers = [
        (status(500, &token), None),
        (
            status(
                403,
                &format!("Forbidden (user={token}, verb=get, resource=nodes, subresource(s)=[pods proxy])\n"),
            ),
            None,
        ),
        (status(401, &token), None),
        (
            Fault::Redirect(format!("https://{}.example/", token.trim())),
            None,
        ),
        (Fault::None, Some(token.clone())),
        (
            Fault::None,
            Some(format!("{{\"items\": [{{\"{}\":", token.trim())),
        ),
        (Fault::None, Some(label)),
    ];
    for (fault, body) in answers {
        let seen = kubelet
            .requests()
            .iter()
            .filter(|seen| seen.path == "/pods")
            .count();
        kubelet.set_pods_body(body.map(String::into_bytes));
        kubelet.set_pods_fault(Some(fault));
        running.tick_until("two more answers", |_| {
            kubelet
                .requests()
                .iter()
                .filter(|seen| seen.path == "/pods")
                .count()
                >= seen + 2
        });
    }
    let log = running.stop();
    assert!(!warnings(&log).is_empty(), "{log:#?}");
    leaks.assert_none(&log.join("\n"));
}
