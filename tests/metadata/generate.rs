//! Lists of pods of every shape, to go with a summary.

use serde_json::{Map, Value, json};

use super::oracle::{RESERVED, RESERVED_THERE};

/// Random picks, one after the other.
pub struct Picks(pub u64);

impl Picks {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    pub fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// Texts that nobody should write.
const TEXTS: &[&str] = &[
    "a",
    "Running",
    "web-0",
    "a=b,c d",
    "\"",
    "say \"no\"",
    "back\\slash",
    "ends\\",
    "\\\"",
    "new\nline",
    "\r\t\0",
    "ünï→😀",
    "\u{7f}\u{80}\u{2028}",
    "",
];

/// Keys of labels, beside those that are reserved: with what we put before one of ours, and of any kind.
pub const KEYS: &[&str] = &[
    "app",
    "app.kubernetes.io/name",
    "label_host",
    "annotation_host",
    "label_id",
    "annotation_id",
    "annotation_app",
    "label_app",
    "a b",
    "a=b",
    "k\u{1}",
    "k_",
    "x\\",
    "x_",
    "ünï",
    "",
];

const QUANTITIES: &[&str] = &[
    "0", "1", "250m", "100m", "1500u", "3n", "0.5", "2.0001", "1e3", "1E3", "12E-1", "1k", "64Mi", "1Gi",
    "1.5Gi", "1M", "5G", "7E", "9Ei", "1Ti", "+3", "-1", "-0", "", "x", "1x", ".5", "5.", ".", "1e", "Ki",
];

/// The value, or now and then something that it can not be.
fn maybe(picks: &mut Picks, value: Value) -> Value {
    if !picks.one_in(60) {
        return value;
    }
    let wrong = [
        Value::Null,
        json!("text"),
        json!(5),
        json!(-1.5),
        json!([[]]),
        json!({"a": {"b": 1}}),
        json!(true),
    ];
    picks.of(&wrong).clone()
}

/// An object of these, some of which are left out.
fn object(picks: &mut Picks, fields: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    for (key, value) in fields {
        if !picks.one_in(12) {
            let value = maybe(picks, value);
            object.insert(key.to_owned(), value);
        }
    }
    if picks.one_in(20) {
        object.insert("unknown".to_owned(), json!({"metadata": {"uid": "x"}}));
    }
    Value::Object(object)
}

fn text(picks: &mut Picks) -> Value {
    json!(picks.of(TEXTS))
}

fn time(picks: &mut Picks) -> Value {
    let times = [
        "2026-01-01T00:00:00Z",
        "2025-12-31T23:59:59Z",
        "2026-01-01T00:10:00.5+01:00",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "",
        "noon",
    ];
    json!(picks.of(&times))
}

fn pairs(picks: &mut Picks) -> Value {
    let keys = [KEYS, RESERVED, RESERVED_THERE].concat();
    let mut pairs = Map::new();
    for _ in 0..picks.below(8) {
        let key = picks.of(&keys);
        let value = text(picks);
        let value = maybe(picks, value);
        pairs.insert((*key).to_owned(), value);
    }
    if picks.one_in(3) {
        pairs.insert("pod-template-hash".to_owned(), json!("756f9cfb"));
    }
    Value::Object(pairs)
}

fn amounts(picks: &mut Picks) -> Value {
    let mut fields = Vec::new();
    for resource in ["cpu", "memory", "ephemeral-storage", "hugepages-2Mi"] {
        if picks.one_in(2) {
            fields.push((resource, json!(picks.of(QUANTITIES))));
        }
    }
    object(picks, fields)
}

fn resources(picks: &mut Picks) -> Value {
    let (limits, requests) = (amounts(picks), amounts(picks));
    object(picks, vec![("limits", limits), ("requests", requests)])
}

fn whole(picks: &mut Picks) -> Value {
    let numbers = [
        json!(0),
        json!(1),
        json!(137),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MAX as u64 + 1),
        json!(i64::MIN),
        json!(1.5),
    ];
    picks.of(&numbers).clone()
}

fn state(picks: &mut Picks) -> Value {
    let (reason, why, exit_code, at) = (text(picks), text(picks), whole(picks), time(picks));
    let terminated = object(
        picks,
        vec![("reason", reason), ("exitCode", exit_code), ("finishedAt", at)],
    );
    let waiting = object(picks, vec![("reason", why), ("message", json!("m"))]);
    let running = json!({"startedAt": "2026-01-01T00:00:00Z"});
    let mut fields = vec![
        ("running", running),
        ("terminated", terminated),
        ("waiting", waiting),
    ];
    if !picks.one_in(8) {
        fields = vec![fields.swap_remove(picks.below(3))];
    }
    object(picks, fields)
}

fn container(picks: &mut Picks, name: &str) -> Value {
    let images = [
        "app:1.2",
        "registry:5000/team/app",
        "registry:5000/app:v9@sha256:0123",
        "a b,c=d:1",
        "",
        "app:new\nline\\",
    ];
    let (image, resources) = (json!(picks.of(&images)), resources(picks));
    let mut fields = vec![("image", image), ("resources", resources)];
    if picks.one_in(2) {
        fields.push(("restartPolicy", json!("Always")));
    }
    named(picks, name, fields)
}

fn status(picks: &mut Picks, name: &str) -> Value {
    let mut fields = vec![
        ("state", state(picks)),
        ("lastState", state(picks)),
        ("ready", json!(picks.one_in(2))),
        ("restartCount", whole(picks)),
    ];
    if picks.one_in(2) {
        fields.push(("resources", resources(picks)));
    }
    named(picks, name, fields)
}

fn named(picks: &mut Picks, name: &str, fields: Vec<(&str, Value)>) -> Value {
    let mut object = object(picks, fields);
    object["name"] = json!(name);
    object
}

/// The names that `support::generate` gives containers, and some more.
const CONTAINERS: &[&str] = &[
    "eth0",
    "Hyper-V Virtual Ethernet Adapter _2",
    "cid-{1,2=3}",
    "back\\slash",
    "zero",
    "extra",
    "another\n",
];

/// A pod.
pub fn pod(picks: &mut Picks, [namespace, name, uid]: [&str; 3]) -> Value {
    let mut names: Vec<_> = CONTAINERS.iter().copied().filter(|_| !picks.one_in(3)).collect();
    picks.shuffle(&mut names);
    let mut lists = [const { Vec::new() }; 3];
    let mut statuses = [const { Vec::new() }; 3];
    for name in names {
        let of = *picks.of(&[0, 1, 1, 1, 2]);
        lists[of].push(container(picks, name));
        if !picks.one_in(6) {
            statuses[of].push(status(picks, name));
        }
    }
    let [init, main, ephemeral] = lists.map(Value::Array);
    let [of_init, of_main, of_ephemeral] = statuses.map(Value::Array);
    let owner_names = [
        "web-756f9cfb",
        "tidy-29453759",
        "tidy-29453760",
        "web-1",
        "a b",
        "",
    ];
    let kinds = ["ReplicaSet", "Job", "StatefulSet", "Node", "\n"];
    let owner =
        json!({"kind": picks.of(&kinds), "name": picks.of(&owner_names), "controller": !picks.one_in(4)});
    let metadata = vec![
        ("creationTimestamp", time(picks)),
        ("labels", pairs(picks)),
        ("annotations", pairs(picks)),
        ("ownerReferences", json!([{"kind": "Other", "name": "o"}, owner])),
        (
            "managedFields",
            json!([{"manager": "kubelet", "fieldsV1": {"f:status": {}}}]),
        ),
    ];
    let mut metadata = object(picks, metadata);
    for (key, value) in [("name", name), ("namespace", namespace), ("uid", uid)] {
        metadata[key] = json!(value);
    }
    let mut spec = vec![
        ("initContainers", init),
        ("containers", main),
        ("ephemeralContainers", ephemeral),
        ("hostNetwork", json!(picks.one_in(2))),
    ];
    if picks.one_in(3) {
        spec.push(("overhead", amounts(picks)));
    }
    if picks.one_in(3) {
        spec.push(("resources", resources(picks)));
    }
    let ready = picks.of(&["True", "False", "Unknown"]);
    let status = vec![
        ("phase", text(picks)),
        ("reason", text(picks)),
        (
            "conditions",
            json!([{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}]),
        ),
        (
            "qosClass",
            json!(picks.of(&["Guaranteed", "Burstable", "", "x y"])),
        ),
        ("initContainerStatuses", of_init),
        ("containerStatuses", of_main),
        ("ephemeralContainerStatuses", of_ephemeral),
        ("resources", json!({"limits": {"memory": "9007199254740988Ki"}})),
    ];
    let (spec, status) = (object(picks, spec), object(picks, status));
    let (spec, status) = (maybe(picks, spec), maybe(picks, status));
    json!({"metadata": metadata, "spec": spec, "status": status})
}

/// The pods of a summary, most of them, and some more: others of the same names, and of names that it has not.
pub fn pods(picks: &mut Picks, summary: &Value) -> Vec<Value> {
    let mut pods = Vec::new();
    for listed in summary["pods"].as_array().into_iter().flatten() {
        let reference = |key: &str| listed["podRef"][key].as_str();
        let (Some(name), Some(namespace), Some(uid)) =
            (reference("name"), reference("namespace"), reference("uid"))
        else {
            continue;
        };
        if !picks.one_in(5) {
            pods.push(pod(picks, [namespace, name, uid]));
        }
        for other in 0..picks.below(3) {
            if picks.one_in(3) {
                pods.push(pod(picks, [namespace, name, &format!("{uid}-{other}")]));
            }
        }
    }
    for at in 0..picks.below(4) {
        let name = picks.of(&["unlisted", "pending", "a b\\", "\n"]);
        pods.push(pod(picks, ["default", name, &format!("u{at}")]));
    }
    picks.shuffle(&mut pods);
    pods
}

/// The same, with what comes in no order in another one. Init containers do: each waits for the one before it.
pub fn shuffled(picks: &mut Picks, pods: &[Value]) -> Vec<Value> {
    let mut pods = pods.to_vec();
    picks.shuffle(&mut pods);
    for pod in &mut pods {
        for path in [
            "/spec/containers",
            "/spec/ephemeralContainers",
            "/status/conditions",
            "/status/initContainerStatuses",
            "/status/containerStatuses",
            "/status/ephemeralContainerStatuses",
            "/metadata/ownerReferences",
        ] {
            if let Some(list) = pod.pointer_mut(path).and_then(Value::as_array_mut) {
                picks.shuffle(list);
            }
        }
    }
    pods
}

/// Gives user metrics labels that pods have as well.
pub fn with_labels(picks: &mut Picks, summary: &mut Value) {
    let pods = summary["pods"].as_array_mut().into_iter().flatten();
    let containers = pods.filter_map(|pod| pod.get_mut("containers")?.as_array_mut());
    let metrics = containers
        .flatten()
        .filter_map(|container| container.get_mut("userDefinedMetrics")?.as_array_mut());
    for metric in metrics.flatten() {
        if let Some(labels) = metric.get_mut("labels").and_then(Value::as_object_mut) {
            labels.insert((*picks.of(&["app", "ünï", "k_", "a b"])).to_owned(), json!("own"));
        }
    }
}
