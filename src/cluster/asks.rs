//! What an API server is asked about nodes: for a page of their list, and for what changes from then on.

use std::time::Duration;

use super::query;
use super::selector::Selector;
use crate::client::Query;

/// Asks for those that are selected.
#[derive(Debug, Clone)]
pub struct Asks {
    /// `labelSelector=…` with its `&`, or nothing.
    selector: String,
}

impl Asks {
    /// For those of this selector.
    #[must_use]
    pub fn new(selector: &Selector) -> Self {
        let selector = if selector.is_all() {
            String::new()
        } else {
            format!("&labelSelector={}", selector.as_query())
        };
        Self { selector }
    }

    /// For a page: the first, or the next one.
    #[must_use]
    pub fn list(&self, next: Option<&str>, limit: u32) -> Query {
        let page = next.map(|next| format!("&continue={}", query::encoded(next)));
        let page = page.unwrap_or_default();
        path(&format!("/api/v1/nodes?limit={limit}{page}{}", self.selector))
    }

    /// For what changes after this version, for so long.
    #[must_use]
    pub fn watch(&self, version: &str, lasts: Duration) -> Query {
        let (version, seconds) = (query::encoded(version), lasts.as_secs());
        path(&format!(
            "/api/v1/nodes?watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}{}",
            self.selector
        ))
    }
}

fn path(path: &str) -> Query {
    Query::get(path).expect("what was encoded is a path, and none of it is as long as a path may be")
}
