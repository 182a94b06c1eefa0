//! A resolver that hangs, as one does whose DNS is behind a firewall: the file of hosts is a pipe, for one process alone.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::geteuid;
use test_kubelet::{Options, TestKubelet};

use crate::pod::unshare;
use crate::support::plugin::{Plugin, block, command};
use crate::wait::until;

/// Puts the pipe in the place of the file, and goes on as the program.
const WITH_HOSTS: &str = "mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";

/// The program, which waits for somebody to write into `hosts` whenever it looks up a name.
fn with_hosts(hosts: &Path, program: &Command) -> Plugin {
    mknodat(CWD, hosts, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    let mut command = unshare();
    command
        .args(["--mount", "sh", "-c", WITH_HOSTS, "sh"])
        .arg(hosts)
        .arg(program.get_program())
        .args(program.get_args());
    Plugin::start(command)
}

fn threads(plugin: &Plugin) -> usize {
    let tasks = format!("/proc/{}/task", plugin.pid().as_raw_pid());
    fs::read_dir(tasks).expect("a process of our own").count()
}

/// What became of a tick of the one with a name, while the other's is good.
fn tick(plugin: &mut Plugin) -> String {
    plugin.tick();
    let scrapes = [(); 2].map(|()| plugin.batch().pop().expect("a line"));
    let (named, other): (Vec<_>, Vec<_>) = scrapes
        .into_iter()
        .partition(|line| line.contains("https://localhost:"));
    assert!(other[0].contains("result=success"), "{other:?}");
    named[0].clone()
}

#[test]
fn a_resolver_that_hangs_holds_one_thread_and_nobody_up() {
    let [named, healthy] = [(); 2].map(|()| TestKubelet::start(Options::default()));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = format!(
        "{}  response_timeout = \"300ms\"\n{}",
        block(&named).replace("127.0.0.1", "localhost"),
        block(&healthy)
    );
    let hosts = dir.path().join("hosts");
    let mut plugin = with_hosts(&hosts, &command(dir.path(), &config));
    let mut at_first = 0;
    for number in 0..10 {
        let scrape = tick(&mut plugin);
        assert!(scrape.contains("result=timeout"), "{scrape}");
        if number == 0 {
            at_first = threads(&plugin);
        }
        assert!(threads(&plugin) <= at_first, "tick {number}");
    }
    let said = std::iter::repeat_with(|| plugin.log()).find(|line| line.starts_with("E! "));
    assert!(said.is_some_and(|line| line.contains("no address for its name")));

    // From now on it is the usual file again, and who waits at the pipe finds nothing in it.
    let mut usual = Command::new("nsenter");
    usual.arg(format!("--target={}", plugin.pid().as_raw_pid()));
    if !geteuid().is_root() {
        usual.args(["--user", "--preserve-credentials"]);
    }
    usual.args(["--mount", "umount", "--lazy", "/etc/hosts"]);
    assert!(usual.status().expect("nsenter, of util-linux").success());
    drop(File::create(&hosts).expect("who waits"));
    // What the hanging one finds in the end is no answer for a later tick, so it may take one more.
    until("its name has an address", || {
        tick(&mut plugin).contains("result=success").then_some(())
    });
}

#[test]
fn a_resolver_that_hangs_does_not_hold_up_a_stop() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = block(&kubelet).replace("127.0.0.1", "localhost");
    let hosts = dir.path().join("hosts");
    let mut plugin = with_hosts(
        &hosts,
        &command(dir.path(), &format!("{config}  response_timeout = \"300ms\"\n")),
    );
    plugin.tick();
    assert!(plugin.batch()[0].contains("result=timeout"));
    plugin.close_stdin();
    let left = plugin.wait(Duration::from_secs(5));
    assert_eq!(left.status.code(), Some(0), "{left:?}");
}
