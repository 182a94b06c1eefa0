//! The kubelets of many nodes in one thread, for benches: each at an address of its own and port 10250, with a certificate for
//! just that, and some of them dead.
//!
//! They know tokens as a kubelet does, and all have the same numbers under other names: nobody generates a thousand summaries at
//! each tick. They speak HTTP/1.1, as kubelets with a CA for clients do, and know `/stats/summary` and `/pods`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::auth::bearer;
use crate::tokens::Tokens;
use crate::{Cluster, GeneratorOptions, pod_list, summary, tls};

/// A kubelet's own.
const PORT: u16 = 10_250;

/// Node after node of a network, of which neither the first nor the last address is anybody's.
const IN_A_NETWORK: usize = 250;

/// In what way nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    /// Nobody listens there.
    Refuses,
    /// Connections are taken, and then nothing is said.
    Mute,
    /// Not even that: what is sent there is lost.
    Lost,
}

/// One node of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, as long as all others'.
    pub name: String,
    /// Its address, in 127.0.0.0/8.
    pub ip: Ipv4Addr,
    /// It is dead.
    pub dead: Option<Dead>,
}

/// So many nodes in the network `127.NETWORK.0.0/16`, of which one in so many is dead, each in another way than the one
/// before; none with 0.
///
/// # Panics
/// Where there are more of them than addresses.
#[must_use]
pub fn members(count: usize, network: u8, one_dead_in: usize) -> Vec<Member> {
    let byte = |number: usize| u8::try_from(number).expect("no more nodes than addresses");
    let member = |at: usize| Member {
        name: format!("node-{at:05}"),
        ip: Ipv4Addr::new(127, network, byte(at / IN_A_NETWORK), byte(at % IN_A_NETWORK + 1)),
        dead: at
            .checked_rem(one_dead_in)
            .filter(|rest| *rest + 1 == one_dead_in)
            .map(|_| [Dead::Refuses, Dead::Mute, Dead::Lost][at / one_dead_in % 3]),
    };
    (0..count).map(member).collect()
}

/// Running kubelets; dropping it stops them.
pub struct Crowd {
    summaries: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Those of these nodes, each with so many pods.
    ///
    /// # Panics
    /// Where an address is taken, as everything here: without it there is nothing to measure.
    #[must_use]
    pub fn start(cluster: &Cluster, members: Vec<Member>, pods: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let cluster = cluster.clone();
        let answers = Arc::new(Answers::new(pods));
        let summaries = Arc::clone(&answers.summaries);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("an event loop");
            runtime.block_on(serve(&cluster, members, &answers, &ready, stopped));
        });
        is_ready.recv().expect("all addresses are free");
        Self {
            summaries,
            stop,
            thread: Some(thread),
        }
    }

    /// How many summaries all of them were asked for.
    #[must_use]
    pub fn summaries(&self) -> u64 {
        self.summaries.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed.
            let _ = thread.join();
        }
    }
}

async fn serve(
    cluster: &Cluster,
    members: Vec<Member>,
    answers: &Arc<Answers>,
    ready: &std::sync::mpsc::Sender<()>,
    mut stopped: watch::Receiver<bool>,
) {
    // Their other ends, so that they stay full.
    let mut kept = Vec::new();
    for Member { name, ip, dead } in members {
        let backlog = if dead == Some(Dead::Lost) { 0 } else { 1_024 };
        let address = SocketAddr::from((ip, PORT));
        match dead {
            Some(Dead::Refuses) => {}
            Some(Dead::Lost) => {
                let listener = listen(address, backlog);
                // The one that waits there is all that there is room for.
                let first = TcpStream::connect(address).await.expect("room for one");
                kept.push((listener, first));
            }
            Some(Dead::Mute) => {
                tokio::spawn(keep(listen(address, backlog)));
            }
            None => {
                let kubelet = Kubelet {
                    tls: tls::of_node(&name, ip.into(), cluster),
                    name,
                    tokens: Arc::clone(&cluster.tokens),
                    answers: Arc::clone(answers),
                };
                tokio::spawn(accept(listen(address, backlog), Arc::new(kubelet)));
            }
        }
    }
    // Who started it waits.
    let _ = ready.send(());
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn listen(address: SocketAddr, backlog: u32) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a socket's option");
    socket.bind(address).expect("an address that is free");
    socket.listen(backlog).expect("a bound socket")
}

/// Takes connections, and does nothing with them.
async fn keep(listener: TcpListener) {
    let mut kept = Vec::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    }
}

/// One of them.
struct Kubelet {
    name: String,
    tls: Arc<ServerConfig>,
    tokens: Arc<Tokens>,
    answers: Arc<Answers>,
}

async fn accept(listener: TcpListener, kubelet: Arc<Kubelet>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // What is written is to leave at once.
            let _ = stream.set_nodelay(true);
            let kubelet = Arc::clone(&kubelet);
            // An error here is a client that went away.
            tokio::spawn(async move { kubelet.converse(stream).await });
        }
    }
}

impl Kubelet {
    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut wire = TlsAcceptor::from(Arc::clone(&self.tls)).accept(stream).await?;
        let mut question = Vec::new();
        while wire.read_buf(&mut question).await? > 0 {
            if question.ends_with(b"\r\n\r\n") {
                wire.write_all(&self.answer(&question)).await?;
                wire.flush().await?;
                question.clear();
            }
        }
        Ok(())
    }

    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(question);
        let token = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            bearer(Some(value).filter(|_| name.eq_ignore_ascii_case("authorization"))?)
        });
        if token.and_then(|token| self.tokens.review(token)).is_none() {
            return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\n\r\nUnauthorized".to_vec();
        }
        match text.split(' ').nth(1) {
            Some("/stats/summary") => {
                self.answers.summaries.fetch_add(1, Ordering::Relaxed);
                self.answers.summary.of(&self.name)
            }
            Some("/pods") => self.answers.pods.of(&self.name),
            _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        }
    }
}

/// What all answer.
struct Answers {
    summaries: Arc<AtomicU64>,
    summary: Answer,
    pods: Answer,
}

impl Answers {
    fn new(pods: usize) -> Self {
        let options = GeneratorOptions {
            pods,
            node_name: NAME.to_owned(),
            ..GeneratorOptions::default()
        };
        let summary = summary(&options, 1);
        Self {
            summaries: Arc::default(),
            pods: Answer::new(&pod_list(&summary, 1)),
            summary: Answer::new(&summary),
        }
    }
}

/// The name in the place of which each puts its own.
const NAME: &str = "node-xxxxx";

/// An answer with the places at which a node's name is.
struct Answer {
    text: Vec<u8>,
    names: Vec<usize>,
}

impl Answer {
    /// As a kubelet sends what is longer than 2 kB: in one chunk.
    fn new(body: &[u8]) -> Self {
        let mut text =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                .to_vec();
        text.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        text.extend_from_slice(body);
        text.extend_from_slice(b"\r\n0\r\n\r\n");
        let windows = text.windows(NAME.len()).enumerate();
        let names = windows.filter(|(_, window)| *window == NAME.as_bytes());
        Self {
            names: names.map(|(at, _)| at).collect(),
            text,
        }
    }

    fn of(&self, name: &str) -> Vec<u8> {
        let mut text = self.text.clone();
        for &at in &self.names {
            text[at..at + name.len()].copy_from_slice(name.as_bytes());
        }
        text
    }
}

impl Member {
    /// Where its kubelet is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (IpAddr::from(self.ip), PORT).into()
    }
}
