//! Lines: from the summary's types to line protocol.
//!
//! The only place that knows measurement, tag and field names ([`schema`]). Knows nothing of how the summary was
//! fetched or where the lines go. A new field of a newer kubelet is one line in `summary::types` and one row here.

mod catalog;
pub mod escape;
mod filter;
mod line;
mod plan;
mod render;
mod samples;
pub mod schema;
mod scrape;
mod settings;
pub mod value;

pub use crate::batch::{Batch, clear};
pub use catalog::{Row, rows};
pub use filter::{Filter, Globs, PatternFault};
pub use render::{Rendered, Renderer};
pub use scrape::{FIELDS as SCRAPE_FIELDS, MEASUREMENT as SCRAPE_MEASUREMENT, ScrapeReport};
pub use settings::{Settings, Timestamp, Volumes};
