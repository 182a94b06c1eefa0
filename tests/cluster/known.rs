//! What a real kubelet's `/pods` tells of pods in the states that matter, and what becomes of the summary's lines while it
//! tells nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::load::until_nothing_is_wrong;
use crate::machine::{Cluster, cluster};
use crate::pod::{self, Volume};
use crate::support::lines::{Key, Number, parse};
use crate::support::plugin::{PATIENCE as OF_A_TICK, Plugin};

const PODS: &str = include_str!("known.yaml");

/// Of a file on the node, as kubeadm has its own.
const STATIC: &str = "apiVersion: v1
kind: Pod
metadata: {name: of-a-file, namespace: known, labels: {tier: control-plane}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: \"localhost/busybox:1\", imagePullPolicy: Never}]
";

/// All that is asked of `/pods`.
const ALL: &str = "  label_include = [\"*\"]
  annotation_include = [\"kubernetes.io/config.source\"]
  metadata = [\"image\", \"owner\", \"qos\", \"status\", \"resources\", \"utilization\"]
  metadata_interval = \"1s\"
";

/// What a field or a tag of a line has to be.
enum Is {
    Number(i64),
    AtLeast(i64),
    Text(&'static str),
    /// Of a limit; these pods do hardly anything.
    Percent,
    Absent,
}

use Is::{Absent, AtLeast, Number as Exactly, Percent, Text};

/// What is known of a pod, or of one of its containers.
struct Known {
    /// How its name begins.
    pod: &'static str,
    container: Option<&'static str>,
    tags: &'static [(&'static str, &'static str)],
    fields: &'static [(&'static str, Is)],
}

const BUSYBOX: [(&str, &str); 2] = [("image", "localhost/busybox:1"), ("version", "1")];

/// By `known.yaml`, and by what is done to `resized`.
const KNOWN: [Known; 13] = [
    Known {
        pod: "crashing",
        container: Some("main"),
        tags: &BUSYBOX,
        fields: &[
            ("state_code", Exactly(2)),
            ("state_reason", Text("CrashLoopBackOff")),
            ("restarts_total", AtLeast(1)),
            ("ready", Exactly(0)),
            ("last_terminated_reason", Text("Error")),
            ("last_terminated_exit_code", Exactly(3)),
            ("last_terminated_time_seconds", AtLeast(1_700_000_000)),
            ("resource_limits_memory_bytes", Absent),
        ],
    },
    Known {
        pod: "crashing",
        container: None,
        tags: &[("qos_class", "BestEffort")],
        fields: &[("phase", Text("Running")), ("ready", Exactly(0))],
    },
    Known {
        pod: "without-image",
        container: Some("main"),
        tags: &[("image", "localhost:5000/team/none:7"), ("version", "7")],
        fields: &[
            ("state_code", Exactly(2)),
            ("state_reason", Text("ImagePullBackOff")),
            ("restarts_total", Exactly(0)),
            ("ready", Exactly(0)),
            ("last_terminated_reason", Absent),
            ("last_terminated_exit_code", Absent),
            ("last_terminated_time_seconds", Absent),
            ("memory_working_set_bytes", Absent),
        ],
    },
    Known {
        pod: "without-image",
        container: None,
        tags: &[("qos_class", "BestEffort")],
        fields: &[("phase", Text("Pending")), ("ready", Exactly(0))],
    },
    Known {
        pod: "killed",
        container: Some("main"),
        tags: &BUSYBOX,
        fields: &[
            ("state_code", Exactly(2)),
            ("state_reason", Text("CrashLoopBackOff")),
            ("last_terminated_reason", Text("OOMKilled")),
            ("last_terminated_exit_code", Exactly(137)),
            ("resource_limits_memory_bytes", Exactly(16 << 20)),
            // By the limit, where nothing is asked for.
            ("resource_requests_memory_bytes", Exactly(16 << 20)),
        ],
    },
    Known {
        pod: "web-",
        container: Some("proxy"),
        tags: &BUSYBOX,
        fields: &[
            ("state_code", Exactly(0)),
            ("state_reason", Absent),
            ("ready", Exactly(1)),
            ("memory_working_set_bytes", AtLeast(1)),
            ("resource_requests_millicpu_units", Exactly(20)),
            ("resource_limits_memory_bytes", Exactly(16 << 20)),
            ("memory_working_set_limit_percent", Percent),
        ],
    },
    // It is done, and was never among the summary's numbers for long.
    Known {
        pod: "web-",
        container: Some("prepare"),
        tags: &BUSYBOX,
        fields: &[
            ("state_code", Exactly(1)),
            ("state_reason", Text("Completed")),
            ("memory_working_set_bytes", Absent),
        ],
    },
    Known {
        pod: "web-",
        container: Some("app"),
        tags: &[
            ("owner_kind", "Deployment"),
            ("owner_name", "web"),
            ("app", "web"),
            ("namespace", "known"),
            ("label_namespace", "evil"),
        ],
        fields: &[
            ("state_code", Exactly(0)),
            ("restarts_total", Exactly(0)),
            ("resource_limits_millicpu_units", Exactly(200)),
            ("resource_limits_ephemeral_storage_bytes", Exactly(100 << 20)),
            ("memory_working_set_limit_percent", Percent),
            ("ephemeral_storage_used_limit_percent", Percent),
        ],
    },
    // The init container is what asks for most, with the sidecar that runs beside it: 20m and 100m, 8 and 16 MiB of both
    // that go on. Of storage the sidecar has no limit.
    Known {
        pod: "web-",
        container: None,
        tags: &[("qos_class", "Burstable"), ("owner_kind", "Deployment")],
        fields: &[
            ("phase", Text("Running")),
            ("ready", Exactly(1)),
            ("resource_requests_millicpu_units", Exactly(120)),
            ("resource_requests_memory_bytes", Exactly(24 << 20)),
            ("resource_limits_millicpu_units", Exactly(250)),
            ("resource_limits_memory_bytes", Exactly(48 << 20)),
            ("resource_limits_ephemeral_storage_bytes", Absent),
            ("memory_working_set_limit_percent", Percent),
        ],
    },
    Known {
        pod: "resized",
        container: Some("main"),
        tags: &BUSYBOX,
        fields: &[
            ("state_code", Exactly(0)),
            ("restarts_total", Exactly(0)),
            ("resource_requests_millicpu_units", Exactly(150)),
            ("resource_limits_millicpu_units", Exactly(150)),
            ("resource_limits_memory_bytes", Exactly(48 << 20)),
            ("memory_working_set_limit_percent", Percent),
        ],
    },
    Known {
        pod: "resized",
        container: None,
        tags: &[("qos_class", "Guaranteed")],
        fields: &[
            ("resource_limits_millicpu_units", Exactly(150)),
            ("resource_limits_memory_bytes", Exactly(48 << 20)),
        ],
    },
    // The summary's numbers and what is known of it meet in one line.
    Known {
        pod: "of-a-file-node-1",
        container: Some("main"),
        tags: &[
            ("image", "localhost/busybox:1"),
            ("tier", "control-plane"),
            ("kubernetes.io/config.source", "file"),
        ],
        fields: &[
            ("state_code", Exactly(0)),
            ("ready", Exactly(1)),
            ("memory_working_set_bytes", AtLeast(1)),
        ],
    },
    Known {
        pod: "of-a-file-node-1",
        container: None,
        tags: &[("qos_class", "BestEffort"), ("tier", "control-plane")],
        fields: &[
            ("phase", Text("Running")),
            ("memory_working_set_bytes", AtLeast(1)),
        ],
    },
];

impl Known {
    /// The one line that there has to be.
    fn wrong(&self, lines: &[Line]) -> Option<String> {
        let [measurement, of] = match self.container {
            Some(container) => ["kubernetes_pod_container", container],
            None => ["kubernetes_pod", ""],
        };
        let found: Vec<_> = lines
            .iter()
            .filter(|line| line.measurement == measurement && line.tag("namespace") == Some("known"))
            .filter(|line| {
                line.tag("pod_name")
                    .is_some_and(|name| name.starts_with(self.pod))
            })
            .filter(|line| line.tag("container_name") == self.container)
            .collect();
        let [line] = found[..] else {
            return Some(format!("{} {of}: {} lines", self.pod, found.len()));
        };
        let tags = self
            .tags
            .iter()
            .filter(|(tag, value)| line.tag(tag) != Some(value));
        let tags = tags.map(|(tag, value)| format!("{tag} is {:?}, not {value:?}", line.tag(tag)));
        let fields = self
            .fields
            .iter()
            .filter(|(field, is)| !is.right(line.fields.get(*field)));
        let fields = fields.map(|(field, _)| format!("{field} is {:?}", line.fields.get(*field)));
        let wrong: Vec<_> = tags.chain(fields).collect();
        (!wrong.is_empty()).then(|| format!("{} {of}: {}", self.pod, wrong.join(", ")))
    }
}

impl Is {
    fn right(&self, found: Option<&Number>) -> bool {
        match (self, found) {
            (Absent, None) => true,
            (Exactly(number), Some(Number::Integer(found))) => found == number,
            (AtLeast(least), Some(Number::Integer(found))) => found >= least,
            (Text(text), Some(Number::Text(found))) => found == text,
            (Percent, Some(Number::Float(found))) => (0.0..100.0).contains(found),
            _ => false,
        }
    }
}

/// A line, with all its fields.
struct Line {
    measurement: String,
    tags: BTreeMap<String, String>,
    fields: BTreeMap<String, Number>,
}

impl Line {
    fn tag(&self, tag: &str) -> Option<&str> {
        self.tags.get(tag).map(String::as_str)
    }

    fn integer(&self, field: &str) -> Option<i64> {
        match self.fields.get(field) {
            Some(Number::Integer(number)) => Some(*number),
            _ => None,
        }
    }
}

fn lines(batch: &[String]) -> Vec<Line> {
    let parsed = batch.iter().map(|line| parse(&format!("{line}\n")));
    parsed
        .map(|fields| {
            let (measurement, tags, _) = fields[0].0.clone();
            Line {
                measurement,
                tags,
                fields: fields
                    .into_iter()
                    .map(|((.., field), number)| (field, number))
                    .collect(),
            }
        })
        .collect()
}

/// A share is one of the very numbers beside it.
fn assert_shares(lines: &[Line]) {
    let mut shares = 0;
    for line in lines {
        let Some(Number::Float(share)) = line.fields.get("memory_working_set_limit_percent") else {
            continue;
        };
        let [used, limit] = ["memory_working_set_bytes", "resource_limits_memory_bytes"].map(|field| {
            let number = line
                .integer(field)
                .unwrap_or_else(|| panic!("no {field}: {:?}", line.fields));
            f64::from(u32::try_from(number).expect("below 4 GiB"))
        });
        assert!(
            (share - used / limit * 100.0).abs() < 1e-9,
            "{share} of {used} in {limit}"
        );
        shares += 1;
    }
    assert!(shares >= 4, "{shares}");
}

/// The line about the scrape, whose last part is what `/pods` was like.
fn told(batch: &[String]) -> Option<i64> {
    let scrape = batch.last().expect("a line");
    assert!(scrape.contains(",result=success"), "{scrape}");
    lines(std::slice::from_ref(scrape))[0].integer("metadata_result_code")
}

fn tick(plugin: &mut Plugin) -> Vec<String> {
    plugin.tick();
    plugin.batch()
}

/// What is in the lines of the summary.
fn keys(batch: &[String]) -> BTreeSet<Key> {
    let fields = parse(&format!("{}\n", batch.join("\n")))
        .into_iter()
        .map(|(key, _)| key);
    fields
        .filter(|(measurement, ..)| measurement != "kubelet_scrape")
        .collect()
}

/// Without the right to `/pods`, all that the summary has comes, as it does where nothing is asked of `/pods`: what it had
/// before and after, and nothing else. Containers come and go meanwhile, one of them every few seconds.
fn assert_nothing_is_lost(cluster: &Cluster, volume: &Volume, plugin: &mut Plugin) {
    let plain = || keys(&cluster.scrape(&volume.config()).stdout);
    until_nothing_is_wrong(|| {
        let before = plain();
        let batch = tick(plugin);
        let after = plain();
        let stayed: BTreeSet<_> = before.intersection(&after).cloned().collect();
        let either: BTreeSet<_> = before.union(&after).cloned().collect();
        let found = keys(&batch);
        let lost = stayed.difference(&found).map(|key| format!("lost: {key:?}"));
        let more = found
            .difference(&either)
            .map(|key| format!("not the summary's: {key:?}"));
        let mut wrong: Vec<_> = lost.chain(more).collect();
        // It may not have been asked yet.
        if told(&batch) != Some(5) || stayed.len() < 100 {
            wrong.push(format!("{} keys, {:?}", stayed.len(), batch.last()));
        }
        wrong
    });
}

#[test]
fn pods_of_all_states_have_their_lines() {
    let mut cluster = cluster();
    cluster.apply(PODS);
    cluster.sh(&format!(
        "cat >/etc/kubernetes/manifests/of-a-file.yaml <<'END'\n{STATIC}END"
    ));
    let volume = pod::good(&mut cluster);
    cluster.until_scraped(&volume.config(), "success");
    let mut plugin = cluster.plugin(&format!("{}{ALL}", volume.config()));
    // It has read its configuration, whose file the next one gets too.
    tick(&mut plugin);
    assert_nothing_is_lost(&cluster, &volume, &mut plugin);

    // Beside `nodes/stats`, which the account has: nothing else is needed.
    pod::may_ask_for_pods(&cluster);
    cluster.kubectl(&[
        "wait",
        "-n",
        "known",
        "pod/resized",
        "--for=condition=Ready",
        "--timeout=60s",
    ]);
    cluster.kubectl(&[
        "patch", "pod", "resized", "-n", "known", "--subresource=resize", "-p",
        r#"{"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": "150m", "memory": "48Mi"}, "limits": {"cpu": "150m", "memory": "48Mi"}}}]}}"#,
    ]);
    let mut last = Vec::new();
    until_nothing_is_wrong(|| {
        last = tick(&mut plugin);
        let lines = lines(&last);
        KNOWN.iter().filter_map(|known| known.wrong(&lines)).collect()
    });
    assert_eq!(told(&last), Some(0));
    assert_shares(&lines(&last));

    plugin.close_stdin();
    let log = plugin.wait(OF_A_TICK).stderr;
    let warnings: Vec<_> = log.iter().filter(|line| !line.starts_with("I! ")).collect();
    // Once, by the right's name, and whose it is to be.
    assert_eq!(warnings.len(), 1, "{log:#?}");
    for word in [
        "W! ",
        "no metadata of pods",
        "403",
        "nodes/pods",
        "system:serviceaccount:monitoring:telegraf",
    ] {
        assert!(warnings[0].contains(word), "{word}: {log:#?}");
    }
    assert!(
        log.iter()
            .any(|line| line.contains("metadata of pods comes again")),
        "{log:#?}"
    );
    cluster.sh("rm /etc/kubernetes/manifests/of-a-file.yaml");
    cluster.kubectl(&["delete", "namespace", "known", "--wait=false"]);
}
