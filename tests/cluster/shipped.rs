//! Telegraf and the program in pods, by the very commands of the README for a cluster: what is in the database then.
//!
//! What is not as there: the images are of programs at hand under the names that the README has, so nothing is built by
//! Docker, pushed and pulled; and by the Secret, in which the README has all settings, Telegraf's interval is a second.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::database::Influx;
use crate::machine::{Cluster, NODE, cluster};
use crate::overlay::{Overlay, block};
use crate::support::database::Database as _;
use crate::support::expect::expect;
use crate::support::lines::{Key, Number};
use crate::wait::until;
use crate::{images, load};

/// All that a kubelet of today has.
const MEASUREMENTS: [&str; 9] = [
    "kubelet_scrape",
    "kubernetes_node",
    "kubernetes_node_network_interface",
    "kubernetes_pod",
    "kubernetes_pod_container",
    "kubernetes_pod_network",
    "kubernetes_pod_network_interface",
    "kubernetes_pod_volume",
    "kubernetes_system_container",
];

/// A shape of the pod, running.
struct Shipped {
    /// Where its README's commands are run.
    directory: String,
    /// The database's name, and where it is.
    database: &'static str,
    url: String,
}

impl Shipped {
    /// Steps 2 to 4 of the README, with this shape.
    fn start(cluster: &Cluster, shape: &str, database: &'static str) -> Self {
        images::plugin(cluster);
        images::telegraf(cluster);
        load::start(cluster);
        cluster.sh("kubectl -n telegraf-kubelet delete daemonset,secret --all || true");
        let shipped = Self {
            directory: Overlay::shape(shape).laid_out(cluster),
            database,
            url: Influx::start(cluster).url,
        };
        let secret = block("sh", "create secret generic influxdb \\");
        let mut settings = format!("INFLUX_URL={}", shipped.url);
        for setting in ["TELEGRAF_INTERVAL=1s", "TELEGRAF_FLUSH_INTERVAL=1s"] {
            settings += " --from-literal=";
            settings += setting;
        }
        let replaced = [
            ("INFLUX_URL=http://influxdb.monitoring.svc:8086", settings),
            ("INFLUX_DATABASE=telegraf", format!("INFLUX_DATABASE={database}")),
        ];
        let secret = replaced.iter().fold(secret, |text, (there, here)| {
            assert!(text.contains(there), "{there}: {text}");
            text.replace(there, here)
        });
        shipped.run(cluster, &secret);
        let commands = block("sh", "kubectl apply -k my-cluster\n");
        let (apply, _) = commands
            .split_once("kubectl -n telegraf-kubelet logs")
            .expect("it is there");
        shipped.run(cluster, apply);
        shipped
    }

    fn run(&self, cluster: &Cluster, commands: &str) -> String {
        cluster.sh(&format!("cd {}\n{commands}", self.directory))
    }

    fn influx<'c>(&self, cluster: &'c Cluster) -> Influx<'c> {
        Influx {
            cluster,
            url: self.url.clone(),
        }
    }

    /// Every number that the kubelet has, and goes on to have, comes into the database with its type, and nothing of
    /// another name.
    fn assert_whole(&self, cluster: &Cluster) {
        let before = numbers_of_the_kubelet(cluster);
        assert!(before.len() > 200, "{}", before.len());
        load::until_nothing_is_wrong(|| {
            let points = self.influx(cluster).points(self.database);
            let stored: BTreeMap<_, _> = points.into_values().flatten().collect();
            let names: BTreeSet<_> = stored.keys().map(|(name, ..)| name.as_str()).collect();
            let wanted = BTreeSet::from(MEASUREMENTS);
            assert!(names.is_subset(&wanted), "{names:?}");
            let mut wrong: Vec<_> = wanted.difference(&names).map(ToString::to_string).collect();

            let after = numbers_of_the_kubelet(cluster);
            for (key, number) in before.iter().filter(|(key, _)| after.contains_key(*key)) {
                match stored.get(key) {
                    None => wrong.push(format!("not there yet: {key:?}")),
                    Some(found) => {
                        let same = std::mem::discriminant(found) == std::mem::discriminant(number);
                        assert!(same, "{key:?} is {found:?}");
                    }
                }
            }
            wrong
        });
        let influx = self.influx(cluster);
        load::until_right(|| {
            let last = "SELECT * FROM /.*/ WHERE pod_name = 'load' GROUP BY * ORDER BY time DESC LIMIT 1";
            influx
                .selected(self.database, last)
                .into_values()
                .flatten()
                .collect()
        });
    }

    /// All scrapes were good, and under the node's name.
    fn assert_scraped_well(&self, cluster: &Cluster) {
        let series = self
            .influx(cluster)
            .query(self.database, "SHOW SERIES FROM kubelet_scrape");
        assert_eq!(
            series[0]["values"],
            json!([[format!(
                "kubelet_scrape,host={NODE},node_name={NODE},result=success,url=https://10.77.0.1:10250"
            )]])
        );
    }

    /// A container's log, in which nobody complains.
    fn assert_quiet(&self, cluster: &Cluster, container: &str) {
        let log = self.run(
            cluster,
            &format!("kubectl -n telegraf-kubelet logs daemonset/telegraf-kubelet -c {container}"),
        );
        assert!(log.contains("I! "), "{container}: {log}");
        for line in log.lines() {
            let mut loud = ["E! ", "W! [inputs.", "W! [outputs."].iter();
            assert!(!loud.any(|words| line.contains(words)), "{container}: {log}");
        }
    }

    /// When the token that was shown ends, by each scrape: both in seconds since 1970.
    fn token_ends(&self, cluster: &Cluster) -> Vec<[i64; 2]> {
        let query = "SELECT token_expires_in_seconds FROM kubelet_scrape WHERE result = 'success'";
        let series = self.influx(cluster).query(self.database, query);
        let rows = series[0]["values"].as_array().expect("a list");
        let number = |value: &Value| value.as_i64().expect("an integer");
        rows.iter()
            .map(|row| [number(&row[0]) / 1_000_000_000, number(&row[1])])
            .map(|[time, left]| [time, time + left])
            .collect()
    }
}

/// All that it has at this moment, as it has to be in the database.
fn numbers_of_the_kubelet(cluster: &Cluster) -> BTreeMap<Key, Number> {
    let summary = serde_json::from_str(&cluster.summary()).expect("JSON");
    let mut fields = expect(&summary).fields;
    for ((_, tags, _), _) in &mut fields {
        tags.insert("host".to_owned(), NODE.to_owned());
    }
    fields.into_iter().collect()
}

#[test]
fn telegraf_with_the_program_as_its_child() {
    let mut cluster = cluster();
    let shipped = Shipped::start(&cluster, "telegraf", "child");
    shipped.assert_whole(&cluster);
    shipped.assert_scraped_well(&cluster);
    shipped.assert_quiet(&cluster, "telegraf");

    // What the README says to look at.
    let commands = block("sh", "kubectl apply -k my-cluster\n");
    let (_, test) = commands.split_once("-c telegraf\n").expect("it is there");
    let shown = shipped.run(&cluster, test);
    let last = shown.lines().last().expect("a line");
    assert!(
        last.starts_with("> kubelet_scrape,") && last.contains(",result=success,"),
        "{shown}"
    );
    let checked = shipped.run(&cluster, &block("sh", "exec \"$pod\" -c telegraf -- "));
    assert!(!checked.is_empty());

    // The kubelet replaces a token at four fifths of its life, and when it has none in memory. What is shown then ends
    // later.
    let before = shipped.token_ends(&cluster);
    let [time, end] = before[before.len() - 1];
    cluster.while_kubelet_is_down("true");
    until("a token that ends later is shown", || {
        let ends = shipped.token_ends(&cluster);
        ends.into_iter()
            .find(|[at, later]| *at > time && *later > end + 2)
    });
    cluster.kubectl(&["-n", "telegraf-kubelet", "delete", "daemonset", "--all"]);
}

#[test]
fn telegraf_with_the_program_beside_it() {
    let cluster = cluster();
    let shipped = Shipped::start(&cluster, "telegraf/kubernetes/sidecar", "sidecar");
    shipped.assert_whole(&cluster);
    shipped.assert_scraped_well(&cluster);
    for container in ["telegraf", "telegraf-kubelet"] {
        shipped.assert_quiet(&cluster, container);
    }
    let said = shipped.run(&cluster, &block("sh", "-c telegraf-kubelet --"));
    assert!(!said.is_empty());
    cluster.kubectl(&["-n", "telegraf-kubelet", "delete", "daemonset", "--all"]);
}
