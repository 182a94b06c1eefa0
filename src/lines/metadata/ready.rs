//! The fields that stay the same from one answer to the next, written once when it comes: a tick copies them.
//!
//! Knows which fields are wanted, from the schema, and how values become fields. What the values are is `gather`'s.

use super::settings::Group;
use super::values::Values;
use crate::lines::catalog;
use crate::lines::measurement::{AskedBy, Get, Kind, Measurement, Source};
use crate::lines::settings::Settings;
use crate::lines::value;

/// Fields that are ready for a line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ready<'a> {
    /// `,name=value` of each.
    pub text: &'a [u8],
    /// How many values no field can hold.
    pub out_of_range: u8,
}

impl Ready<'_> {
    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.out_of_range == 0
    }
}

/// The groups of which this is made.
pub(super) const GROUPS: [Group; 2] = [Group::Status, Group::Resources];

/// Where a group stands among them; `None` for one that is made at each tick, or has tags alone.
pub(super) fn place(group: Group) -> Option<usize> {
    GROUPS.iter().position(|other| *other == group)
}

/// The wanted fields of a measurement, group by group.
#[derive(Debug)]
pub(super) struct ReadyFields([Vec<ReadyField>; GROUPS.len()]);

#[derive(Debug)]
struct ReadyField {
    /// `,name=`.
    key: Vec<u8>,
    kind: Kind,
    /// Its value's place.
    place: usize,
}

impl ReadyFields {
    pub(super) fn new<S: Source>(of: &Measurement<S>, settings: &Settings) -> Self {
        Self(GROUPS.map(|group| {
            if !settings.metadata.groups.has(group) {
                return Vec::new();
            }
            let groups = of
                .groups
                .iter()
                .filter(|own| own.asked_by == AskedBy::Metadata(group));
            let fields = groups.flat_map(|own| own.fields);
            let wanted = fields.filter(|field| catalog::is_wanted(&settings.fields, of.name, field.name));
            let ready = wanted.filter_map(|field| match field.get {
                Get::Known(place) => Some(ReadyField {
                    key: format!(",{}=", field.name).into_bytes(),
                    kind: field.kind,
                    place,
                }),
                Get::Printed(_) | Get::Computed(_) => None,
            });
            ready.collect()
        }))
    }

    /// Writes those that have a value, and hands them on group by group.
    pub(super) fn write(
        &self,
        values: &Values,
        scratch: &mut Vec<u8>,
        mut keep: impl FnMut(usize, Ready<'_>),
    ) {
        for (at, fields) in self.0.iter().enumerate() {
            scratch.clear();
            let mut out_of_range = 0;
            for field in fields {
                let token = values.get(field.place);
                if token.is_empty() {
                    continue;
                }
                let before = scratch.len();
                scratch.extend_from_slice(&field.key);
                if !value::push(scratch, field.kind, token) {
                    scratch.truncate(before);
                    out_of_range += 1;
                }
            }
            keep(
                at,
                Ready {
                    text: scratch,
                    out_of_range,
                },
            );
        }
    }
}
