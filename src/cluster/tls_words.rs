//! What each fault of TLS is in words where the API server is asked: what was seen, and what to do, in one line of the log.

use std::fmt;

use crate::client::algorithm::{Key, Scheme};
use crate::date::date;
use crate::redact::Redacted;
use crate::tls_fault::{TlsFault, Trouble, shown_names};

/// Where the CA is.
const CA: &str =
    "the cluster's CA is in kube-root-ca.crt, a ConfigMap of each namespace, and in a kubeconfig";

/// Writes it.
pub fn write(f: &mut fmt::Formatter<'_>, fault: &TlsFault) -> fmt::Result {
    match fault {
        TlsFault::UnknownIssuer {
            self_signed: true, ..
        } => f.write_str("the API server's certificate has signed itself: name it in tls_ca"),
        TlsFault::UnknownIssuer { issuer, .. } => write!(
            f,
            "the API server's certificate is signed by {issuer:?}, which we do not believe: name that CA in tls_ca ({CA})"
        ),
        TlsFault::OtherKeyOfIssuer { issuer } => write!(
            f,
            "the API server's certificate is signed by another {issuer:?} than the one we believe: tls_ca is of another \
             cluster, or older than this one's CA ({CA})"
        ),
        TlsFault::WrongName { names, fitting } => wrong_name(f, names, fitting.as_ref()),
        TlsFault::OutOfTime {
            expired, bound, now, ..
        } => out_of_time(f, *expired, &date(*bound), &date(*now)),
        TlsFault::OtherKey { shown } => write!(
            f,
            "the API server's key is none that tls_pin_sha256 lists: if it was replaced on purpose, add {:?}",
            shown.to_string()
        ),
        TlsFault::NotTls => f.write_str(
            "no TLS is spoken at that port: api_server names another service's, or one that speaks plain HTTP",
        ),
        TlsFault::Ended | TlsFault::Reset => f.write_str(
            "the other side ended the connection in the handshake: an API server that is just being stopped looks so, and a \
             load balancer with nobody behind it",
        ),
        TlsFault::NoCommonVersion | TlsFault::NothingInCommon => f.write_str(
            "nothing in common to speak TLS with: an API server speaks 1.2 and 1.3 unless --tls-min-version or \
             tls_min_version says otherwise, and its key has to be RSA, ECDSA P-256 or P-384",
        ),
        TlsFault::ClientCertificate(alert) => write!(
            f,
            "the handshake was ended with the alert {alert}, which is about our client certificate: tls_cert has to be \
             signed by the CA of the API server's --client-ca-file"
        ),
        TlsFault::Alert(alert) => write!(
            f,
            "the handshake was ended with the alert {alert}: is it an API server that answers there?"
        ),
        TlsFault::NotItsKey => f.write_str(
            "what answers does not prove that it has the key of the certificate that it shows: something between us and the \
             API server changes what it says, or only has its certificate",
        ),
        TlsFault::NoServingCertificate | TlsFault::BrokenTls | TlsFault::Endless => f.write_str(
            "what answers breaks the rules of TLS, or has no certificate: is it an API server, and is there a box in between \
             that changes what goes through?",
        ),
        TlsFault::Ours(Trouble::Random) => {
            f.write_str("the system gives no random numbers, without which there is no TLS")
        }
        TlsFault::Ours(Trouble::Clock) => {
            f.write_str("the system does not tell the time, without which no certificate can be verified")
        }
        TlsFault::Ours(Trouble::Unforeseen) => f.write_str(
            "the handshake failed in a way that this program does not know: please report it with what `openssl s_client \
             -connect` and `-showcerts` show of the API server",
        ),
        of_certificate => {
            f.write_str("the API server's certificate is not taken: ")?;
            not_taken(f, of_certificate)?;
            f.write_str("; have one made anew that is signed by the cluster's CA")
        }
    }
}

/// What is wrong with a certificate that its owner has to make anew.
fn not_taken(f: &mut fmt::Formatter<'_>, fault: &TlsFault) -> fmt::Result {
    let of_key = |f: &mut fmt::Formatter<'_>, whose: &str, key: &Key| write!(f, "{whose} is {key}");
    let signed_with =
        |f: &mut fmt::Formatter<'_>, scheme: &Scheme| write!(f, "it, or a CA's, is signed with {scheme}");
    match fault {
        TlsFault::Key(key) => of_key(f, "its key", key),
        TlsFault::IssuerKey { issuer, key } => {
            of_key(f, &format!("the key of {issuer:?}, which has signed it,"), key)
        }
        TlsFault::Signature { signed, .. } => signed_with(f, signed),
        TlsFault::CaAsServer => f.write_str("it is that of a CA (CA:TRUE)"),
        TlsFault::NotForServers(_) => f.write_str("it, or its CA's, is not for servers"),
        TlsFault::Extension { .. } => f.write_str("it has an extension that must be understood, and is not"),
        TlsFault::Chain(_) => f.write_str("a CA above it was not allowed to sign it"),
        _ => f.write_str("it is missing, too large, or no well-formed X.509"),
    }
}

fn wrong_name(f: &mut fmt::Formatter<'_>, names: &[Redacted], fitting: Option<&Redacted>) -> fmt::Result {
    if names.is_empty() {
        return f
            .write_str("the API server's certificate carries no name and no address: give it one that does");
    }
    let shown = shown_names(names);
    write!(
        f,
        "the API server's certificate is for {shown}, not for the name or address we ask for: "
    )?;
    match fitting {
        Some(name) => write!(f, "ask for one of these in api_server, such as {name:?}"),
        None => f.write_str("none of these can be asked for, so give it one that can"),
    }
}

fn out_of_time(f: &mut fmt::Formatter<'_>, expired: bool, bound: &str, now: &str) -> fmt::Result {
    if expired {
        write!(
            f,
            "a certificate of the API server, or of its CA, expired on {bound}, and it is {now} by our clock: correct the \
             clock, or renew it"
        )
    } else {
        write!(
            f,
            "a certificate of the API server, or of its CA, is valid from {bound}, and it is {now} by our clock: correct the \
             clock that is wrong"
        )
    }
}
