//! Everything a kubelet of any age has ever had to say, in one database: each value comes back, and no field changes
//! its type between a new kubelet and an old one.

use serde_json::{Value, json};
use test_kubelet::{GeneratorOptions, summary};

use crate::stage::{DATABASE, Prompt, Stage};
use crate::support::database::Database as _;
use crate::support::expect::expect;

/// All measurements, the obsolete ones too.
const MEASUREMENTS: usize = 11;

#[test]
fn comes_back_from_the_database_with_one_type() {
    let stage = Stage::new();
    for body in [newest(), oldest()] {
        stage.kubelet.set_body(Some(body.to_string().into_bytes()));
        // A field type conflict would be a partial write, which Telegraf logs as an error and drops.
        stage.telegraf(Prompt::Stdin).run("--once").assert_quiet(&[]);
    }
    stage.assert_all_stored();
    let expected = expect(&newest()).fields;
    let names: std::collections::BTreeSet<_> = expected
        .iter()
        .map(|((measurement, ..), _)| measurement)
        .collect();
    assert_eq!(names.len() + 1, MEASUREMENTS, "{names:?} and kubelet_scrape");
    assert_eq!(
        stage
            .influx
            .count(DATABASE, "SELECT COUNT(result_code) FROM kubelet_scrape"),
        2
    );
}

/// A summary with every key of the API's types.
fn newest() -> Value {
    let options = GeneratorOptions {
        pods: 2,
        ..GeneratorOptions::default()
    };
    let mut summary: Value = serde_json::from_slice(&summary(&options, 1)).expect("JSON");
    let pod = summary["pods"]
        .as_array_mut()
        .and_then(|pods| pods.iter_mut().find(|pod| pod["network"].is_object()))
        .expect("a pod with a network");
    pod["network"]["interfaces"].as_array_mut().expect("a list").push(json!({
        "name": "Hyper-V Virtual, Ethernet=Adapter \\ \"_2\" \u{e9}", "rxBytes": 1, "rxErrors": 0, "txBytes": i64::MAX, "txErrors": 0
    }));
    pod["volume"][0]["volumeHealthStats"] = json!({"abnormal": true});
    pod["containers"][0]["accelerators"] = json!([
        {"make": "nvidia", "model": "Tesla K80", "id": "GPU-1", "memoryTotal": 12, "memoryUsed": 3, "dutyCycle": 50},
        {"make": "nvidia", "model": "Tesla K80", "id": "GPU-2", "memoryTotal": 12, "memoryUsed": 0, "dutyCycle": 0}
    ]);
    pod["containers"][0]["userDefinedMetrics"] = json!([
        {"name": "qps", "type": "gauge", "units": "1/s", "labels": {"path": "/a b", "code": "200"}, "value": 10},
        {"name": "qps", "type": "gauge", "units": "1/s", "labels": {"path": "/c", "code": "500"}, "value": 0.25},
        {"name": "big", "type": "cumulative", "units": "", "value": 1e21}
    ]);
    summary
}

/// The same node as an old kubelet had it: no pressure, swap, io, split filesystem or health, and null for a list.
fn oldest() -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                for key in [
                    "psi",
                    "io",
                    "swap",
                    "containerFs",
                    "process_stats",
                    "volumeHealthStats",
                    "accelerators",
                ] {
                    object.remove(key);
                }
                if let Some(metrics) = object.get_mut("userDefinedMetrics") {
                    *metrics = Value::Null;
                }
                object.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut summary = newest();
    strip(&mut summary);
    summary
}
