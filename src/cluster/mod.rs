//! Who there is to scrape: the nodes that an API server lists, and where the kubelet of each answers; and who of several
//! members scrapes which.
//!
//! Knows the API's nodes and Leases and whom we ask for them (`client`). Must not know what a kubelet is asked, nor what becomes
//! of its answer. Which nodes are asked for ([`selector`]), what is kept of each ([`node`], [`address`]), who there is
//! ([`roster`]), who has which ([`share`]) and what is asked when ([`course`]) does no I/O; [`watch`] and [`once`] do.
//!
//! The files know each other in this order only: `name`, [`query`], `back_off`, `budget`, `split` and `tls_words` nothing,
//! then [`address`], [`node`], [`roster`], and beside them [`selector`], then `asks`; [`error`], [`course`], `telling` and `pages`,
//! and [`watch`] and [`once`] all of these; [`share`] nothing, then [`leases`], then [`sharing`].

pub mod address;
mod asks;
mod back_off;
mod budget;
pub mod course;
pub mod error;
pub mod leases;
mod name;
pub mod node;
pub mod once;
mod pages;
pub mod query;
pub mod roster;
pub mod selector;
pub mod share;
pub mod sharing;
mod split;
mod telling;
mod tls_words;
pub mod watch;

pub use address::{Address, AddressType};
pub use error::DiscoveryError;
pub use leases::Leases;
pub use node::{Amounts, Event, Node, Page, Reason, Wanted, read_event, read_page};
pub use roster::{Change, Relist, Roster, Standing};
pub use selector::{Selector, SelectorError};
pub use sharing::{Company, Shares};
pub use telling::{counted, no_node};
pub use watch::Watch;
