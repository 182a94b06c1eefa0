//! What is so of which nodes, and what of that is to be told when: when it begins, when it has spread to twice as many nodes or
//! is left of half of them, once an hour with a count, and when it ends.
//!
//! No clock and no log of its own. Whatever nodes do, there are few lines: one that comes and goes is told [`LINES`] times an
//! hour, and after that only if more nodes have it than ever in that hour.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use log::Level;
use tokio::time::Instant;

use super::topic::Topic;

/// How often what lasts is told again.
const AGAIN: Duration = Duration::from_secs(3600);

/// And how often what expires is, which each node's scraper says once a day.
const AGAIN_EXPIRES: Duration = Duration::from_secs(86_400);

/// More lines of one topic in an hour tell nothing more.
const LINES: usize = 6;

/// So many nodes are named.
const NAMED: usize = 3;

/// All that is so of any node.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    of: BTreeMap<Topic, Trouble>,
    nodes: usize,
}

#[derive(Debug)]
struct Trouble {
    level: Level,
    nodes: BTreeSet<String>,
    /// What is said of the first of them.
    said: String,
    /// When it began.
    since: Instant,
    /// The last time, or the beginning, from which an hour is counted.
    hour: Instant,
    /// How often it was said in that hour.
    times: u64,
    /// Of how many nodes it was told last; 0 for none.
    told: usize,
    /// Of how many it was told in that hour at the most, and in how many lines.
    most: usize,
    lines: usize,
    /// Of whom it was told, as of most of them.
    named: String,
}

impl Troubles {
    pub(super) fn are(&mut self, nodes: usize) {
        self.nodes = nodes;
    }

    /// Whether that is news.
    pub(super) fn has(
        &mut self,
        topic: Topic,
        level: Level,
        node: &str,
        text: impl FnOnce() -> String,
        now: Instant,
    ) -> bool {
        for (other, trouble) in &mut self.of {
            if topic.excludes(*other) {
                trouble.nodes.remove(node);
            }
        }
        let trouble = self.of.entry(topic).or_insert_with(|| Trouble::new(level, now));
        trouble.times += 1;
        if trouble.nodes.contains(node) {
            return false;
        }
        if trouble.nodes.is_empty() {
            trouble.said = text();
            if trouble.told == 0 {
                trouble.since = now;
            }
        }
        trouble.nodes.insert(node.to_owned())
    }

    pub(super) fn has_no_more(&mut self, topic: Topic, node: &str) -> bool {
        let trouble = self.of.get_mut(&topic);
        trouble.is_some_and(|trouble| trouble.nodes.remove(node))
    }

    pub(super) fn gone(&mut self, node: &str) -> bool {
        let mut any = false;
        for trouble in self.of.values_mut() {
            any |= trouble.nodes.remove(node);
        }
        any
    }

    /// What is to be told now. At the end of it all only what is so is.
    pub(super) fn news(&mut self, now: Instant, is_end: bool) -> Vec<(Level, String)> {
        let nodes = self.nodes;
        let told = self
            .of
            .iter_mut()
            .filter_map(|(topic, trouble)| trouble.news(*topic, nodes, now, is_end));
        let told = told.collect();
        self.of.retain(|_, trouble| !trouble.is_forgotten(now));
        told
    }
}

impl Trouble {
    fn new(level: Level, now: Instant) -> Self {
        Self {
            level,
            nodes: BTreeSet::new(),
            said: String::new(),
            since: now,
            hour: now,
            times: 0,
            told: 0,
            most: 0,
            lines: 0,
            named: String::new(),
        }
    }

    fn is_forgotten(&self, now: Instant) -> bool {
        self.nodes.is_empty() && self.told == 0 && now.duration_since(self.hour) >= AGAIN
    }

    fn news(&mut self, topic: Topic, nodes: usize, now: Instant, is_end: bool) -> Option<(Level, String)> {
        let times = self.times;
        let is_again = self.is_again(topic, now);
        let count = self.nodes.len();
        if self.lines >= LINES && count <= self.most {
            return None;
        }
        let lasts = topic.lasts() && !is_end;
        let named = named(&self.nodes);
        let said = match (self.told, count) {
            (0, 0) => return None,
            (0, 1) => self.said.clone(),
            (0, _) => format!("{count} of {nodes} nodes {topic}: {named}; {}", self.said),
            (_, 0) if lasts => format!(
                "nodes that {topic}: none any more, after {} s; they were {}",
                now.duration_since(self.since).as_secs(),
                self.named
            ),
            (told, _) if count >= 2 * told => {
                format!(
                    "{count} of {nodes} nodes {topic} by now, {told} before: {named}; {}",
                    self.said
                )
            }
            (told, 1..) if count * 2 <= told && lasts => {
                format!("{count} of {nodes} nodes {topic} still, {told} before: {named}")
            }
            (_, 1..) if is_again && lasts => format!(
                "{count} of {nodes} nodes {topic} still, {times} times in the last hour: {named}; {}",
                self.said
            ),
            _ => return None,
        };
        let level = if count == 0 { Level::Info } else { self.level };
        if count >= self.told {
            self.named = named;
        }
        self.told = count;
        self.most = self.most.max(count);
        self.lines += 1;
        Some((level, said))
    }

    /// Whether an hour has passed; then another one begins.
    fn is_again(&mut self, topic: Topic, now: Instant) -> bool {
        let expires = matches!(topic, Topic::Expires(_));
        let again = if expires { AGAIN_EXPIRES } else { AGAIN };
        if now.duration_since(self.hour) < again {
            return false;
        }
        (self.hour, self.times, self.most, self.lines) = (now, 0, 0, 0);
        if expires {
            // Those that say so again are told again.
            self.nodes.clear();
            self.told = 0;
        }
        true
    }
}

/// Some of the nodes, by name.
fn named(nodes: &BTreeSet<String>) -> String {
    let some: Vec<_> = nodes.iter().take(NAMED).map(String::as_str).collect();
    match nodes.len().saturating_sub(NAMED) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Topic = Topic::Fails("timeout");
    const TLS: Topic = Topic::Fails("tls");
    const TICK: Duration = Duration::from_secs(10);

    struct World {
        troubles: Troubles,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            let mut troubles = Troubles::default();
            troubles.are(1000);
            Self {
                troubles,
                now: Instant::now(),
            }
        }

        fn has(&mut self, topic: Topic, node: usize) {
            let node = format!("n{node:03}");
            let text = || format!("node {node}: why");
            self.troubles.has(topic, Level::Error, &node, text, self.now);
        }

        fn works(&mut self, topic: Topic, node: usize) {
            self.troubles.has_no_more(topic, &format!("n{node:03}"));
        }

        /// What is told of a tick in which these fail so, and no others.
        fn tick(&mut self, topic: Topic, failing: std::ops::Range<usize>) -> Vec<String> {
            for node in 0..1000 {
                if failing.contains(&node) {
                    self.has(topic, node);
                } else {
                    self.works(topic, node);
                }
            }
            self.now += TICK;
            let told = self.troubles.news(self.now, false);
            told.into_iter().map(|(_, said)| said).collect()
        }
    }

    #[test]
    fn one_cause_of_many_is_told_when_it_begins_each_hour_and_when_it_ends() {
        let mut world = World::new();
        assert_eq!(
            world.tick(TIMEOUT, 0..300),
            ["300 of 1000 nodes fail with timeout: n000, n001, n002 and 297 more; node n000: why"]
        );
        let mut told = Vec::new();
        for _ in 0..3 * 360 {
            told.extend(world.tick(TIMEOUT, 0..300));
        }
        assert_eq!(told.len(), 3, "{told:#?}");
        assert!(
            told[1].starts_with("300 of 1000 nodes fail with timeout still, 108000 times in the last hour"),
            "{told:#?}"
        );
        assert_eq!(
            world.tick(TIMEOUT, 0..0),
            [
                "nodes that fail with timeout: none any more, after 10820 s; they were n000, n001, n002 and 297 more"
            ]
        );
        assert!(world.tick(TIMEOUT, 0..0).is_empty());
    }

    #[test]
    fn what_changes_little_is_no_news_and_what_changes_much_is() {
        let mut world = World::new();
        assert_eq!(
            world.tick(TIMEOUT, 0..1),
            ["node n000: why"],
            "of one it is that one's"
        );
        assert_eq!(
            world.tick(TIMEOUT, 0..10),
            [
                "10 of 1000 nodes fail with timeout by now, 1 before: n000, n001, n002 and 7 more; node n000: why"
            ]
        );
        for count in [11, 19, 6, 15] {
            assert!(world.tick(TIMEOUT, 0..count).is_empty(), "{count}");
        }
        assert_eq!(
            world.tick(TIMEOUT, 0..5),
            ["5 of 1000 nodes fail with timeout still, 10 before: n000, n001, n002 and 2 more"]
        );
    }

    #[test]
    fn a_node_fails_in_one_way_at_a_time() {
        let mut world = World::new();
        world.tick(TIMEOUT, 0..4);
        for node in 0..4 {
            world.has(TLS, node);
        }
        let told: Vec<_> = world.troubles.news(world.now, false);
        let said: Vec<_> = told.iter().map(|(level, said)| (*level, &said[..30])).collect();
        assert_eq!(
            said,
            [
                (Level::Info, "nodes that fail with timeout: "),
                (Level::Error, "4 of 1000 nodes fail with tls:"),
            ]
        );
    }

    #[test]
    fn what_comes_and_goes_is_told_a_few_times_an_hour() {
        let mut world = World::new();
        let mut told = 0;
        for tick in 0..360 {
            told += world.tick(TIMEOUT, 0..(tick % 2)).len();
        }
        assert!(told <= LINES, "{told}");
        assert_eq!(world.tick(TIMEOUT, 0..500).len(), 1, "more than ever are told");
        let mut told = 0;
        for tick in 0..360 {
            told += world.tick(TIMEOUT, 0..(tick % 2)).len();
        }
        assert!(told > 0, "and it is another hour");
    }

    #[test]
    fn what_does_not_last_is_told_as_it_spreads() {
        let mut world = World::new();
        let told: Vec<_> = (0..1000)
            .flat_map(|node| {
                world.has(Topic::Unknown, node);
                world.now += TICK;
                world.troubles.news(world.now, false)
            })
            .collect();
        assert_eq!(
            told.len(),
            10,
            "once, and each time that they are twice as many: {told:#?}"
        );
    }

    #[test]
    fn at_the_end_what_is_so_is_told_and_not_that_it_ends() {
        let mut world = World::new();
        world.tick(TIMEOUT, 0..4);
        world.troubles.gone("n000");
        world.troubles.gone("n001");
        world.has(TLS, 7);
        let told = world.troubles.news(world.now, true);
        assert_eq!(told, [(Level::Error, "node n007: why".to_owned())]);
        for node in ["n002", "n003", "n007"] {
            assert!(world.troubles.gone(node));
        }
        assert!(world.troubles.news(world.now, true).is_empty());
    }

    #[test]
    fn what_expires_is_told_once_a_day() {
        let mut world = World::new();
        let token = Topic::Expires("the bearer token");
        for day in 0..3 {
            for node in 0..1000 {
                world.has(token, node);
            }
            assert_eq!(world.troubles.news(world.now, false).len(), 1, "{day}");
            for _ in 0..24 {
                world.now += Duration::from_secs(3600);
                assert!(world.troubles.news(world.now, false).is_empty());
            }
        }
    }
}
