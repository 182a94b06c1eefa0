//! A secret in the fuzzer's bytes, in the forms that a stranger may write it in. The fuzzer says where, which piece and in
//! which form, which it would never find out by itself.

use telegraf_kubelet::redact::{Redactor, Secrets};

/// Looks like a piece of a key, and like a token.
pub const SECRET: &str = "MHcCAQEEIBq7z+w9/Vn2Yt5KxLd0RsJ4Gm8UcZ1hWfPeOaXo3bTy6";

/// What is replaced by a piece of the secret, with the two bytes behind it.
const MARK: u8 = 1;

/// The bytes with what they ask for in its place.
pub fn planted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match tail {
            [place, form, tail @ ..] if *first == MARK => {
                rest = tail;
                write(
                    &mut out,
                    &SECRET.as_bytes()[usize::from(*place) % SECRET.len()..],
                    *form,
                );
            }
            _ => out.push(*first),
        }
    }
    out
}

fn write(out: &mut Vec<u8>, piece: &[u8], form: u8) {
    let piece = &piece[..piece.len().min(usize::from(form >> 3) + 1)];
    for byte in piece {
        let written = match form % 8 {
            0..=2 => char::from(*byte).to_string(),
            3 => format!("%{byte:02x}"),
            4 => format!("&#{byte};"),
            5 => format!("\\u{byte:04X}"),
            6 => format!("{byte}, "),
            _ => format!("{byte:02X}"),
        };
        out.extend_from_slice(written.as_bytes());
    }
}

/// Who finds the secret.
pub fn redactor() -> Redactor {
    secrets().redactor()
}

/// Who knows it.
pub fn secrets() -> Secrets {
    let secrets = Secrets::default();
    secrets.learn(SECRET.as_bytes());
    secrets
}
