//! The kubelet's `/pods`: what was asked for its pods and their containers, beside what they use.
//!
//! May know the API's types and how Kubernetes itself reckons with them. Knows nothing of how an answer was fetched, of the
//! summary, or of what becomes of it in a line.

mod member;
mod owner;
mod read;
pub mod resources;
mod types;

pub use member::{Member, StateCode, of_pod, version};
pub use owner::Owner;
pub use read::{Item, NotPods, Visit, read};
pub use resources::{Amounts, Resources};
pub use types::*;
