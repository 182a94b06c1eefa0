//! The alerts of `operating.md`, asked of a real `InfluxDB` that has the plugin's own lines of the last hour.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use test_kubelet::{Fault, TestKubelet};

use crate::influx::Influx;
use crate::stage::Stage;
use crate::support::database::Database as _;
use crate::support::page::{self, Block};
use crate::support::plugin::block;
use crate::support::scrape::{once, with_certificate};

const MINUTE: i64 = 60_000_000_000;

/// What makes an alert speak.
enum Trouble {
    /// These fields of a measurement, with a value when all is well and one when it is not.
    Numbers(
        &'static str,
        &'static [(&'static str, &'static str, &'static str)],
    ),
    /// Scrapes that fail.
    Failing,
    /// A kubelet that is heard of no more.
    Silent,
}

const ALERTS: [(&str, Trouble); 13] = [
    ("failing", Trouble::Failing),
    ("silent", Trouble::Silent),
    (
        "client certificate",
        Trouble::Numbers(
            "kubelet_scrape",
            &[("client_certificate_expires_in_seconds", "7776000i", "600000i")],
        ),
    ),
    (
        "serving certificate",
        Trouble::Numbers(
            "kubelet_scrape",
            &[("serving_certificate_expires_in_seconds", "7776000i", "-60i")],
        ),
    ),
    (
        "token",
        Trouble::Numbers("kubelet_scrape", &[("token_expires_in_seconds", "720i", "240i")]),
    ),
    (
        "slow",
        Trouble::Numbers("kubelet_scrape", &[("response_seconds", "0.25", "4.5")]),
    ),
    (
        "merged",
        Trouble::Numbers("kubelet_scrape", &[("ticks_merged", "0i", "6i")]),
    ),
    (
        "claim",
        Trouble::Numbers(
            "kubernetes_pod_volume",
            &[("used_bytes", "40i", "95i"), ("capacity_bytes", "100i", "100i")],
        ),
    ),
    (
        "node filesystem",
        Trouble::Numbers(
            "kubernetes_node",
            &[
                ("fs_available_bytes", "40i", "14i"),
                ("fs_capacity_bytes", "100i", "100i"),
            ],
        ),
    ),
    (
        "node inodes",
        Trouble::Numbers(
            "kubernetes_node",
            &[("fs_inodes_free", "40i", "9i"), ("fs_inodes", "100i", "100i")],
        ),
    ),
    (
        "node memory",
        Trouble::Numbers(
            "kubernetes_node",
            &[("memory_available_bytes", "4000000000i", "400000000i")],
        ),
    ),
    (
        "node pressure",
        Trouble::Numbers("kubernetes_node", &[("memory_psi_full_avg60", "0", "12.5")]),
    ),
    (
        "node processes",
        Trouble::Numbers(
            "kubernetes_node",
            &[
                ("rlimit_curproc", "900i", "3500i"),
                ("rlimit_maxpid", "4000i", "4000i"),
            ],
        ),
    ),
];

/// The queries of the guide, by name and in its order.
fn queries() -> Vec<(String, String)> {
    let page = page::guide("operating.md");
    let named = |block: Block| {
        let name = block.marker?.strip_prefix("alert: ")?.to_owned();
        Some((name, block.text))
    };
    page.of_language("sql").into_iter().filter_map(named).collect()
}

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

    for (name, trouble) in &ALERTS {
        let database = name.replace(' ', "_");
        let mut lines = at(&quiet, latest, 0..60);
        lines.extend(match trouble {
            Trouble::Numbers(measurement, numbers) => {
                let bad = numbers.iter().map(|(field, _, bad)| (*field, *bad));
                at(&with_numbers(&quiet, measurement, bad), latest, 0..10)
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

/// The lines of two good ticks, one with a token and one with a certificate, with numbers at which all is well.
fn calm(kubelet: &TestKubelet) -> Vec<String> {
    let files = kubelet.files();
    let mut lines = once(kubelet, &block(kubelet)).stdout;
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
    for (_, trouble) in &ALERTS {
        if let Trouble::Numbers(measurement, numbers) = trouble {
            let good = numbers.iter().map(|(field, good, _)| (*field, *good));
            lines = with_numbers(&lines, measurement, good);
        }
    }
    lines
}

/// The lines with these numbers in the place of the kubelet's.
fn with_numbers<'n>(
    lines: &[String],
    measurement: &str,
    numbers: impl Iterator<Item = (&'n str, &'n str)>,
) -> Vec<String> {
    let mut lines = lines.to_vec();
    for (field, number) in numbers {
        let mut met = false;
        for line in &mut lines {
            let of_measurement = line.split([',', ' ']).next() == Some(measurement);
            let key = [" ", ","].iter().find_map(|before| {
                let key = format!("{before}{field}=");
                line.find(&key).map(|at| at + key.len())
            });
            if let (true, Some(from)) = (of_measurement, key) {
                let to = from + line[from..].find([',', ' ']).expect("an end");
                line.replace_range(from..to, number);
                met = true;
            }
        }
        assert!(met, "no {measurement} has {field}");
    }
    lines
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
