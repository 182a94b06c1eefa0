//! Which fields are written, settled once at start so that a tick asks nothing.

use super::catalog;
use super::measurement::{
    self, AskedBy, Field, Get, Kind, Measurement, OfAccelerator, OfContainer, OfInterface, OfNode, OfPod,
    OfUserMetric, OfVolume, Source, Tag,
};
use super::metadata::{Groups, Ready};
use super::schema;
use super::settings::Settings;
use super::value;
use crate::filter::Filter;
use crate::json::{Pairs, Text, Time};

/// A measurement with the fields that are wanted of it.
pub struct Plan<S: Source> {
    /// The measurement's name, escaped.
    pub name: Vec<u8>,
    /// Its tags, in the order in which they are written.
    pub tags: Vec<PlanTag<S>>,
    /// The groups that have any field left.
    pub groups: Vec<PlanGroup<S>>,
}

/// A tag ready to be written.
pub enum PlanTag<S: Source> {
    /// Those of what the line belongs to.
    Owner,
    /// One of the line's own.
    Own {
        /// `,name=`.
        key: Vec<u8>,
        /// Whether lines of one owner are put in order by it.
        orders: bool,
        /// Where it is.
        get: for<'s> fn(&'s S::Of<'_>) -> Text<'s>,
    },
    /// Free pairs.
    Free {
        /// The keys that they may not have.
        taken: Vec<&'static str>,
        /// Where they are.
        get: for<'s> fn(&'s S::Of<'_>) -> Pairs<'s>,
    },
    /// Known ones, as they stand in a line.
    Known(for<'s> fn(&'s S::Of<'_>) -> &'s [u8]),
}

/// Fields of one moment.
pub struct PlanGroup<S: Source> {
    /// That moment.
    pub time: for<'s> fn(&'s S::Of<'_>) -> Time<'s>,
    /// Where those stand that are written already.
    pub ready: Option<for<'s> fn(&'s S::Of<'_>) -> Ready<'s>>,
    /// The others.
    pub fields: Vec<PlanField<S>>,
    /// Those that are computed.
    pub computed: Vec<PlanComputed<S>>,
}

/// A computed field ready to be written.
pub struct PlanComputed<S: Source> {
    /// `,name=`.
    pub key: Vec<u8>,
    /// What it is.
    pub get: fn(&S::Of<'_>) -> Option<f64>,
}

/// A field ready to be written.
pub struct PlanField<S: Source> {
    /// `,name=`: the comma of a line's first field becomes a space.
    pub key: Vec<u8>,
    /// How it is written.
    pub kind: Kind,
    /// Where it is.
    pub get: for<'s> fn(&'s S::Of<'_>) -> &'s [u8],
}

impl<S: Source> Plan<S> {
    /// The plan of a measurement, written under the name `name`, with the fields that `wanted` lets through, and of those that
    /// have to be asked for the groups that are.
    pub fn new(measurement: &'static Measurement<S>, name: &str, wanted: &Filter, asked: Groups) -> Self {
        let mut escaped = Vec::new();
        super::escape::push_measurement(&mut escaped, name);
        let is_wanted = |field: &&Field<S>| catalog::is_wanted(wanted, measurement.name, field.name);
        let is_asked = |by: AskedBy| match by {
            AskedBy::Metadata(group) => asked.has(group),
            // What is not listed is not there.
            AskedBy::Nobody | AskedBy::Discovery => true,
        };
        let groups = measurement.groups.iter().filter(|group| is_asked(group.asked_by));
        let groups = groups.map(|group| PlanGroup::new(group, group.fields.iter().filter(is_wanted)));
        let tags = measurement.tags.iter().filter(|tag| match tag {
            Tag::Known(group, ..) => asked.has(*group),
            _ => true,
        });
        Self {
            name: escaped,
            tags: tags.map(|tag| PlanTag::new(tag, measurement)).collect(),
            groups: groups.filter(|group| !group.is_empty()).collect(),
        }
    }
}

impl<S: Source> Plan<S> {
    /// Whether there is a value for any of its fields.
    pub fn has_any(&self, of: &S::Of<'_>) -> bool {
        self.groups.iter().any(|group| group.has_any(of))
    }
}

impl<S: Source> PlanGroup<S> {
    fn new<'f>(group: &'static measurement::Group<S>, fields: impl Iterator<Item = &'f Field<S>>) -> Self {
        let mut planned = Self {
            time: group.time,
            ready: None,
            fields: Vec::new(),
            computed: Vec::new(),
        };
        for field in fields {
            let key = format!(",{}=", field.name).into_bytes();
            match field.get {
                Get::Printed(get) => planned.fields.push(PlanField {
                    key,
                    kind: field.kind,
                    get,
                }),
                Get::Computed(get) => planned.computed.push(PlanComputed { key, get }),
                Get::Known(_) => planned.ready = group.ready,
            }
        }
        planned
    }

    fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.computed.is_empty() && self.ready.is_none()
    }

    /// Whether there is a value for any of its fields.
    pub fn has_any(&self, of: &S::Of<'_>) -> bool {
        self.ready.is_some_and(|ready| !ready(of).is_empty())
            || self.fields.iter().any(|field| !(field.get)(of).is_empty())
            || self.computed.iter().any(|field| (field.get)(of).is_some())
    }
}

impl<S: Source> PlanGroup<S> {
    /// Whether any of its fields can be written.
    pub fn has_value(&self, of: &S::Of<'_>) -> bool {
        let mut printed = self.fields.iter();
        let ready = self.ready.is_some_and(|ready| !ready(of).text.is_empty());
        ready
            || printed.any(|field| {
                let token = (field.get)(of);
                !token.is_empty() && value::is_one(field.kind, token)
            })
            || self.computed.iter().any(|field| (field.get)(of).is_some())
    }
}

impl<S: Source> PlanTag<S> {
    fn new(tag: &Tag<S>, measurement: &Measurement<S>) -> Self {
        let own = |key, orders, get| Self::Own {
            key: format!(",{key}=").into_bytes(),
            orders,
            get,
        };
        match *tag {
            Tag::Of(_) => Self::Owner,
            Tag::Name(key, get) => own(key, true, get),
            Tag::Text(key, get) => own(key, false, get),
            Tag::Known(_, _, get) => Self::Known(get),
            Tag::Free(get) => Self::Free {
                taken: [schema::reserved(), measurement.keys()].concat(),
                get,
            },
        }
    }
}

/// Makes of all measurements the plans of all of them.
macro_rules! plans {
    ($($measurement:ident, $plan:ident: $of:ident;)*) => {
        /// The plans of all measurements.
        pub struct Plans {
            $(pub $plan: Plan<$of>,)*
        }

        impl Plans {
            /// The plans that `settings` ask for.
            pub fn new(settings: &Settings) -> Self {
                Self {
                    $($plan: plan(&schema::$measurement, settings),)*
                }
            }
        }
    };
}

schema::each_measurement!(plans);

/// The plan of a measurement: that of the node can have another name.
fn plan<S: Source>(measurement: &'static Measurement<S>, settings: &Settings) -> Plan<S> {
    let name = if measurement.name == schema::NODE.name {
        &settings.node_metric_name
    } else {
        measurement.name
    };
    Plan::new(measurement, name, &settings.fields, settings.metadata.groups)
}
