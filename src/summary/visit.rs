//! Who receives a summary's parts, and why there may be none to receive.

use super::types::{Accelerator, Container, Interface, Node, Pod, PodReference, UserMetric, Volume};
use crate::json::{Malformed, Text, Time};

/// The lists of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOf {
    /// `pods`.
    Pods,
    /// The containers of a pod, or the system containers of the node.
    Containers,
    /// The interfaces of a pod or of the node.
    Interfaces,
    /// The volumes of a pod.
    Volumes,
    /// The accelerators of a container.
    Accelerators,
    /// The user metrics of a container.
    UserMetrics,
}

/// What is to be done behind a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Go on.
    GoOn,
    /// Begin the list again, and hand on the same elements once more.
    Again,
}

/// Who receives a summary's parts: those of the node first, then those of each pod, in the kubelet's (random) order.
///
/// Objects are used again for the next of their kind, so take what is needed.
pub trait Visit<'a> {
    /// Forget everything that came before: the body is read again from its start.
    fn restart(&mut self);

    /// The node begins. If it had begun before: forget what came since.
    fn node_begins(&mut self, name: Text<'a>);
    /// All that the node has itself. It ends here.
    fn node(&mut self, node: &Node<'a>);

    /// A pod begins. If one had begun that did not end, it is that one: forget what came since.
    fn pod_begins(&mut self, reference: &PodReference<'a>);
    /// All that the pod has itself. It ends here.
    fn pod(&mut self, pod: &Pod<'a>);

    /// A list of what is at hand begins.
    fn list_begins(&mut self, list: ListOf);
    /// It ends.
    fn list_ends(&mut self, list: ListOf) -> Then;

    /// All that a container of the pod, or a system container, has itself. What it has lists of follows.
    fn container(&mut self, container: &Container<'a>);
    /// An accelerator of the container.
    fn accelerator(&mut self, accelerator: &Accelerator<'a>);
    /// A user metric of the container.
    fn user_metric(&mut self, metric: &UserMetric<'a>);
    /// The container ends.
    fn container_ends(&mut self, container: &Container<'a>);

    /// An interface of the node or the pod, measured at `time`.
    fn interface(&mut self, interface: &Interface<'a>, time: Time<'a>);
    /// A volume of the pod.
    fn volume(&mut self, volume: &Volume<'a>);
}

/// Why a body is not a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotASummary {
    /// The kubelet answers 200 with nothing when it cannot print its own numbers (a NaN).
    Empty,
    /// It is not JSON, or ends too soon.
    Malformed(Malformed),
    /// It is JSON, but has neither `node` nor `pods`.
    Other,
    /// It would have to be read over and over.
    Tangled,
}

impl std::fmt::Display for NotASummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("the kubelet answered 200 with an empty body"),
            Self::Malformed(malformed) => write!(f, "the answer is {malformed}"),
            Self::Other => {
                f.write_str("the answer is JSON but no summary: neither `node` nor `pods` is in it")
            }
            Self::Tangled => f.write_str(
                "the answer is JSON that no kubelet prints: its keys are so far out of order, or so many of its \
                 entries come twice, that it would have to be read over and over",
            ),
        }
    }
}

impl std::error::Error for NotASummary {}

impl From<Malformed> for NotASummary {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
