//! What is known of a node's pods from its last good answer to `/pods`: a few hundred bytes a pod, as text that is ready for
//! lines.
//!
//! Knows how it is kept and found again, and `make` how it comes here. What it is made from is `gather`'s.

mod make;

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::ops::Range;

use hashbrown::HashTable;

use super::ready::{self, Ready};
use super::settings::Group;
use super::values::Amount;
use super::written::{Hasher, Written};
use crate::batch::Large;
use crate::json::Text;
use crate::lines::escape;
use crate::summary::PodReference;

/// The most to keep of one node: ten thousand pods' worth. What has more is no node's answer.
const MOST: usize = 16 * 1024 * 1024;

/// So many pods, wanted or not: four times as many as a node ever has. Their tables have less than 128 KiB then, which `free`
/// takes for nothing large (as in `batch`).
const MOST_PODS: usize = 10_000;

/// A piece of all text; nothing that is absent has any.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    at: u32,
    length: u16,
}

impl Span {
    fn of(self, text: &[u8]) -> &[u8] {
        &text[self.at as usize..][..usize::from(self.length)]
    }
}

/// Fields that are ready for a line, as they are kept.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeptReady {
    pub(super) text: Span,
    pub(super) out_of_range: u8,
}

impl KeptReady {
    fn of(self, text: &[u8]) -> Ready<'_> {
        Ready {
            text: self.text.of(text),
            out_of_range: self.out_of_range,
        }
    }
}

/// The fields of all groups that are made once.
type Groups = [KeptReady; ready::GROUPS.len()];

/// What others are a part of; 0 where there is none, or one that no field can hold.
pub(super) type Amounts = [u64; Amount::COUNT];

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
    pub(super) ready: Groups,
    pub(super) amounts: Amounts,
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
    /// How many of its values are not of the API's type.
    pub(super) rejected: u32,
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
    pub(super) ready: Groups,
    pub(super) amounts: Amounts,
}

/// Pods by uid and by name, and their containers.
#[derive(Debug, Default, Clone)]
pub struct Known {
    text: Large<u8>,
    pods: Large<KeptPod>,
    containers: Large<KeptContainer>,
    /// Where the text and the containers of the next pod begin: behind those of all others, whatever their order is.
    next: (u32, u32),
    by_uid: HashTable<u32>,
    by_name: HashTable<u32>,
    hasher: Hasher,
    /// How those pods are written that are not let through.
    pub(super) unwanted: Large<Written>,
    /// By how it begins, each pod and behind them each that is unwanted.
    by_head: HashTable<u32>,
    /// How many pods the answer had, wanted or not.
    pub(super) listed: u64,
    /// What was left out of it.
    pub(super) left_out: u64,
    /// How many of its values are not of the API's type, but for those of pods that are not wanted.
    pub(super) rejected: u64,
}

impl Known {
    /// How many pods the answer had, wanted or not.
    #[must_use]
    pub fn listed(&self) -> u64 {
        self.listed
    }

    /// How many of its values are not of the API's type, those left out that are nobody's who is wanted.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// What else was left out of it: labels that would be another tag, quantities that are none, texts without end.
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

    /// How many containers all of them have.
    #[must_use]
    pub fn containers(&self) -> usize {
        self.containers.len()
    }

    /// Which pod has this uid.
    #[must_use]
    pub fn find(&self, uid: Text<'_>) -> Option<usize> {
        let uid = said(uid);
        let found = self.by_uid.find(self.hash(&uid, b""), |&at| {
            self.of(self.pods[at as usize].uid) == &*uid
        });
        found.map(|&at| at as usize)
    }

    /// Which pods have this name.
    pub(super) fn named(&self, pod: &PodReference<'_>) -> Range<usize> {
        let (namespace, name) = (carried(pod.namespace), carried(pod.name));
        let is_its = |pod: &KeptPod| self.of(pod.name) == &*name && self.of(pod.namespace) == &*namespace;
        let first = self.by_name.find(self.hash(&namespace, &name), |&at| {
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
        }
    }

    fn of(&self, span: Span) -> &[u8] {
        span.of(&self.text)
    }

    fn hash(&self, one: &[u8], other: &[u8]) -> u64 {
        self.hasher.hash_one((one, other))
    }
}

/// What a text says.
fn said(text: Text<'_>) -> Cow<'_, [u8]> {
    match text.unescaped() {
        // Nothing in it has to be looked at.
        Some(raw) if raw.is_ascii() => Cow::Borrowed(raw),
        _ => Cow::Owned(text.text().into_owned().into_bytes()),
    }
}

/// What a line carries of a name.
fn carried(name: Text<'_>) -> Cow<'_, [u8]> {
    match name.unescaped() {
        // As it is.
        Some(raw) if escape::is_usual(raw) => Cow::Borrowed(raw),
        _ => Cow::Owned(escape::carried(&name.text()).into_owned().into_bytes()),
    }
}

fn range(of: &Range<u32>) -> Range<usize> {
    of.start as usize..of.end as usize
}

/// What is known of a pod.
#[derive(Debug, Clone, Copy)]
pub struct PodKnown<'k> {
    known: &'k Known,
    pod: &'k KeptPod,
}

impl<'k> PodKnown<'k> {
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

    /// The fields of a group.
    #[must_use]
    pub fn ready(&self, group: Group) -> Ready<'k> {
        ready::place(group).map_or_else(Ready::default, |at| self.pod.ready[at].of(&self.known.text))
    }

    /// An amount; 0 where there is none, or one that no field can hold.
    #[must_use]
    pub fn amount(&self, amount: Amount) -> u64 {
        self.pod.amounts[amount as usize]
    }

    /// Whether it has lines where the summary does not list it.
    #[must_use]
    pub fn has_lines_unlisted(&self) -> bool {
        !self.pod.if_listed
    }

    /// Whether its network is the host's.
    #[must_use]
    pub fn is_on_host_network(&self) -> bool {
        self.pod.on_host_network
    }

    /// Where its containers stand among those of all pods.
    pub(super) fn places(&self) -> Range<usize> {
        range(&self.pod.containers)
    }

    /// Its containers, in the order of their names.
    pub fn containers(&self) -> impl Iterator<Item = ContainerKnown<'k>> + use<'k> {
        let known = self.known;
        self.places().map(move |at| ContainerKnown {
            known,
            container: &known.containers[at],
            at,
        })
    }

    /// Its container of that name.
    #[must_use]
    pub fn container(&self, name: Text<'_>) -> Option<ContainerKnown<'k>> {
        let name = carried(name);
        let (known, all) = (self.known, self.places());
        let order = |container: &KeptContainer| known.of(container.name).cmp(&name);
        let at = all.start + known.containers[all].binary_search_by(order).ok()?;
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
    /// Its place among those of all pods.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

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

    /// The fields of a group.
    #[must_use]
    pub fn ready(&self, group: Group) -> Ready<'k> {
        ready::place(group).map_or_else(Ready::default, |at| self.container.ready[at].of(&self.known.text))
    }

    /// An amount; 0 where there is none, or one that no field can hold.
    #[must_use]
    pub fn amount(&self, amount: Amount) -> u64 {
        self.container.amounts[amount as usize]
    }
}
