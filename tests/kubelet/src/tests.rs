//! The kubelet from outside, over TLS: `/pods` beside the summary.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::{Fault, Options, Right, TestKubelet, TokenSpec, Wording};

const PATIENCE: Duration = Duration::from_secs(20);
const SUMMARY: &str = "/stats/summary";
const PODS: &str = "/pods";
const REAL: &[u8] = include_bytes!("../../captures/live-1.37.2-meta.pods.json");
const REAL_SUMMARY: &[u8] = include_bytes!("../../captures/live-1.37.2-meta.summary.json");

/// An answer, as far as it came.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    /// In small letters.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) whole: bool,
}

impl Got {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The pods that it lists, or has numbers of.
    fn names(&self) -> Vec<String> {
        assert!(self.status == 200 && self.whole, "{self:?}");
        let json: Value = serde_json::from_slice(&self.body).expect("JSON");
        let (list, name) = match json["kind"].as_str() {
            Some("PodList") => ("items", "/metadata/name"),
            _ => ("pods", "/podRef/name"),
        };
        let pods = json[list].as_array().into_iter().flatten();
        let mut names: Vec<_> = pods
            .map(|pod| pod.pointer(name).expect("a name").to_string())
            .collect();
        names.sort_unstable();
        names
    }
}

pub(crate) fn get_as(kubelet: &TestKubelet, token: &str, path: &str) -> Got {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(&kubelet.files().ca).expect("a certificate");
    roots.add(ca).expect("a CA");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().expect("an address");
    let tls = ClientConnection::new(Arc::new(config), name).expect("TLS");
    let mut stream = StreamOwned::new(tls, TcpStream::connect(kubelet.addr()).expect("a listener"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("a connection");
    let mut answer = Vec::new();
    // A body that breaks off ends in an error; what was there before it counts.
    let _ = stream.read_to_end(&mut answer);
    parse(&answer)
}

fn get(kubelet: &TestKubelet, path: &str) -> Got {
    get_as(kubelet, &kubelet.token(&TokenSpec::default()), path)
}

pub(crate) fn parse(answer: &[u8]) -> Got {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        return Got {
            status: 0,
            head: String::new(),
            body: Vec::new(),
            whole: false,
        };
    };
    let head = std::str::from_utf8(&answer[..end])
        .expect("a head")
        .to_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .expect("a status")
        .parse()
        .expect("a number");
    let mut rest = &answer[end + 4..];
    if !head.contains("transfer-encoding: chunked") {
        return Got {
            status,
            head,
            body: rest.to_vec(),
            whole: true,
        };
    }
    let mut body = Vec::new();
    let whole = loop {
        let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else {
            break false;
        };
        let size = std::str::from_utf8(&rest[..line]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a size");
        let chunk = &rest[line + 2..];
        if size == 0 {
            break true;
        }
        body.extend_from_slice(&chunk[..size]);
        rest = &chunk[size + 2..];
    };
    Got {
        status,
        head,
        body,
        whole,
    }
}

fn with_pods() -> TestKubelet {
    TestKubelet::start(Options {
        pods: 12,
        rights: vec![Right::Stats, Right::Pods],
        ..Options::default()
    })
}

#[test]
fn its_pods_are_the_summarys() {
    let kubelet = with_pods();
    let names = get(&kubelet, SUMMARY).names();
    assert_eq!(names.len(), 12);
    assert_eq!(get(&kubelet, PODS).names(), names);
    kubelet.set_body(Some(REAL_SUMMARY.to_vec()));
    assert_eq!(get(&kubelet, PODS).names(), get(&kubelet, SUMMARY).names());
    kubelet.set_body(None);
    assert_eq!(get(&kubelet, PODS).names(), names);
    let (one, other) = (get(&kubelet, PODS), get(&kubelet, PODS));
    assert!(one.body != other.body, "in another order each time");
}

#[test]
fn a_body_of_the_tests_own() {
    let kubelet = with_pods();
    for body in [REAL, b"no JSON", b""] {
        kubelet.set_pods_body(Some(body.to_vec()));
        let got = get(&kubelet, PODS);
        assert_eq!((got.status, &got.body[..]), (200, body));
        assert_eq!(&kubelet.last_pods().expect("an answer")[..], body);
    }
    kubelet.set_pods_body(None);
    assert_eq!(get(&kubelet, PODS).names().len(), 12);
    let requests = kubelet.requests();
    assert!(
        requests
            .iter()
            .all(|seen| seen.path == PODS && seen.version == "1.1")
    );
    let connections: Vec<_> = requests.iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 2, 3, 4]);
}

/// The status of `/pods`, and the words of a refusal, for each right alone.
#[test]
fn rights() {
    use Right::{Pods, Proxy, Stats};
    use Wording::{New, NewWithoutFineRights, Old};
    let forbidden = |words: &str| {
        format!(
            "Forbidden (user=system:serviceaccount:monitoring:telegraf, verb=get, resource=nodes, {words}"
        )
    };
    let fine = forbidden("subresource(s)=[pods proxy])\n");
    let new = forbidden("subresource(s)=[proxy])\n");
    let old = forbidden("subresource=proxy)");
    for (wording, right, refusal) in [
        (New, Stats, Some(&fine)),
        (New, Pods, None),
        (New, Proxy, None),
        (NewWithoutFineRights, Stats, Some(&new)),
        (NewWithoutFineRights, Pods, Some(&new)),
        (NewWithoutFineRights, Proxy, None),
        (Old, Stats, Some(&old)),
        (Old, Pods, Some(&old)),
        (Old, Proxy, None),
    ] {
        let kubelet = TestKubelet::start(Options {
            wording,
            rights: vec![right],
            ..Options::default()
        });
        let got = get(&kubelet, PODS);
        assert_eq!(
            got.status,
            if refusal.is_some() { 403 } else { 200 },
            "{wording:?} {right:?}"
        );
        if let Some(refusal) = refusal {
            assert_eq!(got.text(), refusal);
        }
        let summary = get(&kubelet, SUMMARY).status;
        assert_eq!(summary, if right == Stats { 200 } else { 403 }, "{right:?}");
    }
}

#[test]
fn rights_come_and_go_and_others_have_their_own() {
    let kubelet = TestKubelet::start(Options::default());
    assert_eq!(get(&kubelet, PODS).status, 403);
    kubelet.set_rights(&[Right::Stats, Right::Pods]);
    assert_eq!(get(&kubelet, PODS).status, 200);
    kubelet.set_rights(&[]);
    assert_eq!(get(&kubelet, PODS).status, 403);
    for (account, status) in [("pods", 200), ("proxy", 200), ("unbound", 403)] {
        let token = kubelet.token(&TokenSpec {
            account: account.to_owned(),
            ..TokenSpec::default()
        });
        assert_eq!(get_as(&kubelet, &token, PODS).status, status, "{account}");
    }
    assert_eq!(get_as(&kubelet, "none", PODS).status, 401);
}

/// What goes wrong with the one leaves the other as it is.
#[test]
fn each_has_its_own_faults() {
    let broken =
        |got: &Got| got.status != 200 || !got.whole || serde_json::from_slice::<Value>(&got.body).is_err();
    for fault in [
        Fault::Status {
            code: 500,
            body: "no".to_owned(),
        },
        Fault::Truncated,
        Fault::EmptyBody,
        Fault::Html,
        Fault::Drop,
        Fault::Oversized(100_000),
    ] {
        let kubelet = with_pods();
        kubelet.set_pods_fault(Some(fault.clone()));
        let got = get(&kubelet, PODS);
        assert!(broken(&got), "{fault:?}: {got:?}");
        assert_eq!(get(&kubelet, SUMMARY).names().len(), 12, "{fault:?}");
        // The other way round.
        kubelet.set_fault(fault.clone());
        kubelet.set_pods_fault(Some(Fault::None));
        let got = get(&kubelet, SUMMARY);
        assert!(broken(&got), "{fault:?}: {got:?}");
        assert_eq!(get(&kubelet, PODS).names().len(), 12, "{fault:?}");
        // With the whole kubelet.
        kubelet.set_pods_fault(None);
        assert!(broken(&get(&kubelet, PODS)), "{fault:?}");
    }
}

#[test]
fn a_body_that_stops_comes_to_its_middle() {
    let kubelet = with_pods();
    kubelet.set_pods_fault(Some(Fault::Truncated));
    let got = get(&kubelet, PODS);
    let whole = kubelet.last_pods().expect("an answer");
    assert!(got.status == 200 && !got.whole, "{}", got.status);
    assert!(whole.starts_with(&got.body) && got.body.len() > whole.len() / 3);
}

#[test]
fn who_is_kept_waiting_has_it_when_the_fault_is_over() {
    for fault in [
        Fault::Silent,
        Fault::RuntimeHung,
        Fault::HoldBody,
        Fault::Late(Duration::from_millis(1)),
        Fault::Trickle(Duration::from_millis(1)),
    ] {
        let kubelet = with_pods();
        kubelet.set_pods_fault(Some(fault.clone()));
        thread::scope(|scope| {
            let asked = scope.spawn(|| get(&kubelet, PODS));
            assert!(kubelet.wait_for_pods_requests(1, PATIENCE));
            // Meanwhile the summary is answered.
            assert_eq!(get(&kubelet, SUMMARY).names().len(), 12);
            if matches!(fault, Fault::Silent | Fault::RuntimeHung | Fault::HoldBody) {
                assert!(!asked.is_finished(), "{fault:?}");
            }
            kubelet.set_pods_fault(None);
            assert_eq!(asked.join().expect("an answer").names().len(), 12, "{fault:?}");
        });
    }
}

/// A hung runtime is none of `/pods`' business, and a kubelet that has just started lists what is in its files.
#[test]
fn of_the_whole_kubelets_faults_some_are_others_here() {
    let kubelet = with_pods();
    kubelet.set_fault(Fault::RuntimeHung);
    assert_eq!(get(&kubelet, PODS).names().len(), 12);
    let of_files = [r#""kube-apiserver-test-node""#];
    kubelet.set_fault(Fault::NotReady);
    assert_eq!(get(&kubelet, PODS).names(), of_files);
    assert_eq!(get(&kubelet, SUMMARY).status, 500);
    kubelet.set_fault(Fault::Restarted);
    assert_eq!(get(&kubelet, PODS).names(), of_files);
    assert_eq!(get(&kubelet, SUMMARY).names().len(), 12);
    kubelet.set_fault(Fault::ApiServerAway);
    let got = get(&kubelet, PODS);
    // Nobody is known any more.
    assert_eq!((got.status, got.text()), (401, "Unauthorized"));
}
