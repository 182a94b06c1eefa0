//! Members as pods have them, and the nodes that they share.
//!
//! Each member has a network namespace of its own with two links: one to where the kubelets are, and one to the API server
//! alone, which can be cut. It has what a pod of `cluster-shards` has, the rights included: the token of the ServiceAccount
//! in its place, its name and its namespace, and the shipped configuration. It is prompted as Telegraf does it, at each
//! interval of the wall's clock.
//!
//! Each node has a kubelet of its own: `node-1` the real one, all others a test kubelet that listens where that one does.
//! Those have no webhook, so that the token is shown to them and asked of nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use test_kubelet::{self as kubelet, Fault, Options, TestKubelet};

use super::pipes::{keep, now, prompt};
use super::places::{NAMESPACE, PLACES, SERVICE_ACCOUNT, configuration, lay_out, node};
use super::tally::{Life, Tally, Window};
use crate::machine::{Cluster, NODE, cluster};
use crate::support::plugin::program;
use crate::wait::{PATIENCE, until};

/// What is to be late where the machine has too much to do.
pub const SLACK: Duration = Duration::from_millis(1_500);

/// What members wrote, and whoever waits for it.
struct Written {
    tally: Mutex<Tally>,
    more: Condvar,
}

impl Written {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A life of a member.
struct Member {
    name: String,
    place: usize,
    child: Child,
    /// Its process, as the cluster counts them.
    pid: String,
    log: Arc<Mutex<String>>,
}

/// When all nodes had their writers, and which.
#[derive(Debug)]
pub struct Shared {
    pub window: Window,
    pub writers: BTreeMap<String, Life>,
}

impl Shared {
    /// The nodes of one.
    pub fn of(&self, life: Life) -> BTreeSet<String> {
        let nodes = self.writers.iter().filter(|(_, writer)| **writer == life);
        nodes.map(|(node, _)| node.clone()).collect()
    }
}

/// All of it.
pub struct Stage {
    pub cluster: MutexGuard<'static, Cluster>,
    /// Between two prompts.
    pub interval: Duration,
    cas: kubelet::Cluster,
    kubelets: BTreeMap<String, TestKubelet>,
    members: Vec<Member>,
    written: Arc<Written>,
    prompted: Arc<Mutex<BTreeMap<Life, ChildStdin>>>,
    /// Who prompts goes on as long as this is there.
    _prompting: Sender<()>,
}

impl Stage {
    /// With so many nodes beside the real one, and a member in each place.
    pub fn with(nodes: usize, interval: Duration) -> Self {
        let mut cluster = cluster();
        lay_out(&mut cluster);
        let prompted = Arc::default();
        let mut stage = Self {
            cluster,
            interval,
            cas: kubelet::Cluster::new(),
            kubelets: BTreeMap::new(),
            members: Vec::new(),
            written: Arc::new(Written {
                tally: Mutex::new(Tally::new(interval)),
                more: Condvar::new(),
            }),
            _prompting: prompt(interval, Arc::clone(&prompted)),
            prompted,
        };
        let names: Vec<_> = (0..nodes).map(|node| format!("n-{node:02}")).collect();
        stage.add_nodes(&names);
        for place in 0..PLACES {
            stage.start(&format!("m-{place}"), place);
        }
        stage
    }

    /// The names of all nodes that there are.
    pub fn nodes(&self) -> BTreeSet<String> {
        self.kubelets.keys().cloned().chain([NODE.to_owned()]).collect()
    }

    /// Kubelets, and their nodes.
    pub fn add_nodes(&mut self, names: &[String]) {
        let kubelets = self.cluster.on_its_network(|| {
            let options = |name: &String| Options {
                node_name: name.clone(),
                pods: 1,
                ip: Ipv4Addr::new(10, 77, 0, 1).into(),
                webhook: false,
                anonymous: true,
                always_allow: true,
                ..Options::default()
            };
            let start = |name| TestKubelet::start_of(&self.cas, options(name));
            names.iter().map(start).collect::<Vec<_>>()
        });
        let items: Vec<_> = names
            .iter()
            .zip(&kubelets)
            .map(|(name, kubelet)| node(name, kubelet.port()))
            .collect();
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": items });
        self.kubelets.extend(names.iter().cloned().zip(kubelets));
        // To apply them would leave their status out.
        let file = self.cluster.write("nodes.json", &list.to_string());
        self.cluster
            .kubectl(&["create", "-f", file.to_str().expect("UTF-8")]);
    }

    /// The nodes go. Their kubelets answer as before.
    pub fn delete_nodes(&self, names: &[String]) {
        let mut words = vec!["delete", "node", "--wait=true"];
        words.extend(names.iter().map(String::as_str));
        self.cluster.kubectl(&words);
    }

    /// Starts a member of this name in this place, as a pod is.
    pub fn start(&mut self, name: &str, place: usize) -> Life {
        let life = self.members.len();
        let volume = self.volume(life);
        let config = self.cluster.write(&format!("{life}.conf"), &configuration());
        // Of no test before.
        let pid_file = self.cluster.write(&format!("{life}.pid"), "");
        // `ip netns exec` gives it mounts of its own too.
        let script = format!(
            "mount --bind {volume} {SERVICE_ACCOUNT} && echo $$ >{} && \
             export POD_NAME={name} POD_NAMESPACE={NAMESPACE} \
             KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443 && exec {} -config {}",
            pid_file.display(),
            program(),
            config.display()
        );
        let place_name = format!("m-{place}");
        let mut child = self
            .cluster
            .inside("ip", &["netns", "exec", &place_name, "bash", "-ec", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let stdin = child.stdin.take().expect("a pipe");
        let log = Arc::default();
        self.read(life, child.stdout.take().expect("a pipe"));
        keep(
            &format!("{life}-{name}.log"),
            child.stderr.take().expect("a pipe"),
            Arc::clone(&log),
        );
        let pid = until("a member runs", || {
            let pid = std::fs::read_to_string(&pid_file).ok()?;
            pid.ends_with('\n').then(|| pid.trim().to_owned())
        });
        let mut prompted = self.prompted.lock().expect("who prompts goes on");
        prompted.insert(life, stdin);
        drop(prompted);
        self.members.push(Member {
            name: name.to_owned(),
            place,
            child,
            pid,
            log,
        });
        life
    }

    /// What a pod has of its ServiceAccount; and it believes the CA of the test kubelets too.
    fn volume(&mut self, life: Life) -> String {
        let token = self
            .cluster
            .kubectl(&["create", "token", "-n", NAMESPACE, "telegraf-kubelet"]);
        let token = token.trim().to_owned();
        self.cluster
            .keep_secret(token.rsplit('.').next().expect("a signature"));
        let ca = self.cluster.sh("cat /etc/kubernetes/pki/ca.crt");
        let others = self.kubelets.values().next().expect("a kubelet");
        let others = std::fs::read_to_string(&others.files().ca).expect("its own file");
        let file = |name: &str, text: &str| self.cluster.write(&format!("{life}/{name}"), text);
        file("token", &token);
        file("ca.crt", &format!("{ca}{others}"));
        let last = file("namespace", NAMESPACE);
        let directory = last.parent().expect("a directory");
        directory.to_str().expect("UTF-8").to_owned()
    }

    fn read(&self, life: Life, stdout: impl Read + Send + 'static) {
        let written = Arc::clone(&self.written);
        std::thread::spawn(move || {
            for text in BufReader::new(stdout).lines() {
                let Ok(text) = text else { return };
                let read = now();
                written.tally().take(life, &text, read);
                written.more.notify_all();
            }
        });
    }

    /// The member's name.
    pub fn name(&self, life: Life) -> &str {
        &self.members[life].name
    }

    /// A signal to it: when that was about to be sent, since 1970.
    pub fn signal(&self, life: Life, signal: &str) -> Duration {
        let at = now();
        self.cluster
            .sh(&format!("kill -{signal} {}", self.members[life].pid));
        at
    }

    /// Tells it to stop, as a pod's end does, and waits for its end: when it was told, since 1970.
    pub fn stop(&mut self, life: Life) -> Duration {
        let at = self.signal(life, "TERM");
        let status = self.ended(life);
        let log = &self.members[life].log;
        assert_eq!(status.code(), Some(0), "{}", log.lock().expect("a log"));
        self.prompted.lock().expect("who prompts goes on").remove(&life);
        at
    }

    /// Waits for its end.
    fn ended(&mut self, life: Life) -> ExitStatus {
        let child = &mut self.members[life].child;
        until("a member's end", || child.try_wait().expect("a child"))
    }

    /// Cuts the member off from the API server, or joins it again: when that was done, since 1970.
    pub fn link(&self, life: Life, state: &str) -> Duration {
        let place = self.members[life].place;
        let at = now();
        self.cluster.sh(&format!("ip link set m-{place}-api {state}"));
        at
    }

    /// From now on the kubelets of these nodes answer nobody, or all again.
    pub fn hold<'n>(&self, nodes: impl IntoIterator<Item = &'n String>, fault: &Fault) {
        for kubelet in nodes.into_iter().filter_map(|node| self.kubelets.get(node)) {
            kubelet.set_fault(fault.clone());
        }
    }

    /// Waits until one of these nodes was asked once more.
    pub fn until_one_is_asked<'n>(&self, nodes: impl IntoIterator<Item = &'n String>) {
        let kubelets = nodes.into_iter().filter_map(|node| self.kubelets.get(node));
        let kubelets: Vec<_> = kubelets
            .map(|kubelet| (kubelet, kubelet.requests().len() + 1))
            .collect();
        assert!(!kubelets.is_empty(), "the real kubelet can not be held");
        until("one is asked", || {
            let is_asked =
                |(kubelet, count): &(&TestKubelet, usize)| kubelet.wait_for_requests(*count, Duration::ZERO);
            kubelets.iter().any(is_asked).then_some(())
        });
    }

    /// The names of all Leases that there are.
    pub fn leases(&self) -> BTreeSet<String> {
        let said = self
            .cluster
            .kubectl(&["get", "leases", "-n", NAMESPACE, "-o", "name"]);
        let names = said.lines().filter_map(|line| line.rsplit('/').next());
        names.map(str::to_owned).collect()
    }

    /// What was written so far.
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.written.tally()
    }

    /// Waits until what was written is so.
    pub fn until<T>(&self, what: &str, mut condition: impl FnMut(&Tally) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut tally = self.written.tally();
        loop {
            if let Some(found) = condition(&tally) {
                return found;
            }
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                let last = tally.scrapes().iter().rev().take(40).collect::<Vec<_>>();
                panic!(
                    "waited {PATIENCE:?} in vain until {what}: {last:#?}\n{}",
                    self.logs()
                );
            };
            let waited = self.written.more.wait_timeout(tally, left);
            tally = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until these and nobody else share all nodes: until each says so, and then for an interval that begins after
    /// that, in which one of them wrote of each node.
    pub fn until_shared(&self, lives: &[Life]) -> Shared {
        let (since, nodes) = (now(), self.nodes());
        let all = i64::try_from(nodes.len()).expect("a number");
        let members = i64::try_from(lives.len()).expect("a number");
        self.until(&format!("{lives:?} share all nodes"), |tally| {
            let said: Vec<_> = lives.iter().filter_map(|life| tally.standing(*life)).collect();
            let is_said = said
                .iter()
                .all(|said| said.read > since && said.nodes == all && said.members == members);
            (said.len() == lives.len() && is_said && said.iter().map(|said| said.mine).sum::<i64>() == all)
                .then_some(())
        });
        let first = self.tally().window(now()) + 1;
        self.until(&format!("{lives:?} wrote of all nodes"), |tally| {
            let window = tally.scrapes().last().map(|last| tally.window(last.at))?;
            let writers = |window: Window| -> Option<BTreeMap<String, Life>> {
                let writer = |node: &String| {
                    let life = tally.writer(node, window)?;
                    lives.contains(&life).then(|| (node.clone(), life))
                };
                nodes.iter().map(writer).collect()
            };
            (first..=window).find_map(|window| {
                Some(Shared {
                    window,
                    writers: writers(window)?,
                })
            })
        })
    }

    /// What all members logged.
    pub fn logs(&self) -> String {
        let log = |member: &Member| {
            let log = member.log.lock().unwrap_or_else(PoisonError::into_inner);
            format!("{}:\n{log}", member.name)
        };
        self.members.iter().map(log).collect()
    }

    /// Nothing was written twice, each node was really scraped, and no token was told. For the end of each test.
    pub fn assert_well(&self) {
        let tally = self.tally();
        assert_eq!(tally.doubled(), [""; 0], "{}", self.logs());
        let failed: Vec<_> = tally
            .scrapes()
            .iter()
            .filter(|scrape| scrape.result != "success")
            .collect();
        assert!(failed.is_empty(), "{failed:#?}");
        self.cluster.assert_no_secret(&self.logs());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for member in &mut self.members {
            if member.child.try_wait().is_ok_and(|status| status.is_none()) {
                let pid = &member.pid;
                self.cluster.sh(&format!("kill -KILL {pid} || true"));
                let _ = member.child.kill();
                let _ = member.child.wait();
            }
        }
    }
}
