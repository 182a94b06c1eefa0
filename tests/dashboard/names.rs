//! Whether a query in `InfluxQL` names only what the program writes, and takes rates of counters alone.
//!
//! Every name has to be in double quotes: what is outside of them has to be the language's own.

use std::collections::{BTreeMap, BTreeSet};

use telegraf_kubelet::lines::{
    DISCOVERY_FIELDS, DISCOVERY_MEASUREMENT, DISCOVERY_TAGS, SCRAPE_FIELDS, SCRAPE_MEASUREMENT, SCRAPE_TAGS,
    rows,
};

/// What a query may say outside of quotes.
const WORDS: &[&str] = &[
    "AND",
    "AS",
    "BY",
    "FROM",
    "GROUP",
    "KEY",
    "SELECT",
    "SHOW",
    "TAG",
    "VALUES",
    "WHERE",
    "WITH",
    "count",
    "distinct",
    "fill",
    "first",
    "last",
    "max",
    "mean",
    "min",
    "non_negative_derivative",
    "none",
    "sum",
    "time",
    "top",
];

/// The one measurement that a query reads. An error at a measurement, field or tag that the program does not have, and
/// at a counter whose rate is not taken.
pub fn check_names(query: &str) -> Result<String, String> {
    let (outside, quoted) = taken_apart(query);
    for word in outside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let number = word.starts_with(|c: char| c.is_ascii_digit());
        if !word.is_empty() && !number && !WORDS.contains(&word) {
            return Err(format!("{word} outside of quotes"));
        }
    }
    let behind = |before: &str| {
        let names = quoted
            .iter()
            .filter(|(text, _)| text.trim_end().ends_with(before));
        names.map(|(_, name)| name.as_str()).collect::<BTreeSet<_>>()
    };
    let measurements = behind("FROM");
    let after_comma = outside
        .split("FROM")
        .skip(1)
        .any(|after| after.trim_start().starts_with(','));
    let (1, false, Some(measurement)) = (measurements.len(), after_comma, measurements.first()) else {
        return Err(format!("not one measurement: {measurements:?}"));
    };
    let names = names_of(measurement);
    if names.is_empty() {
        return Err(format!("no measurement {measurement}"));
    }
    let made = behind("AS");
    for (at, (before, name)) in quoted.iter().enumerate() {
        if measurements.contains(name.as_str()) || made.contains(name.as_str()) {
            continue;
        }
        let Some(is_counter) = names.get(name) else {
            return Err(format!("{measurement} has no {name}"));
        };
        let is_rate = before.ends_with("non_negative_derivative(") || is_growth(&quoted, at);
        // What something else has grown may be asked for too.
        if is_rate != *is_counter && !is_growth(&quoted, at) {
            return Err(format!(
                "{name} is {} counter",
                if *is_counter { "a" } else { "no" }
            ));
        }
    }
    Ok((*measurement).to_owned())
}

/// Whether it is a side of `last("field") - first("field")`: how much it has grown in the range that is shown.
fn is_growth(quoted: &[(String, String)], at: usize) -> bool {
    let is_first = |at: usize| {
        let [(before, name), (between, other)] = &quoted[at - 1..=at] else {
            return false;
        };
        before.ends_with("last(") && between == ") - first(" && name == other
    };
    [at, at + 1]
        .into_iter()
        .any(|at| (1..quoted.len()).contains(&at) && is_first(at))
}

/// Fields and tags of a measurement, and which of them are counters.
fn names_of(measurement: &str) -> BTreeMap<String, bool> {
    let mut names = BTreeMap::new();
    for row in rows().iter().filter(|row| row.measurement == measurement) {
        names.insert(row.field.to_owned(), row.unit.contains("counter"));
        names.extend(row.tags.iter().map(|tag| ((*tag).to_owned(), false)));
    }
    for (ours, fields, tags) in [
        (SCRAPE_MEASUREMENT, SCRAPE_FIELDS, SCRAPE_TAGS),
        (DISCOVERY_MEASUREMENT, DISCOVERY_FIELDS, DISCOVERY_TAGS),
    ] {
        if measurement == ours {
            let all = fields.iter().map(|field| field.name).chain(tags.iter().copied());
            names.extend(all.map(|name| (name.to_owned(), false)));
        }
    }
    if !names.is_empty() {
        // Telegraf's own.
        names.insert("host".to_owned(), false);
    }
    names
}

/// What stands outside of all quotes and variables; and each name in double quotes, with what is outside just before.
fn taken_apart(query: &str) -> (String, Vec<(String, String)>) {
    let mut outside = String::new();
    let mut quoted = Vec::new();
    let mut since = 0;
    let mut rest = query;
    while let Some(at) = rest.find(['"', '\'', '/', '$']) {
        outside.push_str(&rest[..at]);
        let (mark, after) = rest[at..].split_at(1);
        // A slash with a space behind it divides.
        if mark == "/" && after.starts_with(' ') {
            rest = after;
            continue;
        }
        let end = match mark {
            "$" => after
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(after.len()),
            mark => after.find(mark).expect("a second quote"),
        };
        if mark == "\"" {
            quoted.push((outside[since..].to_owned(), after[..end].to_owned()));
        }
        outside.push(' ');
        since = outside.len();
        rest = &after[(end + usize::from(mark != "$")).min(after.len())..];
    }
    outside.push_str(rest);
    (outside, quoted)
}
