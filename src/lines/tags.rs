//! Tags that several lines have in common, and how long a line may be.

use super::escape;
use crate::filter::Filter;
use crate::json::Text;

/// The longest line: `InfluxDB` takes no series key above 65,535 bytes, and Telegraf reads datagrams of up to 65,536; the
/// tags that Telegraf adds need their room, too. Names in Kubernetes have at most 253 characters.
///
/// A longer line is left out, and counted. A name that was cut would be another's.
pub const LONGEST: usize = 64_000;

/// Tags as they stand in a line, `,namespace=…,node_name=…,pod_name=…`.
#[derive(Debug, Default)]
pub struct Tags {
    text: Vec<u8>,
    /// Where those of what they belong to begin.
    outer: usize,
    /// Where the value of the last one begins that was added by itself.
    orders_from: usize,
    /// Where those begin that are known of a pod from `/pods`, if there are any.
    known_from: Option<usize>,
    too_long: bool,
}

impl Tags {
    /// None.
    pub fn clear(&mut self) {
        self.text.clear();
        self.outer = 0;
        self.orders_from = 0;
        self.known_from = None;
        self.text.shrink_to(LONGEST);
        self.too_long = false;
    }

    /// Adds a tag, unless its value is empty.
    pub fn push(&mut self, key: &str, value: Text<'_>) {
        if value.is_empty() {
            return;
        }
        self.orders_from = self.text.len() + ",=".len() + key.len();
        self.too_long |= !push_tag(&mut self.text, key, value);
    }

    /// Adds those others, but for what is known of them.
    pub fn append_own(&mut self, owner: &Self) {
        match owner.text() {
            Some(_) => self.text.extend_from_slice(owner.own()),
            None => self.too_long = true,
        }
    }

    /// Adds those that are known of a pod, as they stand in a line.
    pub fn append_known(&mut self, known: &[u8]) {
        if !known.is_empty() {
            self.known_from = Some(self.text.len());
            self.text.extend_from_slice(known);
        }
    }

    /// Adds those of an owner, as the last ones; in the place of those that are known of it these.
    pub fn belong_to(&mut self, owner: &Self, known: Option<&[u8]>) {
        self.outer = self.text.len();
        self.text.extend_from_slice(owner.own());
        self.too_long |= owner.too_long;
        self.append_known(known.unwrap_or_else(|| owner.known()));
    }

    /// Those that are known of a pod.
    pub fn known(&self) -> &[u8] {
        &self.text[self.known_from.unwrap_or(self.text.len())..]
    }

    /// Those that are not, and which say what it is.
    pub fn own(&self) -> &[u8] {
        &self.text[..self.known_from.unwrap_or(self.text.len())]
    }

    /// Behind how many bytes those of the owner stand, if these belong to one.
    pub fn outer(&self) -> usize {
        self.outer
    }

    /// Behind how many bytes what they are put in order by stands.
    pub fn orders_from(&self) -> usize {
        self.orders_from
    }

    /// All of them; `None` if no line can have them.
    pub fn text(&self) -> Option<&[u8]> {
        (!self.too_long && self.text.len() <= LONGEST).then_some(&self.text)
    }
}

/// Appends a tag with one of our own keys; false if its value is too long for any line.
#[inline]
pub fn push_tag(line: &mut Vec<u8>, key: &str, value: Text<'_>) -> bool {
    line.push(b',');
    line.extend_from_slice(key.as_bytes());
    line.push(b'=');
    push_value(line, value)
}

/// Appends the value of a tag; false if it is too long for any line.
#[inline]
pub fn push_value(line: &mut Vec<u8>, value: Text<'_>) -> bool {
    match value.unescaped() {
        Some(raw) if escape::is_usual(raw) && raw.len() <= LONGEST => {
            line.extend_from_slice(raw);
            true
        }
        _ => push_odd(line, value),
    }
}

#[cold]
fn push_odd(line: &mut Vec<u8>, value: Text<'_>) -> bool {
    // An escape is six bytes at the most, and stands for one at least.
    let most = if value.unescaped().is_some() { 1 } else { 6 };
    if value.raw().len() > most * LONGEST {
        return false;
    }
    escape::push_tag(line, &value.text());
    true
}

/// Whether a name is let through. One that is too long for any line is: it is left out there, and counted.
pub fn lets_through(filter: &Filter, name: Text<'_>) -> bool {
    filter.lets_all_through() || name.raw().len() > 6 * LONGEST || filter.lets_through(&name.text())
}
