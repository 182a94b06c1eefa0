//! What a tick costs: the formula and the tables of `operating.md`, measured with generated summaries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use test_kubelet::generate::summary_at;
use test_kubelet::{GeneratorOptions, Options, Right, TestKubelet, summary};

use super::support::lines::parse;
use super::support::page;
use super::support::plugin::{PATIENCE, Plugin, block, command};
use super::support::scrape::once;

/// A day of ticks, one each ten seconds.
const A_DAY: usize = 8_640;

/// What came of one tick, `kubelet_scrape` included.
#[derive(Default)]
struct Tick {
    lines: usize,
    fields: usize,
    /// Without `kubelet_scrape`, whose length differs from run to run.
    bytes: usize,
    /// Lines, and the most fields that one of them has.
    measurements: BTreeMap<String, (usize, usize)>,
}

fn tick(kubelet: &TestKubelet, body: &[u8], options: &str) -> Tick {
    kubelet.set_body(Some(body.to_vec()));
    let left = once(kubelet, &format!("{}{options}", block(kubelet)));
    let mut tick = Tick::default();
    for line in &left.stdout {
        let fields = parse(&format!("{line}\n"));
        tick.lines += 1;
        tick.fields += fields.len();
        let measurement = &fields[0].0.0;
        if measurement != "kubelet_scrape" {
            tick.bytes += line.len() + 1;
        }
        let (lines, most) = tick.measurements.entry(measurement.clone()).or_default();
        *lines += 1;
        *most = fields.len().max(*most);
    }
    tick
}

/// A node's summary of this moment, so that its samples are as old as a kubelet's.
fn of_node(pods: usize, psi: bool) -> Vec<u8> {
    let options = GeneratorOptions {
        pods,
        psi,
        ..GeneratorOptions::default()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    summary_at(&options, 1, i64::try_from(now.as_secs()).expect("before 2262"))
}

/// The formula, in the guide's own letters.
fn formula(summary: &Value) -> usize {
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let node = &summary["node"];
    let pods = summary["pods"].as_array().expect("pods");
    let of_pod = |pod: &Value| {
        let network = if pod["network"].is_object() {
            1 + count(&pod["network"]["interfaces"])
        } else {
            0
        };
        1 + count(&pod["containers"]) + count(&pod["volume"]) + network
    };
    2 + count(&node["systemContainers"])
        + count(&node["network"]["interfaces"])
        + pods.iter().map(of_pod).sum::<usize>()
}

#[test]
fn the_formula_holds() {
    let words = "2 + S + N + P × (1 + C + V) + Q × (1 + I)";
    assert!(page::guide("operating.md").text.contains(words), "{words}");
    let kubelet = TestKubelet::start(test_kubelet::Options::default());
    let mut seen = std::collections::BTreeSet::new();
    for (pods, containers) in [(0, 2), (1, 1), (2, 3), (10, 2), (30, 5)] {
        let options = GeneratorOptions {
            pods,
            containers,
            ..GeneratorOptions::default()
        };
        let mut json: Value = serde_json::from_slice(&summary(&options, 1)).unwrap();
        seen.insert(holds(&kubelet, &json));
        // Each of its letters by itself.
        let name = |name: &str| json!({"name": name, "rxBytes": 1, "cpu": {"usageNanoCores": 1}});
        json["node"]["systemContainers"]
            .as_array_mut()
            .unwrap()
            .push(name("misc"));
        seen.insert(holds(&kubelet, &json));
        json["node"]["network"]["interfaces"]
            .as_array_mut()
            .unwrap()
            .push(name("eth1"));
        seen.insert(holds(&kubelet, &json));
        if let Some(pod) = json["pods"].as_array_mut().unwrap().first_mut() {
            pod["volume"]
                .as_array_mut()
                .unwrap()
                .push(json!({"name": "more", "usedBytes": 1}));
            pod.as_object_mut().unwrap().remove("network");
            seen.insert(holds(&kubelet, &json));
        }
    }
    assert!(
        seen.len() >= 15,
        "each case makes another number of lines: {seen:?}"
    );
}

fn holds(kubelet: &TestKubelet, json: &Value) -> usize {
    let lines = tick(kubelet, json.to_string().as_bytes(), "").lines;
    assert_eq!(lines, formula(json), "{json:#}");
    lines
}

#[test]
fn its_tables_are_measured() {
    let kubelet = TestKubelet::start(test_kubelet::Options::default());
    let same = |found: &str, expected: &str| found == expected;
    page::holds(
        &page::guide("operating.md"),
        "costs of a line",
        &of_a_line(&kubelet),
        same,
    );
    page::holds(
        &page::guide("operating.md"),
        "costs of a tick",
        &of_a_tick(&kubelet),
        same,
    );
    page::holds(
        &page::guide("operating.md"),
        "savings",
        &apart(&savings(&kubelet)),
        same,
    );
}

/// A table between its two comments.
fn apart(table: &str) -> String {
    format!("\n{table}\n")
}

fn of_a_line(kubelet: &TestKubelet) -> String {
    let [without, with] = [false, true].map(|psi| tick(kubelet, &of_node(30, psi), "").measurements);
    let mut table = "| line | fields without pressure | with |\n|---|---|---|\n".to_owned();
    for (measurement, (_, most)) in &without {
        // The line about the scrape has one or two fields more with a certificate.
        if measurement != "kubelet_scrape" {
            writeln!(table, "| `{measurement}` | {most} | {} |", with[measurement].1).unwrap();
        }
    }
    table
}

fn of_a_tick(kubelet: &TestKubelet) -> String {
    let mut table = "| pods | lines | points a day | fields without pressure | with | kB of lines without | with | kB from \
                     the kubelet without | with |\n|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for pods in [0, 10, 30, 110, 250] {
        let bodies = [false, true].map(|psi| of_node(pods, psi));
        let [without, with] = [0, 1].map(|at| tick(kubelet, &bodies[at], ""));
        assert_eq!(without.lines, with.lines, "pressure makes fields, no lines");
        writeln!(
            table,
            "| {pods} | {} | {} | {} | {} | {} | {} | {} | {} |",
            grouped(with.lines),
            grouped(with.lines * A_DAY),
            grouped(without.fields),
            grouped(with.fields),
            kilobytes(without.bytes),
            kilobytes(with.bytes),
            kilobytes(bodies[0].len()),
            kilobytes(bodies[1].len())
        )
        .unwrap();
    }
    table
}

/// What each of these leaves of a tick.
const SAVINGS: [&str; 9] = [
    "",
    "fields_exclude = [\"*_psi_*\"]",
    "fields_exclude = [\"*_psi_*_avg*\"]",
    "fields_exclude = [\"*inodes*\", \"*_capacity_bytes\"]",
    "fields_exclude = [\"kubernetes_pod_network_interface.*\"]",
    "volume = \"claims\"",
    "container_exclude = [\"istio-proxy\"]",
    "namespace_exclude = [\"kube-system\"]",
    "timestamp = \"sample\"",
];

fn savings(kubelet: &TestKubelet) -> String {
    let body = of_node(110, true);
    let mut table = "| option | lines | fields | kB of lines |\n|---|---|---|---|\n".to_owned();
    let all = tick(kubelet, &body, "");
    for option in SAVINGS {
        let tick = tick(kubelet, &body, &format!("  {option}\n"));
        let name = if option.is_empty() {
            "none".to_owned()
        } else {
            assert!(
                (tick.lines, tick.fields) != (all.lines, all.fields),
                "{option} changes nothing"
            );
            format!("`{option}`")
        };
        let (lines, fields, bytes) = (grouped(tick.lines), grouped(tick.fields), kilobytes(tick.bytes));
        writeln!(table, "| {name} | {lines} | {fields} | {bytes} |").unwrap();
    }
    table
}

/// Pod metadata, option by option, and all at once.
const METADATA: [&str; 12] = [
    "",
    "metadata = [\"image\"]",
    "metadata = [\"owner\"]",
    "metadata = [\"qos\"]",
    "metadata = [\"status\"]",
    "metadata = [\"resources\"]",
    "metadata = [\"utilization\"]",
    "metadata = [\"status\", \"resources\", \"utilization\"]",
    "label_include = [\"app.kubernetes.io/name\"]",
    "label_exclude = []",
    "annotation_exclude = []",
    "pod_network = \"own\"",
];

#[test]
fn what_metadata_costs_is_measured() {
    let kubelet = TestKubelet::start(Options {
        rights: vec![Right::Stats, Right::Pods],
        ..Options::default()
    });
    let body = of_node(110, true);
    let table = apart(&of_metadata(&kubelet, &body));
    let page = page::guide("pod-metadata.md");
    page::holds(&page, "metadata costs", &table, |found, expected| {
        found == expected
    });
}

fn of_metadata(kubelet: &TestKubelet, body: &[u8]) -> String {
    kubelet.set_body(Some(body.to_vec()));
    let mut table =
        "| option | lines | series made anew | fields | kB of lines | × none |\n|---|---|---|---|---|---|\n"
            .to_owned();
    let none = known(kubelet, "");
    for option in METADATA {
        let lines = known(kubelet, option);
        let series =
            |lines: &[String]| -> BTreeSet<String> { lines.iter().map(|line| series_of(line)).collect() };
        let anew = series(&lines).difference(&series(&none)).count() - lines.len().saturating_sub(none.len());
        let fields: usize = lines.iter().map(|line| parse(&format!("{line}\n")).len()).sum();
        let bytes = |lines: &[String]| lines.iter().map(|line| line.len() + 1).sum::<usize>();
        let hundredths = (100 * bytes(&lines) + bytes(&none) / 2) / bytes(&none);
        let name = if option.is_empty() {
            "none".to_owned()
        } else {
            assert_ne!(lines, none, "{option} changes nothing");
            format!("`{option}`")
        };
        writeln!(
            table,
            "| {name} | {} | {} | {} | {} | {}.{:02} |",
            grouped(lines.len()),
            grouped(anew),
            grouped(fields),
            kilobytes(bytes(&lines)),
            hundredths / 100,
            hundredths % 100
        )
        .unwrap();
    }
    table
}

/// The lines of the first tick in which pods are known, if they are asked for; without that of the scrape.
fn known(kubelet: &TestKubelet, option: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &format!("{}  {option}\n", block(kubelet))));
    let end = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < end, "nothing is known of pods");
        plugin.tick();
        let mut lines = plugin.batch();
        let scrape = lines.pop().expect("the line about the scrape");
        // The answer that is told of here is in these very lines.
        if option.is_empty() || scrape.contains("metadata_pods=110i") {
            return lines;
        }
    }
}

/// All before the first space that is none of a name's.
fn series_of(line: &str) -> String {
    let mut before = '\0';
    let end = line.find(|letter| {
        let ends = letter == ' ' && before != '\\';
        before = letter;
        ends
    });
    line[..end.expect("fields")].to_owned()
}

fn kilobytes(bytes: usize) -> String {
    grouped(bytes.div_ceil(1_000))
}

/// 6,696,000
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn numbers_are_grouped_by_three() {
    assert_eq!(
        [7, 775, 1_000, 6_696_000].map(grouped),
        ["7", "775", "1,000", "6,696,000"]
    );
}
