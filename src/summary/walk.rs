//! One way through a body, and the detours.
//!
//! What has lists is read in one go, as kubelets print it: what names a thing stands before its lists. A body in which it
//! does not, or in which a key comes twice, is right as well: the object in question is gone through for the places of
//! its parts, and read again from there.

use super::types::{
    Accelerator, Container, Interface, Network, NetworkPart, Node, NodePart, Pod, PodPart, Summary,
    SummaryPart, UserMetric, Volume,
};
use super::visit::{ListOf, NotASummary, Then, Visit};
use crate::json::{Bookmark, Place, Read as _, Reader, SteppedOver};

/// How many times its length of a body may be read again: a body that has the keys of all its objects in another order,
/// and doubled entries in all its lists, needs ten to twelve. Each detour may have others in it, and one that is made to have
/// many would hold up all other kubelets.
const DETOURS: usize = 16;

/// The same for small bodies, which may have as many.
const SHORT_DETOURS: usize = 1024 * 1024;

/// Reads a whole body and hands its parts to `visitor`; the answer is what was stepped over, with `names` of the keys that
/// no type has.
///
/// # Errors
/// The body is no summary. What the visitor got until then must be thrown away: a body that ends in the middle may
/// have lost anything.
pub fn read<'a>(
    body: &'a [u8],
    names: usize,
    visitor: &mut impl Visit<'a>,
) -> Result<SteppedOver, NotASummary> {
    let mut reader = Reader::naming(body, names);
    if reader.is_at_end() {
        return Err(NotASummary::Empty);
    }
    let mut walk = Walk {
        visitor,
        detours: body.len().saturating_mul(DETOURS).max(SHORT_DETOURS),
    };
    let any = walk.summary(&mut reader)?;
    reader.end()?;
    if any {
        Ok(reader.stepped_over())
    } else {
        Err(NotASummary::Other)
    }
}

/// What is known of an object's parts while it is read.
struct Parts<const N: usize> {
    /// In the order of the body at first; where each stands on a detour.
    places: Option<[Option<usize>; N]>,
    seen: [bool; N],
    /// A detour is needed.
    astray: bool,
}

impl<const N: usize> Parts<N> {
    fn new(places: Option<[Option<usize>; N]>) -> Self {
        Self {
            places,
            seen: [false; N],
            astray: false,
        }
    }

    /// Whether the part that `reader` stands at is to be read now. The first part names the whole, and has to come before
    /// the others.
    fn takes(&mut self, part: usize, reader: &mut Reader<'_>) -> bool {
        if let Some(places) = &self.places {
            return part != 0 && places[part] == Some(reader.value());
        }
        let takes = !self.seen[part] && (part == 0 || self.seen[0]);
        self.seen[part] = true;
        self.astray |= !takes;
        takes
    }

    /// Where the first part is to be read from, ahead of the object, on a detour.
    fn first(&self) -> Option<usize> {
        self.places.and_then(|places| places[0])
    }

    /// Whether what the first part names has to begin before the object is gone through: on a detour.
    fn is_detour(&self) -> bool {
        self.places.is_some()
    }
}

struct Walk<'v, V> {
    visitor: &'v mut V,
    /// How many bytes may still be read again.
    detours: usize,
}

impl<'a, V: Visit<'a>> Walk<'_, V> {
    /// Goes back to read again.
    fn again(&mut self, reader: &mut Reader<'a>, start: Bookmark) -> Result<(), NotASummary> {
        let read = reader.back_to(start);
        self.detours = self.detours.checked_sub(read).ok_or(NotASummary::Tangled)?;
        Ok(())
    }

    /// Reads an object in one go, by `pass`, or by a detour if its parts do not stand in the kubelet's order.
    #[inline]
    fn object<const N: usize>(
        &mut self,
        reader: &mut Reader<'a>,
        keys: [&'static str; N],
        mut pass: impl FnMut(&mut Self, &mut Reader<'a>, &mut Parts<N>) -> Result<(), NotASummary>,
    ) -> Result<(), NotASummary> {
        let start = reader.bookmark();
        let mut parts = Parts::new(None);
        pass(self, reader, &mut parts)?;
        if !parts.astray {
            return Ok(());
        }
        self.again(reader, start)?;
        let places = reader.places(keys)?;
        self.again(reader, start)?;
        pass(self, reader, &mut Parts::new(Some(places)))
    }

    /// Hands on the elements of a list, as often as the visitor asks for it.
    #[inline]
    fn list(
        &mut self,
        reader: &mut Reader<'a>,
        list: ListOf,
        mut element: impl FnMut(&mut Self, &mut Reader<'a>) -> Result<(), NotASummary>,
    ) -> Result<(), NotASummary> {
        let start = reader.bookmark();
        loop {
            self.visitor.list_begins(list);
            reader.list_of_objects(|reader| element(self, reader))?;
            match self.visitor.list_ends(list) {
                Then::GoOn => return Ok(()),
                Then::Again => self.again(reader, start)?,
            }
        }
    }

    /// The outermost object; whether it had any of its parts.
    fn summary(&mut self, reader: &mut Reader<'a>) -> Result<bool, NotASummary> {
        let mut summary = Summary::default();
        let mut any = false;
        self.object(reader, SummaryPart::KEYS, |walk, reader, parts| {
            any = false;
            summary.reset();
            walk.visitor.restart();
            if parts.is_detour() {
                let node = &mut summary.node;
                match parts.first() {
                    Some(place) => {
                        reader
                            .there_and_back(place, SummaryPart::KEYS[0], |reader| walk.node(reader, node))?;
                    }
                    None => walk.no_node(),
                }
            }
            let mut more = reader.begin_object()?;
            while let Some(part) = summary.read_on(reader, &mut more)? {
                any = true;
                let takes = parts.takes(part as usize, reader);
                if parts.astray {
                    return Ok(());
                }
                match part {
                    _ if !takes => reader.skip()?,
                    SummaryPart::Node => walk.node(reader, &mut summary.node)?,
                    SummaryPart::Pods => walk.pods(reader)?,
                }
                more = reader.next_member()?;
            }
            Ok(())
        })?;
        Ok(any)
    }

    fn no_node(&mut self) {
        let node = Node::default();
        self.visitor.node_begins(node.name);
        self.visitor.node(&node);
    }

    fn node(&mut self, reader: &mut Reader<'a>, node: &mut Node<'a>) -> Result<(), NotASummary> {
        let mut container = Container::default();
        self.object(reader, NodePart::KEYS, |walk, reader, parts| {
            node.reset();
            if let Some(place) = parts.first() {
                reader.there_and_back(place, NodePart::KEYS[0], |reader| node.name.read(reader))?;
            }
            if parts.is_detour() {
                walk.visitor.node_begins(node.name);
            }
            let mut more = reader.begin_object()?;
            while let Some(part) = node.read_on(reader, &mut more)? {
                let takes = parts.takes(part as usize, reader);
                if parts.astray {
                    return Ok(());
                }
                match part {
                    _ if !takes => reader.skip()?,
                    NodePart::Name => {
                        node.name.read(reader)?;
                        walk.visitor.node_begins(node.name);
                    }
                    NodePart::SystemContainers => walk.containers(reader, &mut container)?,
                    NodePart::Network => walk.network(reader, &mut node.network)?,
                }
                more = reader.next_member()?;
            }
            if !parts.is_detour() && !parts.seen[0] {
                walk.visitor.node_begins(node.name);
            }
            walk.visitor.node(node);
            Ok(())
        })
    }

    fn pods(&mut self, reader: &mut Reader<'a>) -> Result<(), NotASummary> {
        let mut pod = Pod::default();
        let mut container = Container::default();
        self.list(reader, ListOf::Pods, |walk, reader| {
            walk.pod(reader, &mut pod, &mut container)
        })
    }

    fn pod(
        &mut self,
        reader: &mut Reader<'a>,
        pod: &mut Pod<'a>,
        container: &mut Container<'a>,
    ) -> Result<(), NotASummary> {
        self.object(reader, PodPart::KEYS, |walk, reader, parts| {
            pod.reset();
            if let Some(place) = parts.first() {
                reader.there_and_back(place, PodPart::KEYS[0], |reader| pod.reference.read(reader))?;
            }
            if parts.is_detour() {
                walk.visitor.pod_begins(&pod.reference);
            }
            let mut more = reader.begin_object()?;
            while let Some(part) = pod.read_on(reader, &mut more)? {
                let takes = parts.takes(part as usize, reader);
                if parts.astray {
                    return Ok(());
                }
                match part {
                    _ if !takes => reader.skip()?,
                    PodPart::Reference => {
                        pod.reference.read(reader)?;
                        walk.visitor.pod_begins(&pod.reference);
                    }
                    PodPart::Containers => walk.containers(reader, container)?,
                    PodPart::Network => walk.network(reader, &mut pod.network)?,
                    PodPart::Volumes => walk.volumes(reader)?,
                }
                more = reader.next_member()?;
            }
            if !parts.is_detour() && !parts.seen[0] {
                walk.visitor.pod_begins(&pod.reference);
            }
            walk.visitor.pod(pod);
            Ok(())
        })
    }

    fn network(&mut self, reader: &mut Reader<'a>, network: &mut Network<'a>) -> Result<(), NotASummary> {
        let mut interface = Interface::default();
        self.object(reader, NetworkPart::KEYS, |walk, reader, parts| {
            network.reset();
            if let Some(place) = parts.first() {
                reader.there_and_back(place, NetworkPart::KEYS[0], |reader| network.time.read(reader))?;
            }
            let mut more = reader.begin_object()?;
            while let Some(part) = network.read_on(reader, &mut more)? {
                let takes = parts.takes(part as usize, reader);
                if parts.astray {
                    return Ok(());
                }
                match part {
                    _ if !takes => reader.skip()?,
                    NetworkPart::Time => network.time.read(reader)?,
                    NetworkPart::Interfaces => walk.list(reader, ListOf::Interfaces, |walk, reader| {
                        interface.read(reader)?;
                        walk.visitor.interface(&interface, network.time);
                        Ok(())
                    })?,
                }
                more = reader.next_member()?;
            }
            Ok(())
        })
    }

    fn volumes(&mut self, reader: &mut Reader<'a>) -> Result<(), NotASummary> {
        let mut volume = Volume::default();
        self.list(reader, ListOf::Volumes, |walk, reader| {
            volume.read(reader)?;
            walk.visitor.volume(&volume);
            Ok(())
        })
    }

    fn containers(
        &mut self,
        reader: &mut Reader<'a>,
        container: &mut Container<'a>,
    ) -> Result<(), NotASummary> {
        self.list(reader, ListOf::Containers, |walk, reader| {
            container.read(reader)?;
            walk.visitor.container(container);
            walk.accelerators(reader, container.accelerators)?;
            walk.user_metrics(reader, container.user_metrics)?;
            walk.visitor.container_ends(container);
            Ok(())
        })
    }

    fn accelerators(
        &mut self,
        reader: &mut Reader<'a>,
        list: Place<Accelerator<'a>>,
    ) -> Result<(), NotASummary> {
        let mut accelerator = Accelerator::default();
        list.there_and_back(reader, |reader| {
            self.list(reader, ListOf::Accelerators, |walk, reader| {
                accelerator.read(reader)?;
                walk.visitor.accelerator(&accelerator);
                Ok(())
            })
        })
    }

    fn user_metrics(
        &mut self,
        reader: &mut Reader<'a>,
        list: Place<UserMetric<'a>>,
    ) -> Result<(), NotASummary> {
        let mut metric = UserMetric::default();
        list.there_and_back(reader, |reader| {
            self.list(reader, ListOf::UserMetrics, |walk, reader| {
                metric.read(reader)?;
                walk.visitor.user_metric(&metric);
                Ok(())
            })
        })
    }
}
