//! The dashboard that is shipped, as far as it can be judged without Grafana and without a database: it is laid out,
//! each panel says what it is for, and whatever it asks for is something that the program writes.
//!
//! That its queries have answers is shown by the end-to-end tests; that Grafana's own types take it, by `.ci/run`.

mod names;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use telegraf_kubelet::kubelet::Cause;
use telegraf_kubelet::lines::{DISCOVERY_MEASUREMENT, SCRAPE_MEASUREMENT, rows};

use names::check_names;
use support::dashboard::{Choice, Dashboard, Selection, list, text, used_names};

/// What Grafana puts into a query beside the dashboard's variables.
const MACROS: [&str; 4] = ["timeFilter", "__interval", "__from", "__to"];

#[test]
fn every_panel_says_what_it_is_and_where_it_asks() {
    let dashboard = Dashboard::read();
    let mut ids = BTreeSet::new();
    for panel in dashboard.top_level() {
        assert!(ids.insert(panel["id"].as_u64()), "twice: id {}", panel["id"]);
        assert!(!text(&panel["title"]).is_empty());
    }
    for panel in dashboard
        .panels()
        .filter(|panel| !dashboard.top_level().contains(panel))
    {
        assert!(ids.insert(panel["id"].as_u64()), "twice: id {}", panel["id"]);
    }
    let mut titles = BTreeSet::new();
    for panel in dashboard.panels() {
        let title = text(&panel["title"]);
        assert!(!title.is_empty(), "{panel}");
        // A panel is looked at alone too, without the row that it is in.
        assert!(titles.insert(title), "twice: {title}");
        assert!(
            text(&panel["description"]).ends_with('.'),
            "{title}: says nothing"
        );
        assert!(
            !text(&panel["fieldConfig"]["defaults"]["unit"]).is_empty(),
            "{title}"
        );
        asks_the_chosen_database(panel, title);
        let mut letters = BTreeSet::new();
        assert!(!list(&panel["targets"]).is_empty(), "{title}: asks nothing");
        for target in list(&panel["targets"]) {
            asks_the_chosen_database(target, title);
            assert!(
                letters.insert(text(&target["refId"])),
                "{title}: one letter twice"
            );
            assert_eq!(target["rawQuery"], true, "{title}");
            let format = if panel["type"] == "table" {
                "table"
            } else {
                "time_series"
            };
            assert_eq!(target["resultFormat"], format, "{title}");
        }
    }
}

fn asks_the_chosen_database(owner: &Value, title: &str) {
    assert_eq!(owner["datasource"]["type"], "influxdb", "{title}");
    assert_eq!(owner["datasource"]["uid"], "${datasource}", "{title}");
}

#[test]
fn panels_lie_beside_each_other_on_the_grid() {
    let dashboard = Dashboard::read();
    disjoint(dashboard.top_level());
    for row in dashboard.top_level() {
        let hidden = list(&row["panels"]);
        assert_eq!(
            row["type"] == "row" && row["collapsed"] == true,
            !hidden.is_empty(),
            "{row}"
        );
        disjoint(hidden);
    }
}

fn disjoint(panels: &[Value]) {
    let mut taken = BTreeMap::new();
    for panel in panels {
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().expect("a place"));
        assert!(w > 0 && h > 0 && x + w <= 24, "{}", panel["gridPos"]);
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            let other = taken.insert(cell, &panel["title"]);
            assert!(other.is_none(), "{} lies on {other:?}", panel["title"]);
        }
    }
}

#[test]
fn each_variable_is_there_and_used() {
    let dashboard = Dashboard::read();
    let names: BTreeSet<&str> = dashboard
        .variables()
        .iter()
        .map(|variable| text(&variable["name"]))
        .collect();
    assert_eq!(names.len(), dashboard.variables().len());
    let panels = serde_json::to_string(dashboard.json()).expect("it was read");
    for name in &names {
        let used = [format!("${name}$/"), format!("${{{name}}}")];
        assert!(
            used.iter().any(|used| panels.contains(used)),
            "${name} changes nothing"
        );
    }
    for query in queries(&dashboard) {
        for used in used_names(&query) {
            assert!(
                names.contains(used) || MACROS.contains(&used),
                "no ${used}: {query}"
            );
        }
    }
    for variable in dashboard.queried_variables() {
        asks_the_chosen_database(variable, text(&variable["name"]));
        // Grafana writes the values of other variables without escaping them where it takes them for text.
        assert_eq!(variable["multi"], true, "{variable}");
    }
}

#[test]
fn each_query_keeps_to_the_time_that_is_shown() {
    let dashboard = Dashboard::read();
    for target in dashboard.targets() {
        let name = target.name();
        let query = target.query();
        assert!(query.contains("$timeFilter"), "{name}: {query}");
        let grouped = query.contains("GROUP BY time(");
        assert_eq!(grouped, query.contains("time($__interval)"), "{name}: {query}");
        assert_eq!(
            grouped,
            target.least_interval().is_some(),
            "{name}: {query}: without a least interval it falls into the gaps between two samples"
        );
    }
}

#[test]
fn a_series_is_called_by_tags_that_its_query_groups_by() {
    for target in Dashboard::read().targets() {
        let Some(alias) = target.target["alias"].as_str() else {
            continue;
        };
        let query = target.query();
        let groups = query.rsplit("GROUP BY").next().expect("the last");
        for used in used_names(alias) {
            let grouped = match used.strip_prefix("tag_") {
                Some(tag) => groups.contains(&format!("\"{tag}\"")),
                None => used == "col" && query.contains(" AS \""),
            };
            assert!(grouped, "{}: no ${used} in {query}", target.name());
        }
    }
}

#[test]
fn each_name_is_one_that_the_program_writes() {
    let dashboard = Dashboard::read();
    let mut measurements = BTreeSet::new();
    for query in queries(&dashboard) {
        let measurement = check_names(&query).unwrap_or_else(|error| panic!("{error}: {query}"));
        measurements.insert(measurement);
    }
    // What is in no dashboard: obsolete, and gone from kubelets.
    let mut all: BTreeSet<String> = rows().iter().map(|row| row.measurement.to_owned()).collect();
    all.extend([SCRAPE_MEASUREMENT, DISCOVERY_MEASUREMENT].map(str::to_owned));
    all.retain(|name| !name.ends_with("_accelerator") && !name.ends_with("_user_metric"));
    assert_eq!(measurements, all);
}

#[test]
fn the_check_of_names_can_fail() {
    assert_eq!(
        check_names(r#"SELECT mean("process_count") AS "n" FROM "kubernetes_pod" WHERE "host" = 'a'"#),
        Ok("kubernetes_pod".to_owned())
    );
    assert_eq!(
        check_names(r#"SELECT last("rx_bytes") - first("rx_bytes") AS "n" FROM "kubernetes_pod_network""#),
        Ok("kubernetes_pod_network".to_owned())
    );
    for (query, error) in [
        (
            r#"SELECT last("lines") FROM "kubelet_scrapes""#,
            "no measurement kubelet_scrapes",
        ),
        (
            r#"SELECT last("line") FROM "kubelet_scrape""#,
            "kubelet_scrape has no line",
        ),
        (
            r#"SELECT last("process_count") FROM "kubernetes_pod" GROUP BY "container_name""#,
            "kubernetes_pod has no container_name",
        ),
        (
            r#"SELECT last(lines) FROM "kubelet_scrape""#,
            "lines outside of quotes",
        ),
        (
            r#"SELECT mean("rx_bytes") FROM "kubernetes_pod_network""#,
            "rx_bytes is a counter",
        ),
        (
            r#"SELECT last("rx_bytes") - first("tx_bytes") FROM "kubernetes_pod_network""#,
            "rx_bytes is a counter",
        ),
        (
            r#"SELECT non_negative_derivative("process_count", 1s) FROM "kubernetes_pod""#,
            "process_count is no counter",
        ),
        (
            r#"SELECT last("lines") FROM "kubelet_scrape", "kubernetes_pod""#,
            "not one measurement",
        ),
        (
            r#"SHOW TAG VALUES FROM "kubernetes_pod" WITH KEY = "pod""#,
            "kubernetes_pod has no pod",
        ),
    ] {
        let found = check_names(query).expect_err(query);
        assert!(found.contains(error), "{found}");
    }
}

#[test]
fn results_have_their_words() {
    let dashboard = Dashboard::read();
    let mapped = dashboard
        .panels()
        .find(|panel| panel["type"] == "state-timeline")
        .expect("the panel of results");
    let words = mapped["fieldConfig"]["defaults"]["mappings"][0]["options"]
        .as_object()
        .expect("a word for each code");
    assert_eq!(words.len(), Cause::ALL.len());
    for cause in Cause::ALL {
        assert_eq!(words[&cause.code().to_string()]["text"], cause.word());
    }
}

#[test]
fn a_query_is_sent_as_grafana_would() {
    let selection = Selection {
        from: 1_000,
        to: 2_000,
        values: [
            ("node".to_owned(), Choice::All(".*".to_owned())),
            (
                "pod".to_owned(),
                Choice::These(vec!["a.b".to_owned(), "c/d|e$".to_owned()]),
            ),
        ]
        .into(),
    };
    assert_eq!(
        selection.sent(
            r#"SELECT last("a") FROM "b" WHERE "n" =~ /^$node$/ AND "p" =~ /^$pod$/ AND $timeFilter GROUP BY time($__interval)"#,
            Some(Duration::from_secs(6))
        ),
        r#"SELECT last("a") FROM "b" WHERE "n" =~ /^.*$/ AND "p" =~ /^(a\.b|c\/d\|e\$)$/ AND time >= 1000ms and time <= 2000ms GROUP BY time(6000ms)"#
    );
    assert_eq!(
        selection.sent("($__to - $__from) / 1000", None),
        "(2000 - 1000) / 1000"
    );
    let unknown = std::panic::catch_unwind(|| selection.sent("/^$nodes$/", None));
    assert!(unknown.is_err(), "$nodes is not $node with an s");
    let no_interval = std::panic::catch_unwind(|| selection.sent("time($__interval)", None));
    assert!(no_interval.is_err(), "Grafana would choose one that does not fit");
}

/// All that is asked, by panels and variables.
fn queries(dashboard: &Dashboard) -> Vec<String> {
    let panels = dashboard.targets().map(|target| target.query().to_owned());
    let variables = dashboard
        .queried_variables()
        .map(|variable| text(&variable["query"]).to_owned());
    panels.chain(variables).collect()
}
