//! An API server for tests and benches, as far as discovery and shards ask one: nodes listed and watched, Leases, over real TLS
//! with real tokens, and everything that goes wrong on the way to one.
//!
//! Like the kubelet it runs in a thread of its own and tells what happened by conditions to wait for. It knows HTTP and the
//! API's objects; nothing of kubelets.
//!
//! [`asked`] reads a request, [`serve`] finds who asks and who answers: [`list`] and [`watch`] of nodes, [`leases`]; all over one
//! [`store`].

mod asked;
mod faults;
mod hands;
mod lease;
mod leases;
mod list;
mod node;
mod selector;
mod serve;
mod spec;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod watch;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use rustls::ServerConfig;
use tokio::sync::{broadcast, watch as channel};

pub use asked::{Resource, Verb};
pub use faults::{Aim, ApiFault, TooOld};
pub use lease::Lease;
pub use spec::{NodeSpec, Ready};

use crate::serve::listen;
use crate::{Cluster, Files, TokenSpec, tls};
use asked::Asked;
use faults::{Faults, Order};
use store::Store;

/// What a test API server is like.
#[derive(Debug, Clone)]
pub struct ApiOptions {
    /// Where it listens.
    pub ip: IpAddr,
    /// At which port; 0 for a free one.
    pub port: u16,
    /// What its certificate is for beside loopback and the names of API servers.
    pub addresses: Vec<IpAddr>,
    /// Offers HTTP/2, as API servers do.
    pub http2: bool,
    /// The nodes that it begins with.
    pub nodes: Vec<NodeSpec>,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            ip: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            addresses: Vec::new(),
            http2: false,
            nodes: Vec::new(),
        }
    }
}

/// A request as it was seen and answered.
#[derive(Debug, Clone)]
pub struct ApiSeen {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// What it is in Kubernetes' words.
    pub verb: Verb,
    /// The same.
    pub resource: Resource,
    /// The name of the token that it had, if that is known.
    pub token: Option<String>,
    /// The status it got; 0 for one that got none yet.
    pub status: u16,
    /// `1.1` or `2`.
    pub version: &'static str,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// When it came.
    pub at: SystemTime,
}

/// What the outside and the server share.
struct Server {
    cluster: Cluster,
    tls: Arc<ServerConfig>,
    state: Mutex<State>,
    changed: Condvar,
    versions: channel::Sender<u64>,
    faults: channel::Sender<Faults>,
    orders: broadcast::Sender<(Aim, Order)>,
}

struct State {
    store: Store,
    too_old: TooOld,
    seen: Vec<ApiSeen>,
    connections: u64,
    /// Open ones.
    watches: usize,
}

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed while it held the lock has said so already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and tells everybody who waits for that.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (changed, version) = {
            let mut state = self.state();
            (change(&mut state), state.store.version())
        };
        self.changed.notify_all();
        self.versions.send_if_modified(|known| {
            let newer = version > *known;
            *known = version.max(*known);
            newer
        });
        changed
    }

    fn fault(&self, caller: Option<&str>, asked: &Asked) -> Option<ApiFault> {
        self.faults.borrow().of(caller, asked).cloned()
    }

    /// Waits until this no longer goes wrong.
    async fn over(&self, caller: Option<&str>, asked: &Asked, fault: &ApiFault) {
        let mut changes = self.faults.subscribe();
        // The sender lives as long as the server.
        let _ = changes
            .wait_for(|faults| faults.of(caller, asked) != Some(fault))
            .await;
    }
}

/// A running test API server; dropping it stops it.
pub struct TestApiServer {
    server: Arc<Server>,
    files: Files,
    address: SocketAddr,
    stop: channel::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    /// Kept until the end; `None` where the directory is the caller's.
    dir: Option<tempfile::TempDir>,
}

impl TestApiServer {
    /// Starts one, with its files in a directory that is gone with it.
    ///
    /// # Panics
    /// As everything here: without it there is no test.
    #[must_use]
    pub fn start(options: ApiOptions) -> Self {
        Self::start_of(&Cluster::new(), options)
    }

    /// The same of a cluster: what its kubelets know of CAs and tokens ([`crate::TestKubelet::start_of`]), this one does too.
    ///
    /// # Panics
    /// As above.
    #[must_use]
    pub fn start_of(cluster: &Cluster, options: ApiOptions) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut api = Self::start_in(cluster, options, dir.path());
        api.dir = Some(dir);
        api
    }

    /// The same with its files in `dir`.
    ///
    /// # Panics
    /// Where the files cannot be written or the port is taken.
    #[must_use]
    pub fn start_in(cluster: &Cluster, options: ApiOptions, dir: &Path) -> Self {
        let Cluster {
            serving_ca,
            client_ca,
            tokens,
        } = cluster;
        let files = Files::write(dir, &serving_ca.pem, client_ca, tokens);
        let mut addresses = options.addresses;
        addresses.push(options.ip);
        let listener = listen(SocketAddr::new(options.ip, options.port));
        let address = listener.local_addr().expect("a bound socket");
        let mut store = Store::new();
        for node in options.nodes {
            store.put_node(node);
        }
        let server = Arc::new(Server {
            cluster: cluster.clone(),
            tls: tls::api_server(options.http2, &addresses, serving_ca, client_ca),
            versions: channel::Sender::new(store.version()),
            state: Mutex::new(State {
                store,
                too_old: TooOld::Event,
                seen: Vec::new(),
                connections: 0,
                watches: 0,
            }),
            changed: Condvar::new(),
            faults: channel::Sender::new(Faults::default()),
            orders: broadcast::Sender::new(64),
        });
        let (stop, stopped) = channel::channel(false);
        let serving = Arc::clone(&server);
        let thread = std::thread::spawn(move || serve::run(listener, &serving, stopped));
        Self {
            server,
            files,
            address,
            stop,
            thread: Some(thread),
            dir: None,
        }
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// What it wrote for the program: `ca`, `token`, client certificates.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The cluster that it is of.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.server.cluster
    }

    /// A new token of the usual account for the pod of this name, by which its holder is told apart here.
    #[must_use]
    pub fn token(&self, name: &str) -> String {
        self.server.cluster.token(&TokenSpec {
            pod: Some(name.to_owned()),
            ..TokenSpec::default()
        })
    }

    /// Writes such a token into a file.
    pub fn write_token(&self, path: &Path, name: &str) {
        crate::files::write_secret(path, &self.token(name));
    }

    /// Makes this node, or makes it another one.
    pub fn put_node(&self, node: NodeSpec) {
        self.server.change(|state| state.store.put_node(node));
    }

    /// The same of many, as one change after the other.
    pub fn put_nodes(&self, nodes: impl IntoIterator<Item = NodeSpec>) {
        self.server.change(|state| {
            for node in nodes {
                state.store.put_node(node);
            }
        });
    }

    /// Changes something of a node; with nothing changed it is a kubelet's sign of life.
    ///
    /// # Panics
    /// Where there is none of this name.
    pub fn change_node(&self, name: &str, change: impl FnOnce(&mut NodeSpec)) {
        self.server.change(|state| {
            let node = state.store.nodes().get(name);
            let mut spec = node.expect("a node of this name").spec.clone();
            change(&mut spec);
            state.store.put_node(spec);
        });
    }

    /// Removes a node.
    ///
    /// # Panics
    /// Where there is none of this name.
    pub fn delete_node(&self, name: &str) {
        let there = self.server.change(|state| state.store.delete_node(name));
        assert!(there, "there is no node {name}");
    }

    /// The names of the nodes now.
    #[must_use]
    pub fn nodes(&self) -> Vec<String> {
        self.server.state().store.nodes().keys().cloned().collect()
    }

    /// The counter of versions now.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.server.state().store.version()
    }

    /// Forgets what was before: watches from older versions and lists that go on are told so.
    pub fn compact(&self) {
        self.server.change(|state| state.store.compact());
    }
}

impl Drop for TestApiServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed; the test fails by what it misses.
            let _ = thread.join();
        }
    }
}
