//! `telegraf/dashboard.json` against a database that the plugin filled: each query of each panel and each variable has
//! an answer, with all chosen and with one of each.
//!
//! With `DASHBOARD_RESULTS=FILE` the answers are kept for `.ci/draw_dashboard.py`, and `DASHBOARD_TICKS=N` makes more of
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use test_kubelet::api::{Aim, ApiFault, ApiOptions, NodeSpec, TestApiServer};
use test_kubelet::{ClientSpec, Cluster, Fault, Options, Right, TestKubelet};

use crate::stage::{DATABASE, Prompt, Stage};
use crate::story::summary;
use crate::support::dashboard::{Choice, Dashboard, Selection, list, text};
use crate::support::database::Database as _;
use crate::trouble;
use crate::wait::until;

/// Enough for two of the intervals of a rate, and for a failure between good scrapes.
const TICKS: u32 = 20;

/// A tick a second instead of one in ten, so that a panel's least interval is a tenth of what it is for users.
const FASTER: u32 = 10;

/// What the panels about how pods are want, at each tick.
const METADATA: &str = "  metadata = ['status', 'resources', 'utilization']\n  metadata_interval = '1s'\n";

/// A node of a cluster that answers with a token; answers with a client certificate, and not always; refuses the token.
const NODES: [&str; 3] = ["worker-1", "worker-2", "worker-3"];

#[test]
fn every_query_has_an_answer() {
    let stage = Stage::new();
    let from = milliseconds();
    fill(&stage, ticks());
    let to = milliseconds();

    let dashboard = Dashboard::read();
    let all = Selection {
        from,
        to,
        values: dashboard.queried_variables().map(chosen_all).collect(),
    };
    let offered = offered(&stage, &dashboard, &all);
    assert_eq!(offered["node"], NODES[..2], "the third has never told its name");
    let (answers, empty) = answers(&stage, &dashboard, &all);
    assert!(empty.is_empty(), "no value for\n{}", empty.join("\n"));
    volumes_without_a_claim(&answers["52"]["A"]);
    volumes_without_a_claim(&answers["53"]["A"]);
    full_of_itself_or_of_others(&answers["52"]["A"]);
    as_it_went(&answers);
    chosen_alone_it_is_alone(&stage, &dashboard, &all, &offered);
    if let Some(file) = std::env::var_os("DASHBOARD_RESULTS") {
        let results = json!({ "from": from, "to": to, "panels": answers });
        std::fs::write(file, results.to_string())
            .expect("DASHBOARD_RESULTS names a file that can be written");
    }
}

/// They are all, and nothing with a claim is among them.
fn volumes_without_a_claim(series: &Value) {
    let rows = table(series);
    let volumes: BTreeSet<&str> = rows.iter().map(|row| text(row["volume_name"])).collect();
    let expected = ["buffer", "cache", "kube-api-access-x7k2p", "sessions", "uploads"];
    assert_eq!(volumes, expected.into(), "{rows:?}");
    // Integers divided in an inner query lose their fraction: hence 100.0 in these.
    let takes = |row: &BTreeMap<&str, &Value>| row["takes"].as_f64().expect("a number");
    assert!(rows.iter().all(|row| takes(row) > 0.0), "{rows:?}");
}

/// A filesystem of its own is as full as its volume; the node's is fuller than one volume has made it.
fn full_of_itself_or_of_others(series: &Value) {
    let rows = table(series);
    let percent = |volume: &str, column: &str| {
        let row = rows.iter().find(|row| row["volume_name"] == volume);
        row.expect("it was found")[column].as_f64().expect("a number")
    };
    let [own, others] = ["sessions", "cache"].map(|volume| {
        let [takes, filled] = ["takes", "filled"].map(|column| percent(volume, column));
        assert!(takes > 10.0, "{volume}: {takes} %");
        filled - takes
    });
    assert!(own.abs() < 0.01, "{rows:?}");
    assert!(others > 10.0, "{rows:?}");
    assert!(percent("cache", "grown") > 0.0, "{rows:?}");
}

/// The rows of the one series that a table is answered.
fn table(series: &Value) -> Vec<BTreeMap<&str, &Value>> {
    let [series] = list(series) else {
        panic!("not one series: {series}");
    };
    let columns = || list(&series["columns"]).iter().map(text);
    let rows = list(&series["values"]).iter();
    rows.map(|row| columns().zip(list(row)).collect()).collect()
}

/// What went wrong with pods is there, and nothing else: who waits for what, who began anew and why, who is not ready.
fn as_it_went(answers: &Value) {
    let of = |row: &BTreeMap<&str, &Value>, columns: &[&str]| -> String {
        let cells = columns.iter().map(|column| match row[column] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        cells.collect::<Vec<_>>().join(" ")
    };
    let rows = |panel: &str, columns: &[&str]| -> BTreeSet<String> {
        let rows = table(&answers[panel]["A"]);
        rows.iter().map(|row| of(row, columns)).collect()
    };
    let named = ["pod_name", "container_name", "reason", "exit_code"];
    assert_eq!(
        rows("55", &named),
        [
            format!("{} app ImagePullBackOff null", trouble::WAITS.0),
            format!("{} istio-proxy ImagePullBackOff null", trouble::WAITS.0),
            format!("{} istio-proxy CrashLoopBackOff 1", trouble::CRASHES),
        ]
        .into()
    );
    assert_eq!(
        rows("56", &named),
        [
            format!("{} app OOMKilled 137", trouble::KILLED),
            format!("{} istio-proxy Error 1", trouble::CRASHES),
        ]
        .into()
    );
    let killed = list(&answers["58"]["A"]).iter();
    let killed: BTreeSet<_> = killed.map(|series| text(&series["tags"]["pod_name"])).collect();
    assert!(killed.contains(trouble::KILLED), "{killed:?}");
    let not_ready = list(&answers["57"]["A"]).iter().map(|series| {
        let counts = list(&series["values"]).iter().filter_map(|row| row[1].as_u64());
        (text(&series["tags"]["namespace"]), counts.max())
    });
    assert_eq!(
        not_ready.collect::<BTreeMap<_, _>>(),
        [("payments", Some(1)), ("shop", Some(1))].into()
    );
}

/// One node, namespace and pod chosen: answers are about these only. What this node does not have, a failure and a
/// client certificate, and what no pod's trouble is, and nothing else is missing.
fn chosen_alone_it_is_alone(
    stage: &Stage,
    dashboard: &Dashboard,
    all: &Selection,
    offered: &BTreeMap<String, Vec<String>>,
) {
    let chosen = [
        ("node", "node_name", NODES[0]),
        ("namespace", "namespace", "shop"),
        ("pod", "pod_name", "search-0"),
    ];
    let values = chosen.map(|(variable, _, value)| {
        assert!(
            offered[variable].iter().any(|offered| offered == value),
            "{offered:?}"
        );
        (variable.to_owned(), Choice::These(vec![value.to_owned()]))
    });
    let one = Selection {
        values: values.into(),
        ..all.clone()
    };
    let (answers, empty) = answers(stage, dashboard, &one);
    assert_eq!(
        empty,
        [
            "panel 3 \"Kubelets that fail\", query A",
            "panel 7 \"First certificates to run out\", query B",
            "panel 9 \"Certificates: days left\", query B",
            "panel 55 \"Containers that wait\", query A",
            "panel 56 \"Containers that were restarted\", query A",
            "panel 57 \"Pods that are not ready\", query A",
            "panel 58 \"Containers killed for want of memory\", query A"
        ]
    );
    let panels = answers.as_object().into_iter().flat_map(Map::values);
    let series = panels.flat_map(|queries| queries.as_object().into_iter().flat_map(Map::values));
    for series in series.flat_map(list) {
        for (_, tag, value) in chosen {
            let found = series["tags"][tag].as_str();
            assert!(found.is_none_or(|found| found == value), "{series}");
        }
    }
}

fn ticks() -> u32 {
    std::env::var("DASHBOARD_TICKS")
        .map_or(TICKS, |ticks| ticks.parse().expect("DASHBOARD_TICKS is a number"))
}

fn milliseconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_millis()).expect("not so far in the future")
}

/// Telegraf and the plugin scrape all nodes so many times, and what happens on these is told tick by tick.
fn fill(stage: &Stage, ticks: u32) {
    let cluster = Cluster::new();
    let nodes = NODES.map(|name| {
        let options = Options {
            node_name: name.to_owned(),
            rights: vec![Right::Stats, Right::Pods],
            ..Options::default()
        };
        TestKubelet::start_of(&cluster, options)
    });
    let tell = |tick: u32| {
        for ((number, node), name) in (0..).zip(&nodes).zip(NODES) {
            let now = milliseconds() / 1_000;
            let summary = summary(number, name, f64::from(tick), now);
            node.set_pods_body(Some(trouble::pods(&summary, tick)));
            node.set_body(Some(summary));
        }
    };
    tell(0);
    let api_server = TestApiServer::start_of(&cluster, ApiOptions::default());
    api_server.put_node(NodeSpec::new(NODES[0], "127.0.0.1", nodes[0].port()));
    let config = configuration(stage, &nodes) + &discovering(&api_server);
    let service = stage.telegraf_with(Prompt::Stdin, &config).start();
    for tick in 1..=ticks {
        for node in &nodes {
            let scrapes = || {
                let seen = node.requests().into_iter();
                seen.filter(|seen| seen.path == "/stats/summary").count()
            };
            until(&format!("scrape {tick} has come"), || {
                (scrapes() >= usize::try_from(tick).expect("few")).then_some(())
            });
        }
        tell(tick);
        let down = (ticks / 2..ticks / 2 + ticks / 8).contains(&tick);
        nodes[1].set_fault(if down { Fault::NotReady } else { Fault::None });
        if tick == ticks / 8 * 5 {
            api_server.set_fault(Aim::ALL, ApiFault::Unavailable);
            api_server.cut_connections(Aim::ALL);
        } else if tick == ticks / 8 * 6 {
            api_server.clear_faults();
        }
    }
    let ended = service.stop();
    ended.assert_quiet(&[
        "the kubelet answers 403",
        "the kubelet answers 500",
        "the API server answers 503",
    ]);
}

/// A block for each node but the first, which is listed, with another identity each.
fn configuration(stage: &Stage, nodes: &[TestKubelet; 3]) -> String {
    let block = |node: &TestKubelet, identity: String| {
        let (url, ca) = (node.url(), node.files().ca.display());
        format!("[[inputs.kubelet]]\n  url = '{url}'\n  tls_ca = '{ca}'\n{identity}{METADATA}")
    };
    let (cert, key) = nodes[1].issue_client_certificate(&ClientSpec {
        valid_until: 20 * 86_400,
        ..ClientSpec::default()
    });
    let pair = stage.write("client.pem", &format!("{cert}{key}"));
    let unbound = nodes[2].files().unbound_token.display();
    [
        block(&nodes[1], format!("  tls_cert = '{}'\n", pair.display())),
        block(&nodes[2], format!("  bearer_token = '{unbound}'\n")),
    ]
    .concat()
}

/// A block for a cluster.
fn discovering(api_server: &TestApiServer) -> String {
    let (url, files) = (api_server.url(), api_server.files());
    let (token, ca) = (files.token.display(), files.ca.display());
    format!(
        "[[inputs.kubelet]]\n  discover = 'nodes'\n  api_server = '{url}'\n  bearer_token = '{token}'\n  tls_ca = '{ca}'\n{METADATA}"
    )
}

/// A variable with all of its values chosen.
fn chosen_all(variable: &Value) -> (String, Choice) {
    let all = text(&variable["allValue"]).to_owned();
    (text(&variable["name"]).to_owned(), Choice::All(all))
}

/// What each variable offers.
fn offered(stage: &Stage, dashboard: &Dashboard, selection: &Selection) -> BTreeMap<String, Vec<String>> {
    let offered = dashboard.queried_variables().map(|variable| {
        let name = text(&variable["name"]);
        let query = selection.sent(text(&variable["query"]), None);
        let series = stage.influx.query(DATABASE, &query);
        assert_eq!(series.len(), 1, "${name}: {query}: {series:?}");
        let values = series[0]["values"].as_array().expect("values");
        // A key and a value each.
        let values = values.iter().map(|row| text(&row[1]).to_owned());
        (name.to_owned(), values.collect())
    });
    offered.collect()
}

/// The series that each query is answered, by panel and letter; and the queries without a value.
fn answers(stage: &Stage, dashboard: &Dashboard, selection: &Selection) -> (Value, Vec<String>) {
    let mut answers = Map::new();
    let mut empty = Vec::new();
    for target in dashboard.targets() {
        let interval = target.least_interval().map(|interval| interval / FASTER);
        let query = selection.sent(target.query(), interval);
        let series = stage.influx.query(DATABASE, &query);
        if !series.iter().any(has_value) {
            empty.push(target.name());
        }
        let panel = answers.entry(target.panel["id"].to_string());
        panel.or_insert_with(|| json!({}))[text(&target.target["refId"])] = series.into();
    }
    (answers.into(), empty)
}

/// Something beside time and what tags bring along.
fn has_value(series: &Value) -> bool {
    let rows = series["values"].as_array().into_iter().flatten();
    rows.filter_map(Value::as_array)
        .any(|row| row.iter().skip(1).any(Value::is_number))
}
