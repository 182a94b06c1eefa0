//! Which of the pods and containers that are known a summary lists.

use super::known::{ContainerKnown, Known, PodKnown};
use crate::json::Text;
use crate::summary::PodReference;

/// Which pods and containers of what is known a summary lists.
#[derive(Debug, Default)]
pub struct Seen {
    pods: Vec<Met>,
    containers: Vec<bool>,
}

/// Whether a summary lists a pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    #[default]
    Not,
    /// Another one of its name: two of them are one series.
    ByName,
    Itself,
}

impl Seen {
    /// None of these yet.
    pub fn begin(&mut self, known: &Known) {
        self.pods.clear();
        self.pods.resize(known.pods(), Met::Not);
        self.containers.clear();
        self.containers.resize(known.containers(), false);
    }

    /// A pod is listed. Which one it is, if it is known.
    pub fn meet(&mut self, known: &Known, pod: &PodReference<'_>) -> Option<usize> {
        let found = known.find(pod.uid);
        for at in known.named(pod) {
            self.pods[at] = self.pods[at].max(Met::ByName);
        }
        if let Some(at) = found {
            self.pods[at] = Met::Itself;
            self.forget_containers(&known.pod(at));
        }
        found
    }

    /// Its containers are listed from here on: another entry of it may have listed others, or the same list that is read
    /// again.
    pub fn forget_containers(&mut self, pod: &PodKnown<'_>) {
        self.containers[pod.places()].fill(false);
    }

    /// A container of that pod is listed. Which one it is, if it is known.
    pub fn meet_container<'k>(&mut self, pod: &PodKnown<'k>, name: Text<'_>) -> Option<ContainerKnown<'k>> {
        let found = pod.container(name)?;
        self.containers[found.at()] = true;
        Some(found)
    }

    /// Whether the pod was.
    pub(super) fn has_pod(&self, at: usize) -> bool {
        self.pods.get(at) == Some(&Met::Itself)
    }

    /// Whether it was, or another one of its name.
    fn has_name(&self, at: usize) -> bool {
        self.pods.get(at).is_some_and(|met| *met != Met::Not)
    }

    /// All pods of the answer that are not listed, nor another one of their name, in the order of their names.
    pub fn unlisted<'k>(&self, known: &'k Known) -> impl Iterator<Item = PodKnown<'k>> {
        let pods = (0..known.pods())
            .filter(|&at| !self.has_name(at))
            .map(|at| known.pod(at));
        pods.filter(PodKnown::has_lines_unlisted)
    }

    /// What is known now is this; what of it was listed, was.
    pub(super) fn move_to(&mut self, before: &Known, known: &Known) {
        let mut moved = Self::default();
        moved.begin(known);
        for at in (0..before.pods()).filter(|&at| self.has_pod(at)) {
            if let Some(at) = known.find(before.pod(at).reference().uid) {
                moved.pods[at] = Met::Itself;
            }
        }
        *self = moved;
    }

    /// Whether the container was.
    #[must_use]
    pub fn has(&self, container: &ContainerKnown<'_>) -> bool {
        self.containers[container.at()]
    }
}
