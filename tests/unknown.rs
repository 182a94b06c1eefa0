//! Keys that no type of ours has, which a newer kubelet prints: counted at each tick, told once, and never a reason to lose
//! anything else.

mod support;

use serde_json::{Value, json};
use support::plugin::{PATIENCE, Plugin, block, command};
use telegraf_kubelet::lines::{Batch, Filter, Globs, Renderer, Settings};
use test_kubelet::{Options, TestKubelet};

/// A good tick on each of these answers; what the log was told of unknown keys.
fn told(answers: &[Value]) -> Vec<String> {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    for answer in answers {
        kubelet.set_body(Some(answer.to_string().into_bytes()));
        plugin.tick();
        let batch = plugin.batch();
        assert_eq!(batch.len(), 2, "{batch:#?}");
        assert!(batch[1].contains("result=success"), "{batch:#?}");
    }
    plugin.close_stdin();
    let left = plugin.wait(PATIENCE);
    let (told, others): (Vec<_>, Vec<_>) = left
        .stderr
        .into_iter()
        .partition(|line| line.contains("does not know"));
    assert_eq!(others.len(), 1, "{others:#?}");
    assert!(others[0].contains("answers"), "{others:#?}");
    told
}

#[test]
fn the_log_is_told_of_a_key_once() {
    let with = |keys: &[&str]| {
        let mut summary = json!({"node": {"nodeName": "n", "memory": {"rssBytes": 1}}, "pods": []});
        for key in keys {
            summary["node"]["memory"][key] = json!(1);
        }
        summary
    };
    let (none, new, other) = (with(&[]), with(&["newBytes", "newPages"]), with(&["otherBytes"]));
    assert_eq!(told(&[none.clone(), none.clone()]), [""; 0]);

    let once = told(&[new.clone(), new.clone(), with(&["newBytes"]), new.clone()]);
    assert_eq!(once.len(), 1, "{once:#?}");
    assert!(once[0].starts_with("I! https://"), "{once:#?}");
    for words in ["node.memory.newBytes first", "2 in all", "telegraf-kubelet check"] {
        assert!(once[0].contains(words), "{words:?} is not in {once:#?}");
    }

    // A pod that has it may come and go; another key is another matter.
    let twice = told(&[none.clone(), new.clone(), none.clone(), new, none, other]);
    assert_eq!(twice.len(), 2, "{twice:#?}");
    assert!(twice[0].contains("node.memory.newBytes first"), "{twice:#?}");
    assert!(twice[1].contains("node.memory.otherBytes first"), "{twice:#?}");
}

/// What a summary has of them, named up to 32.
fn unknown(settings: &Settings, summary: &str) -> (u64, Vec<String>, bool) {
    let mut renderer = Renderer::new(settings);
    renderer.name_unknown(32);
    let mut batch = Batch::default();
    let counted = renderer.render(summary.as_bytes(), 1, &mut batch).unwrap();
    let unknown = renderer.unknown();
    assert_eq!(counted.unknown, unknown.count());
    let found = (unknown.count(), unknown.names().to_vec(), unknown.has_others());

    // Nothing of it is kept for who does not ask, and the count is the same.
    renderer.name_unknown(0);
    let again = renderer.render(summary.as_bytes(), 2, &mut batch).unwrap();
    assert_eq!(again.unknown, found.0);
    assert_eq!(renderer.unknown().names(), [""; 0]);
    // Nor of an answer that is none.
    renderer.render(b"{", 3, &mut batch).unwrap_err();
    assert_eq!(renderer.unknown().count(), 0);
    found
}

/// There are so many, all of them of these names, whatever the order of the keys.
fn assert_unknown(summary: &Value, count: u64, names: &[&str]) {
    let mut wanted = names.to_vec();
    wanted.sort_unstable();
    for summary in [printed(summary, false), printed(summary, true)] {
        let (found, mut names, others) = unknown(&Settings::default(), &summary);
        names.sort_unstable();
        assert_eq!((found, others), (count, false), "{names:#?} of {summary}");
        assert_eq!(names, wanted, "{summary}");
    }
}

/// With what names an object in front of its other members, as a kubelet prints it, or the other way round.
fn printed(json: &Value, reversed: bool) -> String {
    const FIRST: [&str; 4] = ["nodeName", "podRef", "time", "name"];
    match json {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by_key(|(key, _)| !FIRST.contains(&key.as_str()));
            if reversed {
                members.reverse();
            }
            let members = members
                .into_iter()
                .map(|(key, value)| format!("{}: {}", json!(key), printed(value, reversed)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => {
            let list = list.iter().map(|value| printed(value, reversed));
            format!("[{}]", list.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// Where each kind of object stands, with a key that it does not have.
#[test]
fn each_is_named_by_its_path() {
    let mut summary = json!({
        "node": {
            "nodeName": "n", "new": 1,
            "systemContainers": [{"name": "kubelet", "new": 1, "cpu": {"new": 1}}],
            "cpu": {"psi": {"some": {"new": 1}}},
            "network": {"time": null, "new": 1, "interfaces": [{"name": "e", "new": 1}]},
            "runtime": {"imageFs": {"new": 1}, "new": 1},
            "rlimit": {"new": 1},
        },
        "pods": [{
            "podRef": {"name": "p", "new": 1}, "new": 1,
            "containers": [{
                "name": "c", "new": 1,
                "accelerators": [{"id": "a", "new": 1}],
                "userDefinedMetrics": [{"name": "m", "value": 1, "new": 1}],
                "swap": {"new": 1},
            }],
            "network": {"time": null, "new": 1, "interfaces": [{"name": "e", "new": 1}]},
            "volume": [{"name": "v", "new": 1, "pvcRef": {"name": "c", "namespace": "n", "new": 1},
                "volumeHealthStats": {"new": 1}}],
            "process_stats": {"new": 1},
        }],
        "new": {"new": 1},
    });
    let names = [
        "new",
        "node.cpu.psi.some.new",
        "node.network.interfaces[].new",
        "node.network.new",
        "node.new",
        "node.rlimit.new",
        "node.runtime.imageFs.new",
        "node.runtime.new",
        "node.systemContainers[].cpu.new",
        "node.systemContainers[].new",
        "pods[].containers[].accelerators[].new",
        "pods[].containers[].new",
        "pods[].containers[].swap.new",
        "pods[].containers[].userDefinedMetrics[].new",
        "pods[].network.interfaces[].new",
        "pods[].network.new",
        "pods[].new",
        "pods[].podRef.new",
        "pods[].process_stats.new",
        "pods[].volume[].new",
        "pods[].volume[].pvcRef.new",
        "pods[].volume[].volumeHealthStats.new",
    ];
    let each = names.len() as u64;
    assert_unknown(&summary, each, &names);

    // A filter is nothing to them.
    let other = Filter::new(vec![Globs::parse("x").unwrap()], Vec::new()).unwrap();
    let nothing = Settings {
        namespaces: other.clone(),
        fields: other,
        ..Settings::default()
    };
    assert_eq!(unknown(&nothing, &printed(&summary, false)).0, each);

    // A pod more of the same: counted, and not named again. Where it is the same pod, the list is read three times.
    let pod = summary["pods"][0].clone();
    let in_pods = names.iter().filter(|name| name.starts_with("pods")).count() as u64;
    for name in ["q", "p"] {
        let mut other = pod.clone();
        other["podRef"]["name"] = json!(name);
        summary["pods"] = json!([pod, other]);
        assert_unknown(&summary, each + in_pods, &names);
    }
}

/// Each list has an entry twice, and is read again for it.
#[test]
fn a_list_that_is_read_again_counts_once() {
    let twice = |mut entry: Value| {
        entry["new"] = json!(1);
        json!([entry, entry])
    };
    let container = || {
        json!({"name": "c", "memory": {"usageBytes": 1},
            "accelerators": twice(json!({"id": "a", "memoryUsed": 1})),
            "userDefinedMetrics": twice(json!({"name": "m", "value": 1}))})
    };
    let network = || json!({"time": null, "interfaces": twice(json!({"name": "e", "rxBytes": 1}))});
    let pod = json!({
        "podRef": {"name": "p", "namespace": "n"},
        "containers": twice(container()),
        "network": network(),
        "volume": twice(json!({"name": "v", "usedBytes": 1})),
    });
    let summary = json!({
        "node": {"nodeName": "n", "systemContainers": twice(container()), "network": network()},
        "pods": twice(pod),
    });
    let of_containers = 2 + 2 * (2 + 2);
    let of_node = of_containers + 2;
    let of_pods = 2 * (1 + of_containers + 2 + 2);
    let names = [
        "node.network.interfaces[].new",
        "node.systemContainers[].accelerators[].new",
        "node.systemContainers[].new",
        "node.systemContainers[].userDefinedMetrics[].new",
        "pods[].containers[].accelerators[].new",
        "pods[].containers[].new",
        "pods[].containers[].userDefinedMetrics[].new",
        "pods[].network.interfaces[].new",
        "pods[].new",
        "pods[].volume[].new",
    ];
    assert_unknown(&summary, of_node + of_pods, &names);
}

#[test]
fn what_is_none_is_not_counted() {
    // The members of one that is; pairs that are free; what is no object; the keys of what has a wrong type.
    let metric = json!({"name": "m", "value": 1, "labels": {"a": "1", "b": "2"}});
    let container = json!({"name": "c", "accelerators": {"a": 1}, "userDefinedMetrics": [metric]});
    let summary = json!({
        "node": {
            "nodeName": "n",
            "gpu": {"a": {"b": 1}, "c": [{"d": 1}]},
            "cpu": {"usageNanoCores": {"a": 1}},
            "network": {"time": null, "interfaces": {"a": 1}},
            "fs": 5,
            "memory": null,
        },
        "pods": [null, 5, {}, {"podRef": {"name": "p"}, "containers": [container]}],
    });
    assert_unknown(&summary, 1, &["node.gpu"]);
    // What counts is the last: of the others nobody knows whether they would be the type's.
    let (count, names, _) = unknown(
        &Settings::default(),
        r#"{"node": {"nodeName": "n", "old": 1}, "pods": [{"podRef": {"name": "p", "old": 1}, "podRef": {"name": "p"},
            "network": {"time": null, "old": 1}, "network": {"time": null, "new": 1}}], "node": {"nodeName": "n"}}"#,
    );
    assert_eq!((count, names), (1, vec!["pods[].network.new".to_owned()]));
}

/// However many there are, and however long.
#[test]
fn so_many_are_named() {
    let summary = |count: usize| {
        let keys: Vec<_> = (0..count).map(|at| format!("\"new{at:04}\": 1,")).collect();
        format!(r#"{{"node": {{{} "nodeName": "n"}}}}"#, keys.concat())
    };
    for (count, others) in [(32, false), (33, true), (1000, true)] {
        let (found, names, has_others) = unknown(&Settings::default(), &summary(count));
        assert_eq!((found, has_others), (count as u64, others));
        assert_eq!((names.len(), names[31].as_str()), (32, "node.new0031"));
    }
    let long = "k".repeat(100 * 1024);
    for (key, name) in [
        (long.as_str(), "node.(a key of 102400 bytes)"),
        (&long[..257], "node.(a key of 257 bytes)"),
        (&long[..5], "node.kkkkk"),
        (r"\u0061\n", "node.a\n"),
        // Escaped it is one that is known.
        (r"\u006eodeName", ""),
        ("", "node."),
    ] {
        let (count, names, _) = unknown(&Settings::default(), &format!(r#"{{"node": {{"{key}": "n"}}}}"#));
        let names = names.concat();
        assert_eq!((count, names.as_str()), (u64::from(!name.is_empty()), name));
    }
    // The text of one that is not too long may be three times as long.
    let (_, names, _) = unknown(
        &Settings::default(),
        &format!(r#"{{"node": {{"{}": 1}}}}"#, &long[..256]),
    );
    assert_eq!(names[0].len(), "node.".len() + 256);
}
