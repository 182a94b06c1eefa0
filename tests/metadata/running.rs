//! The program with metadata asked for, against a test kubelet that has it.

use std::time::Instant;

use test_kubelet::{Options, Right, TestKubelet};

use super::support::plugin::{PATIENCE, Plugin, block, command};

/// What every test here asks for, as often as there is a tick.
pub const EVERYTHING: &str = "  label_include = [\"*\"]\n  metadata = [\"image\", \"owner\", \"qos\", \"status\", \
                              \"resources\", \"utilization\"]\n";

/// As often as there is a tick.
pub const OFTEN: &str = "  metadata_interval = \"1ms\"\n";

/// A kubelet that may be asked for its pods.
pub fn kubelet() -> TestKubelet {
    kubelet_with(Options::default())
}

pub fn kubelet_with(options: Options) -> TestKubelet {
    TestKubelet::start(Options {
        pods: PODS,
        containers: 2,
        rights: vec![Right::Stats, Right::Pods],
        ..options
    })
}

/// How many pods it has.
pub const PODS: usize = 12;

/// The program, with these options in its block.
pub struct Running {
    pub plugin: Plugin,
    _dir: tempfile::TempDir,
}

impl Running {
    pub fn start(kubelet: &TestKubelet, options: &str) -> Self {
        Self::with(&format!("{}{options}", block(kubelet)))
    }

    pub fn with(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let plugin = Plugin::start(command(dir.path(), config));
        Self { plugin, _dir: dir }
    }

    /// The lines of one tick, which are the summary's whatever is known beside it.
    pub fn tick(&mut self) -> Batch {
        self.plugin.tick();
        let batch = Batch(self.plugin.batch());
        assert!(batch.scrape().contains(",result=success,"), "{}", batch.scrape());
        assert!(batch.of_summary() >= PODS, "{batch:#?}");
        batch
    }

    /// One tick after the other, until this is so.
    #[track_caller]
    pub fn tick_until(&mut self, what: &str, holds: impl Fn(&Batch) -> bool) -> Batch {
        let end = Instant::now() + PATIENCE;
        loop {
            let batch = self.tick();
            if holds(&batch) {
                return batch;
            }
            assert!(Instant::now() < end, "waited in vain: {what}\n{batch:#?}");
        }
    }

    /// Until all pods have their tags.
    #[track_caller]
    pub fn until_known(&mut self) -> Batch {
        self.tick_until("tags on all lines of pods", Batch::is_known)
    }

    /// Until the last answer to `/pods` was this.
    #[track_caller]
    pub fn until_code(&mut self, code: u8) -> Batch {
        self.tick_until(&format!("metadata_result_code={code}"), |batch| {
            batch.field("metadata_result_code") == Some(code.into())
        })
    }

    /// All that the log was told, once it has stopped.
    pub fn stop(mut self) -> Vec<String> {
        self.plugin.close_stdin();
        let left = self.plugin.wait(PATIENCE);
        assert_eq!(left.status.code(), Some(0), "{left:#?}");
        left.stderr
    }
}

/// The lines of one tick.
#[derive(Debug)]
pub struct Batch(pub Vec<String>);

impl Batch {
    pub fn scrape(&self) -> &str {
        self.0.last().expect("a line about the scrape")
    }

    /// A whole number of the line about the scrape.
    pub fn field(&self, name: &str) -> Option<u64> {
        let (_, fields) = self.scrape().split_once(' ').unwrap();
        let fields = fields.split(' ').next().unwrap();
        let mut values = fields
            .split(',')
            .filter_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        values
            .next()
            .map(|value| value.trim_end_matches('i').parse().unwrap())
    }

    /// How many of the pods' containers have numbers of the summary.
    fn of_summary(&self) -> usize {
        let of_summary = |line: &&String| {
            line.starts_with("kubernetes_pod_container,") && line.contains("cpu_usage_core_nanoseconds=")
        };
        self.0.iter().filter(of_summary).count()
    }

    /// The lines of pods.
    pub fn pods(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter(|line| line.contains(",pod_name="))
    }

    /// Whether each line of a pod has a label of it. A pod of the test kubelet has one at least.
    pub fn is_known(&self) -> bool {
        let labels = [
            ",app=",
            ",app.kubernetes.io/name=",
            ",batch.kubernetes.io/job-name=",
            ",run=",
            ",component=",
        ];
        self.pods()
            .all(|line| labels.iter().any(|label| line.contains(label)))
    }

    /// Whether none has anything that the summary has not.
    pub fn is_bare(&self) -> bool {
        let known = [
            "owner_name=",
            "state_code=",
            "phase=",
            "image=",
            "qos_class=",
            "resource_",
            "_percent=",
        ];
        !self
            .pods()
            .any(|line| known.iter().any(|part| line.contains(part)))
    }
}
