//! A test kubelet from the command line, as [`HELP`] says.

use std::io::Read as _;
use std::path::PathBuf;

use test_kubelet::{Options, Right, Serving, TestKubelet};

const HELP: &str = "\
A kubelet for trials, on loopback, with real TLS, tokens and client certificates.

Usage: test-kubelet [flags]

  --pods N          so many pods (3)
  --containers N    so many containers in each (2)
  --port PORT       listen there (a free one)
  --dir DIR         put ca.crt, token, client.crt, client.key and worse ones there (test-kubelet in the temporary directory)
  --rights LIST     what its account may: stats, pods and proxy, with commas between them (stats)
  --serving WHOSE   its certificate: ca-issued or self-signed (ca-issued)

Prints `ready URL DIR` when it listens, and serves until its stdin ends (Ctrl-D).";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::default();
    let mut dir = std::env::temp_dir().join("test-kubelet");
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        if matches!(flag.as_str(), "--help" | "-h") {
            println!("{HELP}");
            return Ok(());
        }
        let value = arguments.next().ok_or(format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--pods" => options.pods = value.parse()?,
            "--containers" => options.containers = value.parse()?,
            "--port" => options.port = value.parse()?,
            "--dir" => dir = PathBuf::from(value),
            "--rights" => options.rights = value.split(',').map(right).collect::<Result<_, _>>()?,
            "--serving" => {
                options.serving = match value.as_str() {
                    "ca-issued" => Serving::CaIssued,
                    "self-signed" => Serving::SelfSigned,
                    _ => return Err(format!("unknown certificate {value}").into()),
                }
            }
            _ => return Err(format!("unknown flag {flag}").into()),
        }
    }
    std::fs::create_dir_all(&dir)?;
    let kubelet = TestKubelet::start_in(options, &dir);
    println!("ready {} {}", kubelet.url(), dir.display());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn right(word: &str) -> Result<Right, String> {
    match word {
        "stats" => Ok(Right::Stats),
        "pods" => Ok(Right::Pods),
        "proxy" => Ok(Right::Proxy),
        _ => Err(format!("unknown right {word}")),
    }
}
