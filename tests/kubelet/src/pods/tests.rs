//! The list belongs to its summary, and is like the one of a real kubelet in `tests/captures`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pod_list;
use crate::{GeneratorOptions, summary};

const REAL: &str = include_str!("../../../captures/live-1.37.2-meta.pods.json");
const REAL_SUMMARY: &[u8] = include_bytes!("../../../captures/live-1.37.2-meta.summary.json");

fn node() -> Vec<u8> {
    summary(&GeneratorOptions::default(), 3)
}

fn items(list: &[u8]) -> Vec<Value> {
    let list: Value = serde_json::from_slice(list).expect("JSON");
    list["items"].as_array().cloned().unwrap_or_default()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|item| text(item, "/name"))
}

/// Namespace, name and uid.
type Key = [String; 3];

fn key(of: &Value) -> Key {
    ["/namespace", "/name", "/uid"].map(|pointer| text(of, pointer).to_owned())
}

/// Each pod with its containers.
fn of_summary(body: &[u8]) -> BTreeMap<Key, BTreeSet<String>> {
    let summary: Value = serde_json::from_slice(body).expect("JSON");
    let pods = summary["pods"].as_array().expect("pods").iter();
    pods.map(|pod| {
        let containers = names(&pod["containers"]).map(str::to_owned).collect();
        (key(&pod["podRef"]), containers)
    })
    .collect()
}

fn of_list(list: &[u8]) -> BTreeMap<Key, BTreeSet<String>> {
    let running = |pod: &Value| {
        let inits = pod["spec"]["initContainers"].as_array().into_iter().flatten();
        let sidecars = inits.filter(|init| init["restartPolicy"] == "Always");
        let sidecars: Vec<_> = sidecars.map(|init| text(init, "/name").to_owned()).collect();
        let mains = names(&pod["spec"]["containers"]).map(str::to_owned);
        mains.chain(sidecars).collect()
    };
    items(list)
        .iter()
        .map(|pod| (key(&pod["metadata"]), running(pod)))
        .collect()
}

#[test]
fn it_is_of_the_summarys_own_pods() {
    for body in [&node()[..], REAL_SUMMARY] {
        assert!(of_summary(body).len() >= 7);
        assert_eq!(of_list(&pod_list(body, 1)), of_summary(body));
    }
    for pod in items(&pod_list(&node(), 1)) {
        for (wanted, is) in [
            ("containers", "containerStatuses"),
            ("initContainers", "initContainerStatuses"),
        ] {
            let wanted: BTreeSet<_> = names(&pod["spec"][wanted]).collect();
            assert_eq!(wanted, names(&pod["status"][is]).collect(), "{pod:#}");
        }
    }
}

#[test]
fn nothing_is_of_chance_but_the_order() {
    let one = pod_list(&node(), 1);
    assert_eq!(one, pod_list(&node(), 1));
    let other = pod_list(&node(), 2);
    assert_ne!(items(&one), items(&other));
    let sorted = |list: &[u8]| {
        let items: BTreeSet<_> = items(list).iter().map(Value::to_string).collect();
        items
    };
    assert_eq!(sorted(&one), sorted(&other));
}

#[test]
fn as_fat_as_real_ones() {
    let list = String::from_utf8(pod_list(&node(), 1)).expect("UTF-8");
    let start = |list: &str| list.split_once('[').expect("items").0.to_owned();
    assert_eq!(start(&list), start(REAL));
    assert_eq!(list.lines().count(), 1);
    assert!(list.ends_with("}]}\n") && REAL.ends_with("}]}\n"));
    let a_pod = list.len() / 110;
    assert!((9_500..10_500).contains(&a_pod), "{a_pod} bytes a pod");
    // In percent, of each pod.
    let managed =
        |pod: &Value| 100 * pod["metadata"]["managedFields"].to_string().len() / pod.to_string().len();
    let real: BTreeSet<_> = items(REAL.as_bytes()).iter().map(managed).collect();
    let pods = items(list.as_bytes());
    let average = pods.iter().map(managed).sum::<usize>() / pods.len();
    let real = real.first().expect("one")..real.last().expect("one");
    assert!(
        real.contains(&&average),
        "{average} % are managedFields, of real pods {real:?}"
    );
}

#[test]
fn no_pods_are_no_list() {
    let none = summary(
        &GeneratorOptions {
            pods: 0,
            ..GeneratorOptions::default()
        },
        0,
    );
    for body in [&none[..], b"no summary"] {
        let expected = "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":null}\n";
        assert_eq!(pod_list(body, 1), expected.as_bytes());
    }
}

/// Which key stands before which, by the path of their object: `spec.containers.name`.
fn orders(json: &str) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let mut orders = BTreeMap::<_, BTreeSet<_>>::new();
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    let mut letters = json.char_indices();
    while let Some((start, letter)) = letters.next() {
        match letter {
            '{' => open.push((path(&open), Vec::new())),
            '}' => {
                let (path, keys) = open.pop().expect("an open object");
                let pairs = orders.entry(path).or_default();
                for (at, after) in keys.iter().enumerate() {
                    pairs.extend(keys[..at].iter().map(|before| (before.clone(), after.clone())));
                }
            }
            '"' => {
                let mut end = start;
                while let Some((at, letter)) = letters.next() {
                    end = at;
                    match letter {
                        '\\' => drop(letters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
                if json[end + 1..].starts_with(':') {
                    let keys = &mut open.last_mut().expect("an open object").1;
                    keys.push(json[start + 1..end].to_owned());
                }
            }
            _ => {}
        }
    }
    orders
}

fn path(open: &[(String, Vec<String>)]) -> String {
    let Some((path, keys)) = open.last() else {
        return String::new();
    };
    format!("{path}.{}", keys.last().map_or("", String::as_str))
}

#[test]
fn keys_stand_as_go_prints_them() {
    let list = String::from_utf8(pod_list(&node(), 1)).expect("UTF-8");
    let real = orders(REAL);
    let mut compared = 0;
    for (path, pairs) in orders(&list) {
        if path.contains(".managedFields.fieldsV1") {
            continue;
        }
        let map = [
            ".labels",
            ".annotations",
            ".limits",
            ".requests",
            ".allocatedResources",
        ];
        for (before, after) in &pairs {
            if map.iter().any(|map| path.ends_with(map)) {
                assert!(before < after, "{path}: {before} before {after}");
                compared += 1;
            }
        }
        if let Some(real) = real.get(&path) {
            let turned: Vec<_> = pairs
                .iter()
                .filter(|(before, after)| real.contains(&(after.clone(), before.clone())))
                .collect();
            assert!(turned.is_empty(), "{path}: {turned:?}");
            compared += pairs.intersection(real).count();
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn each_maker_marks_its_pods() {
    let mut kinds = BTreeMap::<&str, usize>::new();
    for pod in items(&pod_list(&node(), 1)) {
        let owner = &pod["metadata"]["ownerReferences"][0];
        let (name, owner_name) = (text(&pod, "/metadata/name"), text(owner, "/name"));
        let labels = &pod["metadata"]["labels"];
        let kind = match text(owner, "/kind") {
            "ReplicaSet" => {
                let hash = labels["pod-template-hash"].as_str().expect("a hash");
                assert!(owner_name.ends_with(&format!("-{hash}")), "{pod:#}");
                "ReplicaSet"
            }
            "DaemonSet" => "DaemonSet",
            "StatefulSet" => "StatefulSet",
            "Job" => {
                let due = owner_name.rsplit_once('-').expect("a minute").1;
                let made = text(&pod, "/metadata/creationTimestamp");
                let format = &time::format_description::well_known::Rfc3339;
                let made = time::OffsetDateTime::parse(made, format).expect("a time");
                let late = made.unix_timestamp() / 60 - due.parse::<i64>().expect("a number");
                assert!((0..24 * 60).contains(&late), "{late} minutes");
                "Job"
            }
            "" if pod["metadata"]["annotations"]["kubernetes.io/config.source"] == "file" => {
                let uid = text(&pod, "/metadata/uid");
                assert_eq!(pod["metadata"]["annotations"]["kubernetes.io/config.hash"], uid);
                assert!(uid.len() == 32 && !uid.contains('-'), "{uid}");
                assert!(pod["metadata"].get("managedFields").is_none());
                "file"
            }
            "" => {
                let applied =
                    &pod["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
                let applied: Value = serde_json::from_str(applied.as_str().expect("text")).expect("JSON");
                assert_eq!(applied["metadata"]["name"], name);
                "kubectl"
            }
            kind => panic!("{kind}"),
        };
        if !owner_name.is_empty() {
            assert!(name.starts_with(&format!("{owner_name}-")), "{pod:#}");
        }
        *kinds.entry(kind).or_default() += 1;
    }
    let kinds: Vec<_> = kinds.into_iter().collect();
    let expected = [
        ("DaemonSet", 11),
        ("Job", 11),
        ("ReplicaSet", 65),
        ("StatefulSet", 11),
        ("file", 1),
        ("kubectl", 11),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn of_every_sort_there_are_some() {
    let mut met = BTreeSet::new();
    for pod in items(&pod_list(&node(), 1)) {
        met.insert(text(&pod, "/status/qosClass").to_owned());
        for volume in pod["spec"]["volumes"].as_array().expect("volumes") {
            if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() {
                assert_eq!(claim, format!("data-{}", text(&pod, "/metadata/name")));
                met.insert("claim".to_owned());
            }
        }
        if pod["spec"]["hostNetwork"] == true {
            assert_eq!(pod["status"]["podIP"], pod["status"]["hostIP"]);
            met.insert("host network".to_owned());
        }
        for init in pod["spec"]["initContainers"].as_array().into_iter().flatten() {
            let always = init["restartPolicy"] == "Always";
            met.insert(if always { "sidecar" } else { "init" }.to_owned());
        }
        for container in pod["spec"]["containers"].as_array().expect("containers") {
            let resources = &container["resources"];
            for (key, limit) in resources["limits"].as_object().into_iter().flatten() {
                met.insert(format!("limit of {key}: {limit}"));
            }
            let given = ["limits", "requests"].map(|key| resources.get(key).is_some());
            met.insert(format!("{given:?}"));
            met.insert(format!(
                "{} colons",
                text(container, "/image").matches(':').count()
            ));
        }
        for status in pod["status"]["containerStatuses"].as_array().expect("statuses") {
            let last = &status["lastState"]["terminated"]["reason"];
            assert_eq!(status["restartCount"] == 0, last.is_null(), "{status:#}");
            met.extend(last.as_str().map(str::to_owned));
        }
    }
    for sort in [
        "Guaranteed",
        "Burstable",
        "BestEffort",
        "host network",
        "claim",
        "sidecar",
        "init",
        "OOMKilled",
        "Error",
        "limit of cpu: \"250m\"",
        "limit of cpu: \"2\"",
        "limit of memory: \"512Mi\"",
        "limit of memory: \"4Gi\"",
        "limit of ephemeral-storage: \"1Gi\"",
        "[false, false]",
        "[false, true]",
        "[true, true]",
        "1 colons",
        "2 colons",
    ] {
        assert!(met.contains(sort), "{sort} in {met:?}");
    }
}
