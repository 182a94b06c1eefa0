//! The ways in which a server may say again what it was sent.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// A token as a ServiceAccount's is one, and one of another kind: neither is any API server's.
pub const TOKENS: [&str; 2] = [
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InR5cDk4In0.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMuZGVmYXVsdC5zdmMiLCJzdWIiOiJzeXN0ZW06c2Vydmlj\
     ZWFjY291bnQ6bW9uaXRvcmluZzp0ZWxlZ3JhZiJ9.QzS7_pX0cV-4uO9wT1kLr8mYhG2nJ5bD6fEaHiK3jN7sRqWvZxU0tPyCgMlBoIeA_dF4S6zX8cV1bN2mQwErT5yUiOpA",
    "Zk3+Qw9/Lm1=Xv7~Ty5.Bn2_Rc8-Hd4!Ws6*Jg0",
];

/// The token in each form, with what that is.
pub fn of(token: &str) -> Vec<(String, String)> {
    let odd = |write: &dyn Fn(u8) -> String| {
        each(token, &|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                write(byte)
            }
        })
    };
    let wrapped = |text: &str, by: usize, end: &str| {
        let lines: Vec<_> = text.as_bytes().chunks(by).map(String::from_utf8_lossy).collect();
        lines.join(end)
    };
    let length = token.len();
    let mut forms = vec![
        ("plain", token.to_owned()),
        ("with its scheme", format!("Authorization: Bearer {token}")),
        ("quoted", format!("{token:?}")),
        ("without its last character", token[..length - 1].to_owned()),
        ("without its last three", token[..length - 3].to_owned()),
        ("without its first character", token[1..].to_owned()),
        ("without padding", token.trim_end_matches('=').to_owned()),
        ("its first eight", token[..8].to_owned()),
        ("its last eight", token[length - 8..].to_owned()),
        (
            "in two",
            format!("{} and {}", &token[..length / 2], &token[length / 2..]),
        ),
        ("in capital letters", token.to_ascii_uppercase()),
        ("in lines", wrapped(token, 20, "\n")),
        ("in quoted lines", wrapped(token, 20, "\\n")),
        ("in words", wrapped(token, 7, " ")),
        ("percent", odd(&|byte| format!("%{byte:02X}"))),
        ("percent, in small letters", odd(&|byte| format!("%{byte:02x}"))),
        ("percent of percent", odd(&|byte| format!("%25{byte:02x}"))),
        ("all percent", each(token, &|byte| format!("%{byte:02X}"))),
        ("HTML", odd(&|byte| format!("&#{byte};"))),
        ("HTML, in hexadecimal", odd(&|byte| format!("&#x{byte:X};"))),
        (
            "HTML, by names",
            token
                .replace('+', "&plus;")
                .replace('/', "&sol;")
                .replace('=', "&equals;")
                .replace('_', "&lowbar;"),
        ),
        ("JSON", token.replace('/', "\\/")),
        ("all JSON", each(token, &|byte| format!("\\u{byte:04x}"))),
        ("Rust", each(token, &|byte| format!("\\x{byte:02x}"))),
        ("decimal", format!("{:?}", token.as_bytes())),
        ("hexadecimal", each(token, &|byte| format!("{byte:02x}"))),
        (
            "hexadecimal, in capital letters",
            each(token, &|byte| format!("{byte:02X}:")),
        ),
    ];
    for before in ["", "t=", "a b"] {
        let text = format!("{before}{token}");
        let standard = STANDARD.encode(&text);
        forms.extend([
            ("Base64", standard.clone()),
            ("Base64 without padding", STANDARD_NO_PAD.encode(&text)),
            ("Base64 of URLs", URL_SAFE.encode(&text)),
            ("Base64 of URLs without padding", URL_SAFE_NO_PAD.encode(&text)),
            ("Base64 in lines", wrapped(&standard, 64, "\r\n")),
            ("Base64 in short lines", wrapped(&standard, 5, "\n")),
            ("Base64 cut off", standard[3..standard.len() - 5].to_owned()),
            (
                "Base64 in percent",
                standard
                    .replace('+', "%2B")
                    .replace('/', "%2F")
                    .replace('=', "%3D"),
            ),
        ]);
    }
    forms
        .into_iter()
        .map(|(name, form)| (name.to_owned(), form))
        .collect()
}

fn each(token: &str, write: &dyn Fn(u8) -> String) -> String {
    token.bytes().map(write).collect()
}
