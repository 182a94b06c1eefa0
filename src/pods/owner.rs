//! Who made a pod: the controller that it names, and what made that one, where the names leave no doubt.

use std::borrow::Cow;

use super::types::{Metadata, OwnerReference};
use crate::json::Text;

/// The label of a Deployment's pods: what its `ReplicaSet` is called behind the Deployment's name.
const HASH: &str = "pod-template-hash";

const SECONDS_A_MINUTE: i64 = 60;

/// A Job is made when it is due, or up to so much later: a `CronJob` catches up with what it missed.
const LATE_MINUTES: i64 = 24 * 60;

/// What made a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner<'a> {
    /// Its kind.
    pub kind: Cow<'a, str>,
    /// Its name.
    pub name: Cow<'a, str>,
}

impl<'a> Owner<'a> {
    /// Of a pod; `None` where no controller made it. Nothing is guessed: a `ReplicaSet` or a Job that was made by hand is
    /// what it says.
    #[must_use]
    pub fn of(pod: &Metadata<'a>) -> Option<Self> {
        let is_controller = |owner: &&OwnerReference<'_>| owner.controller.token() == b"true";
        let owner = pod.owners.iter().find(is_controller)?;
        let (kind, name) = (owner.kind.text(), owner.name.text());
        let above = match &*kind {
            "ReplicaSet" => deployment(&name, pod).map(|length| ("Deployment", length)),
            "Job" => cron_job(&name, pod).map(|length| ("CronJob", length)),
            _ => None,
        };
        Some(match above {
            Some((kind, length)) => Self {
                kind: Cow::Borrowed(kind),
                name: cut(name, length),
            },
            None => Self { kind, name },
        })
    }
}

/// The first so many bytes.
fn cut(name: Cow<'_, str>, length: usize) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[..length]),
        Cow::Owned(mut name) => {
            name.truncate(length);
            Cow::Owned(name)
        }
    }
}

/// How long the Deployment's name is at the beginning of a `ReplicaSet`'s, if it is one's.
fn deployment(replica_set: &str, pod: &Metadata<'_>) -> Option<usize> {
    let mut hash = Text::default();
    pod.labels.each(|key, value| {
        if &*key.word() == HASH {
            hash = value;
        }
    });
    let hash = hash.word();
    let name = replica_set.strip_suffix(&*hash)?.strip_suffix('-')?;
    (!hash.is_empty() && !name.is_empty()).then_some(name.len())
}

/// How long the `CronJob`'s name is at the beginning of a Job's, if it is one's: behind it stands the minute at which the Job
/// was due (`getJobName` of the `cronjob` controller, since Kubernetes 1.21).
fn cron_job(job: &str, pod: &Metadata<'_>) -> Option<usize> {
    let (name, due) = job.rsplit_once('-')?;
    let is_number = due.bytes().all(|byte| byte.is_ascii_digit()) && !due.starts_with('0');
    let due: i64 = due.parse().ok().filter(|_| is_number)?;
    let created = pod.created.unix_nanoseconds()? / 1_000_000_000 / SECONDS_A_MINUTE;
    let is_due = (created - LATE_MINUTES..=created).contains(&due);
    (is_due && !name.is_empty()).then_some(name.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Read as _, Reader};

    fn owner(metadata: &str) -> Option<(String, String)> {
        let mut read = Metadata::default();
        read.read(&mut Reader::new(metadata.as_bytes())).unwrap();
        Owner::of(&read).map(|owner| (owner.kind.into_owned(), owner.name.into_owned()))
    }

    /// 29927244 minutes since 1970.
    const DUE: &str = "2026-11-25T19:24:00Z";

    #[track_caller]
    fn is(created: &str, labels: &str, kind: &str, name: &str, want: [&str; 2]) {
        let metadata = format!(
            r#"{{"creationTimestamp":"{created}","labels":{{{labels}}},"ownerReferences":[
            {{"kind":"Other","name":"first"}},{{"kind":"{kind}","name":"{name}","controller":true}}]}}"#
        );
        let want = want.map(str::to_owned);
        assert_eq!(owner(&metadata), Some(want.into()), "{metadata}");
    }

    #[test]
    fn a_replica_set_is_its_deployment_where_the_label_says_so() {
        let hash = r#""pod-template-hash":"756f9cfb""#;
        is(DUE, hash, "ReplicaSet", "web-756f9cfb", ["Deployment", "web"]);
        is(
            DUE,
            "",
            "ReplicaSet",
            "web-756f9cfb",
            ["ReplicaSet", "web-756f9cfb"],
        );
        is(DUE, hash, "ReplicaSet", "a-b", ["ReplicaSet", "a-b"]);
        is(DUE, hash, "ReplicaSet", "756f9cfb", ["ReplicaSet", "756f9cfb"]);
        is(DUE, hash, "ReplicaSet", "-756f9cfb", ["ReplicaSet", "-756f9cfb"]);
        is(
            DUE,
            hash,
            "ReplicaSet",
            "web756f9cfb",
            ["ReplicaSet", "web756f9cfb"],
        );
        is(
            DUE,
            hash,
            "StatefulSet",
            "web-756f9cfb",
            ["StatefulSet", "web-756f9cfb"],
        );
        let none = r#""pod-template-hash":"""#;
        is(DUE, none, "ReplicaSet", "web-", ["ReplicaSet", "web-"]);
    }

    #[test]
    fn a_job_is_its_cron_job_where_the_minute_says_so() {
        is(DUE, "", "Job", "tidy-29927244", ["CronJob", "tidy"]);
        is(
            "2026-11-26T19:24:00Z",
            "",
            "Job",
            "tidy-29927244",
            ["CronJob", "tidy"],
        );
        for (created, name) in [
            ("2026-11-26T19:25:00Z", "tidy-29927244"),
            ("2026-11-25T19:23:59Z", "tidy-29927244"),
            (DUE, "tidy-029927244"),
            (DUE, "tidy-+29927244"),
            (DUE, "tidy-5"),
            (DUE, "tidy"),
            (DUE, "29927244"),
            (DUE, "-29927244"),
            ("", "tidy-29927244"),
        ] {
            is(created, "", "Job", name, ["Job", name]);
        }
    }

    #[test]
    fn without_a_controller_there_is_none() {
        for metadata in [
            "{}",
            r#"{"ownerReferences":null}"#,
            r#"{"ownerReferences":[{"kind":"ReplicaSet","name":"a"}]}"#,
            r#"{"ownerReferences":[{"kind":"ReplicaSet","name":"a","controller":false}]}"#,
        ] {
            assert_eq!(owner(metadata), None, "{metadata}");
        }
    }
}
