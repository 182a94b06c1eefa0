//! `/pods`, where metadata is asked for: refused, late, broken, beside a summary that differs; and what it costs in series.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_kubelet::{
    Fault, GeneratorOptions, Options, Right, Serving, TestKubelet, Wording, pod_list, summary,
};

use super::harness::fault;
use super::support::check::{Checked, check, run};
use super::support::plugin::{Plugin, block, command};
use super::support::scrape::{config, start};

/// Everything that asks for `/pods`.
const ALL: &str = "  label_include = [\"*\"]\n  annotation_include = [\"example.com/*\"]\n  metadata = [\"image\", \"owner\", \
                   \"qos\", \"status\", \"resources\", \"utilization\"]\n  pod_network = \"own\"\n";

/// Of `telegraf-kubelet`'s rights those that metadata needs.
const BOTH: [Right; 2] = [Right::Stats, Right::Pods];

fn with_rights(wording: Wording) -> TestKubelet {
    TestKubelet::start(Options {
        wording,
        rights: BOTH.to_vec(),
        ..Options::default()
    })
}

/// The usual block, and these options.
fn asking(kubelet: &TestKubelet, options: &str) -> String {
    format!("{}{options}", block(kubelet))
}

fn finding<'c>(checked: &'c Checked, diagnosis: &str) -> &'c Value {
    let mut findings = checked.findings();
    let found = findings.find(|finding| finding["diagnosis"] == diagnosis);
    found.unwrap_or_else(|| panic!("no {diagnosis}\n{}", checked.text))
}

fn assert_says(checked: &Checked, diagnosis: &str, words: &[&str]) {
    let said = finding(checked, diagnosis).to_string();
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
}

/// A warning with its fix, and the summary's lines all the same.
fn assert_warned(checked: &Checked, diagnosis: &str, words: &[&str]) {
    assert_eq!(
        checked.bad(),
        [["pods", "warning", diagnosis]],
        "{}",
        checked.text
    );
    assert_eq!(checked.code, 1);
    let mends = &finding(checked, diagnosis)["mends"];
    assert!(!mends.as_array().unwrap().is_empty(), "{mends:#}");
    assert_says(checked, diagnosis, words);
    assert!(checked.text.contains("lines, all parse"), "{}", checked.text);
}

fn notices(checked: &Checked) -> Vec<&str> {
    assert_eq!((checked.code, checked.bad()), (0, Vec::new()), "{}", checked.text);
    let words = checked
        .findings()
        .filter_map(|finding| finding["diagnosis"].as_str());
    words.collect()
}

fn pieces<'c>(checked: &'c Checked, diagnosis: &str, kind: &str) -> Vec<&'c str> {
    let mends = finding(checked, diagnosis)["mends"].as_array().unwrap();
    mends.iter().filter_map(|mend| mend[kind].as_str()).collect()
}

#[test]
fn a_right_that_is_missing_is_told_with_the_role_that_gives_it() {
    let kubelet = start(Serving::CaIssued);
    let config = asking(&kubelet, "  metadata = [\"status\"]\n");
    let checked = check(&kubelet, &config, &[]);
    let words = [
        "subresource(s)=[pods proxy]",
        "can-i get nodes/NODE --subresource=pods",
    ];
    assert_warned(&checked, "pods_forbidden", &words);
    let role = pieces(&checked, "pods_forbidden", "yaml").concat();
    for words in [
        "\"nodes/pods\"",
        "name: telegraf-kubelet-pods\n",
        "name: \"telegraf\"",
    ] {
        assert!(role.contains(words), "{words} is not in {role}");
    }
    // What we may already stays as it is.
    assert!(!role.contains("proxy") && !role.contains("stats"), "{role}");
    // With that role it is gone.
    kubelet.set_rights(&BOTH);
    assert_eq!(notices(&check(&kubelet, &config, &[])), [""; 0]);
}

/// A kubelet that wants more than anybody should have is not given it.
#[test]
fn an_older_kubelet_is_not_given_nodes_proxy() {
    for (wording, words) in [
        (Wording::Old, "subresource=proxy)"),
        (Wording::NewWithoutFineRights, "subresource(s)=[proxy])"),
    ] {
        let kubelet = with_rights(wording);
        for options in [ALL, "  label_exclude = []\n", "  pod_network = \"own\"\n"] {
            let checked = check(&kubelet, &asking(&kubelet, options), &[]);
            assert_warned(&checked, "pods_need_proxy", &[words, "never grant nodes/proxy"]);
            assert_eq!(pieces(&checked, "pods_need_proxy", "yaml"), [""; 0]);
            assert_eq!(pieces(&checked, "pods_need_proxy", "toml").len(), 1);
        }
    }
    // Where that right is there already, `/pods` comes, and it is told as ever.
    let kubelet = with_rights(Wording::Old);
    kubelet.set_rights(&[Right::Stats, Right::Proxy]);
    let checked = check(&kubelet, &asking(&kubelet, "  metadata = [\"status\"]\n"), &[]);
    assert_eq!(checked.bad(), [["authorization", "warning", "proxy_granted"]]);
    let words = ["before Kubernetes 1.33 wants it for /pods", "never worth it"];
    assert_says(&checked, "proxy_granted", &words);
    assert!(
        !checked.text.contains("nothing here needs it"),
        "{}",
        checked.text
    );
    // Which of the two rights it was that let us is not known.
    assert!(
        !checked.text.contains("`get` on `nodes/pods`; "),
        "{}",
        checked.text
    );
    let without = check(&kubelet, &block(&kubelet), &[]);
    assert_says(&without, "proxy_granted", &["nothing here needs it"]);
    // Whoever takes it away as told has `/pods` still, where the kubelet has a right for that.
    let roles = pieces(&checked, "proxy_granted", "yaml").concat();
    for words in [
        "\"nodes/stats\"",
        "\"nodes/pods\"",
        "telegraf-kubelet-pods:serviceaccount:",
    ] {
        assert!(roles.contains(words), "{words} is not in {roles}");
    }
    assert!(!roles.contains("nodes/proxy"), "{roles}");
}

#[test]
fn nobody_in_particular_is_given_nothing() {
    let kubelet = with_rights(Wording::New);
    for subresources in ["subresource(s)=[pods proxy]", "subresource=proxy"] {
        let refusal = format!("Forbidden (user=system:anonymous, verb=get, resource=nodes, {subresources})");
        kubelet.set_pods_fault(Some(fault(403, &refusal)));
        let checked = check(&kubelet, &asking(&kubelet, "  metadata = [\"status\"]\n"), &[]);
        assert_warned(&checked, "pods_forbidden", &["nobody in particular"]);
        assert!(!checked.said().contains("kind: ClusterRole"), "{}", checked.text);
    }
}

#[test]
fn pods_that_do_not_come_cost_nothing_else() {
    let kubelet = with_rights(Wording::New);
    let config = asking(
        &kubelet,
        "  metadata = [\"status\"]\n  response_timeout = \"2s\"\n  max_response = \"4MiB\"\n",
    );
    for (fault, words) in [
        (Fault::Silent, "/readyz"),
        (Fault::HoldBody, "response_timeout = "),
        (Fault::Oversized(5 * 1024 * 1024), "max_response"),
        (Fault::Truncated, "broke off"),
        (Fault::EmptyBody, "empty body"),
        (Fault::Html, "PodList"),
        (Fault::Drop, "PodList"),
        (fault(404, "404 page not found"), "404"),
        (fault(403, "no"), "403"),
        (
            fault(
                500,
                "Authorization error (user=u, verb=get, resource=nodes, subresource=pods)",
            ),
            "/readyz",
        ),
    ] {
        kubelet.set_pods_fault(Some(fault));
        assert_warned(&check(&kubelet, &config, &[]), "pods_missing", &[words]);
    }
    kubelet.set_pods_fault(None);
    kubelet.set_pods_body(Some(summary(&GeneratorOptions::default(), 1)));
    assert_warned(
        &check(&kubelet, &config, &[]),
        "pods_missing",
        &["has no `items`"],
    );
}

/// A summary, and its pods to be changed.
fn both(pods: usize) -> (Vec<u8>, Value) {
    let options = GeneratorOptions {
        pods,
        ..GeneratorOptions::default()
    };
    let summary = summary(&options, 1);
    let pods = serde_json::from_slice(&pod_list(&summary, 1)).unwrap();
    (summary, pods)
}

fn set(kubelet: &TestKubelet, summary: &[u8], pods: &Value) {
    kubelet.set_body(Some(summary.to_vec()));
    kubelet.set_pods_body(Some(pods.to_string().into_bytes()));
}

#[test]
fn pods_that_the_summary_does_not_list() {
    let kubelet = with_rights(Wording::New);
    let (summary, mut pods) = both(4);
    let first = |at: usize, phase: &str| {
        let mut pod = pods["items"][0].clone();
        pod["metadata"]["uid"] = json!(format!("other-{at}"));
        pod["metadata"]["name"] = json!(format!("alone-{at}"));
        pod["metadata"]["namespace"] = json!("shop");
        pod["status"]["phase"] = json!(phase);
        pod
    };
    let alone = [
        first(1, "Pending"),
        first(2, "Succeeded"),
        first(3, "Pending"),
        first(4, "\u{9b}31m"),
    ];
    pods["items"].as_array_mut().unwrap().extend(alone);
    set(&kubelet, &summary, &pods);

    let checked = check(&kubelet, &asking(&kubelet, "  metadata = [\"status\"]\n"), &[]);
    assert_eq!(notices(&checked), ["pods_not_in_summary"]);
    let words = [
        "4 of 8 pods in /pods",
        "2 Pending, 1 Succeeded, 1 of no known phase",
        "shop/alone-1, shop/alone-2, shop/alone-3",
        "a line of its metadata alone",
    ];
    assert_says(&checked, "pods_not_in_summary", &words);
    // Each has a line for itself and one for each container.
    let series = &checked.json["kubelets"][0]["series"];
    assert!(series["of_pods_alone"].as_u64().unwrap() >= 8, "{series:#}");
    assert_eq!(series["of_pods_alone"], alone_of(series, "status"));

    // A pod's successor of the same name is no pod that waits: the other one is there still.
    pods["items"][1]["metadata"]["uid"] = json!("successor");
    set(&kubelet, &summary, &pods);
    let checked = check(&kubelet, &asking(&kubelet, "  metadata = [\"owner\"]\n"), &[]);
    assert_eq!(notices(&checked), ["pods_not_in_summary", "pods_not_listed"]);
    assert_says(&checked, "pods_not_in_summary", &["4 of 8 pods"]);
    assert_says(&checked, "pods_not_listed", &["1 of 4 pods"]);
    assert_says(&checked, "pods_not_in_summary", &["they have no line"]);
    assert_eq!(checked.json["kubelets"][0]["series"]["of_pods_alone"], 0);
    // Of what is filtered out nothing is told.
    let filtered = asking(
        &kubelet,
        "  metadata = [\"status\"]\n  namespace_exclude = [\"shop\"]\n",
    );
    assert_eq!(notices(&check(&kubelet, &filtered, &[])), ["pods_not_listed"]);
}

/// How many series an option makes.
fn alone_of(series: &Value, option: &str) -> u64 {
    series["count"].as_u64().unwrap() - series["without"][option]["count"].as_u64().unwrap()
}

#[test]
fn pods_that_only_the_summary_lists() {
    let kubelet = with_rights(Wording::New);
    let config = asking(&kubelet, "  metadata = [\"status\"]\n");
    // A kubelet that has just started knows static pods alone.
    kubelet.set_pods_fault(Some(Fault::Restarted));
    let checked = check(&kubelet, &config, &[]);
    assert_eq!(notices(&checked), ["pods_not_listed"]);
    assert_says(&checked, "pods_not_listed", &["has just started", " of 3 pods"]);
    kubelet.set_pods_fault(None);

    let (summary, mut pods) = both(30);
    pods["items"].as_array_mut().unwrap().truncate(1);
    set(&kubelet, &summary, &pods);
    let checked = check(&kubelet, &config, &[]);
    // A few by name.
    assert_says(&checked, "pods_not_listed", &["29 of 30 pods", " and others"]);
}

#[test]
fn labels_with_another_key() {
    let kubelet = with_rights(Wording::New);
    let (summary, mut pods) = both(2);
    pods["items"][0]["metadata"]["labels"] = json!({"host": "h", "time": "t", "label_time": "u", "app": "a"});
    pods["items"][1]["metadata"]["labels"] = json!({"host": "h"});
    pods["items"][1]["metadata"]["annotations"] = json!({"namespace": "n"});
    set(&kubelet, &summary, &pods);
    let options = "  label_include = [\"*\"]\n  annotation_include = [\"namespace\"]\n";
    let checked = check(&kubelet, &asking(&kubelet, options), &[]);
    assert_eq!(notices(&checked), ["labels_left_out"]);
    let words = [
        "of so many pods: annotation_namespace (1), label_host (2)",
        "left out, of so many pods: label_time (1)",
    ];
    assert_says(&checked, "labels_left_out", &words);
    // None that is not asked for.
    let checked = check(&kubelet, &asking(&kubelet, "  label_include = [\"app\"]\n"), &[]);
    assert_eq!(notices(&checked), [""; 0]);
}

#[test]
fn quantities_and_values_that_are_none() {
    let kubelet = with_rights(Wording::New);
    let (summary, mut pods) = both(2);
    pods["items"][0]["spec"]["containers"][0]["resources"] =
        json!({"limits": {"cpu": "much", "memory": "1Gi"}});
    pods["items"][0]["status"]["containerStatuses"] = json!([]);
    let name = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    set(&kubelet, &summary, &pods);
    let wanted = asking(&kubelet, "  metadata = [\"utilization\"]\n");
    assert_warned(
        &check(&kubelet, &wanted, &[]),
        "quantities_left_out",
        &["1 requests or limits", &name],
    );
    let other = asking(&kubelet, "  metadata = [\"status\"]\n");
    assert_eq!(notices(&check(&kubelet, &other, &[])), [""; 0]);

    let (summary, mut pods) = both(2);
    pods["items"][0]["metadata"]["creationTimestamp"] = json!(5);
    set(&kubelet, &summary, &pods);
    assert_warned(
        &check(&kubelet, &other, &[]),
        "values_rejected",
        &["1 values of /pods"],
    );
}

#[test]
fn texts_without_end() {
    let kubelet = with_rights(Wording::New);
    let (summary, mut pods) = both(2);
    let long = "i".repeat(2000);
    pods["items"][0]["spec"]["containers"][0]["image"] = json!(long);
    pods["items"][1]["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "much"}});
    pods["items"][1]["status"]["containerStatuses"] = json!([]);
    pods["items"][1]["metadata"]["labels"] = json!({"time": "t", "label_time": "u"});
    set(&kubelet, &summary, &pods);
    // Each is told once, by what it is.
    let checked = check(&kubelet, &asking(&kubelet, ALL), &[]);
    assert_says(&checked, "texts_left_out", &["1 names, images"]);
    assert_says(&checked, "quantities_left_out", &["1 requests or limits"]);
    assert_says(&checked, "labels_left_out", &["label_time (1)"]);
    let other = asking(&kubelet, "  metadata = [\"qos\"]\n");
    assert_eq!(notices(&check(&kubelet, &other, &[])), [""; 0]);
}

/// What controllers make tags of, by a fix that is tried.
#[test]
fn tags_that_are_new_with_each_rollout() {
    let kubelet = with_rights(Wording::New);
    let (summary, mut pods) = both(3);
    for (at, (label, value)) in [
        ("pod-template-hash", "5d9c7b"),
        ("controller-revision-hash", "web-7f4b"),
        ("app", "a"),
    ]
    .into_iter()
    .enumerate()
    {
        pods["items"][at]["metadata"]["labels"] = json!({ label: value });
        pods["items"][at]["metadata"]["annotations"] = json!({"checksum/config": "00"});
    }
    set(&kubelet, &summary, &pods);
    let checked = check(&kubelet, &asking(&kubelet, "  label_include = [\"*\"]\n"), &[]);
    assert_eq!(notices(&checked), ["tags_of_controllers"]);
    let toml = "label_exclude = [\"pod-template-hash\", \"controller-revision-hash\"]\n";
    assert_eq!(pieces(&checked, "tags_of_controllers", "toml"), [toml]);

    let annotations = asking(&kubelet, "  annotation_exclude = []\n");
    let checked = check(&kubelet, &annotations, &[]);
    assert_eq!(notices(&checked), ["tags_of_controllers"]);
    let toml = "annotation_exclude = [\"checksum/*\"]\n";
    assert_eq!(pieces(&checked, "tags_of_controllers", "toml"), [toml]);

    // Who excludes some already is told which others.
    let some = asking(&kubelet, "  label_exclude = [\"app\", \"pod-template-hash\"]\n");
    let checked = check(&kubelet, &some, &[]);
    assert_says(&checked, "tags_of_controllers", &["add them to label_exclude"]);
    assert!(
        !finding(&checked, "tags_of_controllers")
            .to_string()
            .contains("pod-template-hash")
    );
}

/// What a check says of a configuration without an option is what it counts of that configuration.
#[test]
fn series_are_those_of_the_configuration() {
    let kubelet = with_rights(Wording::New);
    let (summary, mut pods) = both(12);
    let mut alone = pods["items"][0].clone();
    alone["metadata"]["uid"] = json!("another");
    alone["metadata"]["name"] = json!("alone");
    alone["spec"]["hostNetwork"] = json!(true);
    pods["items"].as_array_mut().unwrap().push(alone);
    pods["items"][3]["spec"]["hostNetwork"] = json!(true);
    set(&kubelet, &summary, &pods);

    let series = |options: &str| {
        let checked = run(&kubelet, &asking(&kubelet, options), &[]);
        let series = checked.json["kubelets"][0]["series"].clone();
        // With one time for all, each line is a series.
        let lines = format!("{} lines, all parse", series["count"]);
        assert!(checked.text.contains(&lines), "{lines}\n{}", checked.text);
        (series, checked)
    };
    let size = |series: &Value| (series["count"].clone(), series["bytes"].clone());
    let (all, checked) = series(ALL);
    let groups = ["image", "owner", "qos", "status", "resources", "utilization"];
    for group in groups {
        let others = ALL
            .replace(&format!("\"{group}\""), "")
            .replace(", ,", ",")
            .replace("[, ", "[")
            .replace(", ]", "]");
        assert_eq!(size(&all["without"][group]), size(&series(&others).0), "{group}");
    }
    for (option, key) in [
        ("label_include", "label_include"),
        ("annotation_include", "annotation_include"),
        ("pod_network", "pod_network"),
        ("metadata", ""),
    ] {
        let is_other = |line: &&str| !key.is_empty() && !line.trim_start().starts_with(key);
        let others: Vec<_> = ALL.lines().filter(is_other).collect();
        let others = format!("{}\n", others.join("\n"));
        assert_eq!(
            size(&all["without"][option]),
            size(&series(&others).0),
            "{option}"
        );
    }
    assert_eq!(all["without"].as_object().unwrap().len(), groups.len() + 4);

    let (count, bytes) = (all["count"].as_u64().unwrap(), all["bytes"].as_u64().unwrap());
    let nothing = &all["without"]["metadata"];
    for words in [
        format!(
            "{count} series, {} of them of what /pods alone lists, and {bytes} bytes a tick; without metadata {} series and {} \
             bytes",
            all["of_pods_alone"], nothing["count"], nothing["bytes"]
        ),
        format!(
            "with label_include 0 series more and {} bytes more",
            bytes - all["without"]["label_include"]["bytes"].as_u64().unwrap()
        ),
        format!("with status {} series more and ", alone_of(&all, "status")),
        "with pod_network ".to_owned(),
        " series less and ".to_owned(),
        "values of its tags in so many pods: ".to_owned(),
    ] {
        assert!(checked.text.contains(&words), "{words}\n{}", checked.text);
    }
    // A name that no pod has is found out.
    for option in ["label_include", "annotation_include"] {
        let (_, checked) = series(&format!("  {option} = [\"example.com/taem\"]\n"));
        let words = format!("with {option} 0 series more and 0 bytes more; no line has a tag of it");
        assert!(checked.text.contains(&words), "{words}\n{}", checked.text);
    }
    assert!(
        !checked.text.contains("no line has a tag of it"),
        "{}",
        checked.text
    );
    // Without metadata there is nothing to be left out.
    let (plain, _) = series("");
    assert_eq!(plain["without"], json!({}));
}

/// A real node's answers of one moment: an image that cannot be pulled, a pod that is done, labels that would be ours.
#[test]
fn a_real_node() {
    let read =
        |name: &str| std::fs::read(format!("{}/tests/captures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let kubelet = with_rights(Wording::New);
    kubelet.set_body(Some(read("live-1.37.2-meta.summary.json")));
    kubelet.set_pods_body(Some(read("live-1.37.2-meta.pods.json")));
    let checked = check(&kubelet, &asking(&kubelet, ALL), &[]);
    assert_eq!(
        notices(&checked),
        ["labels_left_out", "pods_not_in_summary", "tags_of_controllers"]
    );
    let words = ["label_host (2), label_namespace (2), label_time (2)"];
    assert_says(&checked, "labels_left_out", &words);
    assert_says(
        &checked,
        "pods_not_in_summary",
        &["1 Pending", "2 Succeeded", "meta/done", "meta/nopull"],
    );
}

/// The lines that a check counts are those of a tick that knows what `/pods` tells.
#[test]
fn what_is_counted_is_what_a_tick_writes() {
    let kubelet = with_rights(Wording::New);
    let (summary, mut pods) = both(5);
    pods["items"][0]["metadata"]["uid"] = json!("another");
    pods["items"][0]["metadata"]["name"] = json!("alone");
    set(&kubelet, &summary, &pods);
    // Those of the group left out are texts.
    let config = asking(&kubelet, &ALL.replace("\"status\", ", ""));
    let checked = run(&kubelet, &config, &[]);

    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &config));
    plugin.until_ready();
    let deadline = Instant::now() + Duration::from_secs(60);
    let batch = loop {
        plugin.tick();
        let batch = plugin.batch();
        if batch.iter().any(|line| line.contains("metadata_pods=5i")) {
            break batch;
        }
        assert!(Instant::now() < deadline, "{batch:#?}");
    };
    let lines = || batch.iter().filter(|line| !line.starts_with("kubelet_scrape"));
    let series = &checked.json["kubelets"][0]["series"];
    assert_eq!(series["count"], lines().count());
    assert_eq!(series["bytes"], lines().map(|line| line.len() + 1).sum::<usize>());
}

/// All green, over both protocols and over none of TLS; and nothing is asked of `/pods` that is not wanted.
#[test]
fn all_green_with_metadata() {
    for http2 in [false, true] {
        let kubelet = TestKubelet::start(Options {
            http2,
            rights: BOTH.to_vec(),
            ..Options::default()
        });
        let checked = check(&kubelet, &asking(&kubelet, "  metadata = [\"status\"]\n"), &[]);
        assert_eq!(notices(&checked), [""; 0]);
        assert!(
            checked.text.contains("`get` on `nodes/pods`; /pods has 3 pods, "),
            "{}",
            checked.text
        );
        let steps = checked
            .findings()
            .map(|finding| finding["step"].as_str().unwrap());
        let mut steps: Vec<_> = steps.skip_while(|step| *step != "answer").collect();
        steps.dedup();
        assert_eq!(steps, ["answer", "pods", "lines"]);
        let asked = || {
            kubelet
                .requests()
                .iter()
                .filter(|seen| seen.path == "/pods")
                .count()
        };
        let before = asked();
        assert!(before > 0);
        let checked = check(&kubelet, &block(&kubelet), &[]);
        assert!(!checked.text.contains("pods  "), "{}", checked.text);
        assert_eq!(asked(), before);
    }
    let kubelet = start(Serving::PlainHttp);
    let config = format!("{}  metadata = [\"status\"]\n", config(&kubelet, &[]));
    let checked = check(&kubelet, &config, &[]);
    assert_eq!(checked.bad(), [["config", "warning", "read_only_port"]]);
    assert!(checked.text.contains("  /pods has 3 pods, "), "{}", checked.text);
}

#[test]
fn what_is_not_reached_is_told_where_it_is_wanted() {
    let kubelet = with_rights(Wording::New);
    kubelet.set_fault(Fault::NotReady);
    for (options, wanted) in [
        ("", json!(["lines"])),
        ("  metadata = [\"qos\"]\n", json!(["pods", "lines"])),
    ] {
        let checked = check(&kubelet, &asking(&kubelet, options), &[]);
        assert_eq!(checked.json["kubelets"][0]["not_reached"], wanted);
        assert_eq!(checked.json["kubelets"][0]["series"], Value::Null);
    }
}

/// Whatever is in `/pods`: neither our token nor a steering character is told of it. `check` looks for the token itself.
#[test]
fn nothing_of_ours_comes_back_out_of_pods() {
    let kubelet = with_rights(Wording::New);
    let token = std::fs::read_to_string(&kubelet.files().token).unwrap();
    let token = token.trim();
    let evil = format!("\x1b[2J{token}");
    let (summary, mut pods) = both(3);
    let summary = String::from_utf8(summary).unwrap();
    let name = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    let summary = summary.replace(&name, &format!("x-{token}"));
    for pod in pods["items"].as_array_mut().unwrap() {
        pod["metadata"]["uid"] = json!(evil);
        pod["metadata"]["name"] = json!(evil);
        pod["metadata"]["labels"] =
            json!({token: "1", "host": token, format!("{token}\u{1}"): "2", format!("{token}_"): "3"});
        pod["status"]["phase"] = json!(token);
        pod["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": token}});
        pod["status"]["containerStatuses"] = json!([]);
    }
    set(&kubelet, summary.as_bytes(), &pods);
    let checked = run(&kubelet, &asking(&kubelet, ALL), &[]);
    for diagnosis in [
        "pods_not_in_summary",
        "pods_not_listed",
        "labels_left_out",
        "quantities_left_out",
    ] {
        assert_says(&checked, diagnosis, &[]);
    }
    assert!(checked.text.contains("(secret)"), "{}", checked.text);
    for body in [
        format!("Forbidden (user={token}, verb=get, resource=nodes, subresource(s)=[pods proxy])"),
        token.to_owned(),
    ] {
        kubelet.set_pods_fault(Some(fault(403, &body)));
        let checked = run(&kubelet, &asking(&kubelet, ALL), &[]);
        assert_eq!(checked.code, 1, "{}", checked.text);
        assert!(checked.text.contains("(secret)"), "{}", checked.text);
    }
}

/// A label that has the name of a field is a tag under its own key all the same, and a database has both.
#[test]
fn a_label_with_the_name_of_a_field_is_told() {
    let kubelet = with_rights(Wording::New);
    kubelet.set_body(Some(
        br#"{"node":{"nodeName":"n"},"pods":[{"podRef":{"name":"p","namespace":"x","uid":"u"},
        "cpu":{"usageNanoCores":1},"containers":[{"name":"c","cpu":{"usageNanoCores":1}}]}]}"#
            .to_vec(),
    ));
    let pods = |key: &str| {
        format!(
            r#"{{"items":[{{"metadata":{{"name":"p","namespace":"x","uid":"u","labels":{{"{key}":"yes"}}}},
            "spec":{{"containers":[{{"name":"c"}}]}},
            "status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"True"}}]}}}}]}}"#
        )
    };
    let config = asking(&kubelet, "  label_include = [\"*\"]\n  metadata = [\"status\"]\n");
    kubelet.set_pods_body(Some(pods("ready").into_bytes()));
    let checked = check(&kubelet, &config, &[]);
    assert_eq!(
        checked.bad(),
        [["lines", "warning", "tags_of_fields"]],
        "{}",
        checked.text
    );
    // By measurement: no container of it has said whether it is ready.
    assert_says(
        &checked,
        "tags_of_fields",
        &[
            "\\\"ready\\\" of kubernetes_pod. In InfluxQL",
            "\\\"NAME\\\"::tag",
        ],
    );
    kubelet.set_pods_body(Some(pods("app").into_bytes()));
    assert_eq!(notices(&check(&kubelet, &config, &[])), [""; 0]);
}
