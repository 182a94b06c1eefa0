//! Who there is to scrape: the nodes that an API server lists, and where the kubelet of each answers; and who of several
//! members scrapes which.
//!
//! Knows the API's nodes and Leases and whom we ask for them (`client`). Must not know what a kubelet is asked, nor what becomes
//! of its answer. Reading ([`node`], [`address`]) and deciding ([`share`]) do no I/O.
//!
//! The files know each other in this order only: [`address`] nothing, then [`node`]; [`share`] nothing.

pub mod address;
pub mod node;
pub mod share;

pub use address::{Address, AddressType};
pub use node::{Amounts, Event, Node, Page, Reason, Wanted, read_event, read_page};
