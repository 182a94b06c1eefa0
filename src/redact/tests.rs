//! What the door lets through, and what it must not.

use base64::Engine as _;
use proptest::prelude::*;

use super::*;

const TOKEN: &str =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW06eCJ9.Zm9v+YmFy/cXV4_MTIzNDU2-Nzg5MGFiY2Q=";

fn knowing(secret: &[u8]) -> Secrets {
    let secrets = Secrets::default();
    secrets.learn(secret);
    secrets
}

fn told(text: impl AsRef<[u8]>) -> String {
    knowing(TOKEN.as_bytes()).redact(text.as_ref()).to_string()
}

#[test]
fn what_is_told_is_one_line_of_bounded_length() {
    assert_eq!(
        told(" two\nlines\x1b[31m \u{202e}\u{2028}x\n"),
        "two lines [31m   x"
    );
    assert_eq!(told(b"\xff"), "\u{fffd}");
    let long = told("ä".repeat(LONGEST));
    assert!(long.len() <= LONGEST && long.ends_with(" …"), "{}", long.len());
    assert_eq!(told(format!("{}x", " ".repeat(20_000))), "x");
}

#[test]
fn a_kubelets_own_words_are_told_as_they_are() {
    let words = "Forbidden (user=system:serviceaccount:monitoring:telegraf, verb=get, resource=nodes, subresource(s)=[stats])";
    assert_eq!(told(words), words);
    let words = "Internal Error: failed to get imageFs stats: rpc error: code = Unavailable desc = connection error: desc = \
                 \"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory\"";
    assert_eq!(told(words), words);
}

#[test]
fn a_repeated_token_is_not_told() {
    assert_eq!(
        told(format!("Authorization: Bearer {TOKEN}")),
        "Authorization: Bearer (secret)"
    );
    assert_eq!(told(format!("{TOKEN} and {TOKEN}")), "(secret) and (secret)");
    // Cut at both ends, to the shortest that is a piece.
    for piece in TOKEN.as_bytes().windows(SHORTEST_SECRET) {
        assert_eq!(told([b"= <", piece, b">"].concat()), "= <(secret)>");
    }
    assert_eq!(told(&TOKEN[1..]), "(secret)");
}

#[test]
fn what_is_no_secret_hides_nothing() {
    assert_eq!(
        knowing(b"short").redact(b"a short word").to_string(),
        "a short word"
    );
    assert_eq!(Secrets::default().redact(b"any").to_string(), "any");
}

#[test]
fn the_secret_before_is_one_still() {
    let secrets = knowing(b"the-first-secret");
    secrets.learn(b"another-secret");
    secrets.learn(b"another-secret");
    assert_eq!(
        secrets.redact(b"the-first-secret, another-secret").to_string(),
        "(secret), (secret)"
    );
    for at in 0..REMEMBERED {
        secrets.learn(format!("secret-number-{at}").as_bytes());
    }
    assert_eq!(
        secrets.redact(b"the-first-secret").to_string(),
        "the-first-secret"
    );
}

#[test]
fn nothing_shows_a_secret_to_a_debugger() {
    assert_eq!(format!("{:?}", knowing(TOKEN.as_bytes())), "Secrets");
}

/// The ways to write `piece` that are tried.
fn written(piece: &[u8]) -> Vec<(&'static str, String)> {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let each = |write: &dyn Fn(u8) -> String| piece.iter().map(|byte| write(*byte)).collect::<Vec<_>>();
    let odd = |write: &dyn Fn(u8) -> String| {
        let write = |byte: u8| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                write(byte)
            }
        };
        each(&write).concat()
    };
    let mut ways = vec![
        (
            "wrapped",
            each(&|byte| char::from(byte).to_string())
                .chunks(5)
                .map(<[_]>::concat)
                .collect::<Vec<_>>()
                .join("\r\n  "),
        ),
        (
            "wrapped and escaped",
            each(&|byte| char::from(byte).to_string())
                .chunks(5)
                .map(<[_]>::concat)
                .collect::<Vec<_>>()
                .join("\\n"),
        ),
        ("percent", odd(&|byte| format!("%{byte:02x}"))),
        ("all percent", each(&|byte| format!("%{byte:02X}")).concat()),
        ("percent of percent", odd(&|byte| format!("%25{byte:02X}"))),
        ("HTML", odd(&|byte| format!("&#{byte};"))),
        (
            "HTML, hexadecimal",
            each(&|byte| format!("&#x{byte:X};")).concat(),
        ),
        ("HTML without semicolons", odd(&|byte| format!("&#{byte}"))),
        ("JSON", odd(&|byte| format!("\\{}", char::from(byte)))),
        ("all JSON", each(&|byte| format!("\\u{byte:04x}")).concat()),
        ("Rust", each(&|byte| format!("\\u{{{byte:x}}}")).concat()),
        ("C", each(&|byte| format!("\\x{byte:02x}")).concat()),
        ("octal", each(&|byte| format!("\\{byte:o}")).concat()),
        ("decimal", format!("{piece:?}")),
        ("decimal, spaced", each(&|byte| byte.to_string()).join(" ")),
        ("hexadecimal", each(&|byte| format!("{byte:02x}")).concat()),
        (
            "hexadecimal, capital",
            each(&|byte| format!("{byte:02X}")).concat(),
        ),
        (
            "hexadecimal with colons",
            each(&|byte| format!("{byte:02x}")).join(":"),
        ),
        (
            "hexadecimal, listed",
            each(&|byte| format!("0x{byte:02x}")).join(", "),
        ),
        (
            "characters",
            format!(
                "{:?}",
                piece.iter().map(|byte| char::from(*byte)).collect::<Vec<_>>()
            ),
        ),
    ];
    for before in 0..3 {
        let shifted = [&b"xy"[..before.min(2)], piece, b"z"].concat();
        let (standard, url) = (STANDARD.encode(&shifted), URL_SAFE.encode(&shifted));
        let lines = standard
            .as_bytes()
            .chunks(4)
            .map(String::from_utf8_lossy)
            .collect::<Vec<_>>()
            .join("\n");
        ways.extend([
            ("Base64", standard.clone()),
            ("Base64 of URLs", url),
            ("wrapped Base64", lines),
        ]);
        ways.push(("Base64, begun late", standard[1..].to_owned()));
        ways.push((
            "Base64, escaped",
            standard
                .replace('+', "%2B")
                .replace('/', "\\/")
                .replace('=', "%3D"),
        ));
    }
    ways
}

#[test]
fn it_is_found_in_each_form() {
    for (start, length) in [(0, TOKEN.len()), (10, 40), (63, 16), (70, 12)] {
        let piece = &TOKEN.as_bytes()[start..start + length];
        for (form, written) in written(piece) {
            let said = told(format!("no: {written}; good bye"));
            assert!(
                said.len() < 32 + written.len() / 4 && said.contains(MARK),
                "{form}: {written}: {said}"
            );
        }
    }
}

#[test]
fn a_key_is_found_in_its_pem_and_in_numbers() {
    // No key, but bytes that look like one's.
    let der: Vec<u8> = (0..160_u32).map(|at| (at * 89 % 251) as u8).collect();
    let secrets = knowing(&der);
    let base64 = base64::engine::general_purpose::STANDARD.encode(&der);
    for text in [
        base64.clone(),
        format!("{base64:?}"),
        format!("{:?}", base64.as_bytes()),
        format!("{der:?}"),
        base64[33..].to_owned(),
    ] {
        let said = secrets.redact(text.as_bytes()).to_string();
        assert!(said.len() < 40, "{said}");
    }
}

#[test]
fn what_touches_is_one_piece() {
    // As much as is looked at, full of a secret: one place to hide, not one for each run in it and each way to read it.
    let secret = "aVery-Long.Secret_of-ours0";
    let said = secret.repeat(LOOKED_AT / secret.len());
    let text = format!("before {said} between {said}");
    let pieces = Search::new(&[secret.as_bytes().to_vec()]).pieces(text.as_bytes());
    assert_eq!(pieces.len(), 2, "{pieces:?}");
    assert_eq!(without(&text, &pieces), format!("before {MARK} between {MARK}"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_piece_is_left(
        secret in "[!-~]{8,60}",
        parts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), "\\PC{0,3}"), 1..6),
    ) {
        let secret = secret.as_bytes();
        let mut text = String::new();
        for (start, length, way, between) in &parts {
            let start = start.index(secret.len());
            let piece = &secret[start..start + 1 + length.index(secret.len() - start)];
            let ways = written(piece);
            text.push_str(&ways[way.index(ways.len())].1);
            text.push_str(between);
        }
        let redactor = knowing(secret).redactor();
        let said = redactor.redact(text.as_bytes());
        prop_assert!(said.len() <= LONGEST);
        prop_assert!(!redactor.finds(&said) || said == *WITHHELD, "{:?}", said);
    }

    #[test]
    fn no_bytes_panic(secret in prop::collection::vec(any::<u8>(), 0..40), text in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = knowing(&secret).redact(&text);
    }

    #[test]
    fn ordinary_text_is_told_as_it_is(text in "[a-zA-Z0-9 .,:=()\\[\\]/\"-]{0,300}") {
        prop_assert_eq!(told(&text), text.trim());
    }
}
