//! Bodies as they are sent: at once, slowly, or not to their end.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Either;
use hyper::Response;
use hyper::body::{Body, Frame};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use tokio::sync::mpsc;

use crate::answers::Answer;

/// How a body is sent.
pub(crate) enum Pace {
    AtOnce,
    Every(Duration),
    BreakOff,
    /// Behind the whole body spaces, as long as somebody takes them.
    WithoutEnd,
    /// Half of it until this is over.
    Held(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// A body without a length, piece by piece: chunked in HTTP/1.1, as the kubelet sends whatever is longer than 2 kB.
pub(crate) fn chunked(body: Arc<Vec<u8>>, pace: Pace) -> Answer {
    let (sender, pieces) = mpsc::channel(2);
    tokio::spawn(async move {
        let count = if matches!(pace, Pace::AtOnce) { 2 } else { 16 };
        let size = (body.len() / count).max(1);
        let mut pace = pace;
        for (at, piece) in body.chunks(size).enumerate() {
            match &mut pace {
                Pace::Every(pause) => tokio::time::sleep(*pause).await,
                Pace::BreakOff if at == count / 2 => {
                    let _ = sender.send(Err(io::Error::other("broken off on request"))).await;
                    return;
                }
                Pace::Held(over) if at == count / 2 => over.await,
                _ => {}
            }
            if sender.send(Ok(Bytes::copy_from_slice(piece))).await.is_err() {
                return;
            }
        }
        if matches!(pace, Pace::WithoutEnd) {
            let spaces = Bytes::from(vec![b' '; 64 * 1024]);
            while sender.send(Ok(spaces.clone())).await.is_ok() {}
        }
    });
    let mut answer = Response::new(Either::Right(Pieces(pieces)));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// The pieces of a body as they come.
pub(crate) struct Pieces(pub(crate) mpsc::Receiver<io::Result<Bytes>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0
            .poll_recv(context)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
