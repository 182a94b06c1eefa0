//! Leases of `coordination.k8s.io/v1`, one for each life of a member: how they are listed, made, renewed and removed.
//!
//! Does what [`share::Member`](super::share::Member) says, and decides nothing. What a member goes by stands in an
//! annotation, because a Lease has no field for it.

mod types;

use std::time::Duration;

use serde_json::json;

use super::error::DiscoveryError;
use super::name;
use super::share::{Answer, Lease, Step};
use crate::client::{Client, Failure, Query};
use crate::date;
use crate::json::{Malformed, Read as _, Reader, Text};
use crate::redact::Redacted;

/// The annotation with the ids of those that a member goes by.
const GOES_BY: &str = "telegraf-kubelet/goes-by";

/// The label by which those are found that share nodes with one another.
const GROUP: &str = "telegraf-kubelet/shards";

/// More members than that share no cluster's nodes.
const MOST: usize = 1000;

/// Where the Leases of a group are.
pub struct Leases {
    client: Client,
    /// Of all Leases in the namespace, from the root.
    path: String,
    group: String,
    body: Vec<u8>,
}

impl Leases {
    /// Those of this group in this namespace. Both are words of Kubernetes, so that they can stand in a path and a query.
    #[must_use]
    pub fn new(client: Client, namespace: &str, group: &str) -> Self {
        Self {
            client,
            path: format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"),
            group: group.to_owned(),
            body: Vec::new(),
        }
    }

    /// Does that.
    ///
    /// # Errors
    /// Nobody knows what became of it; the answer for the member is then [`Answer::Failed`].
    pub async fn perform(&mut self, step: &Step) -> Result<Answer, DiscoveryError> {
        let Some(query) = self.query(step) else {
            return Ok(Answer::Failed);
        };
        self.body.clear();
        match self.client.get(query, &mut self.body).await {
            Ok(()) => self.answer(step).map_err(DiscoveryError::NotLeases),
            Err(Failure::Refused(refused)) if is_answer(step, refused.status) => match refused.status {
                404 => Ok(Answer::Gone),
                _ => Ok(Answer::Conflict),
            },
            Err(failure) => Err(DiscoveryError::of(failure, self.client.shown())),
        }
    }

    /// What is written in one, for the log.
    #[must_use]
    pub fn told(&self, text: &str) -> Redacted {
        self.client.profile().secrets().redact(text.as_bytes())
    }

    /// Where they are, for the log.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is asked for it; nothing, for what is nothing to ask.
    fn query(&self, step: &Step) -> Option<Query> {
        let Self { path, group, .. } = self;
        match step {
            // Without a version in the query it is what is stored now, and not what some cache has.
            Step::List => Query::get(&format!(
                "{path}?labelSelector=telegraf-kubelet%2Fshards%3D{group}"
            )),
            Step::Create(lease) => Query::post(path, self.text(lease)),
            Step::Update(lease) => Query::put(&format!("{path}/{}", lease.id), self.text(lease)),
            Step::Delete { id, version } => {
                let mut options = json!({ "apiVersion": "v1", "kind": "DeleteOptions" });
                if let Some(version) = version {
                    options["preconditions"] = json!({ "resourceVersion": version });
                }
                Query::delete(&format!("{path}/{id}"), options.to_string())
            }
            Step::Wait(_) | Step::Done => None,
        }
    }

    fn answer(&self, step: &Step) -> Result<Answer, Malformed> {
        match step {
            Step::List => list(&self.body).map(Answer::Listed),
            Step::Create(_) | Step::Update(_) => stored(&self.body),
            _ => Ok(Answer::Removed),
        }
    }

    /// What the server is to store.
    fn text(&self, lease: &Lease) -> String {
        let mut metadata = json!({
            "name": lease.id,
            "labels": { GROUP: self.group },
            "annotations": { GOES_BY: lease.goes_by.join(",") },
        });
        if !lease.version.is_empty() {
            metadata["resourceVersion"] = json!(lease.version);
            metadata["uid"] = json!(lease.uid);
        }
        // For people: nobody's clock on the wall decides anything.
        let now = date::stamp(date::now()).replace('Z', ".000000Z");
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": {
                "holderIdentity": lease.member,
                "leaseDurationSeconds": lease.duration.as_secs(),
                "renewTime": now,
            },
        });
        lease.to_string()
    }
}

/// Whether that is what is to be known, and no trouble: the Lease that was asked for has another version, is gone, or is there
/// already. Where one that is to be made is not found, it is its namespace that is not there.
fn is_answer(step: &Step, status: u16) -> bool {
    match step {
        Step::Update(_) | Step::Delete { .. } => matches!(status, 404 | 409),
        Step::Create(_) => status == 409,
        Step::List | Step::Wait(_) | Step::Done => false,
    }
}

/// All Leases of a list. What is none of ours has no holder, and is left out.
fn list(body: &[u8]) -> Result<Vec<Lease>, Malformed> {
    let mut reader = Reader::new(body);
    let (mut lists, mut leases, mut lease) = (0, Vec::new(), types::Lease::default());
    reader.object(|reader, key| match &*key.word() {
        "items" => {
            lists += 1;
            reader.list_of_objects(|reader| {
                lease.read(reader)?;
                if leases.len() < MOST {
                    leases.extend(self::lease(&lease));
                }
                Ok(())
            })
        }
        _ => reader.skip(),
    })?;
    reader.end()?;
    // An answer of somebody else, taken for a list without Leases, would be the end of all others.
    if lists == 1 {
        Ok(leases)
    } else {
        let at = body.len();
        let wanted = "a list of Leases";
        Err(Malformed { at, wanted })
    }
}

/// Version and uid of what was stored.
fn stored(body: &[u8]) -> Result<Answer, Malformed> {
    let mut reader = Reader::new(body);
    let mut lease = types::Lease::default();
    lease.read(&mut reader)?;
    reader.end()?;
    let version = text(lease.metadata.resource_version);
    let stored = version.zip(text(lease.metadata.uid));
    let stored = stored.map(|(version, uid)| Answer::Stored { version, uid });
    stored.ok_or(Malformed {
        at: body.len(),
        wanted: "a Lease's resourceVersion",
    })
}

fn lease(of: &types::Lease<'_>) -> Option<Lease> {
    let mut goes_by = Vec::new();
    of.metadata.annotations.each(|key, value| {
        if &*key.word() == GOES_BY {
            let ids = value.text();
            // An annotation may have 256 KiB: whoever may write one does not fill our memory with it.
            let ids = ids.split(',').filter(|id| name::is_subdomain(id)).take(MOST);
            goes_by = ids.map(str::to_owned).collect();
        }
    });
    let seconds: u64 = str::from_utf8(of.spec.duration.token()).ok()?.parse().ok()?;
    Some(Lease {
        // It stands in the path of what is asked of it.
        id: text(of.metadata.name).filter(|id| name::is_subdomain(id))?,
        member: text(of.spec.holder)?,
        version: text(of.metadata.resource_version)?,
        uid: text(of.metadata.uid)?,
        duration: Duration::from_secs(seconds.min(24 * 60 * 60)),
        goes_by,
    })
}

/// A text that is there, and no longer than any name.
fn text(text: Text<'_>) -> Option<String> {
    name::bounded(text, name::LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_read_as_it_is_written() {
        let lease = r#"{"metadata":{"name":"a-1","namespace":"ns","uid":"u","resourceVersion":"17","creationTimestamp":"2026-11-26T08:00:00Z",
            "labels":{"telegraf-kubelet/shards":"g"},"annotations":{"telegraf-kubelet/goes-by":"b-1,c-2"},"managedFields":[{"x":1}]},
            "spec":{"holderIdentity":"a","leaseDurationSeconds":15,"renewTime":"2026-11-26T08:00:00.000000Z"}}"#;
        let want = Lease {
            id: "a-1".to_owned(),
            member: "a".to_owned(),
            version: "17".to_owned(),
            uid: "u".to_owned(),
            duration: Duration::from_secs(15),
            goes_by: vec!["b-1".to_owned(), "c-2".to_owned()],
        };
        let all = format!(
            r#"{{"kind":"LeaseList","items":[{lease},{{"metadata":{{"name":"odd"}},"spec":{{}}}}]}}"#
        );
        assert_eq!(list(all.as_bytes()), Ok(vec![want]));
        let answer = Answer::Stored {
            version: "17".to_owned(),
            uid: "u".to_owned(),
        };
        assert_eq!(stored(lease.as_bytes()), Ok(answer));
    }

    #[test]
    fn what_is_no_list_does_not_end_anybody() {
        for none in [
            "{}",
            "[]",
            "",
            r#"{"kind":"Status","code":200}"#,
            r#"{"items":[]"#,
        ] {
            assert!(list(none.as_bytes()).is_err(), "{none}");
        }
        assert_eq!(list(br#"{"items":[]}"#), Ok(Vec::new()));
        assert!(stored(b"{}").is_err());
    }
}
