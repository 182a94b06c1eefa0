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

/// The kinds of what is left out of an answer of which the log was told.
#[derive(Debug, Default)]
pub(super) struct LeftOut([bool; 5]);

impl LeftOut {
    /// What is left out of an answer of those kinds that were not told yet, each with its kind and in words; from now on they are.
    pub(super) fn news(&mut self, rendered: &Rendered) -> Vec<(&'static str, String)> {
        let kinds = [
            (
                rendered.out_of_range,
                "values that no integer field holds (kubelets wrap below zero: kubernetes helper.go)",
                None,
            ),
            (
                rendered.rejected.count,
                "values that are not of the API's type",
                rendered.rejected.first_at,
            ),
            (
                rendered.lines_left_out,
                "lines whose names are longer than InfluxDB takes, or missing",
                None,
            ),
            (rendered.labels_left_out, "labels that would be another tag", None),
            (
                rendered.metadata_left_out,
                "values of /pods (not of the API's type; quantities or times that are none; texts that are too long; labels \
                 that would be another tag; or each pod's, because all of it would make too many lines, or too long ones), \
                 which telegraf-kubelet check tells apart",
                None,
            ),
        ];
        let mut news = Vec::new();
        for ((count, words, at), told) in kinds.into_iter().zip(&mut self.0) {
            if count > 0 && !std::mem::replace(told, true) {
                let first = at.map(|at| format!(", the first at byte {at}"));
                news.push((words, format!("{count} {words}{}", first.unwrap_or_default())));
            }
        }
        news
    }
}
