//! What the log is told of an API server: once that it fails, once that it fails in another way, and once that it works again.

use std::mem::discriminant;

use tokio::time::Instant;

use super::budget::Budget;
use super::error::DiscoveryError;
use super::node::Wanted;
use super::selector::Selector;

/// What was told, and of whom.
pub struct Telling {
    url: String,
    /// That there is none.
    no_node: String,
    fails: Option<Fails>,
    budget: Budget,
    works: bool,
    left_out: bool,
}

struct Fails {
    since: Instant,
    told: DiscoveryError,
}

impl Telling {
    /// Nothing yet, of those nodes that these choose.
    #[must_use]
    pub fn new(url: String, selector: &Selector, wanted: &Wanted) -> Self {
        Self {
            url,
            no_node: no_node(selector, wanted),
            fails: None,
            budget: Budget::new(Instant::now()),
            works: false,
            left_out: false,
        }
    }

    /// It fails. Nodes are known still, or none ever were.
    pub fn fails(&mut self, error: DiscoveryError, any_known: bool) {
        let fails = self.fails.as_ref();
        if fails.is_some_and(|fails| is_alike(&fails.told, &error)) {
            return;
        }
        let meanwhile = if any_known {
            "going on with the nodes that were listed last"
        } else {
            "no node is known yet"
        };
        // What is not said now is said when it still is so in the next hour.
        let Some(words) = self.budget.line(Instant::now()) else {
            return;
        };
        log::error!("{}: {error}; {meanwhile}{words}", self.url);
        self.fails = Some(Fails {
            since: fails.map_or_else(Instant::now, |fails| fails.since),
            told: error,
        });
    }

    /// It works; so many nodes are there.
    pub fn works(&mut self, nodes: impl FnOnce() -> usize) {
        let url = &self.url;
        let fails = self.fails.take();
        if fails.is_none() && std::mem::replace(&mut self.works, true) {
            return;
        }
        self.works = true;
        let count = nodes();
        if let Some(fails) = fails {
            log::info!(
                "{url}: the API server answers again after {} s, {}",
                fails.since.elapsed().as_secs(),
                counted(count)
            );
        } else if count > 0 {
            log::info!("{url}: the API server lists {}", counted(count));
        }
        if count == 0 {
            log::warn!("{url}: {}: nothing is scraped; said here once", self.no_node);
        }
    }

    /// So many objects are no nodes.
    pub fn leaves_out(&mut self, objects: u64) {
        if objects == 0 || std::mem::replace(&mut self.left_out, true) {
            return;
        }
        log::warn!(
            "{}: left out {objects} objects with no name, or one that no node can have; said here once",
            self.url
        );
    }
}

/// So many of them, in words.
#[must_use]
pub fn counted(nodes: usize) -> String {
    match nodes {
        1 => "1 node".to_owned(),
        nodes => format!("{nodes} nodes"),
    }
}

/// That there is no node, and what may have taken them.
#[must_use]
pub fn no_node(selector: &Selector, wanted: &Wanted) -> String {
    let labels = (!selector.is_all()).then_some("node_selector");
    let options: Vec<_> = labels.into_iter().chain(wanted.options()).collect();
    if options.is_empty() {
        return "the API server lists no node".to_owned();
    }
    format!("the API server lists no node that fits {}", options.join(" and "))
}

/// Whether who was told of one has to know nothing of the other: the same has to be done about both.
fn is_alike(one: &DiscoveryError, other: &DiscoveryError) -> bool {
    match (one, other) {
        (DiscoveryError::Tls(one), DiscoveryError::Tls(other)) => discriminant(one) == discriminant(other),
        (one, other) => one.cause() == other.cause(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::{Phase, Unreached};
    use crate::tls_fault::TlsFault;

    #[test]
    fn what_needs_the_same_is_told_once() {
        let timeout = |phase| DiscoveryError::Timeout {
            limit: Duration::from_secs(5),
            phase,
        };
        let away = DiscoveryError::Unreached(Unreached::UnknownName);
        assert!(is_alike(&timeout(Phase::Waiting), &timeout(Phase::Reading(7))));
        assert!(!is_alike(&timeout(Phase::Waiting), &away));
        let tls = DiscoveryError::Tls;
        assert!(is_alike(&tls(TlsFault::Ended), &tls(TlsFault::Ended)));
        assert!(!is_alike(&tls(TlsFault::Ended), &tls(TlsFault::NotTls)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_lasts_from_its_beginning_whatever_it_becomes() {
        let mut telling = Telling::new(String::new(), &Selector::default(), &Wanted::default());
        telling.fails(DiscoveryError::NotHttp, false);
        tokio::time::advance(Duration::from_secs(5)).await;
        telling.fails(DiscoveryError::Unreached(Unreached::UnknownName), true);
        let since = telling
            .fails
            .as_ref()
            .map(|fails| fails.since.elapsed().as_secs());
        assert_eq!(since, Some(5));
        telling.works(|| 3);
        assert!(telling.fails.is_none() && telling.works);
    }
}
