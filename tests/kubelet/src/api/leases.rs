//! What may be done with Leases when: each is one step for all who ask, and takes a version of its own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::asked::{Asked, Verb};
use super::lease::{Lease, Sent};
use super::list::selector;
use super::node::uid;
use super::status::{self, Status};
use super::store::{Store, now};
use crate::answers::Answer;
use crate::json::Json;

/// By namespace and name.
pub(super) type Leases = BTreeMap<(String, String), Lease>;

/// Does what is asked.
pub(super) fn answer(store: &mut Store, asked: &Asked, body: &[u8]) -> Result<Answer, Status> {
    let answer = |code, lease: &Lease| Ok(status::object(code, lease.typed()));
    match asked.verb {
        Verb::List => Ok(status::object(200, list(store, asked)?)),
        Verb::Get => answer(200, found(store, asked)?),
        Verb::Create => {
            let sent = Sent::read(asked, body)?;
            if sent.version.is_some() {
                let words = "resourceVersion should not be set on objects to be created";
                return Err(Status::new(500, "", words));
            }
            let mut named = asked.clone();
            named.name.clone_from(&sent.lease.name);
            if found(store, &named).is_ok() {
                return Err(Status::already_exists(&named));
            }
            answer(201, create(store, sent.lease))
        }
        Verb::Update => {
            let sent = Sent::read(asked, body)?;
            let (created, lease) = update(store, asked, sent)?;
            answer(if created { 201 } else { 200 }, lease)
        }
        Verb::Delete => delete(store, asked, body),
        Verb::Watch | Verb::Other => Err(Status::not_allowed()),
    }
}

fn key(asked: &Asked) -> (String, String) {
    (asked.namespace.clone(), asked.name.clone())
}

fn found<'s>(store: &'s Store, asked: &Asked) -> Result<&'s Lease, Status> {
    store
        .leases
        .get(&key(asked))
        .ok_or_else(|| Status::not_found(asked))
}

fn list(store: &Store, asked: &Asked) -> Result<String, Status> {
    let selector = selector(asked)?;
    let here = |lease: &&Lease| asked.namespace.is_empty() || lease.namespace == asked.namespace;
    let here = store.leases.values().filter(here);
    let leases = here.filter(|lease| selector.matches(&lease.labels));
    Ok(Json::of(|j| {
        j.text("kind", "LeaseList");
        j.text("apiVersion", "coordination.k8s.io/v1");
        j.object("metadata", |j| {
            j.text("resourceVersion", &store.version().to_string());
        });
        j.objects("items", leases, |j, lease| lease.fields(j));
    }))
}

fn create(store: &mut Store, mut lease: Lease) -> &Lease {
    lease.uid = uid(store.next_number());
    lease.created = now();
    put(store, lease)
}

fn put(store: &mut Store, mut lease: Lease) -> &Lease {
    lease.version = store.next_version();
    let key = (lease.namespace.clone(), lease.name.clone());
    let there = store.leases.entry(key).or_default();
    *there = lease;
    there
}

/// Puts it in the place of what is there; or makes it, as `AllowCreateOnUpdate` of 1.37's
/// `pkg/registry/coordination/lease/strategy.go` says: who put one that is gone meanwhile has a new one, whatever version it
/// knew. Only a uid is good against that.
fn update<'s>(store: &'s mut Store, asked: &Asked, sent: Sent) -> Result<(bool, &'s Lease), Status> {
    let there = store.leases.get(&key(asked));
    let there_uid = there.map_or("", |lease| lease.uid.as_str());
    if let Some(uid) = sent.uid.as_deref().filter(|uid| *uid != there_uid) {
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/leases/{}/{}, ResourceVersion: 0, AdditionalErrorMsg: \
             Precondition failed: UID in precondition: {uid}, UID in object meta: {there_uid}",
            asked.namespace, asked.name
        );
        return Err(Status::conflict(asked, &why));
    }
    let Some(there) = there else {
        return Ok((true, create(store, sent.lease)));
    };
    if sent.version.is_none() {
        let what = asked.resource.qualified();
        let words = format!(
            "{what} \"{}\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update",
            asked.name
        );
        return Err(Status::invalid(&asked.name, &words));
    }
    if sent.version != Some(there.version) {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Status::conflict(asked, why));
    }
    let lease = Lease {
        uid: there.uid.clone(),
        created: there.created,
        ..sent.lease
    };
    // What changes nothing is not written, and keeps its version.
    let same = Lease {
        version: there.version,
        ..lease.clone()
    } == *there;
    if same {
        return found(store, asked).map(|there| (false, there));
    }
    Ok((false, put(store, lease)))
}

fn delete(store: &mut Store, asked: &Asked, body: &[u8]) -> Result<Answer, Status> {
    let options: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body).map_err(|error| Status::bad_request(error.to_string()))?
    };
    let there = found(store, asked)?.clone();
    let conditions = &options["preconditions"];
    for (name, key, is, else_maybe) in [
        ("UID", "uid", &there.uid, "deleted and then recreated"),
        (
            "ResourceVersion",
            "resourceVersion",
            &there.version.to_string(),
            "modified",
        ),
    ] {
        if let Some(wanted) = conditions[key].as_str().filter(|wanted| wanted != is) {
            let why = format!(
                "the {name} in the precondition ({wanted}) does not match the {name} in record ({is}). The object might \
                 have been {else_maybe}"
            );
            return Err(Status::conflict(asked, &why));
        }
    }
    store.leases.remove(&key(asked));
    store.next_version();
    Ok(status::object(200, status::deleted(asked, &there.uid)))
}
