//! JSON: a pull reader over one whole body, and the leaves that types are made of.
//!
//! Knows JSON and what Kubernetes writes numbers, text and times as; nothing of summaries, pods or any other type of its
//! API, which are its users. To read another answer, describe its objects with [`object!`] and [`parted_object!`].
//!
//! The files know each other in this order only: [`swar`] and [`text`] nothing, then [`cursor`] (tokens) and
//! [`unknown`], [`reader`] (values), [`leaf`], [`list`] and [`few`] (places to read into),
//! [`object`] (types).

mod cursor;
mod few;
mod leaf;
mod list;
mod malformed;
mod object;
mod reader;
mod swar;
mod text;
mod time;
mod unknown;

pub use few::{Few, Given};
pub use leaf::{Flag, Read, Real, Time, Whole};
pub use list::{Many, Pairs, Place};
pub use malformed::{Malformed, Rejected};
pub(crate) use object::{key_of, object, parted_object, read_or_stop};
pub(crate) use reader::Bookmark;
pub use reader::{MAX_DEPTH, Reader, SteppedOver};
pub use text::Text;
pub use time::unix_nanoseconds;
pub use unknown::Unknown;
