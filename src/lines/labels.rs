//! Free pairs as tags: their keys are anybody's, and yet no line may have a tag twice.
//!
//! Which one stays where two would be one: a label before an annotation, what is written as it is before what had to be
//! changed, and of those the one whose key is first. The others are left out and counted.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::escape;
use super::tags::{LONGEST, push_value};
use crate::filter::Filter;
use crate::json::{Pairs, Text};

/// Before the key of a label that has one of ours.
pub const LABEL: &str = "label_";

/// Before the key of an annotation that has one of ours, or a label's.
pub const ANNOTATION: &str = "annotation_";

/// More than fit into a line: `,a=b` each.
const MOST: usize = LONGEST / 4;

/// What becomes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is written under its own key.
    Written,
    /// It is written with its kind before its key.
    Prefixed,
    /// It is left out.
    LeftOut,
}

/// A pair on its way to be a tag.
#[derive(Debug, Clone)]
pub struct Label<'a> {
    /// The key under which it is written.
    pub key: Cow<'a, str>,
    changed: bool,
    value: Text<'a>,
    /// What becomes of it.
    pub fate: Fate,
}

/// Appends the pairs as tags, in the order of the keys as they are written; how many were left out. `None` if they are too
/// long for a line. None of them gets a key of `taken`, nor one that the tags `beside` it have.
///
/// A pair without a key or without a value is none.
pub fn push(line: &mut Vec<u8>, pairs: Pairs<'_>, taken: &[&str], beside: &[u8]) -> Option<u64> {
    if pairs.is_empty() {
        return Some(0);
    }
    let is_taken = |key: &str| taken.contains(&key) || has_key(beside, key);
    let (pairs, beyond) = by_key(pairs, LONGEST, None);
    if beyond > 0 {
        return None;
    }
    let labels = choose(pairs, LABEL, is_taken);
    for label in labels.iter().filter(|label| label.fate != Fate::LeftOut) {
        label.push(line)?;
    }
    u64::try_from(labels.iter().filter(|label| label.fate == Fate::LeftOut).count()).ok()
}

/// A pod's labels and annotations.
#[derive(Debug, Default)]
pub struct Chosen<'a> {
    /// Those that are let through, in the order in which they are written, those that are left out among them.
    pub labels: Vec<Label<'a>>,
    /// How many are left out for their keys' length alone, or are more than fit into a line.
    pub beyond: u32,
}

/// The labels and annotations that are let through. None gets a key that `is_taken`, or is longer than `longest`.
pub fn of_pod<'a>(
    [labels, annotations]: [(Pairs<'a>, Option<&Filter>); 2],
    longest: usize,
    is_taken: impl Fn(&str) -> bool,
) -> Chosen<'a> {
    let mut beyond = 0_u32;
    let mut wanted = |(pairs, filter): (Pairs<'a>, Option<&Filter>)| {
        let filter = filter.filter(|_| !pairs.is_empty())?;
        let (pairs, more) = by_key(pairs, longest, Some(filter));
        beyond = beyond.saturating_add(more);
        Some(pairs)
    };
    let mut chosen = wanted(labels).map_or_else(Vec::new, |pairs| choose(pairs, LABEL, &is_taken));
    if let Some(pairs) = wanted(annotations) {
        let written = chosen.iter().filter(|label| label.fate != Fate::LeftOut);
        let written: BTreeSet<&str> = written.map(|label| &*label.key).collect();
        let others = choose(pairs, ANNOTATION, |key| is_taken(key) || written.contains(key));
        chosen.extend(others);
    }
    Chosen {
        labels: chosen,
        beyond,
    }
}

impl Label<'_> {
    /// Appends it as a tag; `None` if it is too long for a line.
    pub fn push(&self, line: &mut Vec<u8>) -> Option<()> {
        line.push(b',');
        escape::push_tag(line, &self.key);
        line.push(b'=');
        push_value(line, self.value).then_some(())
    }
}

/// Whether one of these tags has the key: in no other place stands a `=` that is not escaped.
fn has_key(tags: &[u8], key: &str) -> bool {
    if tags.is_empty() {
        return false;
    }
    let mut tag = vec![b','];
    escape::push_tag(&mut tag, key);
    tag.push(b'=');
    tags.windows(tag.len()).any(|window| window == tag)
}

/// What becomes of each pair, those first that come first in a line.
fn choose<'a>(
    pairs: BTreeMap<Cow<'a, str>, Text<'a>>,
    prefix: &str,
    is_taken: impl Fn(&str) -> bool,
) -> Vec<Label<'a>> {
    let pairs = pairs
        .into_iter()
        .filter(|(key, value)| !key.is_empty() && !value.is_empty());
    let mut labels: Vec<_> = pairs
        .map(|(key, value)| label(key, value, prefix, &is_taken))
        .collect();
    // Stable: those that were changed to the same stay in the order that they had.
    labels.sort_by(|a, b| (&a.key, a.changed).cmp(&(&b.key, b.changed)));
    for at in 1..labels.len() {
        if labels[at].key == labels[at - 1].key {
            labels[at].fate = Fate::LeftOut;
        }
    }
    labels
}

fn label<'a>(
    key: Cow<'a, str>,
    value: Text<'a>,
    prefix: &str,
    is_taken: &impl Fn(&str) -> bool,
) -> Label<'a> {
    let carried = match escape::carried(&key) {
        Cow::Borrowed(_) => None,
        Cow::Owned(carried) => Some(carried),
    };
    let mut changed = carried.is_some();
    let mut key = carried.map_or(key, Cow::Owned);
    let mut fate = Fate::Written;
    if is_taken(&key) {
        key = Cow::Owned(format!("{prefix}{key}"));
        changed = true;
        fate = if is_taken(&key) {
            Fate::LeftOut
        } else {
            Fate::Prefixed
        };
    }
    Label {
        key,
        changed,
        value,
        fate,
    }
}

/// Each key once that is let through, and is no longer than `longest`: of one that is given twice, the last. And how many
/// are too long, or too many for a line.
fn by_key<'a>(
    pairs: Pairs<'a>,
    longest: usize,
    filter: Option<&Filter>,
) -> (BTreeMap<Cow<'a, str>, Text<'a>>, u32) {
    let mut labels = BTreeMap::new();
    let (mut room, mut beyond) = (LONGEST, 0_u32);
    pairs.each(|key, value| {
        // An escape is six bytes at the most, and stands for one at least.
        if key.raw().len() > 6 * longest {
            beyond = beyond.saturating_add(1);
            return;
        }
        let key = key.text();
        if filter.is_some_and(|filter| !filter.lets_through(&key)) {
            return;
        }
        if let Some(before) = labels.get_mut(&key) {
            *before = value;
        } else if key.len() > longest.min(room) || labels.len() == MOST {
            beyond = beyond.saturating_add(1);
        } else {
            room -= key.len();
            labels.insert(key, value);
        }
    });
    (labels, beyond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Read as _, Reader};

    fn pairs(text: &str) -> Pairs<'_> {
        let mut pairs = Pairs::default();
        pairs.read(&mut Reader::new(text.as_bytes())).unwrap();
        pairs
    }

    fn pushed(labels: &str) -> Option<(String, u64)> {
        let mut line = Vec::new();
        let left_out = push(
            &mut line,
            pairs(labels),
            &["host", "pod_uid"],
            br",app=x\,y,b\=c=1",
        )?;
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
    fn nor_one_of_the_tags_before_it() {
        is(r#"{"app": "1"}"#, ",label_app=1", 0);
        is(r#"{"b=c": "1"}"#, r",label_b\=c=1", 0);
        is(r#"{"y": "1", "b": "2", "c": "3"}"#, ",b=2,c=3,y=1", 0);
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

    #[test]
    fn a_label_goes_before_an_annotation() {
        let all = Filter::default();
        let chosen = |labels, annotations| {
            let families = [(pairs(labels), Some(&all)), (pairs(annotations), Some(&all))];
            let chosen = of_pod(families, LONGEST, |key| key == "host" || key == "annotation_c");
            let told = chosen
                .labels
                .iter()
                .map(|label| format!("{} {:?}", label.key, label.fate));
            told.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            chosen(r#"{"a":"1","host":"2"}"#, r#"{"a":"3","b":"4","host":"5"}"#),
            "a Written, label_host Prefixed, annotation_a Prefixed, annotation_host Prefixed, b Written"
        );
        assert_eq!(
            chosen(r#"{"annotation_a":"1","a":"2","c":"3"}"#, r#"{"a":"3","c":"4"}"#),
            "a Written, annotation_a Written, c Written, annotation_a LeftOut, annotation_c LeftOut"
        );
        assert_eq!(
            chosen(r#"{"label_host":"1","host":"2"}"#, "{}"),
            "label_host Written, label_host LeftOut"
        );
    }
}
