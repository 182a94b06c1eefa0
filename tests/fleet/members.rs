//! Several members that share the nodes, and take over from each other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use test_kubelet::api::{Aim, ApiFault, Lease, Resource, Verb};

use super::support::plugin::{PATIENCE, Plugin};
use super::{World, tag};

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
        // Less than what `get` is for: it is granted nowhere.
        let get = Aim::ALL.resource(Resource::Leases).verb(Verb::Get);
        world.api.set_fault(get, ApiFault::Forbidden);
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
    let asked = world.api.requests().into_iter();
    let verbs: BTreeSet<_> = asked
        .filter(|seen| seen.resource == Resource::Leases)
        .map(|seen| seen.verb)
        .collect();
    assert_eq!(
        verbs,
        [Verb::List, Verb::Create, Verb::Update, Verb::Delete].into(),
        "what they need, and nothing that they do not"
    );
}

/// One whom nobody has prompted would hold what it never writes of: `telegraf --test` beside a running one, too.
#[test]
fn who_was_never_prompted_takes_no_share() {
    let world = World::new(&NODES);
    let _running = Plugin::start(world.command("m-0", SHARDS));
    let are = |leases: &[Lease], names: &[&str]| {
        let holders: BTreeSet<_> = leases
            .iter()
            .filter_map(|lease| lease.holder.as_deref())
            .collect();
        holders == names.iter().copied().collect()
    };
    let one = |leases: &[Lease]| are(leases, &["m-0"]);
    assert!(world.api.wait_for_leases(one, PATIENCE));

    let prompted = SHARDS.replace("  interval = \"1s\"\n", "");
    assert_ne!(prompted, SHARDS);
    let mut new = Plugin::start(world.command("m-1", &prompted));
    assert!(world.api.wait_for_watches(2, PATIENCE), "it has begun");
    // Who shares at once has seen the other renew by then, and has a Lease of its own.
    for _ in 0..4 {
        let before = world.api.leases()[0].version;
        let is_renewed = |leases: &[Lease]| leases.iter().any(|lease| lease.version > before);
        assert!(world.api.wait_for_leases(is_renewed, PATIENCE));
    }
    assert!(one(&world.api.leases()), "{:#?}", world.api.leases());

    let left = Plugin::once(world.command("m-2", &prompted));
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    let asked = world.api.requests().into_iter();
    let made = asked.filter(|seen| (seen.resource, seen.verb) == (Resource::Leases, Verb::Create));
    assert_eq!(made.count(), 1, "one tick alone is not worth another one's share");

    new.tick();
    let both = |leases: &[Lease]| are(leases, &["m-0", "m-1"]);
    assert!(world.api.wait_for_leases(both, PATIENCE));
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

/// Nothing else would say so: each of them works, and what they do to each other is seen in the database alone.
#[test]
fn members_that_do_not_fit_each_other_are_told() {
    let world = World::new(&["node-1"]);
    for (dir, name, duration, words) in [
        (
            "other",
            "other",
            "6s",
            "W! member other has lease_duration 6s, and we have 5s",
        ),
        (
            "same",
            "one",
            "5s",
            "W! another member that shares these nodes has our name",
        ),
    ] {
        let one = Plugin::start(world.command("one", SHARDS));
        let mut other = world.command(dir, &SHARDS.replace("\"5s\"", &format!("\"{duration}\"")));
        other.env("POD_NAME", name);
        let _other = Plugin::start(other);
        let told = std::iter::repeat_with(|| one.log()).find(|line| line.starts_with("W! "));
        assert!(
            told.as_ref().is_some_and(|line| line.starts_with(words)),
            "{told:?}"
        );
    }
}
