//! One page of the list of nodes, asked for and read into a list that is not whole yet.
//!
//! Knows how; which page is next, and what a failure means for those before it, is for who asks.

use super::asks::Asks;
use super::error::DiscoveryError;
use super::node::{Page, Wanted, read_page};
use super::roster::Relist;
use crate::client::Client;
use crate::json::Malformed;

/// More nodes than that has no cluster: Kubernetes is made for 5,000, and the largest there are have some tens of thousands.
const MOST: usize = 200_000;

/// Asks for so many nodes behind `next`, and takes those that are wanted into `relist`.
///
/// # Errors
/// There is no such page. Where it came and is none, some of its nodes may be in `relist`, which is to be thrown away then.
pub(super) async fn page(
    client: &mut Client,
    asks: &Asks,
    wanted: &Wanted,
    (next, limit): (Option<&str>, u32),
    relist: &mut Relist,
) -> Result<Page, DiscoveryError> {
    let mut body = Vec::new();
    let got = client.get(asks.list(next, limit), &mut body).await;
    got.map_err(|failure| DiscoveryError::of(failure, client.shown()))?;
    let page = read_page(&body, wanted, |node| relist.put(node)).map_err(DiscoveryError::NotNodes)?;
    let wanted = if relist.nodes() > MOST {
        "no more nodes than any cluster has"
    } else if page.next.is_some() && page.next.as_deref() == next {
        "another page behind this one than itself"
    } else {
        return Ok(page);
    };
    let at = body.len();
    Err(DiscoveryError::NotNodes(Malformed { at, wanted }))
}
