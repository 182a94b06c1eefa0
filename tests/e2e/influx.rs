//! A real `InfluxDB` 1.x of a test's own, and its answers.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

use crate::process::Owned;
use crate::support::lines::{Key, Number};
use crate::wait::PATIENCE;

/// Nanoseconds since 1970, and all fields of all points that have this time.
pub type Batches = BTreeMap<i64, Vec<(Key, Number)>>;

/// A running `influxd`. Empty at first, gone with its data when dropped.
pub struct Influx {
    address: SocketAddr,
    _server: Owned,
}

impl Influx {
    /// Starts one that keeps all it has in `dir`, on free ports of 127.0.0.1.
    pub fn start(dir: &Path) -> Self {
        let dir = dir.join("influxdb");
        fs::create_dir(&dir).expect("an empty directory to start in");
        let config = dir.join("influxdb.conf");
        fs::write(&config, configuration(&dir)).expect("a writable directory");
        let mut server = Command::new("influxd")
            .arg("-config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("no influxd: {error}. Get it by: apt-get install influxdb (`.ci/run` does)")
            });
        let log = server.stderr.take().expect("it is piped");
        let server = Owned::new(server);
        Self {
            address: listening(log, &dir.join("influxd.log")),
            _server: server,
        }
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All points of a database. Each value has the type that the database gave its field.
    pub fn points(&self, database: &str) -> Batches {
        let types = self.types(database);
        let mut batches = Batches::new();
        for series in self.query(database, "SELECT * FROM /.*/ GROUP BY *") {
            let measurement = text(&series["name"]);
            let tags: BTreeMap<String, String> = series["tags"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(tag, value)| (tag.clone(), text(value)))
                // A tag that other series of the measurement have.
                .filter(|(_, value)| !value.is_empty())
                .collect();
            for row in rows(&series) {
                let mut row = columns(&series).zip(row);
                let (_, time) = row.next().expect("the time comes first");
                let batch = batches.entry(time.as_i64().expect("nanoseconds")).or_default();
                for (field, value) in row.filter(|(_, value)| !value.is_null()) {
                    let kind = &types[&(measurement.clone(), field.to_owned())];
                    let key = (measurement.clone(), tags.clone(), field.to_owned());
                    batch.push((key, number(kind, value)));
                }
            }
        }
        batches
    }

    /// What a `SELECT COUNT` counts; none where there is no such measurement or database.
    pub fn count(&self, database: &str, query: &str) -> usize {
        let series = self.query(database, query);
        let counted = series.first().and_then(|series| series["values"][0][1].as_u64());
        usize::try_from(counted.unwrap_or(0)).expect("few")
    }

    /// The type of each field, by measurement and name.
    fn types(&self, database: &str) -> BTreeMap<(String, String), String> {
        let mut types = BTreeMap::new();
        for series in self.query(database, "SHOW FIELD KEYS") {
            for row in rows(&series) {
                let key = (text(&series["name"]), text(&row[0]));
                let other = types.insert(key.clone(), text(&row[1]));
                assert!(other.is_none(), "two types in one database: {key:?}");
            }
        }
        types
    }

    /// The series in the answer to one query.
    pub fn query(&self, database: &str, query: &str) -> Vec<Value> {
        let answer = self.get(&format!(
            "/query?epoch=ns&db={}&q={}",
            escaped(database),
            escaped(query)
        ));
        let mut answer: Value =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{query}: {error}: {answer}"));
        let result = answer["results"][0].take();
        match result["error"].as_str() {
            // Telegraf creates it with its first connection.
            Some(error) if error.starts_with("database not found") => return Vec::new(),
            Some(error) => panic!("{query}: {error}"),
            None => {}
        }
        result["series"].as_array().cloned().unwrap_or_default()
    }

    /// The body of an answer. With HTTP/1.0 it ends where the connection does.
    fn get(&self, path: &str) -> String {
        let mut connection = TcpStream::connect(self.address).expect("influxd listens");
        connection.set_read_timeout(Some(PATIENCE)).expect("not zero");
        write!(connection, "GET {path} HTTP/1.0\r\n\r\n").expect("influxd reads");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("influxd answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.contains(" 200 "), "{path}: {answer}");
        body.to_owned()
    }
}

/// Its own ports are for it to choose; it says in its log which one it has.
fn configuration(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        r#"
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{dir}/meta"
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:0"
  log-enabled = false
[monitor]
  store-enabled = false
"#
    )
}

/// The address in its log, as soon as it stands there. The log is read on to its end, else it would block.
fn listening(log: impl Read + Send + 'static, copy: &Path) -> SocketAddr {
    let mut kept = File::create(copy).expect("a writable directory");
    let (found, address) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let _ = writeln!(kept, "{line}");
            if line.contains("Listening on HTTP") {
                let address = line.split(' ').find_map(|word| word.strip_prefix("addr="));
                // Nobody waits any more for a second one.
                let _ = found.send(address.expect("an address").parse().expect("host:port"));
            }
        }
    });
    address.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let log = fs::read_to_string(copy).unwrap_or_default();
        panic!("influxd does not listen:\n{log}")
    })
}

fn columns(series: &Value) -> impl Iterator<Item = &str> {
    series["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn rows(series: &Value) -> impl Iterator<Item = &Vec<Value>> {
    series["values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn number(kind: &str, value: &Value) -> Number {
    let number = match kind {
        "integer" => value.as_i64().map(Number::Integer),
        "float" => value.as_f64().map(Number::Float),
        "boolean" => value.as_bool().map(Number::Boolean),
        _ => None,
    };
    number.unwrap_or_else(|| panic!("{value} in a field of type {kind}"))
}

/// Percent encoding.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
