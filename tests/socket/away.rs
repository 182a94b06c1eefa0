//! Telegraf is not there: not yet, not any more, or not for us.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::stage::{Stage, about_the_socket, assert_batches, log, series, stop, stopped, time};
use crate::support::plugin::{Plugin, copied};

#[test]
fn it_waits_for_a_telegraf_that_comes_late() {
    let stage = Stage::new(3);
    let plugin = stage.start("");
    stage.tick(&plugin, 4);
    let said = log(&plugin);
    assert!(
        said.starts_with("W! ") && said.contains("not there: made by an inputs.socket_listener"),
        "{said}"
    );
    let reader = stage.listen().read_on();
    let said = log(&plugin);
    assert!(said.starts_with("I! "), "{said}");
    let left = stop(plugin);
    assert_batches(&stage, &reader.batches(), 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new(), "said twice");
}

#[test]
fn it_says_what_is_there_instead_of_a_telegraf() {
    for (what, mend) in [
        ("a stale socket", "left behind by a Telegraf that is gone"),
        ("a file", "a file that is no socket: correct output"),
        (
            "a stream",
            "a stream socket: begin service_address with unixgram://",
        ),
        ("a directory", "a file that is no socket: correct output"),
    ] {
        let stage = Stage::new(3);
        let path = stage.path();
        let mut stream = None;
        match what {
            "a stale socket" => drop(UnixDatagram::bind(&path).unwrap()),
            "a file" => std::fs::write(&path, "").unwrap(),
            "a directory" => std::fs::create_dir(&path).unwrap(),
            _ => stream = Some(UnixListener::bind(&path).unwrap()),
        }
        let plugin = stage.start("");
        stage.tick(&plugin, 2);
        let said = log(&plugin);
        assert!(said.starts_with("W! ") && said.contains(mend), "{what}: {said}");
        // It gets nothing that is not meant for it.
        drop(stream);
        if what == "a directory" {
            std::fs::remove_dir(&path).unwrap();
        }
        let reader = stage.listen().read_on();
        assert!(log(&plugin).starts_with("I! "));
        stop(plugin);
        assert_batches(&stage, &reader.batches(), 0);
    }
}

#[test]
fn a_socket_that_it_may_not_use_is_said_and_waited_for() {
    let stage = Stage::new(3);
    let listener = stage.listen();
    let mode = |path: PathBuf, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(stage.path(), 0o000);
    let mut command = stage.command("");
    if rustix::process::geteuid().is_root() {
        // Root may use anything: be somebody else, with a program, a configuration and credentials of their own.
        let own = copied(stage.dir.path());
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        command = Command::new(own);
        command.args(arguments).uid(65534).gid(65534);
        mode(stage.dir.path().to_owned(), 0o755);
        mode(stage.kubelet.files().dir.clone(), 0o755);
        mode(stage.kubelet.files().token.clone(), 0o644);
    }
    let plugin = Plugin::start(command);
    plugin.until_ready();
    stage.tick(&plugin, 2);
    let said = log(&plugin);
    assert!(
        said.starts_with("W! ") && said.contains("not allowed: run both as one user"),
        "{said}"
    );
    mode(stage.path(), 0o666);
    let reader = listener.read_on();
    assert!(log(&plugin).starts_with("I! "));
    stop(plugin);
    assert_batches(&stage, &reader.batches(), 0);
}

#[test]
fn a_restart_of_telegraf_between_two_batches_goes_unnoticed() {
    let stage = Stage::new(3);
    let plugin = stage.start("");
    let mut batches = Vec::new();
    for _ in 0..3 {
        let listener = stage.listen();
        stage.tick(&plugin, 1);
        batches.push(listener.batch());
    }
    let left = stop(plugin);
    assert_batches(&stage, &batches, 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
}

#[test]
fn what_is_scraped_while_telegraf_is_away_comes_once_it_is_back() {
    let stage = Stage::new(110);
    let plugin = stage.start("");
    let mut batches = Vec::new();
    for _ in 0..2 {
        let listener = stage.listen();
        stage.tick(&plugin, 1);
        // The last one may find what waited, and then this.
        while batches.len() < stage.kubelet.requests().len() {
            batches.push(listener.batch());
        }
        drop(listener);
        stage.tick(&plugin, 3);
        assert!(log(&plugin).starts_with("W! "));
        let listener = stage.listen();
        while batches.len() < stage.kubelet.requests().len() {
            batches.push(listener.batch());
        }
        assert!(log(&plugin).starts_with("I! "));
    }
    let left = stop(plugin);
    assert_batches(&stage, &batches, 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
}

#[test]
fn a_batch_that_telegraf_left_in_the_middle_goes_on_with_a_whole_line() {
    let stage = Stage::new(110);
    let plugin = stage.start("");
    let listener = stage.listen();
    stage.tick(&plugin, 1);
    let whole = listener.batch();
    // From now on only the times differ.
    stage
        .kubelet
        .set_body(Some(stage.kubelet.last_body().unwrap().to_vec()));
    stage.tick(&plugin, 1);
    let mut seen = listener.datagram();
    drop(listener);
    let said = log(&plugin);
    assert!(
        said.starts_with("W! ") && said.contains("went away in the middle of a batch"),
        "{said}"
    );
    let listener = stage.listen();
    seen.extend(listener.batch());
    assert!(log(&plugin).starts_with("I! "));

    // None is doubled, and no more are missing than the kernel can have held for the one that went away: how many it had
    // by then is nobody's to say.
    time(&seen);
    let (seen, whole_series) = (series(&seen), series(&whole));
    let about = |series: &&str| !series.starts_with("kubelet_scrape");
    assert!(
        seen.iter()
            .filter(|series| about(series))
            .all(|series| whole_series.contains(series))
    );
    let lost: usize = whole
        .iter()
        .filter(|line| !seen.contains(line.split(' ').next().unwrap()))
        .map(|line| line.len() + 1)
        .sum();
    let queue: usize = std::fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(
        lost <= (queue + 1) * 4096,
        "{lost} bytes are lost, with {queue} datagrams held"
    );
    stage.tick(&plugin, 1);
    assert_eq!(series(&listener.batch()).len(), whole_series.len());
    stop(plugin);
}

#[test]
fn told_to_stop_it_sends_what_waits_as_soon_as_it_can() {
    let stage = Stage::new(110);
    let plugin = stage.start("");
    stage.tick(&plugin, 3);
    assert!(log(&plugin).contains("not there"));
    plugin.signal(Signal::TERM);
    let reader = stage.listen().read_on();
    stopped(plugin);
    assert_batches(&stage, &reader.batches(), 0);
}
