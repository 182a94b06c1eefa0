//! Delivery to a socket, from outside: a listener that is the test's own comes, goes, sticks, and is something else.

mod support;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};
use support::lines::parse;
use support::plugin::{Left, PATIENCE, Plugin, block, command};
use test_kubelet::{Options, TestKubelet};

/// The budget for stopping is 4 s.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What takes part: a kubelet, and a directory for the socket.
struct Stage {
    kubelet: TestKubelet,
    dir: tempfile::TempDir,
}

impl Stage {
    fn new(pods: usize) -> Self {
        Self {
            kubelet: TestKubelet::start(Options {
                pods,
                ..Options::default()
            }),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("telegraf.sock")
    }

    /// As Telegraf does: what is left of an earlier one goes first.
    fn listen(&self) -> Listener {
        let _ = std::fs::remove_file(self.path());
        let socket = UnixDatagram::bind(self.path()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Listener(socket)
    }

    /// The command of a plugin that sends there. Ticks come by signal, so that each is at its time.
    fn command(&self, more: &str) -> Command {
        let config = format!(
            "{}  interval = \"1h\"\n  output = \"unixgram://{}\"\n{more}",
            block(&self.kubelet),
            self.path().display()
        );
        command(self.dir.path(), &config)
    }

    fn start(&self, more: &str) -> Plugin {
        let mut plugin = Plugin::start(self.command(more));
        // A container's stdin is /dev/null.
        plugin.close_stdin();
        until_ready(&plugin);
        plugin
    }

    /// So many ticks, each after the one before it was asked for.
    fn tick(&self, plugin: &Plugin, times: usize) {
        for _ in 0..times {
            let asked = self.kubelet.requests().len();
            plugin.signal(Signal::USR1);
            // A request is known as answered a moment before its answer is here.
            self.until_answered(asked + 1);
        }
    }

    fn until_answered(&self, requests: usize) {
        assert!(self.kubelet.wait_for_requests(requests, PATIENCE));
        until("answered", || self.kubelet.requests().len() >= requests);
    }

    /// The request, from 0, that brought a batch: the last one before the batch's time.
    fn request(&self, batch: &[String]) -> usize {
        let time: u128 = time(batch).parse().unwrap();
        let requests = self.kubelet.requests();
        let before = requests
            .iter()
            .filter(|seen| seen.at.duration_since(UNIX_EPOCH).unwrap().as_nanos() < time);
        before.count() - 1
    }
}

/// Asks again and again, where nothing tells.
fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Before its handlers stand, a signal is the end.
fn until_ready(plugin: &Plugin) {
    let status = format!("/proc/{}/status", plugin.pid().as_raw_pid());
    until("the handler of SIGUSR1", || {
        let status = std::fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
        u64::from_str_radix(caught.unwrap(), 16).unwrap() & (1 << (Signal::USR1.as_raw() - 1)) != 0
    });
}

/// Telegraf's part.
struct Listener(UnixDatagram);

impl Listener {
    /// The next datagram, of whole lines that parse; empty when there will be none.
    fn datagram(&self) -> Vec<String> {
        let mut room = vec![0; 64 * 1024];
        let length = self.0.recv(&mut room).expect("a datagram in time");
        let text = std::str::from_utf8(&room[..length]).expect("UTF-8");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if length > 0 {
            assert!(text.ends_with('\n'), "torn: {text}");
            assert!(length <= 4096 || lines.len() == 1, "{length} bytes at once");
            parse(text);
        }
        lines
    }

    /// The next whole batch, or the rest of one.
    fn batch(&self) -> Vec<String> {
        let mut batch = Vec::new();
        while !batch.last().is_some_and(is_last) {
            batch.extend(self.datagram());
        }
        batch
    }

    /// Reads on in a thread of its own.
    fn read_on(self) -> Reader {
        let socket = self.0.try_clone().unwrap();
        let thread = std::thread::spawn(move || {
            let mut batches = vec![Vec::new()];
            loop {
                let lines = self.datagram();
                if lines.is_empty() {
                    batches.retain(|batch: &Vec<String>| !batch.is_empty());
                    return batches;
                }
                for line in lines {
                    let last = is_last(&line);
                    batches.last_mut().unwrap().push(line);
                    if last {
                        batches.push(Vec::new());
                    }
                }
            }
        });
        Reader { socket, thread }
    }
}

struct Reader {
    socket: UnixDatagram,
    thread: JoinHandle<Vec<Vec<String>>>,
}

impl Reader {
    /// All that came, now that nothing will come any more.
    fn batches(self) -> Vec<Vec<String>> {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        self.thread.join().unwrap()
    }
}

#[expect(clippy::ptr_arg, reason = "it is handed to `is_some_and`")]
fn is_last(line: &String) -> bool {
    line.starts_with("kubelet_scrape")
}

/// The timestamp of all lines of a batch.
fn time(batch: &[String]) -> &str {
    let times: BTreeSet<_> = batch
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(times.len(), 1, "{times:?}");
    times.into_iter().next().unwrap()
}

/// What each line is about: all in front of its fields. Nothing has a space there in these summaries.
fn series(batch: &[String]) -> BTreeSet<&str> {
    let series: BTreeSet<_> = batch.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(series.len(), batch.len(), "a line twice: {batch:#?}");
    series
}

/// These are the batches of the requests from `first` on, whole and in order.
fn assert_batches(stage: &Stage, batches: &[Vec<String>], first: usize) {
    for (index, batch) in batches.iter().enumerate() {
        assert!(batch.last().unwrap().contains("result=success"), "{batch:#?}");
        let lines = batch.last().unwrap().split_once("lines=").unwrap().1;
        assert_eq!(lines.split_once("i,").unwrap().0, (batch.len() - 1).to_string());
        series(batch);
        assert_eq!(stage.request(batch), first + index);
    }
    assert_eq!(first + batches.len(), stage.kubelet.requests().len());
}

fn stop(plugin: Plugin) -> Left {
    plugin.signal(Signal::TERM);
    stopped(plugin)
}

fn stopped(plugin: Plugin) -> Left {
    let left = plugin.wait(STOP_LIMIT);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    assert!(left.stdout.is_empty(), "{left:#?}");
    left
}

/// The next line of the log that is about the socket.
fn log(plugin: &Plugin) -> String {
    loop {
        let line = plugin.log();
        if line.contains("unixgram://") {
            return line;
        }
    }
}

fn about_the_socket(left: &Left) -> Vec<&String> {
    left.stderr
        .iter()
        .filter(|line| line.contains("unixgram://"))
        .collect()
}

#[test]
fn every_batch_arrives_whole_and_once() {
    let stage = Stage::new(110);
    let reader = stage.listen().read_on();
    let plugin = stage.start("");
    stage.tick(&plugin, 5);
    let left = stop(plugin);
    assert_batches(&stage, &reader.batches(), 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
}

#[test]
fn its_own_interval_ticks_and_stdin_says_nothing() {
    let stage = Stage::new(3);
    let listener = stage.listen();
    let mut command = stage.command("");
    command.args(["-poll_interval", "300ms"]);
    let plugin = Plugin::start(command);
    listener.batch();
    listener.batch();
    stop(plugin);

    let asked = stage.kubelet.requests().len();
    let mut plugin = Plugin::start(stage.command(""));
    until_ready(&plugin);
    plugin.tick();
    plugin.close_stdin();
    stage.tick(&plugin, 1);
    stop(plugin);
    assert_eq!(stage.kubelet.requests().len(), asked + 1);
}

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
        let own = stage.dir.path().join("telegraf-kubelet");
        std::fs::copy(command.get_program(), &own).unwrap();
        // Another test that starts a program just now has a copy of the handle that wrote it, for a moment.
        until("nobody writes the program any more", || {
            let started = Command::new(&own).arg("--version").output();
            !started.is_err_and(|error| error.kind() == std::io::ErrorKind::ExecutableFileBusy)
        });
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        command = Command::new(own);
        command.args(arguments).uid(65534).gid(65534);
        mode(stage.dir.path().to_owned(), 0o755);
        mode(stage.kubelet.files().dir.clone(), 0o755);
    }
    let plugin = Plugin::start(command);
    until_ready(&plugin);
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

    // Some lines are missing, none is doubled, and no more than the kernel held for the one that went away.
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
        lost > 0 && lost <= (queue + 1) * 4096,
        "{lost} bytes are lost, with {queue} datagrams held"
    );
    stage.tick(&plugin, 1);
    assert_eq!(series(&listener.batch()).len(), whole_series.len());
    stop(plugin);
}

#[test]
fn when_the_buffer_is_full_the_oldest_batches_go_and_are_counted() {
    let stage = Stage::new(3);
    let plugin = stage.start("  output_buffer = \"64KiB\"\n");
    stage.tick(&plugin, 20);
    assert!(log(&plugin).contains("not there"));
    let said = log(&plugin);
    assert!(
        said.starts_with("W! ") && said.contains("output_buffer is full"),
        "{said}"
    );
    let reader = stage.listen().read_on();
    assert!(log(&plugin).starts_with("I! "));
    let said = log(&plugin);
    let dropped: usize = said
        .strip_prefix("W! ")
        .and_then(|said| {
            said.split_once("dropped ")?
                .1
                .split_once(" batches")?
                .0
                .parse()
                .ok()
        })
        .unwrap_or_else(|| panic!("{said}"));
    let left = stop(plugin);
    let batches = reader.batches();
    assert!(batches.len() > 1 && dropped > 1, "{dropped} {}", batches.len());
    assert_batches(&stage, &batches, dropped);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
}

#[test]
fn a_reader_that_sticks_stops_neither_scrapes_nor_the_end_and_costs_no_memory() {
    const BUFFER: usize = 2 * 1024 * 1024;
    let stage = Stage::new(200);
    let listener = stage.listen();
    let plugin = stage.start("  output_buffer = \"2MiB\"\n");
    // Once it is full.
    stage.tick(&plugin, 10);
    assert!(log(&plugin).contains("output_buffer is full"));
    let before = resident(&plugin);
    stage.tick(&plugin, 40);
    let after = resident(&plugin);
    // 40 batches of 0.7 MB.
    assert!(after < before + 4 * BUFFER, "from {before} to {after} bytes");

    let left = stop(plugin);
    let said = about_the_socket(&left);
    assert_eq!(said.len(), 2, "{said:#?}");
    let held: usize = said[0]
        .split_once("stopped with ")
        .and_then(|(_, said)| {
            said.split_once(" bytes that Telegraf did not take")?
                .0
                .parse()
                .ok()
        })
        .unwrap_or_else(|| panic!("{said:?}"));
    assert!(held <= BUFFER, "{held}");
    assert!(said[1].contains("dropped "), "{said:?}");
    drop(listener);
}

/// What it holds in memory, in bytes.
fn resident(plugin: &Plugin) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", plugin.pid().as_raw_pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1024
}

#[test]
fn a_slow_reader_gets_everything() {
    let stage = Stage::new(110);
    let listener = stage.listen();
    let plugin = stage.start("");
    stage.tick(&plugin, 5);
    let reader = listener.read_on();
    let left = stop(plugin);
    assert_batches(&stage, &reader.batches(), 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
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

#[test]
fn killed_in_the_middle_of_a_batch_it_leaves_whole_lines() {
    let stage = Stage::new(110);
    let listener = stage.listen();
    let plugin = stage.start("");
    stage.tick(&plugin, 1);
    let mut lines = listener.datagram();
    drop(plugin);
    let batches = listener.read_on().batches();
    lines.extend(batches.into_iter().flatten());
    series(&lines);
    time(&lines);
    assert!(!lines.iter().any(is_last), "that was the whole batch");
}

#[test]
fn a_line_that_telegraf_would_cut_is_left_out_and_one_that_is_only_long_is_not() {
    let stage = Stage::new(3);
    let mut summary: Value = serde_json::from_slice(&test_kubelet::summary(
        &test_kubelet::GeneratorOptions::default(),
        1,
    ))
    .unwrap();
    let metric = |length| json!({"name": "m", "type": "gauge", "units": "", "labels": {"l": "x".repeat(length)}, "value": 1});
    summary["pods"][0]["containers"][0]["userDefinedMetrics"] = json!([metric(60_000), metric(70_000)]);
    stage.kubelet.set_body(Some(summary.to_string().into_bytes()));
    let reader = stage.listen().read_on();
    let plugin = stage.start("");
    stage.tick(&plugin, 2);
    let said = log(&plugin);
    assert!(
        said.starts_with("W! ") && said.contains("left out a line of 70"),
        "{said}"
    );
    let left = stop(plugin);
    for batch in reader.batches() {
        let long: Vec<_> = batch.iter().filter(|line| line.len() > 4096).collect();
        assert!(long.len() == 1 && long[0].len() > 60_000, "{}", long.len());
        assert!(batch.last().unwrap().contains(&format!("lines={}i", batch.len())));
    }
    assert_eq!(about_the_socket(&left), Vec::<&String>::new(), "said twice");
}
