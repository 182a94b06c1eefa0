//! A name that a certificate is valid for, to be asked for: what is advised where it is not for the one that was asked for.
//!
//! Each is tried by the verifier itself and by the rule for names that may be asked for, so that no advice is refused.

use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;

use crate::redact::is_token;

/// What stands for a node in a pattern's place where the certificate does not tell.
const ANY_NODE: &str = "node";

/// The first of these names, or one that the first pattern among them fits.
pub(super) fn name(
    certificate: &CertificateDer<'_>,
    names: &[String],
    common_name: Option<&str>,
) -> Option<String> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let is_valid = |name: &str| {
        let asked = ServerName::try_from(name).ok()?;
        (is_server_name(name) && verify_server_name(&parsed, &asked).is_ok()).then_some(())
    };
    let node = common_name.and_then(of_node).unwrap_or(ANY_NODE);
    names.iter().find_map(|name| {
        let tried = match name.strip_prefix("*.") {
            Some(domain) => format!("{node}.{domain}"),
            None => name.clone(),
        };
        is_valid(&tried).map(|()| tried)
    })
}

/// The node's name in a common name, without its domain: `system:node:NAME` is how a cluster's CA signs.
fn of_node(common_name: &str) -> Option<&str> {
    let name = common_name.strip_prefix("system:node:").unwrap_or(common_name);
    let first = name.split('.').next()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (!first.is_empty() && first.bytes().all(plain)).then_some(first)
}

/// Whether it can be a target's name: one that a certificate carries, and no token that got into its place.
#[must_use]
pub fn is_server_name(name: &str) -> bool {
    ServerName::try_from(name).is_ok() && !is_token(name)
}

/// Whether a name is the one, or fits the pattern.
#[must_use]
pub fn fits(name: &str, pattern: &str) -> bool {
    let Some(domain) = pattern.strip_prefix("*.") else {
        return name.eq_ignore_ascii_case(pattern);
    };
    let rest = name.split_once('.').map(|(_, rest)| rest);
    domain.contains('.') && rest.is_some_and(|rest| rest.eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_for_one_label_before_a_domain() {
        for (name, pattern, fit) in [
            ("node-1.example.internal", "*.example.internal", true),
            ("NODE-1.Example.internal", "*.example.internal", true),
            ("a.b.example.internal", "*.example.internal", false),
            ("example.internal", "*.example.internal", false),
            ("node-1.internal", "*.internal", false),
            ("node-1", "node-1", true),
            ("node-1", "node-2", false),
        ] {
            assert_eq!(fits(name, pattern), fit, "{name} {pattern}");
        }
    }

    #[test]
    fn a_nodes_label_is_found_in_its_common_name() {
        assert_eq!(of_node("system:node:node-1.example.com"), Some("node-1"));
        assert_eq!(of_node("node-1@1764000000"), None);
        assert_eq!(of_node(""), None);
    }
}
