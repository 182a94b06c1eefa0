//! A connection for HTTP, in TLS or not, that remembers what broke it: HTTP's own errors do not say it whole.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::wire::{Broken, Metered, Wire};
use crate::system;

/// With or without TLS.
#[derive(Debug)]
enum Layer {
    Plain(Metered),
    Tls(Box<TlsStream<Metered>>),
}

/// What HTTP is spoken over.
#[derive(Debug)]
pub struct Stream {
    layer: Layer,
    wire: Arc<Wire>,
}

impl Stream {
    /// Without TLS.
    pub fn plain(tcp: Metered, wire: Arc<Wire>) -> Self {
        let layer = Layer::Plain(tcp);
        Self { layer, wire }
    }

    /// With TLS, whose handshake is done.
    pub fn tls(tls: TlsStream<Metered>, wire: Arc<Wire>) -> Self {
        let layer = Layer::Tls(Box::new(tls));
        Self { layer, wire }
    }

    /// Whether both sides have chosen HTTP/2.
    pub fn is_http2(&self) -> bool {
        match &self.layer {
            Layer::Plain(_) => false,
            Layer::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    fn remember<T>(&self, outcome: &Poll<io::Result<T>>) {
        if let Poll::Ready(Err(error)) = outcome {
            self.wire.breaks(cause(error));
        }
    }
}

/// What lies at the bottom of an error.
pub fn cause(error: &io::Error) -> Broken {
    match tls(error) {
        Some(tls) => Broken::Tls(tls.clone()),
        // rustls says so by no error of its own: one message of a handshake is larger than it keeps. The system has no
        // such kind.
        None if error.kind() == io::ErrorKind::InvalidData => Broken::Flood,
        None => Broken::System(system::Fault::new(error)),
    }
}

/// rustls' own error, which comes wrapped.
fn tls(error: &io::Error) -> Option<&rustls::Error> {
    let mut next = error.get_ref().map(|error| error as &(dyn StdError + 'static));
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        next = match error.downcast_ref::<io::Error>() {
            // Its source would be that of what it wraps.
            Some(io) => io.get_ref().map(|error| error as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = match &mut self.layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Layer::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        };
        if matches!(read, Poll::Ready(Ok(()))) && buf.filled().len() == before {
            self.wire.breaks(Broken::System(system::Fault::Ended));
        }
        self.remember(&read);
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = match &mut self.layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Layer::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        };
        self.remember(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = match &mut self.layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Layer::Tls(tls) => Pin::new(tls).poll_flush(cx),
        };
        self.remember(&flushed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Layer::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
