//! The API server from outside, over TLS.

mod faults;
mod leases;
mod nodes;
mod watches;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use super::{ApiOptions, NodeSpec, TestApiServer};
use crate::tests::{Got, parse};

const PATIENCE: Duration = Duration::from_secs(20);
const NODES: &str = "/api/v1/nodes";

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// One with so many nodes.
fn with_nodes(count: usize) -> TestApiServer {
    let name = |at| format!("node-{at:04}");
    TestApiServer::start(ApiOptions {
        nodes: (0..count)
            .map(|at| NodeSpec::new(&name(at), "127.0.0.1", 10250))
            .collect(),
        ..ApiOptions::default()
    })
}

fn connect(api: &TestApiServer) -> std::io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(&api.files().ca).expect("a certificate");
    roots.add(ca).expect("a CA");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().expect("an address");
    let tls = ClientConnection::new(Arc::new(config), name).expect("TLS");
    let stream = TcpStream::connect(api.addr())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(StreamOwned::new(tls, stream))
}

fn send(stream: &mut Stream, token: &str, method: &str, path: &str, body: &str) -> std::io::Result<()> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())
}

/// What came, however little.
fn ask_as(api: &TestApiServer, token: &str, method: &str, path: &str, body: &str) -> Got {
    let mut answer = Vec::new();
    if let Ok(mut stream) = connect(api)
        && send(&mut stream, token, method, path, body).is_ok()
    {
        let _ = stream.read_to_end(&mut answer);
    }
    parse(&answer)
}

fn get(api: &TestApiServer, path: &str) -> Got {
    ask_as(api, &api.token("reader"), "GET", path, "")
}

fn json(got: &Got) -> Value {
    assert!(got.whole, "{got:?}");
    serde_json::from_slice(&got.body).expect("JSON")
}

/// The names of a list.
fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items");
    let name = |item: &Value| item["metadata"]["name"].as_str().expect("a name").to_owned();
    items.iter().map(name).collect()
}

/// An answer that is read as it comes.
struct Watching {
    stream: BufReader<Stream>,
    status: u16,
    /// Of what came already.
    rest: Vec<u8>,
}

/// How an answer ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Clean,
    Cut(Vec<u8>),
}

impl Watching {
    /// Returns when the headers are there.
    fn begin(api: &TestApiServer, name: &str, query: &str) -> Self {
        let mut stream = connect(api).expect("a listener");
        let path = format!("{NODES}?watch=1&{query}");
        send(&mut stream, &api.token(name), "GET", &path, "").expect("a connection");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).expect("a head") > 0, "{head}");
        }
        let head = head.to_lowercase();
        assert!(
            head.contains("transfer-encoding: chunked") || head.contains("content-length"),
            "{head}"
        );
        let status = head.split(' ').nth(1).expect("a status");
        Self {
            status: status.parse().expect("a number"),
            stream,
            rest: Vec::new(),
        }
    }

    fn chunk(&mut self) -> std::io::Result<Vec<u8>> {
        let mut size = String::new();
        self.stream.read_line(&mut size)?;
        let broken = |_| std::io::Error::other("no size");
        let size = usize::from_str_radix(size.trim(), 16).map_err(broken)?;
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk)?;
        chunk.truncate(size);
        Ok(chunk)
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let Some(at) = self.rest.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.rest.drain(..=at).collect();
                line.pop();
                return Ok(line);
            }
            match self.chunk() {
                Ok(chunk) if chunk.is_empty() => return Err(End::Clean),
                Ok(chunk) => self.rest.extend(chunk),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("nothing came"),
                Err(_) => return Err(End::Cut(std::mem::take(&mut self.rest))),
            }
        }
    }

    fn event(&mut self) -> Value {
        let line = self.line().expect("an event");
        serde_json::from_slice(&line).expect("JSON")
    }

    /// Type and name of the next.
    fn told(&mut self) -> (String, String) {
        let event = self.event();
        let text = |at: &str| {
            event
                .pointer(at)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        (text("/type"), text("/object/metadata/name"))
    }

    fn end(&mut self) -> End {
        self.line().expect_err("an end")
    }
}

fn told(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}
