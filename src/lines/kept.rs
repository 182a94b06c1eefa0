//! What is kept from tick to tick, and what is at hand in one.

use std::sync::Arc;

use super::line::Line;
use super::listed::Listed;
use super::metadata::PodKnown;
use super::page::Page;
use super::plan::Plans;
use super::schema::{NAMESPACE, NODE_NAME, POD_NAME, POD_UID};
use super::settings::Settings;
use super::tags::Tags;
use crate::json::{Text, Unknown};
use crate::summary::PodReference;

/// A node's name is remembered, for the log and for `kubelet_scrape`, up to this length, which no node's has.
const LONGEST_NAME: usize = 1024;

/// Settings, buffers, and the tags of what is at hand.
pub(super) struct Kept {
    pub(super) settings: Settings,
    pub(super) plans: Plans,
    pub(super) page: Page,
    /// Kept after a failed tick, so that `kubelet_scrape` can still name the node.
    pub(super) node_name: String,
    /// What is listed of it, where it is one of those that are discovered.
    pub(super) listed: Option<Arc<Listed>>,
    /// `,node_name=…`.
    pub(super) node_tags: Tags,
    /// `,namespace=…,node_name=…,pod_name=…` of the pod at hand.
    pub(super) pod_tags: Tags,
    /// `,container_name=…` of the container at hand, and those of its owner.
    pub(super) container_tags: Tags,
    /// So many of the keys that no type has are to be named.
    pub(super) names: usize,
    /// Those of the last answer.
    pub(super) unknown: Unknown,
}

impl Kept {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            plans: Plans::new(settings),
            page: Page::new(Line::new(settings.timestamp)),
            node_name: String::new(),
            listed: None,
            node_tags: Tags::default(),
            pod_tags: Tags::default(),
            container_tags: Tags::default(),
            names: 0,
            unknown: Unknown::default(),
        }
    }

    /// The node is called so.
    pub(super) fn name_node(&mut self, name: Text<'_>) {
        self.node_tags.clear();
        self.node_tags.push(NODE_NAME, name);
        if let Some(listed) = &self.listed {
            self.node_tags.append_known(listed.tags());
        }
        if name.raw().len() > LONGEST_NAME {
            self.node_name.clear();
        } else if self.node_name != name.text() {
            self.node_name = name.text().into_owned();
        }
    }

    /// The pod at hand is called so, and that is known of it.
    pub(super) fn name_pod(&mut self, pod: &PodReference<'_>, known: Option<PodKnown<'_>>) {
        let tags = &mut self.pod_tags;
        tags.clear();
        tags.push(NAMESPACE, pod.namespace);
        tags.append_own(&self.node_tags);
        tags.push(POD_NAME, pod.name);
        if self.settings.pod_uid {
            tags.push(POD_UID, pod.uid);
        }
        if let Some(known) = known {
            tags.append_known(known.tags(false));
        }
    }
}
