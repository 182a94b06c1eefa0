//! Names as Kubernetes has them, and texts that are no longer than such a thing can be.

use crate::json::Text;

/// The longest one, as of DNS.
pub(super) const LONGEST: usize = 253;

/// A text that is there, and no longer than that.
pub(super) fn bounded(text: Text<'_>, longest: usize) -> Option<String> {
    // Not even copied if it can not be: an escape is at most six bytes for one.
    if text.is_empty() || text.raw().len() > longest * 6 {
        return None;
    }
    let text = text.text();
    (text.len() <= longest).then(|| text.into_owned())
}

/// Whether it is a subdomain of DNS, as the name of each node and the prefix of a label's key are: letters in lower case,
/// digits, `-`, and `.` between parts (apimachinery's `IsDNS1123Subdomain`).
pub(super) fn is_subdomain(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_part = |part: &str| {
        part.bytes().all(inside) && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= LONGEST && text.split('.').all(is_part)
}
