//! Lines about our own work, made of rows: a field of one is one row, and whoever makes a report has to give it.
//!
//! Knows how a report is written, and of what. Which there are is not said here.

use super::escape::push_tag;
use super::measurement::Kind;
use super::value::push_number;

/// A field of a report, for the README.
#[derive(Debug, Clone, Copy)]
pub struct ReportField {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The unit, for people.
    pub unit: &'static str,
    /// What it is.
    pub what: &'static str,
}

/// Makes of rows in the order in which they are written a report, [`TAGS`], [`FIELDS`] and [`push`]. The first field is one that is
/// always there.
macro_rules! report {
    (
        $(#[$about:meta])*
        $report:ident
        tags { $($tag:ident: $tag_what:literal;)* }
        fields { $($field:ident: $of:ty, $unit:literal, $what:literal;)* }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default)]
        pub struct $report<'a> {
            $(#[doc = $tag_what] pub $tag: &'a str,)*
            $(#[doc = $what] pub $field: $of,)*
        }

        /// Its tags, in the order in which they are written.
        pub const TAGS: &[&str] = &[$(stringify!($tag),)*];

        /// Its fields, in the order in which they are written.
        pub const FIELDS: &[$crate::lines::ReportField] = &[$($crate::lines::ReportField {
            name: stringify!($field),
            kind: <$of as $crate::lines::report::Value>::KIND,
            unit: $unit,
            what: $what,
        },)*];

        /// Appends the line, without its timestamp.
        pub fn push(line: &mut Vec<u8>, report: &$report<'_>) {
            line.extend_from_slice(MEASUREMENT.as_bytes());
            $($crate::lines::report::push_pair(line, stringify!($tag), report.$tag);)*
            let mut before = b' ';
            $($crate::lines::report::push_field(line, &mut before, stringify!($field), report.$field);)*
        }
    };
}

pub(super) use report;

/// What a field of a report may be: then how it is written follows.
pub(super) trait Value {
    const KIND: Kind;

    /// `None` if it is not there, or no field can hold it.
    fn written(self) -> Option<Written>;
}

pub(super) enum Written {
    Integer(i64),
    Seconds(f64),
}

impl<V: Value> Value for Option<V> {
    const KIND: Kind = V::KIND;

    fn written(self) -> Option<Written> {
        self.and_then(V::written)
    }
}

impl Value for f64 {
    const KIND: Kind = Kind::Float;

    fn written(self) -> Option<Written> {
        Some(Written::Seconds(self))
    }
}

impl Value for u64 {
    const KIND: Kind = Kind::Unsigned;

    fn written(self) -> Option<Written> {
        self.try_into().ok().map(Written::Integer)
    }
}

macro_rules! integers {
    ($($integer:ident)*) => {$(
        impl Value for $integer {
            const KIND: Kind = Kind::Signed;

            fn written(self) -> Option<Written> {
                Some(Written::Integer(self.into()))
            }
        }
    )*};
}

integers! { u8 u16 i64 }

/// Appends `key=value` behind what has to stand before it, which is a comma from the second field on.
pub(super) fn push_field(line: &mut Vec<u8>, before: &mut u8, key: &str, value: impl Value) {
    let Some(value) = value.written() else { return };
    line.push(std::mem::replace(before, b','));
    line.extend_from_slice(key.as_bytes());
    line.push(b'=');
    match value {
        Written::Integer(integer) => {
            push_number(line, integer);
            line.push(b'i');
        }
        Written::Seconds(seconds) => line.extend_from_slice(format!("{seconds:.6}").as_bytes()),
    }
}

/// Appends `,key=value`, or nothing for an empty value: Telegraf refuses a line with an empty tag.
pub(super) fn push_pair(line: &mut Vec<u8>, key: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    line.push(b',');
    push_tag(line, key);
    line.push(b'=');
    push_tag(line, value);
}
