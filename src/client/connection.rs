//! One HTTP connection: over HTTP/1.1 one question is asked at a time, over HTTP/2 several can be.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper::Request;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::http::response::Parts;
use hyper::http::uri::{Authority, Scheme, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::fault::{Exchange, Handshake};
use super::http1::{Http1, MAX_HEADERS, OurBody};
use super::query::Query;
use super::stream::{Stream, cause};
use super::tasks::Tasks;
use super::together::Together;
use super::wire::{Metered, Wire};

/// HTTP/2: a body of 0.7 MB, a full node's, needs three round trips on loopback and little memory.
const WINDOW: u32 = 256 * 1024;

/// What may come beside the body and as much again: a handshake, headers, frames, and what was read and not looked at
/// yet. Who sends more has no answer for us.
const AROUND: usize = 256 * 1024;

/// What may come while nothing is asked: an end, a ping, a session's ticket.
const UNASKED: usize = 16 * 1024;

/// What is spoken.
enum Speaking {
    Http1(Http1),
    Http2(Http2),
}

/// What is spoken where several can ask.
#[derive(Clone)]
struct Http2 {
    asking: http2::SendRequest<OurBody>,
    together: Arc<Together>,
    /// So many questions at a time the peer takes, as far as it has said (`SETTINGS_MAX_CONCURRENT_STREAMS`).
    most: Arc<AtomicUsize>,
}

impl Speaking {
    /// Does what there is to do for the connection; ready when it is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Http1(http1) => http1.poll(cx),
            Self::Http2(http2) => http2.together.poll(cx),
        }
    }
}

/// A connection that stands. Dropping it closes it.
pub struct Connection {
    speaking: Speaking,
    wire: Arc<Wire>,
    authority: Authority,
    questions: Questions,
}

/// The beginning of an answer; [`Connection::chunk`] has the rest.
pub struct Reply {
    /// Status and headers.
    pub head: Parts,
    body: Incoming,
    question: Question,
}

impl Reply {
    /// Whether nothing else was asked over its connection since it was: then nothing else can have broken it.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.question.is_alone()
    }
}

/// The questions of a connection.
#[derive(Debug, Clone, Default)]
struct Questions(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Those without their whole answer.
    open: AtomicUsize,
    /// All that were ever asked.
    asked: AtomicUsize,
}

/// One of them, until dropped.
#[derive(Debug)]
struct Question {
    of: Questions,
    /// There was no other one when it was asked.
    alone: bool,
    number: usize,
}

impl Questions {
    fn count(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    fn any(&self) -> bool {
        self.count() > 0
    }

    fn one_more(&self) -> Question {
        Question {
            of: self.clone(),
            alone: self.0.open.fetch_add(1, Ordering::Relaxed) == 0,
            number: self.0.asked.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Question {
    fn is_alone(&self) -> bool {
        self.alone && self.of.0.asked.load(Ordering::Relaxed) == self.number + 1
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.of.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    /// Speaks TLS over `tcp` if there is something to speak it with, and HTTP over that. The host is a name or an
    /// address, IPv6 without brackets.
    ///
    /// # Errors
    /// See [`Handshake`].
    pub async fn open(
        tcp: TcpStream,
        host: &str,
        port: u16,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Self, Handshake> {
        let authority = authority(host, port).ok_or(Handshake::NoName)?;
        let wire = Arc::new(Wire::default());
        wire.allow(AROUND);
        wire.go();
        let tcp = Metered::new(tcp, Arc::clone(&wire));
        let stream = match tls {
            None => Stream::plain(tcp, Arc::clone(&wire)),
            Some(config) => {
                let name = ServerName::try_from(host.to_owned()).map_err(|_| Handshake::NoName)?;
                let mut connecting = pin!(TlsConnector::from(config).connect(name, tcp));
                // Without a next go it would read no more, and wake itself for ever.
                let done = poll_fn(|cx| {
                    wire.go();
                    connecting.as_mut().poll(cx)
                })
                .await;
                let tls =
                    done.map_err(|error| Handshake::from(wire.broken().unwrap_or_else(|| cause(&error))))?;
                Stream::tls(tls, Arc::clone(&wire))
            }
        };
        let speaking = http(stream)
            .await
            .map_err(|error| Handshake::Http(Exchange::new(Some(&error), &wire)))?;
        Ok(Self {
            speaking,
            wire,
            authority,
            questions: Questions::default(),
        })
    }

    /// Whether several can hold it.
    pub fn is_shared(&self) -> bool {
        matches!(self.speaking, Speaking::Http2(..))
    }

    /// Whether it carries more than one question at a time.
    pub fn carries_several(&self) -> bool {
        self.most() > 1
    }

    /// Whether it carries one more than it does: what is beyond the most would wait for one of the others to end, and
    /// perhaps none does.
    pub fn has_room(&self) -> bool {
        self.questions.count() < self.most()
    }

    fn most(&self) -> usize {
        match &self.speaking {
            Speaking::Http1(_) => 1,
            Speaking::Http2(http2) => http2.most.load(Ordering::Relaxed),
        }
    }

    /// The same for another who asks meanwhile; `None` where one alone can hold it. It is closed when all are dropped.
    pub fn share(&self) -> Option<Self> {
        let Speaking::Http2(http2) = &self.speaking else {
            return None;
        };
        Some(Self {
            speaking: Speaking::Http2(http2.clone()),
            wire: Arc::clone(&self.wire),
            authority: self.authority.clone(),
            questions: self.questions.clone(),
        })
    }

    /// Whether it is fit for another question: one look at what came while nobody waited, be it its end or more than an
    /// idle connection has to say. It keeps no more from here on than it needs.
    pub async fn is_fit(&mut self) -> bool {
        if !self.questions.any() {
            self.wire.allow(UNASKED);
        }
        poll_fn(|cx| {
            self.wire.go();
            let is_open = match &mut self.speaking {
                Speaking::Http1(http1) => http1.rests(cx),
                Speaking::Http2(http2) => http2.together.poll(cx).is_pending() && !http2.asking.is_closed(),
            };
            Poll::Ready(is_open && self.wire.broken().is_none())
        })
        .await
    }

    /// Asks for that.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn ask(&mut self, query: &Query, headers: HeaderMap) -> Result<Reply, Exchange> {
        if self.questions.any() {
            self.wire.allow_more(AROUND);
        } else {
            self.wire.allow(AROUND);
        }
        let question = self.questions.one_more();
        let request = self.request(query, headers);
        let wire = &self.wire;
        let answer = match &mut self.speaking {
            Speaking::Http1(http1) => {
                let Some(work) = http1.begin().await else {
                    return Err(Exchange::new(None, wire));
                };
                let (asking, work) = work.parts();
                let answer = async {
                    asking.ready().await?;
                    asking.send_request(request).await
                };
                drive(work, wire, answer).await
            }
            Speaking::Http2(Http2 { asking, together, .. }) => {
                drive(|cx| together.poll(cx), wire, asking.send_request(request)).await
            }
        };
        let (head, body) = answer?.into_parts();
        Ok(Reply { head, body, question })
    }

    /// The next piece of the body, `None` at its end.
    ///
    /// # Errors
    /// It broke off.
    pub async fn chunk(&mut self, reply: &mut Reply) -> Result<Option<Bytes>, Exchange> {
        loop {
            let next = poll_fn(|cx| Pin::new(&mut reply.body).poll_frame(cx).map(Option::transpose));
            let Some(frame) = drive(|cx| self.speaking.poll(cx), &self.wire, next).await? else {
                return Ok(None);
            };
            // What is no data are trailers, of which no answer that we know has any.
            if let Ok(data) = frame.into_data() {
                self.wire.allow_more(2 * data.len());
                return Ok(Some(data));
            }
        }
    }

    fn request(&self, query: &Query, mut headers: HeaderMap) -> Request<OurBody> {
        let mut uri = Uri::builder().path_and_query(query.path().clone());
        match self.speaking {
            Speaking::Http1(_) => {
                let host = HeaderValue::from_str(self.authority.as_str());
                headers.insert(HOST, host.expect("an authority has visible characters only"));
            }
            // They become `:scheme` and `:authority`. HTTP/2 is chosen in TLS only.
            Speaking::Http2(..) => uri = uri.scheme(Scheme::HTTPS).authority(self.authority.clone()),
        }
        let mut request = Request::new(OurBody::from(query.body()));
        *request.method_mut() = query.method().clone();
        *request.uri_mut() = uri.build().expect("its parts are parsed already");
        *request.headers_mut() = headers;
        request
    }
}

/// As in a URL: with brackets, and with the port.
fn authority(host: &str, port: u16) -> Option<Authority> {
    let text = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    text.parse().ok()
}

/// Begins HTTP in the version that was chosen in the handshake: 1.1 unless both sides said otherwise, which a kubelet
/// of 1.37 with a CA for clients does not.
async fn http(stream: Stream) -> hyper::Result<Speaking> {
    if !stream.is_http2() {
        return Ok(Speaking::Http1(Http1::new(stream)));
    }
    let mut tasks = Tasks::default();
    let (asking, mut connection) = http2::Builder::new(tasks.giver())
        .initial_stream_window_size(WINDOW)
        // Two ask at once: what one of them leaves unread must not keep the other's from coming.
        .initial_connection_window_size(2 * WINDOW)
        .max_header_list_size(MAX_HEADERS.into())
        .handshake(TokioIo::new(stream))
        .await?;
    let most = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
    let said = Arc::clone(&most);
    tasks.push(poll_fn(move |cx| {
        // Whoever asks is told how it ends.
        let ended = Pin::new(&mut connection).poll(cx).map(drop);
        said.store(connection.current_max_send_streams(), Ordering::Relaxed);
        ended
    }));
    Ok(Speaking::Http2(Http2 {
        asking,
        together: Arc::new(Together::new(tasks)),
        most,
    }))
}

/// Waits for `outcome` and does meanwhile what there is to do for the connection, without which none ever comes.
async fn drive<T>(
    mut work: impl FnMut(&mut Context<'_>) -> Poll<()>,
    wire: &Wire,
    outcome: impl Future<Output = hyper::Result<T>>,
) -> Result<T, Exchange> {
    let mut outcome = pin!(outcome);
    let mut done = move |cx: &mut Context<'_>| {
        let done = outcome.as_mut().poll(cx);
        done.map_err(|error| Exchange::new(Some(&error), wire))
    };
    poll_fn(|cx| {
        // Nothing more is read while something that was is not looked at.
        if let Poll::Ready(done) = done(cx) {
            return Poll::Ready(done);
        }
        wire.go();
        let ended = work(cx).is_ready();
        match done(cx) {
            Poll::Pending if ended => Poll::Ready(Err(Exchange::new(None, wire))),
            done => done,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_as_in_a_url() {
        for (host, want) in [
            ("10.0.0.1", "10.0.0.1:10250"),
            ("fd00::1", "[fd00::1]:10250"),
            ("node_1", "node_1:10250"),
        ] {
            assert_eq!(authority(host, 10_250).unwrap().as_str(), want);
        }
        for none in ["a b", "a/b"] {
            assert_eq!(authority(none, 10_250), None, "{none}");
        }
    }
}
