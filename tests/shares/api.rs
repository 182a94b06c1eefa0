//! An API server as far as Leases go: each request is done at one moment, and each change has a number.

use std::collections::BTreeMap;

use telegraf_kubelet::cluster::share::{Answer, Lease, Step};

#[derive(Default)]
pub struct Api {
    leases: BTreeMap<String, Lease>,
    changes: u64,
}

impl Api {
    pub fn serve(&mut self, request: &Step) -> Answer {
        match request {
            Step::List => Answer::Listed(self.leases.values().cloned().collect()),
            Step::Create(lease) if self.leases.contains_key(&lease.id) => Answer::Conflict,
            Step::Create(lease) => self.store(lease),
            Step::Update(lease) => match self.leases.get(&lease.id) {
                // It would be made anew for who does not say which one it has been.
                None => {
                    assert!(!lease.uid.is_empty());
                    Answer::Conflict
                }
                Some(stored) if stored.version != lease.version || stored.uid != lease.uid => {
                    Answer::Conflict
                }
                Some(_) => self.store(lease),
            },
            Step::Delete { id, version } => match self.leases.get(id) {
                None => Answer::Gone,
                Some(stored) if version.as_ref().is_some_and(|version| stored.version != *version) => {
                    Answer::Conflict
                }
                Some(_) => {
                    self.leases.remove(id);
                    Answer::Removed
                }
            },
            Step::Wait(_) | Step::Done => unreachable!("nothing is asked"),
        }
    }

    fn store(&mut self, lease: &Lease) -> Answer {
        self.changes += 1;
        let version = self.changes.to_string();
        let mut lease = lease.clone();
        lease.version.clone_from(&version);
        if lease.uid.is_empty() {
            lease.uid = format!("uid-{version}");
        }
        let uid = lease.uid.clone();
        self.leases.insert(lease.id.clone(), lease);
        Answer::Stored { version, uid }
    }
}
