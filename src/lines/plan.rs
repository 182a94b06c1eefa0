//! Which fields are written, settled once at start so that a tick asks nothing.

use super::schema::{
    self, Field, Group, Kind, Measurement, OfAccelerator, OfContainer, OfInterface, OfNode, OfPod,
    OfUserMetric, OfVolume, Source,
};
use crate::config;
use crate::summary::Time;

/// A measurement with the fields that are wanted of it.
pub struct Plan<S: Source> {
    /// The measurement's name, escaped.
    pub name: Vec<u8>,
    /// The groups that have any field left.
    pub groups: Vec<PlanGroup<S>>,
}

/// Fields of one moment.
pub struct PlanGroup<S: Source> {
    /// That moment.
    pub time: for<'s> fn(&'s S::Of<'_>) -> Time<'s>,
    /// The fields.
    pub fields: Vec<PlanField<S>>,
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
    /// The plan of a measurement, under the name `name`, with the fields that `wanted` lets through.
    pub fn new(measurement: &'static Measurement<S>, name: &str, wanted: impl Fn(&Field<S>) -> bool) -> Self {
        let mut escaped = Vec::new();
        super::escape::push_measurement(&mut escaped, name);
        let groups = measurement
            .groups
            .iter()
            .map(|group| PlanGroup::new(group, &wanted));
        Self {
            name: escaped,
            groups: groups.filter(|group| !group.fields.is_empty()).collect(),
        }
    }
}

impl<S: Source> PlanGroup<S> {
    fn new(group: &'static Group<S>, wanted: &impl Fn(&Field<S>) -> bool) -> Self {
        let fields = group.fields.iter().filter(|field| wanted(field));
        Self {
            time: group.time,
            fields: fields.map(PlanField::new).collect(),
        }
    }
}

impl<S: Source> PlanField<S> {
    fn new(field: &Field<S>) -> Self {
        Self {
            key: format!(",{}=", field.name).into_bytes(),
            kind: field.kind,
            get: field.get,
        }
    }
}

/// The plans of all measurements.
pub struct Plans {
    pub node: Plan<OfNode>,
    pub node_interface: Plan<OfInterface>,
    pub system_container: Plan<OfContainer>,
    pub pod: Plan<OfPod>,
    pub container: Plan<OfContainer>,
    pub pod_network: Plan<OfPod>,
    pub pod_interface: Plan<OfInterface>,
    pub volume: Plan<OfVolume>,
    pub accelerator: Plan<OfAccelerator>,
    pub user_metric: Plan<OfUserMetric>,
}

impl Plans {
    pub fn new(settings: &config::Lines) -> Self {
        fn plan<S: Source>(measurement: &'static schema::Measurement<S>) -> Plan<S> {
            Plan::new(measurement, measurement.name, |_| true)
        }
        Self {
            node: Plan::new(&schema::NODE, &settings.node_metric_name, |_| true),
            node_interface: plan(&schema::NODE_INTERFACE),
            system_container: plan(&schema::SYSTEM_CONTAINER),
            pod: plan(&schema::POD),
            container: plan(&schema::CONTAINER),
            pod_network: plan(&schema::POD_NETWORK),
            pod_interface: plan(&schema::POD_INTERFACE),
            volume: plan(&schema::POD_VOLUME),
            accelerator: plan(&schema::ACCELERATOR),
            user_metric: plan(&schema::USER_METRIC),
        }
    }
}
