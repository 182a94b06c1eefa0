//! How what is known is made: pod after pod, most of them as they were before, and then put in order.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;

use super::{KeptContainer, KeptPod, KeptReady, Known, MOST, MOST_PODS, PodKnown, Span, range};
use crate::batch::place;
use crate::lines::metadata::ready::Ready;
use crate::lines::metadata::written::{Hasher, Written};

impl Known {
    /// Nothing yet, of pods that are told apart as before.
    pub(in crate::lines::metadata) fn like(before: &Self) -> Self {
        Self {
            hasher: before.hasher.clone(),
            ..Self::default()
        }
    }

    /// Makes room for as much as before.
    pub(in crate::lines::metadata) fn reserve(&mut self, before: &Self) {
        self.text.reserve_exact(before.text.len());
        self.pods.reserve_exact(before.pods.len());
        self.containers.reserve_exact(before.containers.len());
    }

    /// What tells pods apart.
    pub(in crate::lines::metadata) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Whether there is more than may be.
    pub(in crate::lines::metadata) fn is_too_much(&self) -> bool {
        let bytes = self.text.len()
            + self.pods.len() * size_of::<KeptPod>()
            + self.containers.len() * size_of::<KeptContainer>();
        bytes > MOST || self.pods.len() + self.unwanted.len() > MOST_PODS
    }

    /// Keeps a text. It is one that fits into a line, or empty.
    pub(in crate::lines::metadata) fn keep(&mut self, text: &[u8]) -> Span {
        let Some(length) = u16::try_from(text.len()).ok().filter(|length| *length > 0) else {
            // Wherever that is copied to, it has its place.
            return Span::default();
        };
        let at = place(self.text.len());
        self.text.extend_from_slice(text);
        Span { at, length }
    }

    /// Keeps fields.
    pub(in crate::lines::metadata) fn keep_ready(&mut self, ready: Ready<'_>) -> KeptReady {
        KeptReady {
            text: self.keep(ready.text),
            out_of_range: ready.out_of_range,
        }
    }

    /// The next pod has no more of them: they are put in order, and of those of one name the first stays. How many do not.
    pub(in crate::lines::metadata) fn end_containers(&mut self) -> u32 {
        let first = self.next.1 as usize;
        let Self { text, containers, .. } = self;
        let name = |container: &KeptContainer| container.name.of(text);
        containers[first..].sort_by(|one, other| name(one).cmp(name(other)));
        let before = containers.len();
        let mut kept = first;
        for at in first..before {
            if at == first || name(&containers[at]) != name(&containers[kept - 1]) {
                containers.swap(kept, at);
                kept += 1;
            }
        }
        containers.truncate(kept);
        place(before - kept)
    }

    /// One more, of the next pod.
    pub(in crate::lines::metadata) fn push_container(&mut self, container: KeptContainer) {
        self.containers.push(container);
    }

    /// What was kept for the next pod is not: it is none.
    pub(in crate::lines::metadata) fn forget_next(&mut self) {
        let (text, containers) = self.next;
        self.text.truncate(text as usize);
        self.containers.truncate(containers as usize);
    }

    /// One more, with the text and the containers that came since the last one.
    pub(in crate::lines::metadata) fn push_pod(&mut self, mut pod: KeptPod) {
        let (text, containers) = self.next;
        self.next = (place(self.text.len()), place(self.containers.len()));
        pod.text = text..self.next.0;
        pod.containers = containers..self.next.1;
        self.left_out += u64::from(pod.left_out);
        self.rejected += u64::from(pod.rejected);
        self.pods.push(pod);
    }

    /// What is known of that pod is known here, too.
    pub(in crate::lines::metadata) fn copy(&mut self, pod: &PodKnown<'_>, if_listed: bool) {
        let from = pod.known;
        let mut kept = pod.pod.clone();
        let (old, new) = (kept.text.start, place(self.text.len()));
        let moved = |span: &mut Span| {
            if span.length > 0 {
                span.at = span.at - old + new;
            }
        };
        self.text.extend_from_slice(&from.text[range(&kept.text)]);
        for container in &from.containers[range(&kept.containers)] {
            let mut container = container.clone();
            moved(&mut container.name);
            moved(&mut container.tags);
            container
                .ready
                .iter_mut()
                .for_each(|ready| moved(&mut ready.text));
            self.containers.push(container);
        }
        for span in [
            &mut kept.uid,
            &mut kept.namespace,
            &mut kept.name,
            &mut kept.tags,
            &mut kept.qos,
        ] {
            moved(span);
        }
        kept.tags_beside.iter_mut().for_each(moved);
        kept.ready.iter_mut().for_each(|ready| moved(&mut ready.text));
        kept.if_listed = if_listed;
        self.push_pod(kept);
    }

    /// In how many places a pod is kept as it is written: each pod, and behind them each that is not let through.
    pub(in crate::lines::metadata) fn places_written(&self) -> usize {
        self.pods.len() + self.unwanted.len()
    }

    /// What was kept at that place is kept here, too.
    pub(in crate::lines::metadata) fn copy_written(&mut self, from: &Self, at: u32) {
        let at = at as usize;
        if at < from.pods.len() {
            self.copy(&from.pod(at), false);
        } else {
            self.unwanted.push(from.unwanted[at - from.pods.len()]);
        }
        self.listed += 1;
    }

    /// Whether each pod of the answer is kept, and nothing is counted but what was left out of these, so that an answer with
    /// the same pods is the same.
    pub(in crate::lines::metadata) fn is_of_its_pods_alone(&self) -> bool {
        let sum = |of: fn(&KeptPod) -> u32| self.pods.iter().map(|pod| u64::from(of(pod))).sum::<u64>();
        self.listed == self.places_written() as u64
            && self.left_out == sum(|pod| pod.left_out)
            && self.rejected == sum(|pod| pod.rejected)
    }

    /// The place of the pod that is written like what `rest` begins with, and how long it is.
    pub(in crate::lines::metadata) fn written(&self, rest: &[u8]) -> Option<(u32, usize)> {
        if self.by_head.is_empty() {
            return None;
        }
        let of = |at: u32| written_at(&self.pods, &self.unwanted, at);
        let head = self.hasher.head(rest);
        let found = self.by_head.find(head, |&at| {
            of(at).head == head && of(at).begins(rest, &self.hasher)
        })?;
        Some((*found, of(*found).length as usize))
    }

    /// All pods are there: from now on they are found. Of two of one name the one that was made later has lines unasked.
    pub(in crate::lines::metadata) fn finish(&mut self) {
        self.put_in_order();
        self.by_uid.clear();
        self.by_name.clear();
        self.by_head.clear();
        let Self {
            text,
            pods,
            unwanted,
            by_uid,
            by_name,
            by_head,
            hasher,
            ..
        } = self;
        let mut doubled = Vec::new();
        let hash = |one: Span, other: Span| hasher.hash_one((one.of(text), other.of(text)));
        let uid = |at: u32| hash(pods[at as usize].uid, Span::default());
        let name = |at: u32| hash(pods[at as usize].namespace, pods[at as usize].name);
        let head = |at: u32| written_at(pods, unwanted, at).head;
        for at in 0..place(pods.len()) {
            // Those of one name stand together: the first of them is found.
            insert_once(by_name, at, name);
        }
        for at in (0..place(pods.len())).rev() {
            // Nobody lists one uid twice; if somebody does, the last is it, and the others are nobody's.
            if !insert_once(by_uid, at, uid) {
                doubled.push(at);
            }
        }
        for at in (0..place(pods.len() + unwanted.len())).rev() {
            insert_once(by_head, at, head);
        }
        for at in doubled {
            self.pods[at as usize].if_listed = true;
        }
        self.leave_one_of_each_name();
    }

    /// From the one that was made last to the first.
    fn leave_one_of_each_name(&mut self) {
        let Self { text, pods, .. } = self;
        let name = |pod: &KeptPod| [pod.namespace, pod.name].map(|span| span.of(text));
        let mut is_told = false;
        for at in (0..pods.len()).rev() {
            is_told &= pods.get(at + 1).is_some_and(|next| name(next) == name(&pods[at]));
            let pod = &mut pods[at];
            pod.if_listed |= is_told;
            is_told |= !pod.if_listed;
        }
    }

    fn put_in_order(&mut self) {
        let Self { text, pods, .. } = self;
        let name = |pod: &KeptPod| [pod.namespace, pod.name].map(|span| span.of(text));
        pods.sort_unstable_by(|one, other| {
            let age = |pod: &KeptPod| (!pod.if_listed, pod.created, pod.uid.of(text));
            let all = |pod: &KeptPod| &text[range(&pod.text)];
            name(one)
                .cmp(&name(other))
                .then_with(|| age(one).cmp(&age(other)))
                .then_with(|| all(one).cmp(all(other)))
        });
    }
}

/// How that one is written: each pod and behind them each that is unwanted.
fn written_at<'w>(pods: &'w [KeptPod], unwanted: &'w [Written], at: u32) -> &'w Written {
    let at = at as usize;
    pods.get(at)
        .map_or_else(|| &unwanted[at - pods.len()], |pod| &pod.written)
}

/// Whether it is the first of its kind: any number that are alike would make a table slow.
fn insert_once(table: &mut HashTable<u32>, at: u32, hash: impl Fn(u32) -> u64) -> bool {
    let this = hash(at);
    let is_first = table.find(this, |&other| hash(other) == this).is_none();
    if is_first {
        table.insert_unique(this, at, |&at| hash(at));
    }
    is_first
}
