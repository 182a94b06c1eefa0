//! Who made a pod, as its name says it.

/// Who made a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker<'s> {
    /// A Deployment's `ReplicaSet`, and the hash at the end of its name.
    ReplicaSet {
        name: &'s str,
        hash: &'s str,
    },
    DaemonSet(&'s str),
    /// And the number at the end of the pod's name.
    StatefulSet {
        name: &'s str,
        ordinal: &'s str,
    },
    /// A `CronJob`'s Job.
    Job(&'s str),
    /// Nobody: applied by hand.
    Nobody,
    /// A file on the node.
    File,
}

impl<'s> Maker<'s> {
    /// By the shapes that Kubernetes gives to names. In a cluster nobody should guess so; here names are made to be read.
    pub(super) fn of(name: &'s str, uid: &str) -> Self {
        if !uid.contains('-') {
            return Self::File;
        }
        let Some((before, last)) = name.rsplit_once('-') else {
            return Self::Nobody;
        };
        if last.len() < 4 && last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::StatefulSet {
                name: before,
                ordinal: last,
            };
        }
        if last.len() != 5 || !is_random(last) {
            return Self::Nobody;
        }
        match before.rsplit_once('-') {
            Some((_, due)) if due.len() == 8 && due.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::Job(before)
            }
            Some((_, hash)) if (8..=10).contains(&hash.len()) && is_random(hash) => {
                Self::ReplicaSet { name: before, hash }
            }
            _ => Self::DaemonSet(before),
        }
    }

    /// Version, kind and name of the one that controls it.
    pub(super) fn reference(self) -> Option<[&'s str; 3]> {
        match self {
            Self::ReplicaSet { name, .. } => Some(["apps/v1", "ReplicaSet", name]),
            Self::DaemonSet(name) => Some(["apps/v1", "DaemonSet", name]),
            Self::StatefulSet { name, .. } => Some(["apps/v1", "StatefulSet", name]),
            Self::Job(name) => Some(["batch/v1", "Job", name]),
            Self::Nobody | Self::File => None,
        }
    }

    /// What people call the program.
    pub(super) fn application(self, pod: &'s str) -> &'s str {
        match self {
            Self::ReplicaSet { name, .. } | Self::Job(name) => {
                name.rsplit_once('-').map_or(name, |(program, _)| program)
            }
            Self::DaemonSet(name) | Self::StatefulSet { name, .. } => name,
            Self::Nobody | Self::File => pod,
        }
    }
}

/// Of the letters and digits that Kubernetes makes names of, which spell no word, or any digits.
fn is_random(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || b"bcdfghjklmnpqrstvwxz".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::Maker;

    #[test]
    fn names_say_who_made_them() {
        let uid = "81c9a36a-413a-403c-84fb-513bf0993961";
        for (name, reference) in [
            (
                "web-756f9cfb-slmvb",
                Some(["apps/v1", "ReplicaSet", "web-756f9cfb"]),
            ),
            (
                "telegraf-kubelet-zjtwl",
                Some(["apps/v1", "DaemonSet", "telegraf-kubelet"]),
            ),
            ("db-main-12", Some(["apps/v1", "StatefulSet", "db-main"])),
            ("tidy-29927244-bgr8g", Some(["batch/v1", "Job", "tidy-29927244"])),
            ("half", None),
            ("kube-proxy", None),
        ] {
            assert_eq!(Maker::of(name, uid).reference(), reference, "{name}");
        }
        assert_eq!(
            Maker::of("etcd-node-1", "7f6a1c0e2b3d4f5a6978877665544332"),
            Maker::File
        );
    }
}
