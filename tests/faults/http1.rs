//! What an HTTP/1.1 server never does.

use test_kubelet::Wire;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::suffer::{self, Row};
use super::{Harm, body};

/// Instead of an answer: a beginning, and then the same again and again.
const INSTEAD: [(&str, &str, &str); 9] = [
    ("headers", "HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"),
    ("one header", "HTTP/1.1 200 OK\r\nX-More: ", "and more"),
    ("status line", "HTTP/1.1 200 ", "OK"),
    ("no HTTP", "", "and more\r\n"),
    ("1xx", "", "HTTP/1.1 103 Early Hints\r\nLink: <>\r\n\r\n"),
    ("chunk extensions", CHUNKED_5, ";a=b"),
    ("digits of a size", CHUNKED, "0"),
    ("trailers", CHUNKED_LAST, "X-More: and more\r\n"),
    ("chunks of one byte", CHUNKED, "1\r\n \r\n"),
];

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNKED_5: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5";
const CHUNKED_LAST: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";

/// Up to here, and then nothing.
const STALLS: [(&str, &str); 7] = [
    ("the request", ""),
    ("half a status line", "HTTP/1.1 2"),
    ("half the headers", "HTTP/1.1 200 OK\r\nContent-Type: app"),
    ("a 1xx", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ("the headers", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
    (
        "half a chunk",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"n",
    ),
    (
        "the headers of a refusal",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nForb",
    ),
];

/// Behind a good answer, again and again while nobody asks.
const UNASKED: [(&str, &str); 3] = [
    ("bytes", "and more"),
    ("answers", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    ("line ends", "\r\n"),
];

/// Waits for a request, of which only the end matters.
pub async fn request(wire: &mut Wire) -> bool {
    let mut asked = Vec::new();
    let mut some = [0; 1024];
    while !asked.ends_with(b"\r\n\r\n") {
        match wire.read(&mut some).await {
            Ok(read) if read > 0 => asked.extend_from_slice(&some[..read]),
            _ => return false,
        }
    }
    true
}

/// A good answer.
pub fn answer() -> Vec<u8> {
    let body = body();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// Each of the above.
pub fn harms() -> Vec<Harm> {
    let instead = INSTEAD.map(|(name, begin, again)| {
        let again = again.repeat(8 * 1024 / again.len());
        Harm::new(
            format!("endless {name}"),
            &["bad_answer"],
            move |mut wire, gauge| {
                let again = again.clone();
                async move {
                    if request(&mut wire).await && wire.write_all(begin.as_bytes()).await.is_ok() {
                        gauge.flood(&mut wire, again.as_bytes()).await;
                    }
                }
            },
        )
    });
    let stalls = STALLS.map(|(name, begin)| {
        Harm::new(
            format!("silence after {name}"),
            &["timeout"],
            move |mut wire, _| async move {
                if request(&mut wire).await && wire.write_all(begin.as_bytes()).await.is_ok() {
                    // An end of the connection is read, and not answered.
                    let _ = wire.flush().await;
                    std::future::pending::<()>().await;
                }
            },
        )
    });
    instead.into_iter().chain(stalls).chain(unasked()).collect()
}

/// Good answers, and then what nobody asked for.
pub fn unasked() -> Vec<Harm> {
    let unasked = UNASKED.map(|(name, again)| {
        let again = again.repeat(8 * 1024 / again.len());
        Harm::new(format!("unasked {name}"), &["success"], move |mut wire, gauge| {
            let again = again.clone();
            async move {
                if request(&mut wire).await && wire.write_all(&answer()).await.is_ok() {
                    gauge.flood(&mut wire, again.as_bytes()).await;
                }
            }
        })
    });
    unasked.into()
}

#[test]
fn each() {
    suffer::all(harms().into_iter().map(Row::from));
}
