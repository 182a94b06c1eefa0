//! All names as a list, for filters to be checked against and for people to read.

use super::measurement::AskedBy;
use super::measurement::Row;
use super::metadata::{Group, Groups};
use super::schema::{ACCELERATOR, ALL, CONTAINER, NODE, POD, SYSTEM_CONTAINER};
use crate::filter::Filter;

impl Row {
    /// What a filter's pattern may match: the field's name, or that behind its measurement's.
    #[must_use]
    pub fn names(&self) -> [String; 2] {
        names(self.measurement, self.field)
    }

    /// Whether `filter` lets the field through.
    #[must_use]
    pub fn is_wanted(&self, filter: &Filter) -> bool {
        is_wanted(filter, self.measurement, self.field)
    }
}

fn names(measurement: &str, field: &str) -> [String; 2] {
    [field.to_owned(), format!("{measurement}.{field}")]
}

/// Whether `filter` lets a field through. The node's measurement goes by its default name.
pub(super) fn is_wanted(filter: &Filter, measurement: &str, field: &str) -> bool {
    let [field, with_measurement] = names(measurement, field);
    filter.lets_any_through(&[&field, &with_measurement])
}

/// Whether all that `filter` lets through is of processor, memory and swap, and there is something: then the rest need not
/// be asked for.
///
/// The node's start is not of them, being another one where they are asked for alone. The memory of accelerators, which
/// kubelets from 1.25 on know nothing of, is only where it is named with its measurement.
#[must_use]
pub fn is_cpu_and_memory_alone(filter: &Filter, asked: Groups) -> bool {
    let groups = ["cpu_", "memory_", "swap_"];
    let is_one = |row: &Row| {
        let measured =
            [NODE.name, SYSTEM_CONTAINER.name, POD.name, CONTAINER.name].contains(&row.measurement);
        let start = row.field == "start_time_seconds" && row.measurement != NODE.name;
        measured && (start || groups.iter().any(|group| row.field.starts_with(group)))
    };
    let is_unasked = |row: &Row| {
        let [_, with_measurement] = row.names();
        row.measurement == ACCELERATOR.name
            && row.field.starts_with("memory_")
            && !filter.lets_any_through(&[&with_measurement])
    };
    // What is known from elsewhere is not asked for here, and what is computed of it needs what it is computed of.
    let is_of_summary = |row: &Row| match row.asked_by {
        AskedBy::Nobody => true,
        AskedBy::Metadata(Group::Utilization) => asked.has(Group::Utilization),
        AskedBy::Metadata(_) | AskedBy::Discovery => false,
    };
    let mut wanted = rows();
    wanted.retain(|row| is_of_summary(row) && row.is_wanted(filter) && !is_unasked(row));
    !wanted.is_empty() && wanted.iter().all(is_one)
}

/// Every field of every measurement that is made from a summary.
#[must_use]
pub fn rows() -> Vec<Row> {
    ALL.iter().flat_map(|measurement| measurement.rows()).collect()
}
