//! A real Telegraf for the same nodes: with its own `inputs.kubernetes`, and with this program as its child.
//!
//! Its own finds the API server as a pod does, so that it is run in a mount namespace with the files of one.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::cluster::{Process, SUMMARIES};
use crate::nodes::{self, INTERVAL};
use crate::support::{as_ratio, processor, resident, status};
use crate::{Outcome, Size, program};

const SIZES: [Size; 1] = [(1_000, 30)];

/// Telegraf begins at a full interval, and its own plugin has no connection before.
const WARM_UP: u64 = 3;
const INTERVALS: u64 = 6;

/// What Telegraf's own plugin does not write.
const NOT_THE_PEERS: &str = r#"  fields_exclude = [
    "*_psi_*", "*inodes*", "swap_*", "rlimit_*", "start_time_seconds", "runtime_container_fs_*", "health_abnormal",
    "kubernetes_pod.*", "*_network_interface.*", "kubernetes_pod_container.memory_available_bytes",
  ]
"#;

/// As telegraf/kubernetes/cluster/telegraf.conf has it.
const AGENT: &str = "[agent]\n  interval = '10s'\n  round_interval = true\n  flush_interval = '10s'\n  metric_batch_size = 5000\n  \
    metric_buffer_limit = 200000\n  omit_hostname = true\n  skip_processors_after_aggregators = true\n\n";

/// With batches and a buffer as Telegraf has them if nothing is said.
const USUAL_AGENT: &str = "[agent]\n  interval = '10s'\n  round_interval = true\n  flush_interval = '10s'\n  omit_hostname = true\n  \
    skip_processors_after_aggregators = true\n\n";

const PEER: &str = "[[inputs.kubernetes]]\n  url = ''\n\n";

const NOWHERE: &str = "[[outputs.file]]\n  files = ['/dev/null']\n";

/// All of these sizes, or the usual one; of what is measured only what is called something with these words, where there are any.
pub fn measure_all(sizes: &[Size], words: &[&str]) -> Outcome<()> {
    let telegraf = std::env::var_os("TELEGRAF").unwrap_or_else(|| "telegraf".into());
    if Command::new(&telegraf).arg("version").output().is_err() {
        println!("NOT MEASURED: no Telegraf; put it in the PATH, or its path in TELEGRAF");
        return Ok(());
    }
    for &size in if sizes.is_empty() { &SIZES } else { sizes } {
        measure(&telegraf, size, words)?;
    }
    Ok(())
}

fn measure(telegraf: &OsString, (count, pods): Size, words: &[&str]) -> Outcome<()> {
    let mut cluster = Process::start(count, pods)?;
    let conf = |name: &str, options: &str| -> Outcome<String> {
        let path = cluster.dir().join(name);
        fs::write(&path, nodes::config(&cluster, false) + options)?;
        Ok(format!(
            "[[inputs.execd]]\n  command = ['{}', '-config', '{}', '-log_level', 'error']\n  signal = 'STDIN'\n  data_format = \
             'influx'\n\n",
            program().display(),
            path.display()
        ))
    };
    let (same, all) = (conf("same.conf", NOT_THE_PEERS)?, conf("all.conf", "")?);
    let database = database()?;
    println!("{count} nodes of {pods} pods: ms of processor a node and tick, and resident MiB at most");
    println!("  Telegraf            its child           both");
    let mut first = None;
    for (conf, what) in [
        ([AGENT, PEER, NOWHERE], "inputs.kubernetes, to a file"),
        (
            [AGENT, &same, NOWHERE],
            "this program, the same fields, to a file",
        ),
        ([AGENT, &all, NOWHERE], "this program, all fields, to a file"),
        ([AGENT, PEER, &database], "inputs.kubernetes, to a database"),
        (
            [AGENT, &same, &database],
            "this program, the same fields, to a database",
        ),
        (
            [AGENT, &all, &database],
            "this program, all fields, to a database",
        ),
        (
            [USUAL_AGENT, &all, &database],
            "the same with Telegraf's usual buffer of 10,000 lines and batches of 1,000",
        ),
    ] {
        if !words.iter().all(|words| what.contains(words)) {
            continue;
        }
        match Telegraf::start(telegraf, &cluster, &conf).and_then(|telegraf| telegraf.cost(&mut cluster)) {
            Ok(cost) => {
                cost.tell(count, first.as_ref().unwrap_or(&cost), what);
                first.get_or_insert(cost);
            }
            Err(why) => println!("  NOT MEASURED: {what}: {why}"),
        }
    }
    Ok(())
}

/// It, while it runs.
struct Telegraf {
    child: Child,
    log: PathBuf,
}

impl Telegraf {
    fn start(telegraf: &OsString, cluster: &Process, parts: &[&str]) -> Outcome<Self> {
        let (conf, log) = (
            cluster.dir().join("telegraf.conf"),
            cluster.dir().join("telegraf.log"),
        );
        fs::write(&conf, parts.concat())?;
        let in_a_pod = parts.contains(&PEER);
        let mut command = if in_a_pod {
            pod(cluster)
        } else {
            Command::new(telegraf)
        };
        if in_a_pod {
            command.arg(telegraf);
        }
        let child = command
            .arg("--config")
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?)
            .spawn()?;
        Ok(Self { child, log })
    }

    /// What it takes at each tick. How many there were, the kubelets know: one that takes too long is none for the next.
    fn cost(mut self, cluster: &mut Process) -> Outcome<Cost> {
        let from = nodes::next_interval() + WARM_UP;
        nodes::until(from);
        let (before, asked_before) = (self.taken()?, cluster.requests()?);
        nodes::until(from + INTERVALS);
        let (after, asked) = (self.taken()?, cluster.requests()?);
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("Telegraf ended: {status}, {}", fs::read_to_string(&self.log)?).into());
        }
        let summaries = asked.get(SUMMARIES).unwrap_or(&0) - asked_before.get(SUMMARIES).unwrap_or(&0);
        let living = cluster.living() as u64;
        if summaries == 0 {
            return Err("nothing was asked of the kubelets".into());
        }
        let a_tick = |time: u64| time * living / summaries;
        let log = fs::read_to_string(&self.log)?;
        Ok(Cost {
            own: a_tick(after.own - before.own),
            children: a_tick(after.children - before.children),
            missed: (living * INTERVALS).saturating_sub(summaries),
            dropped: log.lines().filter_map(dropped).sum(),
            ..after
        })
    }

    fn taken(&self) -> Outcome<Cost> {
        let pid = self.child.id();
        let (mut children, mut memory) = (0, [status(pid, "VmHWM:")?, 0]);
        for child in children_of(pid)? {
            children += processor(child)?;
            memory[1] += resident(child)?;
        }
        Ok(Cost {
            own: processor(pid)?,
            children,
            memory,
            missed: 0,
            dropped: 0,
        })
    }
}

impl Drop for Telegraf {
    fn drop(&mut self) {
        // It may be gone already, and its children end with their stdin.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What Telegraf and its children take at a tick.
struct Cost {
    /// Nanoseconds of processor time of its own, and of theirs.
    own: u64,
    children: u64,
    /// kB of the same.
    memory: [u64; 2],
    /// How many summaries less than there should have been were asked for.
    missed: u64,
    /// How many lines it said were lost, from its start on.
    dropped: u64,
}

impl Cost {
    fn tell(&self, nodes: usize, than: &Self, what: &str) {
        let each = |time: u64| as_ratio(time / nodes as u64, 1_000_000);
        let of = |memory: u64| as_ratio(memory, 1_024);
        println!(
            "  {:>5.2} ms {:>6.0} MiB {:>5.2} ms {:>5.0} MiB {:>5.2} ms {:>5.2} x  {what}{}",
            each(self.own),
            of(self.memory[0]),
            each(self.children),
            of(self.memory[1]),
            each(self.own + self.children),
            as_ratio(self.own + self.children, than.own + than.children),
            match (self.missed, self.dropped) {
                (0, 0) => String::new(),
                (missed, dropped) => format!("; {missed} summaries not asked for, {dropped} lines dropped"),
            }
        );
    }
}

/// As `Metric buffer overflow; 12 metrics have been dropped`.
fn dropped(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("buffer overflow; ")?;
    rest.split(' ').next()?.parse().ok()
}

/// What runs its arguments as in a pod: with the files of a `ServiceAccount`, and where the API server is.
fn pod(cluster: &Process) -> Command {
    const SCRIPT: &str = "of=/var/run/secrets/kubernetes.io/serviceaccount && mount -t tmpfs tmpfs /run && mkdir -p $of && \
        cp \"$0/ca.crt\" \"$0/token\" $of/ && exec \"$@\"";
    let mut command = Command::new("unshare");
    let (host, port) = cluster
        .url
        .trim_start_matches("https://")
        .rsplit_once(':')
        .unwrap_or_default();
    command
        .args(["--mount", "sh", "-c", SCRIPT])
        .arg(cluster.dir())
        .env("KUBERNETES_SERVICE_HOST", host)
        .env("KUBERNETES_SERVICE_PORT", port);
    command
}

fn children_of(parent: u32) -> Outcome<Vec<u32>> {
    let mut found = Vec::new();
    for task in fs::read_dir(Path::new("/proc").join(parent.to_string()).join("task"))? {
        let text = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    Ok(found)
}

/// An output to what takes all that an InfluxDB is sent.
fn database() -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // An end is one, whatever it is.
            thread::spawn(move || take(stream).is_ok());
        }
    });
    Ok(format!(
        "[[outputs.influxdb]]\n  urls = ['http://{address}']\n  database = 'telegraf'\n  skip_database_creation = true\n"
    ))
}

fn take(stream: TcpStream) -> Outcome<()> {
    stream.set_read_timeout(Some(Duration::from_secs(6 * INTERVAL)))?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut in_chunks) = (0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            match line.split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                Some(("transfer-encoding", _)) => in_chunks = true,
                _ => {}
            }
            if line.is_empty() {
                break;
            }
        }
        if in_chunks {
            skip_chunks(&mut reader)?;
        } else {
            skip(&mut reader, length)?;
        }
        reader
            .get_mut()
            .write_all(b"HTTP/1.1 204 No Content\r\nX-Influxdb-Version: 1.8.10\r\n\r\n")?;
    }
}

fn skip(reader: &mut impl Read, length: u64) -> Outcome<()> {
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    Ok(())
}

fn skip_chunks(reader: &mut BufReader<TcpStream>) -> Outcome<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = u64::from_str_radix(line.trim_end(), 16)?;
        skip(reader, length + 2)?;
        if length == 0 {
            return Ok(());
        }
    }
}
