//! A member at work: it does what [`Member`] says, and ends the permits of nodes that are its own no more.
//!
//! Nodes are handed out by name. Who holds a permit may scrape; it is ended before any other member may know that it could
//! begin, because it is ended before our Lease says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::budget::Budget;
use super::error::DiscoveryError;
use super::leases::Leases;
use super::share::{Answer, Member, Misfit, Moment, Step, Times};
use crate::cause::Cause;
use crate::permit::{Fence, Permit, uptime};

/// What several know of a member: those who give its permits to scrapers, and itself.
#[derive(Clone)]
pub struct Shares(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    fence: Fence,
    /// Others have come or gone.
    changed: Notify,
    /// It is to leave.
    leave: Notify,
    times: Times,
}

struct State {
    member: Member,
    given: BTreeMap<String, Permit>,
    /// Who shares nodes with us, ourselves among them, when permits were gone through last.
    members: Vec<(String, String)>,
}

impl State {
    /// The node is ours no more, and what was scraped of it is not to leave, wherever it waits.
    fn take_back(&mut self, node: &str) {
        if let Some(permit) = self.given.remove(node) {
            permit.end();
        }
    }
}

/// Who shares nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Company {
    /// How many members may write by now, ourselves among them, if we may.
    pub members: usize,
    /// How many nodes are ours.
    pub nodes: usize,
}

impl Shares {
    /// Those of a member of this name. `new_id` makes ids that nobody ever had.
    #[must_use]
    pub fn new(name: String, lease: Duration, new_id: Box<dyn FnMut() -> String + Send>) -> Self {
        let times = Times::new(lease);
        let member = Member::new(name, times, now(), new_id);
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                member,
                given: BTreeMap::new(),
                members: Vec::new(),
            }),
            fence: Fence::default(),
            changed: Notify::new(),
            leave: Notify::new(),
            times,
        }))
    }

    /// The permit for this node: the same, as long as it is ours; `None` if it is not.
    #[must_use]
    pub fn permit(&self, node: &str) -> Option<Permit> {
        self.with(|state| {
            if !state.member.owns(node, now()) {
                state.take_back(node);
                return None;
            }
            let new = || Permit::new(self.0.fence.clone(), self.0.times.guard());
            let permit = state.given.entry(node.to_owned()).or_insert_with(new);
            Some(permit.clone())
        })
    }

    /// This node is nobody's any more.
    pub fn give_back(&self, node: &str) {
        self.with(|state| state.take_back(node));
    }

    /// Waits until somebody else's nodes may be ours, or ours somebody else's.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Who shares nodes now.
    #[must_use]
    pub fn company(&self) -> Company {
        self.with(|state| Company {
            members: state.member.members(now()).len(),
            nodes: state.given.values().filter(|permit| permit.holds()).count(),
        })
    }

    /// Nothing is written any more from here on; the Lease goes as soon as the work that is under way lets it.
    pub fn leave(&self) {
        self.with(|state| state.member.leave());
        self.share_out();
        self.0.leave.notify_one();
    }

    /// Serves until it has left.
    pub async fn run(self, mut leases: Leases) {
        let mut trouble = Trouble::new();
        let mut told_of_misfit = false;
        loop {
            let (step, is_going) = self.with(|state| {
                let step = state.member.step(now());
                (step, state.member.is_leaving())
            });
            // A life may have ended just now.
            self.share_out();
            match step {
                Step::Wait(until) => self.wait(until.since(now())).await,
                Step::Done => return,
                step => {
                    let answer = tokio::select! {
                        biased;
                        // What is under way then is not waited for, but for what it does to leave.
                        () = self.0.leave.notified(), if !is_going => Answer::Failed,
                        performed = leases.perform(&step) => {
                            trouble.tell(&step, performed.as_ref().err(), leases.path());
                            performed.unwrap_or(Answer::Failed)
                        }
                    };
                    let is_over = is_going && matches!(step, Step::Delete { .. }) && answer == Answer::Failed;
                    self.with(|state| state.member.answered(now(), answer));
                    if !told_of_misfit && let Some(misfit) = self.with(|state| state.member.misfit()) {
                        told_of_misfit = true;
                        tell_of_misfit(&misfit, &leases, self.0.times.lease());
                    }
                    // Before the next step, which may tell others that they may begin.
                    self.share_out();
                    if is_over {
                        return;
                    }
                }
            }
        }
    }

    async fn wait(&self, duration: Duration) {
        tokio::select! {
            () = sleep(duration.max(Duration::from_millis(1))) => {}
            () = self.0.leave.notified() => {}
        }
    }

    /// Ends what is ours no more, and says until when the rest is.
    fn share_out(&self) {
        let news = self.with(|state| {
            let now = now();
            self.0.fence.set(state.member.until().map(Moment::elapsed));
            let members = state.member.members(now);
            if members == state.members {
                return false;
            }
            state.members = members;
            let member = &state.member;
            state.given.retain(|node, permit| {
                let stays = member.owns(node, now);
                if !stays {
                    permit.end();
                }
                stays
            });
            true
        });
        if news {
            self.0.changed.notify_one();
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        // Nothing in here can be left half done.
        look(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn tell_of_misfit(misfit: &Misfit, leases: &Leases, lease: Duration) {
    match misfit {
        Misfit::SameName => log::warn!(
            "another member that shares these nodes has our name: give each its own POD_NAME, or one of them another \
             shard_group; said here once"
        ),
        Misfit::OtherLease(member, other) => log::warn!(
            "member {} has lease_duration {other:?}, and we have {lease:?}: stop all members, and start them with the same one; \
             said here once",
            leases.told(member)
        ),
    }
}

/// What the log was told of the Leases: of those of others that are removed, by themselves.
struct Trouble {
    keeping: Option<Cause>,
    removing: Option<Cause>,
    budget: Budget,
}

impl Trouble {
    fn new() -> Self {
        Self {
            keeping: None,
            removing: None,
            budget: Budget::new(Instant::now()),
        }
    }

    /// Once that ours can not be kept, once for each other cause, and once that it is again: when it was stored, for that the
    /// others are listed means nothing.
    fn tell(&mut self, step: &Step, error: Option<&DiscoveryError>, path: &str) {
        let removes = matches!(step, Step::Delete { .. });
        let told = if removes {
            &mut self.removing
        } else {
            &mut self.keeping
        };
        if error.is_none() && matches!(step, Step::List) {
            return;
        }
        let cause = error.map(DiscoveryError::cause);
        if *told == cause {
            return;
        }
        // What is not said now is said when it still is so in the next hour.
        let words = match cause {
            Some(_) => self.budget.line(Instant::now()),
            None => Some(""),
        };
        let Some(words) = words else { return };
        *told = cause;
        match error {
            Some(DiscoveryError::Status { code: 403, .. }) => log::error!(
                "we may not keep a Lease at {path}: grant list, create, update and delete on leases of \
                 coordination.k8s.io in that namespace; {}{words}",
                if removes {
                    "Leases that nobody renews stay there until then"
                } else {
                    "no node is ours until then"
                }
            ),
            Some(DiscoveryError::Status { code: 404, .. }) if matches!(step, Step::Create(_)) => log::error!(
                "our Lease can not be made at {path}: there is no such namespace; correct lease_namespace; no node is ours \
                 until then{words}"
            ),
            Some(error) if removes => log::warn!("a Lease at {path} can not be removed: {error}{words}"),
            Some(error) => log::error!(
                "our Lease at {path} can not be kept: {error}; without it our nodes are others' soon{words}"
            ),
            None if removes => {}
            None => log::info!("our Lease at {path} is kept again"),
        }
    }
}

/// The clock that goes on while the system sleeps.
fn now() -> Moment {
    Moment::new(uptime())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::share::Lease;

    /// Lets the member do its next step, of which that comes.
    fn step(shares: &Shares, answer: impl FnOnce(Step) -> Answer) {
        shares.with(|state| {
            let step = state.member.step(now());
            state.member.answered(now(), answer(step));
        });
    }

    fn lease(id: &str, goes_by: &[&str]) -> Lease {
        Lease {
            id: id.to_owned(),
            member: id.to_owned(),
            version: "1".to_owned(),
            uid: "u".to_owned(),
            duration: Duration::from_secs(600),
            goes_by: goes_by.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    /// Whoever asks finds out before the member has gone through all permits: a batch that waits has the old one.
    #[test]
    fn a_permit_that_is_not_given_again_has_ended() {
        let id = Box::new(|| "m".to_owned());
        let shares = Shares::new("m".to_owned(), Duration::from_secs(600), id);
        step(&shares, |_| Answer::Listed(Vec::new()));
        step(&shares, |_| Answer::Stored {
            version: "1".to_owned(),
            uid: "u".to_owned(),
        });
        step(&shares, |_| Answer::Listed(vec![lease("m", &[])]));
        shares.share_out();
        let nodes: Vec<_> = (0..20).map(|node| format!("node-{node}")).collect();
        let permits: Vec<_> = nodes
            .iter()
            .map(|node| shares.permit(node).expect("all are ours"))
            .collect();
        assert!(permits.iter().all(Permit::holds));

        shares.with(|state| {
            let leases = vec![lease("m", &[]), lease("other", &["m"])];
            state.member.look(now(), leases);
        });
        let mut gone = 0;
        for (node, permit) in nodes.iter().zip(&permits) {
            let again = shares.permit(node);
            gone += usize::from(again.is_none());
            assert_eq!(permit.holds(), again.is_some(), "{node}");
        }
        assert!((1..20).contains(&gone), "{gone} of 20 are the other's");
    }
}
