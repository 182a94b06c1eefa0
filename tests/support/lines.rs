//! Line protocol into what is in it, by a reader that is not ours.

use std::collections::BTreeMap;

use influxdb_line_protocol::{FieldValue, parse_lines};

/// Measurement, tags and field name.
pub type Key = (String, BTreeMap<String, String>, String);

/// A field's value with its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// `123i`
    Integer(i64),
    /// `1.5`
    Float(f64),
    /// `true`
    Boolean(bool),
    /// `"text"`
    Text(String),
}

/// Every field of every line. Panics at a line that does not parse, or that has no timestamp.
pub fn parse(lines: &str) -> Vec<(Key, Number)> {
    let mut found = Vec::new();
    for line in parse_lines(lines) {
        let line = line.unwrap_or_else(|error| panic!("{error}\n{lines}"));
        assert!(line.timestamp.is_some(), "no timestamp: {line}");
        let measurement = line.series.measurement.to_string();
        let tags: BTreeMap<String, String> = line
            .series
            .tag_set
            .iter()
            .flatten()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        for (name, value) in &line.field_set {
            let value = match value {
                FieldValue::I64(value) => Number::Integer(*value),
                FieldValue::F64(value) => Number::Float(*value),
                FieldValue::Boolean(value) => Number::Boolean(*value),
                FieldValue::String(value) => Number::Text(value.to_string()),
                FieldValue::U64(_) => panic!("a type that InfluxDB 1.x has not: {line}"),
            };
            found.push(((measurement.clone(), tags.clone(), name.to_string()), value));
        }
    }
    found
}

/// A line as a database knows it: measurement and tags, which may come once each, and its time.
pub type Series = (String, BTreeMap<String, String>, i64);

/// The series of each line, in their order. Panics at a line that has a tag twice.
pub fn series(lines: &str) -> Vec<Series> {
    let lines = parse_lines(lines).map(|line| line.unwrap_or_else(|error| panic!("{error}\n{lines}")));
    lines
        .map(|line| {
            let mut tags = BTreeMap::new();
            for (key, value) in line.series.tag_set.iter().flatten() {
                let before = tags.insert(key.to_string(), value.to_string());
                assert_eq!(before, None, "{key} comes twice: {line}");
            }
            let measurement = line.series.measurement.to_string();
            (measurement, tags, line.timestamp.expect("a timestamp"))
        })
        .collect()
}
