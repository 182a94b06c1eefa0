//! Side by side with Telegraf's own `inputs.kubernetes`: one Telegraf, one tick, one kubelet, two databases.
//!
//! Whoever swaps the plugin in keeps dashboards and alerts: each of the peer's series is here under the same name and
//! tags, each of its fields with the same type and number. What may differ stands in [`Difference`], and each of these
//! has to be met, so that none outlives its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use test_kubelet::generate::{GeneratorOptions, summary};

use crate::stage::{DATABASE, Prompt, Stage, unique};
use crate::support::captures;
use crate::support::database::Database as _;
use crate::support::expect::expect;
use crate::support::lines::{Key, Number};

/// The database of the peer's lines.
const PEER_DATABASE: &str = "peer";

/// The tag that tells the peer's points apart where both write into one database.
const READER: &str = "reader";

/// Added to the repository's `telegraf.conf`, whose output gets the peer's points too: a field of another type there
/// would be refused by the database, and Telegraf would say so.
const PEER_CONF: &str = r#"
[[inputs.kubernetes]]
  url = "${PEER_URL}"
  bearer_token = "${PEER_TOKEN}"
  tls_ca = "${PEER_CA}"
  # They come from /pods, for which one needs nodes/proxy: the right to run commands in every container of the node.
  tagexclude = ["image", "version"]
  [inputs.kubernetes.tags]
    reader = "peer"

[[outputs.influxdb]]
  urls = ["${INFLUX_URL}"]
  database = "peer"
  tagexclude = ["reader"]
  [outputs.influxdb.tagpass]
    reader = ["peer"]
"#;

/// What the peer writes, all integers: measurement, fields.
const PEER_FIELDS: [(&str, &[&str]); 5] = [
    (
        "kubernetes_node",
        &[
            "cpu_usage_nanocores",
            "cpu_usage_core_nanoseconds",
            "memory_available_bytes",
            "memory_usage_bytes",
            "memory_working_set_bytes",
            "memory_rss_bytes",
            "memory_page_faults",
            "memory_major_page_faults",
            "network_rx_bytes",
            "network_rx_errors",
            "network_tx_bytes",
            "network_tx_errors",
            "fs_available_bytes",
            "fs_capacity_bytes",
            "fs_used_bytes",
            "runtime_image_fs_available_bytes",
            "runtime_image_fs_capacity_bytes",
            "runtime_image_fs_used_bytes",
        ],
    ),
    (
        "kubernetes_system_container",
        &[
            "cpu_usage_nanocores",
            "cpu_usage_core_nanoseconds",
            "memory_usage_bytes",
            "memory_working_set_bytes",
            "memory_rss_bytes",
            "memory_page_faults",
            "memory_major_page_faults",
            "rootfs_available_bytes",
            "rootfs_capacity_bytes",
            "logsfs_available_bytes",
            "logsfs_capacity_bytes",
        ],
    ),
    (
        "kubernetes_pod_container",
        &[
            "cpu_usage_nanocores",
            "cpu_usage_core_nanoseconds",
            "memory_usage_bytes",
            "memory_working_set_bytes",
            "memory_rss_bytes",
            "memory_page_faults",
            "memory_major_page_faults",
            "rootfs_available_bytes",
            "rootfs_capacity_bytes",
            "rootfs_used_bytes",
            "logsfs_available_bytes",
            "logsfs_capacity_bytes",
            "logsfs_used_bytes",
        ],
    ),
    (
        "kubernetes_pod_volume",
        &["available_bytes", "capacity_bytes", "used_bytes"],
    ),
    (
        "kubernetes_pod_network",
        &["rx_bytes", "rx_errors", "tx_bytes", "tx_errors"],
    ),
];

/// What may differ, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// The peer cannot tell absent from zero: it writes 0 for a number the kubelet did not report.
    ZeroForAbsent,
    /// The same, for all four numbers of a pod without network numbers: a whole series of zeros.
    NetworkOfNone,
    /// The peer does not read which claim a volume is, so its series lacks the tag `pvc_name`.
    ClaimUnnamed,
    /// A container that the kubelet lists twice, as some of 1.15 did: both samples are one point to a database, which
    /// keeps the one that is written last. The peer writes them as the kubelet lists them, in an order of chance; we
    /// write the one that lives.
    ListedTwice,
    /// A number of the summary that the peer does not read, in a line that it has.
    FieldUnread,
    /// A part of the summary that the peer does not read.
    MeasurementUnread,
}

const DIFFERENCES: [Difference; 6] = [
    Difference::ZeroForAbsent,
    Difference::NetworkOfNone,
    Difference::ClaimUnnamed,
    Difference::ListedTwice,
    Difference::FieldUnread,
    Difference::MeasurementUnread,
];

#[test]
fn agrees_with_inputs_kubernetes() {
    let mut met = BTreeSet::new();
    compare("generated", &generated(), &mut met);
    for capture in summaries_of_real_kubelets() {
        let body = fs::read(&capture).expect("KUBELET_CAPTURES is readable");
        compare(&capture.to_string_lossy(), &body, &mut met);
    }
    assert!(met.iter().eq(&DIFFERENCES), "only these differ: {met:?}");
}

/// A current node's summary, in which two containers are listed twice, once with the older sample first, and a pod has no
/// network numbers, as one on the host's network where the runtime has made the statistics.
fn generated() -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(&summary(&GeneratorOptions::default(), 3)).expect("JSON");
    json["pods"][2].as_object_mut().expect("a pod").remove("network");
    for (pod, older_first) in [(0, true), (1, false)] {
        let containers = json["pods"][pod]["containers"].as_array_mut().expect("a list");
        let mut older = containers[0].clone();
        let counter = &mut older["cpu"]["usageCoreNanoSeconds"];
        *counter = (counter.as_u64().expect("a counter") - 1).into();
        containers.insert(usize::from(!older_first), older);
    }
    serde_json::to_vec(&json).expect("JSON")
}

/// Where they are at hand; without them the generated summary is compared alone, and that is said.
fn summaries_of_real_kubelets() -> Vec<PathBuf> {
    let Some(directory) = captures() else {
        return Vec::new();
    };
    let entries = fs::read_dir(directory).expect("KUBELET_CAPTURES is a directory");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("KUBELET_CAPTURES is readable").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".json") && name != "telegraf-test-pods.json"
        })
        .collect();
    assert!(!files.is_empty(), "no summary in KUBELET_CAPTURES");
    files.sort();
    files
}

/// One tick of both on one summary.
fn compare(name: &str, body: &[u8], met: &mut BTreeSet<Difference>) {
    let stage = Stage::new();
    stage.kubelet.set_body(Some(body.to_vec()));
    let mut telegraf = stage.telegraf(Prompt::Stdin);
    telegraf.configs.push(stage.write("peer.conf", PEER_CONF));
    let files = stage.kubelet.files();
    telegraf.environment.extend([
        ("PEER_URL", stage.kubelet.url().into()),
        ("PEER_TOKEN", files.proxy_token.clone().into_os_string()),
        ("PEER_CA", files.ca.clone().into_os_string()),
    ]);
    let json: Value = serde_json::from_slice(body).expect("JSON");
    let expected = expect(&json);
    let mut reported: BTreeMap<Key, Vec<Number>> = BTreeMap::new();
    for (key, number) in expected.fields {
        reported.entry(key).or_default().push(number);
    }
    // Where the summary has numbers that no integer field holds, the plugin says that it left them out, and where it has one
    // series twice, that it put one aside.
    let mut warnings = Vec::new();
    if !expected.left_out.is_empty() {
        warnings.push("left out");
    }
    if reported.values().any(|numbers| numbers.len() > 1) {
        warnings.push("lists twice what is one series");
    }
    telegraf.run("--once").assert_quiet(&warnings);
    assert_eq!(stage.served().len(), 2, "{name}: one scrape each");

    let (shared, ours) = all(&stage, DATABASE)
        .into_iter()
        .partition(|((_, tags, _), _)| tags.contains_key(READER));
    let peers = all(&stage, PEER_DATABASE);
    assert!(!peers.is_empty(), "{name}: the peer wrote nothing");
    assert_eq!(without_reader(shared), peers, "{name}: both outputs got the same");

    Sides { name, reported, met }.compare(ours, &peers);
}

/// Every field of every point of a database: of one tick, so each is there once.
fn all(stage: &Stage, database: &str) -> BTreeMap<Key, Number> {
    let points = stage.influx.points(database);
    unique(points.into_values().flatten().collect())
}

fn without_reader(fields: BTreeMap<Key, Number>) -> BTreeMap<Key, Number> {
    fields
        .into_iter()
        .map(|((measurement, mut tags, field), number)| {
            tags.remove(READER);
            ((measurement, tags, field), number)
        })
        .collect()
}

/// One summary, read by both.
struct Sides<'a> {
    name: &'a str,
    /// What the summary holds, found without either.
    reported: BTreeMap<Key, Vec<Number>>,
    met: &'a mut BTreeSet<Difference>,
}

impl Sides<'_> {
    fn compare(&mut self, ours: BTreeMap<Key, Number>, peers: &BTreeMap<Key, Number>) {
        let ours = self.without_claims(ours);
        for (key, theirs) in peers {
            match ours.get(key) {
                Some(number) if number == theirs => {}
                Some(number) => self.differs(key, number, theirs),
                None => self.only_theirs(key, theirs),
            }
        }
        for key in ours.keys().filter(|key| !peers.contains_key(*key)) {
            self.only_ours(key);
        }
    }

    /// Our series as the peer names them.
    fn without_claims(&mut self, ours: BTreeMap<Key, Number>) -> BTreeMap<Key, Number> {
        let renamed = ours
            .into_iter()
            .map(|((measurement, mut tags, field), number)| {
                if measurement == "kubernetes_pod_volume" && tags.remove("pvc_name").is_some() {
                    self.met.insert(Difference::ClaimUnnamed);
                }
                ((measurement, tags, field), number)
            })
            .collect();
        unique(renamed)
    }

    /// What the summary has for this field, each time it lists it.
    fn reported(&self, (measurement, tags, field): &Key) -> &[Number] {
        let mut tags = tags.clone();
        tags.remove("host");
        let key = (measurement.clone(), tags, field.clone());
        self.reported.get(&key).map_or(&[], Vec::as_slice)
    }

    fn differs(&mut self, key: &Key, ours: &Number, theirs: &Number) {
        let reported = self.reported(key);
        assert!(
            reported.len() > 1 && reported.contains(ours) && reported.contains(theirs),
            "{}: {key:?} is {ours:?}, the peer has {theirs:?}",
            self.name
        );
        self.met.insert(Difference::ListedTwice);
    }

    fn only_theirs(&mut self, key: &Key, theirs: &Number) {
        assert!(
            *theirs == Number::Integer(0) && self.reported(key).is_empty(),
            "{}: only the peer has {key:?} = {theirs:?}",
            self.name
        );
        let of_network = key.0 == "kubernetes_pod_network";
        self.met.insert(if of_network {
            Difference::NetworkOfNone
        } else {
            Difference::ZeroForAbsent
        });
    }

    fn only_ours(&mut self, key: &Key) {
        let (measurement, _, field) = key;
        let theirs = PEER_FIELDS.iter().find(|(other, _)| other == measurement);
        let Some((_, fields)) = theirs else {
            self.met.insert(Difference::MeasurementUnread);
            return;
        };
        assert!(
            !fields.contains(&field.as_str()),
            "{}: the peer has no {key:?}",
            self.name
        );
        self.met.insert(Difference::FieldUnread);
    }
}
