//! The static program runs where there is nothing: no C library, no resolver's plugins, no certificates, no shell.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;
use tempfile::TempDir;
use test_kubelet::{Options, TestKubelet};

use crate::built;
use crate::support::plugin::{Left, Plugin};
use crate::system::{as_root, output};

/// In bytes, what it may take on disk.
const LIMIT: u64 = 6_500_000;

/// What the project links by default, which must be told from the static one.
const DYNAMIC: &str = env!("CARGO_BIN_EXE_telegraf-kubelet");

fn program() -> String {
    built("telegraf-kubelet").to_str().expect("UTF-8").to_owned()
}

/// Without an interpreter, which is the dynamic loader, and with nothing that `ldd` could name.
fn is_static(program: &str) -> bool {
    let headers = output(Command::new("readelf").args(["--wide", "--program-headers", program]));
    let libraries = output(Command::new("ldd").arg(program));
    !headers.contains("INTERP") && libraries.trim() == "statically linked"
}

fn is_stripped(program: &str) -> bool {
    let sections = output(Command::new("readelf").args(["--wide", "--section-headers", program]));
    !sections.contains(".symtab") && !sections.contains(".debug_")
}

#[test]
fn it_is_static_stripped_and_small() {
    let program = program();
    assert!(is_static(&program));
    assert!(is_stripped(&program));
    let size = fs::metadata(&program).expect("a file").len();
    assert!(size < LIMIT, "{size} bytes");

    // What would be said of another one.
    assert!(!is_static(DYNAMIC));
    assert!(!is_stripped(DYNAMIC));
}

/// The Debian package's too.
#[test]
fn it_does_not_tell_where_it_was_built() {
    let unpacked = TempDir::new().expect("a temporary directory");
    output(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(built("telegraf-kubelet.deb"))
            .arg(unpacked.path()),
    );
    let in_package = unpacked.path().join("usr/bin/telegraf-kubelet");
    for program in [Path::new(&program()), &in_package] {
        let content = fs::read(program).expect("a file");
        let has = |words: &str| {
            content
                .windows(words.len())
                .any(|window| window == words.as_bytes())
        };
        assert!(has("kubelet_scrape"), "or this looks for nothing");
        let here = env!("CARGO_MANIFEST_DIR");
        let mut places = vec![format!("{here}/src/"), format!("{here}/target/")];
        let homes = [std::env::var("CARGO_HOME"), std::env::var("HOME")];
        let homes = homes.iter().flatten().filter(|home| *home != "/");
        places.extend(homes.map(|home| format!("{home}/")));
        for place in places {
            assert!(!has(&place), "{}: {place}", program.display());
        }
    }
}

/// A root directory with the program, its configuration and the files that this names, and nothing else.
struct Empty {
    root: TempDir,
    kubelet: TestKubelet,
}

impl Empty {
    fn new() -> Self {
        let empty = Self {
            root: TempDir::new().expect("a temporary directory"),
            kubelet: TestKubelet::start(Options::default()),
        };
        let files = empty.kubelet.files();
        empty.put(Path::new(&program()), "telegraf-kubelet", 0o755);
        empty.put(&files.ca, "ca.crt", 0o644);
        empty.put(&files.token, "token", 0o644);
        // A temporary directory is its owner's alone; a root directory is everybody's.
        fs::set_permissions(empty.root.path(), Permissions::from_mode(0o755)).expect("our own");
        empty
    }

    fn put(&self, from: &Path, to: &str, mode: u32) {
        let to = self.root.path().join(to);
        fs::copy(from, &to).expect("a writable directory");
        fs::set_permissions(&to, Permissions::from_mode(mode)).expect("our own");
    }

    /// One tick with the kubelet at `host`, run there as the image runs it: by a user without any rights or name.
    fn tick(&self, host: &str) -> Left {
        let port = self.kubelet.url().rsplit_once(':').expect("a port").1.to_owned();
        fs::write(
            self.root.path().join("kubelet.conf"),
            format!(
                "[[inputs.kubelet]]\n  url = \"https://{host}:{port}\"\n  bearer_token = \"/token\"\n  tls_ca = \"/ca.crt\"\n"
            ),
        )
        .expect("a writable directory");
        let mut command = as_root("chroot");
        // In a user namespace there is nobody but root.
        if geteuid().is_root() {
            command.arg("--userspec=65532:65532");
        }
        command
            .arg(self.root.path())
            .args(["/telegraf-kubelet", "-config", "/kubelet.conf"]);
        Plugin::once(command)
    }
}

/// How a batch of three pods ends.
fn assert_scraped(left: &Left) {
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    let last = left.stdout.last().expect("lines");
    assert!(last.starts_with("kubelet_scrape,"), "{left:#?}");
    assert!(last.contains(",result=success,"), "{left:#?}");
    assert!(left.stdout.len() > 20, "{left:#?}");
}

#[test]
fn it_scrapes_an_address_from_an_empty_root() {
    let empty = Empty::new();
    assert_scraped(&empty.tick("127.0.0.1"));
}

/// Every container of a pod has `/etc/hosts` and `/etc/resolv.conf`, also one from an image with nothing in it, and
/// either is enough: files and DNS are built into a static glibc, and without `/etc/nsswitch.conf` it asks both.
#[test]
fn a_name_needs_what_every_pod_has() {
    let empty = Empty::new();
    let left = empty.tick("test-node");
    let last = left.stdout.last().expect("a line");
    assert!(last.contains(",result=connection_failed,"), "{left:#?}");

    fs::create_dir(empty.root.path().join("etc")).expect("a writable directory");
    fs::write(empty.root.path().join("etc/hosts"), "127.0.0.1 test-node\n").expect("a writable directory");
    assert_scraped(&empty.tick("test-node"));
}
