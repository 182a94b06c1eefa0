//! Lines of what the summary does not list: a pod that waits for its image, a container between two crashes, one that ended.
//! That is when its state matters.

use super::kept::Kept;
use super::metadata::{JoinedContainer, JoinedPod, Known, PodKnown, Seen};
use super::tags::lets_through;
use crate::json::Time;
use crate::summary::{Container, Pod};

/// Writes the pods that are known and not seen, in the order of their names.
pub(super) fn pods(kept: &mut Kept, known: &Known, seen: &Seen) {
    let nothing = Pod::default();
    for pod in seen.unlisted(known) {
        kept.name_pod(&pod.reference(), Some(pod));
        kept.page.line.owner_begins();
        let Kept {
            page,
            plans,
            pod_tags,
            ..
        } = &mut *kept;
        let joined = JoinedPod {
            of: &nothing,
            known: Some(pod),
        };
        page.write(&plans.pod, &joined, pod_tags, Time::default());
        containers(kept, &pod, seen);
    }
}

/// Writes the containers of a pod that are known and not seen, in the order of their names. Whether there is any.
pub(super) fn containers(kept: &mut Kept, pod: &PodKnown<'_>, seen: &Seen) -> bool {
    let mut any = false;
    for container in pod.containers() {
        let name = container.name();
        if seen.has(&container) || !lets_through(&kept.settings.containers, name) {
            continue;
        }
        let nothing = Container {
            name,
            ..Container::default()
        };
        let joined = JoinedContainer {
            of: &nothing,
            known: Some(container),
        };
        let Kept {
            page,
            plans,
            pod_tags,
            ..
        } = &mut *kept;
        any |= page
            .write(&plans.container, &joined, pod_tags, Time::default())
            .is_some();
    }
    any
}
