//! A real `InfluxDB` 1.x of a test's own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::process::Owned;
use crate::support::database::Database;
use crate::wait::PATIENCE;

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
}

impl Database for Influx {
    /// With HTTP/1.0 it ends where the connection does.
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
