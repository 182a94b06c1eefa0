//! A kubelet for tests, benches and the demo: real TLS, real authentication, generated summaries, faults on request.
//!
//! It runs in a thread of its own, so that tests need no event loop, and tells what happened by conditions to wait for
//! instead of times to sleep.

mod answers;
pub mod api;
mod auth;
mod cluster;
mod conduct;
pub mod crowd;
mod der;
mod faults;
mod files;
pub mod generate;
mod json;
mod keys;
mod leak;
mod odd;
mod options;
mod pace;
mod peer;
mod pki;
pub mod pods;
mod random;
mod serve;
mod small;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

pub use cluster::Cluster;
pub use conduct::Conduct;
pub use faults::Fault;
pub use files::Files;
pub use generate::{GeneratorOptions, summary};
pub use keys::KeyKind;
pub use leak::Leaks;
pub use odd::Odd;
pub use options::{Options, Right, Serving, Wording};
pub use peer::{Peer, Wire};
use pki::Ca;
pub use pki::ClientSpec;
pub use pods::pod_list;
pub use tokens::TokenSpec;

use faults::{Faults, PODS};
use pods::Pods;
use tokens::Tokens;
use tokio::sync::watch;

/// A request as it was seen and answered.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Who it was, if somebody known.
    pub user: Option<String>,
    /// The status it got; 0 for one that got none.
    pub status: u16,
    /// `1.1` or `2`.
    pub version: &'static str,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// A client certificate was shown.
    pub client_certificate: bool,
    /// A header `Authorization` was sent.
    pub authorization: bool,
    /// All headers but that one's value.
    pub headers: Vec<(String, String)>,
    /// What it was answered.
    pub body: Arc<Vec<u8>>,
    /// When it came.
    pub at: SystemTime,
}

/// What the outside and the server share.
pub(crate) struct Shared {
    options: Options,
    tokens: Arc<Tokens>,
    client_ca: Arc<Ca>,
    state: Mutex<State>,
    changed: Condvar,
    faults: watch::Sender<Faults>,
}

struct State {
    serving_ca: Arc<Ca>,
    side: tls::Side,
    rights: Vec<Right>,
    body: Option<Vec<u8>>,
    pods_body: Option<Vec<u8>>,
    /// The summary's pods, once they were asked for.
    pods: Option<Pods>,
    /// Requests that have come, answered or not.
    arrived: usize,
    /// Those to `/pods` among them.
    arrived_pods: usize,
    seen: Vec<Seen>,
    connections: u64,
    /// Summaries generated so far.
    scrapes: u64,
    /// Lists of pods so far.
    lists: u64,
    /// So many of the faults that were set have begun.
    settled: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed while it held the lock has said so already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this no longer goes wrong with `path`.
    async fn over(&self, path: &str, fault: Fault) {
        let mut changes = self.faults.subscribe();
        // The sender lives as long as the kubelet.
        let _ = changes.wait_for(|faults| *faults.of(path) != fault).await;
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.changed.notify_all();
        changed
    }
}

/// A running test kubelet; dropping it stops it.
pub struct TestKubelet {
    shared: Arc<Shared>,
    files: Files,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    /// Kept until the end; `None` where the directory is the caller's.
    dir: Option<tempfile::TempDir>,
}

impl TestKubelet {
    /// Starts one, with its files in a directory that is gone with it.
    ///
    /// # Panics
    /// As everything here: without it there is no test.
    #[must_use]
    pub fn start(options: Options) -> Self {
        Self::start_of(&Cluster::new(), options)
    }

    /// The same of a cluster, whose other parts have the same CAs and know the same tokens.
    ///
    /// # Panics
    /// As above.
    #[must_use]
    pub fn start_of(cluster: &Cluster, options: Options) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut kubelet = Self::begin(cluster, options, dir.path());
        kubelet.dir = Some(dir);
        kubelet
    }

    /// Starts one with its files in `dir`.
    ///
    /// # Panics
    /// Where the files cannot be written or the port is taken.
    #[must_use]
    pub fn start_in(options: Options, dir: &Path) -> Self {
        Self::begin(&Cluster::new(), options, dir)
    }

    fn begin(cluster: &Cluster, options: Options, dir: &Path) -> Self {
        let Cluster {
            serving_ca,
            client_ca,
            tokens,
        } = cluster.clone();
        let side = tls::serving(&options, &serving_ca, &client_ca);
        let files = Files::write(dir, &side.anchor, &client_ca, &tokens);
        let listener = serve::listen(SocketAddr::new(options.ip, options.port));
        let address = listener.local_addr().expect("a bound socket");
        let state = State {
            serving_ca,
            side,
            rights: options.rights.clone(),
            body: options.body.clone(),
            pods_body: options.pods_body.clone(),
            pods: None,
            arrived: 0,
            arrived_pods: 0,
            seen: Vec::new(),
            connections: 0,
            scrapes: 0,
            lists: 0,
            settled: 0,
        };
        let shared = Arc::new(Shared {
            options,
            tokens,
            client_ca,
            state: Mutex::new(state),
            changed: Condvar::new(),
            faults: watch::Sender::new(Faults::NONE),
        });
        let (stop, stopped) = watch::channel(false);
        let serving = Arc::clone(&shared);
        let thread = std::thread::spawn(move || serve::run(listener, &serving, stopped));
        Self {
            shared,
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
        let scheme = if self.shared.options.serving == Serving::PlainHttp {
            "http"
        } else {
            "https"
        };
        format!("{scheme}://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it wrote for the program.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// From now on this goes wrong; requests that are held go on.
    ///
    /// # Panics
    /// Where one that has to do with connections does not begin, or end.
    pub fn set_fault(&self, fault: Fault) {
        let (mut number, mut settles) = (0, false);
        self.shared.faults.send_modify(|faults| {
            settles = fault.is_of_connections() || faults.all.is_of_connections();
            faults.all = fault;
            faults.times += 1;
            number = faults.times;
        });
        let settled = !settles || self.wait_until(|state| state.settled >= number, Duration::from_secs(20));
        assert!(settled, "the kubelet's thread has ended");
    }

    /// From now on this goes wrong with `/pods` alone, or what goes wrong with the whole kubelet. With
    /// `Some(Fault::None)` it is good whatever [`set_fault`](Self::set_fault) does.
    pub fn set_pods_fault(&self, fault: Option<Fault>) {
        self.shared.faults.send_modify(|faults| faults.pods = fault);
    }

    /// From now on the usual account and certificate have these rights.
    pub fn set_rights(&self, rights: &[Right]) {
        self.shared.change(|state| state.rights = rights.to_vec());
    }

    /// From now on this summary, or generated ones; and at `/pods` the list of its pods.
    pub fn set_body(&self, body: Option<Vec<u8>>) {
        self.shared.change(|state| {
            state.body = body;
            state.pods = None;
        });
    }

    /// From now on these bytes at `/pods`, or the list of the summary's pods.
    pub fn set_pods_body(&self, body: Option<Vec<u8>>) {
        self.shared.change(|state| state.pods_body = body);
    }

    /// All requests that were answered, or given up by their sender.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// Waits until `count` requests have come in all, answered or not; false when that takes longer than `timeout`.
    #[must_use]
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        self.wait_until(|state| state.arrived >= count, timeout)
    }

    /// The same of those to `/pods`.
    #[must_use]
    pub fn wait_for_pods_requests(&self, count: usize, timeout: Duration) -> bool {
        self.wait_until(|state| state.arrived_pods >= count, timeout)
    }

    fn wait_until(&self, holds: impl Fn(&State) -> bool, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.state();
        while !holds(&state) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The `SubjectPublicKeyInfo` of the certificate that it shows; `None` where that is none.
    #[must_use]
    pub fn serving_key(&self) -> Option<Vec<u8>> {
        let state = self.shared.state();
        let (_, certificate) = x509_parser::parse_x509_certificate(state.side.shown.as_ref()?).ok()?;
        Some(certificate.public_key().raw.to_vec())
    }

    /// How many TCP connections have come.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.state().connections
    }

    /// The summary that was answered last.
    #[must_use]
    pub fn last_body(&self) -> Option<Arc<Vec<u8>>> {
        self.last_of("/stats/")
    }

    /// What was answered last at `/pods`.
    #[must_use]
    pub fn last_pods(&self) -> Option<Arc<Vec<u8>>> {
        self.last_of(PODS)
    }

    fn last_of(&self, path: &str) -> Option<Arc<Vec<u8>>> {
        let good = |seen: &&Seen| seen.status == 200 && seen.path.starts_with(path);
        self.shared
            .state()
            .seen
            .iter()
            .rev()
            .find(good)
            .map(|seen| Arc::clone(&seen.body))
    }

    /// A new token.
    #[must_use]
    pub fn token(&self, spec: &TokenSpec) -> String {
        self.shared.tokens.issue(spec)
    }

    /// Writes a new token into a file.
    pub fn write_token(&self, path: &Path, spec: &TokenSpec) {
        files::write_secret(path, &self.token(spec));
    }

    /// A new client certificate and its key, in PEM.
    #[must_use]
    pub fn issue_client_certificate(&self, spec: &ClientSpec) -> (String, String) {
        self.shared.client_ca.sign(&spec.params())
    }

    /// The same of X.509 version 1, as `openssl x509 -req` makes one that is told nothing else.
    #[must_use]
    pub fn issue_version_1_client_certificate(&self) -> (String, String) {
        self.shared
            .client_ca
            .sign_version_1(&ClientSpec::default().params())
    }

    /// From the next handshake on a new certificate of the same CA.
    pub fn rotate_serving(&self) {
        let shared = &self.shared;
        shared.change(|state| {
            state.side = tls::serving(&shared.options, &state.serving_ca, &shared.client_ca);
        });
    }

    /// From the next handshake on a new certificate of a new CA, which replaces the file of the old one.
    pub fn replace_ca(&self) {
        let shared = &self.shared;
        shared.change(|state| {
            state.serving_ca = Arc::new(Ca::new("kubernetes"));
            state.side = tls::serving(&shared.options, &state.serving_ca, &shared.client_ca);
            files::write(&self.files.ca, &state.side.anchor);
        });
    }
}

impl Drop for TestKubelet {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed; the test fails by what it misses.
            let _ = thread.join();
        }
    }
}
