//! A stage on which `/pods` is asked too: what it lists, and what one tick made of it.

use std::collections::BTreeMap;

use serde_json::Value;
use test_kubelet::{Options, Right, TestKubelet, pods};

use crate::stage::{DATABASE, HOST, Stage, unique};
use crate::support::database::Database as _;
use crate::support::lines::{Key, Number};
use crate::telegraf::Telegraf;
use crate::wait::until;

/// A summary and the list of its pods.
pub struct Answers {
    pub summary: Value,
    pub pods: Value,
}

impl Answers {
    /// Of a real kubelet, at one moment: a pod in a crash loop, one that was killed for its memory, one whose image can not
    /// be pulled, some that are done, sidecars, and labels with names of ours.
    pub fn real() -> Self {
        Self {
            summary: json(include_bytes!("../captures/live-1.37.2-meta.summary.json")),
            pods: json(include_bytes!("../captures/live-1.37.2-meta.pods.json")),
        }
    }

    /// Of so many pods whose makers, images, requests and limits are of all kinds.
    pub fn generated(pods: usize) -> Self {
        let options = test_kubelet::GeneratorOptions {
            pods,
            containers: 3,
            ..test_kubelet::GeneratorOptions::default()
        };
        let summary = test_kubelet::summary(&options, 1);
        Self {
            pods: json(&pods::pod_list(&summary, 1)),
            summary: json(&summary),
        }
    }

    /// The pod of this name in the list, to be changed.
    pub fn pod(&mut self, name: &str) -> &mut Value {
        let mut pods = self.pods["items"].as_array_mut().expect("a list").iter_mut();
        let pod = pods.find(|pod| pod["metadata"]["name"] == name);
        pod.unwrap_or_else(|| panic!("no pod {name}"))
    }

    /// All that are listed.
    pub fn items(&self) -> &[Value] {
        self.pods["items"].as_array().expect("a list")
    }

    /// A stage with a kubelet that gives these answers, and to whose account both may be given.
    pub fn stage(&self) -> Stage {
        Stage::with(Options {
            body: Some(self.summary.to_string().into_bytes()),
            pods_body: Some(self.pods.to_string().into_bytes()),
            rights: vec![Right::Stats, Right::Pods],
            ..Options::default()
        })
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

/// How a kubelet is asked, behind the head of a block: the same for the plugin and for Telegraf's own inputs.
pub fn how(kubelet: &TestKubelet) -> String {
    let files = kubelet.files();
    format!(
        "  bearer_token = '{}'\n  tls_ca = '{}'\n",
        files.token.display(),
        files.ca.display()
    )
}

/// Runs Telegraf until what `/pods` tells is in the plugin's lines and `peers` counts something, and comes back with its log.
pub fn run_until_known(stage: &Stage, telegraf: &Telegraf, peers: &str) -> crate::telegraf::Ended {
    let service = telegraf.start();
    until("a tick knows of the pods", || {
        let counts = ["SELECT COUNT(metadata_pods) FROM kubelet_scrape", peers]
            .map(|query| stage.influx.count(DATABASE, query));
        counts.iter().all(|count| *count > 0).then_some(())
    });
    service.stop()
}

/// All of the last tick of the plugin whose lines know of the pods, but for the one about the scrape.
pub fn last_known(stage: &Stage) -> BTreeMap<Key, Number> {
    let batches = stage.influx.points(DATABASE);
    let knows = |batch: &Vec<(Key, Number)>| batch.iter().any(|((.., field), _)| field == "metadata_pods");
    let batch = batches.into_values().rev().find(knows).expect("there is one");
    let fields = batch
        .into_iter()
        .filter(|((measurement, ..), _)| measurement != "kubelet_scrape");
    unique(fields.map(without_host).collect())
}

/// Without what Telegraf adds to every line, unless somebody else wrote it.
pub fn without_host(((measurement, mut tags, field), number): (Key, Number)) -> (Key, Number) {
    if tags.get("host").is_some_and(|host| host == HOST) {
        tags.remove("host");
    }
    ((measurement, tags, field), number)
}
