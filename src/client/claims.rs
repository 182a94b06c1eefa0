//! What a ServiceAccount's token says of itself, read and not verified: it explains, and decides nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::life::Life;
use crate::redact::{Redacted, Secrets};

/// The claims of a JWT that tell whose it is, for whom and until when (RFC 7519, 4.1). No secret: only the signature,
/// which is not in here, makes a token of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// `iss`: who made it.
    pub issuer: Option<Redacted>,
    /// `sub`: the user, `system:serviceaccount:NAMESPACE:NAME`.
    pub subject: Option<Redacted>,
    /// `aud`: for whom it is.
    pub audiences: Vec<Redacted>,
    /// `exp`, in seconds since 1970.
    pub expires: Option<i64>,
    /// `nbf`, in seconds since 1970.
    pub not_before: Option<i64>,
    /// `iat`, in seconds since 1970.
    pub issued: Option<i64>,
}

impl Claims {
    /// `None` for what is no JWT. What is told of it has no piece of the token in it, nor of another secret.
    #[must_use]
    pub fn read(token: &[u8], secrets: &Secrets) -> Option<Self> {
        let mut parts = token.split(|&byte| byte == b'.');
        let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
            return None;
        };
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let redactor = secrets.redactor();
        let told = |text: &str| redactor.redact(text.as_bytes());
        let text = |key| claims.get(key).and_then(Value::as_str).map(told);
        let time = |key| claims.get(key).and_then(Value::as_i64);
        Some(Self {
            issuer: text("iss"),
            subject: text("sub"),
            audiences: audiences(claims.get("aud")).map(told).collect(),
            expires: time("exp"),
            not_before: time("nbf"),
            issued: time("iat"),
        })
    }

    /// From when to when it holds; `None` for one that does not end.
    #[must_use]
    pub fn life(&self) -> Option<Life> {
        Some(Life {
            begins: self.issued,
            ends: self.expires?,
        })
    }
}

/// One or several.
fn audiences(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let several = match claim {
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    several.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> Option<Claims> {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        Claims::read(token.as_bytes(), &Secrets::default())
    }

    #[test]
    fn reads_what_there_is() {
        let claims =
            read(r#"{"exp": 1764000000, "iat": 1763996393, "aud": "a", "sub": "s", "nbf": "soon"}"#).unwrap();
        assert_eq!(
            (claims.expires, claims.issued, claims.not_before),
            (Some(1_764_000_000), Some(1_763_996_393), None)
        );
        let ours = Redacted::ours;
        assert_eq!(claims.audiences, [ours("a")]);
        assert_eq!(
            read(r#"{"aud": ["a", 1, "b"]}"#).unwrap().audiences,
            [ours("a"), ours("b")]
        );
        assert_eq!(read("{}"), Some(Claims::default()));
        for none in [
            &b"opaque"[..],
            b"a.b",
            b"e30.e30",
            b"e30.!.x",
            b"e30.e30.c2ln.x",
            b"e30.W10.c2ln",
        ] {
            assert_eq!(Claims::read(none, &Secrets::default()), None);
        }
    }
}
