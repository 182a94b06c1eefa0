//! What a container and a pod may use, by Kubernetes' own rules.
//!
//! Knows amounts and which kind of container asks for them; not how they were written, nor what is in use.
//!
//! **A container**: what is in force, not what is wanted. `status.containerStatuses[].resources` is that: the kubelet makes
//! it of what it has granted, name by name, and of what the runtime says of it (`kubelet_pods.go`,
//! `convertContainerStatusResources`). So a name that is only in the spec is a resize that was not granted yet, or never
//! will be, and is not in force (kubernetes#117085); the list that loses names in a resize is another one, the pod's own
//! `status.resources` (kubernetes#141814), and is not read. Ephemeral storage can not be resized (`ValidatePodResize`),
//! and whoever leaves it out there is corrected from the spec.
//!
//! **A pod's request**: the most that it asks for at any time (`PodRequests` in component-helpers, `resource/helpers.go`;
//! KEP-753). Init containers run one after the other, each beside the sidecars that stand before it; main containers run
//! beside all sidecars. For a resize half done, Kubernetes takes the larger of wanted, granted and in force, which
//! is what the scheduler has to keep free; ours is in force, as for containers.
//!
//! **A pod's limit**: the most that it may use while it runs, so it is the same sum, and there only if nothing that runs can
//! use more: all main containers and sidecars count, each resource by itself. An init container counts where it has a limit,
//! and is over soon where it has none, which is so in most pods that have one. That is `PodLimits`, which is also what
//! the kubelet tells in the pod's `status.resources`, but for the sum of those that have a limit beside one that has none:
//! half a limit, which nobody keeps to, but for ephemeral storage, where the kubelet evicts by it (`eviction_manager.go`,
//! `podEphemeralStorageLimitEviction`). We tell no half limit there either. (The pod's cgroup gets a limit only if init
//! containers have one too: `cm/helpers_linux.go`, `ResourceConfigForPod`.)
//!
//! **Both**: the pod's own `spec.resources` (KEP-2837) take the sum's place for processors and memory, where they name
//! them; of their resize (KEP-5419) only that `status.resources` tells. Then comes the overhead (KEP-688), on a limit only
//! where there is one. A limit of 0 is none. Ephemeral containers can have no resources and do not count. What is added up
//! was rounded up before, processors by the API server itself (`SetDefaults_ResourceList`), so that its sum is the same.

/// Amounts of what Kubernetes hands out. What is not named is `None`, which a 0 is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// `cpu`, in thousandths of a processor.
    pub cpu_milli: Option<u64>,
    /// `memory`.
    pub memory_bytes: Option<u64>,
    /// `ephemeral-storage`.
    pub ephemeral_storage_bytes: Option<u64>,
}

/// In [`Amounts`], what is named and can not be read: no sum that it belongs to is told, as if it were endless.
pub const NOT_READ: u64 = u64::MAX;

/// What a container that has no limit could use.
const ENDLESS: u64 = u64::MAX;

/// The most that a field holds. What is more is not told.
const MOST: u64 = i64::MAX.unsigned_abs();

/// What is asked for, and what is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resources {
    /// `requests`: kept free for it.
    pub requests: Amounts,
    /// `limits`: never more than this.
    pub limits: Amounts,
}

/// When a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of `initContainers`: alone among its kind, before the main ones.
    Init,
    /// Of `initContainers` with the `restartPolicy: Always`: from its turn on until the end.
    Sidecar,
    /// Of `containers`.
    Main,
    /// Of `ephemeralContainers`.
    Ephemeral,
}

/// One container's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// When it runs.
    pub kind: Kind,
    /// What is wanted: `resources` in the spec.
    pub spec: Resources,
    /// What is in force: `resources` in its status. `{}` is nothing; `None` is a container that never ran, or a kubelet
    /// that does not say (before 1.33).
    pub actual: Option<Resources>,
}

impl Claim {
    /// One of which nothing can be known: no sum that it belongs to is told.
    pub const NOT_READ: Self = Self {
        kind: Kind::Main,
        spec: Resources {
            requests: Amounts::NOT_READ,
            limits: Amounts::NOT_READ,
        },
        actual: None,
    };
}

/// What a container asks for and is allowed.
#[must_use]
pub fn of_container(claim: &Claim) -> Resources {
    let Resources { requests, limits } = in_force(claim);
    Resources {
        requests: requests.each(told),
        limits: limits.each(limit).each(told),
    }
}

/// What a pod asks for and is allowed: of its containers in the order of its spec, init containers first, its own
/// `spec.resources`, and its `spec.overhead`.
#[must_use]
pub fn of_pod(claims: impl IntoIterator<Item = Claim>, pod_level: Resources, overhead: Amounts) -> Resources {
    let (mut requests, mut limits) = (Phases::default(), Phases::default());
    for claim in claims {
        let now = in_force(&claim);
        requests.add(claim.kind, now.requests);
        let most = |amount| match claim.kind {
            Kind::Init => limit(amount),
            _ => Some(limit(amount).unwrap_or(ENDLESS)),
        };
        limits.add(claim.kind, now.limits.each(most));
    }
    let requests = requests.most().replaced_by(pod_level.requests);
    let limits = limits.most().replaced_by(pod_level.limits).each(limit);
    let on_a_limit = |limit: Option<u64>, overhead| limit.and_then(|limit| sum(Some(limit), overhead));
    Resources {
        requests: requests.both(overhead, sum).each(told),
        limits: limits.both(overhead, on_a_limit).each(told),
    }
}

fn in_force(claim: &Claim) -> Resources {
    let Claim { kind, spec, actual } = *claim;
    if kind == Kind::Ephemeral {
        return Resources::default();
    }
    let Some(actual) = actual else { return spec };
    let with_storage = |actual: Amounts, spec: Amounts| Amounts {
        ephemeral_storage_bytes: actual.ephemeral_storage_bytes.or(spec.ephemeral_storage_bytes),
        ..actual
    };
    Resources {
        requests: with_storage(actual.requests, spec.requests),
        limits: with_storage(actual.limits, spec.limits),
    }
}

/// A pod's amounts while its containers come and go.
#[derive(Default)]
struct Phases {
    /// Of the sidecars until now.
    sidecars: Amounts,
    /// The most of an init container and the sidecars before it.
    starting: Amounts,
    /// Of all that run in the end.
    running: Amounts,
}

impl Phases {
    fn add(&mut self, kind: Kind, amounts: Amounts) {
        match kind {
            Kind::Init => self.starting = self.starting.both(self.sidecars.both(amounts, sum), Option::max),
            Kind::Sidecar => {
                self.sidecars = self.sidecars.both(amounts, sum);
                self.running = self.running.both(amounts, sum);
            }
            Kind::Main => self.running = self.running.both(amounts, sum),
            Kind::Ephemeral => {}
        }
    }

    fn most(self) -> Amounts {
        self.running.both(self.starting, Option::max)
    }
}

impl Amounts {
    const NOT_READ: Self = Self {
        cpu_milli: Some(NOT_READ),
        memory_bytes: Some(NOT_READ),
        ephemeral_storage_bytes: Some(NOT_READ),
    };

    fn each(self, change: impl Fn(Option<u64>) -> Option<u64>) -> Self {
        Self {
            cpu_milli: change(self.cpu_milli),
            memory_bytes: change(self.memory_bytes),
            ephemeral_storage_bytes: change(self.ephemeral_storage_bytes),
        }
    }

    fn both(self, other: Self, join: impl Fn(Option<u64>, Option<u64>) -> Option<u64>) -> Self {
        Self {
            cpu_milli: join(self.cpu_milli, other.cpu_milli),
            memory_bytes: join(self.memory_bytes, other.memory_bytes),
            ephemeral_storage_bytes: join(self.ephemeral_storage_bytes, other.ephemeral_storage_bytes),
        }
    }

    /// These, or what the pod itself says. Of ephemeral storage it can not (`IsSupportedPodLevelResource`).
    fn replaced_by(self, pod_level: Self) -> Self {
        Self {
            cpu_milli: pod_level.cpu_milli.or(self.cpu_milli),
            memory_bytes: pod_level.memory_bytes.or(self.memory_bytes),
            ..self
        }
    }
}

/// What is too much stays too much: [`told`] keeps it back.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

fn limit(amount: Option<u64>) -> Option<u64> {
    amount.filter(|amount| *amount > 0)
}

fn told(amount: Option<u64>) -> Option<u64> {
    amount.filter(|amount| *amount <= MOST)
}

#[cfg(test)]
mod tests;
