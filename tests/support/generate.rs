//! Summaries of every shape.

use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

/// How odd a summary may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As kubelets print them: keys may be absent, values null.
    Real,
    /// Also with values of a wrong type, unknown keys and text of any kind.
    Hostile,
}

type Json = BoxedStrategy<Value>;

/// A summary.
pub fn summary(shape: Shape) -> Json {
    let pods = prop::collection::vec(pod(shape), 0..4).prop_map(uniquely_named);
    let pods = prop_oneof![20 => pods, 1 => Just(Value::Null)];
    (node(shape), pods)
        .prop_map(|(node, pods)| json!({"node": node, "pods": pods}))
        .boxed()
}

/// Two pods of one name can only be told apart by their uid, which is no tag by default.
fn uniquely_named(mut pods: Vec<Value>) -> Value {
    for (at, pod) in pods.iter_mut().enumerate() {
        if let Some(pod) = pod.as_object_mut() {
            pod.insert(
                "podRef".to_owned(),
                json!({"name": format!("pod-{at}"), "namespace": "default", "uid": at.to_string()}),
            );
        }
    }
    Value::Array(pods)
}

fn node(shape: Shape) -> Json {
    let runtime = object(
        shape,
        vec![("imageFs", filesystem(shape)), ("containerFs", filesystem(shape))],
        0.9,
    );
    let rlimit = object(
        shape,
        vec![
            ("time", time()),
            ("maxpid", whole(shape)),
            ("curproc", whole(shape)),
        ],
        0.9,
    );
    object(
        shape,
        vec![
            ("nodeName", text(shape)),
            ("systemContainers", named(container(shape))),
            ("startTime", time()),
            ("cpu", cpu(shape)),
            ("memory", memory(shape)),
            ("io", io(shape)),
            ("network", network(shape)),
            ("fs", filesystem(shape)),
            ("runtime", runtime),
            ("rlimit", rlimit),
            ("swap", swap(shape)),
        ],
        0.9,
    )
}

fn pod(shape: Shape) -> Json {
    object(
        shape,
        vec![
            ("startTime", time()),
            ("containers", named(container(shape))),
            ("cpu", cpu(shape)),
            ("memory", memory(shape)),
            ("io", io(shape)),
            ("network", network(shape)),
            ("volume", named(volume(shape))),
            ("ephemeral-storage", filesystem(shape)),
            (
                "process_stats",
                object(shape, vec![("process_count", whole(shape))], 0.9),
            ),
            ("swap", swap(shape)),
        ],
        0.9,
    )
}

fn container(shape: Shape) -> Json {
    let accelerator = object(
        shape,
        vec![
            ("make", text(shape)),
            ("model", text(shape)),
            ("id", text(shape)),
            ("memoryTotal", whole(shape)),
            ("memoryUsed", whole(shape)),
            ("dutyCycle", whole(shape)),
        ],
        0.9,
    );
    let labels = prop::collection::btree_map("[a-z]{1,4}_l", text(shape), 0..3)
        .prop_map(|labels| Value::Object(labels.into_iter().collect()));
    let metric = object(
        shape,
        vec![
            ("type", text(shape)),
            ("units", text(shape)),
            ("labels", labels.boxed()),
            ("time", time()),
            ("value", real(shape)),
        ],
        0.9,
    );
    object(
        shape,
        vec![
            ("startTime", time()),
            ("cpu", cpu(shape)),
            ("memory", memory(shape)),
            ("io", io(shape)),
            ("rootfs", filesystem(shape)),
            ("logs", filesystem(shape)),
            ("swap", swap(shape)),
            (
                "accelerators",
                prop::collection::vec(accelerator, 0..2)
                    .prop_map(Value::Array)
                    .boxed(),
            ),
            ("userDefinedMetrics", named(metric)),
        ],
        0.8,
    )
}

fn cpu(shape: Shape) -> Json {
    let fields = vec![
        ("time", time()),
        ("usageNanoCores", whole(shape)),
        ("usageCoreNanoSeconds", whole(shape)),
        ("psi", psi(shape)),
    ];
    object(shape, fields, 0.9)
}

fn memory(shape: Shape) -> Json {
    let mut fields = vec![("time", time()), ("psi", psi(shape))];
    for key in [
        "availableBytes",
        "usageBytes",
        "workingSetBytes",
        "rssBytes",
        "pageFaults",
        "majorPageFaults",
    ] {
        fields.push((key, whole(shape)));
    }
    object(shape, fields, 0.9)
}

fn io(shape: Shape) -> Json {
    object(shape, vec![("time", time()), ("psi", psi(shape))], 0.9)
}

fn psi(shape: Shape) -> Json {
    let data = || {
        let fields = vec![
            ("total", whole(shape)),
            ("avg10", real(shape)),
            ("avg60", real(shape)),
            ("avg300", real(shape)),
        ];
        object(shape, fields, 0.95)
    };
    object(shape, vec![("full", data()), ("some", data())], 0.95)
}

fn swap(shape: Shape) -> Json {
    let fields = vec![
        ("time", time()),
        ("swapAvailableBytes", whole(shape)),
        ("swapUsageBytes", whole(shape)),
    ];
    object(shape, fields, 0.9)
}

fn filesystem_fields(shape: Shape) -> Vec<(&'static str, Json)> {
    let keys = [
        "availableBytes",
        "capacityBytes",
        "usedBytes",
        "inodesFree",
        "inodes",
        "inodesUsed",
    ];
    let numbers = keys.into_iter().map(|key| (key, whole(shape)));
    std::iter::once(("time", time())).chain(numbers).collect()
}

fn filesystem(shape: Shape) -> Json {
    object(shape, filesystem_fields(shape), 0.9)
}

fn volume(shape: Shape) -> Json {
    let mut fields = filesystem_fields(shape);
    fields.push((
        "pvcRef",
        object(
            shape,
            vec![("name", text(shape)), ("namespace", text(shape))],
            0.9,
        ),
    ));
    fields.push((
        "volumeHealthStats",
        object(
            shape,
            vec![("abnormal", any::<bool>().prop_map(Value::from).boxed())],
            0.9,
        ),
    ));
    object(shape, fields, 0.9)
}

fn counters(shape: Shape) -> Vec<(&'static str, Json)> {
    ["rxBytes", "rxErrors", "txBytes", "txErrors"]
        .into_iter()
        .map(|key| (key, whole(shape)))
        .collect()
}

fn network(shape: Shape) -> Json {
    let mut fields = counters(shape);
    fields.extend([
        ("time", time()),
        ("name", text(shape)),
        ("interfaces", named(object(shape, counters(shape), 0.9))),
    ]);
    object(shape, fields, 0.9)
}

/// A list of objects whose names differ, in an order that is not theirs; or null.
fn named(element: Json) -> Json {
    let names = [
        "eth0",
        "Hyper-V Virtual Ethernet Adapter _2",
        "cid-{1,2=3}",
        "back\\slash",
        "zero",
    ];
    let list = prop::collection::vec(element, 0..names.len()).prop_map(move |mut elements| {
        for (element, name) in elements.iter_mut().zip(names.iter().rev()) {
            if let Some(element) = element.as_object_mut() {
                element.insert("name".to_owned(), json!(name));
            }
        }
        Value::Array(elements)
    });
    prop_oneof![9 => list, 1 => Just(Value::Null)].boxed()
}

/// An object of some of the fields.
fn object(shape: Shape, fields: Vec<(&'static str, Json)>, present: f64) -> Json {
    let fields: Vec<BoxedStrategy<Option<(String, Value)>>> = fields
        .into_iter()
        .map(|(key, value)| {
            let value = prop_oneof![14 => value, 1 => Just(Value::Null)];
            prop::option::weighted(present, value.prop_map(move |value| (key.to_owned(), value))).boxed()
        })
        .collect();
    let unknown = prop::option::weighted(if shape == Shape::Hostile { 0.1 } else { 0.0 }, whole(shape));
    let object = (fields, unknown).prop_map(|(fields, unknown)| {
        let mut object: Map<String, Value> = fields.into_iter().flatten().collect();
        if let Some(unknown) = unknown {
            object.insert("unknown".to_owned(), unknown);
        }
        Value::Object(object)
    });
    let other = u32::from(shape == Shape::Hostile);
    Union::new_weighted(
        vec![
            (60, object.boxed()),
            (1, Just(Value::Null).boxed()),
            (other, wrong()),
        ]
        .into_iter()
        .filter(|(weight, _)| *weight > 0)
        .collect(),
    )
    .boxed()
}

/// A value that is never right.
fn wrong() -> Json {
    prop_oneof![
        Just(json!("text")),
        Just(json!([[]])),
        Just(json!(true)),
        Just(json!(1.5))
    ]
    .boxed()
}

fn whole(shape: Shape) -> Json {
    let right = prop_oneof![
        4 => (0..100_000_000_000_u64).prop_map(Value::from),
        1 => Just(json!(0)),
        1 => Just(json!(i64::MAX)),
        1 => Just(json!(i64::MAX as u64 + 1)),
        1 => Just(json!(u64::MAX)),
    ];
    match shape {
        Shape::Real => right.boxed(),
        Shape::Hostile => {
            let wrong = prop_oneof![
                Just(json!(-1)),
                Just(json!(i64::MIN)),
                Just(json!("5")),
                Just(json!(1.5)),
                Just(json!({"a": 1})),
                Just(json!([1])),
                Just(json!(true))
            ];
            prop_oneof![20 => right, 1 => wrong].boxed()
        }
    }
}

fn real(shape: Shape) -> Json {
    let right = prop_oneof![
        Just(json!(0)),
        Just(json!(10)),
        (0..10_000_u32).prop_map(|hundredths| json!(f64::from(hundredths) / 100.0)),
        Just(json!(1e21)),
        Just(json!(-2.5e-7)),
    ];
    match shape {
        Shape::Real => right.boxed(),
        Shape::Hostile => prop_oneof![20 => right, 1 => Just(json!("5")), 1 => Just(json!({"a": 1}))].boxed(),
    }
}

fn time() -> Json {
    prop_oneof![
        5 => (0..2_000_000_000_i64).prop_map(|seconds| {
            let time = time::OffsetDateTime::from_unix_timestamp(seconds).expect("in range");
            Value::from(time.format(&time::format_description::well_known::Rfc3339).expect("a year"))
        }),
        1 => Just(Value::Null),
        1 => Just(json!("1970-01-01T00:00:00Z")),
        1 => Just(json!("")),
    ]
    .boxed()
}

fn text(shape: Shape) -> Json {
    let usual = "[a-z0-9.-]{1,12}";
    match shape {
        Shape::Real => usual.prop_map(Value::from).boxed(),
        Shape::Hostile => prop_oneof![4 => usual, 1 => "[a\\\\,= \"n\n\t]{0,6}", 1 => "\\PC{0,6}"]
            .prop_map(Value::from)
            .boxed(),
    }
}
