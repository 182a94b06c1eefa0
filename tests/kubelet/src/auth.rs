//! Authentication and authorization in the kubelet's order and words.

use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{Options, Right, Wording};

/// What a request shows of itself.
pub(crate) struct Shown<'a> {
    /// The leaf of the client certificate, in DER.
    pub certificate: Option<&'a [u8]>,
    /// The value of `Authorization`.
    pub authorization: Option<&'a str>,
}

/// A refusal: status and body.
pub(crate) struct Refusal(pub u16, pub String);

/// Who asks: a certificate that is good decides, then a token, then nobody in particular if that is allowed. A
/// certificate that is not good is remembered and the token tried; anonymity is only for those who showed nothing. What
/// `review` says of a token is the API server's word.
pub(crate) fn authenticate(
    options: &Options,
    shown: &Shown<'_>,
    client_ca: &[u8],
    review: impl Fn(&str) -> Option<String>,
) -> Result<String, Refusal> {
    if let Some(user) = shown
        .certificate
        .and_then(|certificate| user_of(certificate, client_ca))
    {
        return Ok(user);
    }
    let token = shown.authorization.and_then(bearer);
    if let Some(token) = token
        && options.webhook
        && let Some(user) = review(token)
    {
        return Ok(user);
    }
    // A kubelet without webhook authentication has nobody to look at tokens, so none of them is a wrong one.
    let showed_something = shown.certificate.is_some() || token.is_some() && options.webhook;
    if options.anonymous && !showed_something {
        return Ok("system:anonymous".to_owned());
    }
    Err(Refusal(401, "Unauthorized".to_owned()))
}

/// The token behind the scheme's word in any case; an empty one is none.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The common name of a certificate that the client CA signed, that is valid now, and fit for a client.
fn user_of(certificate: &[u8], client_ca: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let (_, ca) = X509Certificate::from_der(client_ca).ok()?;
    certificate.verify_signature(Some(ca.public_key())).ok()?;
    let now = x509_parser::time::ASN1Time::from(OffsetDateTime::now_utc());
    let for_clients = certificate
        .extended_key_usage()
        .ok()
        .flatten()
        .is_none_or(|usage| usage.value.client_auth || usage.value.any);
    if !certificate.validity().is_valid_at(now) || !for_clients {
        return None;
    }
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}

/// The subresources of nodes of which one is enough for `path`, in the order in which a kubelet asks for them.
pub(crate) fn subresources(path: &str, wording: Wording) -> &'static [&'static str] {
    match path {
        path if path.starts_with("/stats/") => &["stats"],
        path if path.starts_with("/metrics/") => &["metrics"],
        "/pods" if wording == Wording::New => &["pods", "proxy"],
        _ => &["proxy"],
    }
}

/// Whether `user` may do that to this subresource of nodes, as RBAC would say. `rights` are those of the usual account.
pub(crate) fn authorize(
    options: &Options,
    rights: &[Right],
    user: &str,
    verb: &str,
    subresources: &[&str],
    api_server_away: bool,
) -> Result<(), Refusal> {
    if options.always_allow {
        return Ok(());
    }
    let listed = subresources[0];
    if api_server_away {
        let body =
            format!("Authorization error (user={user}, verb={verb}, resource=nodes, subresource={listed})");
        return Err(Refusal(500, body));
    }
    let rights: &[Right] = match user {
        "system:serviceaccount:monitoring:telegraf" | "telegraf-kubelet" => rights,
        "system:serviceaccount:monitoring:pods" => &[Right::Stats, Right::Pods],
        "system:serviceaccount:monitoring:proxy" => &[Right::Stats, Right::Pods, Right::Proxy],
        _ => &[],
    };
    if verb == "get"
        && subresources
            .iter()
            .any(|subresource| rights.iter().any(|right| right.subresource() == *subresource))
    {
        return Ok(());
    }
    Err(Refusal(
        403,
        match options.wording {
            Wording::New | Wording::NewWithoutFineRights => format!(
                "Forbidden (user={user}, verb={verb}, resource=nodes, subresource(s)={subresources:?})\n"
            )
            .replace("[\"", "[")
            .replace("\", \"", " ")
            .replace("\"]", "]"),
            Wording::Old => {
                format!("Forbidden (user={user}, verb={verb}, resource=nodes, subresource={listed})")
            }
        },
    ))
}
