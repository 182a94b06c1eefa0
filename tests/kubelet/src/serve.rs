//! Connections and requests: who may see what, and the faults.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::AlertDescription;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::LazyConfigAcceptor;

use crate::answers::{self, Answer, Judged, plain};
use crate::auth::{Refusal, Shown, authenticate, authorize, bearer, subresources};
use crate::faults::{Fault, PODS};
use crate::{Seen, Serving, Shared};

/// Serves until stopped.
pub(crate) fn run(listener: TcpListener, shared: &Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event loop");
    runtime.block_on(async {
        let address = listener.local_addr().expect("a bound socket");
        let asynchronous =
            |listener| tokio::net::TcpListener::from_std(listener).expect("a listening socket");
        let mut listener = Some(asynchronous(listener));
        let mut connections = JoinSet::new();
        let (mut faults, mut fault) = (shared.faults.subscribe(), Fault::None);
        loop {
            tokio::select! {
                accepted = accept(listener.as_ref()) => if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(shared), fault.clone()));
                },
                Some(_) = connections.join_next() => {}
                Ok(()) = faults.changed() => {
                    let (before, now) = (fault, faults.borrow_and_update().clone());
                    fault = now.all;
                    if fault != before && (fault.is_of_connections() || before.is_of_connections()) {
                        connections.shutdown().await;
                        listener = listener.filter(|_| fault != Fault::Away);
                        if listener.is_none() && fault != Fault::Away {
                            listener = Some(asynchronous(listen(address)));
                        }
                    }
                    shared.change(|state| state.settled = now.times);
                }
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    });
}

/// The next connection, where somebody listens.
async fn accept(listener: Option<&tokio::net::TcpListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// What all requests of a connection have in common.
struct Connection {
    shared: Arc<Shared>,
    number: u64,
    certificate: Option<Vec<u8>>,
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, fault: Fault) {
    let number = shared.change(|state| {
        state.connections += 1;
        state.connections
    });
    // Small answers must not wait for the acknowledgement of the ones before them.
    let _ = stream.set_nodelay(true);
    if let Fault::OverTcp(conduct) = fault {
        return conduct.with(stream).await;
    }
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
            if let Fault::OverTls(conduct) = fault {
                return conduct.with(stream).await;
            }
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

async fn answer(connection: &Connection, request: Request<Incoming>) -> Result<Answer, Dropped> {
    let shared = &connection.shared;
    let of_pods = usize::from(request.uri().path() == PODS);
    shared.change(|state| {
        state.arrived += 1;
        state.arrived_pods += of_pods;
    });
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

async fn judge(connection: &Connection, request: &Request<Incoming>) -> Result<Judged, Dropped> {
    let shared = &connection.shared;
    let path = request.uri().path();
    let fault_now = || shared.faults.borrow().of(path).clone();
    let said = |user: Option<String>, status: u16, body: String| {
        let body = Arc::new(body.into_bytes());
        (user, status, Arc::clone(&body), plain(status, &body))
    };
    match fault_now() {
        Fault::Silent => shared.over(path, Fault::Silent).await,
        Fault::Late(time) => tokio::time::sleep(time).await,
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
    let away = fault_now() == Fault::ApiServerAway;
    if path == "/version" {
        return api_server(connection, request, away);
    }
    let user = match permitted(connection, request, away) {
        Ok(user) => user,
        Err((user, Refusal(status, body))) => return Ok(said(user, status, body)),
    };
    if fault_now() == Fault::RuntimeHung {
        shared.over(path, Fault::RuntimeHung).await;
    }
    let query = request.uri().query();
    Ok(match path {
        PODS => answers::pods(shared, user),
        "/stats/summary" | "/stats/summary/" => {
            answers::summary(shared, user, query == Some("only_cpu_and_memory=true"))
        }
        path if path.starts_with("/containerLogs/") => {
            let (status, words) = answers::container_logs(&shared.options, request);
            said(user, status, words.to_owned())
        }
        _ => said(user, 404, "404: Page Not Found".to_owned()),
    })
}

/// The cluster's API server, for who asks it where a kubelet cannot tell: it knows tokens, whatever the kubelet does
/// about them. No kubelet has this path.
fn api_server(connection: &Connection, request: &Request<Incoming>, away: bool) -> Result<Judged, Dropped> {
    if away {
        return Err(Dropped);
    }
    if let Fault::ApiServerAnswers(status) = connection.shared.faults.borrow().all {
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
    let path = request.uri().path();
    let fault = shared.faults.borrow().of(path).clone();
    let remembers = fault == Fault::TokensRemembered;
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
    let subresources = subresources(path, shared.options.wording);
    let unknown = fault == Fault::ProxyUnknown && subresources == ["proxy"];
    let rights = shared.state().rights.clone();
    match authorize(
        &shared.options,
        &rights,
        &user,
        verb,
        subresources,
        away || unknown,
    ) {
        Ok(()) => Ok(Some(user)),
        Err(refusal) => Err((Some(user), refusal)),
    }
}

/// A port that was ours a moment ago may be somebody's way out to another address just now: nobody tells when it is free.
pub(crate) fn listen(address: SocketAddr) -> TcpListener {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpListener::bind(address) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            bound => {
                let listener = bound.expect("a free port");
                listener.set_nonblocking(true).expect("a socket");
                return listener;
            }
        }
    }
}
