//! A kubelet's address, from text.
//!
//! By hand, not by a URL library: those mend what they read (a path, a user, `http:/x`), and here each such thing is
//! an error whose mend is known.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU16;

use rustls::pki_types::ServerName;

use super::expand::Env;
use crate::client::{Scheme, Url};
use crate::kubelet::{PORT, READ_ONLY_PORT};

/// The port of `https`.
const HTTPS: NonZeroU16 = NonZeroU16::new(443).expect("it is not 0");

/// Why a text is no kubelet's URL. Never carries the text: a password may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// Neither `https://` nor `http://` in front.
    Scheme,
    /// A user or password.
    User,
    /// The path that the plugin itself adds.
    StatsSummary,
    /// Any other path, a query or a fragment.
    Path,
    /// An IPv6 address that can't be told from its port.
    Brackets,
    /// No name or address.
    Host,
    /// Not a port.
    Port,
    /// No TLS, where there has to be.
    Plain,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => r#"no scheme; write it as "https://10.0.0.1:10250""#,
            Self::User => "a kubelet knows no user or password in a URL; take it out, and use bearer_token or tls_cert",
            Self::StatsSummary => "the plugin adds /stats/summary itself; end the URL after the port",
            Self::Path => "has a path, query or fragment; end the URL after the port",
            Self::Brackets => {
                r#"an IPv6 address goes into brackets; write it as "https://[fd00::1]:10250", or leave url out: the default brackets $NODE_IP by itself"#
            }
            Self::Host => r#"no valid host name or address in it; write it as "https://10.0.0.1:10250""#,
            Self::Plain => "an API server is asked over TLS alone; write https://",
            Self::Port => "not a port; write a number from 1 to 65535, or none for the kubelet's own",
        })
    }
}

impl std::error::Error for UrlError {}

/// The same of an API server's URL, which is another kind of address with another port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiServerUrlError(pub UrlError);

impl fmt::Display for ApiServerUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            UrlError::Scheme => r#"no scheme; write it as "https://10.0.0.1:6443""#,
            UrlError::User => {
                "an API server knows no user or password in a URL; take it out, and use bearer_token or tls_cert"
            }
            UrlError::StatsSummary => "the path is a kubelet's; name the API server, and end the URL after the port",
            UrlError::Brackets => r#"an IPv6 address goes into brackets; write it as "https://[fd00::1]:6443""#,
            UrlError::Host => r#"no valid host name or address in it; write it as "https://10.0.0.1:6443""#,
            UrlError::Port => "not a port; write a number from 1 to 65535, or none for 443",
            UrlError::Path | UrlError::Plain => return self.0.fmt(f),
        })
    }
}

impl std::error::Error for ApiServerUrlError {}

/// Reads `https://HOST[:PORT][/]`.
pub(super) fn parse(text: &str) -> Result<Url, UrlError> {
    let (scheme, rest) = scheme(text).ok_or(UrlError::Scheme)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(UrlError::User);
    }
    match path.trim_end_matches('/') {
        "" => {}
        "/stats/summary" => return Err(UrlError::StatsSummary),
        _ => return Err(UrlError::Path),
    }
    let (host, port) = split_port(authority)?;
    let port = match port {
        Some(digits) => port_number(digits).ok_or(UrlError::Port)?,
        None if scheme == Scheme::Https => PORT,
        None => READ_ONLY_PORT,
    };
    Ok(Url { scheme, host, port })
}

/// The default port of `https` on a node's name or address, IPv6 without brackets.
pub(super) fn of_node(host: &str) -> Result<Url, UrlError> {
    let host = match host.parse::<Ipv6Addr>() {
        Ok(address) => address.to_string(),
        Err(_) => checked_name(host)?,
    };
    Ok(Url {
        scheme: Scheme::Https,
        host,
        port: PORT,
    })
}

/// An API server's: the same, but always over TLS, at 443 where no port is written, as with kubectl.
pub(super) fn of_api_server(text: &str) -> Result<Url, ApiServerUrlError> {
    let url = parse(text).map_err(ApiServerUrlError)?;
    if url.scheme == Scheme::Http {
        return Err(ApiServerUrlError(UrlError::Plain));
    }
    let authority = text
        .split_once("://")
        .map_or(text, |(_, rest)| rest.trim_end_matches('/'));
    let (_, port) = split_port(authority).map_err(ApiServerUrlError)?;
    Ok(match port {
        Some(_) => url,
        None => Url { port: HTTPS, ..url },
    })
}

/// That of the cluster we run in, as each pod is told.
pub(super) fn of_service(env: Env<'_>) -> Option<Url> {
    let host = env("KUBERNETES_SERVICE_HOST").filter(|host| !host.is_empty())?;
    let port = env("KUBERNETES_SERVICE_PORT").filter(|port| !port.is_empty());
    let port = port.map_or(Some(HTTPS), |digits| port_number(&digits))?;
    Some(Url {
        port,
        ..of_node(&host).ok()?
    })
}

fn scheme(text: &str) -> Option<(Scheme, &str)> {
    let (name, rest) = text.split_once("://")?;
    match name.to_ascii_lowercase().as_str() {
        "https" => Some((Scheme::Https, rest)),
        "http" => Some((Scheme::Http, rest)),
        _ => None,
    }
}

/// The host, in one spelling so that equal ones compare equal, and the port's digits.
fn split_port(authority: &str) -> Result<(String, Option<&str>), UrlError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, tail) = rest.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
        return match tail.strip_prefix(':') {
            Some(port) => Ok((address.to_string(), Some(port))),
            None if tail.is_empty() => Ok((address.to_string(), None)),
            None => Err(UrlError::Host),
        };
    }
    if authority.matches(':').count() > 1 {
        return Err(UrlError::Brackets);
    }
    match authority.split_once(':') {
        Some((host, port)) => Ok((checked_name(host)?, Some(port))),
        None => Ok((checked_name(authority)?, None)),
    }
}

/// A name or IPv4 address that TLS can verify, in lower case.
fn checked_name(host: &str) -> Result<String, UrlError> {
    // `10.0.0.256` is a valid name to a DNS library, and never what was meant.
    let numeric = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(UrlError::Host);
    }
    match ServerName::try_from(host) {
        Ok(_) => Ok(host.to_ascii_lowercase()),
        Err(_) => Err(UrlError::Host),
    }
}

fn port_number(digits: &str) -> Option<NonZeroU16> {
    // `parse` alone would take `+10250`.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads() {
        for (text, want) in [
            ("https://10.0.0.1:10250", "https://10.0.0.1:10250"),
            ("https://10.0.0.1", "https://10.0.0.1:10250"),
            ("http://10.0.0.1", "http://10.0.0.1:10255"),
            ("https://10.0.0.1:10250/", "https://10.0.0.1:10250"),
            ("HTTPS://Node-1.Example:443", "https://node-1.example:443"),
            ("https://node_1", "https://node_1:10250"),
            ("https://[fd00:0::1]:10250", "https://[fd00::1]:10250"),
            ("https://[::1]", "https://[::1]:10250"),
            ("http://[::1]/", "http://[::1]:10255"),
        ] {
            assert_eq!(
                parse(text).map(|url| url.to_string()),
                Ok(want.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses() {
        use UrlError::{Brackets, Host, Path, Port, Scheme, StatsSummary, User};
        for (text, error) in [
            ("", Scheme),
            ("10.0.0.1:10250", Scheme),
            ("unix:///run/kubelet.sock", Scheme),
            ("https:/10.0.0.1", Scheme),
            ("https://me:secret@10.0.0.1", User),
            ("https://10.0.0.1:10250/stats/summary", StatsSummary),
            ("https://10.0.0.1:10250/stats/summary/", StatsSummary),
            ("https://10.0.0.1/metrics", Path),
            ("https://10.0.0.1?x=1", Path),
            ("https://10.0.0.1#x", Path),
            ("https://fd00::1:10250", Brackets),
            ("https://::1", Brackets),
            ("https://", Host),
            ("https://:10250", Host),
            ("https://a b", Host),
            ("https://10.0.0.256", Host),
            ("https://10.0.0", Host),
            ("https://[10.0.0.1]", Host),
            ("https://[fe80::1%eth0]", Host),
            ("https://[::1", Host),
            ("https://[::1]10250", Host),
            ("https://a..b", Host),
            ("https://10.0.0.1:", Port),
            ("https://10.0.0.1:0", Port),
            ("https://10.0.0.1:65536", Port),
            ("https://10.0.0.1:+1", Port),
            ("https://10.0.0.1:http", Port),
            ("https://[::1]:0", Port),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_node_address_of_either_family_makes_a_url() {
        for (host, want) in [
            ("10.0.0.1", "https://10.0.0.1:10250"),
            ("fd00::1", "https://[fd00::1]:10250"),
            ("node-1", "https://node-1:10250"),
        ] {
            assert_eq!(
                of_node(host).map(|url| url.to_string()),
                Ok(want.to_owned()),
                "{host}"
            );
        }
        for host in ["", "[fd00::1]", "10.0.0.1:10250", "https://10.0.0.1", "10.0.0.1/"] {
            assert_eq!(of_node(host), Err(UrlError::Host), "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"(https?://)?[\[\]:./@0-9a-f\PC]{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_displayed_is_read_back(text in r"https?://([a-z][a-z0-9]{0,8}|10\.0\.0\.[1-9]|\[fd00::[1-9a-f]\])(:[1-9][0-9]{0,3})?") {
            let url = parse(&text).expect("generated ones are valid");
            prop_assert_eq!(parse(&url.to_string()), Ok(url));
        }
    }
}
