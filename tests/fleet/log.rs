//! What the log is told of many nodes that fail: a line a cause, and not one a node.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use test_kubelet::api::NodeSpec;
use test_kubelet::{Options, TestKubelet};

use super::support::plugin::{PATIENCE, Plugin};
use super::{World, node, results, tag, tick};

const GOOD: [&str; 5] = ["good-0", "good-1", "good-2", "good-3", "good-4"];

/// What the log has next, but for what is told of files.
fn said(plugin: &mut Plugin) -> String {
    std::iter::repeat_with(|| plugin.log())
        .find(|line| !line.contains("files open"))
        .expect("the log goes on")
}

#[test]
fn of_a_thousand_nodes_of_which_most_fail_each_cause_has_one_line() {
    let world = World::new(&GOOD);
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    let port = closed.expect("an address").port();
    for number in 0..300 {
        let refuses = NodeSpec::new(&format!("refuses-{number:03}"), "127.0.0.1", port);
        world.api.put_node(refuses);
    }
    for number in 0..600 {
        let name = format!("nowhere-{number:03}");
        world.api.put_node(NodeSpec::new(&name, "", 10_250));
        world.api.change_node(&name, |node| node.addresses.clear());
    }
    for number in 0..95 {
        world
            .api
            .put_node(node(&format!("was-{number:03}"), &world.kubelets[0]));
    }
    let mut plugin = world.plugin("");
    let lines = tick(&mut plugin, 1000);
    let of = |word: &str| {
        let results = results(&lines);
        results.into_values().filter(|result| *result == word).count()
    };
    let counts = ["connection_failed", "no_address", "wrong_node", "success"].map(of);
    assert_eq!(counts, [300, 600, 95, 5]);
    let nowhere = lines
        .iter()
        .find(|line| tag(line, "node_name") == Some("nowhere-007"));
    let nowhere = nowhere.expect("it is told of");
    assert!(
        nowhere.contains("result=no_address result_code=11i,"),
        "{nowhere}"
    );
    for absent in ["url=", "response_seconds", "response_bytes"] {
        assert!(!nowhere.contains(absent), "{absent}: {nowhere}");
    }
    // Again and again: nothing is news.
    for _ in 0..3 {
        tick(&mut plugin, 1000);
    }
    let mut told: Vec<_> = (0..4).map(|_| said(&mut plugin)).collect();
    assert!(
        told.remove(0).contains("the API server lists 1000 nodes"),
        "{told:#?}"
    );
    told.sort();
    for (told, begins, has) in [
        (
            &told[0],
            "300 of 1000 nodes fail with connection_failed: refuses-000, refuses-001, refuses-002 and 297 more; node refuses-",
            "connection refused",
        ),
        (
            &told[1],
            "600 of 1000 nodes fail with no_address: nowhere-000, nowhere-001, nowhere-002 and 597 more; node nowhere-",
            "node_address_types",
        ),
        (
            &told[2],
            "95 of 1000 nodes fail with wrong_node: was-000, was-001, was-002 and 92 more; node was-",
            "another node's",
        ),
    ] {
        assert!(
            told.starts_with(&format!("E! {begins}")) && told.contains(has),
            "{told}"
        );
    }

    // The cause ends, and another one spreads.
    let options = Options {
        port,
        node_name: "somebody-else".to_owned(),
        ..Options::default()
    };
    let _there = TestKubelet::start_of(world.api.cluster(), options);
    let end = Instant::now() + PATIENCE;
    while tick(&mut plugin, 1000)
        .iter()
        .any(|line| line.contains("result=connection_failed"))
    {
        assert!(Instant::now() < end, "they are reached");
    }
    let mut told = [said(&mut plugin), said(&mut plugin)];
    told.sort();
    assert!(
        told[0].starts_with("E! 395 of 1000 nodes fail with wrong_node by now, 95 before: refuses-000,"),
        "{told:#?}"
    );
    assert!(
        told[1].starts_with("I! nodes that fail with connection_failed: none any more, after ")
            && told[1].ends_with("they were refuses-000, refuses-001, refuses-002 and 297 more"),
        "{told:#?}"
    );
}

#[test]
fn one_node_is_one_and_none_is_a_warning_that_names_what_took_them() {
    let world = World::new(&["node-1"]);
    let mut plugin = world.plugin("");
    tick(&mut plugin, 1);
    let told = said(&mut plugin);
    assert!(
        told.starts_with("I! ") && told.ends_with("the API server lists 1 node"),
        "{told}"
    );
    for (options, names) in [
        ("  node_selector = \"none=such\"", "node_selector"),
        ("  node_exclude = [\"node-*\"]", "node_exclude"),
    ] {
        let mut plugin = world.plugin(options);
        plugin.tick();
        let told = said(&mut plugin);
        let wanted = format!("the API server lists no node that fits {names}: ");
        assert!(told.starts_with("W! ") && told.contains(&wanted), "{told}");
    }
}

/// One tick, and the end: what there is to say is said.
#[test]
fn a_tick_alone_says_what_fails() {
    let world = World::new(&["a"]);
    world.api.put_node(NodeSpec::new("nobody", "127.0.0.1", 1));
    let left = Plugin::once(world.command("one", ""));
    let errors: Vec<_> = left
        .stderr
        .iter()
        .filter(|line| line.starts_with("E! "))
        .collect();
    let [error] = errors[..] else {
        panic!("{:#?}", left.stderr);
    };
    assert!(
        error.starts_with("E! node nobody at https://127.0.0.1:1: "),
        "{error}"
    );
}

/// It gets an address, and is scraped; it loses it, and is told of.
#[test]
fn a_node_without_an_address_has_its_line_until_it_has_one() {
    let world = World::new(&["a"]);
    let address = world.kubelets[0].port();
    world.api.change_node("a", |node| node.addresses.clear());
    let mut plugin = world.plugin("");
    assert_eq!(results(&tick(&mut plugin, 1)), [("a", "no_address")].into());
    world.api.put_node(NodeSpec::new("a", "127.0.0.1", address));
    let until = |plugin: &mut Plugin, want: &str| {
        let end = Instant::now() + PATIENCE;
        loop {
            plugin.tick();
            while let Some(line) = plugin.line_within(Duration::from_millis(200)) {
                if line.starts_with("kubelet_scrape") && tag(&line, "result") == Some(want) {
                    return;
                }
            }
            assert!(Instant::now() < end, "it is not told with {want}");
        }
    };
    until(&mut plugin, "success");
    world.api.change_node("a", |node| node.addresses.clear());
    until(&mut plugin, "no_address");
}
