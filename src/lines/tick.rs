//! One body on its way into lines: the parts of a summary as they come, into entries of lists.

use std::ops::Range;

use super::at_hand::{ContainerAtHand, Owner};
use super::called;
use super::kept::Kept;
use super::listed::JoinedNode;
use super::made::{Made, Mark};
use super::metadata::{JoinedContainer, JoinedPod, Known, PodKnown, Seen};
use super::rank::Rank;
use super::schema::CONTAINER_NAME;
use super::settings::Volumes;
use super::tags::lets_through;
use super::unlisted;
use crate::json::{Text, Time};
use crate::summary::{
    Accelerator, Container, Interface, ListOf, Node, Pod, PodReference, Then, UserMetric, Visit, Volume,
};

/// The lists of a node or a pod, in the order in which they are written.
const LISTS: [ListOf; 3] = [ListOf::Containers, ListOf::Interfaces, ListOf::Volumes];

/// One body on its way into lines.
pub(super) struct Tick<'r, 'a> {
    kept: &'r mut Kept,
    /// What the parts belong to.
    owner: Owner,
    container: ContainerAtHand<'a>,
    /// The pod at hand.
    pod: PodReference<'a>,
    /// What is known of pods from elsewhere, and of the one at hand.
    known: &'r Known,
    known_pod: Option<PodKnown<'r>>,
    /// What of that the body has.
    seen: &'r mut Seen,
}

impl<'r> Tick<'r, '_> {
    pub(super) fn new(kept: &'r mut Kept, known: &'r Known, seen: &'r mut Seen) -> Self {
        Self {
            known,
            known_pod: None,
            seen,
            kept,
            owner: Owner::default(),
            container: ContainerAtHand::default(),
            pod: PodReference::default(),
        }
    }

    /// Something begins that has lists. What came of it before is taken back: then it is read again.
    fn begin(&mut self, owner: Owner) {
        let page = &mut self.kept.page;
        if self.owner.begun {
            page.back_to(self.owner.start);
        }
        page.line.owner_begins();
        self.owner = Owner {
            begun: true,
            start: page.line.mark(),
            ..owner
        };
    }

    /// What the owner itself wrote stands first, then its lists, the network before its interfaces.
    fn put_in_order(&mut self, own: Range<usize>, unlisted: Range<usize>, network: Range<usize>) {
        let [containers, interfaces, volumes] = self
            .owner
            .lists
            .each_ref()
            .map(|list| list.as_ref().map_or(0..0, |(_, runs)| runs.clone()));
        let parts = [own, containers, unlisted, network, interfaces, volumes];
        self.kept.page.put_in_order(self.owner.start.runs, &parts);
    }

    /// What is known of this pod, which is listed, and so no other one of its name is there to be told of.
    fn meet(&mut self, pod: &PodReference<'_>) -> Option<PodKnown<'r>> {
        if self.known.is_empty() {
            return None;
        }
        let found = self.seen.meet(self.known, pod);
        found.map(|at| self.known.pod(at))
    }

    /// Whether the network of the pod at hand is to be written.
    fn has_own_network(&self) -> bool {
        !self.kept.settings.metadata.own_network_only
            || self.known_pod.is_none_or(|pod| !pod.is_on_host_network())
    }

    fn network(&mut self, pod: &JoinedPod<'_>) -> bool {
        let Kept {
            page,
            plans,
            pod_tags,
            ..
        } = &mut *self.kept;
        page.write(&plans.pod_network, pod, pod_tags, Time::default())
            .is_some()
    }

    /// Whether the lists of this kind are wanted of what is at hand.
    fn wants(&self, list: ListOf) -> bool {
        match list {
            ListOf::Pods => true,
            ListOf::Containers | ListOf::Interfaces | ListOf::Volumes => self.owner.wanted,
            ListOf::Accelerators | ListOf::UserMetrics => self.container.lists_wanted,
        }
    }

    /// The series of the pod at hand, which all its lines belong to.
    fn series_of_pod(&self) -> Made {
        let Kept { page, pod_tags, .. } = &*self.kept;
        let at = page.line.owner_at();
        let tags = pod_tags.own();
        Made::new(at as usize, tags.len(), 0).numbered(page.number(tags), at != 0)
    }

    /// The series of the container at hand: its own, or where it has no line itself the one that it would be.
    fn series_of_container(&mut self) -> Option<Made> {
        let ContainerAtHand { made, within, .. } = self.container;
        let Some(within) = within.filter(|_| made.is_none_or(|made| !made.is_written())) else {
            return made;
        };
        let Kept {
            page,
            plans,
            container_tags,
            ..
        } = &mut *self.kept;
        let plan = if self.owner.is_pod {
            &plans.container
        } else {
            &plans.system_container
        };
        let number = page.line.number(plan, container_tags);
        Some(within.of(container_tags.own(), container_tags.orders_from(), number))
    }
}

impl<'a> Visit<'a> for Tick<'_, 'a> {
    fn restart(&mut self) {
        self.owner = Owner::default();
        self.seen.begin(self.known);
        self.kept.page.back_to(Mark::default());
    }

    fn node_begins(&mut self, name: Text<'a>) {
        self.begin(Owner {
            wanted: true,
            ..Owner::default()
        });
        self.kept.name_node(name);
    }

    fn node(&mut self, node: &Node<'a>) {
        self.owner.begun = false;
        let Kept {
            page,
            plans,
            node_tags,
            listed,
            ..
        } = &mut *self.kept;
        let start = page.runs();
        let joined = JoinedNode {
            of: node,
            listed: listed.as_deref(),
        };
        page.write(&plans.node, &joined, node_tags, Time::default());
        let own = start..page.runs();
        self.put_in_order(own, 0..0, 0..0);
    }

    fn pod_begins(&mut self, reference: &PodReference<'a>) {
        // Begun again it is the same entry.
        let chosen = if self.owner.begun {
            self.owner.chosen
        } else {
            let page = &mut self.kept.page;
            page.line.counts().pods += 1;
            page.entry_begins(ListOf::Pods, || called::pod(reference))
        };
        self.known_pod = self.meet(reference);
        let settings = &self.kept.settings;
        let wanted = chosen
            && lets_through(&settings.namespaces, reference.namespace)
            && lets_through(&settings.pods, reference.name);
        self.begin(Owner {
            is_pod: true,
            chosen,
            wanted,
            ..Owner::default()
        });
        if wanted {
            self.pod = reference.clone();
            self.kept.name_pod(reference, self.known_pod);
        }
    }

    fn pod(&mut self, pod: &Pod<'a>) {
        self.owner.begun = false;
        if !self.owner.wanted {
            return;
        }
        let Kept {
            page,
            plans,
            pod_tags,
            ..
        } = &mut *self.kept;
        let joined = JoinedPod {
            of: pod,
            known: self.known_pod,
        };
        let start = page.runs();
        let own = page.write(&plans.pod, &joined, pod_tags, Time::default());
        let after_own = page.runs();
        let unlisted = self
            .known_pod
            .is_some_and(|known| unlisted::containers(self.kept, &known, self.seen));
        let before_network = self.kept.page.runs();
        let network = self.has_own_network() && self.network(&joined);
        let end = self.kept.page.runs();
        self.put_in_order(start..after_own, after_own..before_network, before_network..end);
        let Owner { start, inside, .. } = self.owner;
        let any = self.owner.any || own.is_some() || unlisted || network;
        let made = any.then(|| self.series_of_pod());
        let rank = || Rank::of_pod(pod, inside);
        self.kept.page.entry_ends(ListOf::Pods, start, made, rank);
    }

    fn list_begins(&mut self, list: ListOf) {
        if !self.wants(list) {
            return;
        }
        if let (ListOf::Containers, true, Some(pod)) = (list, self.owner.is_pod, &self.known_pod) {
            self.seen.forget_containers(pod);
        }
        let page = &mut self.kept.page;
        // Of a key given twice the last counts.
        if let Some(place) = LISTS.iter().position(|other| *other == list)
            && let Some((start, _)) = self.owner.lists[place].take()
        {
            page.back_to(start);
        }
        let within = match list {
            ListOf::Pods => None,
            ListOf::Accelerators | ListOf::UserMetrics => Some(ListOf::Containers),
            ListOf::Containers | ListOf::Interfaces | ListOf::Volumes => {
                self.owner.is_pod.then_some(ListOf::Pods)
            }
        };
        page.list_begins(list, within);
    }

    fn list_ends(&mut self, list: ListOf) -> Then {
        if !self.wants(list) {
            return Then::GoOn;
        }
        let page = &mut self.kept.page;
        let then = page.list_ends(list);
        if then == Then::Again {
            self.container.goes_back_to(page.start_of(list));
        }
        if then == Then::GoOn
            && let Some(place) = LISTS.iter().position(|other| *other == list)
        {
            let start = page.start_of(list);
            self.owner.lists[place] = Some((start, start.runs..page.runs()));
        }
        then
    }

    fn container(&mut self, container: &Container<'a>) {
        self.container = ContainerAtHand::default();
        self.kept.page.line.counts().containers += u64::from(self.owner.is_pod);
        if !self.owner.wanted {
            return;
        }
        let Kept {
            page,
            plans,
            settings,
            node_tags,
            pod_tags,
            container_tags,
            ..
        } = &mut *self.kept;
        let is_pod = self.owner.is_pod;
        let known_pod = self.known_pod.filter(|_| is_pod);
        let known = known_pod.and_then(|pod| self.seen.meet_container(&pod, container.name));
        let joined = JoinedContainer { of: container, known };
        let of = is_pod.then_some(&self.pod);
        let name = || called::entry("container", container.name, of);
        if !page.entry_begins(ListOf::Containers, name)
            || (is_pod && !lets_through(&settings.containers, container.name))
        {
            return;
        }
        let (plan, tags) = if is_pod {
            (&plans.container, &*pod_tags)
        } else {
            (&plans.system_container, &*node_tags)
        };
        let nameless = is_pod && pod_tags.own() == node_tags.own();
        let start = page.line.mark();
        let made = page.write(plan, &joined, tags, Time::default());
        let has_lists = container
            .accelerators
            .at()
            .or(container.user_metrics.at())
            .is_some();
        if has_lists {
            container_tags.clear();
            container_tags.push(CONTAINER_NAME, container.name);
            container_tags.belong_to(tags, known_pod.map(|pod| pod.tags(true)));
        }
        self.container = ContainerAtHand {
            name: container.name,
            wanted: true,
            lists_wanted: has_lists && !nameless,
            nameless,
            start,
            made,
            within: None,
        };
    }

    fn accelerator(&mut self, accelerator: &Accelerator<'a>) {
        let Kept {
            page,
            plans,
            container_tags,
            ..
        } = &mut *self.kept;
        let plan = &plans.accelerator;
        if !self.container.lists_wanted {
            page.line.counts().lines_left_out +=
                u64::from(self.container.nameless && plan.has_any(accelerator));
            return;
        }
        let of = self.owner.is_pod.then_some(&self.pod);
        let made = page.entry(
            ListOf::Accelerators,
            (plan, accelerator),
            (container_tags, Time::default()),
            || Rank::of_accelerator(accelerator),
            || called::within("accelerator", accelerator.id, self.container.name, of),
        );
        self.container.has(made);
    }

    fn user_metric(&mut self, metric: &UserMetric<'a>) {
        let Kept {
            page,
            plans,
            container_tags,
            ..
        } = &mut *self.kept;
        let plan = &plans.user_metric;
        if !self.container.lists_wanted {
            page.line.counts().lines_left_out += u64::from(self.container.nameless && plan.has_any(metric));
            return;
        }
        let of = self.owner.is_pod.then_some(&self.pod);
        let made = page.entry(
            ListOf::UserMetrics,
            (plan, metric),
            (container_tags, Time::default()),
            || Rank::of_user_metric(metric),
            || called::within("user metric", metric.name, self.container.name, of),
        );
        self.container.has(made);
    }

    fn container_ends(&mut self, container: &Container<'a>) {
        if !self.container.wanted {
            return;
        }
        let made = self.series_of_container();
        let page = &mut self.kept.page;
        if page.is_choosing(ListOf::Pods) {
            self.owner.inside.add(container);
        }
        self.owner.any |= made.is_some();
        page.entry_ends(ListOf::Containers, self.container.start, made, || {
            Rank::of_container(container)
        });
    }

    fn interface(&mut self, interface: &Interface<'a>, time: Time<'a>) {
        if !self.owner.wanted || (self.owner.is_pod && !self.has_own_network()) {
            return;
        }
        let Kept {
            page,
            plans,
            node_tags,
            pod_tags,
            ..
        } = &mut *self.kept;
        let (plan, tags) = if self.owner.is_pod {
            (&plans.pod_interface, pod_tags)
        } else {
            (&plans.node_interface, node_tags)
        };
        let of = self.owner.is_pod.then_some(&self.pod);
        let made = page.entry(
            ListOf::Interfaces,
            (plan, interface),
            (tags, time),
            || Rank::of_interface(interface, time),
            || called::entry("interface", interface.name, of),
        );
        self.owner.any |= made.is_some();
    }

    fn volume(&mut self, volume: &Volume<'a>) {
        if !self.owner.wanted
            || (self.kept.settings.volumes == Volumes::Claims && volume.claim.name.is_empty())
        {
            return;
        }
        let Kept {
            page,
            plans,
            pod_tags,
            ..
        } = &mut *self.kept;
        let made = page.entry(
            ListOf::Volumes,
            (&plans.volume, volume),
            (pod_tags, Time::default()),
            || Rank::of_volume(volume),
            || called::entry("volume", volume.name, Some(&self.pod)),
        );
        self.owner.any |= made.is_some();
    }
}
