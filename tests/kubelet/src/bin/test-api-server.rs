//! A test API server from the command line, as [`HELP`] says.

use std::io::{BufRead as _, stdin};
use std::path::{Path, PathBuf};

use test_kubelet::Cluster;
use test_kubelet::api::{ApiOptions, NodeSpec, TestApiServer};

const HELP: &str = "\
An API server for trials, with real TLS and tokens: nodes to list and watch, and Leases.

Usage: test-api-server [flags]

  --nodes N         so many nodes, whose kubelets are at 127.0.0.1:10250 (0)
  --kubelets FILE   nodes: a name, an address and a port a line, with spaces between them
  --ip ADDRESS      listen there (127.0.0.1)
  --address ADDRESS the certificate is for this one too; may be repeated
  --port PORT       listen there (a free one)
  --http2           offer HTTP/2
  --tokens NAMES    write a token for each of these names, with commas between them, as DIR/NAME.token
  --dir DIR         put ca.crt, token, client.crt, client.key and more there (test-api-server in the temporary directory)

Prints `ready URL DIR` when it listens, and serves until its stdin ends (Ctrl-D). Meanwhile a line of stdin changes it, and is
answered with `done`:

  put NAME ADDRESS PORT    a node is made, or its kubelet is elsewhere
  delete NAME              it is gone
  requests                 how many requests there were, of each method, path and token
";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut options = ApiOptions::default();
    let mut dir = std::env::temp_dir().join("test-api-server");
    let mut tokens = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        match flag.as_str() {
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(());
            }
            "--http2" => {
                options.http2 = true;
                continue;
            }
            _ => {}
        }
        let value = arguments.next().ok_or(format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--nodes" => {
                let node = |at| NodeSpec::new(&format!("node-{at:05}"), "127.0.0.1", 10250);
                options.nodes.extend((0..value.parse::<usize>()?).map(node));
            }
            "--kubelets" => options.nodes.extend(kubelets(Path::new(&value))?),
            "--ip" => options.ip = value.parse()?,
            "--address" => options.addresses.push(value.parse()?),
            "--port" => options.port = value.parse()?,
            "--tokens" => tokens.extend(value.split(',').map(str::to_owned)),
            "--dir" => dir = PathBuf::from(value),
            _ => return Err(format!("unknown flag {flag}").into()),
        }
    }
    std::fs::create_dir_all(&dir)?;
    let api = TestApiServer::start_in(&Cluster::new(), options, &dir);
    for name in tokens {
        api.write_token(&dir.join(format!("{name}.token")), &name);
    }
    println!("ready {} {}", api.url(), dir.display());
    for line in stdin().lock().lines() {
        obey(&api, &line?)?;
        println!("done");
    }
    Ok(())
}

fn obey(api: &TestApiServer, line: &str) -> Outcome<()> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["put", ..] => api.put_node(node(line.trim_start().trim_start_matches("put"))?),
        ["delete", name] => api.delete_node(name),
        ["requests"] => {
            for ((method, path, token), count) in api.counts() {
                println!("{count} {method} {path} {}", token.as_deref().unwrap_or("-"));
            }
        }
        _ => return Err(format!("cannot do {line:?}").into()),
    }
    Ok(())
}

fn kubelets(file: &Path) -> Outcome<Vec<NodeSpec>> {
    let text = std::fs::read_to_string(file)?;
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(node)
        .collect()
}

fn node(line: &str) -> Outcome<NodeSpec> {
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        [name, address, port] => Ok(NodeSpec::new(name, address, port.parse()?)),
        _ => Err(format!("{line:?} is no name, address and port").into()),
    }
}
