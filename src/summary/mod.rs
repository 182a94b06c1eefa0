//! The summary: a body in, the API's types out, piece by piece.
//!
//! Knows what a kubelet prints at `/stats/summary`. Knows nothing of how it was fetched or of what becomes of it: each
//! container, volume and interface is handed to a [`Visit`]or as soon as it is read, so that nothing a body can have any
//! number of is ever held. What a visitor could not do without knowing all of a list, it does by asking for the list once
//! more: the body is there.

mod types;
mod visit;
mod walk;

pub use types::*;
pub use visit::{ListOf, NotASummary, Then, Visit};
pub use walk::read;
