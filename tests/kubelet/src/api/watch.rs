//! Watches of nodes: one event a line, for as long as they were asked for.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Either;
use hyper::Response;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::Server;
use super::asked::Asked;
use super::faults::{Aim, ApiFault, Faults, Order, TooOld};
use super::list;
use super::node::{self, Node};
use super::selector::Selector;
use super::status::{self, Status};
use crate::answers::Answer;
use crate::pace::Pieces;

/// For who says no time, as long as an API server's shortest.
const USUAL: Duration = Duration::from_secs(1_800);

/// One that is open.
struct Watch {
    server: Arc<Server>,
    caller: Option<String>,
    asked: Asked,
    selector: Selector,
    /// Everything up to it was told.
    version: u64,
    bookmarks: bool,
    until: Instant,
    sender: mpsc::Sender<io::Result<Bytes>>,
    orders: broadcast::Receiver<(Aim, Order)>,
    versions: watch::Receiver<u64>,
    faults: watch::Receiver<Faults>,
}

/// Why it goes no further.
struct Over;

/// Begins one.
pub(super) fn begin(server: &Arc<Server>, caller: Option<String>, asked: Asked) -> Result<Answer, Status> {
    let selector = list::selector(&asked)?;
    let number = |key: &str| match asked.query(key) {
        None => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| Status::bad_request(format!("invalid {key}: \"{text}\""))),
    };
    let seconds = number("timeoutSeconds")?;
    let bookmarks = asked.is_true("allowWatchBookmarks");
    let (all_old, too_old) = {
        let all_old = server.faults.borrow().of(caller.as_deref(), &asked) == Some(&ApiFault::TooOld);
        (all_old, server.state().too_old)
    };
    let (first, version) = {
        let state = server.state();
        match number("resourceVersion")? {
            None | Some(0) => {
                let all = state.store.nodes().values();
                let all = all.filter(|node| selector.matches(&node.spec.labels));
                (
                    all.cloned().collect::<VecDeque<Arc<Node>>>(),
                    state.store.version(),
                )
            }
            Some(version) if all_old || version < state.store.oldest() => {
                let refusal = Status::too_old(version, state.store.oldest().max(version + 1));
                return match too_old {
                    TooOld::Status => Err(refusal),
                    TooOld::Event => Ok(status::object(200, event("ERROR", &refusal.json()))),
                };
            }
            Some(version) => (VecDeque::new(), version),
        }
    };
    let (sender, pieces) = mpsc::channel(16);
    let watch = Watch {
        selector,
        version,
        bookmarks,
        until: Instant::now() + seconds.map_or(USUAL, Duration::from_secs),
        sender,
        orders: server.orders.subscribe(),
        versions: server.versions.subscribe(),
        faults: server.faults.subscribe(),
        server: Arc::clone(server),
        caller,
        asked,
    };
    server.change(|state| state.watches += 1);
    tokio::spawn(run(watch, first));
    let mut answer = Response::new(Either::Right(Pieces(pieces)));
    status::headers(&mut answer);
    Ok(answer)
}

async fn run(mut watch: Watch, first: VecDeque<Arc<Node>>) {
    let server = Arc::clone(&watch.server);
    // Whatever ends it has been told to the client.
    let Over = match watch.first(first).await {
        Ok(()) => watch.follow().await,
        Err(over) => over,
    };
    server.change(|state| state.watches -= 1);
}

/// One without its newline.
fn event(kind: &str, object: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}")
}

impl Watch {
    /// What is there when nothing was known.
    async fn first(&mut self, nodes: VecDeque<Arc<Node>>) -> Result<(), Over> {
        for node in nodes {
            self.say(&event("ADDED", &node::typed(&node, node.version)))
                .await?;
        }
        if self.asked.is_true("sendInitialEvents") && self.bookmarks {
            self.bookmark(true).await?;
        }
        Ok(())
    }

    async fn follow(&mut self) -> Over {
        loop {
            if let Err(over) = self.step().await {
                return over;
            }
        }
    }

    async fn step(&mut self) -> Result<(), Over> {
        let silent = self.faults.borrow().silence(self.caller.as_deref(), &self.asked);
        if silent {
            tokio::select! {
                () = self.sender.closed() => return Err(Over),
                _ = self.faults.changed() => return Ok(()),
            }
        }
        self.news().await?;
        tokio::select! {
            biased;
            () = self.sender.closed() => Err(Over),
            _ = self.versions.changed() => Ok(()),
            _ = self.faults.changed() => Ok(()),
            order = self.orders.recv() => match order {
                Ok((aim, order)) if aim.is_at(self.caller.as_deref(), &self.asked) => self.obey(order).await,
                _ => Ok(()),
            },
            () = sleep_until(self.until) => {
                self.bookmark(false).await?;
                Err(Over)
            }
        }
    }

    /// Tells what has changed.
    async fn news(&mut self) -> Result<(), Over> {
        let (changes, oldest) = {
            let state = self.server.state();
            (state.store.since(self.version), state.store.oldest())
        };
        let Some(changes) = changes else {
            return self.expire(oldest).await;
        };
        for change in changes {
            if let Some((kind, node)) = change.event(&self.selector) {
                let line = event(kind, &node::typed(node, change.version));
                self.say(&line).await?;
            }
            self.version = change.version;
        }
        Ok(())
    }

    async fn obey(&mut self, order: Order) -> Result<(), Over> {
        match order {
            Order::Sever => Ok(()),
            Order::End => Err(Over),
            Order::Bookmark => self.bookmark(false).await,
            Order::Send(bytes) => self.send(bytes).await,
            Order::Expire => {
                let oldest = self.version + 1;
                self.expire(oldest).await
            }
            Order::CutMidLine => {
                let any = {
                    let state = self.server.state();
                    state.store.nodes().values().next().cloned()
                };
                let line = any.map(|node| event("MODIFIED", &node::typed(&node, node.version)));
                let mut line =
                    line.unwrap_or_else(|| event("BOOKMARK", &node::bookmark(self.version, false)));
                line.truncate(line.len() / 2);
                self.send(Bytes::from(line)).await?;
                // Whoever sends it has taken it and waits for more only once it is on its way.
                while self.sender.capacity() < self.sender.max_capacity() && !self.sender.is_closed() {
                    tokio::task::yield_now().await;
                }
                let _ = self.sender.send(Err(io::Error::other("cut on request"))).await;
                Err(Over)
            }
        }
    }

    async fn expire(&mut self, oldest: u64) -> Result<(), Over> {
        let status = Status::too_old(self.version, oldest);
        self.say(&event("ERROR", &status.json())).await?;
        Err(Over)
    }

    /// Says how far it is, to who wants to know.
    async fn bookmark(&mut self, ends_the_first: bool) -> Result<(), Over> {
        if !self.bookmarks {
            return Ok(());
        }
        // Where everything was told, as far as all there is.
        let newest = {
            let state = self.server.state();
            let told = state
                .store
                .since(self.version)
                .is_some_and(|changes| changes.is_empty());
            if told { state.store.version() } else { self.version }
        };
        self.version = newest;
        self.say(&event("BOOKMARK", &node::bookmark(newest, ends_the_first)))
            .await
    }

    async fn say(&mut self, line: &str) -> Result<(), Over> {
        self.send(Bytes::from(format!("{line}\n"))).await
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Over> {
        self.sender.send(Ok(bytes)).await.map_err(|_| Over)
    }
}
