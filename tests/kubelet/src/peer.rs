//! A peer that proves to be the kubelet and then does what a test has thought of: everything that no HTTP server does.

use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::conduct::Conduct;
use crate::pki::Ca;
use crate::{Options, files, tls};

/// A conduct may go on for ever; so many do, and with one more the oldest ends, whose other side has long gone.
const KEPT: usize = 16;

/// A connection whose handshake is done.
pub type Wire = TlsStream<TcpStream>;

/// How far the peer is a kubelet.
#[derive(Clone)]
enum Manner {
    /// As far as TLS.
    Tls(TlsAcceptor, Conduct<Wire>),
    /// Not even so far.
    Tcp(Conduct<TcpStream>),
}

/// A running peer; dropping it ends it and all its connections.
pub struct Peer {
    /// At least one, unless none was asked for.
    addresses: Vec<SocketAddr>,
    connections: Arc<AtomicU64>,
    ca: PathBuf,
    token: PathBuf,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    _dir: tempfile::TempDir,
}

impl Peer {
    /// Does the handshake as the kubelet that `options` describe, and `conduct` with what comes of it.
    ///
    /// # Panics
    /// As everything here: without it there is no test.
    #[must_use]
    pub fn over_tls<F>(options: &Options, conduct: impl Fn(Wire) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::many_over_tls(1, options, conduct)
    }

    /// The same as so many kubelets, each at a port of its own.
    ///
    /// # Panics
    /// As above.
    #[must_use]
    pub fn many_over_tls<F>(
        count: usize,
        options: &Options,
        conduct: impl Fn(Wire) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (serving_ca, client_ca) = (Ca::new("kubernetes"), Ca::new(files::CLIENT_CA));
        let tls::Side { config, anchor, .. } = tls::serving(options, &serving_ca, &client_ca);
        let acceptor = TlsAcceptor::from(config.expect("a kubelet with TLS"));
        Self::start(count, Manner::Tls(acceptor, Conduct::new(conduct)), &anchor)
    }

    /// Does `conduct` with each connection as it is accepted.
    ///
    /// # Panics
    /// As above.
    #[must_use]
    pub fn over_tcp<F>(conduct: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::many_over_tcp(1, conduct)
    }

    /// The same as so many, each at a port of its own.
    ///
    /// # Panics
    /// As above.
    #[must_use]
    pub fn many_over_tcp<F>(count: usize, conduct: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let manner = Manner::Tcp(Conduct::new(conduct));
        Self::start(count, manner, &Ca::new("kubernetes").pem)
    }

    fn start(count: usize, manner: Manner, anchor: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let ca = files::write(&dir.path().join("ca.crt"), anchor);
        let token = files::write_secret(&dir.path().join("token"), "a-token-of-no-meaning");
        let listeners: Vec<_> = (0..count).map(|_| listen()).collect();
        let address = |listener: &std::net::TcpListener| listener.local_addr().expect("a bound socket");
        let addresses = listeners.iter().map(address).collect();
        let (stop, stopped) = watch::channel(false);
        let connections = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&connections);
        let thread = std::thread::spawn(move || serve(listeners, &manner, &counted, stopped));
        Self {
            addresses,
            connections,
            ca,
            token,
            stop,
            thread: Some(thread),
            _dir: dir,
        }
    }

    /// Its base URL, of several the first one's.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.addr())
    }

    /// Where it listens, of several the first one.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// What it can be verified with.
    #[must_use]
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// How many TCP connections have come.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// A block of the program's configuration that believes it.
    #[must_use]
    pub fn block(&self) -> String {
        self.block_of(self.addr())
    }

    /// One for each, where it is several.
    #[must_use]
    pub fn blocks(&self) -> Vec<String> {
        let addresses = self.addresses.iter();
        addresses.map(|address| self.block_of(*address)).collect()
    }

    fn block_of(&self, address: SocketAddr) -> String {
        format!(
            "[[inputs.kubelet]]\n  url = \"https://{address}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n",
            self.token.display(),
            self.ca.display()
        )
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed; the test fails by what it misses.
            let _ = thread.join();
        }
    }
}

fn listen() -> std::net::TcpListener {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    listener
}

fn serve(
    listeners: Vec<std::net::TcpListener>,
    manner: &Manner,
    connections: &Arc<AtomicU64>,
    mut stopped: watch::Receiver<bool>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event loop");
    runtime.block_on(async {
        for listener in listeners {
            let listener = TcpListener::from_std(listener).expect("a listening socket");
            tokio::spawn(accept(listener, manner.clone(), Arc::clone(connections)));
        }
        // Without a sender it is over as well.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    });
}

async fn accept(listener: TcpListener, manner: Manner, connections: Arc<AtomicU64>) {
    let mut kept = VecDeque::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            // What is written is to leave at once.
            let _ = stream.set_nodelay(true);
            kept.push_back(tokio::spawn(converse(stream, manner.clone())));
            if kept.len() > KEPT
                && let Some(oldest) = kept.pop_front()
            {
                oldest.abort();
            }
        }
    }
}

async fn converse(stream: TcpStream, manner: Manner) {
    match manner {
        Manner::Tcp(conduct) => conduct.with(stream).await,
        Manner::Tls(acceptor, conduct) => {
            // One that does not want to talk to us is none.
            if let Ok(wire) = acceptor.accept(stream).await {
                conduct.with(wire).await;
            }
        }
    }
}
