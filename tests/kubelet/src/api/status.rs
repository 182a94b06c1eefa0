//! Refusals, in an API server's words: objects of the kind Status.

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::asked::{Asked, Resource};
use crate::answers::{Answer, plain};
use crate::json::Json;

/// A refusal.
#[derive(Debug)]
pub(super) struct Status {
    code: u16,
    reason: &'static str,
    message: String,
    /// Group, kind or resource, and name.
    about: Option<Box<(&'static str, &'static str, String)>>,
    /// Where a list could go on, though not as it was.
    goes_on: Option<String>,
}

impl Status {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            about: None,
            goes_on: None,
        }
    }

    /// Of one object, or of all of a resource.
    pub(super) fn about(mut self, resource: Resource, name: &str) -> Self {
        if resource != Resource::Other {
            self.about = Some(Box::new((resource.group(), resource.word(), name.to_owned())));
        }
        self
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn not_found(asked: &Asked) -> Self {
        if asked.resource == Resource::Other {
            return Self::new(
                404,
                "NotFound",
                "the server could not find the requested resource",
            );
        }
        let message = format!("{} \"{}\" not found", asked.resource.qualified(), asked.name);
        Self::new(404, "NotFound", message).about(asked.resource, &asked.name)
    }

    pub(super) fn not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    pub(super) fn conflict(asked: &Asked, why: &str) -> Self {
        let what = asked.resource.qualified();
        let message = format!(
            "Operation cannot be fulfilled on {what} \"{}\": {why}",
            asked.name
        );
        Self::new(409, "Conflict", message).about(asked.resource, &asked.name)
    }

    pub(super) fn already_exists(asked: &Asked) -> Self {
        let message = format!("{} \"{}\" already exists", asked.resource.qualified(), asked.name);
        Self::new(409, "AlreadyExists", message).about(asked.resource, &asked.name)
    }

    /// Of a Lease that can be read and is none that may be stored.
    pub(super) fn invalid(name: &str, message: &str) -> Self {
        Self::new(422, "Invalid", message).about(Resource::Leases, name)
    }

    pub(super) fn forbidden(asked: &Asked, user: &str) -> Self {
        let (verb, resource, group) = (asked.verb.word(), asked.resource.word(), asked.resource.group());
        if asked.resource == Resource::Other {
            let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{}\"", asked.path);
            return Self::new(403, "Forbidden", message);
        }
        let named = if asked.name.is_empty() {
            String::new()
        } else {
            format!(" \"{}\"", asked.name)
        };
        let scope = if asked.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{}\"", asked.namespace)
        };
        let message = format!(
            "{}{named} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {scope}",
            asked.resource.qualified()
        );
        Self::new(403, "Forbidden", message).about(asked.resource, &asked.name)
    }

    /// Of a watch from a version that is forgotten.
    pub(super) fn too_old(version: u64, oldest: u64) -> Self {
        let message = format!("too old resource version: {version} ({oldest})");
        Self::new(410, "Expired", message)
    }

    /// Of a list that is asked to go on and can not.
    pub(super) fn cannot_go_on(token: String) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a new \
                       list without the continue parameter, or use the continue token in this response to retrieve the \
                       remainder of the results. Continuing with the provided token results in an inconsistent list - \
                       objects that were created, modified, or deleted between the time the first chunk was returned and \
                       now may show up in the list.";
        Self {
            goes_on: Some(token),
            ..Self::new(410, "Expired", message)
        }
    }

    /// The object.
    pub(super) fn json(&self) -> String {
        Json::of(|j| {
            j.text("kind", "Status");
            j.text("apiVersion", "v1");
            j.object("metadata", |j| {
                if let Some(token) = &self.goes_on {
                    j.text("continue", token);
                }
            });
            j.text("status", "Failure");
            j.text("message", &self.message);
            if !self.reason.is_empty() {
                j.text("reason", self.reason);
            }
            if let Some((group, kind, name)) = self.about.as_deref() {
                j.object("details", |j| {
                    for (key, text) in [("name", name.as_str()), ("group", group), ("kind", kind)] {
                        if !text.is_empty() {
                            j.text(key, text);
                        }
                    }
                });
            }
            j.plain("code", self.code);
        })
    }

    pub(super) fn answer(&self) -> Answer {
        object(self.code, self.json())
    }
}

/// A JSON object with the newline that Go's encoder ends it with.
pub(super) fn object(code: u16, mut json: String) -> Answer {
    json.push('\n');
    let mut answer = Response::new(Either::Left(Full::new(Bytes::from(json))));
    *answer.status_mut() = StatusCode::from_u16(code).expect("a status");
    headers(&mut answer);
    answer
}

/// What is said of what was removed.
pub(super) fn deleted(asked: &Asked, uid: &str) -> String {
    Json::of(|j| {
        j.text("kind", "Status");
        j.text("apiVersion", "v1");
        j.object("metadata", |_| {});
        j.text("status", "Success");
        j.object("details", |j| {
            j.text("name", &asked.name);
            j.text("group", asked.resource.group());
            j.text("kind", asked.resource.word());
            j.text("uid", uid);
        });
    })
}

/// Those that all answers have.
pub(super) fn headers(answer: &mut Answer) {
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    headers.insert(
        "audit-id",
        HeaderValue::from_static("0c5c7a52-0b1d-4c0e-9c1f-2b7e1d6f4a90"),
    );
}

/// What is said to who asks too often: by who guards the API server, which knows no objects.
pub(super) fn too_many(retry_after: u32) -> Answer {
    let mut answer = plain(429, b"Too many requests, please try again later.\n");
    answer
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(retry_after));
    answer
}
