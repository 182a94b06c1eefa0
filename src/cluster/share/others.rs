//! The other members, as far as one knows of them: from their Leases alone, and by its own clock.

use std::collections::BTreeMap;
use std::time::Duration;

use super::lease::Lease;
use super::times::{Moment, Times};

/// All others whose Leases were there at the last look.
#[derive(Debug, Default)]
pub struct Others(BTreeMap<String, Other>);

/// One of them.
#[derive(Debug)]
struct Other {
    member: String,
    version: String,
    /// Since when it says what it says, for us.
    since: Moment,
    /// How long it is alive from then on.
    alive_for: Duration,
    rotten_after: Duration,
    /// It was seen to renew.
    renewed: bool,
    /// It goes by us.
    knows_us: bool,
    /// It writes nothing any more.
    is_dead: bool,
}

impl Others {
    /// These are all that there were when they were asked for, at `sent`, or later. Who is not among them is gone, and has
    /// promised before that it writes nothing any more. Who is, and says by now what it said long ago, can not renew
    /// that any more. That it takes a look at its Lease: without one we know nothing of it, however long ago the last was.
    /// `us` is our own id, if we have one.
    pub fn see(&mut self, sent: Moment, now: Moment, leases: Vec<Lease>, us: Option<&str>) {
        let mut before = std::mem::take(&mut self.0);
        for lease in leases {
            let times = Times::new(lease.duration);
            let knows_us = us.is_some_and(|us| lease.goes_by.iter().any(|id| id == us));
            let (since, renewed) = match before.remove(&lease.id) {
                Some(other) if other.version == lease.version => (other.since, other.renewed),
                Some(_) => (now, true),
                None => (now, false),
            };
            let alive_for = times.alive_for();
            let other = Other {
                is_dead: sent.since(since) >= alive_for,
                member: lease.member,
                version: lease.version,
                since,
                alive_for,
                rotten_after: times.rotten_after(),
                renewed,
                knows_us,
            };
            self.0.insert(lease.id, other);
        }
    }

    /// We are somebody new from now on, whom nobody can know.
    pub fn forget_us(&mut self) {
        self.0.values_mut().for_each(|other| other.knows_us = false);
    }

    fn alive(&self) -> impl Iterator<Item = (&String, &Other)> {
        self.0.iter().filter(|(_, other)| !other.is_dead)
    }

    /// Name and id of each that may write.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.alive()
            .map(|(id, other)| (other.member.as_str(), id.as_str()))
    }

    /// The ids of all that may write, in order.
    pub fn ids(&self) -> Vec<String> {
        self.alive().map(|(id, _)| id.clone()).collect()
    }

    /// Whether each that may write goes by us.
    pub fn all_know_us(&self) -> bool {
        self.alive().all(|(_, other)| other.knows_us)
    }

    /// Whether each that may write was seen to do something: what is left behind of the dead is not waited for by us alone,
    /// while others have given up our share for us.
    pub fn all_stir(&self) -> bool {
        self.alive().all(|(_, other)| other.renewed)
    }

    /// When it is time to look whether one of them is still alive.
    pub fn next_end(&self) -> Option<Moment> {
        self.alive()
            .map(|(_, other)| other.since.after(other.alive_for))
            .min()
    }

    /// Id and version of a Lease that nobody will renew any more.
    pub fn rotten(&self, now: Moment) -> Option<(String, String)> {
        self.0
            .iter()
            .find(|(_, other)| now.since(other.since) > other.rotten_after)
            .map(|(id, other)| (id.clone(), other.version.clone()))
    }

    /// It is removed.
    pub fn remove(&mut self, id: &str) {
        self.0.remove(id);
    }
}
