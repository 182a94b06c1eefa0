//! What an API server lists of a node, on the node's own lines: made once and not at each tick, for it seldom changes.
//!
//! Knows names of tags, and which values there are; how they became known is nobody's business here.

use std::ops::Deref;

use super::escape;
use super::labels::LABEL;
use super::tags::LONGEST;
use crate::summary::Node;

/// What of the values stands where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeValue {
    /// Thousandths of processors that it has.
    CapacityMillicpu,
    /// Bytes that it has.
    CapacityMemory,
    /// Pods that it takes.
    CapacityPods,
    /// The same of what it has for pods.
    AllocatableMillicpu,
    /// Bytes that it has for pods.
    AllocatableMemory,
    /// Pods that it takes beside its own.
    AllocatablePods,
    /// Nobody is to be scheduled onto it.
    Unschedulable,
}

/// How many there are.
pub(super) const VALUES: usize = 7;

/// What is listed of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// As they stand in a line.
    tags: Vec<u8>,
    /// As they stand in a line, by [`NodeValue`]; empty where they are not known.
    values: [String; VALUES],
}

impl Listed {
    /// These labels as tags, whose keys are in order and come but once, and these values. A label that has the key of one of our
    /// own tags gets its kind before it; where that is another's too, or there is no room in a line, it is left out.
    pub(super) fn new(
        labels: &[(String, String)],
        values: [Option<u64>; VALUES],
        taken: &[&'static str],
    ) -> Self {
        let mut tags = Vec::new();
        for (key, value) in labels
            .iter()
            .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        {
            let key = if taken.contains(&key.as_str()) {
                let other = format!("{LABEL}{key}");
                if labels.iter().any(|(key, _)| *key == other) {
                    continue;
                }
                other
            } else {
                key.clone()
            };
            if tags.len() + key.len() + value.len() > LONGEST / 8 {
                continue;
            }
            tags.push(b',');
            escape::push_tag(&mut tags, &key);
            tags.push(b'=');
            escape::push_tag(&mut tags, value);
        }
        let values = values.map(|value| value.map_or_else(String::new, |value| value.to_string()));
        Self { tags, values }
    }

    /// As they stand in a line.
    pub(super) fn tags(&self) -> &[u8] {
        &self.tags
    }
}

/// A node of the summary, and what is listed of it.
#[derive(Debug, Clone, Copy)]
pub struct JoinedNode<'a> {
    /// As the kubelet tells.
    pub of: &'a Node<'a>,
    /// As the API server does, where it is asked.
    pub listed: Option<&'a Listed>,
}

impl<'a> Deref for JoinedNode<'a> {
    type Target = Node<'a>;

    fn deref(&self) -> &Node<'a> {
        self.of
    }
}

impl JoinedNode<'_> {
    /// A value, empty where it is absent.
    #[must_use]
    pub fn listed(&self, value: NodeValue) -> &[u8] {
        self.listed
            .map_or(&[], |listed| listed.values[value as usize].as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_never_has_the_key_of_another_tag() {
        let labels = [
            ("label_namespace", "written as it is"),
            ("namespace", "left out, for its other key is another's"),
            ("node_name", "other"),
            ("topology.kubernetes.io/zone", "a b"),
        ];
        let labels: Vec<_> = labels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let listed = Listed::new(&labels, [None; VALUES], &["namespace", "node_name"]);
        assert_eq!(
            String::from_utf8(listed.tags).expect("text"),
            ",label_namespace=written\\ as\\ it\\ is,label_node_name=other,topology.kubernetes.io/zone=a\\ b"
        );
    }
}
