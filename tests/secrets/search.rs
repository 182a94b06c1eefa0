//! The search finds a piece in each form, and nothing where there is none: without that its silence means nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use test_kubelet::KeyKind;

use super::support::leak::Leaks;

const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.q4Vz+pL8/wN_Zt-7mKd3XyRb5TcHfGj2QsWx9vBn6Ae=";

fn leaks() -> Leaks {
    Leaks::default().secret("token", TOKEN.as_bytes())
}

fn each(piece: &[u8], write: impl Fn(u8) -> String) -> Vec<String> {
    piece.iter().map(|byte| write(*byte)).collect()
}

#[test]
fn a_piece_of_eight_bytes_is_found_in_each_form() {
    let leaks = leaks();
    for piece in TOKEN.as_bytes().windows(8) {
        let text = std::str::from_utf8(piece).unwrap();
        let mut forms = vec![
            text.to_owned(),
            format!("{}\n {}", &text[..3], &text[3..]),
            format!("{}\\n{}", &text[..3], &text[3..]),
            format!("{piece:?}"),
            format!("{piece:#?}"),
            each(piece, |byte| byte.to_string()).join(" "),
            each(piece, |byte| byte.to_string()).join(","),
            each(piece, |byte| format!("{byte:02x}")).concat(),
            each(piece, |byte| format!("{byte:02X}")).join(":"),
            each(piece, |byte| format!("0x{byte:02x}")).join(", "),
            each(piece, |byte| format!("\\x{byte:02x}")).concat(),
            each(piece, |byte| format!("%{byte:02X}")).concat(),
            each(piece, |byte| format!("%25{byte:02x}")).concat(),
            each(piece, |byte| format!("&#{byte};")).concat(),
            each(piece, |byte| format!("&#x{byte:x};")).concat(),
            each(piece, |byte| format!("\\u{byte:04x}")).concat(),
            each(piece, |byte| format!("\\u{{{byte:x}}}")).concat(),
            each(piece, |byte| format!("\\{byte:03o}")).concat(),
            text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
            text.replace('+', "&plus;").replace('/', "\\/"),
        ];
        for before in 0..3 {
            let shifted = [&b"ab"[..before], piece, b"c"].concat();
            let encoded = STANDARD.encode(&shifted);
            forms.extend([
                URL_SAFE.encode(&shifted),
                STANDARD_NO_PAD.encode(&shifted),
                URL_SAFE_NO_PAD.encode(&shifted),
                encoded
                    .as_bytes()
                    .chunks(5)
                    .map(String::from_utf8_lossy)
                    .collect::<Vec<_>>()
                    .join("\n"),
                encoded.replace('+', "%2B").replace('/', "\\/"),
                encoded,
            ]);
        }
        for form in forms {
            assert!(
                leaks.found(&format!("it says <{form}> today")).is_some(),
                "{text}: {form}"
            );
        }
    }
}

#[test]
fn less_than_a_piece_and_ordinary_text_are_none() {
    let leaks = leaks();
    for piece in TOKEN.as_bytes().windows(7) {
        leaks.assert_none(&format!("<{}>", String::from_utf8_lossy(piece)));
    }
    leaks.assert_none(include_str!("../../README.md"));
    leaks.assert_none(include_str!("../../Cargo.lock"));
}

#[test]
fn a_key_is_looked_for_in_its_pem_and_in_its_bytes() {
    let key = KeyKind::Sec1P256.generate();
    let leaks = Leaks::default().secret("key", key.as_bytes());
    let body: String = key.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&body).unwrap();
    let hexadecimal = each(&der[7..39], |byte| format!("{byte:02X}")).join(":");
    for said in [
        &body[40..60],
        &format!("{:?}", key.as_bytes()),
        &format!("{der:?}"),
        &hexadecimal,
    ] {
        assert!(leaks.found(said).is_some(), "{said}");
    }
}
