//! More than is held of a pod, and values that are none: what can not be known for them is not told, and is counted.

use serde_json::{Value, json};

use super::{Node, all, lines_with, list, pod, summary, with};

/// What a pod's own line says, and how much is left out at a tick.
fn told(pod: &Value) -> (String, u64) {
    let mut node = Node::new(&with(all()));
    let mut answers = Vec::new();
    for _ in 0..2 {
        // The second time it is written as it was before.
        node.learn(&list(std::slice::from_ref(pod)));
        let (lines, rendered) = node
            .try_tick(summary(&[]).to_string().as_bytes())
            .expect("a summary");
        let of_pod = lines_with(&lines, "kubernetes_pod,");
        let [line] = of_pod[..] else { panic!("{lines}") };
        let (line, _) = line.rsplit_once(' ').expect("a time");
        answers.push((line.to_owned(), rendered.left_out()));
    }
    assert_eq!(answers[0], answers[1]);
    answers.remove(0)
}

fn container(name: &str, cpu: &Value) -> Value {
    json!({"name": name, "resources": {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}})
}

/// A sum of those that are held alone would be less than what Kubernetes keeps free.
#[test]
fn a_pod_of_more_containers_than_are_held_has_no_sums() {
    for (containers, want, left_out) in [(512, true, 0), (513, false, 1), (600, false, 88)] {
        let mut many = pod("web-0", "1", "a");
        let of: Vec<_> = (0..containers)
            .map(|at| container(&format!("c{at}"), &json!("1")))
            .collect();
        for key in ["containers", "initContainers"] {
            many["spec"] = json!({key: of});
            let (line, counted) = told(&many);
            assert_eq!(line.contains("resource_requests_millicpu_units="), want, "{line}");
            assert_eq!(counted, left_out, "{containers} {key}");
        }
        // What the pod says itself needs none of them.
        many["spec"] = json!({"containers": of, "resources": {"requests": {"cpu": "7"}}});
        assert!(told(&many).0.contains("resource_requests_millicpu_units=7000i"));
    }
}

/// Nobody prints a quantity as anything but text. If somebody does, it is one that can not be read.
#[test]
fn a_quantity_that_is_no_text_is_in_no_sum() {
    for wrong in [json!(1), json!(0.5), json!([1]), json!({"a": 1}), json!(true)] {
        let mut odd = pod("web-0", "1", "a");
        odd["spec"] = json!({"containers": [container("app", &json!("1")), container("other", &wrong)]});
        let (line, left_out) = told(&odd);
        assert!(!line.contains("millicpu"), "{wrong}: {line}");
        assert_eq!(left_out, 2, "{wrong}");
    }
    let mut none = pod("web-0", "1", "a");
    none["spec"] = json!({"containers": [container("app", &json!("1")), container("other", &Value::Null)]});
    let (line, left_out) = told(&none);
    assert!(line.contains("resource_requests_millicpu_units=1000i"), "{line}");
    assert_eq!(left_out, 0);
}

#[test]
fn values_that_are_none_are_counted_at_each_tick() {
    let mut odd = pod("web-0", "1", "a");
    odd["metadata"]["labels"]["number"] = json!(5);
    odd["spec"]["hostNetwork"] = json!("yes");
    odd["status"]["containerStatuses"] = json!([{"name": "app", "restartCount": "many"}, 5]);
    assert_eq!(told(&odd).1, 4);
}

/// Its author names any number of gates, and of owners.
#[test]
fn many_conditions_and_owners_hide_none() {
    let mut many = pod("web-0", "1", "a");
    let gates = (0..100).map(|at| json!({"type": format!("gate-{at}"), "status": "True"}));
    let ready = json!({"type": "Ready", "status": "True"});
    many["status"]["conditions"] = gates.chain([ready]).collect();
    let others = (0..100).map(|at| json!({"kind": "Other", "name": format!("o{at}")}));
    let owner = json!({"kind": "StatefulSet", "name": "web", "controller": true});
    many["metadata"]["ownerReferences"] = others.chain([owner]).collect();
    let (line, left_out) = told(&many);
    assert!(
        line.contains("owner_kind=StatefulSet,owner_name=web") && line.contains("ready=1i"),
        "{line}"
    );
    assert_eq!(left_out, 0);
}
