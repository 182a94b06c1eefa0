//! The token in each frame of HTTP/2.

use super::forms;
use super::server::Echo;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const UNKNOWN: u8 = 0xbb;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const END: u8 = END_HEADERS | END_STREAM;

/// Fields of the static table: `:status: 200` and `:status: 500`.
const STATUS: [u8; 2] = [0x88, 0x8e];

/// What comes behind the settings.
type Answer = (String, Vec<u8>);

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header that is in no table (RFC 7541, section 6.2.2), for texts of at most 126 bytes.
fn header(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// Where a server says why it goes: before an answer, and in the middle of one.
fn goaways(token: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for code in 0..=14_u32 {
        for last in [0_u32, 1, 0x7fff_ffff] {
            let payload = [&last.to_be_bytes()[..], &code.to_be_bytes(), token.as_bytes()].concat();
            let goaway = frame(GOAWAY, 0, 0, &payload);
            let reset = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
            answers.push((format!("GOAWAY {code}, {last}"), [goaway.clone(), reset].concat()));
            let begun = frame(HEADERS, END_HEADERS, 1, &STATUS[..1]);
            let body = frame(DATA, 0, 1, b"{\"node\":");
            answers.push((
                format!("GOAWAY {code}, {last}, in a body"),
                [begun, body, goaway].concat(),
            ));
        }
    }
    answers
}

fn headers(short: &str) -> Vec<Answer> {
    let lower = short.to_ascii_lowercase();
    let fields = [
        ("header", header("x", short)),
        ("name", header(&lower, "x")),
        ("wrong name", header(short, "x")),
        ("length", header("content-length", short)),
        ("location", header("location", &format!("https://{short}/"))),
        ("authenticate", header("www-authenticate", short)),
    ];
    let mut answers = vec![
        (
            "status".to_owned(),
            frame(HEADERS, END, 1, &header(":status", short)),
        ),
        ("no headers".to_owned(), frame(HEADERS, END, 1, short.as_bytes())),
        (
            "hint".to_owned(),
            frame(
                HEADERS,
                END_HEADERS,
                1,
                &[header(":status", "103"), header("link", short)].concat(),
            ),
        ),
    ];
    for status in STATUS {
        for (name, field) in &fields {
            let block = [&[status], field.as_slice()].concat();
            answers.push(((*name).to_owned(), frame(HEADERS, END, 1, &block)));
            let begun = frame(HEADERS, END_HEADERS, 1, &[status]);
            answers.push((
                format!("{name} behind a body"),
                [begun, frame(HEADERS, END, 1, field)].concat(),
            ));
        }
    }
    answers
}

fn bodies(token: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for status in STATUS {
        let begun = frame(HEADERS, END_HEADERS, 1, &[status]);
        for (name, rest) in [
            ("body", frame(DATA, END_STREAM, 1, token)),
            ("body without an end", frame(DATA, 0, 1, token)),
            (
                "body that is reset",
                [frame(DATA, 0, 1, token), frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])].concat(),
            ),
            (
                "continuation of nothing",
                frame(CONTINUATION, END_HEADERS, 1, token),
            ),
        ] {
            answers.push((name.to_owned(), [begun.clone(), rest].concat()));
        }
    }
    answers
}

fn others(token: &[u8]) -> Vec<Answer> {
    [
        ("settings", frame(SETTINGS, 0, 0, token)),
        ("ping", frame(PING, 0, 0, &token[..8])),
        ("wrong ping", frame(PING, 0, 0, token)),
        ("push", frame(PUSH_PROMISE, END_HEADERS, 1, token)),
        ("unknown frame", frame(UNKNOWN, 0, 1, token)),
        ("no frame", token.to_vec()),
    ]
    .map(|(name, frames)| (name.to_owned(), frames))
    .into()
}

#[test]
fn each_frame() {
    for token in forms::TOKENS {
        let (bytes, short) = (token.as_bytes(), &token[..token.len().min(100)]);
        let frames = [goaways(token), headers(short), bodies(bytes), others(bytes)].concat();
        let settings = frame(SETTINGS, 0, 0, &[]);
        let answers = frames
            .into_iter()
            .map(|(name, frames)| (name, [settings.clone(), frames].concat()));
        let another = format!("HTTP/1.1 403 {token}\r\n\r\n{token}");
        let another = ("no HTTP/2".to_owned(), another.into_bytes());
        Echo::start(true).assert_none(token, answers.chain([another]));
    }
}
