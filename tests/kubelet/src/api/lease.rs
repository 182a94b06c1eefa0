//! A Lease's object: read from what a client sends, as strictly as an API server does, and printed as it prints it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::asked::Asked;
use super::node;
use super::status::Status;
use crate::json::Json;

/// A Lease as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    /// Where it is.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Which of all that ever had that name.
    pub uid: String,
    /// The counter at its last change.
    pub version: u64,
    /// Seconds since 1970.
    pub created: i64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// `holderIdentity`
    pub holder: Option<String>,
    /// `leaseDurationSeconds`
    pub duration: Option<i64>,
    /// `acquireTime`
    pub acquired: Option<String>,
    /// `renewTime`
    pub renewed: Option<String>,
    /// `leaseTransitions`
    pub transitions: Option<i64>,
}

/// What a client sent.
pub(super) struct Sent {
    /// Everything in it but what the server gives.
    pub(super) lease: Lease,
    /// The version and uid that it is about, where it says so.
    pub(super) version: Option<u64>,
    pub(super) uid: Option<String>,
}

impl Sent {
    pub(super) fn read(asked: &Asked, body: &[u8]) -> Result<Self, Status> {
        let cannot = |why: &str| {
            Status::bad_request(format!(
                "Lease in version \"v1\" cannot be handled as a Lease: {why}"
            ))
        };
        let json: Value = serde_json::from_slice(body).map_err(|error| cannot(&error.to_string()))?;
        if json["kind"] != "Lease" || json["apiVersion"] != "coordination.k8s.io/v1" {
            return Err(Status::bad_request(
                "the object provided is unrecognized (must be of type Lease)",
            ));
        }
        let (metadata, spec) = (&json["metadata"], &json["spec"]);
        let text = |of: &Value, key: &str| match &of[key] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(cannot(&format!(
                "json: cannot unmarshal into Go struct field {key} of type string"
            ))),
        };
        let number = |key: &str| match &spec[key] {
            Value::Null => Ok(None),
            value => value.as_i64().map(Some).ok_or_else(|| {
                cannot(&format!(
                    "json: cannot unmarshal into Go struct field LeaseSpec.spec.{key} of type int32"
                ))
            }),
        };
        let time = |key: &str| match text(spec, key)? {
            Some(time) if !is_micro_time(&time) => Err(cannot(&format!(
                "parsing time \"{time}\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse it"
            ))),
            time => Ok(time),
        };
        let version = match text(metadata, "resourceVersion")?.as_deref() {
            None | Some("" | "0") => None,
            Some(version) => Some(
                version
                    .parse()
                    .map_err(|_| Status::bad_request("invalid resourceVersion"))?,
            ),
        };
        let lease = Lease {
            namespace: text(metadata, "namespace")?.unwrap_or_else(|| asked.namespace.clone()),
            name: text(metadata, "name")?.unwrap_or_default(),
            labels: texts(&metadata["labels"]).ok_or_else(|| cannot("labels are no texts"))?,
            annotations: texts(&metadata["annotations"]).ok_or_else(|| cannot("annotations are no texts"))?,
            holder: text(spec, "holderIdentity")?,
            duration: number("leaseDurationSeconds")?,
            acquired: time("acquireTime")?,
            renewed: time("renewTime")?,
            transitions: number("leaseTransitions")?,
            ..Lease::default()
        };
        let uid = text(metadata, "uid")?.filter(|uid| !uid.is_empty());
        let sent = Self { lease, version, uid };
        sent.check(asked).map(|()| sent)
    }

    fn check(&self, asked: &Asked) -> Result<(), Status> {
        let Lease {
            namespace,
            name,
            duration,
            ..
        } = &self.lease;
        if *namespace != asked.namespace {
            return Err(Status::bad_request(format!(
                "the namespace of the provided object does not match the namespace sent on the request ({namespace}, {})",
                asked.namespace
            )));
        }
        if !asked.name.is_empty() && *name != asked.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                asked.name
            )));
        }
        let invalid = |field: &str, value: &str, why: &str| {
            Status::invalid(
                name,
                &format!(
                    "Lease.coordination.k8s.io \"{name}\" is invalid: {field}: Invalid value: {value}: {why}"
                ),
            )
        };
        if !is_subdomain(name) {
            let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
            return Err(invalid("metadata.name", &format!("\"{name}\""), why));
        }
        match duration {
            Some(seconds) if *seconds <= 0 => Err(invalid(
                "spec.leaseDurationSeconds",
                &seconds.to_string(),
                "must be greater than 0",
            )),
            _ => Ok(()),
        }
    }
}

fn texts(of: &Value) -> Option<BTreeMap<String, String>> {
    let Some(object) = of.as_object() else {
        return of.is_null().then(BTreeMap::new);
    };
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    object.iter().map(text).collect()
}

/// As Go's `MicroTime` is read: six digits behind the point, no more and no less.
fn is_micro_time(time: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:dd.dddddd";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        _ => byte == shape,
    };
    let (Some(head), Some(zone)) = (time.as_bytes().get(..shape.len()), time.get(shape.len()..)) else {
        return false;
    };
    let offset = zone.len() == 6 && zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':';
    head.iter().zip(shape).all(fits) && (zone == "Z" || offset)
}

fn is_subdomain(name: &str) -> bool {
    let inside = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let part = |part: &str| {
        let bytes = part.as_bytes();
        bytes.iter().all(inside) && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(part)
}

impl Lease {
    /// By itself; in a list it does not tell its kind.
    pub(super) fn typed(&self) -> String {
        Json::of(|j| {
            j.text("kind", "Lease");
            j.text("apiVersion", "coordination.k8s.io/v1");
            self.fields(j);
        })
    }

    pub(super) fn fields(&self, j: &mut Json) {
        j.object("metadata", |j| {
            j.text("name", &self.name);
            j.text("namespace", &self.namespace);
            j.text("uid", &self.uid);
            j.text("resourceVersion", &self.version.to_string());
            j.text("creationTimestamp", &node::date(self.created));
            for (key, texts) in [("labels", &self.labels), ("annotations", &self.annotations)] {
                if !texts.is_empty() {
                    j.object(key, |j| {
                        for (key, text) in texts {
                            j.text(key, text);
                        }
                    });
                }
            }
        });
        j.object("spec", |j| {
            let text = |j: &mut Json, key: &str, text: &Option<String>| {
                if let Some(text) = text {
                    j.text(key, text);
                }
            };
            text(j, "holderIdentity", &self.holder);
            if let Some(duration) = self.duration {
                j.plain("leaseDurationSeconds", duration);
            }
            text(j, "acquireTime", &self.acquired);
            text(j, "renewTime", &self.renewed);
            if let Some(transitions) = self.transitions {
                j.plain("leaseTransitions", transitions);
            }
        });
    }
}
