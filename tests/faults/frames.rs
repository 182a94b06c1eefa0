//! Frames of HTTP/2 that no server sends, and its own ways to end what was begun.

use std::time::Duration;

use test_kubelet::{Conduct, Fault, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::body;
use super::http2::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, Http2, PING, PUSH_PROMISE,
    RST_STREAM, SETTINGS, STATUS_200, WINDOW_UPDATE, frame,
};
use super::suffer::{self, Becomes, CLOSED, Row, STALLED, STALLED_LATER};

/// A connection's or a stream's fault, of which there are several words for one thing.
const REFUSED: Becomes = Becomes::failed(&["bad_answer", "connection_failed"], "");
const BAD: Becomes = Becomes::bad_answer(200, "");

fn headers(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &[STATUS_200])
}

/// The headers of a body of so many bytes: `content-length` is number 28 of the table (RFC 7541, appendix A).
fn of_length(stream: u32, length: &str) -> Vec<u8> {
    let mut block = vec![STATUS_200, 0x0f, 13, u8::try_from(length.len()).unwrap()];
    block.extend(length.as_bytes());
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

fn data(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, &body())
}

const WRONG: [(&str, Frames, Becomes); 33] = [
    ("DATA without headers", |stream| data(stream), REFUSED),
    ("DATA on stream 0", |_| data(0), REFUSED),
    ("DATA on a stream that nobody opened", |_| data(99), REFUSED),
    (
        "DATA behind the end",
        |stream| [headers(stream), data(stream), data(stream)].concat(),
        Becomes::good(),
    ),
    ("headers on stream 0", |_| headers(0), REFUSED),
    ("headers on a stream of the server", |_| headers(2), REFUSED),
    (
        "headers without a status",
        |stream| frame(HEADERS, END_HEADERS, stream, &[0x9f]),
        REFUSED,
    ),
    (
        "no headers in them",
        |stream| frame(HEADERS, END_HEADERS, stream, &[]),
        REFUSED,
    ),
    (
        "headers that are no HPACK",
        |stream| frame(HEADERS, END_HEADERS, stream, &[0xff; 40]),
        REFUSED,
    ),
    (
        "an index that is not in the table",
        |stream| frame(HEADERS, END_HEADERS, stream, &[0xfe]),
        REFUSED,
    ),
    (
        "a table that is too large",
        |stream| frame(HEADERS, END_HEADERS, stream, &[0x3f, 0xff, 0xff, 0xff, 0x0f]),
        REFUSED,
    ),
    (
        "padding longer than its frame",
        |stream| frame(HEADERS, END_HEADERS | 8, stream, &[200, STATUS_200]),
        REFUSED,
    ),
    (
        "a frame of 16 MiB",
        |stream| {
            let mut frame = frame(DATA, 0, stream, &[0; 64]);
            frame[..3].copy_from_slice(&[0xff; 3]);
            frame
        },
        REFUSED,
    ),
    (
        "SETTINGS of five bytes",
        |_| frame(SETTINGS, 0, 0, &[0; 5]),
        REFUSED,
    ),
    (
        "SETTINGS on a stream",
        |stream| frame(SETTINGS, 0, stream, &[]),
        REFUSED,
    ),
    (
        "acknowledged SETTINGS with more",
        |_| frame(SETTINGS, ACK, 0, &[0; 6]),
        REFUSED,
    ),
    (
        "a window beyond 2^31",
        |_| frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff]),
        REFUSED,
    ),
    (
        "frames of one byte",
        |_| frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 1]),
        REFUSED,
    ),
    ("PING of seven bytes", |_| frame(PING, 0, 0, &[0; 7]), REFUSED),
    (
        "a window that grows by nothing",
        |_| frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
        REFUSED,
    ),
    (
        "a window that grows too large",
        |_| frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
        REFUSED,
    ),
    (
        "a promise that nobody wants",
        |stream| frame(PUSH_PROMISE, END_HEADERS, stream, &[0, 0, 0, 2, STATUS_200]),
        REFUSED,
    ),
    (
        "CONTINUATION of nothing",
        |stream| frame(CONTINUATION, END_HEADERS, stream, &[STATUS_200]),
        REFUSED,
    ),
    (
        "something between headers",
        |stream| {
            [
                frame(HEADERS, 0, stream, &[STATUS_200]),
                frame(PING, 0, 0, &[0; 8]),
            ]
            .concat()
        },
        REFUSED,
    ),
    (
        "HTTP/1.1",
        |_| b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(),
        REFUSED,
    ),
    (
        "a length too large",
        |stream| [of_length(stream, "999999"), data(stream)].concat(),
        BAD,
    ),
    (
        "a length too small",
        |stream| [of_length(stream, "10"), data(stream)].concat(),
        BAD,
    ),
    (
        "a length that is none",
        |stream| [of_length(stream, "many"), data(stream)].concat(),
        REFUSED,
    ),
    (
        "an end without a body",
        |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, &[STATUS_200]),
        BAD,
    ),
    ("GOAWAY and then nothing", |_| goaway(0x7fff_ffff, 0), STALLED),
    (
        "GOAWAY and the answer",
        |stream| [goaway(stream, 0), headers(stream), data(stream)].concat(),
        Becomes::good(),
    ),
    (
        "no streams allowed, and the answer",
        |stream| {
            [
                frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 0]),
                headers(stream),
                data(stream),
            ]
            .concat()
        },
        Becomes::good(),
    ),
    ("headers and then nothing", headers, STALLED_LATER),
];

/// Whoever offered HTTP/2, and does this for each request.
fn row(name: &str, becomes: Becomes, frames: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static) -> Row {
    let frames = std::sync::Arc::new(frames);
    let conduct = move |wire: Wire| {
        let frames = std::sync::Arc::clone(&frames);
        async move {
            let Ok(mut http2) = Http2::begin(wire).await else {
                return;
            };
            // What is said to it is read until the other side has had enough.
            while let Ok(stream) = http2.request().await {
                let sent = http2.write.write_all(&frames(stream)).await;
                if sent.is_err() || http2.write.flush().await.is_err() {
                    return;
                }
            }
        }
    };
    Row {
        name: format!("HTTP/2: {name}"),
        http2: true,
        fault: Fault::OverTls(Conduct::new(conduct)),
        becomes,
    }
}

#[test]
fn each() {
    suffer::all(
        WRONG
            .into_iter()
            .map(|(name, frames, becomes)| row(name, becomes, frames)),
    );
}

/// `NO_ERROR`, `PROTOCOL_ERROR`, `REFUSED_STREAM`, `CANCEL`, `ENHANCE_YOUR_CALM` and `HTTP_1_1_REQUIRED` (RFC 9113, section 7),
/// of which each asks for something else, and one that nobody knows.
const REASONS: [u32; 7] = [0, 1, 7, 8, 11, 13, 99];

/// A connection that is given up, and a stream, before an answer and in it.
#[test]
fn each_reason_to_end() {
    let goaways = REASONS.map(|code| {
        // It says that the request was not looked at; which is asked anew once, and gets the same again.
        row(&format!("GOAWAY {code}"), CLOSED, move |_| goaway(0, code))
    });
    let resets = REASONS.map(|code| {
        row(&format!("RST_STREAM {code}"), CLOSED, move |stream| {
            frame(RST_STREAM, 0, stream, &code.to_be_bytes())
        })
    });
    let in_bodies = REASONS.map(|code| {
        row(&format!("RST_STREAM {code} in a body"), BAD, move |stream| {
            let begun = frame(DATA, 0, stream, b"{\"node\":");
            [
                headers(stream),
                begun,
                frame(RST_STREAM, 0, stream, &code.to_be_bytes()),
            ]
            .concat()
        })
    });
    suffer::all(goaways.into_iter().chain(resets).chain(in_bodies));
}

#[test]
fn byte_by_byte() {
    let slowly = |name: &str, first: Frames, becomes| Row {
        name: format!("HTTP/2: {name}"),
        http2: true,
        fault: Fault::OverTls(Conduct::new(move |wire| async move {
            let Ok(mut http2) = Http2::begin(wire).await else {
                return;
            };
            let Ok(stream) = http2.request().await else { return };
            let _ = http2.write.write_all(&first(stream)).await;
            for byte in [headers(stream), data(stream)].concat() {
                if http2.write.write_all(&[byte]).await.is_err() || http2.write.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })),
        becomes,
    };
    suffer::all([
        slowly("a byte a second", |_| Vec::new(), STALLED),
        slowly(
            "a byte a second of the body",
            |stream| [headers(stream), frame(DATA, 0, stream, b"{")].concat(),
            STALLED_LATER,
        ),
    ]);
}

/// Nothing that HTTP/2 begins with comes, or something else.
#[test]
fn before_the_settings() {
    let first = |name: &str, bytes: &'static [u8], becomes| Row {
        name: format!("HTTP/2: {name} instead of settings"),
        http2: true,
        fault: Fault::OverTls(Conduct::new(move |mut wire: Wire| async move {
            if wire.write_all(bytes).await.is_ok() && wire.flush().await.is_ok() {
                while wire.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
            }
        })),
        becomes,
    };
    suffer::all([
        first("nothing", b"", STALLED),
        first(
            "an answer of HTTP/1.1",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            REFUSED,
        ),
        // Which is no answer, and nothing is wrong with it but that it comes first.
        first(
            "PING",
            &[0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
            STALLED,
        ),
        first("zeros", &[0; 64], REFUSED),
    ]);
}
