//! Connections that end where no answer does: at each place of one, in each way that there is.

use test_kubelet::{Conduct, Fault, Wire};
use tokio::io::AsyncWriteExt as _;

use super::http1::{answer, request};
use super::http2::{DATA, END_HEADERS, Frames, HEADERS, Http2, SETTINGS, STATUS_200, frame};
use super::suffer::{self, Becomes, CLOSED, Row};

/// How it ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// TLS' own word first.
    Told,
    /// Without a word.
    Closed,
    /// Broken by the system.
    Reset,
    /// With bytes on the wire that are no TLS.
    Garbage,
    /// With an alert that nobody has protected, as somebody in between would send one.
    Alert,
}

const ENDS: [End; 5] = [End::Told, End::Closed, End::Reset, End::Garbage, End::Alert];

/// In the middle of what: as much of an answer as has come by then.
const OVER_HTTP1: [(&str, &str); 7] = [
    ("no answer", ""),
    ("the status line", "HTTP/1.1 2"),
    ("the headers", "HTTP/1.1 200 OK\r\nContent-Type: app"),
    ("a body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"n"),
    (
        "a chunk",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"n",
    ),
    (
        "the chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"no \r\n",
    ),
    (
        "the trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ",
    ),
];

/// The same of frames.
const OVER_HTTP2: [(&str, Frames); 5] = [
    ("no answer", |_| Vec::new()),
    ("a frame", |stream| {
        frame(HEADERS, END_HEADERS, stream, &[STATUS_200])[..7].to_vec()
    }),
    ("the headers", |stream| frame(HEADERS, 0, stream, &[STATUS_200])),
    ("a body", |stream| {
        let headers = frame(HEADERS, END_HEADERS, stream, &[STATUS_200]);
        [headers, frame(DATA, 0, stream, b"{\"node\":")].concat()
    }),
    ("the settings", |_| frame(SETTINGS, 0, 0, &[0; 6])[..12].to_vec()),
];

impl End {
    async fn of(self, mut wire: Wire) {
        match self {
            Self::Told => {
                let _ = wire.shutdown().await;
            }
            Self::Closed => {}
            Self::Reset => wire.get_ref().0.set_zero_linger().expect("a socket"),
            Self::Garbage => raw(wire, b"no TLS at all, and nothing that looks so".as_slice()).await,
            // internal_error (RFC 8446, section 6).
            Self::Alert => raw(wire, &[21, 3, 3, 0, 2, 2, 80]).await,
        }
    }
}

/// Past TLS.
async fn raw(wire: Wire, bytes: &[u8]) {
    let (mut stream, _) = wire.into_inner();
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

/// Whatever came before the headers were whole is a connection that failed, and behind them a bad answer. TLS reads on before
/// it gives what it has, so that its failure is seen first where both come at once.
fn becomes(end: End, in_body: bool) -> Becomes {
    match (end, in_body) {
        (End::Garbage | End::Alert, true) => Becomes::either(&["tls", "bad_answer"]),
        (_, true) => Becomes::bad_answer(200, "it broke off: "),
        (End::Garbage | End::Alert, false) => Becomes::failed(&["tls"], "TLS: "),
        (_, false) => CLOSED,
    }
}

#[test]
fn over_http1() {
    suffer::all(
        OVER_HTTP1
            .into_iter()
            .enumerate()
            .flat_map(|(at, (what, begin))| {
                ENDS.map(|end| Row {
                    name: format!("{end:?} in {what}"),
                    http2: false,
                    fault: Fault::OverTls(Conduct::new(move |mut wire: Wire| async move {
                        if request(&mut wire).await && wire.write_all(begin.as_bytes()).await.is_ok() {
                            let _ = wire.flush().await;
                            end.of(wire).await;
                        }
                    })),
                    becomes: becomes(end, at > 2),
                })
            }),
    );
}

#[test]
fn over_http2() {
    suffer::all(OVER_HTTP2.into_iter().flat_map(|(what, begin)| {
        ENDS.map(|end| Row {
            name: format!("HTTP/2: {end:?} in {what}"),
            http2: true,
            fault: Fault::OverTls(Conduct::new(move |wire| async move {
                let Ok(mut http2) = Http2::begin(wire).await else {
                    return;
                };
                let Ok(stream) = http2.request().await else { return };
                if http2.write.write_all(&begin(stream)).await.is_ok() {
                    let _ = http2.write.flush().await;
                    end.of(http2.read.unsplit(http2.write)).await;
                }
            })),
            becomes: becomes(end, what == "a body"),
        })
    }));
}

/// The connection is closed behind each answer, as an old server would, or one that is being stopped: nothing is lost.
#[test]
fn behind_an_answer() {
    suffer::all(ENDS.map(|end| Row {
        name: format!("{end:?} behind an answer"),
        http2: false,
        fault: Fault::OverTls(Conduct::new(move |mut wire: Wire| async move {
            if request(&mut wire).await && wire.write_all(&answer()).await.is_ok() {
                let _ = wire.flush().await;
                // Time for the answer to arrive: what a reset overtakes is lost.
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                end.of(wire).await;
            }
        })),
        becomes: Becomes::good(),
    }));
}
