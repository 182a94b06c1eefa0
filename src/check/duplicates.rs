//! What the kubelet lists twice.

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use crate::redact::Redacted;

/// So many entries were put aside, of which this was the first.
pub fn tell(count: u64, first: &Redacted) -> Finding {
    Finding::notice(
        Step::Lines,
        Diagnosis::DuplicateSeries,
        format!(
            "{count} entries of the summary would be the series of others and are put aside, {first} first; each series is \
             written once, of the entry that uses something, else of the one that was measured last"
        ),
    )
    .mend(Mend::say(
        "of containers it is the kubelet's fault, and nothing is lost: it goes on to list what a restart left behind, or \
         measures one container at two places (kubernetes issues 47853, 53514, 65332, 128229 and 137724); if it stays, \
         restart the kubelet when that suits",
    ))
    .mend(Mend::say(
        "two pods of one name are a pod and its successor, which takes its place; `pod_uid = true` writes both",
    ))
}
