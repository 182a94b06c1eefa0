//! Who there is to scrape: the nodes that an API server lists, and where the kubelet of each answers.
//!
//! Knows the API's nodes and whom we ask for them (`client`). Must not know what a kubelet is asked, nor what becomes of its
//! answer. Reading ([`node`], [`address`]) does no I/O.
//!
//! The files know each other in this order only: [`address`] nothing, then [`node`].

pub mod address;
pub mod node;

pub use address::{Address, AddressType};
pub use node::{Amounts, Event, Node, Page, Reason, Wanted, read_event, read_page};
