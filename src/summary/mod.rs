//! The summary: a body in, the API's types out, piece by piece.
//!
//! Knows what a kubelet prints at `/stats/summary`. Knows nothing of how it was fetched or of what becomes of it: each
//! container, volume and interface is handed to a [`Visit`]or as soon as it is read, so that nothing a body can have any
//! number of is ever held. What a visitor could not do without knowing all of a list, it does by asking for the list once
//! more: the body is there.

mod types;
mod visit;
mod walk;

use std::collections::BTreeSet;

use serde_json::Value;

pub use types::*;
pub use visit::{ListOf, NotASummary, Then, Visit};
pub use walk::read;

use crate::json::Known as _;

/// Read from nowhere, because it says again what stands elsewhere: a claim is in its pod's namespace.
const SAID_ELSEWHERE: &str = "pods[].volume[].pvcRef.namespace";

/// The paths of the keys that this version does not read, `pods[].cpu.newKey`, each once.
#[must_use]
pub fn unknown_keys(summary: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    Summary::unknown(summary, "", &mut found);
    let mut found: BTreeSet<_> = found
        .iter()
        .map(|path| path.trim_start_matches('.').to_owned())
        .collect();
    found.remove(SAID_ELSEWHERE);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_each_unknown_key_once_by_its_path() {
        let pod = json!({"podRef": {"name": "p"}, "cpu": {"usageNanoCores": 1, "throttled": 2},
            "containers": [{"accelerators": [{"watts": 1}]}],
            "volume": [{"pvcRef": {"name": "c", "namespace": "n"}, "class": "x"}]});
        let summary =
            json!({"node": {"nodeName": "n", "gpu": {"any": 1}}, "pods": [pod.clone(), pod], "version": 2});
        let found: Vec<_> = unknown_keys(&summary).into_iter().collect();
        assert_eq!(
            found,
            [
                "node.gpu",
                "pods[].containers[].accelerators[].watts",
                "pods[].cpu.throttled",
                "pods[].volume[].class",
                "version"
            ]
        );
    }
}
