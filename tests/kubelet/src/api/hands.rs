//! What a test does to an API server, and sees of it.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::faults::Order;
use super::{Aim, ApiFault, ApiSeen, Lease, State, TestApiServer, TooOld};

impl TestApiServer {
    /// From now on this goes wrong for whom `aim` is at; it takes the place of what went wrong for the same aim. Of several
    /// aims that are at a request, the one that was set last counts.
    pub fn set_fault(&self, aim: Aim, fault: ApiFault) {
        let cut = fault == ApiFault::Partition;
        let whom = aim.clone();
        self.server.faults.send_modify(|faults| faults.set(aim, fault));
        if cut {
            self.order(whom, Order::Sever);
        }
    }

    /// What goes wrong for this very aim does not any more.
    pub fn clear_fault(&self, aim: &Aim) {
        self.server.faults.send_modify(|faults| faults.clear(aim));
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.server.faults.send_modify(super::Faults::clear_all);
    }

    /// How watches are told from now on that their version is too old.
    pub fn set_too_old(&self, how: TooOld) {
        self.server.change(|state| state.too_old = how);
    }

    /// Cuts connections now: those on which a token that `aim` is at was the last. New ones are taken.
    pub fn cut_connections(&self, aim: Aim) {
        self.order(aim, Order::Sever);
    }

    /// Cuts open watches in the middle of a line.
    pub fn cut_watches(&self, aim: Aim) {
        self.order(aim, Order::CutMidLine);
    }

    /// Ends open watches as their time does.
    pub fn end_watches(&self, aim: Aim) {
        self.order(aim, Order::End);
    }

    /// Ends open watches with an event of the type `ERROR`: their version is too old.
    pub fn expire_watches(&self, aim: Aim) {
        self.order(aim, Order::Expire);
    }

    /// Sends open watches these bytes, after what was to be told before: garbage, or a line without end.
    pub fn send_to_watches(&self, aim: Aim, bytes: impl Into<Vec<u8>>) {
        self.order(aim, Order::Send(bytes.into().into()));
    }

    /// Sends a bookmark to open watches that allow it.
    pub fn send_bookmarks(&self) {
        self.order(Aim::ALL, Order::Bookmark);
    }

    fn order(&self, aim: Aim, order: Order) {
        // Nobody who could obey is nobody to fail for.
        let _ = self.server.orders.send((aim, order));
    }

    /// All requests that have come, answered or not.
    #[must_use]
    pub fn requests(&self) -> Vec<ApiSeen> {
        self.server.state().seen.clone()
    }

    /// How many there were of each method, path without its query, and token.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(String, String, Option<String>), usize> {
        let mut counts = BTreeMap::new();
        for seen in &self.server.state().seen {
            let path = seen.path.split('?').next().unwrap_or_default().to_owned();
            *counts
                .entry((seen.method.clone(), path, seen.token.clone()))
                .or_default() += 1;
        }
        counts
    }

    /// How many TCP connections have come.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.server.state().connections
    }

    /// How many watches are open.
    #[must_use]
    pub fn watches(&self) -> usize {
        self.server.state().watches
    }

    /// Waits until this holds for all requests so far; false when that takes longer than `timeout`.
    #[must_use]
    pub fn wait_for_requests(&self, holds: impl Fn(&[ApiSeen]) -> bool, timeout: Duration) -> bool {
        self.wait_until(|state| holds(&state.seen), timeout)
    }

    /// The same of so many open watches, no more and no less.
    #[must_use]
    pub fn wait_for_watches(&self, count: usize, timeout: Duration) -> bool {
        self.wait_until(|state| state.watches == count, timeout)
    }

    /// All Leases now.
    #[must_use]
    pub fn leases(&self) -> Vec<Lease> {
        self.server.state().store.leases.values().cloned().collect()
    }

    /// Removes a Lease, as somebody with `kubectl` might; whether there was one.
    #[must_use]
    pub fn delete_lease(&self, namespace: &str, name: &str) -> bool {
        let key = (namespace.to_owned(), name.to_owned());
        self.server.change(|state| {
            state.store.next_version();
            state.store.leases.remove(&key).is_some()
        })
    }

    /// Waits until this holds for all Leases; false when that takes longer than `timeout`.
    #[must_use]
    pub fn wait_for_leases(&self, holds: impl Fn(&[Lease]) -> bool, timeout: Duration) -> bool {
        let all = |state: &State| state.store.leases.values().cloned().collect::<Vec<_>>();
        self.wait_until(|state| holds(&all(state)), timeout)
    }

    fn wait_until(&self, holds: impl Fn(&State) -> bool, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.server.state();
        while !holds(&state) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            let waited = self.server.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
