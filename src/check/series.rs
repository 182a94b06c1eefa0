//! How many series a configuration makes on this node, and what each of its options for metadata has to do with that.
//!
//! Nothing is estimated: the lines are made of the same answers once more, each option left out in turn, and counted by a
//! parser that is not ours.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use influxdb_line_protocol::{ParsedLine, parse_lines};

use super::Diagnosis;
use super::finding::{Finding, Mend, Step};
use super::text::{self, several};
use crate::lines::metadata::{self, Gatherer, Group, Groups, Known};
use crate::lines::{Batch, Filter, Globs, OfNode, Renderer, Settings};
use crate::redact::Redacted;

/// So many tags of an option are told; more of them help nobody.
const TOLD: usize = 16;

/// Labels that controllers make: with a new value for each rollout or each run, or with the pod's name once more.
const LABELS_OF_CONTROLLERS: &[&str] = &[
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "job-name",
    "batch.kubernetes.io/job-name",
    "statefulset.kubernetes.io/pod-name",
];

/// Annotations that are like them.
const ANNOTATIONS_OF_CONTROLLERS: &[&str] = &[
    "checksum/*",
    "cni.projectcalico.org/*",
    "k8s.v1.cni.cncf.io/*",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubectl.kubernetes.io/restartedAt",
    "kubernetes.io/config.*",
];

/// What some lines are to a database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Measurements with a set of tags.
    pub series: u64,
    /// Of all lines.
    pub bytes: u64,
}

/// What a tick's lines are to a database.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// With all that is configured.
    pub all: Size,
    /// How many of these series hold nothing but what `/pods` tells.
    pub of_pods_alone: u64,
    /// By the option that is left out; `metadata` stands for all of them, and last.
    pub without: Vec<(&'static str, Size)>,
}

/// Counts; and tells what metadata does to it. `told` makes safe what may be anything. `None` where no lines can be made.
pub fn count(
    settings: &Settings,
    summary: &[u8],
    pods: Option<&[u8]>,
    at: i64,
    told: impl Fn(&str) -> Redacted,
) -> Option<(Series, Vec<Finding>)> {
    let with = |metadata: metadata::Settings| {
        let settings = Settings {
            metadata,
            ..settings.clone()
        };
        Some(Lines::of(&made(&settings, summary, pods, at)?))
    };
    let asked = &settings.metadata;
    let all = with(asked.clone())?;
    let mut series = Series {
        all: all.size,
        ..Series::default()
    };
    if pods.is_none() {
        return Some((series, Vec::new()));
    }
    let fields = [Group::Status, Group::Resources, Group::Utilization];
    let no_fields = with(metadata::Settings {
        groups: without(asked.groups, &fields),
        ..asked.clone()
    })?;
    series.of_pods_alone = all.size.series.saturating_sub(no_fields.size.series);

    let (mut findings, mut controllers) = (Vec::new(), Vec::new());
    for (option, others) in each_left_out(asked) {
        let lines = with(others)?;
        series.without.push((option, lines.size));
        let tags = || all.tags.iter().filter(|(key, _)| !lines.tags.contains_key(*key));
        findings.push(Finding::ok(
            Step::Lines,
            format!(
                "{}{}",
                change(option, all.size, lines.size),
                listed(option, tags(), &told)
            ),
        ));
        controllers.extend(of_controllers(option, asked, tags().map(|(key, _)| &**key)));
    }
    let nothing = with(metadata::Settings::default())?;
    series.without.push(("metadata", nothing.size));
    findings.insert(0, overall(&series, nothing.size));
    findings.extend(controllers);
    findings.extend(of_fields(&all, &told));
    Some((series, findings))
}

/// The lines, as the first tick makes them.
fn made(settings: &Settings, summary: &[u8], pods: Option<&[u8]>, at: i64) -> Option<String> {
    let mut node = OfNode::default();
    if let Some(pods) = pods.filter(|_| settings.metadata.any()) {
        let gatherer = Gatherer::new(settings);
        let known = gatherer.read(pods, &Known::default()).ok()?;
        node.metadata.learn(Arc::new(known));
    }
    let mut batch = Batch::default();
    let mut renderer = Renderer::new(settings);
    renderer.render_for(&mut node, summary, at, &mut batch).ok()?;
    Some(text::of(&batch))
}

fn without(groups: Groups, others: &[Group]) -> Groups {
    let stays = |group: &Group| groups.has(*group) && !others.contains(group);
    Group::ALL.iter().copied().filter(stays).collect()
}

/// Each option that asks for something, and what the others ask for.
fn each_left_out(asked: &metadata::Settings) -> Vec<(&'static str, metadata::Settings)> {
    let mut left_out = Vec::new();
    let mut leave_out = |option, change: &dyn Fn(&mut metadata::Settings)| {
        let mut others = asked.clone();
        change(&mut others);
        if others != *asked {
            left_out.push((option, others));
        }
    };
    leave_out("label_include", &|others| others.labels = None);
    leave_out("annotation_include", &|others| others.annotations = None);
    for group in Group::ALL {
        leave_out(group.word(), &|others| {
            others.groups = without(others.groups, &[*group]);
        });
    }
    leave_out("pod_network", &|others| others.own_network_only = false);
    left_out
}

/// A tag, among the lines of pods.
#[derive(Debug, Default)]
struct Tag {
    values: HashSet<u64>,
    pods: HashSet<u64>,
}

/// What there is to say of some lines.
struct Lines {
    size: Size,
    /// By key, those of pods' lines.
    tags: BTreeMap<String, Tag>,
    /// By measurement, the keys of its tags and of its fields.
    keys: BTreeMap<String, [BTreeSet<String>; 2]>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let hasher = RandomState::new();
        let mut series = HashSet::new();
        let mut tags = BTreeMap::<String, Tag>::new();
        let mut keys = BTreeMap::<String, [BTreeSet<String>; 2]>::new();
        for line in parse_lines(text).flatten() {
            let mut set = tags_of(&line);
            set.sort_unstable();
            series.insert(hasher.hash_one((line.series.measurement.as_str(), &set)));
            let value = |key| {
                set.iter()
                    .find(|(other, _)| *other == key)
                    .map(|(_, value)| *value)
            };
            let Some(name) = value("pod_name") else { continue };
            let [of_tags, of_fields] = keys.entry(line.series.measurement.to_string()).or_default();
            let tag_keys = set.iter().map(|(key, _)| *key);
            insert_new(of_tags, tag_keys);
            insert_new(of_fields, line.field_set.iter().map(|(key, _)| key.as_str()));
            let pod = hasher.hash_one((value("namespace"), name));
            for (key, value) in &set {
                if !tags.contains_key(*key) {
                    tags.insert((*key).to_owned(), Tag::default());
                }
                if let Some(tag) = tags.get_mut(*key) {
                    tag.values.insert(hasher.hash_one(value));
                    tag.pods.insert(pod);
                }
            }
        }
        Self {
            size: Size {
                series: number(series.len()),
                bytes: number(text.len()),
            },
            tags,
            keys,
        }
    }
}

/// Most are there already.
fn insert_new<'k>(all: &mut BTreeSet<String>, keys: impl Iterator<Item = &'k str>) {
    for key in keys {
        if !all.contains(key) {
            all.insert(key.to_owned());
        }
    }
}

/// Tags that have the name of a field in the same measurement. They are written as they are.
fn of_fields(lines: &Lines, told: impl Fn(&str) -> Redacted) -> Option<Finding> {
    let both = |(measurement, [tags, fields]): (&String, &[BTreeSet<String>; 2])| {
        let both: Vec<_> = tags
            .intersection(fields)
            .map(|key| format!("\"{key}\" of {measurement}"))
            .collect();
        both
    };
    let both: Vec<_> = lines.keys.iter().flat_map(both).collect();
    if both.is_empty() {
        return None;
    }
    let said = format!(
        "labels or annotations that have the name of a field in the same measurement: {}. In InfluxQL such a name is the \
         field, in WHERE too, and in GROUP BY the tag; where a table has one column for a name, they are in each other's way",
        told(&several(both.iter().take(TOLD), both.len() > TOLD))
    );
    Some(
        Finding::warning(Step::Lines, Diagnosis::TagsOfFields, said).mend(Mend::say(
            "give the label another key, or leave it out by label_exclude or annotation_exclude; or ask for \"NAME\"::tag",
        )),
    )
}

fn tags_of<'l>(line: &'l ParsedLine<'_>) -> Vec<(&'l str, &'l str)> {
    let tags = line.series.tag_set.iter().flatten();
    tags.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn overall(series: &Series, nothing: Size) -> Finding {
    let alone = match series.of_pods_alone {
        0 => "none of them of /pods alone".to_owned(),
        1 => "1 of them of what /pods alone lists".to_owned(),
        count => format!("{count} of them of what /pods alone lists"),
    };
    Finding::ok(
        Step::Lines,
        format!(
            "{} series, {alone}, and {} bytes a tick; without metadata {} series and {} bytes. A tag's new value is a new \
             series of each line that has it",
            series.all.series, series.all.bytes, nothing.series, nothing.bytes
        ),
    )
}

/// What the option does, of all that is made.
fn change(option: &str, all: Size, without: Size) -> String {
    let more = |all: u64, without: u64, what: &str| {
        if all < without {
            format!("{} {what} less", without - all)
        } else {
            format!("{} {what} more", all - without)
        }
    };
    format!(
        "with {option} {} and {}",
        more(all.series, without.series, "series"),
        more(all.bytes, without.bytes, "bytes")
    )
}

/// The tags that came with an option, those first that differ most.
fn listed<'t>(
    option: &str,
    tags: impl Iterator<Item = (&'t String, &'t Tag)>,
    told: impl Fn(&str) -> Redacted,
) -> String {
    let mut tags: Vec<_> = tags
        .map(|(key, tag)| (std::cmp::Reverse(tag.values.len()), key, tag.pods.len()))
        .collect();
    if tags.is_empty() {
        let none = match option {
            "label_include" | "annotation_include" => {
                "; no line has a tag of it: no pod here has one, or the names in it are not those that pods have"
            }
            _ => "",
        };
        return none.to_owned();
    }
    tags.sort_unstable();
    let counted: Vec<_> = tags
        .iter()
        .map(|(values, key, pods)| format!("{key} {}/{pods}", values.0))
        .collect();
    let tags = told(&several(counted.iter().take(TOLD), counted.len() > TOLD));
    format!("; values of its tags in so many pods: {tags}")
}

/// Those that nobody chose the values of.
fn of_controllers<'k>(
    option: &str,
    asked: &metadata::Settings,
    keys: impl Iterator<Item = &'k str>,
) -> Option<Finding> {
    let (filter, exclude, known) = match option {
        "label_include" => (asked.labels.as_ref()?, "label_exclude", LABELS_OF_CONTROLLERS),
        "annotation_include" => (
            asked.annotations.as_ref()?,
            "annotation_exclude",
            ANNOTATIONS_OF_CONTROLLERS,
        ),
        _ => return None,
    };
    let keys: Vec<_> = keys.collect();
    let is_there =
        |pattern: &&&str| Globs::parse(pattern).is_ok_and(|globs| keys.iter().any(|key| globs.matches(key)));
    let there: Vec<_> = known
        .iter()
        .filter(is_there)
        .map(|pattern| format!("\"{pattern}\""))
        .collect();
    if there.is_empty() {
        return None;
    }
    let said = format!(
        "tags that get another value with each rollout or run, or have the pod's name once more: {}. Where pods keep their \
         names, as a StatefulSet's do, each rollout makes all their series anew; elsewhere they tell what the name tells",
        there.join(", ")
    );
    Some(
        Finding::notice(Step::Lines, Diagnosis::TagsOfControllers, said).mend(leave_out(
            filter,
            exclude,
            &there.join(", "),
        )),
    )
}

/// What is excluded already is not told: whatever stands in a file may be a secret in the wrong place.
fn leave_out(filter: &Filter, exclude: &str, patterns: &str) -> Mend {
    if filter.excludes_none() {
        Mend::configure("leave them out", format!("{exclude} = [{patterns}]\n"))
    } else {
        Mend::say(format!("leave them out: add them to {exclude}"))
    }
}
