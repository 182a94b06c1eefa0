//! From an answer to `/pods` to what is kept of it.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::again::Again;
use super::known::{Amounts, KeptContainer, KeptPod, Known, Span};
use super::ready::ReadyFields;
use super::seen::Seen;
use super::settings::{Group, Settings};
use super::values::{Amount, ContainerValue, PodValue, Values};
use super::written::Written;
use crate::batch::place;
use crate::filter::Filter;
use crate::json::{Pairs, Rejected, Text, Whole};
use crate::lines::escape;
use crate::lines::labels::{self, Fate, Label};
use crate::lines::schema;
use crate::lines::settings;
use crate::lines::tags::{self, lets_through};
use crate::pods::{self, ContainerStatus, Member, NotPods, Owner, Pod, Resources};

/// A reason, a phase or a name that is longer tells nobody anything.
const LONGEST_TEXT: usize = 1024;

/// The tags of a pod together. They stand on every line of it, and an annotation alone can have 256 KiB.
const LONGEST_TAGS: usize = 4 * 1024;

/// Reads answers to `/pods`.
#[derive(Debug)]
pub struct Gatherer {
    settings: Settings,
    namespaces: Filter,
    pods: Filter,
    /// The keys that no label gets.
    reserved: Vec<&'static str>,
    /// Those that it does not get on the lines of some measurements.
    reserved_there: Vec<&'static str>,
    of_pod: ReadyFields,
    of_container: ReadyFields,
}

/// What became of one label, or one annotation.
pub type Told<'t> = &'t mut dyn FnMut(&Label<'_>);

impl Gatherer {
    /// For what is wanted of the pods that are let through.
    #[must_use]
    pub fn new(lines: &settings::Settings) -> Self {
        Self {
            settings: lines.metadata.clone(),
            namespaces: lines.namespaces.clone(),
            pods: lines.pods.clone(),
            reserved: schema::reserved(),
            reserved_there: schema::reserved_on_some_lines(),
            of_pod: ReadyFields::new(&schema::POD, lines),
            of_container: ReadyFields::new(&schema::CONTAINER, lines),
        }
    }

    /// Reads an answer. What is written there as it was `before` is taken from there.
    ///
    /// # Errors
    /// It is no list of pods.
    pub fn read(&self, body: &[u8], before: &Known) -> Result<Known, NotPods> {
        let (known, _) = self.read_aloud(body, before, &mut |_| {})?;
        Ok(known)
    }

    /// The same. Where the answer tells nothing new, it is what was before.
    ///
    /// # Errors
    /// As there.
    pub fn read_again(&self, body: &[u8], before: &Arc<Known>) -> Result<Arc<Known>, NotPods> {
        let (known, _) = self.read_news(body, before, &mut |_| {})?;
        Ok(known.map_or_else(|| Arc::clone(before), Arc::new))
    }

    /// The same, and says what became of each label that is let through and was not there before.
    ///
    /// # Errors
    /// As there.
    pub fn read_aloud(
        &self,
        body: &[u8],
        before: &Known,
        told: Told<'_>,
    ) -> Result<(Known, Rejected), NotPods> {
        let (known, rejected) = self.read_news(body, before, told)?;
        Ok((known.unwrap_or_else(|| before.clone()), rejected))
    }

    /// `None` where it is what was before.
    fn read_news(
        &self,
        body: &[u8],
        before: &Known,
        told: Told<'_>,
    ) -> Result<(Option<Known>, Rejected), NotPods> {
        let mut reading = Reading {
            gatherer: self,
            before,
            again: Again::default(),
            known: Known::default(),
            scratch: Vec::new(),
            values: Values::default(),
            left_out: 0,
            in_pods: 0,
            told,
        };
        let rejected = pods::read(body, &mut reading)?;
        let outside_of_pods = rejected.count - reading.in_pods;
        if outside_of_pods == 0 && reading.again.is_all() && before.is_of_its_pods_alone() {
            return Ok((None, rejected));
        }
        reading.catch_up();
        reading.known.rejected += outside_of_pods;
        reading.known.finish();
        Ok((Some(reading.known), rejected))
    }
}

/// Keeps of what was known before those pods that the summary `had`, and the answer has not. Had they are still: one summary
/// may be late, and the answers after this one too short as well.
#[must_use]
pub fn carry(before: &Known, had: &mut Seen, known: Arc<Known>) -> Arc<Known> {
    if std::ptr::eq(before, Arc::as_ptr(&known)) {
        return known;
    }
    let known = with_missing(before, had, known);
    had.move_to(before, &known);
    known
}

fn with_missing(before: &Known, had: &Seen, known: Arc<Known>) -> Arc<Known> {
    let is_missing = |at: &usize| had.has_pod(*at) && known.find(before.pod(*at).reference().uid).is_none();
    let missing: Vec<_> = (0..before.pods()).filter(is_missing).collect();
    if missing.is_empty() {
        return known;
    }
    let mut known = Arc::unwrap_or_clone(known);
    for at in missing {
        if !known.is_too_much() {
            known.copy(&before.pod(at), true);
        }
    }
    known.finish();
    Arc::new(known)
}

/// One answer on its way.
struct Reading<'r> {
    gatherer: &'r Gatherer,
    before: &'r Known,
    /// The pods that are as they were before, as long as no other came.
    again: Again,
    known: Known,
    /// Where tags are put together.
    scratch: Vec<u8>,
    /// Of the pod or the container at hand.
    values: Values,
    /// What was left out of the pod at hand.
    left_out: u32,
    /// How many values of the pods that were read are not of the API's type, be these pods wanted or not.
    in_pods: u64,
    told: Told<'r>,
}

impl<'a> pods::Visit<'a> for Reading<'_> {
    fn begin(&mut self) {
        self.known = Known::like(self.before);
        self.again = Again::of(self.before.places_written());
    }

    fn is_known(&mut self, rest: &'a [u8]) -> Option<usize> {
        // Then it is read, and refused there.
        if self.known.is_too_much() {
            return None;
        }
        let (at, length) = self.before.written(rest)?;
        if !self.again.has(at) {
            self.catch_up();
            self.known.copy_written(self.before, at);
        }
        Some(length)
    }

    fn pod(&mut self, pod: &Pod<'a>, item: pods::Item<'a>) -> ControlFlow<()> {
        self.catch_up();
        self.known.listed += 1;
        self.in_pods += item.rejected;
        let metadata = &pod.metadata;
        let written = Written::new(item.rest, item.length, self.known.hasher());
        if lets_through(&self.gatherer.namespaces, metadata.namespace)
            && lets_through(&self.gatherer.pods, metadata.name)
        {
            self.keep(
                pod,
                written,
                place(usize::try_from(item.rejected).unwrap_or(usize::MAX)),
            );
        } else {
            self.known.unwanted.push(written);
        }
        if self.known.is_too_much() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Reading<'_> {
    /// Something is new: what was found up to here is taken over.
    fn catch_up(&mut self) {
        if let Some(found) = self.again.end() {
            self.known.reserve(self.before);
            for at in found {
                self.known.copy_written(self.before, at);
            }
        }
    }

    fn wants(&self, group: Group) -> bool {
        self.gatherer.settings.groups.has(group)
    }

    fn keep(&mut self, pod: &Pod<'_>, written: Written, rejected: u32) {
        self.left_out = 0;
        let metadata = &pod.metadata;
        let names = [metadata.namespace, metadata.name].map(|name| self.name(name));
        let (Some(uid), [Some(namespace), Some(name)]) = (self.text(metadata.uid), names) else {
            // Whose it is can not be said.
            self.known.left_out += 1;
            self.known.rejected += u64::from(rejected);
            self.known.forget_next();
            return;
        };
        let mut kept = KeptPod {
            uid,
            namespace,
            name,
            on_host_network: pod.spec.host_network.token() == b"true",
            written,
            rejected,
            created: metadata.created.unix_nanoseconds().unwrap_or(i64::MIN),
            ..KeptPod::default()
        };
        self.tags(pod, &mut kept);
        self.values.clear();
        if self.wants(Group::Status) {
            self.status(pod);
        }
        let resources = self.wants(Group::Resources) || self.wants(Group::Utilization);
        if resources {
            let (effective, unreadable) = pods::of_pod(pod);
            self.left_out += unreadable;
            kept.amounts = self.resources(effective, PodValue::RequestsCpu as usize);
        }
        let Self {
            values,
            scratch,
            known,
            ..
        } = self;
        self.gatherer.of_pod.write(values, scratch, |at, ready| {
            kept.ready[at] = known.keep_ready(ready);
        });
        for member in pod.members() {
            self.container(&member, resources);
        }
        self.left_out += self.known.end_containers();
        kept.left_out = self.left_out;
        self.known.push_pod(kept);
    }

    /// Those of all lines of the pod, and of its own.
    fn tags(&mut self, pod: &Pod<'_>, kept: &mut KeptPod) {
        let settings = &self.gatherer.settings;
        let owner = if self.wants(Group::Owner) {
            Owner::of(&pod.metadata)
        } else {
            None
        };
        self.scratch.clear();
        if let Some(owner) = owner {
            for (key, value) in [
                (schema::OWNER_KIND, &owner.kind),
                (schema::OWNER_NAME, &owner.name),
            ] {
                self.left_out += u32::from(!push_tag(&mut self.scratch, key, value));
            }
        }
        let metadata = &pod.metadata;
        let families = [
            (metadata.labels, settings.labels.as_ref()),
            (metadata.annotations, settings.annotations.as_ref()),
        ];
        let head = self.scratch.len();
        kept.tags = self.labels(families, false);
        if self.is_there(families) {
            self.scratch.truncate(head);
            kept.tags_beside = Some(self.labels(families, true));
        }
        if self.wants(Group::Qos) {
            let class = pod.status.qos_class.word();
            self.scratch.clear();
            self.left_out += u32::from(!push_tag(&mut self.scratch, schema::QOS_CLASS, &class));
            kept.qos = self.known.keep(&self.scratch);
        }
    }

    /// Whether a label would have a key of a measurement whose keys are free elsewhere.
    fn is_there(&self, families: [(Pairs<'_>, Option<&Filter>); 2]) -> bool {
        let mut any = false;
        for (pairs, filter) in families {
            if filter.is_some() {
                pairs.each(|key, _| {
                    let key = key.word();
                    any |= self
                        .gatherer
                        .reserved_there
                        .iter()
                        .any(|there| *there == key || *there == escape::carried(&key));
                });
            }
        }
        any
    }

    fn labels(&mut self, families: [(Pairs<'_>, Option<&Filter>); 2], there: bool) -> Span {
        let Gatherer {
            reserved,
            reserved_there,
            ..
        } = self.gatherer;
        let chosen = labels::of_pod(families, LONGEST_TAGS, |key| {
            reserved.contains(&key) || (there && reserved_there.contains(&key))
        });
        if !there {
            self.left_out = self.left_out.saturating_add(chosen.beyond);
        }
        let tags = &mut self.scratch;
        for mut label in chosen.labels {
            let before = tags.len();
            let fits =
                label.fate != Fate::LeftOut && label.push(tags).is_some() && tags.len() <= LONGEST_TAGS;
            if !fits {
                tags.truncate(before);
                label.fate = Fate::LeftOut;
            }
            if !there {
                self.left_out += u32::from(!fits);
                (self.told)(&label);
            }
        }
        self.known.keep(&self.scratch)
    }

    fn status(&mut self, pod: &Pod<'_>) {
        let status = &pod.status;
        self.set_text(PodValue::Phase as usize, status.phase);
        self.set_text(PodValue::PhaseReason as usize, status.reason);
        if let Some(ready) = pod.is_ready() {
            self.values.set_number(PodValue::Ready as usize, u64::from(ready));
        }
    }

    fn container(&mut self, member: &Member<'_, '_>, resources: bool) {
        let Some(name) = self.name(member.spec.name) else {
            self.left_out += 1;
            return;
        };
        let mut kept = KeptContainer {
            name,
            ..KeptContainer::default()
        };
        if self.wants(Group::Image) {
            kept.tags = self.image(member.spec.image);
        }
        self.values.clear();
        if self.wants(Group::Status) {
            self.container_status(member.status);
        }
        if resources {
            let (effective, unreadable) = member.resources();
            self.left_out += unreadable;
            kept.amounts = self.resources(effective, ContainerValue::RequestsCpu as usize);
        }
        let Self {
            values,
            scratch,
            known,
            ..
        } = self;
        self.gatherer.of_container.write(values, scratch, |at, ready| {
            kept.ready[at] = known.keep_ready(ready);
        });
        self.known.push_container(kept);
    }

    /// The image whole, as `inputs.kubernetes` has it, and its version.
    fn image(&mut self, image: Text<'_>) -> Span {
        if image.raw().len() > LONGEST_TEXT {
            self.left_out += 1;
            return Span::default();
        }
        let image = image.text();
        self.scratch.clear();
        push_tag(&mut self.scratch, schema::IMAGE, &image);
        push_tag(&mut self.scratch, schema::VERSION, pods::version(&image));
        self.known.keep(&self.scratch)
    }

    fn container_status(&mut self, status: Option<&ContainerStatus<'_>>) {
        use ContainerValue::{LastExitCode, LastReason, LastTime, Ready, Restarts, StateCode, StateReason};
        let state = pods::StateCode::of(status);
        self.values.set_number(StateCode as usize, state as u64);
        let Some(status) = status else { return };
        self.set_text(StateReason as usize, status.state.reason());
        self.set_as_it_is(Restarts as usize, status.restart_count);
        match status.ready.token() {
            b"true" => self.values.set_number(Ready as usize, 1),
            b"false" => self.values.set_number(Ready as usize, 0),
            _ => {}
        }
        if let Some(last) = status.last_state.terminated.get() {
            self.set_text(LastReason as usize, last.reason);
            self.set_as_it_is(LastExitCode as usize, last.exit_code);
            if last.finished.unix_nanoseconds().is_some() {
                self.values.set(LastTime as usize, last.finished.token());
            } else {
                self.left_out += u32::from(!last.finished.token().is_empty());
            }
        }
    }

    /// Their values stand together from place `first` on, in the order of [`Amount`].
    fn resources(&mut self, of: Resources, first: usize) -> Amounts {
        let amounts = |of: pods::Amounts| [of.cpu_milli, of.memory_bytes, of.ephemeral_storage_bytes];
        let all = [amounts(of.requests), amounts(of.limits)];
        let mut kept = Amounts::default();
        for (at, (amount, kept)) in all.as_flattened().iter().zip(&mut kept).enumerate() {
            if let Some(amount) = *amount {
                self.values.set_number(first + at, amount);
                // What no field can hold can be seen by nobody, and so can not what is a part of it.
                *kept = i64::try_from(amount).map_or(0, i64::unsigned_abs);
            }
        }
        kept
    }

    /// A text as it is; `None` without one, or where it is too long.
    fn text(&mut self, text: Text<'_>) -> Option<Span> {
        Some(self.known.keep(short(text)?.as_bytes()))
    }

    /// A name as it is carried by a line: those that are one there are one here.
    fn name(&mut self, name: Text<'_>) -> Option<Span> {
        Some(self.known.keep(escape::carried(&short(name)?).as_bytes()))
    }

    /// A value, of a text.
    fn set_text(&mut self, place: usize, text: Text<'_>) {
        self.left_out += u32::from(text.raw().len() > LONGEST_TEXT);
        if let Some(text) = short(text) {
            self.values.set(place, text.as_bytes());
        }
    }

    /// Whatever no field can hold is left out where a field is made of it, but for what has no end.
    fn set_as_it_is(&mut self, place: usize, number: Whole<'_>) {
        let is_short = number.token().len() <= LONGEST_TEXT;
        self.left_out += u32::from(!is_short);
        if is_short {
            self.values.set(place, number.token());
        }
    }
}

/// Where the values of [`Amount`] stand among a pod's and a container's.
const _: () = {
    use Amount as A;
    use ContainerValue as C;
    use PodValue as P;
    let (pod, container) = (P::RequestsCpu as usize, C::RequestsCpu as usize);
    assert!(P::LimitsCpu as usize - pod == A::LimitsCpu as usize);
    assert!(C::LimitsCpu as usize - container == A::LimitsCpu as usize);
    assert!(P::COUNT - pod == A::COUNT && C::COUNT - container == A::COUNT);
};

/// What it says; `None` if that is nothing, or too long.
fn short(text: Text<'_>) -> Option<Cow<'_, str>> {
    (!text.is_empty() && text.raw().len() <= LONGEST_TEXT).then(|| text.text())
}

/// Appends a tag, unless its value is empty; false where it is too long.
fn push_tag(tags: &mut Vec<u8>, key: &str, value: &str) -> bool {
    if value.is_empty() {
        return true;
    }
    value.len() <= LONGEST_TEXT && tags::push_tag(tags, key, Text::plain(value.as_bytes()))
}
