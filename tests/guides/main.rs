//! The guides and the README hold what they promise: their configurations load, the ways that they show are all green,
//! their roles are the least, and their links lead somewhere.
//!
//! `UPDATE_GUIDES=1 cargo test --test guides` writes anew what the program says in them.

mod costs;
mod migrating;
mod operating;
mod parts;
#[path = "../support/mod.rs"]
mod support;
mod told;
mod ways;
