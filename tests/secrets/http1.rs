//! The token in each part of an answer of HTTP/1.1.

use super::forms;
use super::server::Echo;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";

/// What comes before a body, and the body.
type Answer = (&'static str, String, String);

/// Before a body.
fn heads(token: &str) -> Vec<Answer> {
    let empty = |status: &str, header: &str| format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0");
    vec![
        ("reason", empty(&format!("403 {token}"), "X: x"), String::new()),
        (
            "reason and body",
            format!("HTTP/1.1 500 {token}\r\nContent-Length: 500"),
            token.to_owned(),
        ),
        ("status", empty(&format!("{token} OK"), "X: x"), String::new()),
        ("version", format!("HTTP/{token} 200 OK"), String::new()),
        ("nothing else", token.to_owned(), String::new()),
        (
            "header",
            empty("403 Forbidden", &format!("X: {token}")),
            String::new(),
        ),
        (
            "authenticate",
            empty("401 Unauthorized", &format!("WWW-Authenticate: Bearer {token}")),
            String::new(),
        ),
        (
            "name of a header",
            empty("403 Forbidden", &format!("{token}: x")),
            String::new(),
        ),
        ("no header", empty("403 Forbidden", token), String::new()),
        (
            "folded header",
            empty("403 Forbidden", &format!("X: x\r\n {token}")),
            String::new(),
        ),
        (
            "length",
            format!("HTTP/1.1 200 OK\r\nContent-Length: {token}"),
            token.to_owned(),
        ),
        (
            "two lengths",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2".to_owned(),
            token.to_owned(),
        ),
        (
            "encoding",
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {token}"),
            token.to_owned(),
        ),
        (
            "type",
            format!("HTTP/1.1 200 OK\r\nContent-Type: {token}\r\nContent-Length: 2"),
            "{}".to_owned(),
        ),
        (
            "hint",
            format!("HTTP/1.1 103 {token}\r\nLink: {token}"),
            String::new(),
        ),
        (
            "upgrade",
            format!("HTTP/1.1 101 {token}\r\nUpgrade: {token}"),
            token.to_owned(),
        ),
    ]
}

/// In a body.
fn bodies(token: &str) -> Vec<Answer> {
    let chunked = |body: String| (CHUNKED.to_owned(), body);
    let whole = |body: String| ("HTTP/1.1 200 OK".to_owned(), body);
    let cut = |status: &str| {
        (
            format!("HTTP/1.1 {status}\r\nContent-Length: 5000"),
            token.to_owned(),
        )
    };
    [
        ("size of a chunk", chunked(token.to_owned())),
        (
            "extension of a chunk",
            chunked(format!("2;{token}\r\n{{}}\r\n0\r\n\r\n")),
        ),
        ("end of a chunk", chunked(format!("2\r\n{{}}{token}"))),
        (
            "trailer",
            chunked(format!("2\r\n{{}}\r\n0\r\n{token}: {token}\r\n\r\n")),
        ),
        (
            "broken trailer",
            chunked(format!("2\r\n{{}}\r\n0\r\n{token}\r\n\r\n")),
        ),
        ("refusal that is cut off", cut("403 Forbidden")),
        ("answer that is cut off", cut("200 OK")),
        ("no JSON", whole(token.to_owned())),
        (
            "JSON that begins well",
            whole(format!("{{\"node\":{{\"nodeName\":\"n\",\"cpu\":{token}")),
        ),
        (
            "text for a number",
            whole(format!(
                "{{\"node\":{{\"nodeName\":\"n\",\"cpu\":{{\"usageNanoCores\":\"{token}\"}}}}}}"
            )),
        ),
    ]
    .map(|(name, (head, body))| (name, head, body))
    .into()
}

#[test]
fn each_part_of_an_answer() {
    for token in forms::TOKENS {
        let answers = [heads(token), bodies(token)].concat();
        let answers = answers
            .into_iter()
            .map(|(name, head, body)| (name.to_owned(), format!("{head}\r\n\r\n{body}").into_bytes()));
        let no_line_end = ("no line end".to_owned(), token.as_bytes().to_vec());
        Echo::start(false).assert_none(token, answers.chain([no_line_end]));
    }
}
