//! All that takes part in one test: a kubelet, a Telegraf with the repository's own `telegraf/telegraf.conf` and the
//! plugin, an `InfluxDB`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use test_kubelet::{Options, TestKubelet};

use crate::influx::Influx;
use crate::support::database::{Batches, Database as _};
use crate::support::expect::expect;
use crate::support::lines::{Key, Number};
use crate::support::plugin::program;
use crate::telegraf::Telegraf;
use crate::wait::until;

/// The database of the plugin's lines, as `telegraf.conf` has it.
pub const DATABASE: &str = "telegraf";

/// The tag `host` of everything.
pub const HOST: &str = "the-host";

/// How Telegraf prompts the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// `telegraf.conf` as it is.
    Stdin,
    /// The same file with this one word changed.
    Sigusr1,
}

/// What takes part. Each test has its own.
pub struct Stage {
    // Dropped in this order: who asks before who is asked, the directory last.
    /// The database.
    pub influx: Influx,
    /// The kubelet.
    pub kubelet: TestKubelet,
    dir: TempDir,
}

impl Stage {
    /// With three pods of two containers; counters move from scrape to scrape.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// With such a kubelet.
    pub fn with(options: Options) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        Self {
            influx: Influx::start(dir.path()),
            kubelet: TestKubelet::start(options),
            dir,
        }
    }

    /// Telegraf with the plugin, a tick a second.
    pub fn telegraf(&self, prompt: Prompt) -> Telegraf {
        let files = self.kubelet.files();
        let config = format!(
            "[[inputs.kubelet]]\n  url = '{}'\n  bearer_token = '{}'\n  tls_ca = '{}'\n",
            self.kubelet.url(),
            files.token.display(),
            files.ca.display()
        );
        self.telegraf_with(prompt, &config)
    }

    /// The same with this configuration of the plugin.
    pub fn telegraf_with(&self, prompt: Prompt, config: &str) -> Telegraf {
        let kubelet_conf = self.write("kubelet.conf", config);
        Telegraf {
            configs: vec![self.telegraf_conf(prompt)],
            environment: [
                ("KUBELET_PLUGIN", program().into()),
                ("KUBELET_CONFIG", kubelet_conf.into_os_string()),
                ("KUBELET_RESTART_DELAY", "1s".into()),
                ("TELEGRAF_INTERVAL", "1s".into()),
                ("TELEGRAF_FLUSH_INTERVAL", "1s".into()),
                ("HOSTNAME", HOST.into()),
                ("INFLUX_URL", self.influx.url().into()),
                ("INFLUX_DATABASE", DATABASE.into()),
            ]
            .map(|(name, value): (&str, OsString)| (name, value))
            .to_vec(),
            dir: self.dir.path().to_owned(),
        }
    }

    fn telegraf_conf(&self, prompt: Prompt) -> PathBuf {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("telegraf/telegraf.conf");
        match prompt {
            Prompt::Stdin => shipped,
            Prompt::Sigusr1 => {
                let text = fs::read_to_string(shipped).expect("the repository's own file");
                let (before, after) = text.split_once("signal = \"STDIN\"").expect("the line");
                self.write("sigusr1.conf", &format!("{before}signal = \"SIGUSR1\"{after}"))
            }
        }
    }

    /// The test's directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A file in the test's directory.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).expect("a writable directory");
        path
    }

    /// The summaries that the kubelet gave out, in this order.
    pub fn served(&self) -> Vec<Arc<Vec<u8>>> {
        let requests = self.kubelet.requests().into_iter();
        requests
            .filter(|seen| seen.path == "/stats/summary" && seen.status == 200)
            .map(|seen| seen.body)
            .collect()
    }

    /// How many good scrapes the database knows of.
    pub fn stored(&self) -> usize {
        let query = "SELECT COUNT(lines) FROM kubelet_scrape WHERE result = 'success'";
        self.influx.count(DATABASE, query)
    }

    /// Waits until the database knows of `scrapes` good scrapes.
    pub fn until_stored(&self, scrapes: usize) {
        until(&format!("{scrapes} scrapes are in the database"), || {
            (self.stored() >= scrapes).then_some(())
        });
    }

    /// Every summary that was served is in the database, whole and unchanged, and nothing else is: with every
    /// measurement, every value and its type, and one more line about the scrape. A failed one has that line alone.
    pub fn assert_all_stored(&self) {
        let mut batches = self.influx.points(DATABASE);
        batches.retain(|_, batch| !is_failure(batch));
        assert_batches(batches, &self.served());
    }
}

/// Nothing but the line about a scrape that failed.
pub fn is_failure(batch: &[(Key, Number)]) -> bool {
    batch.iter().all(|((measurement, tags, _), _)| {
        measurement == "kubelet_scrape" && tags.get("result").is_some_and(|result| result != "success")
    })
}

/// Each of `batches` is what must come out of the summary served at its turn.
pub fn assert_batches(batches: Batches, served: &[Arc<Vec<u8>>]) {
    assert!(!served.is_empty(), "nothing was served");
    let times: Vec<i64> = batches.keys().copied().collect();
    assert_eq!(times.len(), served.len(), "a timestamp a scrape: {times:?}");
    for ((time, batch), body) in batches.into_iter().zip(served) {
        assert_batch(time, batch, body);
    }
}

fn assert_batch(time: i64, batch: Vec<(Key, Number)>, body: &[u8]) {
    let summary: Value = serde_json::from_slice(body).expect("the test kubelet serves JSON");
    let expected = expect(&summary);
    assert!(expected.left_out.is_empty(), "{:?}", expected.left_out);
    let expected: BTreeMap<Key, Number> = expected.fields.into_iter().collect();

    let (scrape, found): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .map(|((measurement, mut tags, field), number)| {
            assert_eq!(tags.remove("host").as_deref(), Some(HOST), "{measurement}");
            ((measurement, tags, field), number)
        })
        .partition(|((measurement, ..), _)| measurement == "kubelet_scrape");
    let found = unique(found);
    for (key, value) in &expected {
        assert_eq!(found.get(key), Some(value), "{key:?} at {time}");
    }
    for key in found.keys() {
        assert!(
            expected.contains_key(key),
            "not in the summary: {key:?} at {time}"
        );
    }
    assert_scrape(scrape, points(expected.keys()), body.len());
}

/// The one line about a scrape that went well.
fn assert_scrape(scrape: Vec<(Key, Number)>, lines: usize, bytes: usize) {
    let mut fields = BTreeMap::new();
    for ((_, tags, field), number) in scrape {
        assert_eq!(
            tags.get("result").map(String::as_str),
            Some("success"),
            "{tags:?}"
        );
        assert!(fields.insert(field, number).is_none(), "two lines about a scrape");
    }
    let integer = |number: usize| Some(Number::Integer(i64::try_from(number).expect("small")));
    assert_eq!(fields.remove("lines"), integer(lines));
    assert_eq!(fields.remove("response_bytes"), integer(bytes));
    assert_eq!(fields.remove("status_code"), integer(200));
    assert_eq!(fields.remove("result_code"), integer(0));
    assert_eq!(fields.remove("fields_out_of_range"), integer(0));
    assert_eq!(fields.remove("ticks_merged"), integer(0));
    assert!(matches!(
        fields.remove("response_seconds"),
        Some(Number::Float(seconds)) if seconds > 0.0
    ));
}

/// By key, each of which must be there once.
pub fn unique(fields: Vec<(Key, Number)>) -> BTreeMap<Key, Number> {
    let mut unique = BTreeMap::new();
    for (key, number) in fields {
        let other = unique.insert(key.clone(), number);
        assert!(other.is_none(), "twice: {key:?}");
    }
    unique
}

/// How many points these fields make: one a measurement and tag set.
pub fn points<'a>(keys: impl Iterator<Item = &'a Key>) -> usize {
    let points: BTreeSet<_> = keys.map(|(measurement, tags, _)| (measurement, tags)).collect();
    points.len()
}
