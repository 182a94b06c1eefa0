//! All kubelets of a cluster: scrapers come and go with the nodes, and with the share of them that is ours.
//!
//! Joins what is known of nodes ([`cluster`]) with who scrapes ([`Targets`]), and knows nothing of how either works.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::{sleep_until, timeout};

use super::Makings;
use crate::batch::Batch;
use crate::client::Url;
use crate::cluster::share::rendezvous;
use crate::cluster::{Address, Change, Node, Roster, Shares};
use crate::collector::OneOfMany;
use crate::config::Cluster;
use crate::crowd::Crowd;
use crate::date;
use crate::execd::{Output, Ticks};
use crate::lines::{self, DiscoveryReport, Listed, Renderer};
use crate::pace::Phase;
use crate::permit::Permit;
use crate::targets::{From, Targets};

/// How long the first tick waits for the first list: after the word to stop, which comes with it where there is but one
/// (`--test`), the whole budget is 5 s.
const FIRST_LIST: Duration = Duration::from_millis(2_500);

/// A block that stands for all nodes, and who there is by it.
pub struct Block {
    /// What it says.
    pub cluster: Cluster,
    /// The nodes.
    pub roster: Roster,
}

/// Who scrapes which node.
pub struct Fleet {
    blocks: Vec<Block>,
    shares: Option<Shares>,
    nodes: BTreeMap<String, Known>,
    /// Whose first list is not there yet, by their numbers.
    unlisted: BTreeSet<usize>,
    /// Whether the first list of each was there.
    listed: watch::Sender<bool>,
    /// The log was told that a node is of two blocks.
    told_of_two: bool,
}

/// A node, and by whom it is scraped, if it is.
struct Known {
    node: Arc<Node>,
    /// What of it goes onto its lines.
    listed: Arc<Listed>,
    /// Whose it is: of those that list it the first in the file.
    block: usize,
    scraped: Option<Scraped>,
}

/// With what scrapers are made, and who is told of them.
struct Hands<'r> {
    targets: &'r mut Targets,
    makings: &'r mut Makings,
    crowd: &'r Crowd,
}

impl Hands<'_> {
    /// Nobody scrapes that node here any more.
    fn leave(&mut self, name: &str) {
        self.targets.remove(name);
        self.crowd.gone(name);
    }
}

/// What a scraper was made for.
struct Scraped {
    block: usize,
    /// Where it asks, where there is an address.
    url: Option<String>,
    permit: Permit,
    listed: watch::Sender<Arc<Listed>>,
    /// Whether it wrote anything.
    is_told: Arc<AtomicBool>,
}

impl Fleet {
    /// Of these blocks; with `shares` a part of their nodes is ours, else they all are.
    #[must_use]
    pub fn new(blocks: Vec<Block>, shares: Option<Shares>) -> Self {
        Self {
            unlisted: (0..blocks.len()).collect(),
            blocks,
            shares,
            nodes: BTreeMap::new(),
            listed: watch::Sender::new(false),
            told_of_two: false,
        }
    }

    /// Who tells of it at each tick.
    #[must_use]
    pub fn teller(&self, member: String) -> Teller {
        Teller {
            member,
            rosters: self.blocks.iter().map(|block| block.roster.clone()).collect(),
            shares: self.shares.clone(),
            listed: self.listed.subscribe(),
        }
    }

    /// Lets scrapers come and go until the word to stop.
    pub(crate) async fn run(
        mut self,
        targets: &mut Targets,
        makings: &mut Makings,
        crowd: &Crowd,
        mut ticks: Ticks,
    ) {
        let hands = &mut Hands {
            targets,
            makings,
            crowd,
        };
        let (sender, mut changes) = mpsc::channel(1);
        for (number, block) in self.blocks.iter().enumerate() {
            let (roster, sender) = (block.roster.clone(), sender.clone());
            tokio::spawn(async move {
                loop {
                    let changes = roster.changes().await;
                    if sender.send((number, changes)).await.is_err() {
                        break;
                    }
                }
            });
        }
        let shares = self.shares.clone();
        loop {
            let is_first = !*self.listed.borrow();
            tokio::select! {
                Some((block, changes)) = changes.recv() => {
                    for change in changes {
                        match change {
                            Change::Put(node) => self.put(block, node, hands),
                            Change::Gone(name) => self.gone(block, &name, hands),
                        }
                    }
                    self.unlisted.remove(&block);
                    self.listed.send_replace(self.unlisted.is_empty());
                    hands.targets.tell_of_files();
                    crowd.are(self.scraped());
                }
                () = changed(shares.as_ref()) => {
                    self.settle_all(hands);
                    hands.targets.tell_of_files();
                    crowd.are(self.scraped());
                }
                () = enough(&mut ticks, is_first) => return,
            }
        }
    }

    fn put(&mut self, block: usize, node: Arc<Node>, hands: &mut Hands<'_>) {
        let name = node.name.clone();
        let other = self.nodes.get(&name).map(|known| known.block);
        if other.is_some_and(|other| other != block) && !std::mem::replace(&mut self.told_of_two, true) {
            log::warn!(
                "node {name} is of two blocks with discover: the first of them in the file has it, as any other such node; said here once"
            );
        }
        if other.is_none_or(|other| other >= block) {
            self.know(block, node);
            self.settle(&name, hands);
        }
    }

    fn gone(&mut self, block: usize, name: &str, hands: &mut Hands<'_>) {
        if self.nodes.get(name).is_none_or(|known| known.block != block) {
            return;
        }
        let mut others = self.blocks.iter().enumerate();
        if let Some((other, node)) = others.find_map(|(other, of)| Some((other, of.roster.node(name)?))) {
            self.know(other, node);
            self.settle(name, hands);
            return;
        }
        self.nodes.remove(name);
        hands.leave(name);
        if let Some(shares) = &self.shares {
            shares.give_back(name);
        }
    }

    /// This block has it, and so it is.
    fn know(&mut self, block: usize, node: Arc<Node>) {
        let listed = Arc::new(listed(&node));
        let scraped = self.nodes.remove(&node.name).and_then(|known| known.scraped);
        let name = node.name.clone();
        let known = Known {
            node,
            listed,
            block,
            scraped,
        };
        self.nodes.insert(name, known);
    }

    fn settle_all(&mut self, hands: &mut Hands<'_>) {
        let names: Vec<_> = self.nodes.keys().cloned().collect();
        for name in names {
            self.settle(&name, hands);
        }
        if let Some(shares) = &self.shares {
            let company = shares.company();
            log::info!(
                "nodes of ours: {} of {}; members that share them: {}",
                company.nodes,
                self.nodes.len(),
                company.members
            );
        }
    }

    /// Sees to it that the node is scraped where it answers now, if it is ours.
    fn settle(&mut self, name: &str, hands: &mut Hands<'_>) {
        let Some(known) = self.nodes.get_mut(name) else {
            return;
        };
        let permit = match &self.shares {
            Some(shares) => shares.permit(name),
            None => Some(Permit::default()),
        };
        let Some(permit) = permit else {
            if known.scraped.take().is_some() {
                hands.leave(name);
            }
            return;
        };
        let url = known.node.address.as_ref().map(Address::url);
        let text = url.as_ref().map(Url::to_string);
        let listed = Arc::clone(&known.listed);
        if let Some(scraped) = &known.scraped
            && scraped.block == known.block
            && scraped.url == text
            && scraped.permit.is_same(&permit)
        {
            scraped.listed.send_replace(listed);
            return;
        }
        let (listed, to_tell) = watch::channel(listed);
        let Some(block) = self.blocks.get(known.block) else {
            return;
        };
        let one_of_many = OneOfMany {
            node: name.to_owned(),
            permit: permit.clone(),
            phase: Phase::new(rendezvous::weight("", name)),
            listed: to_tell,
            crowd: hands.crowd.clone(),
            is_told: Arc::default(),
        };
        let is_told = Arc::clone(&one_of_many.is_told);
        let before = known.scraped.take();
        let is_answered = before.is_some_and(|before| before.is_told.load(Ordering::Relaxed));
        // What was asked before the first list was asked of its nodes too, unless another block has answered it.
        let from = if self.unlisted.contains(&known.block) && !is_answered {
            From::Start
        } else {
            From::Now
        };
        hands.leave(name);
        match url {
            Some(url) => {
                let collector = hands.makings.collector(block.cluster.kubelet(name, url));
                hands.targets.add(collector.one_of_many(one_of_many), from);
            }
            None => hands.targets.add(hands.makings.nowhere(one_of_many), from),
        }
        known.scraped = Some(Scraped {
            block: known.block,
            url: text,
            permit,
            listed,
            is_told,
        });
    }

    /// How many nodes are scraped here.
    fn scraped(&self) -> usize {
        let all = self.nodes.values();
        all.filter(|known| known.scraped.is_some()).count()
    }
}

/// What of a node goes onto its lines.
fn listed(node: &Node) -> Listed {
    let Node {
        capacity,
        allocatable,
        ..
    } = node;
    let values = [
        capacity.millicpu,
        capacity.memory_bytes,
        capacity.pods,
        allocatable.millicpu,
        allocatable.memory_bytes,
        allocatable.pods,
        Some(u64::from(node.unschedulable)),
    ];
    lines::listed_of(&node.labels, values)
}

/// Waits until others have come or gone; for ever, where there are none.
async fn changed(shares: Option<&Shares>) {
    match shares {
        Some(shares) => shares.changed().await,
        None => std::future::pending().await,
    }
}

/// Waits for the word to stop, and before the first list for that too, for a while.
async fn enough(ticks: &mut Ticks, is_first: bool) {
    let told = ticks.stopped().await;
    if is_first {
        sleep_until(told + FIRST_LIST).await;
    }
}

/// Who writes the line about the nodes.
pub struct Teller {
    member: String,
    rosters: Vec<Roster>,
    shares: Option<Shares>,
    listed: watch::Receiver<bool>,
}

impl Teller {
    /// One line at each tick, until told to stop.
    pub async fn run(mut self, mut ticks: Ticks, output: Output) {
        let mut is_first = true;
        while ticks.next().await.is_some() {
            if std::mem::take(&mut is_first) {
                let listed = self.listed.wait_for(|listed| *listed);
                // Then it says that there is none.
                let _ = timeout(FIRST_LIST, listed).await;
            }
            let mut batch = Batch::default();
            self.tell(&mut batch);
            if output.write(batch).await.1.is_err() {
                return;
            }
        }
    }

    /// All nodes, each once, whoever lists it.
    fn nodes(&self) -> Vec<Arc<Node>> {
        let mut nodes: Vec<_> = self.rosters.iter().flat_map(Roster::nodes).collect();
        nodes.sort_by(|one, other| one.name.cmp(&other.name));
        // It is the first block's, as it is scraped.
        nodes.dedup_by(|later, first| later.name == first.name);
        nodes
    }

    fn tell(&self, batch: &mut Batch) {
        let all: Vec<_> = self.rosters.iter().map(Roster::standing).collect();
        let nodes = self.nodes();
        let company = self.shares.as_ref().map(Shares::company);
        let age = all.iter().filter_map(|standing| standing.age).max();
        let code = all.iter().map(|standing| standing.code).find(|&code| code != 0);
        let report = DiscoveryReport {
            member: &self.member,
            result_code: code.and_then(|code| u8::try_from(code).ok()).unwrap_or_default(),
            nodes: nodes.len() as u64,
            nodes_mine: company.map_or(nodes.len(), |company| company.nodes) as u64,
            nodes_ready: nodes.iter().filter(|node| node.ready).count() as u64,
            members: company.map_or(1, |company| company.members as u64),
            watch_age_seconds: age.map(|age| age.as_secs()),
        };
        let at = date::nanoseconds(SystemTime::now());
        Renderer::push_discovery(&report, at, batch);
    }
}
