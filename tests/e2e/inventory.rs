//! Beside Telegraf's `inputs.kube_inventory` in one database, from the same kubelet's `/pods`: fields that both have are of
//! one name, one type and one value.
//!
//! Both go on for a while at the users' who move: dashboards of the one have to stay right as the other begins to write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::listed::{Answers, how, last_known, run_until_known, without_host};
use crate::stage::{DATABASE, Prompt, Stage};
use crate::support::database::Database as _;
use crate::support::lines::{Key, Number};

/// What both have of a container.
const OF_CONTAINERS: [&str; 7] = [
    "restarts_total",
    "state_code",
    "state_reason",
    "resource_requests_millicpu_units",
    "resource_limits_millicpu_units",
    "resource_requests_memory_bytes",
    "resource_limits_memory_bytes",
];

/// What it has on lines of containers, and we on those of pods.
const OF_PODS: [&str; 2] = ["phase_reason", "ready"];

/// Fields that it has and we have not: an older name of `state_reason`, and conditions, each a line.
const THEIRS: [&str; 2] = ["terminated_reason", "status_condition"];

/// Its client of the API server wants an address, and asks nothing there: pods come from the kubelet.
const PEER: &str = "
[[inputs.kube_inventory]]
  url = 'https://127.0.0.1:1'
  namespace = ''
  resource_include = ['pods']
";

#[test]
fn fields_that_both_have_are_the_same() {
    let mut seen = BTreeSet::new();
    for answers in [odd(), Answers::generated(40)] {
        compare(&answers, &mut seen);
    }
    let all: BTreeSet<_> = OF_CONTAINERS.into_iter().chain(OF_PODS).collect();
    assert_eq!(seen, all, "each was compared with a value");
}

/// A real kubelet's answers; one of the pods was evicted, and of one the status is not known yet.
fn odd() -> Answers {
    let mut answers = Answers::real();
    answers.pod("done")["status"]["reason"] = json!("Evicted");
    let status = answers.pod("level")["status"].as_object_mut().expect("a status");
    status.remove("containerStatuses");
    answers
}

/// A pod, and one of its containers.
type Of = (String, String, Option<String>);

fn of(tags: &BTreeMap<String, String>) -> Of {
    let tag = |name| tags.get(name).cloned();
    let [namespace, pod] = ["namespace", "pod_name"].map(|name| tag(name).expect("each has it"));
    (namespace, pod, tag("container_name"))
}

/// Fields by whose they are and by their name.
type Fields = BTreeMap<(Of, String), Number>;

fn compare(answers: &Answers, seen: &mut BTreeSet<&'static str>) {
    let stage = answers.stage();
    let how = how(&stage.kubelet);
    let url = stage.kubelet.url();
    let ours = format!(
        "[[inputs.kubelet]]\n  url = '{url}'\n{how}  metadata = ['image', 'owner', 'qos', 'status', 'resources', 'utilization']\n"
    );
    let mut telegraf = stage.telegraf_with(Prompt::Stdin, &ours);
    let peers = format!("{PEER}  url_kubelet = '{url}'\n{how}");
    telegraf.configs.push(stage.write("peer.conf", &peers));
    let peers = "SELECT COUNT(state_code) FROM kubernetes_pod_container WHERE readiness =~ /ready/";
    // A field of another type would be refused by the database, and Telegraf would say so.
    run_until_known(&stage, &telegraf, peers).assert_quiet(&[]);

    let theirs = theirs(&stage);
    let ours = last_known(&stage);
    let [containers, pods] = ["kubernetes_pod_container", "kubernetes_pod"].map(|measurement| {
        let fields = ours.iter().filter(|((other, ..), _)| other == measurement);
        fields
            .map(|((_, tags, field), number)| ((of(tags), field.clone()), number.clone()))
            .collect::<Fields>()
    });
    assert_same(&containers, &theirs, answers, seen);
    assert_same_of_pods(&pods, &theirs, seen);
    assert_types(&stage);
}

/// Its points of the last tick.
fn theirs(stage: &Stage) -> Vec<(Key, Number)> {
    let batches = stage.influx.points(DATABASE);
    let is_theirs = |((measurement, tags, _), _): &(Key, Number)| {
        measurement == "kubernetes_pod_container"
            && (tags.contains_key("state") || tags.contains_key("condition"))
    };
    let mut last = batches
        .into_values()
        .rev()
        .find(|batch| batch.iter().any(is_theirs))
        .expect("there is one");
    last.retain(is_theirs);
    last.into_iter().map(without_host).collect()
}

/// Of each container that it has: what it has we have too, and the reverse.
fn assert_same(
    ours: &Fields,
    theirs: &[(Key, Number)],
    answers: &Answers,
    seen: &mut BTreeSet<&'static str>,
) {
    let theirs: Fields = theirs
        .iter()
        .filter(|((_, tags, _), _)| tags.contains_key("state"))
        .map(|((_, tags, field), number)| ((of(tags), field.clone()), number.clone()))
        .collect();
    let listed: BTreeSet<&Of> = theirs.keys().map(|(of, _)| of).collect();
    assert_eq!(listed.len(), containers(answers), "{listed:?}");
    let mut unknown = 0;
    for field in OF_CONTAINERS {
        for of in &listed {
            let key = ((*of).clone(), field.to_owned());
            let (one, other) = (ours.get(&key), theirs.get(&key));
            if field == "restarts_total" && one.is_none() {
                // It has a 0 for what nobody knows yet.
                assert_eq!(other, Some(&Number::Integer(0)), "{key:?}");
                let state = ((*of).clone(), "state_code".to_owned());
                assert_eq!(ours.get(&state), Some(&Number::Integer(3)), "{key:?}");
                unknown += 1;
                continue;
            }
            assert_eq!(one, other, "{key:?}");
            if other.is_some() {
                seen.insert(field);
            }
        }
    }
    let without_status = answers
        .items()
        .iter()
        .filter(|pod| pod["status"]["containerStatuses"].is_null());
    let without_status = without_status.map(|pod| pod["spec"]["containers"].as_array().map_or(0, Vec::len));
    assert_eq!(unknown, without_status.sum::<usize>(), "others have a number");
    let known: BTreeSet<_> = OF_CONTAINERS
        .iter()
        .chain(&OF_PODS)
        .chain(&THEIRS)
        .copied()
        .collect();
    let unknown = theirs.keys().find(|(_, field)| !known.contains(field.as_str()));
    assert_eq!(unknown, None, "to be compared as well");
}

/// How many it writes: without init containers and sidecars, and without static pods, which were never made at a time.
fn containers(answers: &Answers) -> usize {
    let pods = answers
        .items()
        .iter()
        .filter(|pod| pod["metadata"]["creationTimestamp"].is_string());
    pods.map(|pod| pod["spec"]["containers"].as_array().map_or(0, Vec::len))
        .sum()
}

/// The same for what is a pod's.
fn assert_same_of_pods(ours: &Fields, theirs: &[(Key, Number)], seen: &mut BTreeSet<&'static str>) {
    for ((_, tags, field), number) in theirs {
        let Some(field) = OF_PODS.into_iter().find(|known| known == field) else {
            continue;
        };
        // `ready` says of every condition whether it is the one called so.
        if tags
            .get("condition")
            .is_some_and(|condition| condition != "Ready")
        {
            continue;
        }
        let (namespace, pod, _) = of(tags);
        let key = ((namespace, pod, None), field.to_owned());
        assert_eq!(ours.get(&key), Some(number), "{key:?}");
        seen.insert(field);
    }
    let reasons: BTreeSet<_> = ours
        .keys()
        .filter(|(_, field)| field == "phase_reason")
        .map(|((_, pod, _), _)| pod)
        .collect();
    for pod in reasons {
        let has = |((_, tags, field), _): &(Key, Number)| {
            field == "phase_reason" && tags.get("pod_name") == Some(pod)
        };
        assert!(theirs.iter().any(has), "only we have a reason of {pod}");
    }
}

/// One a field, in the whole database.
fn assert_types(stage: &Stage) {
    let types = stage.influx.types(DATABASE);
    for field in OF_CONTAINERS.into_iter().chain(OF_PODS) {
        let kind = if field.ends_with("_reason") {
            "string"
        } else {
            "integer"
        };
        for measurement in ["kubernetes_pod_container", "kubernetes_pod"] {
            let key = (measurement.to_owned(), field.to_owned());
            assert!(
                types.get(&key).is_none_or(|found| found == kind),
                "{key:?}: {types:?}"
            );
        }
    }
}
