//! One block for all nodes of a cluster, in one process or in several that share them, with a prompt each ten seconds.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use test_kubelet::{GeneratorOptions, summary};

use crate::cluster::{Process, Requests};
use crate::skipping::skipping;
use crate::support::{as_ratio, processor, resident, status};
use crate::told::{self, Scrape, Told};
use crate::{Outcome, Size, program};

const SIZES: [Size; 2] = [(1_000, 30), (5_000, 30)];

/// Seconds from prompt to prompt.
pub const INTERVAL: u64 = 10;
/// The first prompt is answered at once, the second says how long an interval is, and members have to find each other.
const WARM_UP: u64 = 4;
const TICKS: u64 = 6;

/// All of these sizes, or the usual ones; with so many members.
pub fn measure_all(sizes: &[Size], members: usize) -> Outcome<()> {
    let usual = if members == 1 { &SIZES[..] } else { &SIZES[..1] };
    let sizes = if sizes.is_empty() { usual } else { sizes };
    println!("nodes x pods (dead)   resident MiB, at most   ms a node and tick   x skipping   lines a tick");
    for &(nodes, pods) in sizes {
        measure(nodes, pods, members)?;
    }
    Ok(())
}

fn measure(nodes: usize, pods: usize, members: usize) -> Outcome<()> {
    let mut cluster = Process::start(nodes, pods)?;
    let mut plugins = Vec::new();
    for member in 0..members {
        plugins.push(Plugin::start(&cluster, member, members > 1)?);
    }
    let first = next_interval();
    for interval in first..first + WARM_UP {
        until(interval);
        tick(&mut plugins)?;
    }
    let from = first + WARM_UP;
    until(from);
    let (before, asked_before) = (cost(&plugins)?, cluster.requests()?);
    for interval in from..from + TICKS {
        until(interval);
        tick(&mut plugins)?;
    }
    until(from + TICKS);
    let (after, asked) = (cost(&plugins)?, cluster.requests()?);

    let dead: BTreeSet<_> = cluster
        .members
        .iter()
        .filter(|member| member.dead.is_some())
        .map(|member| member.name.clone())
        .collect();
    let mut told = Told::default();
    for plugin in &plugins {
        for scrape in plugin.scrapes.try_iter() {
            let (interval, after) = place(scrape.at);
            if (from..from + TICKS).contains(&interval) {
                let is_dead = dead.contains(&scrape.node);
                told.take(scrape, interval, after, is_dead);
            }
        }
    }
    let skip = skipping(&summary(
        &GeneratorOptions {
            pods,
            ..GeneratorOptions::default()
        },
        1,
    ));
    let each = (after.time - before.time) / (TICKS * nodes as u64);
    println!(
        "{nodes:>5} x {pods:>4} ({:>4})   {:>12}   {:>18.2}   {:>10.2}   {:>12}",
        dead.len(),
        after.memory,
        as_ratio(each, 1_000_000),
        as_ratio(each, skip),
        told.lines / TICKS,
    );
    let names = cluster.members.iter().map(|member| &member.name);
    let living = names.filter(|name| !dead.contains(*name));
    println!(
        "  of {} that live {} were told once in each of {TICKS} intervals, {:.2} s after it began at the last; failed: {:?}; dead: {:?}",
        cluster.living(),
        told.once_in_each(living, from..from + TICKS),
        told.last,
        told.failed,
        told.dead,
    );
    tell_requests(&asked_before, &asked, members);
    Ok(())
}

fn tell_requests(before: &Requests, after: &Requests, members: usize) {
    let minutes = as_ratio(TICKS * INTERVAL, 60);
    println!("  a member asks, requests a minute now and all before:");
    for (what, count) in after {
        let before = before.get(what).copied().unwrap_or_default();
        let now = as_ratio(count - before, members as u64) / minutes;
        println!("    {now:>6.1} {:>6.1}  {what}", as_ratio(before, members as u64));
    }
}

/// The program as a member runs it.
struct Plugin {
    child: Child,
    stdin: ChildStdin,
    scrapes: Receiver<Scrape>,
}

impl Plugin {
    fn start(cluster: &Process, member: usize, shares: bool) -> Outcome<Self> {
        let path = cluster.dir().join(format!("nodes-{member}.conf"));
        fs::write(&path, config(cluster, shares))?;
        let mut child = Command::new(program())
            .arg("-config")
            .arg(&path)
            .args(["-log_level", "error"])
            .env("POD_NAME", format!("member-{member}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let scrapes = told::read(child.stdout.take().ok_or("no stdout")?);
        Ok(Self {
            stdin: child.stdin.take().ok_or("no stdin")?,
            child,
            scrapes,
        })
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One block for all of its nodes.
pub fn config(cluster: &Process, shares: bool) -> String {
    let shares = if shares {
        "  shards = 'leases'\n  lease_namespace = 'monitoring'\n"
    } else {
        ""
    };
    format!(
        "[[inputs.kubelet]]\n  discover = 'nodes'\n  api_server = '{}'\n  bearer_token = '{}'\n  tls_ca = '{}'\n{shares}",
        cluster.url,
        cluster.token().display(),
        cluster.ca().display()
    )
}

fn tick(plugins: &mut [Plugin]) -> Outcome<()> {
    for plugin in plugins {
        plugin.stdin.write_all(b"\n")?;
    }
    Ok(())
}

/// What all members took so far.
struct Cost {
    /// Nanoseconds of processor time.
    time: u64,
    /// Of each, in MiB: now, and at most.
    memory: String,
}

fn cost(plugins: &[Plugin]) -> Outcome<Cost> {
    let (mut time, mut memory) = (0, Vec::new());
    for plugin in plugins {
        let pid = plugin.child.id();
        time += processor(pid)?;
        memory.push(format!(
            "{:.1} {:.1}",
            as_ratio(resident(pid)?, 1_024),
            as_ratio(status(pid, "VmHWM:")?, 1_024)
        ));
    }
    Ok(Cost {
        time,
        memory: memory.join(", "),
    })
}

/// The number of the interval, and how many seconds after its beginning.
fn place(at: Duration) -> (u64, f64) {
    let interval = at.as_secs() / INTERVAL;
    let after = at.saturating_sub(Duration::from_secs(interval * INTERVAL));
    (interval, after.as_secs_f64())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The number of the interval of the wall's clock that begins next: when Telegraf prompts.
pub fn next_interval() -> u64 {
    now().as_secs() / INTERVAL + 1
}

/// Sleeps until it begins.
pub fn until(interval: u64) {
    std::thread::sleep(Duration::from_secs(interval * INTERVAL).saturating_sub(now()));
}
