//! `telegraf-kubelet install FILE`, as an init container calls it.

mod support;

use std::fs::{self, File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, kill_process};
use support::install::{at_once, names};
use support::plugin::{PATIENCE, Plugin, bare, block, command, exits_within, program};
use test_kubelet::{Options, TestKubelet};

fn install(path: &Path) -> Output {
    bare().arg("install").arg(path).output().unwrap()
}

#[test]
fn the_copy_is_the_program_and_takes_the_place_of_one_that_runs() {
    let dir = tempfile::tempdir().unwrap();
    let kubelet = TestKubelet::start(Options::default());
    let path = dir.path().join("plugin");
    let mut processes = Vec::new();
    for _ in 0..2 {
        let output = install(&path);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("telegraf-kubelet is at {}\n", path.display())
        );
        assert!(output.stderr.is_empty());
        assert_eq!(names(dir.path()), ["plugin"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o755);

        // Each runs on while the next takes its place.
        let config_dir = tempfile::tempdir().unwrap();
        let here = command(config_dir.path(), &block(&kubelet));
        let mut there = Command::new(&path);
        there.args(here.get_args());
        let mut plugin = Plugin::start(there);
        plugin.tick();
        assert!(plugin.batch().last().unwrap().contains("result=success"));
        processes.push(plugin);
    }
    for mut plugin in processes {
        plugin.tick();
        assert!(plugin.batch().last().unwrap().contains("result=success"));
    }
}

#[test]
fn what_can_not_be_written_is_said_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let occupied = dir.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    let special = tempfile::tempdir().unwrap();
    let socket = special.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for (path, said) in [
        (
            occupied,
            "is a directory, a device or another thing that is no file; name the file",
        ),
        (socket.clone(), "is no file; name the file"),
        (
            dir.path().join("nowhere/plugin"),
            "can't be written: No such file",
        ),
        (dir.path().join(".."), "is no file; name the file"),
    ] {
        let output = install(&path);
        assert_eq!(output.status.code(), Some(1), "{}", path.display());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.starts_with("E! install: ") && stderr.contains(said) && stderr.lines().count() == 1,
            "{stderr}"
        );
        assert_eq!(names(dir.path()), ["occupied"]);
    }
}

#[test]
fn several_at_once_leave_one_whole_copy_and_nothing_else() {
    at_once(&Command::new(program()));
}

/// The one test of installing that has to last: how long it waits is what it is about.
#[test]
fn it_gives_up_a_lock_that_nobody_lets_go_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plugin");
    let held = File::open(dir.path()).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let start = || {
        let mut installer = bare();
        installer.arg("install").arg(&path).stderr(Stdio::piped());
        installer.spawn().unwrap()
    };
    let (waits, told) = (start(), start());
    // Whom somebody ends does not wait any longer.
    kill_process(Pid::from_child(&told), Signal::TERM).unwrap();
    assert_eq!(exits_within(told, PATIENCE).1.code(), None);

    let (mut waits, status) = exits_within(waits, 3 * PATIENCE);
    assert_eq!(status.code(), Some(1));
    let mut log = String::new();
    waits.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let said = format!(
        "E! install: somebody has held the lock of the directory {} for 20 s",
        dir.path().display()
    );
    assert!(log.starts_with(&said) && log.contains("`lslocks`"), "{log}");
    assert_eq!(names(dir.path()), Vec::<String>::new());
    drop(held);
    assert!(install(&path).status.success());
}

/// A limit to a file's size ends each in the midst of its copy, as running out of memory would.
#[test]
fn what_killed_ones_left_does_not_pile_up_and_goes_with_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plugin");
    let script = "ulimit -c 0 && ulimit -f 64 && exec \"$0\" install \"$1\"";
    for _ in 0..3 {
        let status = Command::new("sh")
            .args(["-c", script, &program()])
            .arg(&path)
            .status()
            .unwrap();
        assert_eq!(status.code(), None, "killed: {status}");
        assert!(!path.exists());
        assert_eq!(names(dir.path()).len(), 1);
    }
    assert!(install(&path).status.success());
    assert_eq!(names(dir.path()), ["plugin"]);
}

/// Init containers run under whatever umask their runtime has.
#[test]
fn everybody_may_run_the_copy_whatever_the_umask() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let path = dir.path().join("plugin");
    let script = "umask 077 && exec \"$0\" install \"$1\"";
    let status = Command::new("sh")
        .args(["-c", script, &program()])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o755);
}
