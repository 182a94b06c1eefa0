//! What a kubelet answers, or who stands in front of it, over either protocol.

use std::time::Duration;

use test_kubelet::{Fault, GeneratorOptions, summary};

use super::suffer::{self, Becomes, CLOSED, Row, STALLED, STALLED_LATER};

/// More than is taken.
const TOO_LARGE: usize = 3 << 20;

fn status(code: u16, body: &str) -> Fault {
    Fault::Status {
        code,
        body: body.to_owned(),
    }
}

fn body(body: impl Into<Vec<u8>>) -> Fault {
    Fault::Answer {
        header: None,
        body: body.into(),
    }
}

/// With a header that no kubelet sends.
fn with(header: (&'static str, &'static str), body: impl Into<Vec<u8>>) -> Fault {
    Fault::Answer {
        header: Some(header),
        body: body.into(),
    }
}

/// A good one, to be spoiled.
fn good() -> Vec<u8> {
    let small = GeneratorOptions {
        pods: 2,
        containers: 1,
        ..GeneratorOptions::default()
    };
    summary(&small, 1)
}

/// The kubelet refuses, or its API server, or its runtime.
fn refusals() -> Vec<(&'static str, Fault, Becomes)> {
    let not_ready = |words| Becomes::answered("not_ready", 500, words);
    vec![
        (
            "401",
            status(401, "Unauthorized"),
            Becomes::answered("unauthorized", 401, "expired or not known"),
        ),
        (
            "401 in an outage",
            Fault::ApiServerAway,
            Becomes::answered("unauthorized", 401, "cannot reach its API server"),
        ),
        (
            "403",
            status(
                403,
                "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[stats])\n",
            ),
            Becomes::answered("forbidden", 403, "nodes/stats"),
        ),
        (
            "403 of somebody else",
            status(403, "go away"),
            Becomes::answered("forbidden", 403, "no kubelet says it"),
        ),
        (
            "500 of authorization",
            status(
                500,
                "Authorization error (user=u, verb=get, resource=nodes, subresource=stats)",
            ),
            Becomes::answered("api_server_unreachable", 500, "cannot reach its API server"),
        ),
        (
            "500 at the start",
            Fault::NotReady,
            not_ready("failed to get node info"),
        ),
        (
            "500 of the runtime",
            status(
                500,
                "Internal Error: failed to get imageFs stats: rpc error: code = Unavailable",
            ),
            not_ready("imageFs"),
        ),
        (
            "500 without a word",
            status(500, ""),
            Becomes::bad_answer(500, "500"),
        ),
        (
            "400 for plain HTTP",
            status(400, "Client sent an HTTP request to an HTTPS server.\n"),
            Becomes::answered("tls", 400, "https://"),
        ),
        (
            "404",
            status(404, "404: Page Not Found"),
            Becomes::bad_answer(404, "Page Not Found"),
        ),
        ("405", status(405, ""), Becomes::bad_answer(405, "405")),
        (
            "429",
            status(429, "too many"),
            Becomes::bad_answer(429, "too many"),
        ),
        (
            "502 of a proxy",
            status(502, "<html>Bad Gateway"),
            Becomes::bad_answer(502, "502"),
        ),
        ("503", status(503, ""), Becomes::bad_answer(503, "503")),
        ("599", status(599, "?"), Becomes::bad_answer(599, "599")),
        ("201", status(201, "{}"), Becomes::bad_answer(201, "201")),
        ("204", status(204, ""), Becomes::bad_answer(204, "204")),
        ("304", status(304, ""), Becomes::bad_answer(304, "304")),
        (
            "a redirect",
            Fault::Redirect("https://127.0.0.1:9/stats/summary".to_owned()),
            Becomes::bad_answer(302, "127.0.0.1"),
        ),
        (
            "a redirect to nowhere",
            Fault::Redirect("\t:".to_owned()),
            Becomes::bad_answer(302, "302"),
        ),
        (
            "a refusal without an end",
            status(500, &"x".repeat(TOO_LARGE)),
            Becomes::bad_answer(500, "500"),
        ),
    ]
}

/// 200, and it is no summary, or hardly one.
fn bodies() -> Vec<(&'static str, Fault, Becomes)> {
    let bad = |words| Becomes::bad_answer(200, words);
    let cut = good()[..good().len() / 2].to_vec();
    let bent = |bend: fn(String) -> String| bend(String::from_utf8(good()).unwrap());
    let damaged = |at: usize, byte: u8| {
        let mut body = good();
        body[at] = byte;
        body
    };
    let deep = |closed: bool| {
        let end = if closed {
            "]".repeat(400_000) + "}}"
        } else {
            String::new()
        };
        format!(r#"{{"node":{{"nodeName":"n","new":{}{end}"#, "[".repeat(400_000))
    };
    vec![
        ("an empty body", Fault::EmptyBody, bad("empty")),
        ("a page for people", Fault::Html, bad("JSON")),
        (
            "a body that is too large",
            Fault::Oversized(TOO_LARGE),
            bad("larger than 1 MiB"),
        ),
        ("a body without an end", Fault::Endless, bad("larger than 1 MiB")),
        ("a body that breaks off", Fault::Truncated, bad("it broke off: ")),
        ("half a body", body(cut), bad("JSON")),
        ("spaces", body(" ".repeat(1 << 20)), bad("empty body")),
        ("another object", body("{}"), bad("no summary")),
        ("null", body("null"), bad("no summary")),
        ("a list", body("[1, 2]"), bad("no summary")),
        ("a number", body("7"), bad("no summary")),
        ("text", body("\"node\""), bad("no summary")),
        ("nesting without an end", body(deep(false)), bad("less nesting")),
        (
            "gzip",
            with(
                ("content-encoding", "gzip"),
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03".repeat(99),
            ),
            bad("not JSON at byte 0"),
        ),
        (
            "gzip that is not told",
            body(b"\x1f\x8b\x08\0\0\0\0\0\0\x03".repeat(99)),
            bad("not JSON at byte 0"),
        ),
        ("zeros", body(vec![0; 100_000]), bad("not JSON at byte 0")),
        (
            "UTF-16",
            body(
                String::from_utf8(good())
                    .unwrap()
                    .encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect::<Vec<_>>(),
            ),
            bad("not JSON at byte 0"),
        ),
        (
            "a byte that is no UTF-8 in its structure",
            body(damaged(1, 0xff)),
            bad("not JSON at"),
        ),
        (
            "two summaries",
            body(bent(|body| format!("{body}{body}"))),
            bad("the end of the body expected"),
        ),
        (
            "something behind it",
            body(bent(|body| format!("{body}]"))),
            bad("the end of the body expected"),
        ),
        (
            "a key without its value",
            body(bent(|body| body.replacen(": ", " ", 1))),
            bad("not JSON at"),
        ),
    ]
}

/// Nobody has a reason to fail at these.
fn harmless() -> Vec<(&'static str, Fault, Becomes)> {
    let bent = |bend: fn(String) -> String| body(bend(String::from_utf8(good()).unwrap()));
    let good_one = Becomes::good();
    vec![
        (
            "an answer that is late",
            Fault::Late(Duration::from_millis(50)),
            good_one,
        ),
        (
            "no spaces",
            body(serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(&good()).unwrap()).unwrap()),
            good_one,
        ),
        (
            "another type",
            with(("content-type", "text/html"), good()),
            good_one,
        ),
        (
            "a key that nests",
            bent(|body| {
                body.replacen(
                    '{',
                    &format!("{{\"new\": {}1{},", "[".repeat(99), "]".repeat(99)),
                    1,
                )
            }),
            good_one,
        ),
        (
            "a long key",
            bent(|body| body.replacen('{', &format!("{{\"{}\": 1,", "k".repeat(100_000)), 1)),
            good_one,
        ),
        (
            "trailing spaces",
            bent(|body| body + &" ".repeat(100_000)),
            good_one,
        ),
    ]
}

/// It does not come to an end by itself.
fn slow() -> Vec<(&'static str, Fault, Becomes)> {
    vec![
        ("silence", Fault::Silent, STALLED),
        ("a runtime that hangs", Fault::RuntimeHung, STALLED),
        ("half a body and silence", Fault::HoldBody, STALLED_LATER),
        (
            "a body that trickles",
            Fault::Trickle(Duration::from_millis(400)),
            STALLED_LATER,
        ),
        (
            "an answer that is too late",
            Fault::Late(Duration::from_secs(9)),
            STALLED,
        ),
        ("the connection is closed at the request", Fault::Drop, CLOSED),
    ]
}

fn each(http2: bool) {
    let rows = [refusals(), bodies(), harmless(), slow()].concat();
    suffer::all(rows.into_iter().map(|(name, fault, becomes)| Row {
        name: format!("{name}{}", if http2 { ", HTTP/2" } else { "" }),
        http2,
        fault,
        becomes,
    }));
}

#[test]
fn over_http1() {
    each(false);
}

#[test]
fn over_http2() {
    each(true);
}
