//! What the system knows of a running plugin.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Pid, Resource, geteuid, getrlimit};

/// How many descriptors it has open.
pub fn descriptors(pid: Pid) -> usize {
    let listed = fs::read_dir(of(pid, "fd")).expect("a process of our own");
    listed.count()
}

/// The memory that is resident, in kB.
pub fn resident(pid: Pid) -> u64 {
    status(pid, "VmRSS:")
}

/// The most that ever was, in kB.
pub fn peak(pid: Pid) -> u64 {
    status(pid, "VmHWM:")
}

fn status(pid: Pid, key: &str) -> u64 {
    let status = fs::read_to_string(of(pid, "status")).expect("a process of our own");
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("a line of its own").parse().expect("a number")
}

/// The processor time of all its threads so far, in the system's ticks of a hundredth of a second.
pub fn processor(pid: Pid) -> u64 {
    let stat = fs::read_to_string(of(pid, "stat")).expect("a process of our own");
    // The name stands in parentheses, and may hold anything; behind it, user and system are the 12th and 13th.
    let (_, behind) = stat.rsplit_once(')').expect("a name");
    let fields: Vec<_> = behind.split_whitespace().collect();
    let number = |at: usize| -> u64 { fields[at].parse().expect("a number") };
    number(11) + number(12)
}

/// From now on the process may open so many more descriptors than now.
pub fn allow_files(pid: Pid, more: usize) {
    let open: Vec<u64> = fs::read_dir(of(pid, "fd"))
        .expect("a process of our own")
        .map(|entry| entry.expect("a process of our own").file_name())
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect();
    // Descriptors are the lowest numbers that are free, and the limit is the first that may not be had.
    let limit = (0..).filter(|number| !open.contains(number)).nth(more);
    limit_to(pid, "nofile", limit);
}

/// From now on it may open as many as we.
pub fn allow_files_again(pid: Pid) {
    limit_to(pid, "nofile", getrlimit(Resource::Nofile).current);
}

/// From now on the user of this process may have no more threads, or as many as ours.
pub fn allow_threads(pid: Pid, any: bool) {
    let limit = if any {
        getrlimit(Resource::Nproc).current
    } else {
        Some(1)
    };
    limit_to(pid, "nproc", limit);
}

/// From now on it may have not a page more than it has, or as much as we.
pub fn allow_address_space(pid: Pid, any: bool) {
    let limit = if any {
        getrlimit(Resource::As).current
    } else {
        Some(status(pid, "VmSize:") * 1024)
    };
    limit_to(pid, "as", limit);
}

/// By a program that runs as the same user: only who has a right for it may limit others' processes, root or not.
fn limit_to(pid: Pid, what: &str, limit: Option<u64>) {
    let limit = limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
    let whose = fs::metadata(of(pid, "")).expect("a process of our own");
    let mut prlimit = Command::new("prlimit");
    prlimit
        .arg(format!("--pid={}", pid.as_raw_nonzero()))
        .arg(format!("--{what}={limit}:"));
    if whose.uid() != geteuid().as_raw() {
        prlimit.uid(whose.uid()).gid(whose.gid());
    }
    let done = prlimit.status().expect("prlimit, of util-linux");
    assert!(done.success(), "{prlimit:?}");
}

fn of(pid: Pid, what: &str) -> String {
    format!("/proc/{}/{what}", pid.as_raw_nonzero())
}
