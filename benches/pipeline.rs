//! What a whole pipeline costs at each tick: Telegraf and the program it runs, beside Telegraf with its own
//! `inputs.kubernetes`, from the same test kubelet to the same output.
//!
//! `TELEGRAF=/path/to/telegraf cargo bench --bench pipeline`, or with a number of pods behind `--`. Processor time of
//! user and system, as ratios from one run; ticks come each second, so it takes two minutes. Nothing here is a test.

mod support;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{as_ratio, processor, resident};
use test_kubelet::{Options, Right, TestKubelet};

const WARM_UP: usize = 10;
const TICKS: usize = 30;

/// Longer than that many ticks take.
const PATIENCE: Duration = Duration::from_secs(90);

/// What Telegraf's own plugin does not write.
const NOT_THE_PEERS: &str = r#"
  fields_exclude = [
    "*_psi_*", "*inodes*", "swap_*", "rlimit_*", "start_time_seconds", "runtime_container_fs_*", "health_abnormal",
    "kubernetes_pod.*", "*_network_interface.*", "kubernetes_pod_container.memory_available_bytes",
  ]
"#;

/// The same labels on both sides.
const LABELS: &str = "  label_include = ['app*']\n  label_exclude = []\n";

fn main() -> Result<(), Box<dyn Error>> {
    let telegraf = std::env::var_os("TELEGRAF").unwrap_or_else(|| "telegraf".into());
    if Command::new(&telegraf).arg("version").output().is_err() {
        println!("NOT MEASURED: no Telegraf; put it in the PATH, or its path in TELEGRAF");
        return Ok(());
    }
    let pods = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(110);
    let kubelet = TestKubelet::start(Options {
        pods,
        rights: vec![Right::Stats, Right::Pods],
        ..Options::default()
    });
    println!("{pods} pods, HTTP/1.1, Telegraf and all that it runs, processor time of a tick:");
    let peers = measure(&telegraf, &kubelet, &peer(&kubelet))?;
    let with_labels = format!("{}{LABELS}", peer(&kubelet));
    for (cost, what) in [
        (peers, "with inputs.kubernetes"),
        (
            measure(&telegraf, &kubelet, &with_labels)?,
            "with inputs.kubernetes and labels",
        ),
        (
            measure(
                &telegraf,
                &kubelet,
                &ours(&kubelet, &format!("{NOT_THE_PEERS}{LABELS}"))?,
            )?,
            "with telegraf-kubelet, the same fields and labels",
        ),
        (
            measure(&telegraf, &kubelet, &ours(&kubelet, NOT_THE_PEERS)?)?,
            "with telegraf-kubelet, the same fields",
        ),
        (
            measure(&telegraf, &kubelet, &ours(&kubelet, "")?)?,
            "with telegraf-kubelet, all fields",
        ),
    ] {
        println!(
            "  {:>6.2} x, resident {:>6} kB  {what}",
            as_ratio(cost.time, peers.time),
            cost.resident
        );
    }
    Ok(())
}

fn peer(kubelet: &TestKubelet) -> String {
    let files = kubelet.files();
    format!(
        "[[inputs.kubernetes]]\n  url = '{}'\n  bearer_token = '{}'\n  tls_ca = '{}'\n",
        kubelet.url(),
        // It asks for /pods too, which takes more rights than the summary.
        files.proxy_token.display(),
        files.ca.display()
    )
}

fn ours(kubelet: &TestKubelet, more: &str) -> Result<String, Box<dyn Error>> {
    let files = kubelet.files();
    let path = files.dir.join("kubelet.conf");
    let (url, token, ca) = (kubelet.url(), files.token.display(), files.ca.display());
    fs::write(
        &path,
        format!("[[inputs.kubelet]]\n  url = '{url}'\n  bearer_token = '{token}'\n  tls_ca = '{ca}'\n{more}"),
    )?;
    Ok(format!(
        "[[inputs.execd]]\n  command = ['{}', '-config', '{}']\n  signal = 'STDIN'\n  data_format = 'influx'\n",
        env!("CARGO_BIN_EXE_telegraf-kubelet"),
        path.display()
    ))
}

/// What Telegraf and its children cost.
#[derive(Clone, Copy)]
struct Cost {
    /// Nanoseconds of processor time a tick.
    time: u64,
    /// kB, at the end.
    resident: u64,
}

fn measure(telegraf: &OsString, kubelet: &TestKubelet, input: &str) -> Result<Cost, Box<dyn Error>> {
    let conf = kubelet.files().dir.join("telegraf.conf");
    fs::write(
        &conf,
        format!(
            "[agent]\n  interval = '1s'\n  flush_interval = '1s'\n  metric_buffer_limit = 100000\n  \
             skip_processors_after_aggregators = true\n\n{input}\n[[outputs.file]]\n  files = ['/dev/null']\n"
        ),
    )?;
    let mut running = Running(
        Command::new(telegraf)
            .arg("--config")
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let pid = running.0.id();
    let start = summaries(kubelet);
    let mut at = |ticks: usize| -> Result<(usize, Cost), Box<dyn Error>> {
        until(kubelet, start + ticks)?;
        if let Some(status) = running.0.try_wait()? {
            return Err(format!("Telegraf ended: {status}").into());
        }
        let mut cost = Cost { time: 0, resident: 0 };
        for process in [vec![pid], children(pid)?].concat() {
            cost.time += processor(process)?;
            cost.resident += resident(process)?;
        }
        Ok((summaries(kubelet), cost))
    };
    let ((from, before), (to, after)) = (at(WARM_UP)?, at(WARM_UP + TICKS)?);
    Ok(Cost {
        time: (after.time - before.time) / u64::try_from(to - from)?,
        resident: after.resident,
    })
}

/// Killed with the measurement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already, and its children end with their stdin.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn summaries(kubelet: &TestKubelet) -> usize {
    let requests = kubelet.requests();
    requests
        .iter()
        .filter(|seen| seen.path == "/stats/summary")
        .count()
}

/// Waits until so many summaries were served.
fn until(kubelet: &TestKubelet, count: usize) -> Result<(), Box<dyn Error>> {
    while summaries(kubelet) < count {
        let requests = kubelet.requests().len();
        if !kubelet.wait_for_requests(requests + 1, PATIENCE) {
            return Err("no request came: Telegraf does not scrape".into());
        }
    }
    Ok(())
}

fn children(parent: u32) -> Result<Vec<u32>, Box<dyn Error>> {
    let mut found = Vec::new();
    for task in fs::read_dir(Path::new("/proc").join(parent.to_string()).join("task"))? {
        let text = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    Ok(found)
}
