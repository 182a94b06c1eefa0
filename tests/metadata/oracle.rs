//! What must come out of both answers, found by walking their raw JSON: the rules of the schema, applied anew, slowly.
//!
//! Nothing here is of the code that writes lines, but for how a user's patterns match. What is in the summary alone
//! `support::expect` says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use telegraf_kubelet::lines::Filter;
use telegraf_kubelet::lines::metadata::{Group, Settings};

use super::support::expect::{carried, expect};
use super::support::lines::{Number, parse};

type Tags = BTreeMap<String, String>;

/// Each line: measurement and tags, and its fields.
pub type Lines = BTreeMap<(String, Tags), BTreeMap<String, Number>>;

/// What the lines have in them.
pub fn found(lines: &str) -> Lines {
    grouped(parse(lines))
}

fn grouped(fields: Vec<((String, Tags, String), Number)>) -> Lines {
    let mut grouped = Lines::new();
    for ((measurement, tags, field), value) in fields {
        grouped
            .entry((measurement, tags))
            .or_default()
            .insert(field, value);
    }
    grouped
}

/// No database of ours has one of these as a label.
pub const RESERVED: &[&str] = &[
    "host",
    "time",
    "_field",
    "_measurement",
    "node_name",
    "namespace",
    "pod_name",
    "pod_uid",
    "container_name",
    "volume_name",
    "pvc_name",
    "interface",
    "image",
    "version",
    "owner_kind",
    "owner_name",
    "qos_class",
];

/// Nor one of these on the lines of accelerators and user metrics.
pub const RESERVED_THERE: &[&str] = &["id", "make", "model", "metric_name", "metric_type", "units"];

/// The lines of a summary, where that is known of its pods. Those that the last answer had no more are told of where the
/// summary lists them.
pub fn expected(settings: &Settings, summary: &Value, pods: &[(&Value, bool)]) -> Lines {
    let pods: Vec<Pod<'_>> = pods
        .iter()
        .filter_map(|(json, of_last)| Pod::of(json, *of_last, settings))
        .collect();
    let plain = grouped(expect(summary).fields);
    let listed: Vec<&Value> = list(summary, "pods").collect();
    let mut node = Tags::new();
    put(&mut node, "node_name", text(&summary["node"], "nodeName"));
    let mut lines = Lines::new();
    for ((measurement, tags), fields) in plain {
        let of = listed.iter().find(|pod| is_of(&tags, pod));
        let known = of.and_then(|listed| pods.iter().find(|pod| pod.is(listed)));
        let Some(known) = known else {
            lines.insert((measurement, tags), fields);
            continue;
        };
        if settings.own_network_only
            && known.on_host_network()
            && measurement.starts_with("kubernetes_pod_network")
        {
            continue;
        }
        let tags = known.with_tags(&measurement, tags);
        lines.insert((measurement, tags), fields);
    }
    for listed in &listed {
        let reference = &listed["podRef"];
        if let Some(known) = pods.iter().find(|pod| pod.is(listed)) {
            let mut tags = node.clone();
            put(&mut tags, "namespace", text(reference, "namespace"));
            put(&mut tags, "pod_name", text(reference, "name"));
            known.told(&mut lines, &tags, listed);
        }
    }
    let names = |namespace: &str, name: &str| (carried(namespace), carried(name));
    let taken: BTreeSet<_> = listed
        .iter()
        .map(|pod| names(text(&pod["podRef"], "namespace"), text(&pod["podRef"], "name")))
        .collect();
    let mut unlisted = BTreeMap::<_, &Pod<'_>>::new();
    for pod in pods.iter().filter(|pod| pod.of_last) {
        let other = unlisted.entry(names(pod.namespace, pod.name)).or_insert(pod);
        if (pod.created(), pod.uid) > (other.created(), other.uid) {
            *other = pod;
        }
    }
    for (name, pod) in unlisted {
        if !taken.contains(&name) {
            let mut tags = node.clone();
            put(&mut tags, "namespace", pod.namespace);
            put(&mut tags, "pod_name", pod.name);
            pod.told(&mut lines, &tags, &Value::Null);
        }
    }
    lines
}

fn is_of(tags: &Tags, pod: &Value) -> bool {
    [("namespace", "namespace"), ("pod_name", "name")]
        .iter()
        .all(|(tag, key)| {
            let is = text(&pod["podRef"], key);
            tags.get(*tag).is_some_and(|value| *value == carried(is))
        })
}

/// A pod of the list.
struct Pod<'v> {
    json: &'v Value,
    settings: &'v Settings,
    of_last: bool,
    uid: &'v str,
    namespace: &'v str,
    name: &'v str,
}

impl<'v> Pod<'v> {
    fn of(json: &'v Value, of_last: bool, settings: &'v Settings) -> Option<Self> {
        let metadata = &json["metadata"];
        let [uid, namespace, name] = ["uid", "namespace", "name"].map(|key| text(metadata, key));
        let is_one = !uid.is_empty() && !namespace.is_empty() && !name.is_empty();
        is_one.then_some(Self {
            json,
            settings,
            of_last,
            uid,
            namespace,
            name,
        })
    }

    fn is(&self, listed: &Value) -> bool {
        text(&listed["podRef"], "uid") == self.uid
    }

    fn wants(&self, group: Group) -> bool {
        self.settings.groups.has(group)
    }

    fn on_host_network(&self) -> bool {
        self.json["spec"]["hostNetwork"] == Value::Bool(true)
    }

    fn created(&self) -> Option<i128> {
        nanoseconds(text(&self.json["metadata"], "creationTimestamp"))
    }

    /// The tags of a line of it.
    fn with_tags(&self, measurement: &str, mut tags: Tags) -> Tags {
        let there = [
            "kubernetes_pod_container_accelerator",
            "kubernetes_pod_container_user_metric",
        ];
        let known = self.tags(there.contains(&measurement));
        if measurement == there[1] {
            let own = |key: &str| !RESERVED.contains(&key) && !RESERVED_THERE.contains(&key);
            let keys: Vec<_> = tags.keys().filter(|key| own(key)).cloned().collect();
            for key in keys.into_iter().filter(|key| known.contains_key(key)) {
                let value = tags.remove(&key).expect("a tag");
                let other = format!("label_{key}");
                if !known.contains_key(&other) {
                    tags.insert(other, value);
                }
            }
        }
        tags.extend(known);
        if measurement == "kubernetes_pod_container"
            && let Some(container) = self
                .members()
                .into_iter()
                .find(|member| carried(member.name()) == tags["container_name"])
        {
            tags.extend(container.tags());
        }
        if measurement == "kubernetes_pod" && self.wants(Group::Qos) {
            put(&mut tags, "qos_class", text(&self.json["status"], "qosClass"));
        }
        tags
    }

    /// Those of all its lines; `there` on those of accelerators and user metrics.
    fn tags(&self, there: bool) -> Tags {
        let metadata = &self.json["metadata"];
        let is_reserved = |key: &str| RESERVED.contains(&key) || (there && RESERVED_THERE.contains(&key));
        let mut tags = free(
            &metadata["labels"],
            self.settings.labels.as_ref(),
            "label_",
            is_reserved,
        );
        let of_labels = tags.clone();
        tags.extend(free(
            &metadata["annotations"],
            self.settings.annotations.as_ref(),
            "annotation_",
            |key| is_reserved(key) || of_labels.contains_key(key),
        ));
        if self.wants(Group::Owner)
            && let Some((kind, name)) = self.owner()
        {
            put(&mut tags, "owner_kind", &kind);
            put(&mut tags, "owner_name", &name);
        }
        tags
    }

    fn owner(&self) -> Option<(String, String)> {
        let metadata = &self.json["metadata"];
        let owner =
            list(metadata, "ownerReferences").find(|owner| owner["controller"] == Value::Bool(true))?;
        let (kind, name) = (text(owner, "kind"), text(owner, "name"));
        let hash = text(&metadata["labels"], "pod-template-hash");
        if kind == "ReplicaSet"
            && !hash.is_empty()
            && let Some(deployment) = name.strip_suffix(&format!("-{hash}"))
            && !deployment.is_empty()
        {
            return Some(("Deployment".to_owned(), deployment.to_owned()));
        }
        if kind == "Job"
            && let Some((cron_job, minute)) = name.rsplit_once('-')
            && let (Ok(due), Some(created)) = (minute.parse::<i128>(), self.created())
            && due.to_string() == minute
            && !cron_job.is_empty()
        {
            let minute = created.div_euclid(60_000_000_000);
            if minute - 24 * 60 <= due && due <= minute {
                return Some(("CronJob".to_owned(), cron_job.to_owned()));
            }
        }
        Some((kind.to_owned(), name.to_owned()))
    }

    fn members(&self) -> Vec<Member<'v>> {
        let (spec, status) = (&self.json["spec"], &self.json["status"]);
        let mut members = Vec::new();
        for (containers, statuses) in [
            ("initContainers", "initContainerStatuses"),
            ("containers", "containerStatuses"),
            ("ephemeralContainers", "ephemeralContainerStatuses"),
        ] {
            for container in list(spec, containers) {
                let name = text(container, "name");
                let sidecar = containers == "initContainers" && text(container, "restartPolicy") == "Always";
                members.push(Member {
                    spec: container,
                    status: list(status, statuses).find(|status| text(status, "name") == name),
                    kind: if sidecar { "sidecar" } else { containers },
                    wants_image: self.wants(Group::Image),
                });
            }
        }
        members
    }

    /// The pod's fields and those of its containers, beside what the summary has of it.
    fn told(&self, lines: &mut Lines, names: &Tags, listed: &Value) {
        let status = &self.json["status"];
        let mut fields = BTreeMap::new();
        if self.wants(Group::Status) {
            string(&mut fields, "phase", text(status, "phase"));
            string(&mut fields, "phase_reason", text(status, "reason"));
            let ready = list(status, "conditions").find(|condition| text(condition, "type") == "Ready");
            if let Some(ready) = ready {
                integer(&mut fields, "ready", i64::from(text(ready, "status") == "True"));
            }
        }
        self.amounts(
            &mut fields,
            |of, resource| self.effective(of, resource),
            listed,
            &[&listed["ephemeral-storage"]],
        );
        add(
            lines,
            "kubernetes_pod",
            self.with_tags("kubernetes_pod", names.clone()),
            fields,
        );

        let mut told = BTreeSet::new();
        for member in self.members() {
            if member.name().is_empty() || !told.insert(carried(member.name())) {
                continue;
            }
            let of_summary =
                list(listed, "containers").find(|of| carried(text(of, "name")) == carried(member.name()));
            let of_summary = of_summary.unwrap_or(&Value::Null);
            let mut fields = BTreeMap::new();
            if self.wants(Group::Status) {
                member.told(&mut fields);
            }
            let amount = |of: &str, resource: &str| {
                let amount = member.amount(of, resource)?.ok()?;
                Some(amount).filter(|amount| of == "requests" || *amount > 0)
            };
            self.amounts(
                &mut fields,
                amount,
                of_summary,
                &[&of_summary["rootfs"], &of_summary["logs"]],
            );
            let mut tags = names.clone();
            put(&mut tags, "container_name", member.name());
            let measurement = "kubernetes_pod_container";
            add(lines, measurement, self.with_tags(measurement, tags), fields);
        }
    }

    /// The fields of resources, and what of the summary's numbers is a part of which of them.
    #[expect(clippy::cast_precision_loss, reason = "a float has no more than 53 bits")]
    fn amounts(
        &self,
        fields: &mut BTreeMap<String, Number>,
        amount: impl Fn(&str, &str) -> Option<u128>,
        used: &Value,
        storage: &[&Value],
    ) {
        let number = |value: &Value| value.as_u64().filter(|number| i64::try_from(*number).is_ok());
        for (resource, field) in [
            ("cpu", "millicpu_units"),
            ("memory", "memory_bytes"),
            ("ephemeral-storage", "ephemeral_storage_bytes"),
        ] {
            for of in ["requests", "limits"] {
                if self.wants(Group::Resources)
                    && let Some(amount) = amount(of, resource)
                {
                    integer(
                        fields,
                        &format!("resource_{of}_{field}"),
                        i64::try_from(amount).expect("told"),
                    );
                }
            }
        }
        if !self.wants(Group::Utilization) {
            return;
        }
        let mut part = |field: &str, used: Option<u64>, scale: u128, of: Option<u128>| {
            if let (Some(used), Some(of)) = (used, of.filter(|of| *of > 0)) {
                let percent = used as f64 * 100.0 / (of * scale) as f64;
                fields.insert(field.to_owned(), Number::Float(percent));
            }
        };
        let cpu = number(&used["cpu"]["usageNanoCores"]);
        let memory = |key: &str| number(&used["memory"][key]);
        part("cpu_usage_limit_percent", cpu, 1_000_000, amount("limits", "cpu"));
        part(
            "cpu_usage_request_percent",
            cpu,
            1_000_000,
            amount("requests", "cpu"),
        );
        let (limit, request) = (amount("limits", "memory"), amount("requests", "memory"));
        part(
            "memory_working_set_limit_percent",
            memory("workingSetBytes"),
            1,
            limit,
        );
        part(
            "memory_working_set_request_percent",
            memory("workingSetBytes"),
            1,
            request,
        );
        part("memory_usage_limit_percent", memory("usageBytes"), 1, limit);
        let all: Option<Vec<_>> = storage.iter().map(|of| number(&of["usedBytes"])).collect();
        let storage = all.and_then(|all| all.into_iter().try_fold(0, u64::checked_add));
        part(
            "ephemeral_storage_used_limit_percent",
            storage,
            1,
            amount("limits", "ephemeral-storage"),
        );
    }

    /// What Kubernetes reckons for the whole pod; `None` where it is not said, or can not be known.
    fn effective(&self, of: &str, resource: &str) -> Option<u128> {
        let spec = &self.json["spec"];
        let members: Vec<_> = self.members();
        let own = amount(&spec["resources"][of], resource).filter(|_| resource != "ephemeral-storage");
        let sum = if let Some(own) = own {
            Some(own.ok()?)
        } else {
            let of_member = |member: &Member<'_>| {
                let amount = member.amount(of, resource);
                amount.filter(|amount| of == "requests" || *amount != Ok(0))
            };
            let runs = |member: &&Member<'_>| ["containers", "sidecar"].contains(&member.kind);
            if members.iter().any(|member| of_member(member) == Some(Err(()))) {
                return None;
            }
            if of == "limits"
                && members
                    .iter()
                    .filter(runs)
                    .any(|member| of_member(member).is_none())
            {
                return None;
            }
            let add = |sum: Option<u128>, amount: Option<Result<u128, ()>>| match (sum, amount) {
                (Some(sum), Some(Ok(amount))) => Some(sum + amount),
                (None, Some(Ok(amount))) => Some(amount),
                (sum, _) => sum,
            };
            let mut most = members.iter().filter(runs).map(of_member).fold(None, add);
            let mut sidecars = None;
            for member in &members {
                match member.kind {
                    "sidecar" => sidecars = add(sidecars, of_member(member)),
                    "initContainers" => most = most.max(add(sidecars, of_member(member))),
                    _ => {}
                }
            }
            most
        };
        let sum = sum.filter(|sum| of == "requests" || *sum > 0);
        let with_overhead = match (sum, amount(&spec["overhead"], resource)) {
            (None, Some(overhead)) if of == "requests" => Some(overhead.ok()?),
            (Some(sum), Some(overhead)) => Some(sum + overhead.ok()?),
            (sum, _) => sum,
        };
        with_overhead.filter(|sum| i64::try_from(*sum).is_ok())
    }
}

/// A container of it.
struct Member<'v> {
    spec: &'v Value,
    status: Option<&'v Value>,
    kind: &'static str,
    wants_image: bool,
}

impl<'v> Member<'v> {
    fn name(&self) -> &'v str {
        text(self.spec, "name")
    }

    fn tags(&self) -> Tags {
        let mut tags = Tags::new();
        if self.wants_image {
            let image = text(self.spec, "image");
            put(&mut tags, "image", image);
            let name = image.split('@').next().unwrap().rsplit('/').next().unwrap();
            if let Some((_, version)) = name.rsplit_once(':') {
                put(&mut tags, "version", version);
            }
        }
        tags
    }

    /// What is in force. `Err` where it can not be read.
    fn amount(&self, of: &str, resource: &str) -> Option<Result<u128, ()>> {
        if self.kind == "ephemeralContainers" {
            return None;
        }
        let spec = amount(&self.spec["resources"][of], resource);
        let actual = self
            .status
            .map(|status| &status["resources"])
            .filter(|actual| actual.is_object());
        match actual {
            None => spec,
            Some(actual) => {
                let actual = amount(&actual[of], resource);
                actual.or(spec.filter(|_| resource == "ephemeral-storage"))
            }
        }
    }

    fn told(&self, fields: &mut BTreeMap<String, Number>) {
        let nothing = Value::Null;
        let status = self.status.unwrap_or(&nothing);
        let state = &status["state"];
        let is = |key: &str| state[key].is_object();
        let code = ["running", "terminated", "waiting"]
            .iter()
            .position(|key| is(key));
        integer(fields, "state_code", code.unwrap_or(3).try_into().expect("small"));
        if let Some(at @ 1..) = code {
            string(
                fields,
                "state_reason",
                text(&state[["", "terminated", "waiting"][at]], "reason"),
            );
        }
        if let Some(restarts) = status["restartCount"].as_i64().filter(|count| *count >= 0) {
            integer(fields, "restarts_total", restarts);
        }
        if let Some(ready) = status["ready"].as_bool() {
            integer(fields, "ready", i64::from(ready));
        }
        let last = &status["lastState"]["terminated"];
        string(fields, "last_terminated_reason", text(last, "reason"));
        if let Some(code) = last["exitCode"].as_i64() {
            integer(fields, "last_terminated_exit_code", code);
        }
        if let Some(time) = nanoseconds(text(last, "finishedAt")) {
            let seconds = i64::try_from(time.div_euclid(1_000_000_000)).expect("a year");
            integer(fields, "last_terminated_time_seconds", seconds);
        }
    }
}

/// Labels or annotations as tags: as they are first, and then those whose key has to be another one.
fn free(pairs: &Value, filter: Option<&Filter>, prefix: &str, is_taken: impl Fn(&str) -> bool) -> Tags {
    let mut tags = Tags::new();
    let Some(filter) = filter else { return tags };
    let nothing = Map::new();
    let pairs: Vec<(&String, &str)> = pairs
        .as_object()
        .unwrap_or(&nothing)
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty() && filter.lets_through(key))
        .collect();
    let stays = |key: &str| carried(key) == key && !is_taken(key);
    for (key, value) in pairs.iter().filter(|(key, _)| stays(key)) {
        tags.insert((*key).clone(), carried(value));
    }
    let mut others: Vec<_> = pairs.iter().filter(|(key, _)| !stays(key)).collect();
    others.sort();
    for (key, value) in others {
        let mut key = carried(key);
        if is_taken(&key) {
            key = format!("{prefix}{key}");
        }
        if !is_taken(&key) && !tags.contains_key(&key) {
            tags.insert(key, carried(value));
        }
    }
    tags
}

/// What a list says of a resource: thousandths of processors, or bytes, rounded up. `Err` where that is no quantity, or none
/// that anybody has.
fn amount(list: &Value, resource: &str) -> Option<Result<u128, ()>> {
    let text = match list.get(resource)? {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => text,
        _ => return Some(Err(())),
    };
    Some(quantity(text, if resource == "cpu" { 1000 } else { 1 }).ok_or(()))
}

fn quantity(text: &str, scale: u128) -> Option<u128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits: u128 = format!("{whole}{part}").parse().ok()?;
    let ten = |power: u32| 10_u128.pow(power);
    let (over, under) = match unit {
        "n" => (1, ten(9)),
        "u" => (1, ten(6)),
        "m" => (1, ten(3)),
        "" => (1, 1),
        "k" => (ten(3), 1),
        "M" => (ten(6), 1),
        "G" => (ten(9), 1),
        "T" => (ten(12), 1),
        "P" => (ten(15), 1),
        "E" => (ten(18), 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        _ => {
            let exponent: i32 = unit.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power = ten(exponent.unsigned_abs());
            if exponent < 0 { (1, power) } else { (power, 1) }
        }
    };
    let value = (digits * scale * over).div_ceil(under * ten(part.len().try_into().ok()?));
    (i64::try_from(value).is_ok() && (!negative || value == 0)).then_some(value)
}

fn nanoseconds(text: &str) -> Option<i128> {
    let format = &time::format_description::well_known::Rfc3339;
    let time = time::OffsetDateTime::parse(text, format)
        .ok()?
        .unix_timestamp_nanos();
    i64::try_from(time).is_ok().then_some(time)
}

/// A text; empty where there is none.
fn text<'v>(of: &'v Value, key: &str) -> &'v str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The objects of a list.
fn list<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    let list = of.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter(|element| element.is_object())
}

fn put(tags: &mut Tags, key: &str, value: &str) {
    if !value.is_empty() {
        tags.insert(key.to_owned(), carried(value));
    }
}

fn integer(fields: &mut BTreeMap<String, Number>, field: &str, value: i64) {
    fields.insert(field.to_owned(), Number::Integer(value));
}

/// A text field: what no line can carry of it is replaced, and every backslash.
fn string(fields: &mut BTreeMap<String, Number>, field: &str, value: &str) {
    if !value.is_empty() {
        let is_odd = |character: char| character == '\\' || character.is_ascii_control();
        fields.insert(field.to_owned(), Number::Text(value.replace(is_odd, "_")));
    }
}

fn add(lines: &mut Lines, measurement: &str, tags: Tags, fields: BTreeMap<String, Number>) {
    if !fields.is_empty() {
        lines
            .entry((measurement.to_owned(), tags))
            .or_default()
            .extend(fields);
    }
}
