//! A file system that doesn't answer, as a dead NFS server's, and a stop that is obeyed all the same.
//!
//! FUSE without anybody who serves it: whoever looks into it waits for ever.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use test_kubelet::{Options, TestKubelet};

use crate::pod::unshare;
use crate::support::plugin::{Plugin, bare, block, command};

/// Telegraf sends SIGTERM so long after it closed stdin.
const BEFORE_SIGTERM: Duration = Duration::from_secs(5);

/// Mounts it on a directory, and goes on as the program, which holds the one handle that keeps it from ending.
const BESIDE_A_DEAD_SERVER: &str = r#"
set -eu
exec 9<>/dev/fuse
mount --internal-only --types fuse --options fd=9,rootmode=40000,user_id=0,group_id=0 none "$1"
shift
exec "$@"
"#;

/// The program where nothing in `dead` can be read.
fn beside(dead: &Path, program: &Command) -> Command {
    let mut command = unshare();
    command
        .args(["--mount", "sh", "-c", BESIDE_A_DEAD_SERVER, "sh"])
        .arg(dead)
        .arg(program.get_program())
        .args(program.get_args());
    command
}

fn dead(dir: &Path) -> PathBuf {
    let dead = dir.join("dead");
    std::fs::create_dir(&dead).expect("a new directory");
    dead
}

/// Each way to tell it to stop.
const WAYS: [Option<Signal>; 3] = [None, Some(Signal::TERM), Some(Signal::INT)];

fn assert_stops(mut plugin: Plugin, way: Option<Signal>) {
    match way {
        Some(signal) => plugin.signal(signal),
        None => plugin.close_stdin(),
    }
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0), "{way:?} {left:#?}");
    assert!(left.stdout.is_empty(), "{left:#?}");
    let said = left.stderr.last().expect("why it went");
    assert!(
        said.starts_with("W! told to stop") && said.contains("file system"),
        "{left:#?}"
    );
}

#[test]
fn while_the_configuration_is_read() {
    for way in WAYS {
        for prompts in [0, 2] {
            let dir = tempfile::tempdir().expect("a directory");
            let dead = dead(dir.path());
            let mut program = bare();
            program.arg("-config").arg(dead.join("kubelet.conf"));
            let mut plugin = Plugin::start(beside(&dead, &program));
            plugin.until_ready();
            plugin.write(&b"\n".repeat(prompts));
            assert_stops(plugin, way);
        }
    }
}

#[test]
fn while_a_token_is_read() {
    for way in WAYS {
        let dir = tempfile::tempdir().expect("a directory");
        let dead = dead(dir.path());
        let kubelet = TestKubelet::start(Options::default());
        let token = dead.join("token").display().to_string();
        let config = block(&kubelet).replace(&kubelet.files().token.display().to_string(), &token);
        let mut plugin = Plugin::start(beside(&dead, &command(dir.path(), &config)));
        plugin.until_ready();
        plugin.tick();
        plugin.until_waiting_for("fuse");
        assert_stops(plugin, way);
    }
}
