//! What the log is told of many nodes: of what is so of hundreds of them one line, and not one of each.
//!
//! Who scrapes a node says what is so of it, and what no more is. Knows nodes by name; nothing of what is wrong with them. When
//! what is said decides [`Troubles`], which has no clock; here is the clock, and the log.

mod topic;
mod troubles;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use log::Level;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

pub use topic::Topic;
use troubles::Troubles;

/// Nodes of one cause are told together that come without a pause of so long,
const QUIET: Duration = Duration::from_secs(1);

/// and are waited for no longer than this.
const LONGEST: Duration = Duration::from_secs(10);

/// What lasts is looked at so often.
const LOOK: Duration = Duration::from_secs(60);

/// All nodes that are scraped here; all clones are the same.
#[derive(Clone, Default)]
pub struct Crowd(Arc<Shared>);

#[derive(Default)]
struct Shared {
    troubles: Mutex<Troubles>,
    news: Notify,
}

impl Crowd {
    /// This is so of that node, in these words where it is the first one.
    pub fn has(&self, topic: Topic, level: Level, node: &str, text: impl FnOnce() -> String) {
        if self.with(|troubles| troubles.has(topic, level, node, text, Instant::now())) {
            self.0.news.notify_one();
        }
    }

    /// That is so no more of this node.
    pub fn has_no_more(&self, topic: Topic, node: &str) {
        if self.with(|troubles| troubles.has_no_more(topic, node)) {
            self.0.news.notify_one();
        }
    }

    /// Nobody scrapes that node here any more.
    pub fn gone(&self, node: &str) {
        if self.with(|troubles| troubles.gone(node)) {
            self.0.news.notify_one();
        }
    }

    /// So many nodes are scraped here now.
    pub fn are(&self, nodes: usize) {
        self.with(|troubles| troubles.are(nodes));
    }

    /// Tells what there is to tell, until it is dropped.
    pub async fn run(self) {
        loop {
            if timeout(LOOK, self.0.news.notified()).await.is_ok() {
                let end = Instant::now() + LONGEST;
                let quiet = || Instant::now() + QUIET;
                while timeout_at(quiet().min(end), self.0.news.notified()).await.is_ok() {}
            }
            self.tell(false);
        }
    }

    /// Tells what is left to tell of what there is, at the end of it all.
    pub fn end(&self) {
        self.tell(true);
    }

    fn tell(&self, is_end: bool) {
        for (level, said) in self.with(|troubles| troubles.news(Instant::now(), is_end)) {
            log::log!(level, "{said}");
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Troubles) -> T) -> T {
        // Nothing in here can be left half done.
        look(&mut self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
