//! What people are told of an entry: its kind and its name, and what it belongs to.

use crate::json::Text;
use crate::summary::PodReference;

/// A longer name tells nobody more.
const LONGEST: usize = 1024;

/// `pod "shop/web-0"`.
pub fn pod(pod: &PodReference<'_>) -> String {
    format!("pod {:?}", format!("{}/{}", text(pod.namespace), text(pod.name)))
}

/// `container "app" of pod "shop/web-0"`, or of the node.
pub fn entry(kind: &str, name: Text<'_>, of: Option<&PodReference<'_>>) -> String {
    let of = of.map_or_else(|| "the node".to_owned(), pod);
    format!("{kind} {:?} of {of}", text(name))
}

/// `user metric "depth" of container "app" of pod "shop/web-0"`.
pub fn within(kind: &str, name: Text<'_>, container: Text<'_>, of: Option<&PodReference<'_>>) -> String {
    format!("{kind} {:?} of {}", text(name), entry("container", container, of))
}

fn text(name: Text<'_>) -> String {
    if name.raw().len() > LONGEST {
        "(a name without end)".to_owned()
    } else {
        name.text().into_owned()
    }
}
