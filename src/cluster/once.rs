//! The nodes as they are now, heard of once and in the way of a [`Watch`](super::Watch): for who explains a set-up.

use std::time::Duration;

use super::asks::Asks;
use super::error::DiscoveryError;
use super::node::Wanted;
use super::pages::page;
use super::roster::Roster;
use super::selector::Selector;
use crate::client::Client;

/// Nodes of a page.
const PAGE: u32 = 100;

/// Lists the nodes into `roster`: the version that a watch goes on from.
///
/// # Errors
/// There is no list; `roster` is as it was.
pub async fn list(
    client: &mut Client,
    selector: &Selector,
    wanted: &Wanted,
    roster: &Roster,
) -> Result<String, DiscoveryError> {
    match pages(client, selector, wanted, roster, PAGE).await {
        // What was begun is too old to go on: all at once, then.
        Err(DiscoveryError::Status { code: 410, .. }) => pages(client, selector, wanted, roster, 0).await,
        outcome => outcome,
    }
}

async fn pages(
    client: &mut Client,
    selector: &Selector,
    wanted: &Wanted,
    roster: &Roster,
    limit: u32,
) -> Result<String, DiscoveryError> {
    let asks = Asks::new(selector);
    let (mut relist, mut next) = (roster.relist(), None::<String>);
    loop {
        let page = page(client, &asks, wanted, (next.as_deref(), limit), &mut relist).await?;
        next = page.next;
        if next.is_none() {
            relist.finish();
            return Ok(page.resource_version);
        }
    }
}

/// Begins a watch, and leaves it at that.
///
/// # Errors
/// There is none.
pub async fn watch(client: &mut Client, selector: &Selector, version: &str) -> Result<(), DiscoveryError> {
    let query = Asks::new(selector).watch(version, Duration::from_secs(1));
    match client.begin(query).await {
        Ok(_) => Ok(()),
        Err(failure) => Err(DiscoveryError::of(failure, client.shown())),
    }
}
