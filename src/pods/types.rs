//! The API's types, as far as anything of them is wanted: `v1.PodList` as the kubelet's `/pods` prints it, keys in Go's
//! order, every value optional.

use crate::json::{Few, Flag, Given, Malformed, Pairs, Read, Reader, Text, Time, Whole, object};

/// More containers than that no node runs of a pod, although an object of 1.5 MiB, the largest that the API server takes, can
/// have some thousand. They are held while their pod is at hand.
pub const MOST_CONTAINERS: usize = 512;

/// More owners or conditions than that no pod has.
const MOST_OTHERS: usize = 512;

/// A quantity as it is printed: text. What is none is stepped over and counted, and yet it was there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quantity<'a> {
    /// Empty when absent, or no text.
    pub text: Text<'a>,
    /// Something else stood there.
    pub is_wrong: bool,
}

impl<'a> Read<'a> for Quantity<'a> {
    #[inline]
    fn reset(&mut self) {
        *self = Self::default();
    }

    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let before = reader.rejected();
        self.text.read(reader)?;
        self.is_wrong = reader.rejected() > before;
        Ok(())
    }
}

object! {
    /// A pod.
    Pod {
        /// What names it, and is said of it.
        metadata: Metadata<'a> = "metadata",
        /// What is wanted.
        spec: Spec<'a> = "spec",
        /// What is.
        status: Status<'a> = "status",
    }

    /// What names a pod, and is said of it.
    Metadata {
        /// Its name.
        name: Text<'a> = "name",
        /// Its namespace.
        namespace: Text<'a> = "namespace",
        /// Its uid; of a static pod the hash of its file, as in the summary.
        uid: Text<'a> = "uid",
        /// When the API server took it.
        created: Time<'a> = "creationTimestamp",
        /// Its labels.
        labels: Pairs<'a> = "labels",
        /// Its annotations.
        annotations: Pairs<'a> = "annotations",
        /// What it belongs to.
        owners: Few<OwnerReference<'a>, MOST_OTHERS> = "ownerReferences",
    }

    /// What a pod belongs to.
    OwnerReference {
        /// Its kind.
        kind: Text<'a> = "kind",
        /// Its name.
        name: Text<'a> = "name",
        /// Whether it is the one that makes and ends the pod.
        controller: Flag<'a> = "controller",
    }

    /// What is wanted of a pod.
    Spec {
        /// Those that run before the others, one after the other; among them those that then stay, the sidecars.
        init_containers: Few<Container<'a>, MOST_CONTAINERS> = "initContainers",
        /// Its containers.
        containers: Few<Container<'a>, MOST_CONTAINERS> = "containers",
        /// Those that were put into it for debugging.
        ephemeral_containers: Few<Container<'a>, MOST_CONTAINERS> = "ephemeralContainers",
        /// Whether its network is the host's.
        host_network: Flag<'a> = "hostNetwork",
        /// What the runtime needs beside its containers.
        overhead: ResourceList<'a> = "overhead",
        /// Of the pod as a whole (KEP-2837).
        resources: ResourceRequirements<'a> = "resources",
    }

    /// What is wanted of a container.
    Container {
        /// Its name, which no other one of the pod has.
        name: Text<'a> = "name",
        /// Its image, as it was written.
        image: Text<'a> = "image",
        /// What it asks for.
        resources: ResourceRequirements<'a> = "resources",
        /// `Always` makes a sidecar of an init container (KEP-753).
        restart_policy: Text<'a> = "restartPolicy",
    }

    /// Requests and limits.
    ResourceRequirements {
        /// How much may be used.
        limits: ResourceList<'a> = "limits",
        /// How much is kept for it.
        requests: ResourceList<'a> = "requests",
    }

    /// Quantities by resource.
    ResourceList {
        /// Cores.
        cpu: Quantity<'a> = "cpu",
        /// Bytes.
        ephemeral_storage: Quantity<'a> = "ephemeral-storage",
        /// Bytes.
        memory: Quantity<'a> = "memory",
    }

    /// What a pod is like. Its own `resources` are none to believe: without a limit they say the largest that a cgroup can
    /// have.
    Status {
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
        phase: Text<'a> = "phase",
        /// What is true of it.
        conditions: Few<Condition<'a>, MOST_OTHERS> = "conditions",
        /// Why it is in this phase: `Evicted`.
        reason: Text<'a> = "reason",
        /// Of those that run first.
        init_container_statuses: Few<ContainerStatus<'a>, MOST_CONTAINERS> = "initContainerStatuses",
        /// Of its containers.
        container_statuses: Few<ContainerStatus<'a>, MOST_CONTAINERS> = "containerStatuses",
        /// `Guaranteed`, `Burstable` or `BestEffort`.
        qos_class: Text<'a> = "qosClass",
        /// Of those for debugging.
        ephemeral_container_statuses: Few<ContainerStatus<'a>, MOST_CONTAINERS> = "ephemeralContainerStatuses",
    }

    /// Something that is true of a pod, or not.
    Condition {
        /// What.
        kind: Text<'a> = "type",
        /// `True`, `False` or `Unknown`.
        status: Text<'a> = "status",
    }

    /// What a container is like.
    ContainerStatus {
        /// Its name.
        name: Text<'a> = "name",
        /// How it is.
        state: State<'a> = "state",
        /// How its last run before this one ended.
        last_state: State<'a> = "lastState",
        /// Whether it is ready.
        ready: Flag<'a> = "ready",
        /// How often it was started again.
        restart_count: Whole<'a> = "restartCount",
        /// What is in force, after a resize too; absent where it never ran.
        resources: Given<ResourceRequirements<'a>> = "resources",
    }

    /// How a container is: one of these.
    State {
        /// It waits to be started.
        waiting: Given<Waiting<'a>> = "waiting",
        /// It runs.
        running: Given<Running<'a>> = "running",
        /// It ended.
        terminated: Given<Terminated<'a>> = "terminated",
    }

    /// A container that waits.
    Waiting {
        /// Why: `CrashLoopBackOff`, `ImagePullBackOff`.
        reason: Text<'a> = "reason",
    }

    /// A container that runs.
    Running {
        /// Since when.
        started: Time<'a> = "startedAt",
    }

    /// A container that ended.
    Terminated {
        /// What it ended with.
        exit_code: Whole<'a> = "exitCode",
        /// Why: `OOMKilled`, `Error`, `Completed`.
        reason: Text<'a> = "reason",
        /// When.
        finished: Time<'a> = "finishedAt",
    }
}
