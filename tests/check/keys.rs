//! What is told of an answer as a whole: how much it holds, of which Kubernetes it is at least, and what it has that nobody
//! knows.

use serde_json::{Value, json};
use test_kubelet::{Serving, TestKubelet};

use super::support::check::{Checked, check};
use super::support::plugin::block;
use super::support::scrape::{once, start};

/// What is said of the answer, and what of its unknown keys if anything.
fn said(checked: &Checked) -> (String, Option<String>) {
    let of = |wanted: &str| {
        let mut findings = checked
            .findings()
            .filter(|finding| finding["step"] == "answer" && finding["diagnosis"].as_str() == Some(wanted));
        findings
            .next()
            .map(|finding| finding["said"].as_str().unwrap().to_owned())
    };
    let first = checked
        .findings()
        .find(|finding| finding["step"] == "answer")
        .unwrap_or_else(|| panic!("{}", checked.text));
    (first["said"].as_str().unwrap().to_owned(), of("unknown_keys"))
}

/// Two pods with three containers.
fn answer() -> Value {
    let pod = |name: &str, containers: &[&str]| {
        let containers: Vec<_> = containers
            .iter()
            .map(|name| json!({"name": name, "memory": {"rssBytes": 1}}))
            .collect();
        json!({"podRef": {"name": name, "namespace": "shop", "uid": name}, "containers": containers})
    };
    json!({
        "node": {"nodeName": "n", "fs": {"usedBytes": 1}, "cpu": {"usageNanoCores": 1}},
        "pods": [pod("a", &["a", "b"]), pod("b", &["c"])],
    })
}

fn serve(kubelet: &TestKubelet, answer: &Value) {
    kubelet.set_body(Some(answer.to_string().into_bytes()));
}

#[test]
fn the_version_is_told_by_what_is_there_whatever_is_written() {
    let kubelet = start(Serving::CaIssued);
    let all = block(&kubelet);
    let filtered = format!(
        "{all}  fields_include = [\"kubernetes_node.fs_*\"]\n  namespace_include = [\"x\"]\n  volume = \"claims\"\n"
    );
    let renamed = format!("{all}  node_metric_name = \"my_node\"\n  timestamp = \"sample\"\n");
    let mut answer = answer();
    let assert = |answer: &Value, version: &str| {
        serve(&kubelet, answer);
        for config in [&all, &filtered, &renamed] {
            let (said, _) = said(&check(&kubelet, config, &[]));
            assert!(said.contains("2 pods, 3 containers, "), "{said}");
            assert!(
                said.ends_with(&format!("by what it tells, Kubernetes {version} or newer")),
                "{said}"
            );
        }
    };
    assert(&answer, "1.3");
    answer["pods"][1]["containers"][0]["swap"] = json!({"swapUsageBytes": 0});
    assert(&answer, "1.28");
    answer["pods"][0]["volume"] = json!([{"name": "v", "volumeHealthStats": {"abnormal": false}}]);
    assert(&answer, "1.28");
    answer["node"]["io"] = json!({"psi": {"full": {"avg10": 0}}});
    assert(&answer, "1.33");

    kubelet.set_body(Some(br#"{"node":{"nodeName":"n"},"pods":[]}"#.to_vec()));
    let (said, unknown) = said(&check(&kubelet, &all, &[]));
    assert!(
        said.contains("0 pods, 0 containers") && said.contains("no version"),
        "{said}"
    );
    assert_eq!(unknown, None);
}

/// A tick has no bound of its own either.
#[test]
fn a_large_answer_is_looked_through_as_well() {
    let kubelet = start(Serving::CaIssued);
    let mut answer = answer();
    answer["pods"][0]["containers"][1]["memory"]["newBytes"] = json!(1);
    let mut body = answer.to_string().into_bytes();
    body.resize(body.len() + 9 * 1024 * 1024, b' ');
    kubelet.set_body(Some(body));
    let (said, unknown) = said(&check(&kubelet, &block(&kubelet), &[]));
    assert!(said.contains("2 pods, 3 containers, "), "{said}");
    assert!(said.contains("Kubernetes 1.3 "), "{said}");
    let unknown = unknown.expect("a new key");
    assert!(
        unknown.ends_with(": pods[].containers[].memory.newBytes"),
        "{unknown}"
    );
}

#[test]
fn each_key_is_named_once_and_so_many_are_enough() {
    let kubelet = start(Serving::CaIssued);
    let mut answer = answer();
    for pod in [0, 1] {
        answer["pods"][pod]["gpu"] = json!({"any": 1});
        answer["pods"][pod]["containers"][0]["gpu"] = json!(1);
    }
    answer["version"] = json!(2);
    serve(&kubelet, &answer);
    let (_, unknown) = said(&check(&kubelet, &block(&kubelet), &[]));
    assert_eq!(
        unknown.as_deref(),
        Some(
            "keys that this version does not know, and does not write: pods[].containers[].gpu, pods[].gpu, version"
        )
    );

    for at in 0..1000 {
        answer["node"][format!("new{at}")] = json!(null);
    }
    serve(&kubelet, &answer);
    let (_, unknown) = said(&check(&kubelet, &block(&kubelet), &[]));
    let unknown = unknown.expect("a thousand");
    assert!(
        unknown.contains("node.new0, ") && unknown.ends_with(" and others"),
        "{unknown}"
    );
    assert!(unknown.len() < 700, "{unknown}");
}

/// Whoever answers may name its keys as it likes: with what it was sent, too.
#[test]
fn keys_that_are_made_to_be_told() {
    let kubelet = start(Serving::CaIssued);
    let config = block(&kubelet);
    let token = std::fs::read_to_string(&kubelet.files().token).unwrap();
    let token = token.trim();
    let escaped: Vec<_> = token
        .chars()
        .map(|character| format!("\\u{:04x}", u32::from(character)))
        .collect();
    let (head, tail) = token.split_at(token.len() / 2);
    // In decimal, a byte a key; and so that they are told in this order.
    let numbers: Vec<_> = token.bytes().map(|byte| byte.to_string()).collect();
    let in_order = (1..20).zip(&numbers).map(|(at, byte)| "a".repeat(at) + byte);
    let in_order = in_order.collect();
    let mut hostile: Vec<Vec<String>> = vec![
        vec![token.to_owned()],
        vec![escaped.concat()],
        vec![head.to_owned(), tail.to_owned()],
        numbers.clone(),
        in_order,
        vec![format!("{}{token}", "k".repeat(100 * 1024)), token.repeat(2000)],
        vec![r"\u001b[31m\nE! a line of its own\r\u202e\u0000".to_owned()],
    ];
    // Across each length at which anything is cut.
    for length in [256, 512, 4096] {
        hostile.extend([4, 12, 20].map(|inside| vec![format!("{}{token}", "k".repeat(length - inside))]));
        // As many short ones, and then that.
        hostile.extend([4, 12, 20].map(|inside| {
            let mut keys: Vec<_> = (10..(length - inside) / 12)
                .map(|at| format!("a{at:09}"))
                .collect();
            keys.push(format!("b{token}"));
            keys
        }));
    }
    for keys in hostile {
        let members: Vec<_> = keys.iter().map(|key| format!("\"{key}\":1,")).collect();
        let body = format!(
            r#"{{{}"node":{{"nodeName":"n","memory":{{"rssBytes":1}}}},"pods":[]}}"#,
            members.concat()
        );
        kubelet.set_body(Some(body.into_bytes()));
        // Both look for the token in all that is said.
        let left = once(&kubelet, &config);
        assert!(
            left.stdout.last().unwrap().contains("result=success"),
            "{left:#?}"
        );
        assert_eq!(left.stderr.len(), 2, "{left:#?}");
        let told = &left.stderr[1];
        assert!(
            told.starts_with("I! ") && told.contains("does not know"),
            "{told}"
        );
        let checked = check(&kubelet, &config, &[]);
        assert_eq!(checked.code, 0, "{}", checked.text);
        let unknown = said(&checked).1.expect("a key");
        for told in [told, &unknown] {
            assert!(!told.chars().any(char::is_control), "{told:?}");
            assert!(told.len() < 1500, "{told}");
        }
        if keys[0].len() > 100_000 {
            assert!(
                unknown.contains(&format!("(a key of {} bytes)", keys[0].len())),
                "{unknown}"
            );
        }
    }
}
