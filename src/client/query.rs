//! What is asked for: a path, and for more than to read it a method and a body.
//!
//! Checked when it is made, so that asking can not fail for it. Knows HTTP's words; whom it is for is others' business.

use hyper::Method;
use hyper::http::uri::PathAndQuery;

/// What is asked for at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    method: Method,
    path: PathAndQuery,
    body: String,
}

impl Query {
    /// To read what is at this path, which may have a query behind it. `None` for what is no path.
    #[must_use]
    pub fn get(path: &str) -> Option<Self> {
        Self::new(Method::GET, path, String::new())
    }

    /// To make something new of this JSON.
    #[must_use]
    pub fn post(path: &str, json: String) -> Option<Self> {
        Self::new(Method::POST, path, json)
    }

    /// To put this JSON in the place of what is there.
    #[must_use]
    pub fn put(path: &str, json: String) -> Option<Self> {
        Self::new(Method::PUT, path, json)
    }

    /// To remove what is there, under the conditions that this JSON has.
    #[must_use]
    pub fn delete(path: &str, json: String) -> Option<Self> {
        Self::new(Method::DELETE, path, json)
    }

    fn new(method: Method, path: &str, body: String) -> Option<Self> {
        let path = path.starts_with('/').then(|| path.parse().ok())??;
        Some(Self { method, path, body })
    }

    /// Whether an answer with this status has it: what is there, or what was made where something was to be.
    pub(super) fn is_answered_by(&self, status: u16) -> bool {
        status == 200 || status == 201 && self.method != Method::GET
    }

    /// The method.
    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// The path with its query.
    pub(super) fn path(&self) -> &PathAndQuery {
        &self.path
    }

    /// The JSON; empty where there is none.
    pub(super) fn body(&self) -> &str {
        &self.body
    }
}

/// Of a path that is known to be one; it costs nothing.
impl From<&'static str> for Query {
    fn from(path: &'static str) -> Self {
        Self {
            method: Method::GET,
            path: PathAndQuery::from_static(path),
            body: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_path_is_not_asked_for() {
        assert!(Query::get("/api/v1/nodes?labelSelector=a%3Db&limit=100").is_some());
        for none in ["", "nodes", "/a b", "/a\nb", "http://host/path"] {
            assert_eq!(Query::get(none), None, "{none:?}");
        }
    }
}
