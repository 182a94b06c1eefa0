//! Before and in the handshake, and what TLS has that goes on behind it. Whether HTTP/2 is offered makes no difference there,
//! so these are tried once.

use std::time::Duration;

use test_kubelet::{Conduct, Fault, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::suffer::{self, Becomes, Row};

/// What is done with a connection in place of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Close,
    Reset,
    Silence,
    Again,
    Slowly,
}

const TLS: Becomes = Becomes::failed(&["tls"], "TLS: ");
const ENDED: Becomes = Becomes::failed(&["tls"], "ended the connection in the handshake");
const RESET: Becomes = Becomes::failed(&["tls"], "reset the connection in the handshake");
/// Whether it is one of connecting or of the handshake depends on who is quicker.
const RESET_AT_ONCE: Becomes = Becomes::failed(&["tls", "connection_failed"], "reset");
const SILENT: Becomes = Becomes::failed(
    &["timeout"],
    "takes the connection and says nothing in the TLS handshake in 3s",
);
const NO_TLS: Becomes = Becomes::failed(&["tls"], "no TLS is spoken");

/// The beginning of a record of a handshake of 80 bytes.
const HALF_A_RECORD: &[u8] = &[22, 3, 3, 0, 80, 2, 0];

/// When: at once or behind the client's first words; what is said; and then; what becomes of it.
const ROWS: &[(bool, &str, &[u8], Then, Becomes)] = &[
    (false, "nothing", b"", Then::Close, ENDED),
    (false, "nothing", b"", Then::Reset, RESET_AT_ONCE),
    (false, "nothing", b"", Then::Silence, SILENT),
    (true, "nothing", b"", Then::Close, ENDED),
    (true, "nothing", b"", Then::Reset, RESET),
    (true, "nothing", b"", Then::Silence, SILENT),
    (true, "half a record", HALF_A_RECORD, Then::Close, ENDED),
    (true, "half a record", HALF_A_RECORD, Then::Reset, RESET),
    (true, "half a record", HALF_A_RECORD, Then::Silence, SILENT),
    (true, "a byte a second", HALF_A_RECORD, Then::Slowly, SILENT),
    (
        true,
        "HTTP",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        Then::Close,
        NO_TLS,
    ),
    (false, "SSH", b"SSH-2.0-OpenSSH_9.2\r\n", Then::Close, NO_TLS),
    (false, "mail", b"220 mail\r\n", Then::Silence, NO_TLS),
    (true, "zeros", &[0; 4096], Then::Again, TLS),
    (true, "no TLS again and again", b"and more\r\n", Then::Again, TLS),
    (true, "records of nothing", &[22, 3, 3, 0, 0], Then::Again, TLS),
    (
        true,
        "a record that is too long",
        &[22, 3, 3, 0xff, 0xff, 0, 0, 0],
        Then::Again,
        TLS,
    ),
    (
        true,
        "data before the handshake",
        &[23, 3, 3, 0, 2, 1, 2],
        Then::Again,
        TLS,
    ),
    (
        true,
        "changes of the cipher",
        &[20, 3, 3, 0, 1, 1],
        Then::Again,
        TLS,
    ),
    (
        true,
        "a message that is none",
        &[22, 3, 3, 0, 4, 99, 0, 0, 0],
        Then::Again,
        TLS,
    ),
    (
        true,
        "a greeting that is cut",
        &[22, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3],
        Then::Close,
        TLS,
    ),
    (
        true,
        "a wish for another greeting",
        &[22, 3, 3, 0, 4, 0, 0, 0, 0],
        Then::Again,
        TLS,
    ),
    (true, "warnings", &[21, 3, 3, 0, 2, 1, 90], Then::Again, TLS),
    (
        true,
        "an old version",
        &[22, 3, 0, 0, 6, 2, 0, 0, 2, 3, 0],
        Then::Close,
        TLS,
    ),
];

async fn conduct(mut stream: TcpStream, behind_hello: bool, say: &'static [u8], then: Then) {
    if behind_hello {
        // Whatever comes; one that does not come is no matter of this.
        let _ = stream.read(&mut [0; 4096]).await;
    }
    if then == Then::Slowly {
        for byte in say {
            let _ = stream.write_all(&[*byte]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        return std::future::pending().await;
    }
    let _ = stream.write_all(say).await;
    match then {
        Then::Close => {
            let _ = stream.shutdown().await;
        }
        Then::Reset => stream.set_zero_linger().expect("a socket"),
        Then::Silence | Then::Slowly => std::future::pending().await,
        Then::Again => {
            let more = say.repeat(16 * 1024 / say.len());
            while stream.write_all(&more).await.is_ok() {}
        }
    }
}

#[test]
fn in_place_of_a_handshake() {
    suffer::all(ROWS.iter().map(|&(behind_hello, what, say, then, becomes)| Row {
        name: format!("{what}, {then:?}, behind the greeting: {behind_hello}"),
        http2: false,
        fault: Fault::OverTcp(Conduct::new(move |stream| {
            conduct(stream, behind_hello, say, then)
        })),
        becomes,
    }));
}

#[test]
fn nobody_listens() {
    suffer::all([false, true].map(|http2| Row {
        name: format!("nobody listens, HTTP/2: {http2}"),
        http2,
        fault: Fault::Away,
        becomes: Becomes::failed(&["connection_failed"], "refused"),
    }));
}

/// An end that is none, alerts of each kind (RFC 8446, section 6), and two that nobody knows.
#[test]
fn each_alert() {
    let alerts = [0, 10, 40, 42, 45, 48, 70, 71, 80, 90, 112, 116, 120, 200, 255];
    suffer::all(alerts.map(|alert: u8| Row {
        name: format!("alert {alert}"),
        http2: false,
        fault: Fault::OverTcp(Conduct::new(move |mut stream: TcpStream| async move {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).await;
            let _ = stream.shutdown().await;
        })),
        becomes: TLS,
    }));
}

/// TLS 1.3 changes its keys as often as one side likes, and the other one has to follow.
#[test]
fn new_keys_without_an_end() {
    suffer::all([false, true].map(|http2| Row {
        name: format!("new keys without an end, HTTP/2: {http2}"),
        http2,
        fault: Fault::OverTls(Conduct::new(|mut wire: Wire| async move {
            let _ = wire.read(&mut [0; 4096]).await;
            loop {
                for _ in 0..64 {
                    if wire.get_mut().1.refresh_traffic_keys().is_err() {
                        return;
                    }
                }
                if wire.flush().await.is_err() {
                    return;
                }
            }
        })),
        becomes: Becomes::failed(&["bad_answer", "tls", "connection_failed"], ""),
    }));
}
