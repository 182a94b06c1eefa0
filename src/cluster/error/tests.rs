//! What each error says, and is counted as.

use std::num::NonZeroU16;
use std::sync::Arc;

use super::*;
use crate::client::{Anchors, Client, Credential, FileFault, Profile, Scheme, Settings, Target, Trust, Url};
use crate::system;

fn said_in(body: &str) -> Redacted {
    let secrets = Secrets::default();
    secrets.learn(b"abcdefgh.ijklmnop");
    said(body.as_bytes(), &secrets)
}

fn refused(code: u16, said: &'static str) -> DiscoveryError {
    DiscoveryError::Status {
        code,
        said: Redacted::ours(said),
        retry_after: None,
    }
}

#[test]
fn of_what_a_server_says_its_message_is_told_and_no_secret() {
    for (body, want) in [
        (
            r#"{"kind":"Status","status":"Failure","message":"nodes is forbidden","code":403}"#,
            "nodes is forbidden",
        ),
        (r#"{"message":"cut of"#, r#"{"message":"cut of"#),
        (r#"{"message":"whole","details":{"na"#, "whole"),
        (r#"{"message":7}"#, r#"{"message":7}"#),
        ("<html>no</html>", "<html>no</html>"),
        ("", ""),
    ] {
        assert_eq!(said_in(body).to_string(), want);
    }
    for body in [
        r#"{"message":"you are abcdefgh.ijklmnop"}"#,
        r#"{"message":"you are \u0061bcdefgh.ijklmnop"}"#,
        "you are abcdefgh.ijklmnop",
    ] {
        let told = said_in(body).to_string();
        assert!(!told.contains("bcdef") && !told.contains("klmno"), "{told}");
    }
}

#[test]
fn a_redirect_tells_its_host_alone() {
    let leads = |to: &str| {
        let refused = Refused {
            status: 302,
            location: Some(to.as_bytes().to_vec()),
            retry_after: None,
            said: Vec::new(),
        };
        no(&refused, &Secrets::default()).to_string()
    };
    let told = leads("https://login.example/?token=x");
    assert!(told.contains("302") && told.contains("login.example;"), "{told}");
    assert!(leads("/login?token=x").contains("another path"));
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[test]
fn each_error_has_its_cause_and_its_fix() {
    let limit = Duration::from_secs(5);
    let timeout = |phase| DiscoveryError::Timeout { limit, phase };
    let ended = Ending::System(system::Fault::Ended);
    let malformed = Malformed {
        at: 3,
        wanted: "a list of nodes",
    };
    let no_ca = FileError {
        option: "tls_ca",
        path: None,
        fault: FileFault::ServerName,
    };
    for (error, cause, says) in [
        (
            DiscoveryError::Unreached(Unreached::UnknownName),
            Cause::ConnectionFailed,
            "correct api_server",
        ),
        (
            DiscoveryError::Unreached(Unreached::NotInTls),
            Cause::ConnectionFailed,
            "address in api_server",
        ),
        (
            DiscoveryError::Unreached(Unreached::NoThread),
            Cause::ConnectionFailed,
            "api_server needs none",
        ),
        (
            DiscoveryError::Unreached(Unreached::ResolverFails),
            Cause::ConnectionFailed,
            "api_server needs none",
        ),
        (
            DiscoveryError::Unreached(Unreached::Refused(vec![(
                ([10, 0, 0, 1], 6443).into(),
                system::Fault::Refused,
            )])),
            Cause::ConnectionFailed,
            "is the API server running",
        ),
        (
            DiscoveryError::Closed(ended),
            Cause::ConnectionFailed,
            "restarting?",
        ),
        (timeout(Phase::Resolving), Cause::Timeout, "DNS"),
        (timeout(Phase::Connecting), Cause::Timeout, "NetworkPolicy"),
        (timeout(Phase::Handshaking), Cause::Timeout, "load balancer"),
        (timeout(Phase::Waiting), Cause::Timeout, "etcd"),
        (timeout(Phase::Reading(7)), Cause::Timeout, "only 7 bytes"),
        (DiscoveryError::Tls(TlsFault::NotTls), Cause::Tls, "plain HTTP"),
        (
            refused(400, "Client sent an HTTP request to an HTTPS server."),
            Cause::Tls,
            "write https://",
        ),
        (
            refused(401, "Unauthorized"),
            Cause::Unauthorized,
            "Unauthorized; the token or certificate is expired",
        ),
        (
            refused(
                403,
                "nodes is forbidden: User \"u\" cannot list resource \"nodes\"",
            ),
            Cause::Forbidden,
            "grant list and watch on nodes: telegraf-kubelet check --print-rbac prints how",
        ),
        (
            refused(403, "forbidden: User \"system:anonymous\" cannot list"),
            Cause::Forbidden,
            "never give that user",
        ),
        (
            refused(
                403,
                "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[proxy])\n",
            ),
            Cause::BadAnswer,
            "that is a kubelet and no API server, which is at another port, usually 6443",
        ),
        (
            refused(404, ""),
            Cause::BadAnswer,
            "404; no API server says so: see",
        ),
        (refused(429, ""), Cause::NotReady, "busy"),
        (refused(503, ""), Cause::NotReady, "busy or not ready"),
        (refused(418, ""), Cause::BadAnswer, "418"),
        (
            DiscoveryError::Redirect(302, None),
            Cause::BadAnswer,
            "another path",
        ),
        (DiscoveryError::NotHttp, Cause::BadAnswer, "no HTTP"),
        (DiscoveryError::BrokeOff, Cause::BadAnswer, "broke off"),
        (DiscoveryError::TooLarge(7), Cause::BadAnswer, "max_response"),
        (
            DiscoveryError::NotNodes(malformed),
            Cause::BadAnswer,
            "a list of nodes expected",
        ),
        (
            DiscoveryError::LongEvent(7),
            Cause::BadAnswer,
            "longer than 7 bytes",
        ),
        (DiscoveryError::NoWatch, Cause::BadAnswer, "proxy"),
        (DiscoveryError::File(no_ca), Cause::Credential, "tls_ca"),
    ] {
        let told = error.to_string();
        assert_eq!(error.cause(), cause, "{told}");
        assert!(told.contains(says), "{told}");
        let lower = told.to_lowercase();
        assert!(
            !lower.contains("kubelet")
                || ["telegraf-kubelet check", "that is a kubelet"]
                    .iter()
                    .any(|named| lower.contains(named)),
            "{told}"
        );
        assert!(!told.contains(" url"), "{told}");
    }
}

#[test]
fn an_event_without_a_code_has_that_of_its_reason() {
    for (code, reason, cause) in [
        (0, Reason::Unauthorized, Cause::Unauthorized),
        (0, Reason::Forbidden, Cause::Forbidden),
        (0, Reason::Busy, Cause::NotReady),
        (0, Reason::Other, Cause::NotReady),
        (403, Reason::Other, Cause::Forbidden),
    ] {
        assert_eq!(DiscoveryError::of_event(code, reason).cause(), cause);
    }
}

#[test]
fn no_handshake_is_told_as_what_it_is() {
    let settings = Settings {
        credential: Credential::None,
        trust: Trust {
            anchors: Anchors::InPodOrSystem,
            tls13_only: false,
        },
        response_timeout: Duration::from_secs(5),
        max_response: 1,
    };
    let target = Target {
        url: Url {
            scheme: Scheme::Https,
            host: "api".to_owned(),
            port: NonZeroU16::MIN,
        },
        server_name: None,
        common_name: None,
    };
    let client = Client::new(Profile::new(Arc::new(settings)), target);
    for (fault, want) in [
        (Handshake::NoName, DiscoveryError::Unreached(Unreached::NotInTls)),
        (Handshake::Ended, DiscoveryError::Tls(TlsFault::Ended)),
        (Handshake::Reset, DiscoveryError::Tls(TlsFault::Reset)),
        (Handshake::Flood, DiscoveryError::Tls(TlsFault::Endless)),
        (Handshake::Http(Exchange::Malformed), DiscoveryError::NotHttp),
    ] {
        assert_eq!(
            DiscoveryError::of(Failure::Handshake(fault), client.shown()),
            want
        );
    }
}
