//! Clocks that are stepped, both ways: by an operator, by NTP on a node that booted without a battery, by a machine that slept.
//!
//! No machine's clock is touched. The program alone is told another time, by a library in front of the C library's
//! (`clock.c`); a program that is linked statically has no such place, so it is always the one that Cargo built.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use test_kubelet::{Fault, Options, TestKubelet};

use super::process::descriptors;
use super::stdout::BEFORE_SIGTERM;
use super::support::plugin::{Plugin, block, command};

const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

/// The program with clocks of its own.
struct Stage {
    kubelet: TestKubelet,
    clocks: File,
    plugin: Plugin,
    _dir: tempfile::TempDir,
}

fn library(dir: &Path) -> std::path::PathBuf {
    let library = dir.join("clock.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/clock.c"))
        .status()
        .expect("what Rust links with");
    assert!(built.success());
    library
}

impl Stage {
    fn new(more: &str, flags: &[&str]) -> Self {
        let kubelet = TestKubelet::start(Options::default());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clocks");
        let clocks = File::create(&path).unwrap();
        clocks.set_len(16).unwrap();
        let asked = command(dir.path(), &format!("{}{more}", block(&kubelet)));
        let mut command = Command::new(env!("CARGO_BIN_EXE_telegraf-kubelet"));
        command
            .args(asked.get_args())
            .args(flags)
            .env("LD_PRELOAD", library(dir.path()))
            .env("CLOCKS", &path);
        Self {
            kubelet,
            clocks,
            plugin: Plugin::start(command),
            _dir: dir,
        }
    }

    /// From now on so many seconds are added: on the wall, and since the start.
    fn step(&self, wall: i64, since_start: i64) {
        for (at, seconds) in [(0, wall), (8, since_start)] {
            self.clocks.write_all_at(&seconds.to_ne_bytes(), at).unwrap();
        }
    }

    fn tick(&mut self) -> String {
        self.plugin.tick();
        self.plugin.batch().pop().unwrap()
    }

    /// A good tick, whose lines have the time on the wall, `wall` seconds from ours.
    fn assert_good(&mut self, wall: i64) {
        let scrape = self.tick();
        assert!(scrape.contains(",result=success,"), "{wall}: {scrape}");
        assert_at(&scrape, wall);
        let (_, took) = scrape.split_once("response_seconds=").unwrap();
        let took: f64 = took.split(',').next().unwrap().parse().unwrap();
        assert!((0.0..20.0).contains(&took), "{wall}: {scrape}");
    }

    fn end(mut self) -> Vec<String> {
        self.plugin.close_stdin();
        let left = self.plugin.wait(BEFORE_SIGTERM);
        assert_eq!(left.status.code(), Some(0), "{left:#?}");
        left.stderr
    }
}

/// A line with a time within a minute of that one.
fn assert_at(line: &str, wall: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let time: i64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    let off = time / 1_000_000_000 - i64::try_from(now).unwrap() - wall;
    assert!(off.abs() < 60, "{off} s off: {line}");
}

#[test]
fn on_the_wall_by_little() {
    let mut stage = Stage::new("", &[]);
    stage.assert_good(0);
    let open = descriptors(stage.plugin.pid());
    // As far as a token of an hour and the certificates of the test allow.
    for wall in [1, -1, 300, -300, HOUR / 2, -HOUR / 2, 0] {
        stage.step(wall, 0);
        stage.assert_good(wall);
    }
    assert_eq!(descriptors(stage.plugin.pid()), open);
    let said = stage.end();
    assert!(said.iter().all(|line| !line.starts_with("E! ")), "{said:#?}");
}

/// No certificate is valid then, so no new connection is believed; and when the clock is right, all is well at once.
#[test]
fn on_the_wall_by_years() {
    for wall in [30 * YEAR, -30 * YEAR] {
        let mut stage = Stage::new("", &[]);
        stage.assert_good(0);
        stage.step(wall, 0);
        // The connection that stands was believed by the clock of before; this one ends it.
        stage.kubelet.set_fault(Fault::Away);
        stage.kubelet.set_fault(Fault::None);
        let scrape = stage.tick();
        assert!(scrape.contains(",result=tls,"), "{scrape}");
        assert_at(&scrape, wall);
        stage.step(0, 0);
        stage.assert_good(0);
        let said = stage.end();
        let errors: Vec<_> = said.iter().filter(|line| line.starts_with("E! ")).collect();
        assert_eq!(errors.len(), 1, "{said:#?}");
        assert!(errors[0].contains("clock"), "{said:#?}");
    }
}

/// Before 1970, and beyond what nanoseconds hold: a time is written that can be one.
#[test]
fn on_the_wall_to_where_no_time_is() {
    for wall in [-70 * YEAR, 400 * YEAR] {
        let mut stage = Stage::new("", &[]);
        stage.assert_good(0);
        stage.step(wall, 0);
        let scrape = stage.tick();
        assert!(scrape.starts_with("kubelet_scrape"), "{scrape}");
        stage.step(0, 0);
        stage.assert_good(0);
        stage.end();
    }
}

/// A machine that slept for an hour or a day, where that clock goes on: deadlines pass, connections are old, and the tick is
/// good. Its own interval does not make up for what it slept through.
#[test]
fn since_the_start() {
    for leap in [75, HOUR, 24 * HOUR] {
        let mut stage = Stage::new("", &[]);
        stage.assert_good(0);
        stage.step(leap, leap);
        stage.assert_good(leap);
        stage.assert_good(leap);
        let said = stage.end();
        assert!(said.iter().all(|line| !line.starts_with("E! ")), "{said:#?}");
    }
}

#[test]
fn its_own_interval_goes_on_through_both() {
    let stage = Stage::new("", &["-poll_interval", "300ms"]);
    stage.plugin.batch();
    for (wall, since_start) in [(HOUR / 2, 0), (-HOUR / 2, 0), (0, HOUR), (0, HOUR)] {
        stage.step(wall, since_start);
        let batch = stage.plugin.batch();
        assert!(batch.last().unwrap().contains(",result=success,"), "{batch:#?}");
    }
    // An hour has twelve thousand of them.
    let mut missed = 0;
    while stage.plugin.line_within(Duration::from_millis(100)).is_some() {
        missed += 1;
        assert!(missed < 1_000, "it makes up for what it slept through");
    }
    stage.end();
}
