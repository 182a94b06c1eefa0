//! An HTTP client of one connection, whose life is in our hands.
//!
//! A connection is a value. All that is done for it is done while somebody waits for an answer, so that one which is
//! kept costs nothing, whatever its peer sends; and with the value its descriptor is gone, whatever its peer does.
//! Libraries that hand connections to tasks of the event loop can promise neither (see DESIGN.md).
//!
//! The way to an answer: [`Resolver`] (addresses), [`connect`] (one of them), [`Connection::open`] (TLS and HTTP),
//! [`Connection::ask`] (one question). Each is a step of its own, so that whoever runs out of patience knows at which.
//! Knows no kubelet, no token and no deadline: who asks drops what takes too long.

mod connection;
mod dial;
mod fault;
mod resolve;
mod stream;
mod tasks;
mod wire;

pub use connection::{Connection, Reply};
pub use dial::connect;
pub use fault::{Ending, Exchange, Handshake, Unreached};
pub use resolve::Resolver;
