//! Three members of the real program share the nodes of a real API server, and one of them is killed, paused, cut off,
//! replaced; or nodes come and go. All that they write is counted: never two that wrote of a node in one interval, and no
//! node without a writer for longer than promised.

mod pipes;
mod places;
mod stage;
mod tally;

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use test_kubelet::Fault;

use pipes::now;
use places::LEASE;
use stage::{SLACK, Shared, Stage};
use tally::{Excuse, Life, Scrape, Window};

use crate::machine::NODE;

/// Between two prompts.
const INTERVAL: Duration = Duration::from_secs(2);

/// How many nodes there are beside the real one.
const NODES: usize = 12;

/// How long a share that is given up for somebody new, or by somebody who leaves, is nobody's: until the others have looked
/// (a sixth of the duration), the new one has looked whether they did (a thirtieth), and clocks on the wall that differ are
/// over (a fifteenth).
fn handed_over() -> Duration {
    LEASE * 8 / 30
}

/// From one moment to the other.
fn millis(from: Duration, to: Duration) -> u128 {
    to.saturating_sub(from).as_millis()
}

/// Whose nodes are at stake: the one with the most.
fn largest(shared: &Shared) -> Life {
    let lives: BTreeSet<_> = shared.writers.values().copied().collect();
    let largest = lives.into_iter().max_by_key(|life| shared.of(*life).len());
    largest.expect("somebody has nodes")
}

/// How long after this, in milliseconds, each node had a line of somebody else than `before`: the least and the most.
fn taken_over(stage: &Stage, nodes: &BTreeSet<String>, before: Life, since: Duration) -> [u128; 2] {
    let tally = stage.tally();
    let first = |node: &String| {
        let by_another =
            |scrape: &&Scrape| scrape.node == *node && scrape.life != before && scrape.read > since;
        let scrape = tally
            .scrapes()
            .iter()
            .find(by_another)
            .expect("it was taken over");
        millis(since, scrape.read)
    };
    let all: Vec<_> = nodes.iter().map(first).collect();
    [
        *all.iter().min().expect("a node"),
        *all.iter().max().expect("a node"),
    ]
}

/// Between these only `moved` came to others, and all others' writers went on without a gap.
fn assert_only_moved(stage: &Stage, before: &Shared, after: &Shared, moved: &BTreeSet<String>) {
    let tally = stage.tally();
    let stayed: BTreeSet<_> = before
        .writers
        .iter()
        .filter(|(node, _)| !moved.contains(*node))
        .collect();
    assert!(!stayed.is_empty());
    for (node, life) in &stayed {
        let writers: BTreeSet<_> = (before.window..=after.window)
            .filter_map(|window| tally.writer(node, window))
            .collect();
        assert_eq!(writers, BTreeSet::from([**life]), "{node}");
    }
    let windows = before.window..after.window + 1;
    let gaps = tally.gaps(stayed.into_iter().map(|(node, _)| node), &windows, &[]);
    assert!(gaps.is_empty(), "{gaps:#?}\n{}", stage.logs());
}

/// All that somebody new has from `before` to `after` was given up for it, and was nobody's for a short time alone.
fn assert_given_to(stage: &Stage, before: &Shared, after: &Shared, new: Life) {
    let moved = after.of(new);
    assert!(!moved.is_empty());
    assert_only_moved(stage, before, after, &moved);
    assert_handed_over(stage, &moved, before.window..after.window + 1);
}

/// These nodes were given from one to another, and were nobody's only for as long as that takes.
fn assert_handed_over(stage: &Stage, moved: &BTreeSet<String>, windows: Range<Window>) {
    let interval = stage.interval;
    // Who gave a node up may have been about to write of it: its place is in the first half.
    let most = (interval / 2 + handed_over() + SLACK).as_millis() / interval.as_millis() + 1;
    let longest = stage.tally().longest(moved, &windows) as u128;
    eprintln!("handed over: at most {longest} intervals without a line");
    assert!(longest <= most, "{longest} intervals\n{}", stage.logs());
}

/// Taken over within such a time: an interval that begins after that is somebody's.
fn assert_taken_over(
    stage: &Stage,
    before: &Shared,
    after: &Shared,
    gone: Life,
    since: Duration,
    within: Duration,
) {
    let share = before.of(gone);
    assert_only_moved(stage, before, after, &share);
    let excuse = Excuse {
        nodes: &share,
        from: since,
        within: within + SLACK,
    };
    let windows = before.window..after.window + 1;
    let gaps = stage.tally().gaps(&share, &windows, &[excuse]);
    assert!(gaps.is_empty(), "{gaps:#?}\n{}", stage.logs());
}

#[test]
fn a_member_that_is_killed() {
    let mut stage = Stage::with(NODES, INTERVAL);
    let before = stage.until_shared(&[0, 1, 2]);
    let killed = largest(&before);
    let others: Vec<Life> = (0..3).filter(|life| *life != killed).collect();
    let since = stage.signal(killed, "KILL");
    let after = stage.until_shared(&others);
    assert_taken_over(&stage, &before, &after, killed, since, LEASE);
    let [soonest, latest] = taken_over(&stage, &before.of(killed), killed, since);
    eprintln!("killed: {soonest} to {latest} ms until a line of another");

    // Its successor, of the same name, gets the same share.
    let (name, place) = (stage.name(killed).to_owned(), killed);
    let new = stage.start(&name, place);
    let again = stage.until_shared(&[others[0], others[1], new]);
    assert_given_to(&stage, &after, &again, new);
    assert_eq!(again.of(new), before.of(killed));
    stage.assert_well();
}

#[test]
fn a_member_that_is_paused() {
    let stage = Stage::with(NODES, INTERVAL);
    let before = stage.until_shared(&[0, 1, 2]);
    let paused = largest(&before);
    let others: Vec<Life> = (0..3).filter(|life| *life != paused).collect();
    let share = before.of(paused);

    // In the middle of a tick: what it has asked for is answered while it stands still.
    stage.hold(&share, &Fault::Silent);
    stage.until_one_is_asked(&share);
    let since = stage.signal(paused, "STOP");
    let stopped = now();
    stage.hold(&share, &Fault::None);
    let after = stage.until_shared(&others);
    assert_taken_over(&stage, &before, &after, paused, since, LEASE);
    let [soonest, latest] = taken_over(&stage, &share, paused, since);
    eprintln!("paused: {soonest} to {latest} ms until a line of another");

    // It goes on in an interval of which others have written already.
    let next = stage.tally().window(now()) + 1;
    stage.until("all is written of an interval", |tally| {
        share
            .iter()
            .all(|node| tally.writer(node, next).is_some())
            .then_some(())
    });
    let went_on = stage.signal(paused, "CONT");
    let again = stage.until_shared(&[0, 1, 2]);
    assert_given_to(&stage, &after, &again, paused);
    assert_eq!(again.of(paused), share);
    // As somebody new, which takes a while: of what it had in hand nothing has left.
    let first = stage.tally().window(went_on);
    let old = |scrape: &&Scrape| scrape.life == paused && scrape.read > stopped + SLACK;
    let tally = stage.tally();
    let lines = tally.scrapes().iter().filter(old);
    let old: Vec<_> = lines.filter(|scrape| tally.window(scrape.at) <= first).collect();
    assert!(old.is_empty(), "{old:#?}");
    drop(tally);
    stage.assert_well();
}

#[test]
fn a_member_that_is_cut_off_from_the_api_server() {
    let stage = Stage::with(NODES, INTERVAL);
    let before = stage.until_shared(&[0, 1, 2]);
    let cut = largest(&before);
    let others: Vec<Life> = (0..3).filter(|life| *life != cut).collect();
    let share = before.of(cut);
    let since = stage.link(cut, "down");
    let done = now();
    let after = stage.until_shared(&others);
    assert_taken_over(&stage, &before, &after, cut, since, LEASE);
    let [soonest, latest] = taken_over(&stage, &share, cut, since);

    // It reaches the kubelets all the time, and has stopped by itself, before anybody else began.
    let tally = stage.tally();
    let reads = |node: &str, by_it: bool| -> Vec<Duration> {
        let is_one = |scrape: &&Scrape| scrape.node == node && (scrape.life == cut) == by_it;
        let lines = tally.scrapes().iter().filter(is_one);
        lines.map(|scrape| scrape.read).collect()
    };
    let mut last = Duration::ZERO;
    for node in &share {
        let own = reads(node, true).into_iter().max().expect("it wrote");
        let anothers = reads(node, false).into_iter().find(|read| *read > since);
        assert!(own < anothers.expect("it was taken over"), "{node}");
        last = last.max(own);
    }
    assert!(last > since, "it went on at first");
    assert!(last < done + LEASE * 3 / 5 + SLACK, "{}", millis(done, last));
    drop(tally);
    let stopped = millis(since, last);
    eprintln!("cut off: its last line after {stopped} ms, {soonest} to {latest} ms until a line of another");

    let healed = stage.link(cut, "up");
    let again = stage.until_shared(&[0, 1, 2]);
    assert_given_to(&stage, &after, &again, cut);
    assert_eq!(again.of(cut), share);
    eprintln!("joined again: after {} ms", millis(healed, now()));
    stage.assert_well();
}

#[test]
fn members_that_are_replaced() {
    // As by the usual options: the interval is two thirds of a Lease's duration.
    let mut stage = Stage::with(NODES, LEASE * 2 / 3);
    let before = stage.until_shared(&[0, 1, 2]);
    let stopped = largest(&before);
    let others: Vec<Life> = (0..3).filter(|life| *life != stopped).collect();
    let share = before.of(stopped);
    let since = stage.stop(stopped);
    let name = stage.name(stopped).to_owned();
    let left: Vec<_> = stage
        .leases()
        .into_iter()
        .filter(|lease| lease.starts_with(&name))
        .collect();
    assert!(left.is_empty(), "its Lease went with it: {left:?}");
    let after = stage.until_shared(&others);
    assert_taken_over(&stage, &before, &after, stopped, since, handed_over());
    let [soonest, latest] = taken_over(&stage, &share, stopped, since);
    eprintln!("stopped: {soonest} to {latest} ms until a line of another");

    // As a StatefulSet does it: the new one has the name of the one before it.
    let new = stage.start(&name, stopped);
    let again = stage.until_shared(&[others[0], others[1], new]);
    assert_given_to(&stage, &after, &again, new);
    assert_eq!(again.of(new), share);

    // As a Deployment does it: a new one, and then one that goes, each of another name; and it waits for none of them to have
    // its share.
    let told = now();
    let mut lives = Vec::new();
    for (place, old) in [others[0], others[1], new].into_iter().enumerate() {
        lives.push(stage.start(&format!("other-{place}"), place));
        stage.stop(old);
    }
    let last = stage.until_shared(&lives);
    eprintln!("all replaced: all share after {} ms", millis(told, now()));
    assert_handed_over(&stage, &stage.nodes(), again.window..last.window + 1);
    assert_eq!(stage.leases().len(), 3, "{:?}", stage.leases());
    stage.assert_well();
}

#[test]
fn nodes_that_come_and_go() {
    let mut stage = Stage::with(NODES, INTERVAL);
    let before = stage.until_shared(&[0, 1, 2]);
    let old = stage.nodes();
    let new: Vec<_> = (0..4).map(|node| format!("new-{node}")).collect();
    stage.add_nodes(&new);
    let made = now();
    let written = stage.until("new nodes are written of", |tally| {
        let all = |window: &Window| new.iter().all(|node| tally.writer(node, *window).is_some());
        let last = tally.scrapes().last().map(|last| tally.window(last.at))?;
        (before.window..=last).find(all)
    });
    // By the first tick behind the event, and what clocks may differ by.
    let begins = stage.tally().begins(written);
    assert!(
        begins < made + LEASE / 15 + INTERVAL + SLACK,
        "{:?}",
        begins.saturating_sub(made)
    );
    let gone: Vec<_> = new[..2].iter().cloned().chain(["n-00".to_owned()]).collect();
    stage.delete_nodes(&gone);
    let deleted = now();
    let left: BTreeSet<_> = stage
        .nodes()
        .into_iter()
        .filter(|node| !gone.contains(node))
        .collect();
    let after = stage.until("two more intervals are over", |tally| {
        let begun = tally.window(deleted) + 2;
        let all = |window| left.iter().all(|node| tally.writer(node, window).is_some());
        (all(begun) && all(begun + 1)).then_some(begun + 1)
    });
    let tally = stage.tally();
    let late: Vec<_> = tally
        .scrapes()
        .iter()
        .filter(|scrape| gone.contains(&scrape.node) && scrape.at > deleted + SLACK)
        .collect();
    assert!(late.is_empty(), "{late:#?}");
    let windows = before.window..after + 1;
    let stayed = old.iter().filter(|node| left.contains(*node));
    assert_eq!(tally.gaps(stayed, &windows, &[]), [""; 0]);
    let came = new.iter().filter(|node| left.contains(*node));
    assert_eq!(tally.gaps(came, &(written..after + 1), &[]), [""; 0]);
    assert!(left.contains(NODE));
    drop(tally);
    stage.assert_well();
}
