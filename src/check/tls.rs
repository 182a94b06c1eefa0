//! The handshake: what the kubelet shows, and for each reason not to believe it, what to do.

use super::Diagnosis;
use super::clock;
use super::finding::{Finding, Mend, Step};
use super::handshake::{Handshake, asked_for, look};
use super::text::{days_left, toml};
use super::{serving, setting};
use crate::client::Anchors;
use crate::client::certificate::Facts;
use crate::client::inspect::Who;
use crate::config::Kubelet;
use crate::date::date;
use crate::kubelet::{Holder, TlsFault, authenticated};

/// The handshake went well.
pub fn good(kubelet: &Kubelet, shown: &Facts, now: i64) -> Finding {
    let believed = match &kubelet.client.trust.anchors {
        Anchors::Pinned(_) => "its key is pinned".to_owned(),
        Anchors::Unverified => "believed without a look, because insecure_skip_verify is set".to_owned(),
        Anchors::Files(_) | Anchors::InPodOrSystem => {
            format!("verified for {}", asked_for(kubelet))
        }
    };
    Finding::ok(
        Step::Tls,
        format!(
            "{:?}, signed by {:?}, for {}, until {} ({}); {believed}; its key for tls_pin_sha256 is {}",
            shown.subject,
            shown.issuer,
            names(shown),
            date(shown.not_after),
            days_left(shown.not_after, now),
            shown.pin
        ),
    )
}

fn names(shown: &Facts) -> String {
    if shown.names.is_empty() {
        "no name".to_owned()
    } else {
        shown.names.join(", ")
    }
}

/// It did not.
pub fn fault(way: &Handshake<'_>, fault: &TlsFault) -> Finding {
    let Handshake { kubelet, shown, .. } = *way;
    if *fault == TlsFault::NothingInCommon
        && let Some(shown) = shown.filter(|shown| !shown.key.is_taken())
    {
        return self::fault(way, &TlsFault::Key(shown.key.clone()));
    }
    let finding = |diagnosis| Finding::failure(Step::Tls, diagnosis, fault.to_string());
    // Where nothing else in the certificate counts, it may be as it is.
    let pinned_or = |diagnosis, lacks| {
        finding(diagnosis)
            .mends(serving::pin(way))
            .mends(serving::renewed(lacks))
    };
    match fault {
        TlsFault::UnknownIssuer { issuer, self_signed } => {
            if *self_signed || serving::is_thrown_away(issuer) {
                finding(Diagnosis::ServingSelfSigned).mends(serving::own_certificate(way))
            } else {
                finding(Diagnosis::ServingUnknownIssuer).mends(serving::other_ca(kubelet, issuer))
            }
        }
        TlsFault::OtherKeyOfIssuer { issuer } => {
            finding(Diagnosis::ServingOtherCa).mends(serving::other_ca(kubelet, issuer))
        }
        TlsFault::WrongName { names, fitting } => {
            let diagnosis = match names.is_empty() {
                true => Diagnosis::ServingNoName,
                false if is_address(asked_for(kubelet)) => Diagnosis::ServingWrongAddress,
                false => Diagnosis::ServingWrongName,
            };
            serving::wrong_name(way, finding(diagnosis), names, fitting.as_deref())
        }
        TlsFault::OtherNode { .. } => finding(Diagnosis::ServingWrongName).mend(look(kubelet)),
        TlsFault::OutOfTime { of, expired, .. } => {
            serving::out_of_time(way, fault, *expired, matches!(of, Holder::Ca(_)))
        }
        TlsFault::CaAsServer => finding(Diagnosis::ServingIsCa).mends(serving::pin(way)),
        TlsFault::OtherKey { .. } => finding(Diagnosis::PinMismatch).mends(serving::pin(way)),
        TlsFault::NotForServers(Holder::Kubelet) => finding(Diagnosis::ServingPurpose)
            .mends(serving::renewed("with the usage `server auth`"))
            .mends(serving::pin(way)),
        TlsFault::Key(_) => finding(Diagnosis::ServingKey).mends(serving::other_key(shown)),
        TlsFault::IssuerKey { .. } => pinned_or(Diagnosis::ServingCaKey, "of a CA whose key is taken"),
        TlsFault::Signature { .. } => pinned_or(
            Diagnosis::ServingSignature,
            "whose signature is taken (openssl x509 -req signs with -sha256)",
        ),
        TlsFault::Extension { .. } => pinned_or(Diagnosis::ServingExtension, "without that extension"),
        TlsFault::Malformed(_) => pinned_or(Diagnosis::ServingMalformed, "that is well-formed"),
        TlsFault::Chain(_) | TlsFault::NotForServers(_) => {
            pinned_or(Diagnosis::ServingChain, "of a CA that may sign it")
        }
        TlsFault::NotItsKey => finding(Diagnosis::ServingNotItsKey).mend(look(kubelet)),
        TlsFault::NoServingCertificate => finding(Diagnosis::ServingCsrPending).mends(serving::approve()),
        TlsFault::NotTls => finding(Diagnosis::NotTls).mend(Mend::configure(
            "ask the kubelet's authenticated port",
            format!(
                "url = {}\n",
                toml(&authenticated(&kubelet.target.url).to_string())
            ),
        )),
        TlsFault::NoCommonVersion => finding(Diagnosis::TlsVersion).mends(other_version(kubelet)),
        TlsFault::NothingInCommon => finding(Diagnosis::TlsNothingInCommon).mends(nothing_in_common()),
        TlsFault::ClientCertificate(_) => client_certificate(way, finding(Diagnosis::CertificateRefused)),
        TlsFault::Ended | TlsFault::Reset => {
            finding(Diagnosis::TlsEnded).mend(cut_short()).mend(look(kubelet))
        }
        TlsFault::BrokenTls | TlsFault::Endless => finding(Diagnosis::TlsBroken).mend(look(kubelet)),
        TlsFault::Alert(_) | TlsFault::Ours(_) => finding(Diagnosis::TlsFailed).mend(look(kubelet)),
    }
}

fn other_version(kubelet: &Kubelet) -> Vec<Mend> {
    let ours = kubelet.client.trust.tls13_only.then(|| {
        Mend::configure(
            "speak TLS 1.2 too, or take tlsMinVersion out of the kubelet's configuration",
            "tls_min_version = \"TLS12\"\n",
        )
    });
    let theirs = setting::tls("else let the kubelet speak TLS 1.2, in its configuration, and restart it");
    ours.into_iter().chain(theirs).collect()
}

fn nothing_in_common() -> Vec<Mend> {
    let suites = setting::tls(
        "let the kubelet have suites of today: take tlsCipherSuites out of its configuration, or write these, and restart it",
    );
    let key = Mend::say(
        "else its key is of a kind that is not taken: the serving certificate's has to be RSA with 2048 bits or more, ECDSA \
         P-256 or P-384, or Ed25519",
    );
    suites.into_iter().chain([key]).collect()
}

/// The handshake ends over our certificate, or because we have none.
fn client_certificate(way: &Handshake<'_>, finding: Finding) -> Finding {
    match way.who {
        Who::Certificate(_) => finding.mend(Mend::say(
            "make the client certificate anew with a key of ECDSA P-256: what a kubelet refuses in the handshake, it cannot \
             read; a proxy in between wants one of its own CA",
        )),
        Who::Token(_) | Who::Nobody => finding.mend(Mend::say(
            "a kubelet asks for a certificate and does without: a proxy stands in between, so let url point to the kubelet \
             itself, or give tls_cert one that the proxy takes",
        )),
    }
    .mend(look(way.kubelet))
}

fn is_address(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

fn cut_short() -> Mend {
    Mend::say(
        "a kubelet that is being stopped does so once; what does it each time is no kubelet: let url point to the node itself, \
         not to a load balancer or tunnel",
    )
}

/// The port is open, and nobody speaks TLS there.
pub fn silent(why: &str) -> Finding {
    Finding::failure(Step::Tls, Diagnosis::TlsSilent, why).mend(Mend::say(
        "something takes the connection and says nothing: a load balancer or firewall in between, or a node that is \
         out of memory",
    ))
}

/// It went well, by a clock that cannot be right.
pub fn clock(evidence: &str) -> Finding {
    Finding::warning(Step::Tls, Diagnosis::ClockWrong, evidence).mends(clock::mends())
}

/// Plain HTTP at a port that wants TLS.
pub fn plain_http(kubelet: &Kubelet, why: &str) -> Finding {
    let url = kubelet.target.url.over_tls().to_string();
    Finding::failure(Step::Tls, Diagnosis::PlainHttp, why).mend(Mend::configure(
        "speak TLS to it",
        format!("url = {}\n", toml(&url)),
    ))
}
