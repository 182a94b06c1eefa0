//! What each fault of TLS is in words where a kubelet is asked: what was seen, why it fails, and what to do, in one line of
//! the log.

use std::fmt;

use crate::date::date;
use crate::redact::Redacted;
use crate::tls_fault::{COMMON_NAME, Flaw, Holder, Link, TlsFault, Trouble, shown_names};

/// Of a key, where the fix is another one.
const KEYS: &str = "RSA with 2048 bits or more, ECDSA P-256 or P-384";

/// What helps whatever is wrong with a certificate, as long as the kubelet's own key is good.
const PIN: &str = "pin the kubelet's key in tls_pin_sha256, which `telegraf-kubelet check` prints";

/// Who takes a connection and ends it without a word of TLS.
const CUT_SHORT: &str =
    "a kubelet that is just being stopped looks so, and a load balancer or tunnel with nobody behind it";

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer { issuer, self_signed } => unknown_issuer(f, issuer, *self_signed),
            Self::OtherKeyOfIssuer { issuer } => write!(
                f,
                "the kubelet's certificate is signed by another {issuer:?} than the one we believe: tls_ca is of \
                 another cluster, or older than this one's CA"
            ),
            Self::WrongName { names, fitting } => wrong_name(f, names, fitting.as_ref()),
            Self::OtherNode { wanted, shown } => other_node(f, wanted, shown.as_ref()),
            Self::OutOfTime {
                of,
                expired,
                bound,
                now,
            } => out_of_time(f, of, *expired, [*bound, *now].map(date)),
            Self::CaAsServer => write!(
                f,
                "the kubelet shows a CA's certificate as its own (CA:TRUE, as `openssl req -x509` makes one), which \
                 cannot be verified: {PIN}, or give it one signed by a CA"
            ),
            Self::OtherKey { shown } => write!(
                f,
                "the kubelet's key is none that tls_pin_sha256 lists: if it was replaced on purpose, make sure of the \
                 new one on the node, and add {:?}",
                shown.to_string()
            ),
            Self::NotForServers(of) => not_for_servers(f, of),
            Self::Key(key) => write!(
                f,
                "the kubelet's key is {key}, which is not taken here whatever vouches for it: give the kubelet a key of \
                 {KEYS}"
            ),
            Self::IssuerKey { issuer, key } => write!(
                f,
                "the kubelet's certificate is signed by {issuer:?}, whose key is {key}, which is not taken here: have it \
                 signed by a CA with a key of {KEYS}, or {PIN}"
            ),
            Self::Signature { of, signed } => write!(
                f,
                "{of} is signed with {signed}, which is not taken here: have it signed with SHA-256 by a key of {KEYS}, \
                 or {PIN}"
            ),
            Self::Extension { of, identifier } => {
                let identifier = identifier.as_deref().unwrap_or("that is not known here");
                write!(
                    f,
                    "{of} has an extension that must be understood, {identifier}, and is not: have one signed without \
                     it, or {PIN}"
                )
            }
            Self::Malformed(flaw) => malformed(f, *flaw),
            Self::Chain(link) => write!(f, "{}, or {PIN}", link.words()),
            Self::NotItsKey => f.write_str(
                "what answers does not prove that it has the key of the certificate that it shows: something between us \
                 and the kubelet changes what it says, or only has its certificate",
            ),
            Self::NoServingCertificate => f.write_str(
                "the kubelet has no serving certificate yet (alert internal_error): approve its CSR of the signer \
                 kubernetes.io/kubelet-serving, see `kubectl get csr`",
            ),
            Self::NotTls => f.write_str(
                "no TLS is spoken at that port: is it the read-only port (then write http://), or another service?",
            ),
            Self::BrokenTls => f.write_str(
                "what answers breaks the rules of TLS: is it a kubelet, and is there a box in between that changes what \
                 goes through?",
            ),
            Self::Endless => f.write_str(
                "the handshake does not end: what answers sends more than any certificate takes; is it a kubelet, and is \
                 there a box in between that changes what goes through?",
            ),
            Self::NoCommonVersion => f.write_str(
                "no TLS version in common: a kubelet speaks 1.2 and 1.3 unless tlsMinVersion or tls_min_version says \
                 otherwise",
            ),
            Self::Ended => write!(f, "the other side ended the connection in the handshake: {CUT_SHORT}"),
            Self::Reset => write!(f, "the other side reset the connection in the handshake: {CUT_SHORT}"),
            Self::NothingInCommon => write!(
                f,
                "nothing in common to speak TLS with (alert handshake_failure): the kubelet's key is of a kind that is \
                 not taken here (ECDSA P-521, say; taken are {KEYS}), or its tlsCipherSuites leave nothing; \
                 `telegraf-kubelet check` tells which"
            ),
            Self::ClientCertificate(alert) => write!(
                f,
                "the handshake was ended with the alert {alert}, which is about our client certificate: a kubelet that \
                 cannot read it says so, and a proxy in front of one that wants another or any"
            ),
            Self::Alert(alert) => write!(
                f,
                "the handshake was ended with the alert {alert}: is it a kubelet that answers there?"
            ),
            Self::Ours(trouble) => f.write_str(trouble.words()),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubelet => f.write_str("the kubelet's certificate"),
            Self::Ca(name) => write!(
                f,
                "the certificate of {name:?}, which the kubelet shows with its own,"
            ),
            Self::Any => f.write_str("a certificate that the kubelet shows"),
        }
    }
}

fn unknown_issuer(f: &mut fmt::Formatter<'_>, issuer: &Redacted, self_signed: bool) -> fmt::Result {
    if self_signed {
        return f.write_str(
            "the kubelet's certificate has signed itself: give the node's own kubelet.crt in tls_ca, or let the cluster's \
             CA sign one (serverTLSBootstrap: true)",
        );
    }
    write!(
        f,
        "the kubelet's certificate is signed by {issuer:?}, which we do not believe: give that CA in tls_ca; where its name \
         ends in -ca@ and a number, the kubelet made it itself, and kubelet.crt on the node holds it"
    )
}

fn not_for_servers(f: &mut fmt::Formatter<'_>, of: &Holder) -> fmt::Result {
    if *of == Holder::Kubelet {
        return f.write_str(
            "the kubelet shows a certificate without the usage `server auth`: give it a serving certificate",
        );
    }
    write!(
        f,
        "{of} lists usages and not `server auth`, so that what it signs is for no server: have another CA sign the \
         kubelet's certificate, or {PIN}"
    )
}

fn malformed(f: &mut fmt::Formatter<'_>, flaw: Flaw) -> fmt::Result {
    let what = match flaw {
        Flaw::Missing => return f.write_str("no certificate is shown: is it a kubelet that answers there?"),
        Flaw::TooLarge => {
            return f.write_str(
                "the certificates that are shown are larger than 64 KB: have the kubelet's tlsCertFile hold its own and \
                 the CAs above it, and nothing else",
            );
        }
        Flaw::Unreadable => {
            return f.write_str(
                "what is shown as a certificate is none, or not a whole one: have the kubelet's made anew (tlsCertFile \
                 names it)",
            );
        }
        Flaw::Encoding => "is no well-formed X.509: have the kubelet's made anew",
        Flaw::Version => {
            "is of version 1, as `openssl x509 -req` makes one without an extension file: have it made of version 3, with \
             subject alternative names"
        }
        Flaw::TwoAlgorithms => "says to be signed in another way than it is: have it signed anew",
        Flaw::Extension => "has an extension twice, or one that holds what it cannot: have it signed anew",
        Flaw::Dates => "ends before it begins: have it signed anew",
    };
    write!(f, "{} {what}, or {PIN}", Holder::Any)
}

impl Link {
    fn words(self) -> &'static str {
        match self {
            Self::Names => {
                "a CA of the kubelet's certificate may not sign for the names in it (name constraints): have it signed \
                 for names that are allowed, or by another CA"
            }
            Self::Length => {
                "a CA of the kubelet's certificate has more CAs below it than it may have (pathlen): have it signed by \
                 one that is nearer"
            }
            Self::NoCa => {
                "a certificate between the kubelet's and a CA that we believe is no CA's (CA:FALSE, or nothing about \
                 it): have the kubelet's signed by a CA"
            }
            Self::TooLong => {
                "the way from the kubelet's certificate to a CA that we believe is longer than is followed: give a \
                 nearer CA in tls_ca"
            }
        }
    }
}

impl Trouble {
    fn words(self) -> &'static str {
        match self {
            Self::Random => "the system gives no random numbers, without which there is no TLS",
            Self::Clock => "the system does not tell the time, without which no certificate can be verified",
            Self::Unforeseen => {
                "the handshake failed in a way that this program does not know: please report it with what \
                 `openssl s_client -connect` and `-showcerts` show of the kubelet"
            }
        }
    }
}

fn wrong_name(f: &mut fmt::Formatter<'_>, names: &[Redacted], fitting: Option<&Redacted>) -> fmt::Result {
    if names.is_empty() {
        return write!(
            f,
            "the kubelet's certificate carries no name and no address (a common name does not count): {PIN}, or give it one \
             with subject alternative names"
        );
    }
    let shown = shown_names(names);
    write!(
        f,
        "the kubelet's certificate is for {shown}, not for the name or address we ask for: "
    )?;
    match fitting {
        Some(name) if names.contains(name) => write!(
            f,
            "set tls_server_name = {name:?} if that is this node, or ask for one of these in url"
        ),
        Some(name) => write!(
            f,
            "set tls_server_name to a name that fits, such as {name:?}, if that is this node"
        ),
        None => write!(f, "none of these can be asked for, so {PIN}"),
    }
}

/// The signer kubernetes.io/kubelet-serving signs for no other common name; what a kubelet or a user makes himself has what
/// he likes.
fn other_node(f: &mut fmt::Formatter<'_>, wanted: &Redacted, shown: Option<&Redacted>) -> fmt::Result {
    match shown {
        Some(shown) if shown.starts_with(COMMON_NAME) => write!(
            f,
            "the kubelet's certificate is that of {shown:?}, not of {wanted:?}: another node has this node's address by now, \
             or passes for it; see which one has it in `kubectl get nodes -o wide`, and delete the node object that is left \
             over"
        ),
        _ => {
            match shown {
                Some(shown) => write!(f, "the kubelet's certificate has the common name {shown:?}")?,
                None => f.write_str("the kubelet's certificate has no common name, or several")?,
            }
            write!(
                f,
                ", and tls_verify_node asks for {wanted:?}: let the cluster's CA sign one (serverTLSBootstrap: true), which \
                 has it, or take tls_verify_node out"
            )
        }
    }
}

fn out_of_time(
    f: &mut fmt::Formatter<'_>,
    of: &Holder,
    expired: bool,
    [bound, now]: [String; 2],
) -> fmt::Result {
    if !expired {
        return write!(
            f,
            "{of} is valid from {bound}, and it is {now} by our clock: correct the clock that is wrong, ours or the node's"
        );
    }
    write!(
        f,
        "{of} expired on {bound}, and it is {now} by our clock: correct the clock, or renew "
    )?;
    f.write_str(match of {
        Holder::Kubelet => {
            "the certificate (a self-signed one is made anew when kubelet.crt is removed and the kubelet restarted)"
        }
        Holder::Ca(_) | Holder::Any => "that CA and what it signed",
    })
}
