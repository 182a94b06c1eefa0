//! What `/pods` tells of the pods whose numbers are in the summary: tags for their lines, and fields that no summary has.
//!
//! From an answer to a line: `settings` say what is wanted, `gather` reads an answer, `values` are what it tells of one pod, `ready` makes fields of them, `known` keeps what is wanted of it, `written` knows what needs no reading, `again` when nothing does,
//! `joined` puts it beside the summary's types, and `unlisted` writes what the summary does not list. Names are `schema`'s.

mod again;
mod gather;
mod joined;
mod known;
mod ready;
mod seen;
mod settings;
mod values;
mod written;

pub use gather::{Gatherer, Told, carry};
pub use joined::{JoinedContainer, JoinedPod};
pub use known::{ContainerKnown, Known, PodKnown};
pub use ready::Ready;
pub use seen::Seen;
pub use settings::{Group, Groups, Settings};
pub use values::{Amount, ContainerValue, PodValue};
