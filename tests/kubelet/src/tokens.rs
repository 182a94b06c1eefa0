//! ServiceAccount tokens: made, and reviewed as an API server's `TokenReview` would.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde_json::{Value, json};

/// The audience that the API server takes.
const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";

/// A token to be.
#[derive(Debug, Clone)]
pub struct TokenSpec {
    /// The ServiceAccount's name in the namespace `monitoring`.
    pub account: String,
    /// The pod that it is for: what tells tokens of one account apart.
    pub pod: Option<String>,
    /// Whom it is for.
    pub audience: String,
    /// Seconds from now until it is valid; negative for one that is.
    pub valid_from: i64,
    /// Seconds from now until it expires.
    pub valid_until: i64,
}

impl Default for TokenSpec {
    fn default() -> Self {
        Self {
            account: "telegraf".to_owned(),
            pod: None,
            audience: AUDIENCE.to_owned(),
            valid_from: -60,
            valid_until: 3_607,
        }
    }
}

/// The key that signs and knows tokens.
pub(crate) struct Tokens(hmac::Key);

impl Tokens {
    pub(crate) fn new() -> Self {
        let random = ring::rand::SystemRandom::new();
        Self(hmac::Key::generate(hmac::HMAC_SHA256, &random).expect("random bytes"))
    }

    pub(crate) fn issue(&self, spec: &TokenSpec) -> String {
        let now = now();
        let account = &spec.account;
        let mut of = json!({"namespace": "monitoring", "serviceaccount": {"name": account, "uid": "0c5c"}});
        if let Some(pod) = &spec.pod {
            of["pod"] = json!({"name": pod, "uid": "7b1e"});
        }
        let claims = json!({
            "aud": [spec.audience],
            "exp": now + spec.valid_until,
            "iat": now + spec.valid_from,
            "iss": AUDIENCE,
            "kubernetes.io": of,
            "nbf": now + spec.valid_from,
            "sub": format!("system:serviceaccount:monitoring:{account}"),
        });
        let signed = format!(
            "{}.{}",
            BASE64.encode(r#"{"alg":"HS256","kid":"test"}"#),
            BASE64.encode(claims.to_string())
        );
        let signature = hmac::sign(&self.0, signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature))
    }

    /// The user behind a token; `None` for one that the API server would not know.
    pub(crate) fn review(&self, token: &str) -> Option<String> {
        self.user_at(token, now())
    }

    /// The user behind a token that was reviewed before it expired.
    pub(crate) fn remember(&self, token: &str) -> Option<String> {
        self.user_at(token, now() - 3_700)
    }

    /// The pod of a token that is one of ours.
    pub(crate) fn pod(token: &str) -> Option<String> {
        let claims = BASE64.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let pod = claims.pointer("/kubernetes.io/pod/name")?;
        pod.as_str().map(str::to_owned)
    }

    fn user_at(&self, token: &str, now: i64) -> Option<String> {
        let (signed, signature) = token.rsplit_once('.')?;
        hmac::verify(&self.0, signed.as_bytes(), &BASE64.decode(signature).ok()?).ok()?;
        let claims: Value = serde_json::from_slice(&BASE64.decode(signed.split_once('.')?.1).ok()?).ok()?;
        let valid = claims["nbf"].as_i64()? <= now && now < claims["exp"].as_i64()?;
        let ours = claims["aud"]
            .as_array()?
            .iter()
            .any(|audience| audience == AUDIENCE);
        let user = claims["sub"].as_str()?;
        (valid && ours && !user.ends_with(":deleted")).then(|| user.to_owned())
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before 2262")
}
