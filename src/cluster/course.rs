//! What is asked of the API server next, and when, by what became of what was asked before: pages of a list until it is whole,
//! then one watch after another, each from where the one before ended.
//!
//! Decides, and does no I/O and looks at no clock. The rules are those of client-go's `Reflector`, but for what is quicker or
//! kinder to the server here.

use std::time::Duration;

use super::back_off::{BackOff, Random};
use super::error::DiscoveryError;

/// Nodes of one page. A node is 5 to 30 KB in JSON, most of it images and managed fields.
const PAGE: u32 = 100;

/// How long a watch lasts; the API server's own is half an hour to an hour. A connection goes on with the token and the
/// certificates that it began with.
const SHORTEST_WATCH: Duration = Duration::from_secs(300);
const LONGEST_WATCH: Duration = Duration::from_secs(600);

/// A watch that lasted so long was one, even if it told nothing.
const STEADY: Duration = Duration::from_secs(10);

/// Between two questions of which the one before was answered well: all members of a cluster lose their watches at once when
/// an API server goes.
const PAUSE: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A page of the list.
    List {
        /// The token for it; `None` for the first.
        next: Option<String>,
        /// How many nodes are on it.
        limit: u32,
    },
    /// A watch.
    Watch {
        /// From there.
        version: String,
        /// For so long.
        lasts: Duration,
    },
}

/// What is done before anything is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Nothing, for so long.
    pub wait: Duration,
    /// Somebody has to know why.
    pub is_trouble: bool,
}

/// Where we are.
#[derive(Debug)]
enum At {
    Page(Option<String>),
    Watch(String),
}

/// The way through lists and watches.
#[derive(Debug)]
pub struct Course {
    at: At,
    limit: u32,
    random: Random,
    /// Since a list was whole.
    lists: BackOff,
    /// Since a watch told something, or lasted.
    watches: BackOff,
    /// Since a watch ended as it should.
    expiries: BackOff,
    /// The watch that goes on has told something.
    told: bool,
    /// The watch before this one told nothing, and did not last.
    hollow: bool,
}

impl Course {
    /// It begins with a list. What is by chance is by this number.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            at: At::Page(None),
            limit: PAGE,
            random: Random::new(seed),
            lists: BackOff::default(),
            watches: BackOff::default(),
            expiries: BackOff::default(),
            told: false,
            hollow: false,
        }
    }

    /// What is asked now.
    pub fn ask(&mut self) -> Ask {
        match &self.at {
            At::Page(next) => Ask::List {
                next: next.clone(),
                limit: self.limit,
            },
            At::Watch(version) => {
                self.told = false;
                Ask::Watch {
                    version: version.clone(),
                    lasts: self.random.between(SHORTEST_WATCH, LONGEST_WATCH),
                }
            }
        }
    }

    /// A page came. Whether the list is whole with it, and is the state of that version.
    pub fn page(&mut self, version: String, next: Option<String>) -> bool {
        let is_last = next.is_none();
        self.at = if is_last {
            self.lists.reset();
            At::Watch(version)
        } else {
            At::Page(next)
        };
        is_last
    }

    /// Whether a watch that has begun is to be believed: not if the last one ended as it had begun.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.hollow
    }

    /// The watch has told all up to this version, where it says so.
    pub fn told(&mut self, version: Option<String>) {
        self.told = true;
        self.hollow = false;
        self.watches.reset();
        if let Some(version) = version {
            self.at = At::Watch(version);
        }
    }

    /// The watch is over, or its connection, which is all the same: who lets no answer last for more than a minute cuts it
    /// off wherever it is.
    pub fn ended(&mut self, lived: Duration) -> Rest {
        if self.told || lived >= STEADY {
            self.hollow = false;
            self.watches.reset();
            self.expiries.reset();
            return self.go_on();
        }
        let is_trouble = std::mem::replace(&mut self.hollow, true);
        let wait = self.watches.fail(None, &mut self.random);
        Rest { wait, is_trouble }
    }

    /// The watch says nothing any more. If it never did, perhaps there is no such version: that of a cluster that was
    /// restored from a backup is in the future.
    pub fn silent(&mut self) -> Rest {
        if !self.told {
            self.relist();
        }
        self.go_on()
    }

    /// What was asked has no answer, or the watch has ended with an error.
    pub fn failed(&mut self, error: &DiscoveryError) -> Rest {
        // Somebody knows of that; the next watch that begins is the end of it.
        self.hollow = false;
        let code = match error {
            DiscoveryError::Status { code, .. } => Some(*code),
            _ => None,
        };
        let is_list = matches!(self.at, At::Page(_));
        if is_list && matches!(error, DiscoveryError::TooLarge(_)) && self.limit > 1 {
            self.limit /= 2;
            return self.go_on();
        }
        let retry_after = match error {
            DiscoveryError::Status { retry_after, .. } => *retry_after,
            _ => None,
        };
        let of_its_kind = match (is_list, code) {
            (true, _) => &mut self.lists,
            // One that tells of a version which it does not know a moment later is listed anew and anew.
            (false, Some(410)) => &mut self.expiries,
            (false, _) => &mut self.watches,
        };
        let is_first = of_its_kind.is_fresh();
        let wait = of_its_kind.fail(retry_after, &mut self.random);
        match (error, code) {
            // The list that was begun, or the version to go on from, is too old: nothing is wrong with that once.
            (_, Some(410)) => {
                self.relist();
                return Rest {
                    wait: if is_first { Duration::ZERO } else { wait },
                    is_trouble: !is_first,
                };
            }
            // Nobody knows what was in there.
            (DiscoveryError::NotNodes(_) | DiscoveryError::LongEvent(_), _) => self.relist(),
            // It is not the version that is wrong.
            (_, Some(401 | 403 | 429 | 503) | None) => {}
            (_, Some(_)) => self.relist(),
        }
        Rest {
            wait,
            is_trouble: true,
        }
    }

    fn relist(&mut self) {
        self.at = At::Page(None);
    }

    fn go_on(&mut self) -> Rest {
        Rest {
            wait: self.random.between(Duration::ZERO, PAUSE),
            is_trouble: false,
        }
    }
}

#[cfg(test)]
mod tests;
