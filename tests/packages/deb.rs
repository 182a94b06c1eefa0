//! The Debian package: installed by the real dpkg into a root of its own, run, given to a real Telegraf, removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use test_kubelet::{Options, TestKubelet};

use crate::built;
use crate::support::plugin::{Plugin, block};
use crate::system::{as_root, output};
use crate::telegraf::Telegraf;

/// What makes Telegraf run the plugin.
const DROP_IN: &str = "etc/telegraf/telegraf.d/telegraf-kubelet.conf";

/// The plugin's own.
const CONFIG: &str = "etc/telegraf-kubelet/kubelet.conf";

/// What Telegraf had to do before: nothing, but a Telegraf without any input does not start.
const TELEGRAF_CONF: &str = r#"
[agent]
  skip_processors_after_aggregators = true
[[inputs.execd]]
  alias = "other"
  command = ["cat"]
  signal = "STDIN"
[[outputs.file]]
"#;

fn deb() -> PathBuf {
    built("telegraf-kubelet.deb")
}

/// A root directory that dpkg takes for a whole system, and that nothing outside of it notices.
struct System(TempDir);

impl System {
    fn new() -> Self {
        let system = Self(TempDir::new().expect("a temporary directory"));
        for dir in ["info", "updates", "triggers"] {
            fs::create_dir_all(system.path("var/lib/dpkg").join(dir)).expect("a writable directory");
        }
        fs::create_dir_all(system.path("var/log")).expect("a writable directory");
        fs::write(system.path("var/lib/dpkg/status"), "").expect("a writable directory");
        system
    }

    fn installed() -> Self {
        let system = Self::new();
        system.dpkg("--install", deb().to_str().expect("UTF-8"));
        system
    }

    /// There is no libc6 in this root and no shell: dependencies are not asked for, scripts run outside of it.
    fn dpkg(&self, action: &str, what: &str) {
        let mut root = std::ffi::OsString::from("--root=");
        root.push(self.0.path());
        output(
            as_root("dpkg")
                .arg(root)
                .args(["--force-depends", "--force-script-chrootless", "--force-confold"])
                .args([action, what])
                .stdin(Stdio::null()),
        );
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("our own file");
    }

    /// Telegraf with what is in this system's `telegraf.d`, which speaks of another root than this.
    fn telegraf(&self) -> Telegraf {
        self.write("etc/telegraf/telegraf.conf", TELEGRAF_CONF);
        let mut configs = vec![self.path("etc/telegraf/telegraf.conf")];
        let mut found: Vec<_> = fs::read_dir(self.path("etc/telegraf/telegraf.d"))
            .expect("a directory")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
            .collect();
        found.sort();
        for (index, path) in found.iter().enumerate() {
            let root = self.0.path().to_str().expect("UTF-8");
            let text = fs::read_to_string(path).expect("UTF-8");
            let here = text
                .replace("\"/usr/", &format!("\"{root}/usr/"))
                .replace("\"/etc/", &format!("\"{root}/etc/"));
            let name = format!("etc/telegraf/{index}.conf");
            self.write(&name, &here);
            configs.push(self.path(&name));
        }
        Telegraf {
            configs,
            environment: Vec::new(),
            dir: self.0.path().to_owned(),
        }
    }
}

#[test]
fn it_says_what_it_is_and_needs() {
    let printed = output(Command::new("dpkg-deb").args(["--field"]).arg(deb()));
    let fields: BTreeMap<&str, &str> = printed
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_once(": "))
        .collect();
    assert_eq!(fields["Package"], "telegraf-kubelet");
    assert_eq!(fields["Version"], concat!(env!("CARGO_PKG_VERSION"), "-1"));
    let here = output(Command::new("dpkg").arg("--print-architecture"));
    assert_eq!(fields["Architecture"], here.trim());
    assert_eq!(fields["Recommends"], "telegraf");
    // Its names are looked up by the system's own glibc, and nothing else is linked.
    assert!(
        fields["Depends"].starts_with("libc6 (>= ") && !fields["Depends"].contains(','),
        "{fields:?}"
    );
}

#[test]
fn it_has_these_files_and_no_others() {
    let printed = output(Command::new("dpkg-deb").arg("--contents").arg(deb()));
    let mut files: Vec<(&str, &str, &str)> = printed
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
        .filter(|words| !words[0].starts_with('d'))
        .map(|words| (words[0], words[1], words[5]))
        .collect();
    files.sort_by_key(|(.., path)| *path);
    let plain = "-rw-r--r--";
    let expected = [
        (plain, "./etc/telegraf-kubelet/kubelet.conf"),
        (plain, "./etc/telegraf/telegraf.d/telegraf-kubelet.conf"),
        ("-rwxr-xr-x", "./usr/bin/telegraf-kubelet"),
        (plain, "./usr/share/doc/telegraf-kubelet/README.Debian"),
        (plain, "./usr/share/doc/telegraf-kubelet/README.md"),
        (plain, "./usr/share/doc/telegraf-kubelet/changelog.Debian.gz"),
        (plain, "./usr/share/doc/telegraf-kubelet/changelog.gz"),
        (plain, "./usr/share/doc/telegraf-kubelet/copyright"),
        (plain, "./usr/share/lintian/overrides/telegraf-kubelet"),
    ];
    assert_eq!(files, expected.map(|(mode, path)| (mode, "0/0", path)));

    let conffiles = output(Command::new("dpkg-deb").arg("--info").arg(deb()).arg("conffiles"));
    let conffiles: Vec<&str> = conffiles.lines().collect();
    assert_eq!(conffiles, [format!("/{CONFIG}"), format!("/{DROP_IN}")]);
}

#[test]
fn what_is_installed_runs_with_the_configuration_beside_it() {
    let system = System::installed();
    let program = system.path("usr/bin/telegraf-kubelet");
    let version = output(Command::new(&program).arg("--version"));
    assert_eq!(
        version,
        concat!("telegraf-kubelet ", env!("CARGO_PKG_VERSION"), "\n")
    );

    // As it is, it loads, asks nobody, and says what is missing.
    let mut command = Command::new(&program);
    command.arg("-config").arg(system.path(CONFIG));
    let left = Plugin::once(command);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    assert_eq!(left.stdout.len(), 1, "{left:#?}");
    assert!(
        left.stdout[0].starts_with("kubelet_scrape,result=credential,url=https://127.0.0.1:10250 "),
        "{left:#?}"
    );
    assert!(left.stderr[0].contains("/etc/telegraf-kubelet/"), "{left:#?}");
}

#[test]
fn telegraf_takes_the_drop_in() {
    let system = System::installed();
    let kubelet = TestKubelet::start(Options::default());
    system.write(CONFIG, &block(&kubelet));
    let ended = system.telegraf().run("--test");
    ended.assert_quiet(&["[inputs.execd::other]"]);
    assert!(ended.stdout.contains("> kubernetes_node,"), "{ended:?}");
    assert!(ended.stdout.contains("result=success"), "{ended:?}");
    assert!(ended.log.contains("[inputs.execd::kubelet]"), "{ended:?}");
}

/// Telegraf does not start when it is to run a program that is not there.
#[test]
fn what_was_removed_does_not_keep_telegraf_from_starting() {
    let system = System::installed();
    let changed = format!("{}\n  interval = \"30s\"\n", system.read(DROP_IN));
    system.write(DROP_IN, &changed);

    system.dpkg("--remove", "telegraf-kubelet");
    assert!(!system.path("usr/bin/telegraf-kubelet").exists());
    assert!(!system.path(DROP_IN).exists());
    assert!(system.path(CONFIG).exists());
    let ended = system.telegraf().run("--once");
    ended.assert_quiet(&["[inputs.execd::other]"]);

    // The same with the drop-in left where it was.
    let aside = format!("{DROP_IN}.removed");
    fs::copy(system.path(&aside), system.path(DROP_IN)).expect("our own");
    let ended = system.telegraf().run("--once");
    assert!(
        ended.log.contains("Starting input inputs.execd::kubelet: failed"),
        "{ended:?}"
    );
    fs::remove_file(system.path(DROP_IN)).expect("our own");

    system.dpkg("--install", deb().to_str().expect("UTF-8"));
    assert_eq!(system.read(DROP_IN), changed);
    assert!(!system.path(&aside).exists());

    system.dpkg("--remove", "telegraf-kubelet");
    system.dpkg("--purge", "telegraf-kubelet");
    for path in [DROP_IN, &aside, CONFIG] {
        assert!(!system.path(path).exists(), "{path}");
    }
}

/// An upgrade leaves the drop-in in its place at every moment: a Telegraf that starts meanwhile finds it.
#[test]
fn an_upgrade_keeps_what_was_changed() {
    let system = System::installed();
    for path in [DROP_IN, CONFIG] {
        let changed = format!("{}# changed\n", system.read(path));
        system.write(path, &changed);
    }
    system.dpkg("--install", deb().to_str().expect("UTF-8"));
    for path in [DROP_IN, CONFIG] {
        assert!(system.read(path).ends_with("# changed\n"), "{path}");
        assert!(!Path::new(&format!("{}.removed", system.path(path).display())).exists());
    }
}
