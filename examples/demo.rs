//! The main job without a cluster: a test kubelet on loopback, and the real program scraping it as Telegraf would.
//!
//! `cargo run --release --example demo`

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use test_kubelet::{Options, TestKubelet};

const TICKS: usize = 3;

/// So many lines of each measurement are shown.
const SHOWN: usize = 1;

fn main() -> Result<(), Box<dyn Error>> {
    let program = build()?;
    let kubelet = TestKubelet::start(Options {
        pods: 4,
        ..Options::default()
    });
    let config = configure(&kubelet)?;
    println!(
        "A kubelet listens on {}; this is the plugin's configuration:\n",
        kubelet.url()
    );
    println!("{}", std::fs::read_to_string(&config)?);

    let mut plugin = Command::new(program)
        .arg("-config")
        .arg(&config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut prompts = plugin.stdin.take().ok_or("no stdin")?;
    let mut lines = BufReader::new(plugin.stdout.take().ok_or("no stdout")?);
    for tick in 1..=TICKS {
        println!("--- tick {tick} of {TICKS}: a newline goes in, and out come");
        prompts.write_all(b"\n")?;
        show(&mut lines)?;
    }
    drop(prompts);
    println!("--- stdin closed: the plugin stops, {}\n", plugin.wait()?);
    println!("{LAST_WORDS}");
    Ok(())
}

const LAST_WORDS: &str = "\
To scrape a real node, run the program in a pod whose ServiceAccount may `get` `nodes/stats`, with NODE_IP set from
status.hostIP, and give it one prompt:

    echo | telegraf-kubelet

In telegraf.conf:

    [[inputs.execd]]
      command = [\"/usr/local/bin/telegraf-kubelet\"]
      signal = \"STDIN\"
      data_format = \"influx\"

README.md has the role, the pod's environment and all options; `telegraf-kubelet --sample-config` prints a configuration.";

/// Builds the program with the profile of this example: Cargo builds an example without it.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let here = std::env::current_exe()?;
    let profile = here
        .parent()
        .and_then(Path::parent)
        .ok_or("the example is not where Cargo puts it")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--bin", "telegraf-kubelet"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    if !cargo.status()?.success() {
        return Err("the program cannot be built".into());
    }
    Ok(profile.join("telegraf-kubelet"))
}

fn configure(kubelet: &TestKubelet) -> Result<PathBuf, Box<dyn Error>> {
    let files = kubelet.files();
    let path = files.dir.join("kubelet.conf");
    let text = format!(
        "[[inputs.kubelet]]\n  url = \"{}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n",
        kubelet.url(),
        files.token.display(),
        files.ca.display()
    );
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Prints an excerpt of one batch, which the line about the scrape ends.
fn show(lines: &mut BufReader<ChildStdout>) -> Result<(), Box<dyn Error>> {
    let mut shown = std::collections::BTreeMap::<String, usize>::new();
    let mut count = 0;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err("the plugin ended; its log is above".into());
        }
        count += 1;
        let measurement = line.split(',').next().unwrap_or_default().to_owned();
        let seen = shown.entry(measurement.clone()).or_default();
        *seen += 1;
        if *seen <= SHOWN {
            print!("{line}");
        }
        if measurement == "kubelet_scrape" {
            println!("({count} lines, {SHOWN} of each measurement shown)\n");
            return Ok(());
        }
    }
}
