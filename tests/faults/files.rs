//! Files that vanish, are something else, have no end, or are swapped all the time, while we run and at the start: what was
//! read last bridges it, nothing is waited for, and what is good again is used at the next tick.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use test_kubelet::{ClientSpec, Options, TestKubelet, TokenSpec};

use super::process::{descriptors, peak};
use super::stdout::BEFORE_SIGTERM;
use super::support::plugin::{Plugin, command};
use super::support::scrape::{with_certificate, with_token};

/// What reading a file may cost, in kB, whatever it is.
const MEMORY: u64 = 4 * 1024;

/// Does it to what was at a path, where nothing is any more.
type Happens = fn(&Path);

/// What becomes of a file.
const MISHAPS: [(&str, Happens); 11] = [
    ("gone", |_| {}),
    ("empty", |path| {
        fs::write(path, "").unwrap();
    }),
    ("a line end", |path| {
        fs::write(path, "\n").unwrap();
    }),
    ("a directory", |path| {
        fs::create_dir(path).unwrap();
    }),
    ("a FIFO", |path| {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }),
    ("without an end", |path| symlink("/dev/zero", path).unwrap()),
    ("a terminal that nobody has", |path| {
        symlink("/dev/tty", path).unwrap();
    }),
    ("a link to nowhere", |path| {
        symlink("/nowhere/at/all", path).unwrap();
    }),
    ("a link to itself", |path| {
        symlink(path, path).unwrap();
    }),
    ("huge", |path| {
        File::create(path).unwrap().set_len(1 << 40).unwrap();
    }),
    ("garbage", |path| {
        fs::write(path, [0, 0xff, b'\n', 0x1b].repeat(500)).unwrap();
    }),
];

fn remove(path: &Path) {
    // Whatever it is.
    let _ = fs::remove_file(path);
    let _ = fs::remove_dir(path);
}

fn tick(plugin: &mut Plugin) -> String {
    plugin.tick();
    // Nothing is waited for, so this is far less than a deadline of the scrape.
    plugin.batch_within(Duration::from_secs(10)).pop().unwrap()
}

fn assert_good(plugin: &mut Plugin, what: &str) {
    let scrape = tick(plugin);
    assert!(scrape.contains(",result=success,"), "{what}: {scrape}");
}

/// While we run, and then at the start of the next one.
fn suffer(config: &str, path: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let content = fs::read(path).unwrap();
    for (mishap, happens) in MISHAPS {
        let what = format!("{} is {mishap}", path.display());
        let mut plugin = Plugin::start(command(dir.path(), config));
        for _ in 0..2 {
            assert_good(&mut plugin, &what);
        }
        let (open, most) = (descriptors(plugin.pid()), peak(plugin.pid()));
        remove(path);
        happens(path);
        for _ in 0..2 {
            assert_good(&mut plugin, &what);
        }
        let mut late = Plugin::start(command(dir.path(), config));
        let scrape = tick(&mut late);
        assert!(scrape.contains(",result=credential,"), "{what}: {scrape}");
        let said = late.log();
        assert!(
            said.starts_with("E! ") && said.contains(&path.display().to_string()),
            "{what}: {said}"
        );
        let took = peak(plugin.pid()).saturating_sub(most);
        assert!(took <= MEMORY, "{what}: {took} kB");

        remove(path);
        fs::write(path, &content).unwrap();
        for plugin in [&mut plugin, &mut late] {
            assert_good(plugin, &what);
        }
        assert_eq!(descriptors(plugin.pid()), open, "{what}");
        plugin.close_stdin();
        late.close_stdin();
        let left = plugin.wait(BEFORE_SIGTERM);
        let warned = left.stderr.iter().filter(|line| line.starts_with("W! ")).count();
        assert!(
            left.stderr.iter().all(|line| !line.starts_with("E! ")) && warned == 1,
            "{what}: {left:#?}"
        );
        assert_eq!(
            (left.status.code(), late.wait(BEFORE_SIGTERM).status.code()),
            (Some(0), Some(0))
        );
    }
}

#[test]
fn the_token() {
    let kubelet = TestKubelet::start(Options::default());
    let token = &kubelet.files().token;
    suffer(&with_token(&kubelet, token), token);
}

#[test]
fn the_ca() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    suffer(&with_token(&kubelet, &files.token), &files.ca);
}

#[test]
fn the_certificate_and_its_key() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    let config = with_certificate(&kubelet, &files.client_cert, &files.client_key);
    suffer(&config, &files.client_cert);
    suffer(&config, &files.client_key);
}

/// It is read at the start and never again.
#[test]
fn the_configuration() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &with_token(&kubelet, &kubelet.files().token)));
    assert_good(&mut plugin, "configured");
    let path = dir.path().join("kubelet.conf");
    for (mishap, happens) in MISHAPS {
        remove(&path);
        happens(&path);
        assert_good(&mut plugin, mishap);
    }
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!((left.status.code(), left.stderr.len()), (Some(0), 1), "{left:#?}");
}

/// Swaps that the ticks have to outlast: at each of forty ticks a good many, however slow the disk is.
const SWAPS: usize = 1_000;

/// Good ticks while each of these files is one or the other by turns, put there as Kubernetes does it: made beside it and
/// renamed, again and again and as fast as it goes.
fn ticks_while_swapped(plugin: &mut Plugin, files: &[(&Path, [&str; 2])]) {
    let (over, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let at = swaps.fetch_add(1, Ordering::Relaxed);
                for (path, contents) in files {
                    let beside = PathBuf::from(format!("{}.next", path.display()));
                    fs::write(&beside, contents[at % 2]).unwrap();
                    fs::rename(&beside, path).unwrap();
                }
            }
        });
        // Also where a tick fails, or the swapping would never end.
        let _over = Over(&over);
        let mut ticks = 0;
        while ticks < 40 || swaps.load(Ordering::Relaxed) < SWAPS {
            assert_good(plugin, &format!("tick {ticks}"));
            ticks += 1;
        }
    });
}

struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn end(mut plugin: Plugin, open: usize) {
    assert!(descriptors(plugin.pid()) <= open + 1);
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    assert!(
        left.stderr.iter().all(|line| !line.starts_with("E! ")),
        "{left:#?}"
    );
}

#[test]
fn a_token_that_is_swapped_all_the_time() {
    let kubelet = TestKubelet::start(Options::default());
    let token = &kubelet.files().token;
    let other = kubelet.token(&TokenSpec {
        account: "proxy".to_owned(),
        ..TokenSpec::default()
    });
    let first = fs::read_to_string(token).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &with_token(&kubelet, token)));
    plugin.keeps(&other);
    plugin.keeps(&first);
    assert_good(&mut plugin, "the first");
    let open = descriptors(plugin.pid());
    ticks_while_swapped(&mut plugin, &[(token, [&first, &other])]);
    end(plugin, open);
}

/// Half of the time the two do not fit: then the pair of before is used.
#[test]
fn a_pair_that_is_swapped_all_the_time() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    let (cert, key) = (&files.client_cert, &files.client_key);
    let other = kubelet.issue_client_certificate(&ClientSpec::default());
    let first = [cert, key].map(|path| fs::read_to_string(path).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &with_certificate(&kubelet, cert, key)));
    plugin.keeps(&other.1);
    plugin.keeps(&first[1]);
    assert_good(&mut plugin, "the first");
    let open = descriptors(plugin.pid());
    let files: [(&Path, _); 2] = [(cert, [&*first[0], &*other.0]), (key, [&*first[1], &*other.1])];
    ticks_while_swapped(&mut plugin, &files);
    end(plugin, open);
}

#[test]
fn a_ca_that_is_swapped_all_the_time() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    let first = fs::read_to_string(&files.ca).unwrap();
    let both = format!("{}{first}", fs::read_to_string(&files.other_ca).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &with_token(&kubelet, &files.token)));
    assert_good(&mut plugin, "the first");
    let open = descriptors(plugin.pid());
    ticks_while_swapped(&mut plugin, &[(&files.ca, [&first, &both])]);
    end(plugin, open);
}
