//! All kubelets of a cluster by one block: the real program against an API server and kubelets, all over real TLS.

mod blocks;
mod log;
mod members;
mod moments;
mod outside;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

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
