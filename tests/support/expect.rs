//! What must come out of a summary, found by walking its raw JSON.
//!
//! The rules of the schema, applied anew: a leaf's field is its path in snake case, units spelled out, under the
//! prefix of its object; the names that Telegraf's `inputs.kubernetes` had first stand in [`PREFIXES`]. A leaf that
//! is in none of the objects that the API has is left out by the rule [`LeftOut::UnknownKey`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::lines::{Key, Number};

/// Why a number of the JSON is in no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// No integer field can hold it: line protocol's integers end at `i64::MAX`.
    OutOfRange,
    /// The API has another type there; Go's decoder would refuse the whole answer.
    WrongType,
    /// A key this version does not know.
    UnknownKey,
}

/// What must come out, and what must not.
#[derive(Debug, Default)]
pub struct Expected {
    /// In exactly one field each.
    pub fields: Vec<(Key, Number)>,
    /// In none, with the rule.
    pub left_out: Vec<(String, LeftOut)>,
}

type Tags = BTreeMap<String, String>;

/// Objects below a source and the prefix of their fields, where it is not the object's own name.
const PREFIXES: &[(&str, &str)] = &[
    ("cpu", "cpu"),
    ("memory", "memory"),
    ("io", "io"),
    ("swap", ""), // its keys begin with `swap` already
    ("fs", "fs"),
    ("rootfs", "rootfs"),
    ("logs", "logsfs"),
    ("ephemeral-storage", "ephemeral_storage"),
    ("process_stats", ""),
    ("rlimit", "rlimit"),
];

/// Walks a summary.
pub fn expect(summary: &Value) -> Expected {
    let mut expected = Expected::default();
    let absent = Map::new();
    let node = summary.get("node").and_then(Value::as_object).unwrap_or(&absent);
    let mut tags = Tags::new();
    tag(&mut tags, "node_name", node.get("nodeName"));
    expected.node(node, &tags);
    for pod in objects(summary.get("pods")) {
        expected.pod(pod, &tags);
    }
    expected
}

impl Expected {
    fn node(&mut self, node: &Map<String, Value>, tags: &Tags) {
        self.source(
            "kubernetes_node",
            tags,
            node,
            &["cpu", "memory", "io", "swap", "fs", "rlimit"],
        );
        if let Some(network) = object(node.get("network")) {
            self.leaves("kubernetes_node", tags, "network_", network);
            self.interfaces("kubernetes_node_network_interface", tags, network);
        }
        for (key, prefix) in [
            ("imageFs", "runtime_image_fs_"),
            ("containerFs", "runtime_container_fs_"),
        ] {
            if let Some(fs) = object(node.get("runtime")).and_then(|runtime| object(runtime.get(key))) {
                self.leaves("kubernetes_node", tags, prefix, fs);
            }
        }
        for container in objects(node.get("systemContainers")) {
            self.container("kubernetes_system_container", tags, container);
        }
    }

    fn pod(&mut self, pod: &Map<String, Value>, node_tags: &Tags) {
        let mut tags = node_tags.clone();
        if let Some(reference) = object(pod.get("podRef")) {
            tag(&mut tags, "namespace", reference.get("namespace"));
            tag(&mut tags, "pod_name", reference.get("name"));
        }
        let parts = [
            "cpu",
            "memory",
            "io",
            "swap",
            "ephemeral-storage",
            "process_stats",
        ];
        self.source("kubernetes_pod", &tags, pod, &parts);
        if let Some(network) = object(pod.get("network")) {
            self.leaves("kubernetes_pod_network", &tags, "", network);
            self.interfaces("kubernetes_pod_network_interface", &tags, network);
        }
        for container in objects(pod.get("containers")) {
            self.container("kubernetes_pod_container", &tags, container);
        }
        for volume in objects(pod.get("volume")) {
            self.volume(&tags, volume);
        }
    }

    fn container(&mut self, measurement: &str, owner: &Tags, container: &Map<String, Value>) {
        let mut tags = owner.clone();
        tag(&mut tags, "container_name", container.get("name"));
        self.source(
            measurement,
            &tags,
            container,
            &["cpu", "memory", "io", "swap", "rootfs", "logs"],
        );
        for accelerator in objects(container.get("accelerators")) {
            let mut tags = tags.clone();
            for key in ["make", "model", "id"] {
                tag(&mut tags, key, accelerator.get(key));
            }
            for (key, field) in [
                ("memoryTotal", "memory_total_bytes"),
                ("memoryUsed", "memory_used_bytes"),
                ("dutyCycle", "duty_cycle_percent"),
            ] {
                self.leaf(
                    "kubernetes_pod_container_accelerator",
                    &tags,
                    field,
                    accelerator.get(key),
                );
            }
        }
        for metric in objects(container.get("userDefinedMetrics")) {
            let mut tags = tags.clone();
            for (key, name) in [
                ("name", "metric_name"),
                ("type", "metric_type"),
                ("units", "units"),
            ] {
                tag(&mut tags, name, metric.get(key));
            }
            for (key, value) in object(metric.get("labels")).into_iter().flatten() {
                tag(&mut tags, key, Some(value));
            }
            self.leaf(
                "kubernetes_pod_container_user_metric",
                &tags,
                "value",
                metric.get("value"),
            );
        }
    }

    fn volume(&mut self, owner: &Tags, volume: &Map<String, Value>) {
        let mut tags = owner.clone();
        tag(&mut tags, "volume_name", volume.get("name"));
        tag(
            &mut tags,
            "pvc_name",
            object(volume.get("pvcRef")).and_then(|claim| claim.get("name")),
        );
        self.leaves("kubernetes_pod_volume", &tags, "", volume);
        let health = object(volume.get("volumeHealthStats"));
        self.leaf(
            "kubernetes_pod_volume",
            &tags,
            "health_abnormal",
            health.and_then(|health| health.get("abnormal")),
        );
    }

    fn interfaces(&mut self, measurement: &str, owner: &Tags, network: &Map<String, Value>) {
        for interface in objects(network.get("interfaces")) {
            let mut tags = owner.clone();
            tag(&mut tags, "interface", interface.get("name"));
            self.leaves(measurement, &tags, "", interface);
        }
    }

    /// The objects `parts` of a node, a pod or a container, and its start time.
    fn source(&mut self, measurement: &str, tags: &Tags, source: &Map<String, Value>, parts: &[&str]) {
        if let Some(Value::String(time)) = source.get("startTime") {
            let time = time::OffsetDateTime::parse(time, &time::format_description::well_known::Rfc3339);
            if let Ok(time) = time {
                let key = (
                    measurement.to_owned(),
                    tags.clone(),
                    "start_time_seconds".to_owned(),
                );
                self.fields.push((key, Number::Integer(time.unix_timestamp())));
            }
        }
        for part in parts {
            let prefix = PREFIXES.iter().find(|(key, _)| key == part).expect("a prefix").1;
            let prefix = if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}_")
            };
            if let Some(object) = object(source.get(*part)) {
                self.leaves(measurement, tags, &prefix, object);
            }
        }
    }

    /// All numbers directly in an object, and its pressure.
    fn leaves(&mut self, measurement: &str, tags: &Tags, prefix: &str, object_: &Map<String, Value>) {
        for (key, value) in object_ {
            match key.as_str() {
                "psi" => self.psi(measurement, tags, prefix, value),
                // Objects, lists and text that others walk, or that are tags.
                "time" | "name" | "pvcRef" | "volumeHealthStats" | "interfaces" => {}
                _ => self.leaf(measurement, tags, &format!("{prefix}{}", snake(key)), Some(value)),
            }
        }
    }

    fn psi(&mut self, measurement: &str, tags: &Tags, prefix: &str, psi: &Value) {
        for which in ["some", "full"] {
            let Some(data) = psi.get(which).and_then(Value::as_object) else {
                continue;
            };
            for (key, value) in data {
                let unit = if key == "total" { "_microseconds" } else { "" };
                self.leaf(
                    measurement,
                    tags,
                    &format!("{prefix}psi_{which}_{key}{unit}"),
                    Some(value),
                );
            }
        }
    }

    fn leaf(&mut self, measurement: &str, tags: &Tags, field: &str, value: Option<&Value>) {
        let float = field == "value" || field.contains("_avg");
        let signed = field.starts_with("rlimit_");
        let number = match value {
            None | Some(Value::Null) => return,
            Some(Value::Bool(value)) if field == "health_abnormal" => Ok(Number::Boolean(*value)),
            Some(_) if field == "health_abnormal" => Err(LeftOut::WrongType),
            Some(Value::Number(value)) if float => Ok(Number::Float(value.as_f64().expect("finite"))),
            Some(Value::Number(value)) => match value.as_i64() {
                Some(value) if value >= 0 || signed => Ok(Number::Integer(value)),
                Some(_) => Err(LeftOut::OutOfRange),
                None if value.is_u64() => Err(LeftOut::OutOfRange),
                None => Err(LeftOut::WrongType),
            },
            Some(_) => Err(LeftOut::WrongType),
        };
        if field == "unknown" || field.ends_with("_unknown") {
            return self.left_out.push((field.to_owned(), LeftOut::UnknownKey));
        }
        match number {
            Ok(number) => self
                .fields
                .push(((measurement.to_owned(), tags.clone(), field.to_owned()), number)),
            Err(rule) => self.left_out.push((field.to_owned(), rule)),
        }
    }
}

fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

fn objects(value: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

/// A tag as every reader gives it back; an empty one is not written.
fn tag(tags: &mut Tags, key: &str, value: Option<&Value>) {
    if let Some(Value::String(text)) = value
        && !text.is_empty()
    {
        tags.insert(key.to_owned(), carried(text));
    }
}

/// What line protocol carries of a text: control characters, and backslashes that some reader would take for an
/// escape, become `_`.
pub fn carried(text: &str) -> String {
    let mut carried = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek();
        let odd = character == '\\'
            && next
                .is_none_or(|next| matches!(next, ',' | '=' | ' ' | '"' | '\\') || next.is_ascii_control());
        carried.push(if odd || character.is_ascii_control() {
            '_'
        } else {
            character
        });
    }
    carried
}

/// `usageCoreNanoSeconds` is `usage_core_nanoseconds`: the units that Telegraf writes as one word stay one word.
fn snake(key: &str) -> String {
    let mut snake = String::new();
    for character in key.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
        .replace("nano_seconds", "nanoseconds")
        .replace("nano_cores", "nanocores")
}
