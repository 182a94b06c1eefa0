//! All kubelets of a cluster by one block: the real program against an API server and kubelets, all over real TLS.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use support::lines::{Number, parse};
use support::plugin::{PATIENCE, Plugin, command};
use test_kubelet::api::{Aim, ApiFault, ApiOptions, NodeSpec, TestApiServer, Verb};
use test_kubelet::{Cluster, Options, TestKubelet};

/// An API server, and the kubelets of its nodes.
struct World {
    api: TestApiServer,
    kubelets: Vec<TestKubelet>,
    dir: tempfile::TempDir,
}

impl World {
    /// With these nodes.
    fn new(names: &[&str]) -> Self {
        let cluster = Cluster::new();
        let api = TestApiServer::start_of(&cluster, ApiOptions::default());
        let kubelets: Vec<_> = names.iter().map(|name| kubelet(&cluster, name)).collect();
        for (name, kubelet) in names.iter().zip(&kubelets) {
            api.put_node(node(name, kubelet));
        }
        Self {
            api,
            kubelets,
            dir: tempfile::tempdir().expect("a directory"),
        }
    }

    fn add(&mut self, name: &str) {
        let kubelet = kubelet(self.api.cluster(), name);
        self.api.put_node(node(name, &kubelet));
        self.kubelets.push(kubelet);
    }

    fn config(&self, more: &str) -> String {
        let files = self.api.files();
        format!(
            "[[inputs.kubelet]]\n  discover = \"nodes\"\n  api_server = \"{}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n{more}\n",
            self.api.url(),
            files.token.display(),
            files.ca.display()
        )
    }

    fn plugin(&self, more: &str) -> Plugin {
        Plugin::start(self.command("one", more))
    }

    fn command(&self, name: &str, more: &str) -> Command {
        let dir = self.dir.path().join(name);
        std::fs::create_dir_all(&dir).expect("a directory");
        let mut command = command(&dir, &self.config(more));
        command.env("POD_NAME", name);
        command
    }
}

fn kubelet(cluster: &Cluster, name: &str) -> TestKubelet {
    let options = Options {
        node_name: name.to_owned(),
        pods: 1,
        ..Options::default()
    };
    TestKubelet::start_of(cluster, options)
}

fn node(name: &str, kubelet: &TestKubelet) -> NodeSpec {
    let url = kubelet.url();
    let (host, port) = url
        .trim_start_matches("https://")
        .rsplit_once(':')
        .expect("a port");
    NodeSpec::new(name, host, port.parse().expect("a number"))
}

/// A tag of a line.
fn tag<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let head = line.split_once(' ')?.0;
    head.split(',')
        .find_map(|tag| tag.strip_prefix(key)?.strip_prefix('='))
}

/// The lines of a tick: until each of so many nodes was told of, and the nodes themselves.
fn tick(plugin: &mut Plugin, nodes: usize) -> Vec<String> {
    plugin.tick();
    let (mut lines, mut told, mut discovery) = (Vec::new(), 0, 0);
    while told < nodes || discovery == 0 {
        let line = plugin.line();
        told += usize::from(line.starts_with("kubelet_scrape"));
        discovery += usize::from(line.starts_with("kubelet_discovery"));
        lines.push(line);
    }
    lines
}

/// What became of each node.
fn results(lines: &[String]) -> BTreeMap<&str, &str> {
    let scrapes = lines.iter().filter(|line| line.starts_with("kubelet_scrape"));
    scrapes
        .map(|line| {
            (
                tag(line, "node_name").expect("its node"),
                tag(line, "result").expect("a result"),
            )
        })
        .collect()
}

fn field(lines: &[String], measurement: &str, name: &str) -> Option<Number> {
    let text = lines.join("\n") + "\n";
    let found = parse(&text)
        .into_iter()
        .find(|((of, _, field), _)| of == measurement && field == name);
    found.map(|(_, number)| number)
}

/// Ticks until it is so.
fn until_tick(
    plugin: &mut Plugin,
    what: &str,
    nodes: usize,
    is_so: impl Fn(&[String]) -> bool,
) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let lines = tick(plugin, nodes);
        if is_so(&lines) {
            return lines;
        }
        assert!(Instant::now() < end, "{what}: {lines:#?}");
    }
}

#[test]
fn one_block_is_every_kubelet_from_the_first_tick_on() {
    let world = World::new(&["a", "b", "c"]);
    let mut plugin = world.plugin("  node_label_include = [\"topology.kubernetes.io/zone\"]");
    let lines = tick(&mut plugin, 3);
    assert_eq!(
        results(&lines),
        ["a", "b", "c"].map(|name| (name, "success")).into()
    );
    let own = lines
        .iter()
        .find(|line| line.starts_with("kubernetes_node,node_name=b"))
        .expect("its line");
    assert_eq!(tag(own, "topology.kubernetes.io/zone"), Some("eu-central-1a"));
    for value in [
        "capacity_millicpu_cores=4000i",
        "capacity_memory_bytes=16535175168i",
        "capacity_pods=110i",
        "allocatable_millicpu_cores=3920i",
        "spec_unschedulable=0i",
    ] {
        assert!(own.contains(value), "{value}: {own}");
    }
    let of_pods = lines.iter().filter(|line| line.starts_with("kubernetes_pod"));
    assert!(
        of_pods
            .into_iter()
            .all(|line| tag(line, "topology.kubernetes.io/zone").is_none())
    );
    for (name, want) in [
        ("nodes", 3),
        ("nodes_mine", 3),
        ("nodes_ready", 3),
        ("members", 1),
        ("result_code", 0),
    ] {
        assert_eq!(
            field(&lines, "kubelet_discovery", name),
            Some(Number::Integer(want)),
            "{name}"
        );
    }
}

#[test]
fn one_tick_and_the_end_at_once_is_a_tick_of_all() {
    let world = World::new(&["a", "b"]);
    let left = Plugin::once(world.command("one", ""));
    assert_eq!(left.status.code(), Some(0));
    assert_eq!(
        results(&left.stdout),
        ["a", "b"].map(|name| (name, "success")).into()
    );
}

#[test]
fn nodes_come_change_and_go() {
    let mut world = World::new(&["a", "b"]);
    let mut plugin = world.plugin("");
    tick(&mut plugin, 2);
    world.add("c");
    until_tick(&mut plugin, "one more", 2, |lines| {
        results(lines).contains_key("c")
    });
    world.api.change_node("c", |node| node.unschedulable = true);
    until_tick(&mut plugin, "cordoned", 3, |lines| {
        lines.iter().any(|line| {
            line.starts_with("kubernetes_node,node_name=c") && line.contains("spec_unschedulable=1i")
        })
    });
    world.api.delete_node("a");
    // Of a tick that was under way when it went there may be a line still.
    until_tick(&mut plugin, "one less", 2, |lines| {
        let nodes = field(lines, "kubelet_discovery", "nodes");
        nodes == Some(Number::Integer(2)) && !results(lines).contains_key("a")
    });
}

#[test]
fn while_the_api_server_is_away_all_go_on() {
    let world = World::new(&["a", "b"]);
    let mut plugin = world.plugin("");
    tick(&mut plugin, 2);
    world.api.set_fault(Aim::ALL, ApiFault::Partition);
    world.api.cut_connections(Aim::ALL);
    let lines = until_tick(&mut plugin, "it is told", 2, |lines| {
        field(lines, "kubelet_discovery", "result_code") != Some(Number::Integer(0))
    });
    assert_eq!(results(&lines), ["a", "b"].map(|name| (name, "success")).into());
}

#[test]
fn a_kubelet_that_fails_is_told_by_its_node_and_holds_up_nobody() {
    let world = World::new(&["a", "b"]);
    let other = kubelet(world.api.cluster(), "somebody-else");
    world.api.put_node(node("left-behind", &other));
    world.api.put_node(NodeSpec::new("nobody", "127.0.0.1", 1));
    let mut plugin = world.plugin("");
    let lines = tick(&mut plugin, 4);
    let want = [
        ("a", "success"),
        ("b", "success"),
        ("left-behind", "wrong_node"),
        ("nobody", "connection_failed"),
    ];
    assert_eq!(results(&lines), want.into());
    assert!(
        !lines
            .iter()
            .any(|line| tag(line, "node_name") == Some("somebody-else"))
    );
}

#[test]
fn selected_named_and_verified_as_the_block_says() {
    let world = World::new(&["a", "b", "c", "d"]);
    world.api.change_node("b", |node| {
        node.labels
            .insert("kubernetes.io/os".to_owned(), "windows".to_owned());
    });
    let more = "  node_selector = \"kubernetes.io/os in (linux,plan9),!gpu\"\n  node_exclude = [\"c*\"]";
    let mut plugin = world.plugin(more);
    let lines = tick(&mut plugin, 2);
    assert_eq!(results(&lines), ["a", "d"].map(|name| (name, "success")).into());
    // A certificate that is another node's.
    drop(plugin);
    let mut plugin = world.plugin("  node_include = [\"a\"]\n  tls_verify_node = true");
    let lines = tick(&mut plugin, 1);
    assert_eq!(results(&lines), [("a", "success")].into());
    let other = kubelet(world.api.cluster(), "other");
    world.api.put_node(node("a", &other));
    // A tick in which it changes may have no line of it.
    let end = Instant::now() + PATIENCE;
    let mut is_refused = false;
    while !is_refused {
        assert!(Instant::now() < end, "it is refused");
        plugin.tick();
        while let Some(line) = plugin.line_within(Duration::from_millis(200)) {
            is_refused |= line.starts_with("kubelet_scrape") && tag(&line, "result") == Some("tls");
        }
    }
    assert_eq!(other.requests().len(), 0, "no token was shown to it");
}

#[test]
fn who_may_not_list_nodes_is_told_what_to_grant() {
    let world = World::new(&["a"]);
    world
        .api
        .set_fault(Aim::ALL.verb(Verb::List), ApiFault::Forbidden);
    let mut plugin = world.plugin("");
    plugin.tick();
    let log = plugin.log();
    assert!(log.starts_with("E! ") && log.contains("list and watch"), "{log}");
    let line = plugin.line();
    assert!(
        line.starts_with("kubelet_discovery") && line.contains("result_code=5i"),
        "{line}"
    );
}

/// Who wrote of each node in each second of the wall's clock.
type Written = BTreeMap<(String, u64), BTreeSet<usize>>;

/// Three members with short intervals and Leases, and all that they write until `end`.
struct Members {
    plugins: Vec<Option<Plugin>>,
    written: Written,
}

const SHARDS: &str = "  shards = \"leases\"\n  lease_namespace = \"monitoring\"\n  lease_duration = \"5s\"\n  interval = \"1s\"\n  response_timeout = \"500ms\"";

impl Members {
    fn start(world: &World) -> Self {
        let start = |name: &str| Some(Plugin::start(world.command(name, SHARDS)));
        Self {
            plugins: ["m-0", "m-1", "m-2"].map(start).into(),
            written: Written::new(),
        }
    }

    /// Reads what all write for so long.
    fn read_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            for (member, plugin) in self.plugins.iter().enumerate() {
                let Some(plugin) = plugin else { continue };
                while let Some(line) = plugin.line_within(Duration::from_millis(10)) {
                    let Some(node) = tag(&line, "node_name").filter(|_| line.starts_with("kubelet_scrape"))
                    else {
                        continue;
                    };
                    let nanos: u64 = line
                        .rsplit_once(' ')
                        .expect("a time")
                        .1
                        .parse()
                        .expect("a number");
                    let at = (node.to_owned(), nanos / 1_000_000_000);
                    self.written.entry(at).or_default().insert(member);
                }
            }
        }
    }

    /// Who wrote of this node last.
    fn writer(&self, node: &str) -> Option<usize> {
        let writes = self
            .written
            .range((node.to_owned(), 0)..=(node.to_owned(), u64::MAX));
        writes.last().and_then(|(_, members)| members.first().copied())
    }

    /// Reads until each of these is written by one of those.
    fn until_written_by(&mut self, nodes: &[&str], by: &[usize], since: u64) {
        let end = Instant::now() + PATIENCE;
        let is_so = |members: &Self, node: &&str| {
            members
                .written
                .range((node.to_string(), since)..=(node.to_string(), u64::MAX))
                .any(|(_, writers)| writers.iter().all(|writer| by.contains(writer)))
        };
        while !nodes.iter().all(|node| is_so(self, node)) {
            assert!(Instant::now() < end, "not by {by:?}: {:#?}", self.written);
            self.read_for(Duration::from_millis(100));
        }
    }

    fn assert_never_twice(&self) {
        for ((node, second), writers) in &self.written {
            assert_eq!(writers.len(), 1, "{node} at {second} by {writers:?}");
        }
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

const NODES: [&str; 8] = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"];

#[test]
fn members_share_nodes_and_take_over_from_who_is_gone() {
    let world = World::new(&NODES);
    let mut members = Members::start(&world);
    members.until_written_by(&NODES, &[0, 1, 2], 0);
    assert!(world.api.wait_for_leases(|leases| leases.len() == 3, PATIENCE));
    members.read_for(Duration::from_secs(4));
    let each: BTreeSet<_> = NODES.iter().filter_map(|node| members.writer(node)).collect();
    assert!(each.len() > 1, "they are shared: {:#?}", members.written);

    // Killed: the others take over, and nobody needs to be told.
    let killed = members.writer("n0").expect("somebody");
    members.plugins[killed] = None;
    let others: Vec<_> = (0..3).filter(|member| *member != killed).collect();
    members.until_written_by(&NODES, &others, now() + 1);

    // Paused: it finds that it has nothing any more, and begins anew.
    let paused = others[0];
    let plugin = members.plugins[paused].as_ref().expect("it runs");
    plugin.signal(Signal::STOP);
    members.until_written_by(&NODES, &others[1..], now() + 1);
    members.plugins[paused]
        .as_ref()
        .expect("it is there")
        .signal(Signal::CONT);
    members.read_for(Duration::from_secs(5));
    members.assert_never_twice();

    // Stopped: its Lease goes with it.
    let stopped = members.plugins[paused].take().expect("it runs");
    stopped.signal(Signal::TERM);
    let left = stopped.wait(PATIENCE);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    let held = world.api.leases();
    assert!(
        held.iter()
            .all(|lease| !lease.name.starts_with(&format!("m-{paused}-"))),
        "{held:#?}"
    );
    members.until_written_by(&NODES, &others[1..], now() + 1);
    members.assert_never_twice();
}

#[test]
fn a_member_that_is_cut_off_writes_nothing_any_more() {
    let world = World::new(&NODES);
    let mut members = Members::start(&world);
    members.until_written_by(&NODES, &[0, 1, 2], 0);
    // All are: then nobody writes, for nobody knows who may.
    world.api.set_fault(Aim::ALL, ApiFault::Partition);
    world.api.cut_connections(Aim::ALL);
    members.read_for(Duration::from_secs(5));
    let before = members.written.len();
    members.read_for(Duration::from_secs(2));
    assert_eq!(members.written.len(), before, "{:#?}", members.written);
    world.api.clear_faults();
    members.until_written_by(&NODES, &[0, 1, 2], now() + 1);
    members.assert_never_twice();
}
