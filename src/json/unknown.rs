//! The keys of a body that no type has: what a newer server has to tell.
//!
//! They are counted as they are stepped over, which costs next to nothing. The first of them are named, by the path that
//! leads to each, where somebody wants to know: nothing is held for those who don't.

use super::text::Text;

/// Levels that a path knows. No type of an API has members as deep as this.
const LEVELS: usize = 16;

/// On its level of a path, a list: what follows is in each element.
pub(super) const LIST: &str = "";

/// A longer key is told by its length. It is not cut, because what is cut off may be all by which somebody who looks for a
/// secret would know it.
const LONGEST_KEY: usize = 256;

/// What leads to the value at hand: by depth, the key of the member that was entered.
#[derive(Debug, Default)]
pub(super) struct Path([&'static str; LEVELS]);

impl Path {
    /// At that depth, the value of this key comes next.
    #[inline]
    pub(super) fn set(&mut self, depth: u32, key: &'static str) {
        if let Some(level) = self.0.get_mut(depth as usize) {
            *level = key;
        }
    }

    /// The path of a key at that depth, `pods[].cpu.newKey`.
    fn of(&self, depth: u32, key: Text<'_>) -> String {
        let mut path = String::new();
        // Outside of the outermost object there is no key.
        for level in self.0.iter().take(depth as usize).skip(1) {
            if *level == LIST {
                path.push_str("[]");
            } else {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(level);
            }
        }
        path.push_str(if path.is_empty() { "" } else { "." });
        let length = key.raw().len();
        if length > LONGEST_KEY {
            return format!("{path}(a key of {length} bytes)");
        }
        path.push_str(&key.text());
        path
    }
}

/// The keys of a body that no type has.
#[derive(Debug, Clone, Default)]
pub struct Unknown {
    count: u64,
    names: Vec<String>,
    /// So many names are wanted.
    most: usize,
    /// There are others than those that are named, or none are wanted: no more names are looked at.
    full: bool,
}

/// A moment to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    count: u64,
    names: usize,
    full: bool,
}

impl Unknown {
    /// None yet, and so many different ones are to be named.
    pub(super) fn naming(most: usize) -> Self {
        Self {
            most,
            full: most == 0,
            ..Self::default()
        }
    }

    /// How many there are; one that is in each of a list is counted for each.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first of them by their paths, `pods[].cpu.newKey`, each once, and as many as were wanted. What anybody may have
    /// written: it is not safe to be told as it is.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether there are others than those that are named.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.full && self.count > 0
    }

    /// There is one.
    #[inline]
    pub(super) fn meet(&mut self, path: &Path, depth: u32, key: Text<'_>) {
        self.count += 1;
        if !self.full {
            self.name(path, depth, key);
        }
    }

    #[cold]
    fn name(&mut self, path: &Path, depth: u32, key: Text<'_>) {
        let name = path.of(depth, key);
        if self.names.contains(&name) {
            return;
        }
        self.full = self.names.len() == self.most;
        if !self.full {
            self.names.push(name);
        }
    }

    /// This moment.
    pub(super) fn before(&self) -> Before {
        Before {
            count: self.count,
            names: self.names.len(),
            full: self.full,
        }
    }

    /// Forgets all that came since then: it is read again.
    pub(super) fn back_to(&mut self, before: Before) {
        self.count = before.count;
        self.names.truncate(before.names);
        self.full = before.full;
    }
}
