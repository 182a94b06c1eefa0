//! HTTP/1.1, which kubelets speak: begun for each question, and taken apart when it is answered.
//!
//! What a connection keeps between two questions is that of TLS, some 6 KiB. HTTP's buffers are ten times as much, and
//! cost nothing to be made anew.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, ReadBuf};

use super::stream::Stream;

/// Headers are longer nowhere, in no version; a kubelet's have a few hundred bytes.
pub const MAX_HEADERS: u16 = 16 * 1024;

/// What a request is sent with. A body that is an empty text has no bytes and no length.
pub type OurBody = String;

/// It reads into a buffer of that size at most. A record of TLS has 16 KiB.
const READ_BUFFER: usize = 64 * 1024;

/// One side of it.
pub enum Http1 {
    /// Nothing is asked.
    AtRest(Box<Stream>),
    /// A question is on its way, or its answer.
    AtWork(Box<Work>),
    /// It ended.
    Over,
}

/// What is needed for a question.
pub struct Work {
    asking: SendRequest<OurBody>,
    connection: Connection<TokioIo<Stream>, OurBody>,
}

impl Http1 {
    /// Over this stream.
    pub fn new(stream: Stream) -> Self {
        Self::AtRest(Box::new(stream))
    }

    /// Begins a question; `None` where it is over.
    pub async fn begin(&mut self) -> Option<&mut Work> {
        if let Self::AtRest(stream) = std::mem::replace(self, Self::Over) {
            let begun = Builder::new()
                .max_header_size(MAX_HEADERS.into())
                .max_buf_size(READ_BUFFER)
                .handshake(TokioIo::new(*stream))
                .await;
            let (asking, connection) = begun.ok()?;
            *self = Self::AtWork(Box::new(Work { asking, connection }));
        }
        match self {
            Self::AtWork(work) => Some(work),
            Self::AtRest(_) | Self::Over => None,
        }
    }

    /// Does what there is to do; ready when it is over. How it ended is told to whoever asks.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::AtRest(_) => Poll::Pending,
            Self::AtWork(work) => work.poll(cx),
            Self::Over => Poll::Ready(()),
        }
    }

    /// Puts it to rest, which has to be answered to the end, and looks once at what came unasked. Whether it is of use
    /// for another question.
    pub fn rests(&mut self, cx: &mut Context<'_>) -> bool {
        let mut stream = match std::mem::replace(self, Self::Over) {
            Self::AtRest(stream) => stream,
            Self::AtWork(mut work) => {
                if work.poll(cx).is_ready() || !work.asking.is_ready() {
                    return false;
                }
                let parts = work.connection.into_parts();
                if !parts.read_buf.is_empty() {
                    return false;
                }
                Box::new(parts.io.into_inner())
            }
            Self::Over => return false,
        };
        let mut byte = [0];
        // An end is of no more use than an answer to nothing.
        if Pin::new(&mut *stream)
            .poll_read(cx, &mut ReadBuf::new(&mut byte))
            .is_ready()
        {
            return false;
        }
        *self = Self::AtRest(stream);
        true
    }
}

impl Work {
    /// The side that the question goes in at, and all that has to be done until it is answered.
    pub fn parts(
        &mut self,
    ) -> (
        &mut SendRequest<OurBody>,
        impl FnMut(&mut Context<'_>) -> Poll<()> + use<'_>,
    ) {
        let Self { asking, connection } = self;
        (asking, |cx| Pin::new(&mut *connection).poll(cx).map(drop))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.connection).poll(cx).map(drop)
    }
}
