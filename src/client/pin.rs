//! A pin: the SHA-256 of a public key, as people write it.
//!
//! Knows text only. Whose key it is, and what it is held against, is `verifier`'s.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands before a pin in other programs' words: curl's and kubeadm's.
const PREFIXES: [&str; 2] = ["sha256//", "sha256:"];

/// The SHA-256 of a certificate's `SubjectPublicKeyInfo`, in DER. It holds for the key, through any renewal of the
/// certificate that keeps it. `Display` is Base64, which is what `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin(pub [u8; 32]);

impl Pin {
    /// Reads Base64, or hexadecimal with or without colons, each with or without `sha256//` or `sha256:` in front.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = PREFIXES
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(text);
        hexadecimal(text)
            .or_else(|| STANDARD.decode(text).ok()?.try_into().ok())
            .map(Self)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|&character| character != ':')
        .map(|character| character.to_digit(16)?.try_into().ok())
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
        .collect();
    (digits.len() == 64).then(|| bytes.try_into().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_people_write_it() {
        let pin = Pin([0xab; 32]);
        let base64 = pin.to_string();
        assert_eq!(base64.len(), 44);
        let colons = vec!["AB"; 32].join(":");
        for text in [
            &base64,
            &format!("sha256//{base64}"),
            &"ab".repeat(32),
            &format!("sha256:{}", "ab".repeat(32)),
            &colons,
        ] {
            assert_eq!(Pin::parse(text), Some(pin), "{text}");
        }
        for text in [
            "",
            "sha256//",
            &base64[..40],
            &"ab".repeat(31),
            &"ab".repeat(33),
            &"xy".repeat(32),
        ] {
            assert_eq!(Pin::parse(text), None, "{text}");
        }
    }
}
