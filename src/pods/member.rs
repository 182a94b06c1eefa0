//! A pod's containers of all kinds, each with its status, and what is said of a pod as a whole.

use std::collections::BTreeMap;

use super::resources::{self, Amounts, Claim, Kind, NOT_READ, Resources};
use super::types::{Container, ContainerStatus, Pod, Quantity, ResourceList, ResourceRequirements, State};
use crate::json::Text;
use crate::quantity;

/// A container of a pod.
#[derive(Debug, Clone, Copy)]
pub struct Member<'p, 'a> {
    /// Which kind.
    pub kind: Kind,
    /// What is wanted of it.
    pub spec: &'p Container<'a>,
    /// What it is like; `None` before the kubelet has said.
    pub status: Option<&'p ContainerStatus<'a>>,
}

impl<'a> Pod<'a> {
    /// Its containers in the order of the spec: init containers, containers, those for debugging.
    pub fn members(&self) -> impl Iterator<Item = Member<'_, 'a>> {
        let (spec, status) = (&self.spec, &self.status);
        let init = with_status(&spec.init_containers, &status.init_container_statuses);
        let main = with_status(&spec.containers, &status.container_statuses);
        let ephemeral = with_status(&spec.ephemeral_containers, &status.ephemeral_container_statuses);
        let init = init.map(|(spec, status)| {
            let kind = if &*spec.restart_policy.word() == "Always" {
                Kind::Sidecar
            } else {
                Kind::Init
            };
            Member { kind, spec, status }
        });
        let of = |kind| move |(spec, status)| Member { kind, spec, status };
        init.chain(main.map(of(Kind::Main)))
            .chain(ephemeral.map(of(Kind::Ephemeral)))
    }

    /// Whether there are more of them than are held.
    fn has_more_members(&self) -> bool {
        let spec = &self.spec;
        let lists = [
            &spec.init_containers,
            &spec.containers,
            &spec.ephemeral_containers,
        ];
        !lists.iter().all(|list| list.is_whole())
    }

    /// Whether it is ready, if that is known.
    #[must_use]
    pub fn is_ready(&self) -> Option<bool> {
        let mut conditions = self.status.conditions.iter();
        let ready = conditions.find(|condition| &*condition.kind.word() == "Ready")?;
        Some(&*ready.status.word() == "True")
    }
}

/// Up to so many statuses are looked at one by one.
const FEW: usize = 16;

/// Each container, and its status: most often that stands at the same place of the other list.
fn with_status<'p, 'a>(
    containers: &'p [Container<'a>],
    statuses: &'p [ContainerStatus<'a>],
) -> impl Iterator<Item = (&'p Container<'a>, Option<&'p ContainerStatus<'a>>)> + use<'p, 'a> {
    let by_name: BTreeMap<_, _> = match statuses.len() {
        0..=FEW => BTreeMap::new(),
        _ => statuses
            .iter()
            .map(|status| (status.name.text(), status))
            .rev()
            .collect(),
    };
    containers.iter().enumerate().map(move |(at, container)| {
        let is_its = |status: &&ContainerStatus<'_>| status.name.is_same(container.name);
        let elsewhere = || match statuses.len() {
            0..=FEW => statuses.iter().find(is_its),
            _ => by_name.get(&container.name.text()).copied(),
        };
        (container, statuses.get(at).filter(is_its).or_else(elsewhere))
    })
}

impl Member<'_, '_> {
    /// What it may use and what is kept for it; and how many quantities can not be read.
    #[must_use]
    pub fn resources(&self) -> (Resources, u32) {
        let mut reading = Quantities::default();
        let resources = resources::of_container(&reading.claim(self));
        (resources, reading.unreadable)
    }
}

/// What a pod may use and what is kept for it; and how many quantities of its own can not be read.
#[must_use]
pub fn of_pod(pod: &Pod<'_>) -> (Resources, u32) {
    // Those of the containers are counted where these are told.
    let mut of_containers = Quantities::default();
    let mut own = Quantities::default();
    let pod_level = own.requirements(&pod.spec.resources);
    let overhead = own.list(&pod.spec.overhead);
    let claims = pod.members().map(|member| of_containers.claim(&member));
    let claims = claims.chain(pod.has_more_members().then_some(Claim::NOT_READ));
    (resources::of_pod(claims, pod_level, overhead), own.unreadable)
}

/// Quantities on their way to be numbers.
#[derive(Debug, Default)]
struct Quantities {
    unreadable: u32,
}

impl Quantities {
    fn claim(&mut self, member: &Member<'_, '_>) -> Claim {
        let actual = member.status.and_then(|status| status.resources.get());
        Claim {
            kind: member.kind,
            spec: self.requirements(&member.spec.resources),
            actual: actual.map(|actual| self.requirements(actual)),
        }
    }

    fn requirements(&mut self, of: &ResourceRequirements<'_>) -> Resources {
        Resources {
            requests: self.list(&of.requests),
            limits: self.list(&of.limits),
        }
    }

    fn list(&mut self, of: &ResourceList<'_>) -> Amounts {
        Amounts {
            cpu_milli: self.read(of.cpu, quantity::milli),
            memory_bytes: self.read(of.memory, quantity::whole),
            ephemeral_storage_bytes: self.read(of.ephemeral_storage, quantity::whole),
        }
    }

    fn read(&mut self, quantity: Quantity<'_>, read: fn(&str) -> Option<u64>) -> Option<u64> {
        if quantity.is_wrong {
            // Counted where it was stepped over.
            return Some(NOT_READ);
        }
        if quantity.text.is_empty() {
            return None;
        }
        let amount = read(&quantity.text.word());
        self.unreadable += u32::from(amount.is_none());
        Some(amount.unwrap_or(NOT_READ))
    }
}

/// How a container is, by the numbers of Telegraf's `kube_inventory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateCode {
    /// It runs.
    Running = 0,
    /// It ended.
    Terminated = 1,
    /// It waits to be started.
    Waiting = 2,
    /// Nobody has said, or nothing of these.
    Unknown = 3,
}

impl StateCode {
    /// Of what the kubelet says, if it has said anything.
    #[must_use]
    pub fn of(status: Option<&ContainerStatus<'_>>) -> Self {
        match status.map(|status| &status.state) {
            Some(state) if state.running.get().is_some() => Self::Running,
            Some(state) if state.terminated.get().is_some() => Self::Terminated,
            Some(state) if state.waiting.get().is_some() => Self::Waiting,
            _ => Self::Unknown,
        }
    }
}

impl<'a> State<'a> {
    /// Why it ended, or waits.
    #[must_use]
    pub fn reason(&self) -> Text<'a> {
        match (self.running.get(), self.terminated.get(), self.waiting.get()) {
            (None, Some(terminated), _) => terminated.reason,
            (None, None, Some(waiting)) => waiting.reason,
            _ => Text::default(),
        }
    }
}

/// An image's version: what follows the last `:` behind the last `/`, without a digest. Empty where there is none.
#[must_use]
pub fn version(image: &str) -> &str {
    let (name, _) = image.split_once('@').unwrap_or((image, ""));
    let name = name.rsplit('/').next().unwrap_or_default();
    name.rsplit_once(':').map_or("", |(_, version)| version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Read as _, Reader};

    #[test]
    fn a_version_is_what_is_written_behind_the_name() {
        for (image, want) in [
            ("busybox:1.35", "1.35"),
            ("busybox", ""),
            ("registry:5000/team/app", ""),
            ("registry:5000/team/app:v9", "v9"),
            ("registry:5000/app:v9@sha256:0123", "v9"),
            ("app@sha256:0123", ""),
            ("app:", ""),
            ("", ""),
            ("a:b:c", "c"),
        ] {
            assert_eq!(version(image), want, "{image}");
        }
    }

    fn pod(text: &str) -> Pod<'_> {
        let mut pod = Pod::default();
        pod.read(&mut Reader::new(text.as_bytes())).unwrap();
        pod
    }

    #[test]
    fn each_container_has_its_own_status_whatever_the_order() {
        let pod = pod(
            r#"{"spec":{"initContainers":[{"name":"i"},{"name":"s","restartPolicy":"Always"}],
            "containers":[{"name":"a"},{"name":"b"},{"name":"c"}],"ephemeralContainers":[{"name":"e"}]},
            "status":{"initContainerStatuses":[{"name":"s","restartCount":1},{"name":"i","restartCount":2}],
            "containerStatuses":[{"name":"b","restartCount":3},{"name":"a","restartCount":4}],
            "ephemeralContainerStatuses":[{"name":"e","restartCount":5}]}}"#,
        );
        let members = pod.members().map(|member| {
            let restarts = member.status.map(|status| status.restart_count.token());
            let restarts = String::from_utf8_lossy(restarts.unwrap_or(b"none")).into_owned();
            format!("{} {:?} {restarts}", member.spec.name.text(), member.kind)
        });
        assert_eq!(
            members.collect::<Vec<_>>(),
            [
                "i Init 2",
                "s Sidecar 1",
                "a Main 4",
                "b Main 3",
                "c Main none",
                "e Ephemeral 5"
            ]
        );
    }

    #[test]
    fn a_state_is_what_is_there() {
        for (state, code, reason) in [
            (r#"{"running":{}}"#, StateCode::Running, ""),
            (r#"{"waiting":{"reason":"w"}}"#, StateCode::Waiting, "w"),
            (r#"{"terminated":{"exitCode":0}}"#, StateCode::Terminated, ""),
            (
                r#"{"terminated":{"reason":"OOMKilled"}}"#,
                StateCode::Terminated,
                "OOMKilled",
            ),
            (
                r#"{"waiting":{"reason":"w"},"running":{}}"#,
                StateCode::Running,
                "",
            ),
            ("{}", StateCode::Unknown, ""),
            (r#"{"running":null}"#, StateCode::Unknown, ""),
        ] {
            let text = format!(r#"{{"state":{state}}}"#);
            let mut status = ContainerStatus::default();
            status.read(&mut Reader::new(text.as_bytes())).unwrap();
            assert_eq!(StateCode::of(Some(&status)), code, "{text}");
            assert_eq!(status.state.reason().text(), reason, "{text}");
        }
        assert_eq!(StateCode::of(None), StateCode::Unknown);
    }

    #[test]
    fn a_quantity_that_is_none_is_counted_and_no_sum_is_told() {
        let pod = pod(
            r#"{"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"1","memory":"?"}}},
            {"name":"b","resources":{"requests":{"cpu":"500m","memory":"1Gi"}}}],"overhead":{"cpu":"x"}}}"#,
        );
        let unreadable: Vec<_> = pod.members().map(|member| member.resources().1).collect();
        assert_eq!(unreadable, [1, 0]);
        let (resources, own) = of_pod(&pod);
        assert_eq!(own, 1);
        assert_eq!(resources.requests.memory_bytes, None);
    }
}
