//! The types of the kubelet's answer in Go, as the modules have them that its programs are built from: an answer with
//! each of their keys, made without our own list, has no key that we do not know and no number that we do not write.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use test_kubelet::{Options, TestKubelet};

use crate::support::check::check;
use crate::support::lines::{Number, parse};
use crate::support::plugin::block;
use crate::support::scrape;

/// A field of a struct.
struct Field {
    /// Its JSON key; `None` for a struct whose fields count as its owner's.
    key: Option<String>,
    kind: String,
}

/// The structs of a file of Go.
struct Types(BTreeMap<String, Vec<Field>>);

impl Types {
    /// Of the API, at the version that a module of `tests/cluster/modules` requires.
    fn of(module: &Path) -> Self {
        let go = Command::new("go")
            .args(["list", "-m", "-f", "{{.Dir}}", "k8s.io/kubelet"])
            .current_dir(module)
            .output()
            .expect("go");
        let dir = String::from_utf8(go.stdout).expect("UTF-8");
        let file = Path::new(dir.trim()).join("pkg/apis/stats/v1alpha1/types.go");
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self::read(&text)
    }

    fn read(text: &str) -> Self {
        let mut types = BTreeMap::new();
        let mut lines = text.lines().map(str::trim);
        while let Some(line) = lines.next() {
            let Some(name) = line
                .strip_prefix("type ")
                .and_then(|rest| rest.strip_suffix(" struct {"))
            else {
                continue;
            };
            let fields = lines.by_ref().take_while(|line| *line != "}");
            let fields = fields
                .filter(|line| !line.is_empty() && !line.starts_with("//"))
                .map(Field::read)
                .collect();
            types.insert(name.to_owned(), fields);
        }
        Self(types)
    }

    /// A value of a type with all that it can have, each number another one.
    fn full(&self, kind: &str, numbers: &mut Vec<Number>) -> Value {
        if let Some(item) = kind.strip_prefix("[]") {
            return json!([self.full(item, numbers)]);
        }
        let kind = kind.trim_start_matches('*');
        if let Some(fields) = self.0.get(kind) {
            return Value::Object(self.object(fields, numbers));
        }
        let next = 1_000_000 + i64::try_from(numbers.len()).expect("a few hundred");
        match kind {
            "uint64" | "int64" => {
                numbers.push(Number::Integer(next));
                json!(next)
            }
            "float64" => {
                let next = f64::from(u32::try_from(next).expect("a few hundred")) + 0.5;
                numbers.push(Number::Float(next));
                json!(next)
            }
            // No two are needed: there is one for all of an answer.
            "bool" => {
                numbers.push(Number::Boolean(true));
                json!(true)
            }
            "metav1.Time" => json!("2026-11-25T20:00:00Z"),
            "map[string]string" => json!({"label": "value"}),
            "string" | "UserDefinedMetricType" => json!("text"),
            other => panic!("a type of a new kind: {other}"),
        }
    }

    fn object(&self, fields: &[Field], numbers: &mut Vec<Number>) -> Map<String, Value> {
        let mut object = Map::new();
        for Field { key, kind } in fields {
            match (key, self.full(kind, numbers)) {
                (Some(key), value) => {
                    object.insert(key.clone(), value);
                }
                (None, Value::Object(fields)) => object.extend(fields),
                (None, value) => panic!("fields of {kind}: {value}"),
            }
        }
        object
    }
}

impl Field {
    /// A name, a type and a tag with the key; or without a name and with an empty key.
    fn read(line: &str) -> Self {
        let (before, tag) = line
            .split_once('`')
            .unwrap_or_else(|| panic!("no key in {line:?}"));
        let (_, tag) = tag.split_once("json:\"").expect("a key");
        let key = tag.split([',', '"']).next().expect("a first part");
        let kind = before.split_whitespace().next_back().expect("a type");
        Self {
            key: Some(key.to_owned()).filter(|key| !key.is_empty()),
            kind: kind.to_owned(),
        }
    }
}

/// An answer with every key, its numbers, and what they are named where it was made.
fn assert_known(module: &Path) {
    let mut numbers = Vec::new();
    let answer = Types::of(module).full("Summary", &mut numbers);
    assert!(numbers.len() > 200, "{}: {answer:#}", numbers.len());

    let kubelet = TestKubelet::start(Options {
        body: Some(answer.to_string().into_bytes()),
        ..Options::default()
    });
    let config = block(&kubelet);
    let left = scrape::once(&kubelet, &config);
    scrape::assert_good(&left);
    let mut written: Vec<_> = parse(&format!("{}\n", left.stdout.join("\n")))
        .into_iter()
        .filter(|((measurement, _, field), _)| {
            measurement != "kubelet_scrape" && field != "start_time_seconds"
        })
        .map(|(_, value)| value)
        .collect();
    for number in &numbers {
        let at = written.iter().position(|value| value == number);
        let at = at.unwrap_or_else(|| panic!("{number:?} is in no line, of {answer:#}"));
        written.swap_remove(at);
    }
    assert!(written.is_empty(), "not of the answer: {written:?}");

    let unknown = |config: &str| {
        let checked = check(&kubelet, config, &[]);
        checked
            .findings()
            .find(|finding| finding["diagnosis"] == "unknown_keys")
            .map(|finding| finding["said"].to_string())
    };
    assert_eq!(unknown(&config), None);
    // That would have been said.
    let mut newer = answer;
    newer["node"]["memory"]["newBytes"] = json!(1);
    kubelet.set_body(Some(newer.to_string().into_bytes()));
    let said = unknown(&config).expect("a new key");
    assert!(said.contains("node.memory.newBytes"), "{said}");
}

#[test]
fn every_key_of_the_api_is_known() {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/modules");
    for module in ["kubernetes", "kubelet-1.35"] {
        assert_known(&modules.join(module));
    }
}
