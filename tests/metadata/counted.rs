//! What of `/pods` cannot be read: left out, counted at each tick as long as that answer is in use, and said once.

use serde_json::{Value, json};

use super::list;
use super::running::{Batch, EVERYTHING, OFTEN, PODS, Running, kubelet};

/// A pod in which so many values are none.
fn bad() -> (Value, u64) {
    let pod = json!({
        "metadata": {"name": "bad", "namespace": "shop", "uid": "bad", "labels": {"app": 5, "ok": "x"}},
        "spec": {"containers": [{"name": "app", "image": 7, "resources": {"limits": {"cpu": "much"}}}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": "3", "ready": "yes",
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1.5, "reason": "Error", "finishedAt": "yesterday"}}}]},
    });
    (pod, 7)
}

/// A tick with that answer has the pod.
fn has_it(batch: &Batch) -> bool {
    batch.pods().any(|line| line.contains(",pod_name=bad,"))
}

#[test]
fn what_cannot_be_read_is_counted_at_each_tick_and_said_once() {
    let kubelet = kubelet();
    let mut running = Running::start(&kubelet, &format!("{EVERYTHING}{OFTEN}"));
    let count = |batch: &Batch| batch.field("fields_out_of_range").unwrap();
    assert_eq!(count(&running.until_known()), 0);
    let (pod, values) = bad();
    // A pod that is none counts as one.
    kubelet.set_pods_body(Some(list(&[pod, json!(5)]).to_string().into_bytes()));
    let batch = running.tick_until("the bad pod", has_it);
    assert_eq!(count(&batch), values + 1, "{batch:#?}");
    // What can be read is told.
    let state = batch.pods().find(|line| line.contains("state_reason="));
    let state = state.expect("its container").clone();
    for part in [
        ",ok=x ",
        "state_reason=\"CrashLoopBackOff\"",
        "last_terminated_reason=\"Error\"",
    ] {
        assert!(state.contains(part), "{part} is not in {state}");
    }
    // The next ones are the same to the letter, and not read again.
    for _ in 0..10 {
        let batch = running.tick();
        assert!(has_it(&batch) && count(&batch) == values + 1, "{batch:#?}");
    }
    kubelet.set_pods_body(None);
    let good = |batch: &Batch| batch.field("metadata_pods") == Some(PODS as u64);
    assert_eq!(count(&running.tick_until("the good ones", good)), 0);
    let log = running.stop();
    let said: Vec<_> = log.iter().filter(|line| line.contains("left out")).collect();
    assert_eq!(said.len(), 1, "{log:#?}");
    assert!(
        said[0].starts_with("W! ") && said[0].contains(&format!("left out {} values of /pods", values + 1)),
        "{}",
        said[0]
    );
}

/// Of what nobody wants nothing is left out.
#[test]
fn pods_that_are_not_let_through_do_not_count() {
    let kubelet = kubelet();
    let mut running = Running::start(
        &kubelet,
        &format!("{EVERYTHING}{OFTEN}  pod_exclude = [\"bad\"]\n"),
    );
    running.until_known();
    kubelet.set_pods_body(Some(list(&[bad().0]).to_string().into_bytes()));
    let one = |batch: &Batch| batch.field("metadata_pods") == Some(1);
    running.tick_until("the one pod", one);
    for _ in 0..5 {
        assert_eq!(running.tick().field("fields_out_of_range"), Some(0));
    }
}

/// What the log said of the summary keeps nothing of this from it.
#[test]
fn each_kind_is_said_once() {
    let kubelet = kubelet();
    let mut summary: Value = serde_json::from_slice(&test_kubelet::summary(
        &test_kubelet::GeneratorOptions {
            pods: PODS,
            ..Default::default()
        },
        1,
    ))
    .unwrap();
    summary["node"]["cpu"]["usageNanoCores"] = json!("none");
    kubelet.set_body(Some(summary.to_string().into_bytes()));
    let mut running = Running::start(&kubelet, &format!("{EVERYTHING}{OFTEN}"));
    assert_eq!(running.tick().field("fields_out_of_range"), Some(1));
    kubelet.set_pods_body(Some(list(&[bad().0]).to_string().into_bytes()));
    running.tick_until("the bad pod", has_it);
    running.tick();
    let log = running.stop();
    let said: Vec<_> = log.iter().filter(|line| line.contains("left out")).collect();
    assert_eq!(said.len(), 2, "{log:#?}");
    assert!(
        said[0].contains("left out 1 values that are not of the API's type"),
        "{}",
        said[0]
    );
    assert!(said[1].contains("left out 7 values of /pods"), "{}", said[1]);
}
