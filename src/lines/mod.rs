//! Lines: from the summary's types to line protocol.
//!
//! The only place that knows measurement, tag and field names ([`schema`]). Knows nothing of how the summary was
//! fetched or where the lines go.
//!
//! From the names to a batch: `schema` has them, `plan` what is wanted of them, `line` writes a line and takes it back,
//! `listing` and `page` see to it that each series of a list is written once and in order, with `rank` to choose, `tick`
//! receives a summary's parts, with what `metadata` knows of them beside it, `unlisted` writes what it alone knows, and
//! `render` is what others see. Each knows only those before it.

mod at_hand;
mod called;
mod catalog;
pub mod escape;
mod groups;
mod kept;
mod labels;
mod line;
mod listing;
mod made;
mod measurement;
pub mod metadata;
mod page;
mod plan;
mod rank;
mod render;
mod samples;
pub mod schema;
mod scrape;
mod settings;
mod tags;
mod tick;
mod unlisted;
pub mod value;

pub use crate::batch::{Batch, clear};
pub use crate::filter::{Filter, Globs, PatternFault};
pub use catalog::{is_cpu_and_memory_alone, rows};
pub use labels::{Fate, Label};
pub use measurement::Row;
pub use render::{Metadata, OfNode, Rendered, Renderer, Unusable};
pub use scrape::{
    FIELDS as SCRAPE_FIELDS, MEASUREMENT as SCRAPE_MEASUREMENT, ScrapeField, ScrapeReport,
    TAGS as SCRAPE_TAGS,
};
pub use settings::{Settings, Timestamp, Volumes};
