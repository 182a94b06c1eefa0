//! A pod that does what is known, and the numbers that have to come of it.

use std::ops::RangeInclusive;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::machine::{Cluster, cluster};
use crate::pod;
use crate::support::lines::{Key, Number, parse};
use crate::support::plugin::PATIENCE as OF_A_TICK;
use crate::wait::{PATIENCE, until};

const MIB: i64 = 1 << 20;

/// What a field of the pod, or of one of its containers or volumes, has to be.
struct Known {
    measurement: &'static str,
    /// The container's or the volume's name; none for the pod itself.
    of: Option<&'static str>,
    field: &'static str,
    bounds: RangeInclusive<i64>,
}

const fn known(
    measurement: &'static str,
    of: Option<&'static str>,
    field: &'static str,
    bounds: RangeInclusive<i64>,
) -> Known {
    Known {
        measurement,
        of,
        field,
        bounds,
    }
}

const CONTAINER: &str = "kubernetes_pod_container";
const POD: &str = "kubernetes_pod";
const NETWORK: &str = "kubernetes_pod_network";
const INTERFACE: &str = "kubernetes_pod_network_interface";
const VOLUME: &str = "kubernetes_pod_volume";

/// By `load.yaml`, and by what [`start`] sends to it and gets from it. Beyond 64 MiB there are the shell's memory and
/// the kernel's; beyond what is sent, the heads of packets, and the answers that say that they came.
const KNOWN: [Known; 18] = [
    // A fifth of a processor, as its limit says; a fifth less where the machine has too much to do.
    known(
        CONTAINER,
        Some("busy"),
        "cpu_usage_nanocores",
        160_000_000..=205_000_000,
    ),
    known(CONTAINER, Some("held"), "cpu_usage_nanocores", 0..=1_000_000),
    known(CONTAINER, Some("held"), "memory_rss_bytes", 64 * MIB..=66 * MIB),
    known(
        CONTAINER,
        Some("held"),
        "memory_working_set_bytes",
        64 * MIB..=68 * MIB,
    ),
    known(CONTAINER, Some("held"), "memory_usage_bytes", 64 * MIB..=68 * MIB),
    // Up to the limit of 128 MiB.
    known(
        CONTAINER,
        Some("held"),
        "memory_available_bytes",
        60 * MIB..=64 * MIB,
    ),
    // A page of 4 KiB each.
    known(CONTAINER, Some("held"), "memory_page_faults", 16_384..=20_000),
    known(
        CONTAINER,
        Some("files"),
        "rootfs_used_bytes",
        8 * MIB..=8 * MIB + 65_536,
    ),
    // Each line has its time, its stream and a flag before it: 17 bytes become 55 to 60.
    known(
        CONTAINER,
        Some("files"),
        "logsfs_used_bytes",
        20_000 * 52..=20_000 * 62,
    ),
    known(
        CONTAINER,
        Some("sends"),
        "rootfs_used_bytes",
        16 * MIB..=16 * MIB + 65_536,
    ),
    known(VOLUME, Some("scratch"), "used_bytes", 20 * MIB..=20 * MIB + 8_192),
    // The file and its directory.
    known(VOLUME, Some("scratch"), "inodes_used", 2..=2),
    // All files together.
    known(POD, None, "ephemeral_storage_used_bytes", 45 * MIB..=46 * MIB),
    known(POD, None, "memory_working_set_bytes", 64 * MIB..=130 * MIB),
    known(NETWORK, None, "tx_bytes", 16 * MIB..=17 * MIB),
    known(NETWORK, None, "rx_bytes", 8 * MIB..=9 * MIB),
    known(INTERFACE, Some("eth0"), "tx_bytes", 16 * MIB..=17 * MIB),
    known(INTERFACE, Some("eth0"), "rx_bytes", 8 * MIB..=9 * MIB),
];

impl Known {
    fn is_of(&self, (measurement, tags, field): &Key) -> bool {
        let of = ["container_name", "volume_name", "interface"]
            .iter()
            .find_map(|tag| tags.get(*tag));
        measurement == self.measurement
            && tags.get("pod_name").is_some_and(|name| name == "load")
            && of.map(String::as_str) == self.of
            && field == self.field
    }

    fn wrong(&self, fields: &[(Key, Number)]) -> Option<String> {
        let found: Vec<_> = fields
            .iter()
            .filter(|(key, _)| self.is_of(key))
            .map(|(_, number)| number)
            .collect();
        let good = matches!(found[..], [Number::Integer(value)] if self.bounds.contains(value));
        (!good).then(|| {
            format!(
                "{} of {:?}: {} is {found:?} and not in {:?}",
                self.measurement, self.of, self.field, self.bounds
            )
        })
    }
}

/// Starts the pod, if it does not run yet, gets 16 MiB from it and sends 8 MiB to it.
pub fn start(cluster: &Cluster) {
    let there = [
        "get",
        "pods",
        "--all-namespaces",
        "--field-selector=metadata.name=load",
        "-o",
        "name",
    ];
    if !cluster.kubectl(&there).is_empty() {
        return;
    }
    cluster.apply(include_str!("load.yaml"));
    cluster.kubectl(&[
        "wait",
        "-n",
        "load",
        "pod/load",
        "--for=condition=Ready",
        "--timeout=60s",
    ]);
    let address = cluster.kubectl(&["get", "-n", "load", "pod/load", "-o", "jsonpath={.status.podIP}"]);
    let transfers = [
        format!("busybox wget -q -O /dev/null http://{address}:8080/file"),
        format!("head -c {} /dev/zero | busybox nc {address} 9000", 8 * MIB),
    ];
    for transfer in transfers {
        // It listens a moment after its start.
        until("the pod answers", || {
            let mut shell = cluster.inside("bash", &["-o", "pipefail", "-c", &transfer]);
            let status = shell.stderr(Stdio::null()).status().expect("a shell");
            status.success().then_some(())
        });
    }
}

/// Until a batch has all as it has to be: the kubelet measures each part in its own time.
pub fn until_right(mut batch: impl FnMut() -> Vec<(Key, Number)>) {
    until_nothing_is_wrong(|| {
        let fields = batch();
        KNOWN.iter().filter_map(|known| known.wrong(&fields)).collect()
    });
}

/// Asks again and again, and in the end panics with what is wrong.
pub fn until_nothing_is_wrong(mut wrong: impl FnMut() -> Vec<String>) {
    let end = Instant::now() + PATIENCE;
    loop {
        let wrong = wrong();
        if wrong.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "{wrong:#?}");
        sleep(Duration::from_millis(100));
    }
}

/// A line's time and what it says of the processor time of the container `busy`.
fn processor_time(lines: &[String]) -> Option<(i64, i64)> {
    let line = lines.iter().find(|line| {
        line.contains(",container_name=busy,") && line.contains("cpu_usage_core_nanoseconds=")
    })?;
    let (_, rest) = line.split_once("cpu_usage_core_nanoseconds=")?;
    let (value, _) = rest.split_once('i')?;
    let (_, time) = line.rsplit_once(' ')?;
    Some((time.parse().ok()?, value.parse().ok()?))
}

#[test]
fn known_loads_have_known_numbers() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    start(&cluster);
    let mut plugin = cluster.plugin(&pod.config());
    until_right(|| {
        plugin.tick();
        parse(&format!("{}\n", plugin.batch().join("\n")))
    });
    plugin.close_stdin();
    plugin.wait(OF_A_TICK);

    // By the kubelet's own times a counter's rate is a true one.
    let config = format!("{}  timestamp = \"sample\"\n", pod.config());
    let mut plugin = cluster.plugin(&config);
    let mut first = None;
    let [(begin, used_before), (end, used)] =
        until("the kubelet has measured twice, and not at once", || {
            plugin.tick();
            let sample = processor_time(&plugin.batch())?;
            let begin = *first.get_or_insert(sample);
            (sample.0 - begin.0 >= 5_000_000_000).then_some([begin, sample])
        });
    plugin.close_stdin();
    plugin.wait(OF_A_TICK);
    // These times are whole seconds, so that what is between two may be a second more or less.
    let seconds = (end - begin) / 1_000_000_000;
    let millicores = [1, 0, -1].map(|more| (used - used_before) / 1_000_000 / (seconds + more));
    eprintln!("busy: {millicores:?} thousandths of a processor in {seconds} s");
    assert!(millicores[0] <= 205 && millicores[2] >= 160, "{millicores:?}");
}

/// What lines have of the networks of a node or of a pod.
fn networks(lines: &[String], measurement: &str, pod: Option<&str>) -> Vec<String> {
    let mut found: Vec<_> = parse(&format!("{}\n", lines.join("\n")))
        .into_iter()
        .filter(|((name, tags, _), _)| name == measurement && tags.get("pod_name").map(String::as_str) == pod)
        .map(|((_, tags, field), number)| format!("{:?} {field} {number:?}", tags.get("interface")))
        .collect();
    found.sort();
    found
}

/// Those that a pod on the host's network has are the host's own, and are left out where that is asked for.
#[test]
fn a_pod_on_the_hosts_network_has_the_hosts_numbers() {
    let mut cluster = cluster();
    let pod = pod::good(&mut cluster);
    start(&cluster);
    cluster.apply(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: host}\nspec:\n  hostNetwork: true\n  terminationGracePeriodSeconds: 0\n  \
         containers: [{name: main, image: \"localhost/busybox:1\", imagePullPolicy: Never}]\n",
    );
    until("both were measured when nothing was sent", || {
        let lines = cluster.scrape(&pod.config()).stdout;
        let nodes = networks(&lines, "kubernetes_node_network_interface", None);
        let pods = networks(&lines, INTERFACE, Some("host"));
        (!pods.is_empty() && nodes == pods).then_some(())
    });

    pod::may_ask_for_pods(&cluster);
    let own = format!(
        "{}  pod_network = \"own\"\n  metadata_interval = \"1s\"\n",
        pod.config()
    );
    let mut plugin = cluster.plugin(&own);
    until("the host's are known to be the host's", || {
        plugin.tick();
        let lines = plugin.batch();
        // Others have theirs.
        let others = networks(&lines, NETWORK, Some("load"));
        let hosts = [NETWORK, INTERFACE].map(|of| networks(&lines, of, Some("host")));
        let pod = lines
            .iter()
            .any(|line| line.starts_with("kubernetes_pod,") && line.contains("pod_name=host "));
        (pod && !others.is_empty() && hosts.iter().all(Vec::is_empty)).then_some(())
    });
    plugin.close_stdin();
    plugin.wait(OF_A_TICK);
    cluster.kubectl(&["delete", "pod", "host", "--wait=false"]);
}
