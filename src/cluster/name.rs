//! Names as Kubernetes has them.

/// The longest one, as of DNS.
pub(super) const LONGEST: usize = 253;

/// Whether it is a subdomain of DNS, as the name of each node and the prefix of a label's key are: letters in lower case,
/// digits, `-`, and `.` between parts (apimachinery's `IsDNS1123Subdomain`).
pub(super) fn is_subdomain(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_part = |part: &str| {
        part.bytes().all(inside) && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= LONGEST && text.split('.').all(is_part)
}
