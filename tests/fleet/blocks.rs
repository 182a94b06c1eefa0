//! Several blocks that stand for nodes: each node is one block's.

use std::time::{Duration, Instant};

use test_kubelet::Fault;
use test_kubelet::api::{Aim, ApiFault, Verb};

use super::support::lines::Number;
use super::support::plugin::{PATIENCE, Plugin, command};
use super::{World, field, results, tag, tick, until_tick};

/// A second block, whose lines about nodes have another name.
fn two(world: &World, first: &str, second: &str) -> Plugin {
    let second = world.config(&format!("  node_metric_name = \"second\"\n{second}"));
    Plugin::start(world.command("one", &format!("{first}\n{second}")))
}

/// Whose lines a node's are.
fn block_of<'l>(lines: &'l [String], node: &str) -> Vec<&'l str> {
    let own = lines.iter().filter(|line| tag(line, "node_name") == Some(node));
    let measurements = own.filter_map(|line| line.split(',').next());
    measurements
        .filter(|measurement| ["kubernetes_node", "second"].contains(measurement))
        .collect()
}

/// The first tick is one of all nodes, whichever block's list comes last.
#[test]
fn the_first_tick_is_of_the_nodes_of_all_blocks() {
    let world = World::new(&["a", "b"]);
    let first = "  node_include = [\"a\"]";
    let second = world.config("  node_include = [\"b\"]");
    let left = Plugin::once(world.command("one", &format!("{first}\n{second}")));
    assert_eq!(left.status.code(), Some(0));
    assert_eq!(
        results(&left.stdout),
        ["a", "b"].map(|name| (name, "success")).into(),
        "{left:#?}"
    );
}

/// Ticks until lines of a block's measurement come of this node and no others; in between there may be ticks of neither.
fn until_of(plugin: &mut Plugin, node: &str, measurement: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        plugin.tick();
        let mut lines = Vec::new();
        while let Some(line) = plugin.line_within(Duration::from_millis(200)) {
            lines.push(line);
        }
        if block_of(&lines, node) == [measurement] {
            return;
        }
        assert!(
            Instant::now() < end,
            "no {measurement} of {node} alone: {lines:#?}"
        );
    }
}

#[test]
fn a_node_of_two_blocks_is_the_first_ones_and_the_others_when_that_has_it_no_more() {
    let world = World::new(&["a", "b"]);
    let mut plugin = two(&world, "  node_selector = \"gpu!=no\"", "");
    until_of(&mut plugin, "a", "kubernetes_node");
    until_of(&mut plugin, "b", "kubernetes_node");
    let said = std::iter::repeat_with(|| plugin.log()).find(|line| line.starts_with("W! "));
    assert!(
        said.is_some_and(|said| said.contains("two blocks")),
        "it is said that two have it"
    );
    world.api.change_node("a", |node| {
        node.labels.insert("gpu".to_owned(), "no".to_owned());
    });
    until_of(&mut plugin, "a", "second");
    until_of(&mut plugin, "b", "kubernetes_node");
    world.api.change_node("a", |node| {
        node.labels.remove("gpu");
    });
    until_of(&mut plugin, "a", "kubernetes_node");
}

/// A block to which the API server does not speak, in front of one that has the same nodes.
fn with_a_late_block(world: &World) -> Plugin {
    let token = world.dir.path().join("late.token");
    std::fs::write(&token, world.api.token("late")).expect("a file");
    let of_all = world.api.files().token.display().to_string();
    let first = world.config("").replace(&of_all, &token.display().to_string());
    let second = world.config("  node_metric_name = \"second\"");
    world.api.set_fault(Aim::token("late"), ApiFault::Silent);
    Plugin::start(command(world.dir.path(), &format!("{first}\n{second}")))
}

/// One whole batch of the node, if one comes soon: how many prompts it stands for, and whose lines it has.
fn batch_of(plugin: &Plugin, node: &str) -> Option<(u64, Vec<String>)> {
    let mut lines = Vec::new();
    loop {
        let line = plugin.line_within(Duration::from_secs(4))?;
        if tag(&line, "node_name") != Some(node) {
            continue;
        }
        lines.push(line);
        let Some(scrape) = lines.iter().find(|line| line.starts_with("kubelet_scrape")) else {
            continue;
        };
        let (_, merged) = scrape.split_once("ticks_merged=").expect("its field");
        let merged: String = merged.chars().take_while(char::is_ascii_digit).collect();
        let prompts = 1 + merged.parse::<u64>().expect("a number");
        let block = block_of(&lines, node).into_iter().map(str::to_owned);
        return Some((prompts, block.collect()));
    }
}

/// What one block has written of a node is not asked for again when another block's list comes.
#[test]
fn a_node_that_changes_blocks_at_the_start_answers_no_prompt_twice() {
    let world = World::new(&["a"]);
    let mut plugin = with_a_late_block(&world);
    plugin.tick();
    let (mut asked, mut answered) = (1, 0);
    let (prompts, block) = batch_of(&plugin, "a").expect("a batch");
    assert_eq!(block, ["second"]);
    answered += prompts;
    world.api.clear_fault(&Aim::token("late"));
    let said = std::iter::repeat_with(|| plugin.log()).find(|line| line.starts_with("W! "));
    assert!(said.is_some_and(|said| said.contains("two blocks")));
    let end = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < end, "it is the first block's");
        plugin.tick();
        asked += 1;
        // What is asked right while it changes may be nobody's.
        let Some((prompts, block)) = batch_of(&plugin, "a") else {
            continue;
        };
        answered += prompts;
        if block == ["kubernetes_node"] {
            break;
        }
    }
    assert!(answered <= asked, "{answered} of {asked}");
}

/// And what it has not written yet is the other's to answer.
#[test]
fn a_node_that_changes_blocks_in_its_first_scrape_is_told_all_the_same() {
    let world = World::new(&["a"]);
    let mut plugin = with_a_late_block(&world);
    world.kubelets[0].set_fault(Fault::Silent);
    plugin.tick();
    assert!(world.kubelets[0].wait_for_requests(1, PATIENCE), "it is asked");
    world.api.clear_fault(&Aim::token("late"));
    let said = std::iter::repeat_with(|| plugin.log()).find(|line| line.starts_with("W! "));
    assert!(said.is_some_and(|said| said.contains("two blocks")));
    world.kubelets[0].set_fault(Fault::None);
    let batch = batch_of(&plugin, "a").expect("a batch");
    assert_eq!(batch, (1, vec!["kubernetes_node".to_owned()]));
}

/// Or one of them would seem to be without a writer.
#[test]
fn a_node_of_two_blocks_is_counted_once() {
    let world = World::new(&["a", "b"]);
    let mut plugin = two(&world, "  node_include = [\"a\"]", "");
    let lines = until_tick(&mut plugin, "both lists are there", 2, |lines| {
        lines
            .iter()
            .any(|line| line.starts_with("kubelet_discovery") && line.contains("result_code=0i"))
    });
    for name in ["nodes", "nodes_mine", "nodes_ready"] {
        assert_eq!(
            field(&lines, "kubelet_discovery", name),
            Some(Number::Integer(2)),
            "{name}"
        );
    }
}

/// A list of nobody is a list: nobody waits for another one.
#[test]
fn a_cluster_without_nodes_is_told_at_once() {
    let world = World::new(&[]);
    let mut plugin = world.plugin("");
    assert!(
        world
            .api
            .wait_for_requests(|seen| seen.iter().any(|seen| seen.verb == Verb::Watch), PATIENCE),
        "it watches"
    );
    let began = Instant::now();
    let lines = tick(&mut plugin, 0);
    assert!(lines[0].contains("nodes=0i"), "{lines:?}");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn whom_anybody_could_pass_for_is_said_at_the_start() {
    let world = World::new(&["a"]);
    let ca = format!("  tls_ca = \"{}\"\n", world.api.files().ca.display());
    let config = world.config("  insecure_skip_verify = true").replace(&ca, "");
    let mut plugin = Plugin::start(command(world.dir.path(), &config));
    let said = plugin.log();
    assert!(
        said.starts_with("W! ") && said.contains("insecure_skip_verify") && said.contains(&world.api.url()),
        "{said}"
    );
    assert_eq!(results(&tick(&mut plugin, 1)), [("a", "success")].into());
}
