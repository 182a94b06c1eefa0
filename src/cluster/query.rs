//! Text in a URL's query.

/// The text with everything that has a meaning there, or none of its own, as `%` and two digits (RFC 3986, section 2).
#[must_use]
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to memory cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_stays() {
        assert_eq!(encoded("AZaz09-._~"), "AZaz09-._~");
        assert_eq!(
            encoded("a in (b,c)&d=%+/ä"),
            "a%20in%20%28b%2Cc%29%26d%3D%25%2B%2F%C3%A4"
        );
    }
}
