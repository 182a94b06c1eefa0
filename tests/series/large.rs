//! A large body may have everything in another order and twice, and is read all the same: reading again has an end that
//! such a one does not reach.

use super::*;

/// Keys in the order of the alphabet, which is not the kubelet's, as `serde_json` has them; in each list everything twice.
fn doubled(pods: usize) -> Value {
    let twice = |entry: Value| json!([entry.clone(), entry]);
    let cpu = json!({"time": "2026-01-01T00:00:00Z", "usageNanoCores": 5});
    let container = json!({"name": "c", "cpu": cpu, "startTime": "2026-01-01T00:00:00Z",
        "userDefinedMetrics": twice(json!({"name": "m", "value": 1}))});
    let pod = |at: usize| {
        json!({"podRef": {"name": format!("pod-{at}"), "namespace": "x", "uid": at.to_string()},
            "containers": twice(container.clone()), "cpu": cpu,
            "network": {"name": "eth0", "rxBytes": 1, "interfaces": twice(json!({"name": "eth0", "rxBytes": 1}))},
            "volume": twice(json!({"name": "v", "usedBytes": 1}))})
    };
    let mut all: Vec<_> = (0..pods).map(pod).collect();
    all.push(pod(pods - 1));
    json!({"node": {"nodeName": "n", "cpu": cpu}, "pods": all})
}

#[test]
fn everything_twice_in_another_order() {
    const PODS: usize = 400;
    let summary = doubled(PODS);
    let (lines, rendered) = render(&Settings::default(), &summary);
    assert!(summary.to_string().len() > 131 * 1024);
    // Of each pod its own line, one of the container, the metric, the network, the interface and the volume.
    assert_eq!(rendered.lines, 6 * PODS as u64 + 1);
    assert_eq!(lines.lines().count() as u64, rendered.lines);
}
