//! Tags from `/pods`, side by side with Telegraf's own `inputs.kubernetes`: the old block under another head, on one kubelet.
//!
//! Whoever moves a block with `label_include` and `label_exclude` over finds the peer's tags on the peer's lines. What may
//! differ stands in [`Difference`]: each has to be met, and has its row in the migration guide.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::listed::{Answers, how, last_known, run_until_known, without_host};
use crate::stage::{Prompt, Stage};
use crate::support::database::Database as _;
use crate::support::lines::Key;
use crate::support::page::{self, rows};

/// What the peer writes.
const MEASUREMENTS: [&str; 5] = [
    "kubernetes_node",
    "kubernetes_system_container",
    "kubernetes_pod_container",
    "kubernetes_pod_volume",
    "kubernetes_pod_network",
];

/// What tells its lines apart whatever the labels are: in one tick no two pods here have one name.
const NAMES: [&str; 3] = ["pod_name", "container_name", "volume_name"];

/// What the peer has of its own, and which a label replaces there.
const OWN: [&str; 8] = [
    "node_name",
    "namespace",
    "pod_name",
    "container_name",
    "volume_name",
    "image",
    "version",
    "host",
];

/// Two blocks of users: some labels but for others, and all of them.
const SOME: &str = "  label_include = [\"app*\", \"namespace\", \"version\", \"host\", \"pod-*\", \"team\", \"image\", \"time\"]\n  \
                    label_exclude = [\"*-hash\", \"time\"]\n";
const ALL: &str = "  label_include = []\n  label_exclude = []\n";

/// The peer's points alone, in a database of their own.
const OUTPUT: &str = r#"
  [inputs.kubernetes.tags]
    reader = "peer"

[[outputs.influxdb]]
  urls = ["${INFLUX_URL}"]
  database = "peer"
  tagexclude = ["reader"]
  [outputs.influxdb.tagpass]
    reader = ["peer"]
"#;

/// What may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// A label called like a tag of the line's own overwrites that there.
    LabelOverwrites,
    /// A label called `time` costs the line there: `InfluxDB` 1.x refuses it.
    LabelTime,
    /// The version is there what follows the only `:`, wherever that stands, and nothing if there are two.
    Colons,
    /// Init containers, and thereby sidecars, have no image there.
    InitContainers,
    /// Pods are told apart by their names there, so that numbers of the one that was replaced have the labels and the image
    /// of the one that replaces it.
    ByName,
}

impl Difference {
    const ALL: [Self; 5] = [
        Self::LabelOverwrites,
        Self::LabelTime,
        Self::Colons,
        Self::InitContainers,
        Self::ByName,
    ];

    /// How its row in the guide begins.
    fn row(self) -> &'static str {
        match self {
            Self::LabelOverwrites => {
                "a label called like a tag of ours, as `namespace`, `host`, `image` or `version`"
            }
            Self::LabelTime => "a label called `time`",
            Self::Colons => "an image with the registry's port, a digest, or both",
            Self::InitContainers => "an init container or a sidecar",
            Self::ByName => "a pod that was replaced by one of the same name",
        }
    }
}

#[test]
fn a_block_with_labels_moved_over_gives_the_same_tags() {
    let mut met = BTreeSet::new();
    compare(&odd(), SOME, &[], &mut met);
    // Of the peer, whose lines are refused.
    compare(&odd(), ALL, &["input tag \"time\""], &mut met);
    compare(&Answers::generated(30), ALL, &[], &mut met);
    assert!(met.iter().eq(&Difference::ALL), "only these differ: {met:?}");
}

#[test]
fn the_guide_has_a_row_for_each_difference() {
    let guide = page::guide("migrating-from-inputs.kubernetes.md");
    let table = rows(
        &guide.text,
        "<!-- tags: checked against inputs.kubernetes by a test -->\n\n",
    );
    let first: Vec<_> = table.iter().map(|row| row[0]).collect();
    assert_eq!(first, Difference::ALL.map(Difference::row));
}

/// A real kubelet's answers, with labels and images that the peer takes wrongly.
fn odd() -> Answers {
    let mut answers = Answers::real();
    let labels = &mut answers.pod("web-756f9cfb-slmvb")["metadata"]["labels"];
    // Beside `namespace`, `host` and `time`, which it has.
    labels["version"] = json!("v2");
    labels["image"] = json!("mine");
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let images = [
        (
            "half",
            [
                "registry.example.com:5000/team/app:v9",
                "registry.example.com:5000/team/app",
            ],
        ),
        (
            "level",
            [&format!("team/app@{digest}"), &format!("team/app:v9@{digest}")],
        ),
    ];
    for (pod, images) in images {
        for (container, image) in images.iter().enumerate() {
            answers.pod(pod)["spec"]["containers"][container]["image"] = json!(image);
        }
    }
    // The kubelet's numbers are still of the older one.
    let replaced = &mut answers.pod("resized")["metadata"];
    replaced["uid"] = json!("00000000-0000-4000-8000-000000000000");
    replaced["labels"] = json!({"app": "newer"});
    answers
}

type Tags = BTreeMap<String, String>;

/// Lines by what they are of, with all their tags.
type Lines = BTreeMap<(String, Vec<Option<String>>), Tags>;

fn lines<'k>(keys: impl Iterator<Item = &'k Key>) -> Lines {
    let mut lines = Lines::new();
    for (measurement, tags, _) in
        keys.filter(|(measurement, ..)| MEASUREMENTS.contains(&measurement.as_str()))
    {
        let of = NAMES.map(|name| tags.get(name).cloned()).to_vec();
        let before = lines.insert((measurement.clone(), of), tags.clone());
        assert!(
            before.is_none_or(|before| before == *tags),
            "two lines of one: {tags:?}"
        );
    }
    lines
}

/// A few ticks of both, and the last one of each.
fn compare(answers: &Answers, labels: &str, allowed: &[&str], met: &mut BTreeSet<Difference>) {
    let stage = answers.stage();
    let block = format!(
        "  url = '{}'\n{}{labels}",
        stage.kubelet.url(),
        how(&stage.kubelet)
    );
    // The same block under another head; image and version are asked for by name.
    let ours = format!("[[inputs.kubelet]]\n{block}  metadata = [\"image\"]\n");
    let mut telegraf = stage.telegraf_with(Prompt::Stdin, &ours);
    let peers = format!("[[inputs.kubernetes]]\n{block}{OUTPUT}");
    telegraf.configs.push(stage.write("peer.conf", &peers));
    let peers = "SELECT COUNT(cpu_usage_nanocores) FROM kubernetes_node WHERE reader = 'peer'";
    let ended = run_until_known(&stage, &telegraf, peers);
    ended.assert_quiet(allowed);
    for words in allowed {
        assert!(ended.log.contains(words), "{words}: {}", ended.log);
    }

    let ours = last_known(&stage);
    let ours: Lines = lines(ours.keys());
    let theirs = lines_of_peer(&stage);
    assert!(!theirs.is_empty(), "the peer wrote nothing");
    Sides { answers, met }.compare(&ours, &theirs);
}

/// Of its last tick. There is one database with everything, its lines with a tag more, and one with its lines alone.
fn lines_of_peer(stage: &Stage) -> Lines {
    let (_, last) = stage.influx.points("peer").pop_last().expect("its ticks");
    let keys: Vec<Key> = last.into_iter().map(|field| without_host(field).0).collect();
    lines(keys.iter())
}

struct Sides<'a> {
    answers: &'a Answers,
    met: &'a mut BTreeSet<Difference>,
}

impl Sides<'_> {
    fn compare(&mut self, ours: &Lines, theirs: &Lines) {
        let mut labelled = 0;
        for (of, their_tags) in theirs {
            match ours.get(of) {
                Some(our_tags) => labelled += self.tags(our_tags, their_tags),
                None => assert!(
                    self.has_no_network(of),
                    "only the peer has {of:?}: {their_tags:?}"
                ),
            }
        }
        // Labels of many pods were compared.
        assert!(labelled > 10, "{labelled}");
        for (of, tags) in ours.iter().filter(|(of, _)| !theirs.contains_key(*of)) {
            assert!(
                self.label(tags, "time").is_some(),
                "only we have {of:?}: {tags:?}"
            );
            assert_eq!(
                tags.get("label_time").map(String::as_str),
                self.label(tags, "time")
            );
            self.met.insert(Difference::LabelTime);
        }
    }

    /// Its zeros for a pod without network numbers are compared elsewhere.
    fn has_no_network(&self, (measurement, of): &(String, Vec<Option<String>>)) -> bool {
        let pods = self.answers.summary["pods"].as_array().expect("a list");
        measurement == "kubernetes_pod_network"
            && pods
                .iter()
                .any(|pod| pod["podRef"]["name"].as_str() == of[0].as_deref() && pod["network"].is_null())
    }

    /// The pod that a line is of, as `/pods` has it.
    fn pod(&self, tags: &Tags) -> Option<&Value> {
        let name = tags.get("pod_name")?;
        let mut items = self.answers.items().iter();
        items.find(|pod| pod["metadata"]["name"] == **name)
    }

    fn label(&self, tags: &Tags, key: &str) -> Option<&str> {
        self.pod(tags)?["metadata"]["labels"][key].as_str()
    }

    /// The numbers are of a pod of that name that is no more.
    fn is_replaced(&self, tags: &Tags) -> bool {
        let Some(pod) = self.pod(tags) else { return false };
        let summaries = self.answers.summary["pods"].as_array().expect("a list");
        let mut summaries = summaries.iter().map(|summary| &summary["podRef"]);
        let named = summaries.find(|reference| reference["name"] == pod["metadata"]["name"]);
        named.is_some_and(|reference| reference["uid"] != pod["metadata"]["uid"])
    }

    fn is_init(&self, tags: &Tags) -> bool {
        let Some(pod) = self.pod(tags) else { return false };
        let mut init = pod["spec"]["initContainers"].as_array().into_iter().flatten();
        init.any(|container| container["name"].as_str() == tags.get("container_name").map(String::as_str))
    }

    /// How many labels are the same; panics at what differs without a reason.
    fn tags(&mut self, ours: &Tags, theirs: &Tags) -> usize {
        let mut labels = 0;
        let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for key in keys {
            match (ours.get(key), theirs.get(key)) {
                (ours, theirs) if ours == theirs => labels += usize::from(!OWN.contains(&key.as_str())),
                // Compared elsewhere.
                (Some(_), None) if key == "pvc_name" => {}
                (one, other) => {
                    let why = self.why(key, ours, theirs);
                    let why =
                        why.unwrap_or_else(|| panic!("{key} is {one:?}, the peer has {other:?}: {ours:?}"));
                    self.met.insert(why);
                }
            }
        }
        labels
    }

    /// Why a tag differs, if it may.
    fn why(&self, key: &str, ours: &Tags, theirs: &Tags) -> Option<Difference> {
        let (our, their) = (ours.get(key), theirs.get(key));
        let prefixed = |key: &str| ours.get(&format!("label_{key}"));
        if self.is_replaced(ours) && our.is_none() {
            return Some(Difference::ByName);
        }
        // Ours is what it was, and the label is beside it.
        if OWN.contains(&key) && their.is_some() && their.map(String::as_str) == self.label(ours, key) {
            return (prefixed(key) == their).then_some(Difference::LabelOverwrites);
        }
        if let Some(label) = key.strip_prefix("label_") {
            return (theirs.get(label) == our).then_some(Difference::LabelOverwrites);
        }
        if matches!(key, "image" | "version") && their.is_none() && self.is_init(ours) {
            return Some(Difference::InitContainers);
        }
        let image = ours.get("image")?;
        // A `:` alone, and that of the version.
        let is_simple = image.matches(':').count() == 1 && version(image).is_some();
        (key == "version" && !is_simple && our.map(String::as_str) == version(image))
            .then_some(Difference::Colons)
    }
}

/// What follows the name of the image itself, and is no digest.
fn version(image: &str) -> Option<&str> {
    let name = image.rsplit('/').next()?;
    let (name, _) = name.split_once('@').unwrap_or((name, ""));
    name.split_once(':').map(|(_, version)| version)
}
