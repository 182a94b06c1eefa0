//! Lists of nodes, page by page: each page of one version, and a token for where the next begins.

use std::fmt::Write as _;
use std::ops::Bound;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;

use super::asked::Asked;
use super::node::{self, Node};
use super::selector::Selector;
use super::status::Status;
use super::store::{Nodes, Store};
use crate::json::Json;

/// One page's JSON. Where `all_old`, no list may go on.
pub(super) fn page(store: &mut Store, asked: &Asked, all_old: bool) -> Result<String, Status> {
    let selector = selector(asked)?;
    let from = begin(store, asked, all_old)?;
    // As for an API server that answers from its cache, which knows no pages.
    let from_cache = asked.query("resourceVersion") == Some("0");
    let limit: usize = match asked.query("limit") {
        Some(limit) if !from_cache => limit.parse().map_err(|_| {
            Status::bad_request(format!("strconv.ParseInt: parsing \"{limit}\": invalid syntax"))
        })?,
        _ => 0,
    };
    let after = match &from.after {
        Some(name) => Bound::Excluded(name.as_str()),
        None => Bound::Unbounded,
    };
    let range = from.nodes.range::<str, _>((after, Bound::Unbounded));
    let mut found = range
        .map(|(_, node)| node)
        .filter(|node| selector.matches(&node.spec.labels));
    let here: Vec<&Arc<Node>> = if limit == 0 {
        found.by_ref().collect()
    } else {
        found.by_ref().take(limit).collect()
    };
    let left = found.count();
    let last = here.last().filter(|_| left > 0);
    let token = last.map(|last| token(Some(from.version), &last.spec.name));
    let selects = asked.query("labelSelector").is_some();
    let mut out = Json::of(|j| {
        j.text("kind", "NodeList");
        j.text("apiVersion", "v1");
        j.object("metadata", |j| {
            j.text("resourceVersion", &from.version.to_string());
            if let Some(token) = &token {
                j.text("continue", token);
                if !selects {
                    j.plain("remainingItemCount", left);
                }
            }
        });
    });
    out.pop();
    out.push_str(",\"items\":[");
    for (at, node) in here.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let _ = write!(out, "{}", node::item(node));
    }
    out.push_str("]}");
    Ok(out)
}

/// What is asked of labels.
pub(super) fn selector(asked: &Asked) -> Result<Selector, Status> {
    let text = asked.query("labelSelector").unwrap_or_default();
    Selector::read(text).map_err(Status::bad_request)
}

/// Where a page begins.
struct From {
    version: u64,
    nodes: Arc<Nodes>,
    after: Option<String>,
}

fn begin(store: &mut Store, asked: &Asked, all_old: bool) -> Result<From, Status> {
    let Some(text) = asked.query("continue") else {
        let (version, nodes) = store.snapshot();
        return Ok(From {
            version,
            nodes,
            after: None,
        });
    };
    let invalid = || Status::bad_request("continue key is not valid: invalid continue token");
    let (version, name) = read(text).ok_or_else(invalid)?;
    let old = || Status::cannot_go_on(token(None, &name));
    let (version, nodes) = match version {
        // What it may be was told with an error before: the rest as it is now.
        None => store.snapshot(),
        Some(_) if all_old => return Err(old()),
        Some(version) => (version, store.at(version).ok_or_else(old)?),
    };
    Ok(From {
        version,
        nodes,
        after: Some(name),
    })
}

/// Go on behind `name`, as of a version or as it is then.
fn token(version: Option<u64>, name: &str) -> String {
    let version = version.map_or("-1".to_owned(), |version| version.to_string());
    let json = Json::of(|j| {
        j.text("v", "meta.k8s.io/v1");
        j.plain("rv", version);
        j.text("start", &format!("{name}\0"));
    });
    BASE64.encode(json)
}

fn read(token: &str) -> Option<(Option<u64>, String)> {
    let json: Value = serde_json::from_slice(&BASE64.decode(token).ok()?).ok()?;
    let name = json["start"].as_str()?.strip_suffix('\0')?;
    let version = u64::try_from(json["rv"].as_i64()?).ok();
    Some((version, name.to_owned()))
}
