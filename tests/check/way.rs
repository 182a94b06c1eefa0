//! The way, wrong in every way: addresses, ports, protocols, and answers that are none.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use test_kubelet::{Fault, Serving};

use super::harness::{assert_failure, at, fault};
use super::support::plugin::block;
use super::support::scrape::{config as config_of, start};

#[test]
fn protocols() {
    let kubelet = start(Serving::CaIssued);
    let plain = format!("[[inputs.kubelet]]\n  url = \"http://{}\"\n", kubelet.addr());
    let url = format!("url = \\\"https://{}\\\"", kubelet.addr());
    assert_failure(&kubelet, &plain, &[], ["tls", "plain_http"], &[&url]);
    let kubelet = start(Serving::PlainHttp);
    let tls = block(&kubelet).replace("http://", "https://");
    assert_failure(
        &kubelet,
        &tls,
        &[],
        ["tls", "not_tls"],
        &["https://127.0.0.1:10250"],
    );
}

/// A server that takes so many connections, reads a little of each, answers this and closes.
fn answering(bytes: &'static [u8], connections: usize) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            if stream.read(&mut [0; 4096]).unwrap_or(0) > 0 {
                stream.write_all(bytes).unwrap();
            }
        }
    });
    (url, server)
}

#[test]
fn handshakes_that_end() {
    let kubelet = start(Serving::CaIssued);
    for (alert, diagnosis, words) in [
        (&[21, 3, 3, 0, 2, 2, 70][..], "tls_version", "tlsMinVersion"),
        (
            &[21, 3, 3, 0, 2, 2, 40],
            "tls_nothing_in_common",
            "tlsCipherSuites",
        ),
        (&[21, 3, 3, 0, 2, 2, 48], "certificate_refused", "unknown_ca"),
        (&[21, 3, 3, 0, 2, 2, 112], "tls_failed", "unrecognized_name"),
        (&[21, 3, 3, 0, 2, 2, 200], "tls_failed", "number 200"),
        (&[], "tls_ended", "load balancer"),
        // A change of ciphers before there are any.
        (&[20, 3, 3, 0, 1, 9], "tls_broken", "rules of TLS"),
    ] {
        // A check connects once to see that it can, and once to ask, and where it is shown nothing, once more to look; and it
        // is done for machines and for people.
        let connections = if diagnosis == "tls_nothing_in_common" {
            6
        } else {
            4
        };
        let (url, server) = answering(alert, connections);
        assert_failure(&kubelet, &at(&kubelet, &url), &[], ["tls", diagnosis], &[words]);
        server.join().unwrap();
    }
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", mute.local_addr().unwrap());
    let config = format!("{}  response_timeout = \"300ms\"\n", at(&kubelet, &url));
    assert_failure(&kubelet, &config, &[], ["tls", "tls_silent"], &[]);
}

#[test]
fn nobody_there() {
    let kubelet = start(Serving::CaIssued);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = at(&kubelet, &format!("https://{free}"));
    assert_failure(&kubelet, &closed, &[], ["tcp", "port_closed"], &["ss -ltnp"]);
    // A proxy is not used, and here that may be why.
    let proxy = [("HTTPS_PROXY", "http://proxy.example:3128")];
    assert_failure(
        &kubelet,
        &closed,
        &proxy,
        ["tcp", "port_closed"],
        &["HTTPS_PROXY is set"],
    );
    let read_only = format!("[[inputs.kubelet]]\n  url = \"http://{free}\"\n");
    let words = ["https://127.0.0.1:10250"];
    assert_failure(&kubelet, &read_only, &[], ["tcp", "port_closed"], &words);

    // TCP never goes to a multicast address: Linux says so without sending anything.
    let unreachable = at(&kubelet, "https://224.0.0.1:10250");
    assert_failure(
        &kubelet,
        &unreachable,
        &[],
        ["tcp", "host_unreachable"],
        &["status.hostIP"],
    );
    let unknown = at(&kubelet, "https://no-such-node.invalid:10250");
    assert_failure(
        &kubelet,
        &unknown,
        &[],
        ["address", "name_unknown"],
        &["status.hostIP"],
    );
}

/// A listener that accepts nobody: once its queue is full, the system drops who else comes, as a firewall does.
#[test]
fn a_host_that_drops() {
    let kubelet = start(Serving::CaIssued);
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    let loopback = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0);
    rustix::net::bind(&socket, &loopback).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let queue: Vec<_> = (0..8)
        .map_while(|_| TcpStream::connect_timeout(&address, std::time::Duration::from_millis(200)).ok())
        .collect();
    assert!(queue.len() < 8, "the queue is never full");
    let config = format!(
        "{}  response_timeout = \"300ms\"\n",
        at(&kubelet, &format!("https://{address}"))
    );
    assert_failure(&kubelet, &config, &[], ["tcp", "host_silent"], &["NetworkPolicy"]);
}

#[test]
fn answers() {
    let kubelet = start(Serving::CaIssued);
    let config = format!("{}  response_timeout = \"1s\"\n", block(&kubelet));
    let internal = |chain: &str| fault(500, &format!("Internal Error: {chain}"));
    for (fault, diagnosis, words) in [
        (Fault::NotReady, "kubelet_starting", "kubectl get nodes"),
        (Fault::NotReady, "kubelet_starting", "systemctl restart kubelet"),
        (
            internal(
                "failed to get root cgroup stats: failed to get cgroup stats for \"/\": failed to get container info for \"/\": unknown container \"/\"",
            ),
            "kubelet_starting",
            "first seconds",
        ),
        (
            internal(
                "failed to get rootFs stats: failed to get rootFs info: could not find device with major: 0, minor: 40 in cached partitions map",
            ),
            "root_filesystem",
            "btrfs",
        ),
        (
            internal("failed to get imageFs stats: missing image stats: nil"),
            "runtime_away",
            "crictl info",
        ),
        (
            internal("failed to get image stats: rpc error: code = Unavailable"),
            "runtime_away",
            "crictl",
        ),
        (
            internal(
                "failed to list pod stats: failed to list all container stats: rpc error: code = Unknown",
            ),
            "runtime_away",
            "containerd",
        ),
        (
            internal(
                "failed to list pod stats: failed to get pod or container map: failed to list all containers",
            ),
            "runtime_away",
            "crictl",
        ),
        (internal("something new"), "not_ready", "journalctl -u kubelet"),
        (Fault::RuntimeHung, "no_answer", "crictl"),
        (Fault::RuntimeHung, "no_answer", "readyz"),
        (Fault::Drop, "connection_closed", "journalctl"),
        (Fault::HoldBody, "slow_answer", "response_timeout = "),
        (Fault::Truncated, "bad_answer", "broke off"),
        (Fault::EmptyBody, "bad_answer", "empty"),
        (Fault::Html, "bad_answer", "url points to"),
        (
            Fault::Redirect("https://elsewhere.example/".to_owned()),
            "bad_answer",
            "redirects",
        ),
        (fault(404, "404: Page Not Found"), "bad_answer", "404"),
        // Of an API server that url points to by mistake.
        (
            fault(
                403,
                r#"{"kind":"Status","status":"Failure","message":"nodes is forbidden","code":403}"#,
            ),
            "bad_answer",
            "url points to",
        ),
        (
            fault(
                401,
                r#"{"kind":"Status","status":"Failure","reason":"Unauthorized","code":401}"#,
            ),
            "bad_answer",
            "url points to",
        ),
    ] {
        kubelet.set_fault(fault);
        assert_failure(&kubelet, &config, &[], ["answer", diagnosis], &[words]);
        kubelet.set_fault(Fault::None);
    }
}

/// A deadline that the interval has no room for is not advised.
#[test]
fn a_slow_answer_and_an_interval() {
    let kubelet = start(Serving::CaIssued);
    kubelet.set_fault(Fault::HoldBody);
    for (interval, advised) in [("1s", false), ("2s", false), ("3s", true)] {
        let config = format!(
            "{}  response_timeout = \"900ms\"\n  interval = \"{interval}\"\n",
            block(&kubelet)
        );
        let checked = assert_failure(&kubelet, &config, &[], ["answer", "slow_answer"], &["interval"]);
        assert_eq!(
            checked.said().contains("response_timeout = "),
            advised,
            "{interval}"
        );
    }
}

/// Silence to a question that needs no runtime is not the runtime's.
#[test]
fn a_kubelet_that_waits_for_its_api_server() {
    let kubelet = start(Serving::CaIssued);
    kubelet.set_fault(Fault::Silent);
    let config = format!("{}  response_timeout = \"300ms\"\n", block(&kubelet));
    let want = ["authentication", "api_server_silent"];
    assert_failure(&kubelet, &config, &[], want, &["readyz"]);

    let kubelet = start(Serving::PlainHttp);
    kubelet.set_fault(Fault::Silent);
    let config = format!("{}  response_timeout = \"300ms\"\n", config_of(&kubelet, &[]));
    assert_failure(
        &kubelet,
        &config,
        &[],
        ["answer", "no_answer"],
        &["connected, and no answer"],
    );
}

#[test]
fn configurations() {
    let kubelet = start(Serving::CaIssued);
    for (config, words) in [
        (
            "[[inputs.kubelet]]\n  uri = \"https://n\"\n",
            "kubelet.conf:2: uri",
        ),
        ("[[inputs.kubelet]]\n", "NODE_IP"),
        ("", "[[inputs.kubelet]]"),
    ] {
        assert_failure(&kubelet, config, &[], ["config", "config_wrong"], &[words]);
    }
}
