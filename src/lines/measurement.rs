//! What a row of the schema is: measurements, their tags and their fields.
//!
//! Knows the types of the summary and of what is known beside it, and no name.

use std::fmt;

use super::listed::JoinedNode;
use super::metadata::{self, JoinedContainer, JoinedPod, Ready};
use crate::json::{Pairs, Text, Time};
use crate::summary::{Accelerator, Interface, UserMetric, Volume};

/// What a measurement's lines are made from: a type of the summary.
pub trait Source: 'static {
    /// The type, borrowing from one body.
    type Of<'a>;
}

/// How a leaf becomes a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A u64 of the API, written as `i`: what is above `i64::MAX` is left out.
    Unsigned,
    /// An i64 of the API, written as `i`.
    Signed,
    /// A float, also where the kubelet prints it whole.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A time, written as whole seconds since 1970, `i`.
    Seconds,
    /// A text, in quotes.
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsigned | Self::Signed | Self::Seconds => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Text => "string",
        })
    }
}

/// Where a leaf is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// On Linux and on Windows.
    Any,
    /// On Linux only.
    Linux,
}

/// A field of the lines made from `S`.
pub struct Field<S: Source> {
    /// Its name.
    pub name: &'static str,
    /// Its path below the source's own.
    pub path: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// The unit, for people.
    pub unit: &'static str,
    /// The first Kubernetes minor version (of 1) that has it, and the last if it is gone again.
    pub since: &'static str,
    /// Where it is found.
    pub platform: Platform,
    /// The leaf.
    pub get: Get<S>,
}

/// How a field's value is got at.
pub enum Get<S: Source> {
    /// As printed by the kubelet, empty when absent.
    Printed(for<'s> fn(&'s S::Of<'_>) -> &'s [u8]),
    /// Computed of what it printed: ours, and told to be.
    Computed(fn(&S::Of<'_>) -> Option<f64>),
    /// In `/pods`, as its text is read, at this place of a pod's values or a container's. It stays the same from tick to
    /// tick, so that it is written once with all of its group.
    Known(usize),
}

/// What fields are there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// They are in the summary, and always there.
    Nobody,
    /// They are in `/pods`, for who asks for it.
    Metadata(metadata::Group),
    /// An API server lists them, where nodes are discovered.
    Discovery,
}

/// Fields that the kubelet measures at one moment.
pub struct Group<S: Source> {
    /// That moment.
    pub time: for<'s> fn(&'s S::Of<'_>) -> Time<'s>,
    /// What it is asked for by, if it is not always there.
    pub asked_by: AskedBy,
    /// Where its fields stand written, if they are known.
    pub ready: Option<for<'s> fn(&'s S::Of<'_>) -> Ready<'s>>,
    /// The fields.
    pub fields: &'static [Field<S>],
}

/// A measurement.
pub struct Measurement<S: Source> {
    /// Its name; of the node's, the default.
    pub name: &'static str,
    /// Where its source stands in the summary.
    pub path: &'static str,
    /// What a line stands for.
    pub per: &'static str,
    /// Its tags, in the order in which they are written.
    pub tags: &'static [Tag<S>],
    /// Where nobody else's tag may have one of their keys.
    pub reserved: Reserved,
    /// Its fields.
    pub groups: &'static [Group<S>],
}

/// Where the keys of a measurement's tags are reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// On all lines.
    Everywhere,
    /// On its own lines: no kubelet of today has any, so that its words are left to others.
    OnItsLines,
}

/// A tag of the lines made from `S`, or several.
pub enum Tag<S: Source> {
    /// Those of what it belongs to.
    Of(Owner),
    /// A text of its own: the one by which lines of one owner are put in order.
    Name(&'static str, for<'s> fn(&'s S::Of<'_>) -> Text<'s>),
    /// Another text of its own.
    Text(&'static str, for<'s> fn(&'s S::Of<'_>) -> Text<'s>),
    /// Free pairs, which may have no key of another tag, nor one that is reserved.
    Free(for<'s> fn(&'s S::Of<'_>) -> Pairs<'s>),
    /// Those of these keys that are known from `/pods`, as they stand in a line, where they are asked for. They are no part
    /// of what makes an entry another one's double, and stand last.
    Known(
        metadata::Group,
        &'static [&'static str],
        for<'s> fn(&'s S::Of<'_>) -> &'s [u8],
    ),
}

/// What several lines belong to, and have the tags of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The node.
    Node,
    /// A pod.
    Pod,
    /// A container of a pod, or of the node: then without the tags of a pod.
    Container,
}

/// One field of one measurement.
#[derive(Debug, Clone)]
pub struct Row {
    /// The measurement's name; of the node's, the default.
    pub measurement: &'static str,
    /// Where its source stands in the summary.
    pub source: &'static str,
    /// What a line stands for.
    pub per: &'static str,
    /// Its tags.
    pub tags: Vec<&'static str>,
    /// The field's name.
    pub field: &'static str,
    /// Its path below the source.
    pub path: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its unit.
    pub unit: &'static str,
    /// Which Kubernetes versions have it.
    pub since: &'static str,
    /// Which nodes have it.
    pub platform: Platform,
    /// What it is asked for by, if it is not always there.
    pub asked_by: AskedBy,
}

/// A measurement, whatever its lines are made from.
pub trait Described: Sync {
    /// Its fields.
    fn rows(&self) -> Vec<Row>;

    /// The keys of its tags, and where they are reserved.
    fn reserved(&self) -> (Vec<&'static str>, Reserved);
}

impl<S: Source> Described for Measurement<S> {
    fn rows(&self) -> Vec<Row> {
        let of_group = |group: &'static Group<S>| group.fields.iter().map(move |field| (group, field));
        let fields = self.groups.iter().flat_map(of_group);
        let row = |(group, field): (&Group<S>, &Field<S>)| Row {
            measurement: self.name,
            source: self.path,
            per: self.per,
            tags: self.keys(),
            field: field.name,
            path: field.path,
            kind: field.kind,
            unit: field.unit,
            since: field.since,
            platform: field.platform,
            asked_by: group.asked_by,
        };
        fields.map(row).collect()
    }

    fn reserved(&self) -> (Vec<&'static str>, Reserved) {
        (
            self.keys().into_iter().chain(self.known_keys()).collect(),
            self.reserved,
        )
    }
}

impl<S: Source> Measurement<S> {
    /// The keys of the tags that it always has, those of the owner first.
    #[must_use]
    pub fn keys(&self) -> Vec<&'static str> {
        let owner = self.tags.iter().filter_map(|tag| match tag {
            Tag::Of(owner) => Some(owner.keys()),
            _ => None,
        });
        let own = self.tags.iter().filter_map(|tag| match tag {
            Tag::Name(key, _) | Tag::Text(key, _) => Some(*key),
            Tag::Of(_) | Tag::Free(_) | Tag::Known(..) => None,
        });
        owner.flatten().copied().chain(own).collect()
    }

    /// The keys of those that are only there where they are asked for.
    fn known_keys(&self) -> impl Iterator<Item = &'static str> {
        let known = self.tags.iter().filter_map(|tag| match tag {
            Tag::Known(_, keys, _) => Some(*keys),
            _ => None,
        });
        known.flatten().copied()
    }
}

macro_rules! sources {
    ($($name:ident = $of:ident)*) => {$(
        #[doc = concat!("Lines made from a [`", stringify!($of), "`].")]
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}
        impl Source for $name {
            type Of<'a> = $of<'a>;
        }
    )*};
}

sources! {
    OfNode = JoinedNode
    OfPod = JoinedPod
    OfContainer = JoinedContainer
    OfVolume = Volume
    OfInterface = Interface
    OfAccelerator = Accelerator
    OfUserMetric = UserMetric
}
