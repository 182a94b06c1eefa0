//! The other members, as far as one knows of them: from their Leases alone, and by its own clock.

use std::collections::BTreeMap;
use std::time::Duration;

use super::lease::Lease;
use super::times::{Moment, Times};

/// What two members of a group should not have, or not have different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misfit {
    /// Another process has our name.
    SameName,
    /// That member's Lease lasts longer or shorter than ours.
    OtherLease(String, Duration),
}

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
    /// How long its Lease lasts.
    lease: Duration,
    /// How long it is alive from then on.
    alive_for: Duration,
    rotten_after: Duration,
    /// So often it was seen to renew.
    renewals: u32,
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
            let (since, renewals) = match before.remove(&lease.id) {
                Some(other) if other.version == lease.version => (other.since, other.renewals),
                Some(other) => (now, other.renewals.saturating_add(1)),
                None => (now, 0),
            };
            let alive_for = times.alive_for();
            let other = Other {
                is_dead: sent.since(since) >= alive_for,
                member: lease.member,
                version: lease.version,
                since,
                lease: lease.duration,
                alive_for,
                rotten_after: times.rotten_after(),
                renewals,
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
        self.alive().all(|(_, other)| other.renewals > 0)
    }

    /// A member that is set up in a way in which it should not be beside us. Only of who goes on renewing: what is left of one
    /// that was before us has whatever it had, and its last renewal may be on its way still.
    pub fn misfit(&self, us: &str, lease: Duration) -> Option<Misfit> {
        let mut lively = self
            .alive()
            .map(|(_, other)| other)
            .filter(|other| other.renewals > 1);
        lively.find_map(|other| {
            if other.member == us {
                Some(Misfit::SameName)
            } else if other.lease != lease {
                Some(Misfit::OtherLease(other.member.clone(), other.lease))
            } else {
                None
            }
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn misfit(member: &str, seconds: u64, looks: u32) -> Option<Misfit> {
        let mut others = Others::default();
        let mut now = Moment::new(Duration::from_secs(100));
        for version in 0..looks {
            let lease = Lease {
                id: "other-1".to_owned(),
                member: member.to_owned(),
                version: version.to_string(),
                uid: String::new(),
                duration: Duration::from_secs(seconds),
                goes_by: Vec::new(),
            };
            others.see(now, now, vec![lease], Some("us-1"));
            now = now.after(Duration::from_secs(2));
        }
        others.misfit("us", Duration::from_secs(15))
    }

    #[test]
    fn who_renews_beside_us_has_another_name_and_the_same_lease() {
        let longer = Misfit::OtherLease("other".to_owned(), Duration::from_secs(30));
        assert_eq!(misfit("other", 15, 5), None);
        assert_eq!(misfit("us", 15, 3), Some(Misfit::SameName));
        assert_eq!(misfit("other", 30, 3), Some(longer));
        // Left of one that was, and one more renewal that was on its way.
        for looks in [1, 2] {
            assert_eq!(misfit("us", 15, looks), None);
            assert_eq!(misfit("other", 30, looks), None);
        }
    }
}
