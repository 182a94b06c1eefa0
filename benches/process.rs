//! What the whole process costs at each tick, TLS and all, beside one pass of `serde_json` that skips the same body.
//!
//! `cargo bench --bench process`, or with a number of pods behind `--`; `PLUGIN` may name another binary, a static one
//! say. The real binary, run as Telegraf runs it, against the test kubelet on loopback. Ratios from one run; memory as the system counts it. Nothing here is a test.

#[path = "support/skipping.rs"]
mod skipping;
mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use skipping::skipping;
use support::{as_ratio, processor, resident};
use test_kubelet::{Options, TestKubelet};

const WARM_UP: u32 = 20;
const TICKS: u32 = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pods = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(110);
    for options in Options::over_both() {
        println!("{pods} pods, HTTP/{}:", if options.http2 { "2" } else { "1.1" });
        let kubelet = TestKubelet::start(Options { pods, ..options });
        measure(&kubelet)?;
    }
    Ok(())
}

fn measure(kubelet: &TestKubelet) -> Result<(), Box<dyn std::error::Error>> {
    let files = kubelet.files();
    let config = files.dir.join("bench.conf");
    fs::write(
        &config,
        format!(
            "[[inputs.kubelet]]\n  url = \"{}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n",
            kubelet.url(),
            files.token.display(),
            files.ca.display()
        ),
    )?;
    let program = std::env::var_os("PLUGIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_telegraf-kubelet").into());
    let mut child = Command::new(program)
        .arg("-config")
        .arg(&config)
        .args(["-log_level", "error"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    let mut stdout = BufReader::with_capacity(64 * 1024, child.stdout.take().ok_or("no stdout")?);
    let mut line = Vec::new();
    let mut tick = || -> std::io::Result<()> {
        stdin.write_all(b"\n")?;
        loop {
            line.clear();
            if stdout.read_until(b'\n', &mut line)? == 0 || line.starts_with(b"kubelet_scrape") {
                return Ok(());
            }
        }
    };
    for _ in 0..WARM_UP {
        tick()?;
    }
    let (pid, warm) = (child.id(), resident(child.id())?);
    let before = processor(pid)?;
    for _ in 0..TICKS {
        tick()?;
    }
    let each = (processor(pid)? - before) / u64::from(TICKS);
    let body = kubelet.last_body().ok_or("no answer")?;
    let skip = skipping(&body);
    println!(
        "  {:>6.2} x  one skipping pass of serde_json over the {} bytes",
        1.0,
        body.len()
    );
    println!(
        "  {:>6.2} x  a tick of the process, user and system",
        as_ratio(each, skip)
    );
    println!(
        "  resident {warm} kB after {WARM_UP} ticks, {} kB after {}",
        resident(pid)?,
        WARM_UP + TICKS
    );
    drop(stdin);
    child.wait()?;
    Ok(())
}
