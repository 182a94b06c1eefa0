//! The alerts of `operating.md`, asked of a real `InfluxDB` that has the plugin's own lines of the last hour.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use telegraf_kubelet::lines::DISCOVERY_MEASUREMENT;
use test_kubelet::{Fault, Right, TestKubelet};

use crate::influx::Influx;
use crate::stage::Stage;
use crate::support::database::Database as _;
use crate::support::page::{self, Block};
use crate::support::plugin::{Plugin, block, command};
use crate::support::scrape::{once, with_certificate};
use crate::wait::until;

const MINUTE: i64 = 60_000_000_000;

/// What makes an alert speak.
enum Trouble {
    /// These fields of a measurement, with a value when all is well and one when it is not. An empty one is not there.
    Fields(
        &'static str,
        &'static [(&'static str, &'static str, &'static str)],
    ),
    /// Scrapes that fail.
    Failing,
    /// A kubelet that is heard of no more.
    Silent,
}

const ALERTS: [(&str, Trouble); 26] = [
    ("failing", Trouble::Failing),
    ("silent", Trouble::Silent),
    (
        "client certificate",
        Trouble::Fields(
            "kubelet_scrape",
            &[("client_certificate_expires_in_seconds", "7776000i", "600000i")],
        ),
    ),
    (
        "serving certificate",
        Trouble::Fields(
            "kubelet_scrape",
            &[("serving_certificate_expires_in_seconds", "7776000i", "-60i")],
        ),
    ),
    (
        "token",
        Trouble::Fields("kubelet_scrape", &[("token_expires_in_seconds", "720i", "240i")]),
    ),
    (
        "slow",
        Trouble::Fields("kubelet_scrape", &[("response_seconds", "0.25", "4.5")]),
    ),
    (
        "merged",
        Trouble::Fields("kubelet_scrape", &[("ticks_merged", "0i", "6i")]),
    ),
    (
        "claim",
        Trouble::Fields(
            "kubernetes_pod_volume",
            &[("used_bytes", "40i", "95i"), ("capacity_bytes", "100i", "100i")],
        ),
    ),
    (
        "node filesystem",
        Trouble::Fields(
            "kubernetes_node",
            &[
                ("fs_available_bytes", "40i", "14i"),
                ("fs_capacity_bytes", "100i", "100i"),
            ],
        ),
    ),
    (
        "node inodes",
        Trouble::Fields(
            "kubernetes_node",
            &[("fs_inodes_free", "40i", "9i"), ("fs_inodes", "100i", "100i")],
        ),
    ),
    (
        "node memory",
        Trouble::Fields(
            "kubernetes_node",
            &[("memory_available_bytes", "4000000000i", "400000000i")],
        ),
    ),
    (
        "node pressure",
        Trouble::Fields("kubernetes_node", &[("memory_psi_full_avg60", "0", "12.5")]),
    ),
    (
        "node processes",
        Trouble::Fields(
            "kubernetes_node",
            &[
                ("rlimit_curproc", "900i", "3500i"),
                ("rlimit_maxpid", "4000i", "4000i"),
            ],
        ),
    ),
    (
        "restarts",
        Trouble::Fields(CONTAINER, &[("restarts_total", "4i", "7i")]),
    ),
    (
        "crash loop",
        Trouble::Fields(
            CONTAINER,
            &[
                ("state_code", "0i", "2i"),
                ("state_reason", "", "\"CrashLoopBackOff\""),
            ],
        ),
    ),
    (
        "out of memory",
        Trouble::Fields(
            CONTAINER,
            &[
                ("restarts_total", "4i", "5i"),
                ("last_terminated_reason", "\"Error\"", "\"OOMKilled\""),
            ],
        ),
    ),
    (
        "image",
        Trouble::Fields(
            CONTAINER,
            &[
                ("state_code", "0i", "2i"),
                ("state_reason", "", "\"ImagePullBackOff\""),
            ],
        ),
    ),
    (
        "memory limit",
        Trouble::Fields(CONTAINER, &[("memory_working_set_limit_percent", "60", "95.5")]),
    ),
    (
        "cpu limit",
        Trouble::Fields(CONTAINER, &[("cpu_usage_limit_percent", "12.5", "99.5")]),
    ),
    (
        "not ready",
        Trouble::Fields("kubernetes_pod", &[("ready", "1i", "0i")]),
    ),
    (
        "metadata",
        // Refused from the start on: there was never one to be of any age.
        Trouble::Fields(
            "kubelet_scrape",
            &[
                ("metadata_result_code", "0i", "5i"),
                ("metadata_age_seconds", "20i", ""),
            ],
        ),
    ),
    (
        "no node",
        Trouble::Fields(
            DISCOVERY_MEASUREMENT,
            &[("nodes", "5i", "0i"), ("nodes_mine", "5i", "0i")],
        ),
    ),
    (
        "discovery",
        Trouble::Fields(DISCOVERY_MEASUREMENT, &[("result_code", "0i", "1i")]),
    ),
    (
        "watch",
        Trouble::Fields(DISCOVERY_MEASUREMENT, &[("watch_age_seconds", "20i", "1200i")]),
    ),
    (
        "no writer",
        Trouble::Fields(
            DISCOVERY_MEASUREMENT,
            &[("nodes", "5i", "5i"), ("nodes_mine", "5i", "3i")],
        ),
    ),
    (
        "members",
        Trouble::Fields(DISCOVERY_MEASUREMENT, &[("members", "3i", "2i")]),
    ),
];

const CONTAINER: &str = "kubernetes_pod_container";

/// The line of a member, whose other fields are those that alerts are about.
const MEMBER: &str = "kubelet_discovery,member=telegraf-kubelet-0 nodes_ready=5i 1";

/// The queries of the guide, by name and in its order.
fn queries() -> Vec<(String, String)> {
    let page = page::guide("operating.md");
    let named = |block: Block| {
        let name = block.marker?.strip_prefix("alert: ")?.to_owned();
        Some((name, block.text))
    };
    page.of_language("sql").into_iter().filter_map(named).collect()
}

/// What is no trouble, or one that is over, although it looks like it.
const ALSO_WELL: [(&str, &[(&str, &str)]); 5] = [
    // It was killed long ago.
    (CONTAINER, &[("last_terminated_reason", "\"OOMKilled\"")]),
    // Another pod of that name, which has none behind it.
    (
        CONTAINER,
        &[
            ("restarts_total", "0i"),
            ("last_terminated_reason", "\"OOMKilled\""),
        ],
    ),
    // A job's pod that is done is not ready, and needs not be.
    ("kubernetes_pod", &[("ready", "0i"), ("phase", "\"Succeeded\"")]),
    (
        CONTAINER,
        &[("state_code", "1i"), ("state_reason", "\"Completed\"")],
    ),
    // Being made takes a while.
    (
        CONTAINER,
        &[("state_code", "2i"), ("state_reason", "\"ContainerCreating\"")],
    ),
];

/// Each alert is silent when all is well, and the only one that speaks in the trouble that it is for.
#[test]
fn alerts_speak_when_they_should_and_only_then() {
    let queries = queries();
    assert!(
        queries
            .iter()
            .map(|(name, _)| name.as_str())
            .eq(ALERTS.iter().map(|(name, _)| *name))
    );
    let stage = Stage::new();
    let speaking = |database: &str| -> Vec<String> {
        let asked = queries.iter().filter(|(_, query)| {
            let query = query.replace('\n', " ");
            !stage.influx.query(database, &query).is_empty()
        });
        asked.map(|(name, _)| name.clone()).collect()
    };
    let (quiet, latest) = (calm(&stage.kubelet), latest());
    store(&stage.influx, "calm", &at(&quiet, latest, 0..60));
    assert_eq!(speaking("calm"), Vec::<String>::new());

    for (at_all, (measurement, fields)) in ALSO_WELL.iter().enumerate() {
        let database = format!("well_{at_all}");
        let mut lines = at(&quiet, latest, 0..60);
        let changed = with_fields(&quiet, measurement, fields.iter().copied());
        lines.extend(at(&changed, latest, 0..10));
        store(&stage.influx, &database, &lines);
        assert_eq!(
            speaking(&database),
            Vec::<String>::new(),
            "{measurement} {fields:?}"
        );
    }
    // One that has just begun to wait, and one that has just come.
    for (database, measurement, fields, minutes) in [
        (
            "new_wait",
            CONTAINER,
            [("state_reason", "\"ImagePullBackOff\"")],
            0..2,
        ),
        ("new_pod", "kubernetes_pod", [("ready", "0i")], 0..2),
    ] {
        let mut lines = at(&quiet, latest, 0..60);
        lines.retain(|line| database != "new_pod" || !line.starts_with("kubernetes_pod,"));
        let changed = with_fields(&quiet, measurement, fields.into_iter());
        lines.extend(at(&changed, latest, minutes));
        store(&stage.influx, database, &lines);
        assert_eq!(speaking(database), Vec::<String>::new());
    }
    // The last minute of what was a loop.
    let mut lines = at(&quiet, latest, 0..60);
    let looped = with_fields(
        &quiet,
        CONTAINER,
        [("state_reason", "\"CrashLoopBackOff\"")].into_iter(),
    );
    lines.extend(at(&looped, latest, 12..40));
    store(&stage.influx, "was_a_loop", &lines);
    assert_eq!(speaking("was_a_loop"), Vec::<String>::new());

    for (name, trouble) in &ALERTS {
        let database = name.replace(' ', "_");
        let mut lines = at(&quiet, latest, 0..60);
        lines.extend(match trouble {
            Trouble::Fields(measurement, fields) => {
                let bad = fields.iter().map(|(field, _, bad)| (*field, *bad));
                at(&with_fields(&quiet, measurement, bad), latest, 0..10)
            }
            Trouble::Failing => at(&failing(&stage.kubelet), latest, 0..3),
            Trouble::Silent => {
                let url = stage.kubelet.url();
                let gone: Vec<_> = quiet
                    .iter()
                    .filter(|line| line.starts_with("kubelet_scrape"))
                    .map(|line| line.replace(&url, "https://10.0.0.8:10250"))
                    .collect();
                assert!(!gone.is_empty());
                at(&gone, latest, 20..60)
            }
        });
        store(&stage.influx, &database, &lines);
        assert_eq!(speaking(&database), [*name]);
    }
}

/// What the guide asks about states is answered: of containers that wait, those that wait now.
#[test]
fn states_are_asked_for_as_the_guide_does() {
    let stage = Stage::new();
    let (quiet, latest) = (calm(&stage.kubelet), latest());
    let waits = [("state_code", "2i"), ("state_reason", "\"CrashLoopBackOff\"")];
    let waiting = with_fields(&quiet, CONTAINER, waits.into_iter());
    let is_pods = |line: &&String| line.starts_with("kubernetes_pod,");
    let pods = quiet.iter().filter(is_pods).count();
    let is_container = |line: &&String| line.starts_with("kubernetes_pod_container,");
    let containers = quiet.iter().filter(is_container).count();
    for (database, minutes, still) in [("waits", 0..3, containers), ("waited", 3..6, 0)] {
        let mut lines = at(&quiet, latest, 0..60);
        lines.extend(at(&waiting, latest, minutes));
        store(&stage.influx, database, &lines);
        let mut found = Vec::new();
        for block in page::guide("pod-metadata.md").of_language("sql") {
            let name = block.marker.expect("each has its name");
            let series = stage.influx.query(database, &block.text.replace('\n', " "));
            found.push((name, series));
        }
        let [(first, now), (second, phases), (third, reasons)] = &found[..] else {
            panic!("not three: {found:?}");
        };
        assert_eq!(
            [first, second, third],
            ["query: waiting", "query: phases", "query: reasons"]
        );
        assert_eq!(now.len(), still, "{now:?}");
        for series in now {
            assert_eq!(series["values"][0][1], "CrashLoopBackOff");
        }
        let counts = phases.iter().filter_map(|series| series["values"][0][1].as_u64());
        assert_eq!(counts.sum::<u64>(), pods as u64, "{phases:?}");
        assert_eq!(reasons[0]["values"][0][1], "CrashLoopBackOff", "{reasons:?}");
    }
}

/// The lines of two good ticks, one with a token and one with a certificate, with numbers at which all is well.
fn calm(kubelet: &TestKubelet) -> Vec<String> {
    let files = kubelet.files();
    let mut lines = with_metadata(kubelet);
    let certificate = with_certificate(kubelet, &files.client_cert, &files.client_key);
    let by_certificate = once(kubelet, &certificate)
        .stdout
        .pop()
        .expect("the line about the scrape");
    // The same series would be the same point: both have their own fields, so they are put together.
    let of_token = lines.pop().expect("the line about the scrape");
    assert!(of_token.starts_with("kubelet_scrape,"), "{of_token}");
    let expiry = by_certificate
        .split([',', ' '])
        .find(|field| field.starts_with("client_certificate_expires_in_seconds="))
        .expect("a certificate expires");
    lines.push(of_token.replacen("result_code=", &format!("{expiry},result_code="), 1));
    lines.push(MEMBER.to_owned());
    for (_, trouble) in &ALERTS {
        if let Trouble::Fields(measurement, fields) = trouble {
            let good = fields.iter().map(|(field, good, _)| (*field, *good));
            lines = with_fields(&lines, measurement, good);
        }
    }
    lines
}

/// The lines of the first tick in which pods are known.
fn with_metadata(kubelet: &TestKubelet) -> Vec<String> {
    kubelet.set_rights(&[Right::Stats, Right::Pods]);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = format!("{}  metadata = ['status', 'utilization']\n", block(kubelet));
    let mut plugin = Plugin::start(command(dir.path(), &config));
    until("pods are known", || {
        plugin.tick();
        let lines = plugin.batch();
        let known = lines.iter().any(|line| line.contains("restarts_total="));
        known.then_some(lines)
    })
}

/// The lines with these fields in the place of the kubelet's.
fn with_fields<'n>(
    lines: &[String],
    measurement: &str,
    fields: impl Iterator<Item = (&'n str, &'n str)>,
) -> Vec<String> {
    let mut lines = lines.to_vec();
    for (field, value) in fields {
        let mut met = false;
        for line in &mut lines {
            if line.split([',', ' ']).next() == Some(measurement) {
                *line = with_field(line, field, value);
                met = true;
            }
        }
        assert!(met, "no {measurement}");
    }
    lines
}

/// The line with this field and this value, or without it where that is empty. Nothing in it has spaces or commas.
fn with_field(line: &str, field: &str, value: &str) -> String {
    let [key, fields, time] = line.split(' ').collect::<Vec<_>>()[..] else {
        panic!("not three parts: {line}");
    };
    let is_other = |other: &&str| other.split_once('=').is_none_or(|(name, _)| name != field);
    let mut fields: Vec<_> = fields.split(',').filter(is_other).map(str::to_owned).collect();
    if !value.is_empty() {
        fields.push(format!("{field}={value}"));
    }
    format!("{key} {} {time}", fields.join(","))
}

fn failing(kubelet: &TestKubelet) -> Vec<String> {
    kubelet.set_fault(Fault::Status {
        code: 403,
        body: "Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[stats])\n".to_owned(),
    });
    let lines = once(kubelet, &block(kubelet)).stdout;
    kubelet.set_fault(Fault::None);
    assert!(
        lines.len() == 1 && lines[0].contains("result=forbidden"),
        "{lines:?}"
    );
    lines
}

/// Half a minute ago, in nanoseconds since 1970: what is asked a little later is in the same ten minutes still.
fn latest() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_nanos()).expect("before 2262") - MINUTE / 2
}

/// The lines again and again, so many minutes before `latest` each. Of two at one time the database keeps the later.
fn at(lines: &[String], latest: i64, minutes: std::ops::Range<i64>) -> Vec<String> {
    let moved = |line: &String, minute: i64| {
        let (line, _) = line.rsplit_once(' ').expect("a timestamp");
        format!("{line} {}", latest - minute * MINUTE)
    };
    minutes
        .flat_map(|minute| lines.iter().map(move |line| moved(line, minute)))
        .collect()
}

/// Writes lines into a database of that name.
fn store(influx: &Influx, database: &str, lines: &[String]) {
    post(influx, &format!("/query?q=CREATE%20DATABASE%20{database}"), "");
    post(influx, &format!("/write?db={database}"), &lines.join("\n"));
}

fn post(influx: &Influx, path: &str, body: &str) {
    let url = influx.url();
    let mut connection = TcpStream::connect(url.trim_start_matches("http://")).expect("influxd listens");
    let length = body.len();
    write!(
        connection,
        "POST {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("influxd reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("influxd answers");
    let status = answer.lines().next().unwrap_or_default();
    assert!(status.contains(" 20"), "{path}: {answer}");
}
