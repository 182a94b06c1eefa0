//! Over one HTTP/2 connection with `/pods`: whatever that does to it, the summary comes, and in time.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use h2::server::{Builder, SendResponse};
use h2::{Reason, SendStream};
use hyper::body::Bytes;
use hyper::http::Response;
use test_kubelet::{GeneratorOptions, Options, Peer, Wire, summary};

use super::running::{EVERYTHING, OFTEN, PODS, Running};
use super::{list, pod};

type Sending = SendStream<Bytes>;

/// What becomes of a question for `/pods`, and of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    /// It is answered.
    Answered,
    /// It hangs before an answer.
    Silent,
    /// It hangs in an answer.
    Held,
    /// More comes than anybody takes, as fast as it goes.
    Flood,
    /// It is reset.
    Reset(Reason),
    /// The connection is to be left, and ends when what was asked before is answered.
    Away,
    /// The connection ends at once.
    Abrupt(Reason),
}

fn summary_body() -> Bytes {
    let options = GeneratorOptions {
        pods: PODS,
        containers: 2,
        node_name: "n".to_owned(),
        psi: true,
    };
    summary(&options, 1).into()
}

fn ok(mut respond: SendResponse<Bytes>) -> Sending {
    respond.send_response(Response::new(()), false).expect("a stream")
}

/// As fast as it is taken.
async fn send(mut stream: Sending, mut body: Bytes) {
    while !body.is_empty() {
        stream.reserve_capacity(body.len().min(16 * 1024));
        match poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(Ok(room)) if room > 0 => {
                let piece = body.split_to(room.min(body.len()));
                if stream.send_data(piece, body.is_empty()).is_err() {
                    return;
                }
            }
            Some(Ok(_)) => {}
            _ => return,
        }
    }
}

/// So many questions for `/pods` are answered before the first that is not.
const ANSWERED: u64 = 2;

/// A server that carries so many questions at a time, and was asked so often for `/pods`.
async fn serve(wire: Wire, conduct: Conduct, at_once: u32, asked: Arc<AtomicU64>) {
    let Ok(mut connection) = Builder::new()
        .max_concurrent_streams(at_once)
        .handshake(wire)
        .await
    else {
        return;
    };
    let (mut unanswered, mut held) = (Vec::new(), Vec::new());
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        if request.uri().path() != "/pods" {
            tokio::spawn(send(ok(respond), summary_body()));
            continue;
        }
        let conduct = match asked.fetch_add(1, Ordering::Relaxed) {
            0..ANSWERED => Conduct::Answered,
            _ => conduct,
        };
        match conduct {
            Conduct::Answered => {
                let pods = list(&[pod("web-0", "1", "a")]).to_string();
                tokio::spawn(send(ok(respond), pods.into()));
            }
            Conduct::Silent => unanswered.push(respond),
            Conduct::Held => held.push(ok(respond)),
            Conduct::Flood => {
                tokio::spawn(send(ok(respond), vec![b' '; 4 * 1024 * 1024].into()));
            }
            Conduct::Reset(reason) => respond.send_reset(reason),
            Conduct::Away => connection.graceful_shutdown(),
            Conduct::Abrupt(reason) => connection.abrupt_shutdown(reason),
        }
    }
}

/// Each tick has its lines, from a server that carries so many questions at a time.
fn assert_in_nobodys_way(at_once: u32) {
    for conduct in [
        Conduct::Answered,
        Conduct::Silent,
        Conduct::Held,
        Conduct::Flood,
        Conduct::Reset(Reason::REFUSED_STREAM),
        Conduct::Reset(Reason::NO_ERROR),
        Conduct::Reset(Reason::HTTP_1_1_REQUIRED),
        Conduct::Away,
        Conduct::Abrupt(Reason::NO_ERROR),
        Conduct::Abrupt(Reason::ENHANCE_YOUR_CALM),
    ] {
        let options = Options {
            http2: true,
            ..Options::default()
        };
        let asked = Arc::<AtomicU64>::default();
        let told = Arc::clone(&asked);
        let peer = Peer::over_tls(&options, move |wire| {
            serve(wire, conduct, at_once, Arc::clone(&told))
        });
        // Longer than a test waits for a line.
        let others = "  response_timeout = \"2m\"\n  max_response = \"1MiB\"\n";
        let mut running = Running::with(&format!("{}{EVERYTHING}{OFTEN}{others}", peer.block()));
        running.tick_until(&format!("a question: {conduct:?}"), |_| {
            asked.load(Ordering::Relaxed) > ANSWERED
        });
        for _ in 0..8 {
            running.tick();
        }
        running.stop();
        if conduct == Conduct::Answered {
            assert!(peer.connections() <= 2, "{}", peer.connections());
        }
    }
}

#[test]
fn nothing_that_becomes_of_it_is_in_the_way_of_a_summary() {
    assert_in_nobodys_way(100);
}

/// What is beyond the most would wait for what hangs.
#[test]
fn nor_is_it_where_the_connection_carries_one_at_a_time() {
    assert_in_nobodys_way(1);
}
