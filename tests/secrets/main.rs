//! No secret gets out: not through files that are damaged, not through a configuration that one was pasted into, not
//! through a server that says again what it was sent. Each fault there is, and then a search in all that was said.

mod config;
mod damage;
mod files;
mod forms;
mod http1;
mod http2;
mod search;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod told;
