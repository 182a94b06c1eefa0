//! How the log is told of a kubelet: by itself, or together with all others of which the same is so.

use std::fmt::Display;

use log::Level;

use crate::crowd::{Crowd, Topic};

/// What a kubelet is called in the log, and who else is told of with it.
#[derive(Clone)]
pub struct Voice {
    called: String,
    of_crowd: Option<(String, Crowd)>,
}

impl Voice {
    /// Of a kubelet by itself, which is called by its URL.
    pub fn alone(url: &str) -> Self {
        Self {
            called: url.to_owned(),
            of_crowd: None,
        }
    }

    /// Of the kubelet of this node, at this URL or nowhere, which is one of many.
    pub fn of_node(node: &str, url: Option<&str>, crowd: Crowd) -> Self {
        let called = match url {
            Some(url) => format!("node {node} at {url}"),
            None => format!("node {node}"),
        };
        Self {
            called,
            of_crowd: Some((node.to_owned(), crowd)),
        }
    }

    /// Whether it is one of many.
    pub fn is_of_crowd(&self) -> bool {
        self.of_crowd.is_some()
    }

    /// This is so of it.
    pub fn says(&self, level: Level, topic: Topic, text: impl Display) {
        let called = &self.called;
        match &self.of_crowd {
            None => log::log!(level, "{called}: {text}"),
            Some((node, crowd)) => crowd.has(topic, level, node, || format!("{called}: {text}")),
        }
    }

    /// That is so no more.
    pub fn takes_back(&self, topic: Topic, text: impl Display) {
        match &self.of_crowd {
            None => log::info!("{}: {text}", self.called),
            Some((node, crowd)) => crowd.has_no_more(topic, node),
        }
    }
}
