//! A kubelet that is asked by its name, for which the system's resolver needs a thread.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;
use test_kubelet::{Options, TestKubelet};

use super::process::allow_threads;
use super::support::plugin::{Plugin, block, command, copied};

/// A user that nobody else is: the system counts the threads of a user, and never those of root.
const NOBODY_ELSE: u32 = 54_321;

fn by_name(kubelet: &TestKubelet) -> String {
    block(kubelet).replace("127.0.0.1", "localhost")
}

/// The same command as an ordinary user, who may read what it needs.
fn ordinary(dir: &Path, config: &str, kubelets: &[&TestKubelet]) -> Command {
    let command = command(dir, config);
    if !geteuid().is_root() {
        return command;
    }
    let open = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    open(dir);
    for kubelet in kubelets {
        open(&kubelet.files().dir);
        chown(&kubelet.files().token, Some(NOBODY_ELSE), None).unwrap();
    }
    let mut own = Command::new(copied(dir));
    own.args(command.get_args()).uid(NOBODY_ELSE).gid(NOBODY_ELSE);
    own
}

#[test]
fn a_name_that_gets_no_thread_is_that_ticks_failure_and_nobody_elses() {
    let (named, healthy) = (
        TestKubelet::start(Options::default()),
        TestKubelet::start(Options::default()),
    );
    let dir = tempfile::tempdir().unwrap();
    let config = format!("{}{}", by_name(&named), block(&healthy));
    let mut plugin = Plugin::start(ordinary(dir.path(), &config, &[&named, &healthy]));
    // Its own threads are there when the first answer is.
    let named_one = |plugin: &mut Plugin| {
        plugin.tick();
        let scrapes: Vec<_> = (0..2).map(|_| plugin.batch().pop().unwrap()).collect();
        let (named, other): (Vec<_>, Vec<_>) = scrapes
            .into_iter()
            .partition(|line| line.contains("https://localhost:"));
        assert!(other[0].contains("result=success"), "{other:?}");
        named[0].clone()
    };
    named.set_fault(test_kubelet::Fault::Drop);
    assert!(named_one(&mut plugin).contains("result=connection_failed"));
    named.set_fault(test_kubelet::Fault::None);
    // One failed and the other answered, in whatever order.
    let said = [plugin.log(), plugin.log()];
    assert!(said.iter().any(|line| line.starts_with("E! ")), "{said:#?}");

    allow_threads(plugin.pid(), false);
    let scrape = named_one(&mut plugin);
    assert!(scrape.contains("result=connection_failed"), "{scrape}");
    let said = plugin.log();
    assert!(
        said.starts_with("E! ") && said.contains("may have no more threads") && said.contains("localhost"),
        "{said}"
    );
    allow_threads(plugin.pid(), true);
    let scrape = named_one(&mut plugin);
    assert!(scrape.contains("result=success"), "{scrape}");
}

#[test]
fn a_literal_address_needs_no_thread() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(ordinary(dir.path(), &block(&kubelet), &[&kubelet]));
    kubelet.set_fault(test_kubelet::Fault::Drop);
    plugin.tick();
    assert!(plugin.batch()[0].contains("result=connection_failed"));
    kubelet.set_fault(test_kubelet::Fault::None);
    allow_threads(plugin.pid(), false);
    plugin.tick();
    let batch = plugin.batch();
    assert!(batch.last().unwrap().contains("result=success"), "{batch:#?}");
}

#[test]
fn a_name_that_nobody_has() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    // RFC 6761: no such name is ever given to anybody.
    let config = block(&kubelet).replace("127.0.0.1", "no-such-node.invalid");
    let left = Plugin::once(command(dir.path(), &config));
    assert!(
        left.stdout[0].contains("result=connection_failed")
            && left.stderr[0].contains("no-such-node.invalid"),
        "{left:#?}"
    );
}
