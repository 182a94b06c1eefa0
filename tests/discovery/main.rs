//! How nodes are heard of, against a test API server: what is asked when, what is known of nodes meanwhile, and what is done
//! about all that goes wrong on the way.

mod expired;
mod faults;
mod lists;
mod watches;

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use telegraf_kubelet::client::{Anchors, Client, Credential, Profile, Scheme, Settings, Target, Trust, Url};
use telegraf_kubelet::cluster::{Roster, Selector, Wanted, Watch};
use test_kubelet::api::{ApiOptions, ApiSeen, NodeSpec, Resource, TestApiServer, Verb};
use tokio::sync::oneshot;

const PATIENCE: Duration = Duration::from_secs(30);

/// Nobody's idle limit passes in a test that does not want it to.
const NEVER: Duration = Duration::from_secs(600);

/// One who hears of nodes in a thread of its own, until dropped.
struct Hearing {
    roster: Roster,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How somebody hears of nodes.
struct How {
    selector: &'static str,
    idle: Duration,
    token: PathBuf,
}

impl How {
    fn usual(api: &TestApiServer) -> Self {
        Self {
            selector: "",
            idle: NEVER,
            token: api.files().token.clone(),
        }
    }
}

impl Hearing {
    fn begin(api: &TestApiServer) -> Self {
        Self::begin_as(api, How::usual(api))
    }

    fn begin_as(api: &TestApiServer, how: How) -> Self {
        let settings = Settings {
            credential: Credential::BearerToken { file: how.token },
            trust: Trust {
                anchors: Anchors::Files(vec![api.files().ca.clone()]),
                tls13_only: false,
            },
            response_timeout: PATIENCE,
            max_response: 64 * 1024 * 1024,
        };
        let target = Target {
            url: Url {
                scheme: Scheme::Https,
                host: api.addr().ip().to_string(),
                port: NonZeroU16::new(api.addr().port()).expect("a port"),
            },
            server_name: None,
            common_name: None,
        };
        let roster = Roster::new();
        let selector = Selector::parse(how.selector).expect("a selector");
        let (stop, stopped) = oneshot::channel();
        let heard = roster.clone();
        let thread = std::thread::spawn(move || {
            let client = Client::new(Profile::new(Arc::new(settings)), target);
            let watch = Watch::new(client, &selector, Wanted::default(), heard, 1).with_idle(how.idle);
            runtime().block_on(async {
                tokio::select! {
                    never = watch.run() => match never {},
                    _ = stopped => {}
                }
            });
        });
        Self {
            roster,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Waits until these are the nodes, and all that is known.
    fn wait_for_nodes(&self, names: &[&str]) {
        let want: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
        self.wait(|roster| {
            roster
                .nodes()
                .iter()
                .map(|node| node.name.clone())
                .collect::<BTreeSet<_>>()
                == want
        });
    }

    /// Waits until this is the code of how things stand. Nobody is told when it changes, for nobody has to do anything then.
    fn wait_for_code(&self, code: i64) {
        let deadline = Instant::now() + PATIENCE;
        while self.roster.standing().code != code {
            assert!(Instant::now() < deadline, "{:?}", self.roster.standing());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until this is so of the nodes.
    fn wait(&self, holds: impl Fn(&Roster) -> bool) {
        let come = async {
            while !holds(&self.roster) {
                self.roster.changes().await;
            }
        };
        let waited = runtime().block_on(async { tokio::time::timeout(PATIENCE, come).await });
        assert!(waited.is_ok(), "{:?}", self.roster.nodes());
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What made it panic was printed.
            let ended = thread.join();
            assert!(
                std::thread::panicking() || ended.is_ok(),
                "who hears of nodes panicked"
            );
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("an event loop")
}

fn node(name: &str) -> NodeSpec {
    NodeSpec::new(name, "127.0.0.1", 10_250)
}

/// An API server with these nodes.
fn api(names: &[&str]) -> TestApiServer {
    TestApiServer::start(ApiOptions {
        nodes: names.iter().map(|name| node(name)).collect(),
        ..ApiOptions::default()
    })
}

/// With so many.
fn api_of(count: usize, http2: bool) -> TestApiServer {
    TestApiServer::start(ApiOptions {
        nodes: (0..count).map(|at| node(&format!("node-{at:04}"))).collect(),
        http2,
        ..ApiOptions::default()
    })
}

/// Those requests for nodes that have this verb.
fn of(seen: &[ApiSeen], verb: Verb) -> Vec<ApiSeen> {
    let is = |seen: &&ApiSeen| seen.resource == Resource::Nodes && seen.verb == verb;
    seen.iter().filter(is).cloned().collect()
}

/// Waits until so many have this verb.
fn wait_for(api: &TestApiServer, verb: Verb, count: usize) {
    let came = api.wait_for_requests(|seen| of(seen, verb).len() >= count, PATIENCE);
    assert!(came, "{:#?}", api.requests());
}

/// Waits until so many watches are open.
fn wait_for_watches(api: &TestApiServer, count: usize) {
    assert!(api.wait_for_watches(count, PATIENCE), "{:#?}", api.requests());
}

/// What a path asks for under this key.
fn asks(seen: &ApiSeen, key: &str) -> Option<String> {
    let (_, query) = seen.path.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == key)?;
    Some(value.to_owned())
}
