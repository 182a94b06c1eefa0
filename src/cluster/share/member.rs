//! One member: what it does next, and whether a node is its own now.

use super::lease::Lease;
use super::others::{Misfit, Others};
use super::rendezvous;
use super::times::{Moment, Times};

/// Old ids of ours that may still turn up: a Lease that we asked for in vain can be made later.
const MOST_OLD: usize = 16;

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing until then.
    Wait(Moment),
    /// List all Leases, as they are now and not as a cache has them.
    List,
    /// Make this one, which is not there yet.
    Create(Lease),
    /// Let ours say this, if it has this version.
    Update(Lease),
    /// Remove this one, if it has this version.
    Delete {
        /// Its name.
        id: String,
        /// Its version; any, where we do not know it.
        version: Option<String>,
    },
    /// Nothing any more: it left.
    Done,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// All Leases there are.
    Listed(Vec<Lease>),
    /// It was stored.
    Stored {
        /// Its version.
        version: String,
        /// As of [`Lease::uid`].
        uid: String,
    },
    /// It was removed.
    Removed,
    /// It has another version by now, or is gone, or is there already.
    Conflict,
    /// There is none.
    Gone,
    /// Nobody knows: it may have been done, or be done later.
    Failed,
}

/// What was begun, and is not answered.
#[derive(Debug)]
enum Doing {
    List,
    Create,
    Update { goes_by: Vec<String> },
    Delete { id: String },
}

/// A Lease of ours.
#[derive(Debug)]
struct Held {
    id: String,
    /// Its version and uid, as far as we know them; `None` until we know that it is there.
    stored: Option<(String, String)>,
    /// Until when we may write by it; `None` until it was renewed by us for sure.
    until: Option<Moment>,
    /// Whom it says that we go by.
    said: Vec<String>,
    /// All others go by us.
    joined: bool,
}

/// One member of those that share nodes.
pub struct Member {
    name: String,
    times: Times,
    new_id: Box<dyn FnMut() -> String + Send>,
    others: Others,
    held: Option<Held>,
    /// Ids of lives that are over.
    old: Vec<String>,
    /// Of these the one whose Lease may still be there.
    left_behind: Option<String>,
    doing: Option<(Doing, Moment)>,
    next_look: Moment,
    next_renewal: Moment,
    /// Nothing is written before: what was to be failed, and an API server in trouble, or one that refuses, is left alone.
    next_try: Moment,
    /// So many writes in a row failed.
    failures: u32,
    /// When the next Lease of the dead may be removed.
    next_sweep: Moment,
    /// The last look was good, and nothing was renewed since.
    looked: bool,
    leaving: bool,
}

impl Member {
    /// One of this name, which nobody else has. `new_id` makes ids that nobody ever had.
    #[must_use]
    pub fn new(name: String, times: Times, now: Moment, new_id: Box<dyn FnMut() -> String + Send>) -> Self {
        Self {
            name,
            times,
            new_id,
            others: Others::default(),
            held: None,
            old: Vec::new(),
            left_behind: None,
            doing: None,
            next_look: now,
            next_renewal: now,
            next_try: now,
            failures: 0,
            next_sweep: now,
            looked: false,
            leaving: false,
        }
    }

    /// It writes nothing any more, and is to remove its Lease next.
    pub fn leave(&mut self) {
        self.leaving = true;
    }

    /// Whether it was told to leave.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Whether it may write anything at all.
    #[must_use]
    pub fn may_write(&self, now: Moment) -> bool {
        self.until().is_some_and(|until| now < until)
    }

    /// Until when it may write, if it does not renew before.
    #[must_use]
    pub fn until(&self) -> Option<Moment> {
        let held = self.held.as_ref().filter(|held| held.joined && !self.leaving)?;
        held.until
    }

    /// Whether it may write of this node.
    #[must_use]
    pub fn owns(&self, node: &str, now: Moment) -> bool {
        let Some(held) = self.held.as_ref().filter(|_| self.may_write(now)) else {
            return false;
        };
        let us = (self.name.as_str(), held.id.as_str());
        rendezvous::owner(self.others.members().chain([us]), node) == Some(us)
    }

    /// Name and id of each that may write by now, in order; ourselves among them, if we may.
    #[must_use]
    pub fn members(&self, now: Moment) -> Vec<(String, String)> {
        let us = self.held.as_ref().filter(|_| self.may_write(now));
        let us = us.map(|held| (self.name.as_str(), held.id.as_str()));
        let mut all: Vec<_> = self
            .others
            .members()
            .chain(us)
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect();
        all.sort();
        all
    }

    /// Somebody who shares nodes with us, and should be set up in another way.
    #[must_use]
    pub fn misfit(&self) -> Option<Misfit> {
        self.others.misfit(&self.name, self.times.lease())
    }

    /// What to do next. What it says is answered before it is asked again.
    pub fn step(&mut self, now: Moment) -> Step {
        if self.ran_out(now) {
            self.lose(now);
        }
        let (step, doing) = self.next(now);
        self.doing = doing.map(|doing| (doing, now));
        step
    }

    fn next(&mut self, now: Moment) -> (Step, Option<Doing>) {
        if self.leaving
            && let Some(held) = self.held.take()
        {
            self.left_behind = Some(held.id);
        }
        if let Some(id) = self.left_behind.take() {
            // Of whatever version: nobody else ever writes to it.
            let step = Step::Delete {
                id: id.clone(),
                version: None,
            };
            return (step, Some(Doing::Delete { id }));
        }
        if self.leaving {
            return (Step::Done, None);
        }
        if now >= self.next_look {
            return (Step::List, Some(Doing::List));
        }
        if self.held.is_none() {
            return self.register(now);
        }
        if let Some((lease, goes_by)) = self.renewal(now) {
            return (Step::Update(lease), Some(Doing::Update { goes_by }));
        }
        if now >= self.next_sweep
            && let Some((id, version)) = self.others.rotten(now)
        {
            self.next_sweep = now.after(self.times.renew_every());
            let step = Step::Delete {
                id: id.clone(),
                version: Some(version),
            };
            return (step, Some(Doing::Delete { id }));
        }
        (Step::Wait(self.wake(now)), None)
    }

    /// Makes a Lease, when all others that are alive were seen to be.
    fn register(&mut self, now: Moment) -> (Step, Option<Doing>) {
        if !self.looked || now < self.next_try || !self.others.all_stir() {
            return (Step::Wait(self.wake(now)), None);
        }
        let id = (self.new_id)();
        let lease = Lease {
            id: id.clone(),
            member: self.name.clone(),
            version: String::new(),
            uid: String::new(),
            duration: self.times.lease(),
            goes_by: self.others.ids(),
        };
        self.others.forget_us();
        self.held = Some(Held {
            id,
            stored: None,
            until: None,
            said: lease.goes_by.clone(),
            joined: false,
        });
        (Step::Create(lease), Some(Doing::Create))
    }

    /// What ours is to say, where that is due, or it is to say something else than it does.
    fn renewal(&self, now: Moment) -> Option<(Lease, Vec<String>)> {
        let held = self.held.as_ref()?;
        let (version, uid) = held.stored.clone()?;
        if now < self.next_try {
            return None;
        }
        let goes_by = self.others.ids();
        // Who can not see the others must not go on as if there were none: without a look it lets its Lease run out.
        let due = self.looked && now >= self.next_renewal;
        let news = goes_by.iter().any(|id| !held.said.contains(id));
        (due || news).then(|| {
            let lease = Lease {
                id: held.id.clone(),
                member: self.name.clone(),
                version,
                uid,
                duration: self.times.lease(),
                goes_by: goes_by.clone(),
            };
            (lease, goes_by)
        })
    }

    fn wake(&self, now: Moment) -> Moment {
        let renewal = self
            .held
            .as_ref()
            .filter(|_| self.looked)
            .map(|_| self.next_renewal);
        // What is due and can not be done now can be after the next look.
        let due = renewal
            .into_iter()
            .chain(self.until())
            .chain([self.next_try])
            .filter(|&due| due > now);
        due.fold(self.next_look, Moment::min)
    }

    /// A look as if it had been due.
    #[cfg(test)]
    pub(crate) fn look(&mut self, now: Moment, leases: Vec<Lease>) {
        self.listed(now, now, Answer::Listed(leases));
    }

    /// Takes what came of the last step.
    pub fn answered(&mut self, now: Moment, answer: Answer) {
        let Some((doing, sent)) = self.doing.take() else {
            return;
        };
        if self.ran_out(now) {
            self.lose(now);
        }
        match doing {
            Doing::List => self.listed(sent, now, answer),
            Doing::Create => self.created(sent, now, answer),
            Doing::Update { goes_by } => self.updated(sent, now, answer, goes_by),
            Doing::Delete { id } if matches!(answer, Answer::Removed | Answer::Gone) => {
                self.others.remove(&id);
            }
            Doing::Delete { .. } => {}
        }
    }

    fn listed(&mut self, sent: Moment, now: Moment, answer: Answer) {
        let Answer::Listed(mut leases) = answer else {
            self.next_look = now.after(self.times.retry_every());
            return;
        };
        self.looked = true;
        leases.retain(|lease| !self.old.contains(&lease.id));
        let us = self.held.as_ref().map(|held| held.id.clone());
        let ours = leases.iter().position(|lease| Some(&lease.id) == us.as_ref());
        let ours = ours.map(|ours| leases.swap_remove(ours));
        self.others.see(sent, now, leases, us.as_deref());
        match (&mut self.held, ours) {
            (Some(held), Some(ours)) => {
                held.stored = Some((ours.version, ours.uid));
                // Before that nobody had to see it.
                held.joined |= held.until.is_some() && self.others.all_know_us();
            }
            // Somebody removed it, or it was never made.
            (Some(_), None) => self.lose(now),
            (None, _) => {}
        }
        let is_settled = self.held.as_ref().is_some_and(|held| held.joined);
        let again = if is_settled {
            self.times.renew_every()
        } else {
            self.times.retry_every()
        };
        // Who does not renew is looked at again as soon as that says something.
        let soonest = now.after(self.times.retry_every());
        let end = self.others.next_end().map(|end| end.max(soonest));
        self.next_look = end.into_iter().fold(now.after(again), Moment::min);
    }

    fn created(&mut self, sent: Moment, now: Moment, answer: Answer) {
        let Some(held) = &mut self.held else { return };
        self.next_look = now;
        match answer {
            Answer::Stored { version, uid } => {
                held.stored = Some((version, uid));
                held.until = Some(sent.after(self.times.writes_for()));
                self.next_renewal = sent.after(self.times.renew_every());
                self.failures = 0;
            }
            // Whether it is there the next look says; and then it is renewed at once.
            Answer::Failed => {
                self.next_renewal = now;
                self.next_look = now.after(self.times.retry_every());
                self.wait_longer(now);
            }
            Answer::Conflict | Answer::Gone | Answer::Removed | Answer::Listed(_) => {
                self.wait_longer(now);
                self.lose(now);
            }
        }
    }

    fn updated(&mut self, sent: Moment, now: Moment, answer: Answer, goes_by: Vec<String>) {
        let Some(held) = &mut self.held else { return };
        match answer {
            Answer::Stored { version, uid } => {
                held.stored = Some((version, uid));
                held.until = Some(sent.after(self.times.writes_for()));
                held.said = goes_by;
                self.looked = false;
                self.failures = 0;
                self.next_renewal = sent.after(self.times.renew_every());
                self.next_look = self.next_look.min(self.next_renewal);
            }
            // Of a renewal that was done, and whose answer we did not get: the next look says which version it has.
            Answer::Conflict => {
                self.next_look = now;
                self.wait_longer(now);
            }
            Answer::Failed => {
                self.next_look = now.after(self.times.retry_every());
                self.wait_longer(now);
            }
            Answer::Gone | Answer::Removed | Answer::Listed(_) => self.lose(now),
        }
    }

    /// Nothing is written for twice as long as after the failure before, up to as often as a Lease is renewed: who waits
    /// longer loses one that could be kept.
    fn wait_longer(&mut self, now: Moment) {
        let wait = self.times.retry_every() * 2_u32.pow(self.failures.min(8));
        self.next_try = now.after(wait.min(self.times.renew_every()));
        self.failures = self.failures.saturating_add(1);
    }

    fn ran_out(&self, now: Moment) -> bool {
        let until = self.held.as_ref().and_then(|held| held.until);
        until.is_some_and(|until| now >= until)
    }

    /// This life is over. What there is of it is removed, so that nobody waits for it, and the next one begins as somebody
    /// new.
    fn lose(&mut self, now: Moment) {
        let Some(held) = self.held.take() else { return };
        if self.old.len() == MOST_OLD {
            self.old.remove(0);
        }
        self.old.push(held.id.clone());
        self.left_behind = Some(held.id);
        self.looked = false;
        self.next_look = now.max(self.next_try);
    }
}
