//! Connections and requests: who may see what, and the faults.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::AlertDescription;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;

use crate::auth::{Refusal, Shown, authenticate, authorize, bearer};
use crate::generate::{GeneratorOptions, pod_list, summary_at};
use crate::pace::{Pace, Pieces, chunked};
use crate::small;
use crate::{Fault, Options, Seen, Serving, Shared};

/// Serves until stopped.
pub(crate) fn run(listener: TcpListener, shared: &Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event loop");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listening socket");
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    tokio::spawn(connection(stream, Arc::clone(shared)));
                },
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    });
}

/// What all requests of a connection have in common.
struct Connection {
    shared: Arc<Shared>,
    number: u64,
    certificate: Option<Vec<u8>>,
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let number = shared.change(|state| {
        state.connections += 1;
        state.connections
    });
    // Small answers must not wait for the acknowledgement of the ones before them.
    let _ = stream.set_nodelay(true);
    let tls = shared.state().side.config.clone();
    match tls {
        None if shared.options.serving == Serving::PlainHttp => {
            serve(
                TokioIo::new(stream),
                Connection {
                    shared,
                    number,
                    certificate: None,
                },
            )
            .await;
        }
        None => {}
        Some(config) => {
            if speaks_http(&stream).await {
                return refuse_http(stream).await;
            }
            let Ok(start) = LazyConfigAcceptor::new(Acceptor::default(), stream).await else {
                return;
            };
            if config.cert_resolver.resolve(start.client_hello()).is_none() {
                let alert = if shared.options.serving == Serving::Unapproved {
                    AlertDescription::InternalError
                } else {
                    AlertDescription::HandshakeFailure
                };
                return refuse_handshake(start.io, alert).await;
            }
            let Ok(stream) = start.into_stream(config).await else {
                return;
            };
            let certificates = stream.get_ref().1.peer_certificates();
            let certificate = certificates
                .and_then(<[_]>::first)
                .map(|certificate| certificate.to_vec());
            serve(
                TokioIo::new(stream),
                Connection {
                    shared,
                    number,
                    certificate,
                },
            )
            .await;
        }
    }
}

/// Whether the first byte is a letter instead of a handshake's 22.
async fn speaks_http(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1)) && first[0].is_ascii_uppercase()
}

/// What Go does in a handshake for which it has no certificate: the fatal alert `internal_error`, or `handshake_failure`
/// where it has one that the client cannot verify. rustls would send another one.
async fn refuse_handshake(mut stream: TcpStream, alert: AlertDescription) {
    use tokio::io::AsyncWriteExt as _;
    let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, alert.into()]).await;
    let _ = stream.shutdown().await;
}

/// Go's answer to HTTP on a TLS port.
async fn refuse_http(mut stream: TcpStream) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let words = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let _ = stream.write_all(words.as_bytes()).await;
    let _ = stream.shutdown().await;
    // Closing on unread bytes would reset the connection and take the words away.
    let _ = stream.read(&mut [0; 4096]).await;
}

async fn serve<I>(io: TokioIo<I>, connection: Connection)
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let connection = Arc::new(connection);
    let service = service_fn(move |request| {
        let connection = Arc::clone(&connection);
        async move { answer(&connection, request).await }
    });
    // An error here is a client that went away, or a fault that was asked for.
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection(io, service)
        .await;
}

/// Why a connection is closed instead of an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed on request")
    }
}

impl std::error::Error for Dropped {}

/// An answer whose body is whole, or comes in pieces.
pub(crate) type Answer = Response<Either<Full<Bytes>, Pieces>>;

async fn answer(connection: &Connection, request: Request<Incoming>) -> Result<Answer, Dropped> {
    let shared = &connection.shared;
    shared.change(|state| state.arrived += 1);
    let at = SystemTime::now();
    let (user, status, body, answer) = judge(connection, &request).await?;
    let headers = request
        .headers()
        .iter()
        .filter(|(name, _)| **name != AUTHORIZATION);
    let seen = Seen {
        method: request.method().to_string(),
        path: request
            .uri()
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        user,
        status,
        version: if request.version() == Version::HTTP_2 {
            "2"
        } else {
            "1.1"
        },
        connection: connection.number,
        client_certificate: connection.certificate.is_some(),
        authorization: request.headers().contains_key(AUTHORIZATION),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect(),
        body,
        at,
    };
    shared.change(|state| state.seen.push(seen));
    Ok(answer)
}

type Judged = (Option<String>, u16, Arc<Vec<u8>>, Answer);

async fn judge(connection: &Connection, request: &Request<Incoming>) -> Result<Judged, Dropped> {
    let shared = &connection.shared;
    let fault = shared.fault.borrow().clone();
    let said = |user: Option<String>, status: u16, body: String| {
        let body = Arc::new(body.into_bytes());
        (user, status, Arc::clone(&body), plain(status, &body))
    };
    match fault {
        Fault::Silent => {
            let mut changes = shared.fault.subscribe();
            // The sender lives as long as the kubelet.
            let _ = changes.wait_for(|fault| *fault != Fault::Silent).await;
        }
        Fault::Drop => return Err(Dropped),
        Fault::Redirect(to) => {
            let (user, status, body, mut answer) = said(None, 302, String::new());
            answer
                .headers_mut()
                .insert(LOCATION, HeaderValue::from_str(&to).expect("a URL"));
            return Ok((user, status, body, answer));
        }
        Fault::Status { code, body } => return Ok(said(None, code, body)),
        _ => {}
    }
    let away = *shared.fault.borrow() == Fault::ApiServerAway;
    if request.uri().path() == "/version" {
        return api_server(connection, request, away);
    }
    let user = match permitted(connection, request, away) {
        Ok(user) => user,
        Err((user, Refusal(status, body))) => return Ok(said(user, status, body)),
    };
    if *shared.fault.borrow() == Fault::RuntimeHung {
        let mut changes = shared.fault.subscribe();
        // As above.
        let _ = changes.wait_for(|fault| *fault != Fault::RuntimeHung).await;
    }
    let path = request.uri().path();
    if path == "/pods" {
        let body = shared
            .options
            .pods_body
            .clone()
            .unwrap_or_else(|| pod_list(&generator(shared)));
        return Ok((
            user,
            200,
            Arc::new(body.clone()),
            chunked(Arc::new(body), Pace::AtOnce),
        ));
    }
    if path.starts_with("/containerLogs/") {
        let (status, words) = container_logs(&shared.options, request);
        return Ok(said(user, status, words.to_owned()));
    }
    if !matches!(path, "/stats/summary" | "/stats/summary/") {
        return Ok(said(user, 404, "404: Page Not Found".to_owned()));
    }
    let small = request.uri().query() == Some("only_cpu_and_memory=true");
    Ok(summary(shared, user, small))
}

/// What a kubelet of 1.37 answers about the logs of a container that it does not have: its route promises no type, so
/// that go-restful finds none for who wants JSON.
fn container_logs(options: &Options, request: &Request<Incoming>) -> (u16, &'static str) {
    let accept = request.headers().get(ACCEPT);
    let takes_any = accept.is_none_or(|types| types.to_str().is_ok_and(|types| types.contains("*/*")));
    if !options.debugging_handlers {
        (405, "Debug endpoints are disabled.\n")
    } else if takes_any {
        (404, "pod \"none\" does not exist\n")
    } else {
        (406, "406: Not Acceptable\n\nAvailable representations: ")
    }
}

/// The cluster's API server, for who asks it where a kubelet cannot tell: it knows tokens, whatever the kubelet does
/// about them. No kubelet has this path.
fn api_server(connection: &Connection, request: &Request<Incoming>, away: bool) -> Result<Judged, Dropped> {
    if away {
        return Err(Dropped);
    }
    if let Fault::ApiServerAnswers(status) = *connection.shared.fault.borrow() {
        let body = Arc::new(Vec::new());
        return Ok((None, status, Arc::clone(&body), plain(status, &body)));
    }
    let user = authorization(request).and_then(|shown| connection.shared.tokens.review(bearer(shown)?));
    let (status, body) = match user {
        Some(_) => (200, r#"{"major":"1","minor":"36"}"#),
        None => (
            401,
            r#"{"kind":"Status","status":"Failure","reason":"Unauthorized","code":401}"#,
        ),
    };
    let body = Arc::new(body.as_bytes().to_vec());
    Ok((user, status, Arc::clone(&body), plain(status, &body)))
}

fn authorization(request: &Request<Incoming>) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()
}

/// The user, or who was refused and how.
fn permitted(
    connection: &Connection,
    request: &Request<Incoming>,
    away: bool,
) -> Result<Option<String>, (Option<String>, Refusal)> {
    let shared = &connection.shared;
    if shared.options.serving == Serving::PlainHttp {
        return Ok(None);
    }
    let shown = Shown {
        certificate: connection.certificate.as_deref(),
        authorization: authorization(request),
    };
    let remembers = *shared.fault.borrow() == Fault::TokensRemembered;
    let review = |token: &str| match (away, remembers) {
        (true, _) => None,
        (false, true) => shared.tokens.remember(token),
        (false, false) => shared.tokens.review(token),
    };
    let user = authenticate(&shared.options, &shown, &shared.client_ca.der, review)
        .map_err(|refusal| (None, refusal))?;
    let verb = match request.method().as_str() {
        "GET" => "get",
        "POST" => "create",
        _ => "",
    };
    let subresources: &[&str] = match request.uri().path() {
        path if path.starts_with("/stats/") => &["stats"],
        path if path.starts_with("/metrics/") => &["metrics"],
        "/pods" => &["pods", "proxy"],
        _ => &["proxy"],
    };
    let unknown = *shared.fault.borrow() == Fault::ProxyUnknown && subresources == ["proxy"];
    match authorize(&shared.options, &user, verb, subresources, away || unknown) {
        Ok(()) => Ok(Some(user)),
        Err(refusal) => Err((Some(user), refusal)),
    }
}

fn generator(shared: &Shared) -> GeneratorOptions {
    let options = &shared.options;
    GeneratorOptions {
        pods: options.pods,
        containers: options.containers,
        node_name: options.node_name.clone(),
        psi: options.psi,
    }
}

fn summary(shared: &Arc<Shared>, user: Option<String>, small: bool) -> Judged {
    let fault = shared.fault.borrow().clone();
    let said = |status: u16, body: String| {
        let body = Arc::new(body.into_bytes());
        (user.clone(), status, Arc::clone(&body), plain(status, &body))
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (fixed, tick) = shared.change(|state| {
        state.scrapes += 1;
        (state.body.clone(), state.scrapes)
    });
    let generated = || summary_at(&generator(shared), tick, i64::try_from(now).unwrap_or(0));
    let mut body = fixed.unwrap_or_else(generated);
    if small {
        body = small::cpu_and_memory(&body).unwrap_or(body);
    }
    let body = Arc::new(body);
    let pace = match fault {
        Fault::NotReady => {
            let node = &shared.options.node_name;
            return said(
                500,
                format!("Internal Error: failed to get node info: node \"{node}\" not found"),
            );
        }
        Fault::EmptyBody => return said(200, String::new()),
        Fault::Html => return said(200, "<!DOCTYPE html><title>Sign in</title>".to_owned()),
        Fault::Oversized(size) => {
            let body = Arc::new(vec![b' '; size]);
            return (user, 200, Arc::new(Vec::new()), chunked(body, Pace::AtOnce));
        }
        Fault::HoldBody => Pace::Held(shared.fault.subscribe()),
        Fault::Trickle(pause) => Pace::Every(pause),
        Fault::Truncated => Pace::BreakOff,
        _ => Pace::AtOnce,
    };
    (user, 200, Arc::clone(&body), chunked(body, pace))
}

fn plain(status: u16, body: &[u8]) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(Bytes::copy_from_slice(body))));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).expect("a status");
    answer.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    answer
}
