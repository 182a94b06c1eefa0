//! What an `InfluxDB` 1.x answers to `InfluxQL`, whichever way one gets there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lines::{Key, Number};

/// Nanoseconds since 1970, and all fields of all points that have this time.
pub type Batches = BTreeMap<i64, Vec<(Key, Number)>>;

/// Somebody who can ask one.
pub trait Database {
    /// The body of the answer to `GET` for a path, which has to be a good one.
    fn get(&self, path: &str) -> String;

    /// All points of a database.
    fn points(&self, database: &str) -> Batches {
        self.selected(database, "SELECT * FROM /.*/ GROUP BY *")
    }

    /// The points that a query selects, which is grouped by all tags. Each value has the type that the database gave its
    /// field.
    fn selected(&self, database: &str, query: &str) -> Batches {
        let found = self.query(database, query);
        // Afterwards: a field may be new.
        let types = self.types(database);
        let mut batches = Batches::new();
        for series in found {
            let measurement = text(&series["name"]);
            let tags: BTreeMap<String, String> = series["tags"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(tag, value)| (tag.clone(), text(value)))
                // A tag that other series of the measurement have.
                .filter(|(_, value)| !value.is_empty())
                .collect();
            for row in rows(&series) {
                let mut row = columns(&series).zip(row);
                let (_, time) = row.next().expect("the time comes first");
                let batch = batches.entry(time.as_i64().expect("nanoseconds")).or_default();
                for (field, value) in row.filter(|(_, value)| !value.is_null()) {
                    let kind = &types[&(measurement.clone(), field.to_owned())];
                    let key = (measurement.clone(), tags.clone(), field.to_owned());
                    batch.push((key, number(kind, value)));
                }
            }
        }
        batches
    }

    /// What a `SELECT COUNT` counts; none where there is no such measurement or database.
    fn count(&self, database: &str, query: &str) -> usize {
        let series = self.query(database, query);
        let counted = series.first().and_then(|series| series["values"][0][1].as_u64());
        usize::try_from(counted.unwrap_or(0)).expect("few")
    }

    /// The type of each field, by measurement and name.
    fn types(&self, database: &str) -> BTreeMap<(String, String), String> {
        let mut types = BTreeMap::new();
        for series in self.query(database, "SHOW FIELD KEYS") {
            for row in rows(&series) {
                let key = (text(&series["name"]), text(&row[0]));
                let other = types.insert(key.clone(), text(&row[1]));
                assert!(other.is_none(), "two types in one database: {key:?}");
            }
        }
        types
    }

    /// The series in the answer to one query.
    fn query(&self, database: &str, query: &str) -> Vec<Value> {
        let answer = self.get(&format!(
            "/query?epoch=ns&db={}&q={}",
            escaped(database),
            escaped(query)
        ));
        let mut answer: Value =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{query}: {error}: {answer}"));
        let result = answer["results"][0].take();
        match result["error"].as_str() {
            // Telegraf creates it with its first connection.
            Some(error) if error.starts_with("database not found") => return Vec::new(),
            Some(error) => panic!("{query}: {error}"),
            None => {}
        }
        result["series"].as_array().cloned().unwrap_or_default()
    }
}

fn columns(series: &Value) -> impl Iterator<Item = &str> {
    series["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn rows(series: &Value) -> impl Iterator<Item = &Vec<Value>> {
    series["values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn number(kind: &str, value: &Value) -> Number {
    let number = match kind {
        "integer" => value.as_i64().map(Number::Integer),
        "float" => value.as_f64().map(Number::Float),
        "boolean" => value.as_bool().map(Number::Boolean),
        "string" => value.as_str().map(|text| Number::Text(text.to_owned())),
        _ => None,
    };
    number.unwrap_or_else(|| panic!("{value} in a field of type {kind}"))
}

/// Percent encoding.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
