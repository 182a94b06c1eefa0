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
mod discovery;
pub mod escape;
mod groups;
mod kept;
mod labels;
mod line;
mod listed;
mod listing;
mod made;
mod measurement;
pub mod metadata;
mod page;
mod plan;
mod rank;
mod render;
mod report;
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
pub use discovery::{
    DiscoveryReport, FIELDS as DISCOVERY_FIELDS, MEASUREMENT as DISCOVERY_MEASUREMENT, TAGS as DISCOVERY_TAGS,
};
pub use labels::{Fate, Label};
pub use listed::Listed;
pub use measurement::{AskedBy, Row};
pub use render::{Metadata, OfNode, Rendered, Renderer, Unusable, listed_of};
pub use report::ReportField;
pub use scrape::{
    FIELDS as SCRAPE_FIELDS, MEASUREMENT as SCRAPE_MEASUREMENT, ScrapeReport, TAGS as SCRAPE_TAGS,
};
pub use settings::{Settings, Timestamp, Volumes};
