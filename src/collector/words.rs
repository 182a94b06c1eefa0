//! What is said of a tick: why it has no summary, and what was left out of one.

use crate::kubelet::{Cause, ScrapeError};
use crate::lines::{Rendered, Unusable};
use crate::system::Fault;

/// Why a tick has no summary.
pub(super) enum Failure {
    Scrape(ScrapeError),
    Summary(Unusable),
    NoMemory,
    GivenUp,
    /// It is the summary of another node than the one that was listed at that address.
    OtherNode,
}

impl Failure {
    /// Its cause.
    pub(super) fn cause(&self) -> Cause {
        match self {
            Self::Scrape(error) => error.cause(),
            Self::Summary(_) | Self::NoMemory => Cause::BadAnswer,
            Self::GivenUp => Cause::Timeout,
            Self::OtherNode => Cause::WrongNode,
        }
    }

    /// The HTTP status, where there was one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Scrape(error) => error.status(),
            Self::Summary(_) | Self::NoMemory | Self::OtherNode => Some(200),
            Self::GivenUp => None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scrape(error) => error.fmt(f),
            Self::Summary(error) => write!(f, "{error}; tried again at the next tick"),
            Self::NoMemory => write!(f, "the answer can not be used: {}", Fault::NoMemory),
            Self::OtherNode => f.write_str(
                "the kubelet at that address is another node's, which writes the lines itself: the node object is left behind by \
                 a node that is gone, or two nodes say that they have one address; see kubectl get nodes -o wide",
            ),
            Self::GivenUp => f.write_str("no answer yet, given up because we are told to stop"),
        }
    }
}

/// What is left out of an answer, in words.
pub(super) fn what_is_left_out(rendered: &Rendered) -> String {
    let first = rendered
        .rejected
        .first_at
        .map(|at| format!(", the first at byte {at}"))
        .unwrap_or_default();
    let kinds = [
        (
            rendered.out_of_range,
            "values that no integer field holds (kubelets wrap below zero: kubernetes helper.go)".to_owned(),
        ),
        (
            rendered.rejected.count,
            format!("values that are not of the API's type{first}"),
        ),
        (
            rendered.lines_left_out,
            "lines whose names are longer than InfluxDB takes, or missing".to_owned(),
        ),
        (
            rendered.labels_left_out,
            "labels that would be another tag".to_owned(),
        ),
        (
            rendered.metadata_left_out,
            "labels that would be another tag, or texts and quantities that are too long or none, of what /pods tells; or each \
             pod's, because all of it would make too many lines, or too long ones".to_owned(),
        ),
    ];
    let told = kinds.iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = told.map(|(count, kind)| format!("{count} {kind}")).collect();
    told.join(", ")
}
