//! What an HTTP/2 server never does.

use std::io;

use test_kubelet::Wire;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};

use super::suffer::{self, Row};
use super::{Harm, body};

/// Types of frames (RFC 9113, section 6).
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
const UNKNOWN: u8 = 0xbb;

/// A field of the static table: `:status: 200`.
pub const STATUS_200: u8 = 0x88;
/// `:status: 103`, written out (RFC 7541, section 6.2.2: the name is number 8 of the table).
const STATUS_103: &[u8] = b"\x08\x03103";

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A frame (RFC 9113, section 4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The frames that are sent again and again, by the stream of the request.
pub type Frames = fn(u32) -> Vec<u8>;

/// Instead of an answer.
const INSTEAD: [(&str, Frames); 10] = [
    ("PING", |_| frame(PING, 0, 0, &[7; 8])),
    ("SETTINGS", |_| frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
    ("empty SETTINGS", |_| frame(SETTINGS, 0, 0, &[])),
    ("acknowledged PING", |_| frame(PING, ACK, 0, &[7; 8])),
    ("PRIORITY", |stream| frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 16])),
    ("unknown frames", |stream| frame(UNKNOWN, 0, stream, &[7; 64])),
    ("RST_STREAM of others", |_| frame(RST_STREAM, 0, 2, &[0, 0, 0, 8])),
    ("GOAWAY", |_| {
        frame(GOAWAY, 0, 0, &[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])
    }),
    ("PUSH_PROMISE", |stream| {
        frame(PUSH_PROMISE, END_HEADERS, stream, &[0, 0, 0, 2, STATUS_200])
    }),
    ("1xx", |stream| frame(HEADERS, END_HEADERS, stream, STATUS_103)),
];

/// Behind the headers of an answer.
const BEHIND: [(&str, u8, Frames); 5] = [
    ("empty DATA", END_HEADERS, |stream| frame(DATA, 0, stream, &[])),
    ("padding", END_HEADERS, |stream| {
        frame(DATA, 8, stream, &[&[255][..], &[0; 255]].concat())
    }),
    ("HEADERS", END_HEADERS, |stream| {
        frame(HEADERS, END_HEADERS, stream, &[STATUS_200])
    }),
    ("CONTINUATION", 0, |stream| {
        frame(CONTINUATION, 0, stream, b"\x00\x01a\x01b")
    }),
    ("empty CONTINUATION", 0, |stream| {
        frame(CONTINUATION, 0, stream, &[])
    }),
];

/// Behind a whole answer, while nobody asks.
const UNASKED: [(&str, Frames); 8] = [
    ("PING", |_| frame(PING, 0, 0, &[7; 8])),
    ("SETTINGS", |_| frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
    ("WINDOW_UPDATE", |_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
    ("PRIORITY", |stream| frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 16])),
    ("unknown frames", |stream| frame(UNKNOWN, 0, stream, &[7; 64])),
    ("DATA", |stream| frame(DATA, 0, stream, b"and more")),
    ("RST_STREAM", |stream| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])),
    ("HEADERS", |stream| {
        frame(HEADERS, END_HEADERS, stream, &[STATUS_200])
    }),
];

/// Up to here, and then nothing.
const STALLS: [(&str, Frames); 4] = [
    ("the request", |_| Vec::new()),
    ("half a frame", |stream| {
        frame(DATA, 0, stream, b"and more")[..12].to_vec()
    }),
    ("the headers", |stream| {
        frame(HEADERS, END_HEADERS, stream, &[STATUS_200])
    }),
    ("headers without their end", |stream| {
        frame(HEADERS, 0, stream, &[STATUS_200])
    }),
];

/// A connection whose beginning is done.
pub struct Http2 {
    /// What the client says.
    pub read: ReadHalf<Wire>,
    /// What it is told.
    pub write: WriteHalf<Wire>,
}

impl Http2 {
    /// The preface, and the settings of both sides.
    pub async fn begin(wire: Wire) -> io::Result<Self> {
        let (mut read, mut write) = split(wire);
        read.read_exact(&mut [0; 24]).await?;
        write.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        write.write_all(&frame(SETTINGS, ACK, 0, &[])).await?;
        Ok(Self { read, write })
    }

    /// The stream of the next request.
    pub async fn request(&mut self) -> io::Result<u32> {
        loop {
            let mut head = [0; 9];
            self.read.read_exact(&mut head).await?;
            let length = usize::from(head[1]) << 8 | usize::from(head[2]);
            self.read.read_exact(&mut vec![0; length]).await?;
            if head[3] == HEADERS {
                return Ok(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
            }
        }
    }

    /// A good one.
    pub async fn answer(&mut self, stream: u32) -> io::Result<()> {
        let headers = frame(HEADERS, END_HEADERS, stream, &[STATUS_200]);
        self.write.write_all(&headers).await?;
        let body = body();
        let mut pieces = body.chunks(8 * 1024).peekable();
        while let Some(piece) = pieces.next() {
            let flags = if pieces.peek().is_none() { END_STREAM } else { 0 };
            self.write.write_all(&frame(DATA, flags, stream, piece)).await?;
        }
        self.write.flush().await
    }
}

/// Reads for ever what comes.
async fn read_on(mut read: ReadHalf<Wire>) {
    let mut some = vec![0; 64 * 1024];
    while read.read(&mut some).await.is_ok_and(|read| read > 0) {}
}

/// One of these, by who reads what we say to it, or does not.
fn instead(name: &str, frames: Frames, head: Option<u8>, reads: bool) -> Harm {
    let name = format!(
        "HTTP/2: endless {name} from one who {}",
        if reads { "reads" } else { "does not read" }
    );
    // Whether it is found out depends on how much fits into the buffers on the way back, where each is answered.
    let results: &[&str] = if reads {
        &["bad_answer", "connection_failed"]
    } else {
        &["bad_answer", "connection_failed", "timeout"]
    };
    let harm = Harm::new(name, results, move |wire, gauge| async move {
        let Ok(mut http2) = Http2::begin(wire).await else {
            return;
        };
        let Ok(stream) = http2.request().await else { return };
        if let Some(flags) = head {
            let headers = frame(HEADERS, flags, stream, &[STATUS_200]);
            if http2.write.write_all(&headers).await.is_err() {
                return;
            }
        }
        let one = frames(stream);
        let again = one.repeat(8 * 1024 / one.len());
        if reads {
            tokio::join!(read_on(http2.read), gauge.flood(&mut http2.write, &again));
        } else {
            gauge.flood(&mut http2.write, &again).await;
        }
    });
    Harm { http2: true, ..harm }
}

/// Each of the above.
pub fn harms() -> Vec<Harm> {
    let mut harms = unasked();
    for reads in [true, false] {
        harms.extend(INSTEAD.map(|(name, frames)| instead(name, frames, None, reads)));
        harms.extend(BEHIND.map(|(name, head, frames)| instead(name, frames, Some(head), reads)));
    }
    harms.extend(STALLS.map(|(name, frames)| {
        let name = format!("HTTP/2: silence after {name}");
        let harm = Harm::new(name, &["timeout"], move |wire, _| async move {
            let Ok(mut http2) = Http2::begin(wire).await else {
                return;
            };
            let Ok(stream) = http2.request().await else { return };
            if http2.write.write_all(&frames(stream)).await.is_ok() && http2.write.flush().await.is_ok() {
                std::future::pending::<()>().await;
            }
        });
        Harm { http2: true, ..harm }
    }));
    harms
}

/// Good answers, and then what nobody asked for.
pub fn unasked() -> Vec<Harm> {
    let unasked = UNASKED.map(|(name, frames)| {
        let name = format!("HTTP/2: unasked {name}");
        let harm = Harm::new(name, &["success"], move |wire, gauge| async move {
            let Ok(mut http2) = Http2::begin(wire).await else {
                return;
            };
            let Ok(stream) = http2.request().await else { return };
            if http2.answer(stream).await.is_ok() {
                let one = frames(stream);
                let again = one.repeat(8 * 1024 / one.len());
                gauge.flood(&mut http2.write, &again).await;
            }
        });
        Harm { http2: true, ..harm }
    });
    unasked.into()
}

#[test]
fn each() {
    suffer::all(harms().into_iter().map(Row::from));
}
