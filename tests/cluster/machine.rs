//! The cluster, brought up once for all tests of this program, and gone with it however it ends: what runs there lives as
//! long as a pipe from here is open.
//!
//! Knows how to run something there and how to change a node; not what is to come of it.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tempfile::TempDir;

use crate::support::check::Checked;
use crate::support::plugin::{Left, Plugin, program};
use crate::wait::until;

/// The only node.
pub const NODE: &str = "node-1";

/// Its address and its kubelet's port.
pub const KUBELET: &str = "https://10.77.0.1:10250";

/// What a test adds to the kubelet's configuration, and what a fix of `check` adds to that.
const CHANGE: &str = "/etc/kubernetes/kubelet.conf.d/10-change.conf";
const FIX: &str = "/etc/kubernetes/kubelet.conf.d/20-fix.conf";

/// A running cluster.
pub struct Cluster {
    /// Its standard input is the pipe.
    _runs: Child,
    /// What `cluster.sh` takes for its directory.
    directory: PathBuf,
    dir: TempDir,
    /// What must be in nothing that the program says.
    secrets: Vec<String>,
    /// The kubelet's configuration is not the one that it came up with.
    configured: bool,
    /// Programs that do not run.
    stopped: BTreeSet<&'static str>,
    /// Programs that do nothing.
    hung: BTreeSet<&'static str>,
    /// There are nodes of a test, and networks for those that share them.
    shares_nodes: bool,
}

/// The cluster, for one test at a time, as it came up.
pub fn cluster() -> MutexGuard<'static, Cluster> {
    static CLUSTER: OnceLock<Mutex<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Mutex::new(Cluster::up()));
    // A test that failed has said so already.
    let mut cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
    cluster.as_it_came_up();
    cluster
}

fn script(directory: &Path, verb: &str) -> Command {
    let mut command = Command::new("bash");
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster.sh"))
        .arg(verb)
        .env("CLUSTER_DIR", directory)
        .stdin(Stdio::null());
    command
}

/// What a command prints; it has to succeed.
fn output(command: &mut Command) -> String {
    let output = command.output().expect("a shell");
    let [said, log] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).expect("UTF-8"));
    assert!(output.status.success(), "{command:?}\n{said}{log}");
    said
}

impl Cluster {
    fn up() -> Self {
        let directory = kept("cluster");
        let mut runs = script(&directory, "run")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash");
        let mut said = String::new();
        let mut stdout = BufReader::new(runs.stdout.take().expect("a pipe"));
        stdout.read_line(&mut said).expect("text");
        assert!(
            said.starts_with("up in "),
            "no cluster: `cluster.sh able` says why"
        );
        eprint!("{said}");
        // Nothing more comes, but a pipe without a reader would end it.
        std::thread::spawn(move || stdout.read_to_string(&mut String::new()));
        Self {
            _runs: runs,
            directory,
            dir: tempfile::tempdir().expect("a temporary directory"),
            secrets: Vec::new(),
            configured: false,
            stopped: BTreeSet::new(),
            hung: BTreeSet::new(),
            shares_nodes: false,
        }
    }

    /// A file that is seen there under the same path, and that nobody else may read.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a writable directory");
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .expect("a writable directory");
        path
    }

    /// From now on nothing that the program says may hold this.
    pub fn keep_secret(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// Where a command that runs there puts a file of this name.
    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// A command in the namespaces.
    pub fn inside(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = script(&self.directory, "exec");
        command.arg(program).args(arguments).current_dir(self.dir.path());
        command
    }

    /// What a piece of shell prints on the node, where `kubectl` is an administrator's.
    pub fn sh(&self, script: &str) -> String {
        output(&mut self.inside("bash", &["-euo", "pipefail", "-c", script]))
    }

    /// What `kubectl` prints.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        output(&mut self.inside("kubectl", arguments))
    }

    /// Applies manifests.
    pub fn apply(&self, yaml: &str) {
        let mut kubectl = self
            .inside("kubectl", &["apply", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut stdin = kubectl.stdin.take().expect("a pipe");
        stdin.write_all(yaml.as_bytes()).expect("kubectl reads");
        drop(stdin);
        assert!(kubectl.wait().expect("a child").success(), "{yaml}");
    }

    /// Starts one of the programs, as `inside.sh` names it.
    pub fn start(&mut self, program: &'static str) {
        output(script(&self.directory, "start").arg(program));
        self.stopped.remove(program);
    }

    /// Ends one, and waits until it is gone.
    pub fn stop(&mut self, program: &'static str) {
        self.stopped.insert(program);
        output(script(&self.directory, "stop").arg(program));
    }

    /// Lets one do nothing any more, as if it hung.
    pub fn hang(&mut self, program: &'static str) {
        self.hung.insert(program);
        output(script(&self.directory, "signal").args([program, "STOP"]));
    }

    /// Lets it go on.
    pub fn go_on(&mut self, program: &'static str) {
        output(script(&self.directory, "signal").args([program, "CONT"]));
        self.hung.remove(program);
    }

    /// Stops the kubelet, does something on the node, and starts it again.
    pub fn while_kubelet_is_down(&mut self, script: &str) {
        self.stop("kubelet");
        self.sh(script);
        self.start("kubelet");
    }

    /// Adds to the kubelet's configuration, and restarts it.
    pub fn configure(&mut self, yaml: &str) {
        self.configured = true;
        self.drop_in(CHANGE, yaml);
    }

    /// Adds what a fix says to add, in its words, and restarts the kubelet.
    pub fn configure_by_fix(&mut self, yaml: &str) {
        self.configured = true;
        self.drop_in(FIX, yaml);
    }

    fn drop_in(&mut self, path: &str, yaml: &str) {
        // As every such file has to begin, which a fix that is to be added to one need not say.
        let head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
        let head = if yaml.contains("kind:") { "" } else { head };
        let file = self.write("kubelet.yaml", &format!("{head}{yaml}"));
        self.while_kubelet_is_down(&format!("cp {} {path}", file.display()));
    }

    /// Undoes what a test left behind, one that failed on its way above all.
    fn as_it_came_up(&mut self) {
        for program in self.hung.clone() {
            self.go_on(program);
        }
        for program in self.stopped.clone() {
            self.start(program);
        }
        if self.configured {
            self.while_kubelet_is_down(&format!("rm -f {CHANGE} {FIX}"));
            self.configured = false;
        }
        if std::mem::take(&mut self.shares_nodes) {
            self.unshare_nodes();
        }
        // Rights that the guides and the fixes gave, whatever they call them.
        self.sh("kubectl get clusterrolebindings -o name | grep telegraf-kubelet | xargs -r kubectl delete || true");
    }

    /// From here on there may be nodes of a test, and networks for those that share them: none of one before.
    pub fn share_nodes(&mut self) {
        self.unshare_nodes();
        self.shares_nodes = true;
    }

    fn unshare_nodes(&self) {
        // What a namespace has goes with the last process in it, so that the ends out here are removed first.
        self.sh(
            "for link in $(ip -br link show type veth | grep -o '^m-[^@ ]*'); do ip link delete $link; done
             # The others are the pods'.
             for place in $(ip netns list | grep -o '^m-[^ ]*'); do ip netns delete $place; done
             kubectl delete nodes -l telegraf-kubelet/test
             kubectl delete leases -n telegraf-kubelet --all --ignore-not-found || true",
        );
    }

    /// Does something in a thread whose sockets are on the cluster's network.
    pub fn on_its_network<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let holder = std::fs::read_to_string(self.directory.join("holder")).expect("it is up");
        let network = File::open(format!("/proc/{}/ns/net", holder.trim())).expect("it is up");
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                    .expect("we are root");
                work()
            });
            thread.join().expect("no panic")
        })
    }

    /// The program there, with this configuration.
    fn command(&self, arguments: &[&str], config: &str) -> Command {
        let config = self.write("kubelet.conf", config);
        let config = config.to_str().expect("UTF-8");
        self.inside(&program(), &[arguments, &["-config", config]].concat())
    }

    /// A tick of the program there.
    pub fn scrape(&self, config: &str) -> Left {
        let left = Plugin::once(self.command(&[], config));
        assert_eq!(left.status.code(), Some(0), "{left:#?}");
        self.assert_no_secret(&[left.stdout.join("\n"), left.stderr.join("\n")].concat());
        left
    }

    /// The program there, to be prompted.
    pub fn plugin(&self, config: &str) -> Plugin {
        Plugin::start(self.command(&[], config))
    }

    /// Ticks until one of them has this result, and what came of that one.
    pub fn until_scraped(&self, config: &str, result: &str) -> Left {
        until(&format!("a scrape with result={result}"), || {
            Some(self.scrape(config)).filter(|left| result_of(left) == result)
        })
    }

    /// `check`, as in a pod: it is told where the API server is.
    pub fn check(&self, config: &str) -> Checked {
        self.check_with(
            config,
            &[
                ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
                ("KUBERNETES_SERVICE_PORT", "443"),
            ],
        )
    }

    /// `check`, as on the node itself: no pod need be there.
    pub fn check_on_the_node(&self, config: &str) -> Checked {
        self.check_with(config, &[])
    }

    fn check_with(&self, config: &str, environment: &[(&str, &str)]) -> Checked {
        let mut command = self.command(&["check", "--json"], config);
        let output = command
            .envs(environment.iter().copied())
            .output()
            .expect("a shell");
        let [said, log] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).expect("UTF-8"));
        self.assert_no_secret(&said);
        assert_eq!(log, "", "{said}");
        Checked {
            code: output.status.code().expect("no signal"),
            json: serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")),
            text: said,
            // A real kubelet does not say.
            requests: 0,
        }
    }

    /// Nothing that the program says holds a secret.
    pub fn assert_no_secret(&self, said: &str) {
        for secret in &self.secrets {
            assert!(!said.contains(secret), "a secret is in {said}");
        }
    }

    /// The kubelet's own answer, by the API server.
    pub fn summary(&self) -> String {
        self.kubectl(&[
            "get",
            "--raw",
            &format!("/api/v1/nodes/{NODE}/proxy/stats/summary"),
        ])
    }
}

/// The result that the last line tells.
pub fn result_of(left: &Left) -> &str {
    let line = left.stdout.last().expect("a line about the scrape");
    let (_, rest) = line.split_once(",result=").expect("its result");
    rest.split([',', ' ']).next().expect("a first part")
}

/// Where answers and what was made of them stay to be looked at.
pub fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
