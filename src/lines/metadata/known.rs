//! What is known of a node's pods from its last good answer to `/pods`: a few hundred bytes a pod, as text that is ready for
//! lines.
//!
//! Knows how it is kept and found again. What it is made from is `gather`'s.

use std::hash::BuildHasher as _;
use std::ops::Range;

use hashbrown::HashTable;

use super::written::{Hasher, Written};

use crate::batch::place;
use crate::json::Text;
use crate::lines::escape;
use crate::summary::PodReference;

/// The most to keep of one node: ten thousand pods' worth. What has more is no node's answer.
const MOST: usize = 16 * 1024 * 1024;

/// A piece of all text; nothing that is absent has any.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    at: u32,
    length: u16,
}

/// Makes of each word a place of a value, and says how many there are.
macro_rules! values {
    ($(#[$about:meta])* $name:ident { $($value:ident),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the field that is made of it, and the schema says of what")]
        pub enum $name { $($value),* }

        impl $name {
            pub(super) const COUNT: usize = [$(Self::$value),*].len();
        }
    };
}

values! {
    /// What can be known of a pod.
    PodValue {
        Phase, PhaseReason, Ready,
        RequestsCpu, RequestsMemory, RequestsEphemeralStorage, LimitsCpu, LimitsMemory, LimitsEphemeralStorage,
    }
}

values! {
    /// What can be known of a container.
    ContainerValue {
        Restarts, StateCode, StateReason, Ready, LastReason, LastExitCode, LastTime,
        RequestsCpu, RequestsMemory, RequestsEphemeralStorage, LimitsCpu, LimitsMemory, LimitsEphemeralStorage,
    }
}

/// A pod, as it is kept.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptPod {
    pub(super) uid: Span,
    pub(super) namespace: Span,
    pub(super) name: Span,
    /// `,owner_kind=…,app=…`, for every line of it.
    pub(super) tags: Span,
    /// The same for the lines that have tags of a measurement whose keys are free elsewhere; `None` where it is the same.
    pub(super) tags_beside: Option<Span>,
    /// `,qos_class=…`.
    pub(super) qos: Span,
    pub(super) values: [Span; PodValue::COUNT],
    pub(super) containers: Range<u32>,
    pub(super) on_host_network: bool,
    /// When it was made, in nanoseconds since 1970.
    pub(super) created: i64,
    /// How the answer wrote it.
    pub(super) written: Written,
    /// Its part of all text.
    pub(super) text: Range<u32>,
    /// How much was left out of it.
    pub(super) left_out: u32,
    /// It has lines only where the summary lists it: it is kept from an earlier answer, for one right after a kubelet's start
    /// has too few; or another one of its name was made later.
    pub(super) if_listed: bool,
}

/// A container, as it is kept.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptContainer {
    pub(super) name: Span,
    /// `,image=…,version=…`.
    pub(super) tags: Span,
    pub(super) values: [Span; ContainerValue::COUNT],
}

/// Pods by uid and by name, and their containers.
#[derive(Debug, Default, Clone)]
pub struct Known {
    text: Vec<u8>,
    pods: Vec<KeptPod>,
    containers: Vec<KeptContainer>,
    /// Where the text and the containers of the next pod begin: behind those of all others, whatever their order is.
    next: (u32, u32),
    by_uid: HashTable<u32>,
    by_name: HashTable<u32>,
    hasher: Hasher,
    /// How those pods are written that are not let through.
    pub(super) unwanted: Vec<Written>,
    /// By how it begins, each pod and behind them each that is unwanted.
    by_head: HashTable<u32>,
    /// How many pods the answer had, wanted or not.
    pub(super) listed: u64,
    /// What was left out of it.
    pub(super) left_out: u64,
}

/// Which pods and containers of what is known a summary lists.
#[derive(Debug, Default)]
pub struct Seen {
    pods: Vec<Met>,
    containers: Vec<bool>,
}

/// Whether a summary lists a pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    #[default]
    Not,
    /// Another one of its name: two of them are one series.
    ByName,
    Itself,
}

impl Seen {
    /// None of these yet.
    pub fn begin(&mut self, known: &Known) {
        self.pods.clear();
        self.pods.resize(known.pods.len(), Met::Not);
        self.containers.clear();
        self.containers.resize(known.containers.len(), false);
    }

    /// A pod is listed. Which one it is, if it is known.
    pub fn meet(&mut self, known: &Known, pod: &PodReference<'_>) -> Option<usize> {
        let found = known.find(pod.uid);
        for at in known.named(pod) {
            self.pods[at] = self.pods[at].max(Met::ByName);
        }
        if let Some(at) = found {
            self.pods[at] = Met::Itself;
        }
        found
    }

    fn container(&mut self, at: usize) {
        self.containers[at] = true;
    }

    /// Whether the pod was.
    pub(super) fn has_pod(&self, at: usize) -> bool {
        self.pods.get(at) == Some(&Met::Itself)
    }

    /// Whether it was, or another one of its name.
    fn has_name(&self, at: usize) -> bool {
        self.pods.get(at).is_some_and(|met| *met != Met::Not)
    }

    /// What is known now is this; what of it was listed, was.
    pub(super) fn move_to(&mut self, before: &Known, known: &Known) {
        let mut moved = Self::default();
        moved.begin(known);
        for at in (0..before.pods.len()).filter(|&at| self.has_pod(at)) {
            if let Some(at) = known.find(before.pod(at).reference().uid) {
                moved.pods[at] = Met::Itself;
            }
        }
        *self = moved;
    }

    /// Whether the container was.
    #[must_use]
    pub fn has(&self, container: &ContainerKnown<'_>) -> bool {
        self.containers[container.at]
    }
}

impl Known {
    /// How many pods the answer had, wanted or not.
    #[must_use]
    pub fn listed(&self) -> u64 {
        self.listed
    }

    /// What was left out of it: labels that would be another tag, quantities that are none, texts without end.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many bytes of text there are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing is known of any pod.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// How many are known.
    #[must_use]
    pub fn pods(&self) -> usize {
        self.pods.len()
    }

    /// Which pod has this uid.
    #[must_use]
    pub fn find(&self, uid: Text<'_>) -> Option<usize> {
        let uid = uid.text();
        let found = self.by_uid.find(self.hash(uid.as_bytes(), b""), |&at| {
            self.of(self.pods[at as usize].uid) == uid.as_bytes()
        });
        found.map(|&at| at as usize)
    }

    /// Which pods have this name.
    fn named(&self, pod: &PodReference<'_>) -> Range<usize> {
        let (namespace, name) = (pod.namespace.text(), pod.name.text());
        let (namespace, name) = (escape::carried(&namespace), escape::carried(&name));
        let is_its = |pod: &KeptPod| {
            self.of(pod.namespace) == namespace.as_bytes() && self.of(pod.name) == name.as_bytes()
        };
        let first = self
            .by_name
            .find(self.hash(namespace.as_bytes(), name.as_bytes()), |&at| {
                is_its(&self.pods[at as usize])
            });
        let Some(&first) = first else { return 0..0 };
        let first = first as usize;
        let others = self.pods[first..].iter().take_while(|pod| is_its(pod));
        first..first + others.count()
    }

    /// A pod.
    #[must_use]
    pub fn pod(&self, at: usize) -> PodKnown<'_> {
        PodKnown {
            known: self,
            pod: &self.pods[at],
            at,
        }
    }

    /// All pods of the answer that `seen` has not, in the order of their names.
    pub fn unseen<'k>(&'k self, seen: &'k Seen) -> impl Iterator<Item = PodKnown<'k>> {
        let pods = (0..self.pods.len()).filter(|&at| !seen.has_name(at) && !self.pods[at].if_listed);
        pods.map(|at| self.pod(at))
    }

    fn of(&self, span: Span) -> &[u8] {
        &self.text[span.at as usize..][..usize::from(span.length)]
    }

    fn hash(&self, one: &[u8], other: &[u8]) -> u64 {
        self.hasher.hash_one((one, other))
    }
}

/// How it is made.
impl Known {
    /// Nothing yet, with room for as much as before.
    pub(super) fn like(before: &Self) -> Self {
        Self {
            text: Vec::with_capacity(before.text.len()),
            pods: Vec::with_capacity(before.pods.len()),
            containers: Vec::with_capacity(before.containers.len()),
            hasher: before.hasher.clone(),
            ..Self::default()
        }
    }

    /// What tells pods apart.
    pub(super) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.pods.clear();
        self.containers.clear();
        self.unwanted.clear();
        self.by_uid.clear();
        self.by_name.clear();
        self.by_head.clear();
        self.next = (0, 0);
        (self.listed, self.left_out) = (0, 0);
    }

    /// Whether there is more than may be.
    pub(super) fn is_too_much(&self) -> bool {
        self.text.len()
            + self.pods.len() * size_of::<KeptPod>()
            + self.containers.len() * size_of::<KeptContainer>()
            + self.unwanted.len() * size_of::<Written>()
            > MOST
    }

    /// Keeps a text. It is one that fits into a line, or empty.
    pub(super) fn keep(&mut self, text: &[u8]) -> Span {
        let Some(length) = u16::try_from(text.len()).ok().filter(|length| *length > 0) else {
            // Wherever that is copied to, it has its place.
            return Span::default();
        };
        let at = place(self.text.len());
        self.text.extend_from_slice(text);
        Span { at, length }
    }

    /// The next pod has no more of them: they are put in order, and of those of one name the first stays. How many do not.
    pub(super) fn end_containers(&mut self) -> u32 {
        let first = self.next.1 as usize;
        let Self { text, containers, .. } = self;
        let name = |container: &KeptContainer| {
            &text[container.name.at as usize..][..usize::from(container.name.length)]
        };
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
    pub(super) fn push_container(&mut self, container: KeptContainer) {
        self.containers.push(container);
    }

    /// What was kept for the next pod is not: it is none.
    pub(super) fn forget_next(&mut self) {
        let (text, containers) = self.next;
        self.text.truncate(text as usize);
        self.containers.truncate(containers as usize);
    }

    /// One more, with the text and the containers that came since the last one.
    pub(super) fn push_pod(&mut self, mut pod: KeptPod) {
        let (text, containers) = self.next;
        self.next = (place(self.text.len()), place(self.containers.len()));
        pod.text = text..self.next.0;
        pod.containers = containers..self.next.1;
        self.left_out += u64::from(pod.left_out);
        self.pods.push(pod);
    }

    /// What is known of that pod is known here, too.
    pub(super) fn copy(&mut self, pod: &PodKnown<'_>, if_listed: bool) {
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
            container.values.iter_mut().for_each(moved);
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
        kept.values.iter_mut().for_each(moved);
        kept.if_listed = if_listed;
        self.push_pod(kept);
    }

    /// The pod that is written like what `rest` begins with, and how long it is; `None` in its place if it is not let
    /// through.
    pub(super) fn written(&self, rest: &[u8]) -> Option<(Option<PodKnown<'_>>, usize)> {
        if self.by_head.is_empty() {
            return None;
        }
        let of = |at: u32| {
            let at = at as usize;
            let pods = self.pods.len();
            if at < pods {
                &self.pods[at].written
            } else {
                &self.unwanted[at - pods]
            }
        };
        let head = self.hasher.head(rest);
        let found = self.by_head.find(head, |&at| {
            of(at).head == head && of(at).begins(rest, &self.hasher)
        })?;
        let pod = (*found as usize) < self.pods.len();
        let length = of(*found).length as usize;
        Some((pod.then(|| self.pod(*found as usize)), length))
    }

    /// All pods are there: from now on they are found. Of two of one name the one that was made later has lines unasked.
    pub(super) fn finish(&mut self) {
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
        let of = |span: Span| &text[span.at as usize..][..usize::from(span.length)];
        let uid = |at: u32| hasher.hash_one((of(pods[at as usize].uid), &b""[..]));
        let name = |at: u32| hasher.hash_one((of(pods[at as usize].namespace), of(pods[at as usize].name)));
        let head = |at: u32| {
            let written = pods.get(at as usize).map(|pod| &pod.written);
            written.map_or_else(|| unwanted[at as usize - pods.len()].head, |written| written.head)
        };
        for at in 0..place(pods.len()) {
            // Those of one name stand together: the first of them is found. Nobody lists one uid twice; if somebody does, the
            // others are nobody's.
            insert_once(by_name, at, name);
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
    }

    fn put_in_order(&mut self) {
        let mut pods = std::mem::take(&mut self.pods);
        pods.sort_unstable_by(|one, other| {
            let key = |pod: &KeptPod| [pod.namespace, pod.name].map(|span| self.of(span));
            let age = |pod: &KeptPod| (!pod.if_listed, pod.created, self.of(pod.uid));
            let all = |pod: &KeptPod| &self.text[range(&pod.text)];
            key(one)
                .cmp(&key(other))
                .then_with(|| age(one).cmp(&age(other)))
                .then_with(|| all(one).cmp(all(other)))
        });
        self.pods = pods;
        for at in 1..self.pods.len() {
            let [one, other] = [at - 1, at].map(|at| &self.pods[at]);
            let same = |of: fn(&KeptPod) -> Span| self.of(of(one)) == self.of(of(other));
            if same(|pod| pod.namespace) && same(|pod| pod.name) {
                self.pods[at - 1].if_listed = true;
            }
        }
    }
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

fn range(of: &Range<u32>) -> Range<usize> {
    of.start as usize..of.end as usize
}

/// What is known of a pod.
#[derive(Debug, Clone, Copy)]
pub struct PodKnown<'k> {
    known: &'k Known,
    pod: &'k KeptPod,
    at: usize,
}

impl<'k> PodKnown<'k> {
    /// Which one it is.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Its names.
    #[must_use]
    pub fn reference(&self) -> PodReference<'k> {
        let text = |span| Text::plain(self.known.of(span));
        PodReference {
            name: text(self.pod.name),
            namespace: text(self.pod.namespace),
            uid: text(self.pod.uid),
        }
    }

    /// The tags of all its lines; `beside` the tags of a measurement whose keys are free elsewhere.
    #[must_use]
    pub fn tags(&self, beside: bool) -> &'k [u8] {
        let other = self.pod.tags_beside.filter(|_| beside);
        self.known.of(other.unwrap_or(self.pod.tags))
    }

    /// The tag of its own line.
    #[must_use]
    pub fn qos(&self) -> &'k [u8] {
        self.known.of(self.pod.qos)
    }

    /// A value, empty where it is absent.
    #[must_use]
    pub fn value(&self, value: PodValue) -> &'k [u8] {
        self.known.of(self.pod.values[value as usize])
    }

    /// Whether its network is the host's.
    #[must_use]
    pub fn is_on_host_network(&self) -> bool {
        self.pod.on_host_network
    }

    /// Its containers, in the order of their names.
    pub fn containers(&self) -> impl Iterator<Item = ContainerKnown<'k>> + use<'k> {
        let known = self.known;
        range(&self.pod.containers).map(move |at| ContainerKnown {
            known,
            container: &known.containers[at],
            at,
        })
    }

    /// Its container of that name, which is `seen` from now on.
    #[must_use]
    pub fn container(&self, name: Text<'_>, seen: &mut Seen) -> Option<ContainerKnown<'k>> {
        let name = name.text();
        let name = escape::carried(&name);
        let (known, all) = (self.known, range(&self.pod.containers));
        let order = |container: &KeptContainer| known.of(container.name).cmp(name.as_bytes());
        let at = all.start + known.containers[all].binary_search_by(order).ok()?;
        seen.container(at);
        Some(ContainerKnown {
            known,
            container: &known.containers[at],
            at,
        })
    }
}

/// What is known of a container.
#[derive(Debug, Clone, Copy)]
pub struct ContainerKnown<'k> {
    known: &'k Known,
    container: &'k KeptContainer,
    at: usize,
}

impl<'k> ContainerKnown<'k> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Text<'k> {
        Text::plain(self.known.of(self.container.name))
    }

    /// The tags of its line.
    #[must_use]
    pub fn tags(&self) -> &'k [u8] {
        self.known.of(self.container.tags)
    }

    /// A value, empty where it is absent.
    #[must_use]
    pub fn value(&self, value: ContainerValue) -> &'k [u8] {
        self.known.of(self.container.values[value as usize])
    }
}
