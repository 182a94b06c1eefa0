//! What a kubelet says when it says no: its own few sentences, taken apart, and an excerpt of whatever else comes.
//!
//! The sentences are those of the kubelet's `server.go` (`InstallAuthFilter`) and of its handler for summaries. Who
//! answers may be no kubelet: nothing gets in here but through [`Secrets`].

use std::fmt;

use crate::redact::{Redacted, Secrets};

/// What Go's server says to plain HTTP on a TLS port.
const PLAIN_HTTP: &str = "HTTP request to an HTTPS server";

/// Longer than any verb, resource or subresource.
const LONGEST_WORD: usize = 24;

/// Who showed nothing that the kubelet looks at (`user.Anonymous` of apiserver). Whatever is bound to that one is
/// everybody's who reaches a kubelet, so that it is never the fix.
pub const NOBODY: &str = "system:anonymous";

/// An answer that is no summary and not meant to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// `Unauthorized`.
    Unauthorized,
    /// `Forbidden (user=…`: rights were looked up, and there is none.
    Forbidden(Attributes),
    /// `Authorization error (user=…`: rights could not be looked up.
    AuthorizationError(Attributes),
    /// `Internal Error: …`: the summary could not be made.
    InternalError(Redacted),
    /// Go's answer to plain HTTP on a TLS port.
    PlainHttp,
    /// To another host, or to `None`: another path.
    Redirect(Option<Redacted>),
    /// Anything else; may be empty.
    Other(Redacted),
}

/// Who was refused what, in the kubelet's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// The user.
    pub user: Redacted,
    verb: Redacted,
    resource: Redacted,
    subresources: Subresources,
}

/// Which, in the wording of the kubelet's version.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subresources {
    /// `subresource=stats`, up to 1.31 and in each version's 500.
    One(Redacted),
    /// `subresource(s)=[pods proxy]`.
    Several(Vec<Redacted>),
}

impl Refusal {
    /// Of a body, or its first part.
    #[must_use]
    pub fn of(body: &[u8], secrets: &Secrets) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        if text == "Unauthorized" {
            return Self::Unauthorized;
        }
        if text.contains(PLAIN_HTTP) {
            return Self::PlainHttp;
        }
        let attributes = |head| Attributes::of(text.strip_prefix(head)?, secrets);
        if let Some(attributes) = attributes("Forbidden ") {
            return Self::Forbidden(attributes);
        }
        if let Some(attributes) = attributes("Authorization error ") {
            return Self::AuthorizationError(attributes);
        }
        match text.strip_prefix("Internal Error: ") {
            Some(chain) => Self::InternalError(secrets.redact(chain.as_bytes())),
            None => Self::Other(secrets.redact(body)),
        }
    }

    /// The user whom the kubelet names.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Forbidden(attributes) | Self::AuthorizationError(attributes) => Some(&attributes.user),
            _ => None,
        }
    }
}

impl Attributes {
    /// Whether it is nobody in particular who was refused.
    #[must_use]
    pub fn is_of_nobody(&self) -> bool {
        self.user == *NOBODY
    }

    /// Whether `proxy` is all that would have helped: whatever a kubelet knows no right of its own for needs that one.
    #[must_use]
    pub fn knows_proxy_alone(&self) -> bool {
        match &self.subresources {
            Subresources::One(one) => *one == *"proxy",
            Subresources::Several(several) => several.iter().all(|one| *one == *"proxy"),
        }
    }

    /// `(user=U, verb=V, resource=R, subresource(s)=[S])`. A user's name may hold anything, commas too.
    fn of(text: &str, secrets: &Secrets) -> Option<Self> {
        let inner = text.strip_prefix("(user=")?.strip_suffix(')')?;
        let (user, rest) = inner.rsplit_once(", verb=")?;
        let (verb, rest) = rest.split_once(", resource=")?;
        let (resource, rest) = rest.split_once(", subresource")?;
        let subresources = match rest.strip_prefix("(s)=[") {
            Some(several) => Subresources::Several(
                several
                    .strip_suffix(']')?
                    .split(' ')
                    .map(|one| word(one, secrets))
                    .collect::<Option<_>>()?,
            ),
            None => Subresources::One(word(rest.strip_prefix('=')?, secrets)?),
        };
        Some(Self {
            user: secrets.redact(user.as_bytes()),
            verb: word(verb, secrets)?,
            resource: word(resource, secrets)?,
            subresources,
        })
    }
}

fn word(text: &str, secrets: &Secrets) -> Option<Redacted> {
    let is_one = text.len() <= LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_lowercase());
    is_one.then(|| secrets.redact(text.as_bytes()))
}

impl fmt::Display for Refusal {
    /// As the kubelet says it; nothing for an empty body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("Unauthorized"),
            Self::Forbidden(attributes) => write!(f, "Forbidden {attributes}"),
            Self::AuthorizationError(attributes) => write!(f, "Authorization error {attributes}"),
            Self::InternalError(chain) => write!(f, "Internal Error: {chain}"),
            Self::PlainHttp => f.write_str("Client sent an HTTP request to an HTTPS server."),
            Self::Redirect(Some(host)) => write!(f, "redirects to {host}"),
            Self::Redirect(None) => f.write_str("redirects to another path"),
            Self::Other(excerpt) => f.write_str(excerpt),
        }
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user, verb, resource, ..
        } = self;
        write!(f, "(user={user}, verb={verb}, resource={resource}, ")?;
        match &self.subresources {
            Subresources::One(one) => write!(f, "subresource={one})"),
            Subresources::Several(several) => write!(f, "subresource(s)=[{}])", several.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Refusal {
        let secrets = Secrets::default();
        secrets.learn(b"abcdefgh.ijklmnop");
        Refusal::of(body.as_bytes(), &secrets)
    }

    #[test]
    fn a_kubelets_own_sentences_are_taken_apart_and_told_as_they_are() {
        for (body, user) in [
            ("Unauthorized", None),
            (
                "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[pods proxy])\n",
                Some("u"),
            ),
            (
                "Forbidden (user=a, verb=b, c, verb=get, resource=nodes, subresource=stats)",
                Some("a, verb=b, c"),
            ),
            (
                "Authorization error (user=telegraf-kubelet, verb=get, resource=nodes, subresource=stats)",
                Some("telegraf-kubelet"),
            ),
            (
                "Internal Error: failed to get node info: node \"n\" not found",
                None,
            ),
            ("Client sent an HTTP request to an HTTPS server.\n", None),
        ] {
            let refusal = of(body);
            assert_eq!(refusal.to_string(), body.trim_end());
            assert_eq!(refusal.user(), user);
            assert!(!matches!(refusal, Refusal::Other(_)), "{refusal:?}");
        }
    }

    #[test]
    fn whatever_else_comes_is_an_excerpt() {
        for body in [
            "",
            "Forbidden",
            "Forbidden: no",
            "Forbidden (user=u)",
            "Forbidden (user=u, verb=GET, resource=nodes, subresource=stats)",
            "Forbidden (user=u, verb=get, resource=no des, subresource=stats)",
            "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[stats)",
            "Forbidden (user=u, verb=get, resource=nodes, subresource=aaaaaaaaaaaaaaaaaaaaaaaaa)",
        ] {
            assert!(matches!(of(body), Refusal::Other(_)), "{body}");
            assert_eq!(of(body).to_string(), body);
        }
    }

    #[test]
    fn no_part_of_a_sentence_tells_the_secret() {
        for body in [
            "Forbidden (user=abcdefgh.ijklmnop, verb=get, resource=nodes, subresource=stats)",
            "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[abcdefgh ijklmnop])",
            "Internal Error: abcdefgh.ijklmnop",
            "abcdefgh.ijklmnop",
        ] {
            let said = format!("{} {:?}", of(body), of(body));
            assert!(!said.contains("abcd") && !said.contains("mnop"), "{said}");
        }
    }
}
