//! The kubelet's `/pods`: what was asked for its pods and their containers, beside what they use.
//!
//! May know the API's types and how Kubernetes itself reckons with them. Knows nothing of how an answer was fetched, of the
//! summary, or of what becomes of it in a line.

pub mod quantity;
pub mod resources;
