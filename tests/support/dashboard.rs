//! `telegraf/dashboard.json` as a test reads it, and what Grafana makes of its queries before it sends them.
//!
//! Knows of Grafana what its documentation says of variables and of the `InfluxDB` data source, and nothing of this
//! program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// The dashboard.
pub struct Dashboard(Value);

/// One query of one panel.
#[derive(Debug, Clone, Copy)]
pub struct Target<'d> {
    /// The panel.
    pub panel: &'d Value,
    /// The query, among its other settings.
    pub target: &'d Value,
}

impl Dashboard {
    /// The one that is shipped.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("telegraf/dashboard.json");
        let text = fs::read_to_string(path).expect("the repository's own file");
        Self(serde_json::from_str(&text).expect("JSON"))
    }

    /// All of it.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// What stands on the dashboard itself: panels, and rows with the panels that they hide inside.
    pub fn top_level(&self) -> &[Value] {
        list(&self.0["panels"])
    }

    /// The panels, those in a row that is folded up too, but no rows.
    pub fn panels(&self) -> impl Iterator<Item = &Value> {
        self.top_level()
            .iter()
            .flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"])))
            .filter(|panel| panel["type"] != "row")
    }

    /// The queries of all panels.
    pub fn targets(&self) -> impl Iterator<Item = Target<'_>> {
        self.panels().flat_map(|panel| {
            let targets = list(&panel["targets"]).iter();
            targets.map(move |target| Target { panel, target })
        })
    }

    /// The variables at the top of it.
    pub fn variables(&self) -> &[Value] {
        list(&self.0["templating"]["list"])
    }

    /// Those of them that ask the database for their values.
    pub fn queried_variables(&self) -> impl Iterator<Item = &Value> {
        self.variables()
            .iter()
            .filter(|variable| variable["type"] == "query")
    }
}

impl<'d> Target<'d> {
    /// The query as it is written.
    pub fn query(&self) -> &'d str {
        text(&self.target["query"])
    }

    /// What to call it in a message.
    pub fn name(&self) -> String {
        format!(
            "panel {} \"{}\", query {}",
            self.panel["id"],
            text(&self.panel["title"]),
            text(&self.target["refId"])
        )
    }

    /// The panel's least interval: `$__interval` over a short range.
    pub fn least_interval(&self) -> Option<Duration> {
        self.panel["interval"].as_str().map(duration)
    }
}

/// What is chosen at the top of a dashboard.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Milliseconds since 1970.
    pub from: i64,
    /// Milliseconds since 1970.
    pub to: i64,
    /// What each variable stands for.
    pub values: BTreeMap<String, Choice>,
}

/// What is chosen of one variable.
#[derive(Debug, Clone)]
pub enum Choice {
    /// All, which this text stands for: it goes into the query as it is.
    All(String),
    /// Some of a variable that may have several values.
    These(Vec<String>),
}

impl Choice {
    /// In a query: alternatives in parentheses, and nothing in them that a regular expression takes for its own.
    fn written(&self) -> String {
        match self {
            Self::All(text) => text.clone(),
            Self::These(values) => {
                let escaped: Vec<_> = values.iter().map(|value| regex_escaped(value)).collect();
                format!("({})", escaped.join("|"))
            }
        }
    }
}

impl Selection {
    /// The query that is sent for `query`. Panics at a `$name` that nobody knows, which Grafana would send as it is.
    pub fn sent(&self, query: &str, interval: Option<Duration>) -> String {
        let mut sent = String::new();
        let mut rest = query;
        while let Some((before, after)) = rest.split_once('$') {
            sent.push_str(before);
            let end = after.find(|c: char| !is_word(c)).unwrap_or(after.len());
            let (name, behind) = after.split_at(end);
            rest = behind;
            let value = match name {
                // The end of a regular expression.
                "" => "$".to_owned(),
                "timeFilter" => format!("time >= {}ms and time <= {}ms", self.from, self.to),
                "__from" => self.from.to_string(),
                "__to" => self.to.to_string(),
                "__interval" => {
                    let interval = interval.unwrap_or_else(|| panic!("no least interval for {query}"));
                    format!("{}ms", interval.as_millis())
                }
                name => {
                    let choice = self.values.get(name);
                    choice
                        .unwrap_or_else(|| panic!("no variable ${name}: {query}"))
                        .written()
                }
            };
            sent.push_str(&value);
        }
        sent.push_str(rest);
        sent
    }
}

/// The names behind each `$` in a text.
pub fn used_names(text: &str) -> Vec<&str> {
    text.split('$')
        .skip(1)
        .map(|after| {
            let after = after.strip_prefix('{').unwrap_or(after);
            &after[..after.find(|c: char| !is_word(c)).unwrap_or(after.len())]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn regex_escaped(value: &str) -> String {
    value
        .chars()
        .flat_map(|c| {
            let special = r"\^$*+?.()|[]{}/".contains(c);
            special.then_some('\\').into_iter().chain([c])
        })
        .collect()
}

/// `10s` or `2m`, as panels have it.
fn duration(text: &str) -> Duration {
    let (number, unit) = text.split_at(text.len() - 1);
    let number = number.parse().expect("a number");
    match unit {
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(60 * number),
        _ => panic!("no unit: {text}"),
    }
}

/// The elements of an array, none of anything else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text. Panics at anything else.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
