//! The bytes of a connection as the system gives them: counted, and with a limit to what nobody asked for.
//!
//! Below TLS, so that nothing that a peer can send goes past it.

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::system;

/// What broke a connection.
#[derive(Debug, Clone)]
pub enum Broken {
    /// TLS.
    Tls(rustls::Error),
    /// It brought more than it may.
    Flood,
    /// The peer, or the system.
    System(system::Fault),
}

/// What is read at one go. Whoever sends faster than we read would be read for as long as it likes, and neither what it
/// answered be looked at nor anybody else be served.
const AT_ONE_GO: usize = 128 * 1024;

/// What is known of a connection by all its layers.
#[derive(Debug, Default)]
pub struct Wire {
    /// So many bytes may still come.
    allowance: AtomicUsize,
    /// So many of them at this go.
    left: AtomicUsize,
    /// What broke it first.
    broken: Mutex<Option<Broken>>,
}

impl Wire {
    /// From now on so many bytes may come.
    pub fn allow(&self, bytes: usize) {
        self.allowance.store(bytes, Ordering::Relaxed);
    }

    /// And so many more.
    pub fn allow_more(&self, bytes: usize) {
        let more = self.allowance.load(Ordering::Relaxed).saturating_add(bytes);
        self.allowance.store(more, Ordering::Relaxed);
    }

    /// The next go begins.
    pub fn go(&self) {
        self.left.store(AT_ONE_GO, Ordering::Relaxed);
    }

    /// So many came; false when that is more than may.
    fn take(&self, bytes: usize) -> bool {
        let allowance = self.allowance.load(Ordering::Relaxed);
        let left = self.left.load(Ordering::Relaxed).saturating_sub(bytes);
        self.left.store(left, Ordering::Relaxed);
        self.allowance
            .store(allowance.saturating_sub(bytes), Ordering::Relaxed);
        bytes <= allowance
    }

    /// What broke it first.
    pub fn broken(&self) -> Option<Broken> {
        self.lock().clone()
    }

    /// It broke by this, if not by something else before.
    pub fn breaks(&self, broken: Broken) {
        self.lock().get_or_insert(broken);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Broken>> {
        // Nothing in here can be left half done.
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is read ahead. TLS asks for 4 KiB at a time, which for a full node's answer would be 180 system calls.
const AHEAD: usize = 64 * 1024;

/// A TCP connection that ends when more comes than its [`Wire`] allows, and pauses between two goes.
#[derive(Debug)]
pub struct Metered {
    tcp: TcpStream,
    wire: Arc<Wire>,
    /// What was read ahead; nothing is kept by any connection while nothing comes.
    ahead: Option<Ahead>,
}

#[derive(Debug)]
struct Ahead {
    bytes: Box<[u8]>,
    /// These are still to be handed on.
    rest: Range<usize>,
}

thread_local! {
    /// The last one that was given up. An answer comes in many goes, between which nothing is there, and one that is made
    /// anew for each of them is filled with zeros each time.
    static SPARE: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

impl Ahead {
    fn empty() -> Self {
        let bytes = SPARE.take();
        Self {
            bytes: bytes.unwrap_or_else(|| vec![0; AHEAD].into_boxed_slice()),
            rest: 0..0,
        }
    }

    /// Whoever reads next may have it.
    fn give_up(self) {
        SPARE.set(Some(self.bytes));
    }
}

impl Metered {
    /// Counts what comes over `tcp`.
    pub fn new(tcp: TcpStream, wire: Arc<Wire>) -> Self {
        Self {
            tcp,
            wire,
            ahead: None,
        }
    }

    /// Reads from the system: how many bytes.
    fn read(&mut self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.wire.left.load(Ordering::Relaxed) == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut buffer = ReadBuf::new(bytes);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if !self.wire.take(read) {
            self.wire.breaks(Broken::Flood);
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        Poll::Ready(Ok(read))
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut ahead = this.ahead.take().unwrap_or_else(Ahead::empty);
        if ahead.rest.is_empty() {
            match this.read(cx, &mut ahead.bytes) {
                Poll::Ready(Ok(read)) => ahead.rest = 0..read,
                nothing => {
                    ahead.give_up();
                    return nothing.map_ok(drop);
                }
            }
        }
        let some = ahead.rest.len().min(buf.remaining());
        let end = ahead.rest.start + some;
        buf.put_slice(&ahead.bytes[ahead.rest.start..end]);
        ahead.rest.start = end;
        this.ahead = Some(ahead);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
