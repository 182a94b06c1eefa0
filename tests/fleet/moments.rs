//! Not all at once: each node has its own moment in an interval, and waits for no other one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use telegraf_kubelet::cluster::share::rendezvous;
use telegraf_kubelet::pace::Phase;
use test_kubelet::{Fault, TestKubelet};

use super::support::plugin::PATIENCE;
use super::{World, tag};

const INTERVAL: Duration = Duration::from_secs(2);

/// The first of so many names whose moment is early, or late, in the first half of the interval.
fn named(begins: &str, is_so: impl Fn(Duration) -> bool) -> String {
    let names = (0..10_000).map(|number| format!("{begins}-{number}"));
    let moment = |name: &String| Phase::new(rendezvous::weight("", name)).of(INTERVAL);
    names
        .into_iter()
        .find(|name| is_so(moment(name)))
        .expect("one of them")
}

fn scraped(kubelet: &TestKubelet) -> Vec<std::time::SystemTime> {
    let seen = kubelet.requests().into_iter();
    seen.filter(|seen| seen.path == "/stats/summary")
        .map(|seen| seen.at)
        .collect()
}

/// By its name the one would be first; by its moment it is the last one, but for the first tick, which waits for nobody's.
#[test]
fn each_node_is_asked_at_its_own_moment() {
    let late = named("a", |moment| moment > INTERVAL * 2 / 5);
    let early = named("z", |moment| moment < INTERVAL / 10);
    let world = World::new(&[&late, &early]);
    let _plugin = world.plugin("  interval = \"2s\"\n  response_timeout = \"1s\"");
    let end = Instant::now() + PATIENCE;
    while world.kubelets.iter().any(|kubelet| scraped(kubelet).len() < 4) {
        assert!(Instant::now() < end, "four ticks");
        std::thread::sleep(Duration::from_millis(20));
    }
    let [late, early] = [&world.kubelets[0], &world.kubelets[1]].map(scraped);
    for tick in 1..4 {
        assert!(late[tick] > early[tick], "{tick}: {late:?} {early:?}");
    }
}

/// One that does not answer is told as such when it did; the others have a line for each tick.
#[test]
fn no_tick_waits_for_the_slowest() {
    let world = World::new(&["fast", "slow"]);
    let plugin = &mut world.plugin("");
    world.kubelets[1].set_fault(Fault::Silent);
    let mut told = BTreeMap::<String, Vec<String>>::new();
    let mut hear = |line: String| {
        if line.starts_with("kubelet_scrape") {
            let node = tag(&line, "node_name").expect("its node").to_owned();
            told.entry(node).or_default().push(line);
        }
    };
    for _ in 0..3 {
        plugin.tick();
        loop {
            let line = plugin.line();
            let is_fast = line.starts_with("kubelet_scrape,node_name=fast,");
            hear(line);
            if is_fast {
                break;
            }
        }
    }
    let slow = std::iter::repeat_with(|| plugin.line()).find(|line| line.starts_with("kubelet_scrape"));
    let slow = slow.expect("it is told");
    assert!(
        slow.contains("node_name=slow,result=timeout,"),
        "none of it before: {slow}"
    );
    assert_eq!(told.keys().collect::<Vec<_>>(), ["fast"]);
    assert!(told["fast"].iter().all(|line| line.contains("result=success")));
    // The two ticks that came meanwhile are one.
    let next = std::iter::repeat_with(|| plugin.line()).find(|line| line.starts_with("kubelet_scrape"));
    assert!(next.is_some_and(|next| next.contains("node_name=slow,") && next.contains("ticks_merged=1i")));
}

/// Its moment is counted from the prompt, however long the tick before lasted: else each tick would be later than the one
/// before, until one of them is two prompts'.
#[test]
fn the_latest_moment_of_a_kubelet_that_hangs_is_no_later_each_time() {
    let name = named("hung", |moment| moment > INTERVAL * 19 / 40);
    let world = World::new(&[&name]);
    world.kubelets[0].set_fault(Fault::Silent);
    let plugin = world.plugin("  interval = \"2s\"\n  response_timeout = \"1800ms\"");
    let lines = std::iter::repeat_with(|| plugin.line()).filter(|line| line.starts_with("kubelet_scrape"));
    for line in lines.take(6) {
        assert!(
            line.contains("result=timeout") && line.contains("ticks_merged=0i"),
            "{line}"
        );
    }
}
