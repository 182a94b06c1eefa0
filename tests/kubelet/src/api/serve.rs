//! Connections and requests: who asks, what goes wrong, and who answers.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::service::service_fn;
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::{broadcast, watch};
use tokio_rustls::TlsAcceptor;

use super::asked::{Asked, Resource, Verb};
use super::faults::{Aim, ApiFault, Order};
use super::status::{self, Status};
use super::{ApiSeen, Server, leases, list, node, watch as watches};
use crate::answers::{Answer, plain};
use crate::auth::{Shown, authenticate, bearer};
use crate::tokens::Tokens;

/// Serves until stopped.
pub(super) fn run(listener: TcpListener, server: &Arc<Server>, mut stopped: watch::Receiver<bool>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event loop");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listening socket");
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    tokio::spawn(connection(stream, Arc::clone(server)));
                },
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    });
}

/// What all requests of a connection have in common.
struct Connection {
    server: Arc<Server>,
    number: u64,
    /// Who was the last to ask on it.
    caller: Mutex<Option<String>>,
}

impl Connection {
    fn caller(&self) -> Option<String> {
        let caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner);
        caller.clone()
    }
}

async fn connection(stream: TcpStream, server: Arc<Server>) {
    let number = server.change(|state| {
        state.connections += 1;
        state.connections
    });
    let orders = server.orders.subscribe();
    if server.faults.borrow().partition() {
        return;
    }
    let connection = Arc::new(Connection {
        server,
        number,
        caller: Mutex::new(None),
    });
    tokio::select! {
        () = severed(orders, &connection) => {}
        () = talk(stream, &connection) => {}
    }
}

/// Waits until it is to be cut.
async fn severed(mut orders: broadcast::Receiver<(Aim, Order)>, connection: &Connection) {
    loop {
        match orders.recv().await {
            Ok((aim, Order::Sever)) if aim.is_at_caller(connection.caller().as_deref()) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            _ => {}
        }
    }
}

async fn talk(stream: TcpStream, connection: &Arc<Connection>) {
    // Small answers must not wait for the acknowledgement of the ones before them.
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(Arc::clone(&connection.server.tls));
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let certificate = certificates
        .and_then(<[_]>::first)
        .map(|certificate| certificate.to_vec());
    let service = service_fn(move |request| {
        let (connection, certificate) = (Arc::clone(connection), certificate.clone());
        async move { answer(&connection, certificate.as_deref(), request).await }
    });
    // An error here is a client that went away, or a fault that was asked for.
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
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

/// Who asks.
struct Caller {
    /// As rights are given to.
    user: String,
    /// The token's pod, or the account's or the certificate's name: what tells members apart.
    name: String,
}

fn caller(server: &Server, certificate: Option<&[u8]>, request: &Request<Incoming>) -> Option<Caller> {
    let authorization = request.headers().get(AUTHORIZATION);
    let shown = Shown {
        certificate,
        authorization: authorization.and_then(|value| value.to_str().ok()),
    };
    let cluster = &server.cluster;
    let review = |token: &str| cluster.tokens.review(token);
    let options = crate::Options::default();
    let user = authenticate(&options, &shown, &cluster.client_ca.der, review).ok()?;
    let pod = shown.authorization.and_then(bearer).and_then(Tokens::pod);
    let name = pod.unwrap_or_else(|| user.rsplit(':').next().unwrap_or_default().to_owned());
    Some(Caller { user, name })
}

async fn answer(
    connection: &Connection,
    certificate: Option<&[u8]>,
    request: Request<Incoming>,
) -> Result<Answer, Dropped> {
    let server = &connection.server;
    let caller = caller(server, certificate, &request);
    let name = caller.as_ref().map(|caller| caller.name.clone());
    if let Some(name) = &name {
        let mut last = connection.caller.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(name.clone());
    }
    let asked = Asked::read(request.method(), request.uri());
    let seen = ApiSeen {
        method: request.method().to_string(),
        path: request
            .uri()
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        verb: asked.verb,
        resource: asked.resource,
        token: name,
        status: 0,
        version: if request.version() == Version::HTTP_2 {
            "2"
        } else {
            "1.1"
        },
        connection: connection.number,
        at: SystemTime::now(),
    };
    let at = server.change(|state| {
        state.seen.push(seen);
        state.seen.len() - 1
    });
    let answer = served(server, caller, asked, request).await?;
    let status = answer.status().as_u16();
    server.change(|state| state.seen[at].status = status);
    Ok(answer)
}

/// What comes of it, and what goes wrong on its way.
async fn served(
    server: &Arc<Server>,
    caller: Option<Caller>,
    asked: Asked,
    request: Request<Incoming>,
) -> Result<Answer, Dropped> {
    let name = caller.as_ref().map(|caller| caller.name.clone());
    let fault = server.fault(name.as_deref(), &asked);
    match &fault {
        Some(ApiFault::Partition) => return Err(Dropped),
        Some(ApiFault::Silent) => server.over(name.as_deref(), &asked, &ApiFault::Silent).await,
        Some(ApiFault::Late(time)) => tokio::time::sleep(*time).await,
        _ => {}
    }
    let Some(caller) = caller else {
        return Ok(Status::unauthorized().answer());
    };
    if let Some(refusal) = fault
        .as_ref()
        .and_then(|fault| refusal(fault, &asked, &caller.user))
    {
        return Ok(refusal);
    }
    // Read before anything is done with it: who breaks off has asked for nothing.
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(|_| Dropped)?
        .to_bytes();
    let done = done(server, &caller, asked.clone(), &body);
    match fault {
        Some(ApiFault::AnswerLost) => return Err(Dropped),
        Some(ApiFault::AnswerHeld) => server.over(name.as_deref(), &asked, &ApiFault::AnswerHeld).await,
        _ => {}
    }
    Ok(done.unwrap_or_else(|status| status.answer()))
}

/// What some faults answer to whatever is asked.
fn refusal(fault: &ApiFault, asked: &Asked, user: &str) -> Option<Answer> {
    let status = match fault {
        ApiFault::Unauthorized => Status::unauthorized(),
        ApiFault::Forbidden => Status::forbidden(asked, user),
        ApiFault::TooMany(seconds) => return Some(status::too_many(*seconds)),
        ApiFault::Internal => Status::new(500, "", "etcdserver: request timed out"),
        ApiFault::Unavailable => Status::new(
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        ApiFault::Status { code, body } => return Some(plain(*code, body.as_bytes())),
        _ => return None,
    };
    Some(status.answer())
}

fn done(server: &Arc<Server>, caller: &Caller, asked: Asked, body: &[u8]) -> Result<Answer, Status> {
    match (asked.resource, asked.verb) {
        (Resource::Nodes, Verb::List) => {
            let all_old = server.fault(Some(&caller.name), &asked) == Some(ApiFault::TooOld);
            let page = server.change(|state| list::page(&mut state.store, &asked, all_old))?;
            Ok(status::object(200, page))
        }
        (Resource::Nodes, Verb::Watch) => watches::begin(server, Some(caller.name.clone()), asked),
        (Resource::Nodes, Verb::Get) => {
            let state = server.state();
            let node = state.store.nodes().get(&asked.name);
            let node = node.ok_or_else(|| Status::not_found(&asked))?;
            Ok(status::object(200, node::typed(node, node.version)))
        }
        (Resource::Leases, _) => server.change(|state| leases::answer(&mut state.store, &asked, body)),
        (Resource::Other, _) if asked.path == "/version" => {
            Ok(status::object(200, r#"{"major":"1","minor":"37"}"#.to_owned()))
        }
        (Resource::Other, _) => Err(Status::not_found(&asked)),
        _ => Err(Status::not_allowed()),
    }
}
