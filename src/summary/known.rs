//! Which keys of a body are none that this version reads: what a newer kubelet has to tell beyond it.
//!
//! For who looks once. A tick steps over such keys without a word.

use std::collections::BTreeSet;

use serde_json::Value;

use super::leaf::{Flag, Real, Text, Time, Whole};
use super::types::{Labels, Node, Pod};

/// Read from nowhere, because it says again what stands elsewhere: a claim is in its pod's namespace.
const SAID_ELSEWHERE: &str = "pods[].volume[].pvcRef.namespace";

/// The paths of unknown keys, `pods[].cpu.newKey`, each once.
#[must_use]
pub fn unknown_keys(summary: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in summary.as_object().into_iter().flatten() {
        match key.as_str() {
            "node" => Node::unknown(value, "node", &mut found),
            "pods" => Vec::<Pod<'_>>::unknown(value, "pods", &mut found),
            _ => {
                found.insert(key.clone());
            }
        }
    }
    found.remove(SAID_ELSEWHERE);
    found
}

/// A type that knows its keys.
pub(super) trait Known {
    /// Adds the keys below `path` that are not of the type.
    fn unknown(value: &Value, path: &str, found: &mut BTreeSet<String>);
}

impl<T: Known> Known for Vec<T> {
    fn unknown(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        let path = format!("{path}[]");
        for item in value.as_array().into_iter().flatten() {
            T::unknown(item, &path, found);
        }
    }
}

macro_rules! leaves {
    ($($name:ident)*) => {$(
        impl Known for $name<'_> {
            fn unknown(_: &Value, _: &str, _: &mut BTreeSet<String>) {}
        }
    )*};
}

leaves! { Flag Real Text Time Whole Labels }

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_each_unknown_key_once_by_its_path() {
        let pod = json!({"podRef": {"name": "p"}, "cpu": {"usageNanoCores": 1, "throttled": 2},
            "volume": [{"pvcRef": {"name": "c", "namespace": "n"}, "class": "x"}]});
        let summary =
            json!({"node": {"nodeName": "n", "gpu": {"any": 1}}, "pods": [pod.clone(), pod], "version": 2});
        let found: Vec<_> = unknown_keys(&summary).into_iter().collect();
        assert_eq!(
            found,
            [
                "node.gpu",
                "pods[].cpu.throttled",
                "pods[].volume[].class",
                "version"
            ]
        );
    }
}
