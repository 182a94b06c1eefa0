//! Answers of HTTP/1.1 that are not what they say: lengths, chunks, statuses and lines. And one that comes byte by byte.

use std::time::Duration;

use test_kubelet::{Conduct, Fault, Wire};
use tokio::io::AsyncWriteExt as _;

use super::body;
use super::http1::{answer, request};
use super::suffer::{self, Becomes, Row, STALLED, STALLED_LATER};

/// How an answer is wrong: its name, what stands before the body, what stands behind it, and what comes of it.
const WRONG: [(&str, &str, &str, Becomes); 30] = [
    (
        "a length too large",
        "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n",
        "",
        BROKE_OFF,
    ),
    (
        "a length beyond what is taken",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "",
        BROKE_OFF,
    ),
    (
        "a length too small",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        "",
        NO_SUMMARY,
    ),
    (
        "a length of nothing",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "",
        NO_SUMMARY,
    ),
    (
        "a negative length",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "",
        NO_HTTP,
    ),
    (
        "a length that is none",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "",
        NO_HTTP,
    ),
    (
        "a length of 21 digits",
        "HTTP/1.1 200 OK\r\nContent-Length: 100000000000000000000\r\n\r\n",
        "",
        NO_HTTP,
    ),
    (
        "two lengths",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 11\r\n\r\n",
        "",
        NO_HTTP,
    ),
    (
        "no length and an end",
        "HTTP/1.1 200 OK\r\n\r\n",
        "",
        Becomes::good(),
    ),
    (
        "a length and chunks",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "",
        BAD,
    ),
    (
        "an unknown encoding",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n",
        "",
        Becomes::good(),
    ),
    (
        "gzip and chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "",
        BAD,
    ),
    (
        "a chunk without a size",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "",
        BAD,
    ),
    (
        "a size that is none",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "",
        BAD,
    ),
    (
        "a size too large",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
        "",
        BROKE_OFF,
    ),
    (
        "a size beyond what is taken",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
        "",
        BROKE_OFF,
    ),
    (
        "a size of 17 digits",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
        "",
        BAD,
    ),
    (
        "a size too small",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
        "",
        BAD,
    ),
    (
        "a negative size",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        "",
        BAD,
    ),
    ("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "", NO_HTTP),
    ("a version that is none", "HTTP/7.9 200 OK\r\n\r\n", "", NO_HTTP),
    ("HTTP/0.9", "", "", NO_HTTP),
    ("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "", NO_HTTP),
    ("a status of letters", "HTTP/1.1 OK\r\n\r\n", "", NO_HTTP),
    (
        "a header without a colon",
        "HTTP/1.1 200 OK\r\nwhat is this\r\n\r\n",
        "",
        NO_HTTP,
    ),
    (
        "a header of zeros",
        "HTTP/1.1 200 OK\r\nX: \0\0\r\n\r\n",
        "",
        NO_HTTP,
    ),
    ("a name of zeros", "HTTP/1.1 200 OK\r\n\0: x\r\n\r\n", "", NO_HTTP),
    (
        "101",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        "",
        Becomes::bad_answer(101, "101"),
    ),
    (
        "206",
        "HTTP/1.1 206 Partial Content\r\n\r\n",
        "",
        Becomes::bad_answer(206, "206"),
    ),
    ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", "", Becomes::good()),
];

const BAD: Becomes = Becomes::bad_answer(200, "the answer cannot be used: ");
const BROKE_OFF: Becomes = Becomes::bad_answer(200, "it broke off: ");
const NO_SUMMARY: Becomes = Becomes::bad_answer(200, "");
const NO_HTTP: Becomes = Becomes::failed(&["bad_answer"], "speaks no HTTP");

fn row(name: &str, becomes: Becomes, say: Vec<u8>) -> Row {
    Row {
        name: name.to_owned(),
        http2: false,
        fault: Fault::OverTls(Conduct::new(move |mut wire: Wire| {
            let say = say.clone();
            async move {
                if request(&mut wire).await && wire.write_all(&say).await.is_ok() {
                    let _ = wire.shutdown().await;
                }
            }
        })),
        becomes,
    }
}

#[test]
fn each() {
    suffer::all(WRONG.into_iter().map(|(name, before, behind, becomes)| {
        row(
            name,
            becomes,
            [before.as_bytes(), &body(), behind.as_bytes()].concat(),
        )
    }));
}

/// A second between two of them is far less than any deadline, of which there is one over everything.
#[test]
fn byte_by_byte() {
    let slowly = |name: &str, from: usize, becomes| Row {
        name: name.to_owned(),
        http2: false,
        fault: Fault::OverTls(Conduct::new(move |mut wire: Wire| async move {
            if !request(&mut wire).await {
                return;
            }
            let answer = answer();
            let _ = wire.write_all(&answer[..from]).await;
            for byte in &answer[from..] {
                if wire.write_all(&[*byte]).await.is_err() || wire.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })),
        becomes,
    };
    suffer::all([
        slowly("a byte a second", 0, STALLED),
        slowly("a byte a second of the headers", 30, STALLED),
        slowly("a byte a second of the body", 200, STALLED_LATER),
    ]);
}

/// Two answers at once are one for the question that was asked and one for nobody.
#[test]
fn more_than_was_asked_for() {
    suffer::all([
        row("two answers", Becomes::good(), answer().repeat(2)),
        row(
            "a hint before",
            Becomes::good(),
            [
                b"HTTP/1.1 103 Early Hints\r\nLink: <>\r\n\r\n".as_slice(),
                &answer(),
            ]
            .concat(),
        ),
        row(
            "line ends before",
            Becomes::good(),
            [b"\r\n\r\n".as_slice(), &answer()].concat(),
        ),
    ]);
}
