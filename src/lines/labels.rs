//! Free pairs as tags: their keys are anybody's, and yet no line may have a tag twice.
//!
//! Which one stays where two would be one: the label that is written as it is before one whose key had to be changed,
//! and of those the one whose key is first. The others are left out and counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::escape;
use super::tags::{LONGEST, push_value};
use crate::json::{Pairs, Text};

/// Before the key of a label that has one of ours.
const PREFIX: &str = "label_";

/// More than fit into a line: `,a=b` each.
const MOST: usize = LONGEST / 4;

/// Appends the pairs as tags, in the order of the keys as they are written; how many were left out. `None` if they are too
/// long for a line.
///
/// A pair without a key or without a value is none.
pub fn push(line: &mut Vec<u8>, pairs: Pairs<'_>, taken: &[&str]) -> Option<u64> {
    if pairs.is_empty() {
        return Some(0);
    }
    let labels = by_key(pairs)?;
    let mut labels: Vec<_> = labels
        .iter()
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        .map(|(key, value)| Label::new(key, *value, taken))
        .collect();
    // Stable: those that were changed to the same stay in the order that they had.
    labels.sort_by(|a, b| (&a.key, a.changed).cmp(&(&b.key, b.changed)));
    let all = labels.len();
    labels.dedup_by(|label, stays| label.key == stays.key);
    for label in &labels {
        line.push(b',');
        escape::push_tag(line, &label.key);
        line.push(b'=');
        if !push_value(line, label.value) {
            return None;
        }
    }
    u64::try_from(all - labels.len()).ok()
}

/// Each key once: of one that is given twice, the last.
fn by_key(pairs: Pairs<'_>) -> Option<BTreeMap<Cow<'_, str>, Text<'_>>> {
    let mut labels = BTreeMap::new();
    let (mut room, mut too_long) = (LONGEST, false);
    pairs.each(|key, value| {
        // An escape is six bytes at the most, and stands for one at least.
        if too_long || key.raw().len() > 6 * LONGEST {
            too_long = true;
            return;
        }
        let key = key.text();
        let length = key.len();
        if labels.insert(key, value).is_none() {
            too_long = length > room || labels.len() > MOST;
            room = room.saturating_sub(length);
        }
    });
    (!too_long).then_some(labels)
}

struct Label<'l> {
    key: Cow<'l, str>,
    changed: bool,
    value: Text<'l>,
}

impl<'l> Label<'l> {
    fn new(key: &'l str, value: Text<'l>, taken: &[&str]) -> Self {
        let mut carried = escape::carried(key);
        let prefixed = taken.contains(&&*carried);
        if prefixed {
            carried = Cow::Owned(format!("{PREFIX}{carried}"));
        }
        Self {
            changed: prefixed || matches!(carried, Cow::Owned(_)),
            key: carried,
            value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Read as _, Reader};

    fn pushed(labels: &str) -> Option<(String, u64)> {
        let mut pairs = Pairs::default();
        pairs.read(&mut Reader::new(labels.as_bytes())).unwrap();
        let mut line = Vec::new();
        let left_out = push(&mut line, pairs, &["host", "pod_uid"])?;
        Some((String::from_utf8(line).unwrap(), left_out))
    }

    fn is(labels: &str, line: &str, left_out: u64) {
        assert_eq!(pushed(labels), Some((line.to_owned(), left_out)), "{labels}");
    }

    #[test]
    fn no_key_comes_twice() {
        is(r#"{"b": "1", "a": "2"}"#, ",a=2,b=1", 0);
        is(r#"{"a": "1", "a": "2"}"#, ",a=2", 0);
        is(r#"{"a": "1", "": "2", "b": "", "c": 5}"#, ",a=1", 0);
        is(r#"{"host": "1"}"#, ",label_host=1", 0);
        is(r#"{"host": "1", "label_host": "2"}"#, ",label_host=2", 1);
        is(r#"{"a_": "1", "a\u0001": "2"}"#, ",a_=1", 1);
        is(r#"{"a\u0002": "1", "a\u0001": "2"}"#, ",a_=2", 1);
        is(r#"{"pod\u0001uid": "1", "pod_uid": "2"}"#, ",label_pod_uid=1", 1);
        is(r#"{"a": "", "a\u0001": "2", "a_": ""}"#, ",a_=2", 0);
        is("{}", "", 0);
        is("5", "", 0);
    }

    #[test]
    fn what_no_line_can_hold_is_refused() {
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(pushed(&format!(r#"{{"a": "{long}"}}"#)), None);
        assert_eq!(pushed(&format!(r#"{{"{long}": "a"}}"#)), None);
        let many: Vec<_> = (0..=MOST).map(|at| format!(r#""{at:x}": """#)).collect();
        assert_eq!(pushed(&format!("{{{}}}", many.join(","))), None);
        // The same one a million times is one.
        is(
            &format!("{{{}}}", vec![r#""a": "1""#; 1_000_000].join(",")),
            ",a=1",
            0,
        );
    }
}
