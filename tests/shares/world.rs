//! Members, their clocks, the network between them and the API server, and what they write.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use telegraf_kubelet::cluster::share::{Answer, Member, Moment, Step, Times};
use telegraf_kubelet::permit;

use crate::api::Api;
use crate::random::Random;

/// All is counted in microseconds.
pub const SECOND: u64 = 1_000_000;
pub const INTERVAL: u64 = 10 * SECOND;
pub const LEASE: u64 = 15 * SECOND;

/// What nobody waits for longer.
const TIMEOUT: u64 = 2 * SECOND;

const NODES: usize = 12;

/// The real time begins with a whole interval, far from 1970.
const BEGINNING: u64 = 1_800_000_000 * SECOND;

/// What the days are like.
pub struct Plan {
    members: u64,
    /// Thousandths by which a clock may be fast or slow.
    drift: u64,
    /// By how much clocks on the wall may be wrong, to both sides.
    skew: u64,
    /// One in so many requests or answers takes up to 20 s; none, with 0.
    slow: u64,
    /// Until then.
    slow_until: u64,
}

impl Plan {
    /// Where everything is as good as it gets.
    pub fn fair(members: u64) -> Self {
        Self {
            members,
            drift: 1,
            skew: SECOND / 100,
            slow: 0,
            slow_until: 0,
        }
    }

    /// Where nothing is.
    pub fn rough(members: u64, slow_until: u64) -> Self {
        Self {
            members,
            drift: 50,
            skew: SECOND / 2,
            slow: 10,
            slow_until,
        }
    }
}

/// What happens to a member.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    Kill,
    Leave,
    /// It does nothing for so long; what was due is done then, in any order.
    Pause(u64),
    /// Nothing it asks reaches the API server.
    CutOff(u64),
    /// It reaches the API server, and no answer comes back.
    CutAnswers(u64),
    /// It is started, where it does not run, and goes on, where it is paused or cut off.
    Start,
}

#[derive(Debug, Clone)]
enum Event {
    Fault(Fault),
    /// The life of the process it is for: those of one before are nobody's.
    Wake(u64),
    Arrive(u64, u64, Step),
    Answer(u64, u64, Answer),
    Prompt(u64, u64),
    Write {
        life: u64,
        node: usize,
        interval: u64,
        stint: u64,
    },
}

struct Process {
    machine: Option<Member>,
    life: u64,
    /// Thousandths of the real speed.
    speed: u64,
    skew: u64,
    started: u64,
    request: u64,
    paused_until: u64,
    cut_off_until: u64,
    cut_answers_until: u64,
    /// The first interval in which each node may be scraped, and the number of the stint.
    has: BTreeMap<usize, (Moment, u64)>,
    is_leaving: bool,
    stints: u64,
    /// Who shared them when it was last looked at who has what.
    shared_by: Vec<(String, String)>,
}

pub struct World {
    random: Random,
    plan: Plan,
    now: u64,
    order: u64,
    due: BinaryHeap<Reverse<(u64, u64, usize)>>,
    events: BTreeMap<u64, Event>,
    api: Api,
    processes: Vec<Process>,
    ids: u64,
    /// Who wrote, and when, by node and interval.
    written: BTreeMap<(usize, u64), (usize, u64)>,
}

fn node(number: usize) -> String {
    format!("node-{number}")
}

impl World {
    pub fn new(mut random: Random, plan: Plan) -> Self {
        let mut processes = Vec::new();
        for _ in 0..plan.members {
            processes.push(Process {
                machine: None,
                life: 0,
                speed: 1000 - plan.drift + random.below(2 * plan.drift + 1),
                skew: random.below(2 * plan.skew),
                started: 0,
                request: 0,
                paused_until: 0,
                cut_off_until: 0,
                cut_answers_until: 0,
                has: BTreeMap::new(),
                is_leaving: false,
                stints: 0,
                shared_by: Vec::new(),
            });
        }
        let mut world = Self {
            random,
            plan,
            now: 0,
            order: 0,
            due: BinaryHeap::new(),
            events: BTreeMap::new(),
            api: Api::default(),
            processes,
            ids: 0,
            written: BTreeMap::new(),
        };
        for member in 0..world.processes.len() {
            let at = world.random.below(SECOND / 100);
            world.plan(at, member, Fault::Start);
        }
        world
    }

    pub fn plan(&mut self, at: u64, member: usize, fault: Fault) {
        self.schedule(at, member, Event::Fault(fault));
    }

    pub fn writes(&self) -> u64 {
        self.written.len() as u64
    }

    /// How many Leases were made.
    pub fn lives(&self) -> u64 {
        self.ids
    }

    fn schedule(&mut self, at: u64, member: usize, event: Event) {
        self.order += 1;
        self.events.insert(self.order, event);
        self.due.push(Reverse((at.max(self.now), self.order, member)));
    }

    pub fn run_until(&mut self, end: u64) {
        while let Some(&Reverse((at, number, member))) = self.due.peek() {
            if at > end {
                break;
            }
            self.due.pop();
            self.now = at;
            let event = self.events.remove(&number).expect("planned");
            self.happens(member, event);
        }
        self.now = end;
    }

    fn happens(&mut self, member: usize, event: Event) {
        let process = &self.processes[member];
        let needs_it = !matches!(event, Event::Fault(_) | Event::Arrive(..));
        if needs_it && self.now < process.paused_until {
            // In any order.
            let late = self.random.below(SECOND / 1000);
            let at = process.paused_until + late;
            return self.schedule(at, member, event);
        }
        let life = self.processes[member].life;
        match event {
            Event::Fault(fault) => self.fault(member, fault),
            Event::Wake(of) if of == life => self.act(member),
            Event::Arrive(of, request, step) => self.arrive(member, of, request, &step),
            Event::Answer(of, request, answer) if of == life => self.answer(member, request, answer),
            Event::Prompt(of, interval) if of == life => self.prompt(member, interval),
            Event::Write {
                life: of,
                node,
                interval,
                stint,
            } if of == life => {
                self.write(member, node, interval, stint);
            }
            // Of a process that is no more.
            Event::Wake(_) | Event::Answer(..) | Event::Prompt(..) | Event::Write { .. } => {}
        }
    }

    fn fault(&mut self, member: usize, fault: Fault) {
        let now = self.now;
        let process = &mut self.processes[member];
        match fault {
            Fault::Kill => {
                process.machine = None;
                process.life += 1;
                process.has.clear();
                process.shared_by.clear();
            }
            Fault::Leave => {
                process.has.clear();
                if let Some(machine) = &mut process.machine {
                    process.is_leaving = true;
                    machine.leave();
                    let life = process.life;
                    // What was asked is not waited for.
                    self.schedule(now, member, Event::Wake(life));
                }
            }
            Fault::Pause(long) => process.paused_until = now + long,
            Fault::CutOff(long) => process.cut_off_until = now + long,
            Fault::CutAnswers(long) => process.cut_answers_until = now + long,
            Fault::Start => {
                process.paused_until = now;
                process.cut_off_until = now;
                process.cut_answers_until = now;
                // Who is leaving is not waited for.
                if process.machine.is_none() || process.is_leaving {
                    self.start(member);
                }
            }
        }
    }

    fn start(&mut self, member: usize) {
        let seed = self.random.next();
        let process = &mut self.processes[member];
        process.life += 1;
        process.is_leaving = false;
        process.has.clear();
        process.shared_by.clear();
        process.started = self.now;
        process.request += 1;
        let (life, mut made) = (process.life, 0);
        let new_id = move || {
            made += 1;
            format!("lease-{seed:x}-{made}")
        };
        let times = Times::new(Duration::from_micros(LEASE));
        let zero = Moment::new(Duration::ZERO);
        process.machine = Some(Member::new(format!("m-{member}"), times, zero, Box::new(new_id)));
        self.schedule(self.now, member, Event::Wake(life));
        let interval = self.wall(member) / INTERVAL + 1;
        let at = self.real(member, interval);
        self.schedule(at, member, Event::Prompt(life, interval));
    }

    /// The member's own clock.
    fn clock(&self, member: usize) -> Moment {
        let process = &self.processes[member];
        let micros = (self.now - process.started) * process.speed / 1000;
        Moment::new(Duration::from_micros(micros))
    }

    /// What its clock on the wall says.
    fn wall(&self, member: usize) -> u64 {
        BEGINNING + self.now + self.processes[member].skew - self.plan.skew
    }

    /// When an interval begins for it.
    fn real(&self, member: usize, interval: u64) -> u64 {
        (interval * INTERVAL + self.plan.skew).saturating_sub(BEGINNING + self.processes[member].skew)
    }

    fn act(&mut self, member: usize) {
        self.share_out(member);
        let now = self.clock(member);
        let process = &mut self.processes[member];
        let (life, speed, started) = (process.life, process.speed, process.started);
        let Some(machine) = &mut process.machine else {
            return;
        };
        match machine.step(now) {
            Step::Wait(until) => {
                let micros = u64::try_from(until.elapsed().as_micros()).expect("soon");
                let at = started + micros * 1000 / speed + 1;
                self.schedule(at, member, Event::Wake(life));
            }
            Step::Done => {
                process.machine = None;
                process.life += 1;
            }
            step => {
                if matches!(step, Step::Create(_)) {
                    self.ids += 1;
                }
                process.request += 1;
                let request = process.request;
                let is_cut_off = self.now < process.cut_off_until;
                let arrives = self.now + self.delay();
                if !is_cut_off {
                    self.schedule(arrives, member, Event::Arrive(life, request, step));
                }
                let late = self.now + TIMEOUT;
                self.schedule(late, member, Event::Answer(life, request, Answer::Failed));
            }
        }
    }

    fn delay(&mut self) -> u64 {
        if self.now < self.plan.slow_until && self.random.below(self.plan.slow) == 0 {
            return self.random.below(20 * SECOND);
        }
        self.random.below(SECOND / 20)
    }

    fn arrive(&mut self, member: usize, life: u64, request: u64, step: &Step) {
        let answer = self.api.serve(step);
        let back = self.now + self.delay();
        if self.now >= self.processes[member].cut_answers_until {
            self.schedule(back, member, Event::Answer(life, request, answer));
        }
    }

    fn answer(&mut self, member: usize, request: u64, answer: Answer) {
        let now = self.clock(member);
        let process = &mut self.processes[member];
        if request != process.request {
            return;
        }
        process.request += 1;
        let Some(machine) = &mut process.machine else {
            return;
        };
        machine.answered(now, answer);
        self.act(member);
    }

    /// What is its own from now on, and what not any more.
    fn share_out(&mut self, member: usize) {
        let now = self.clock(member);
        let process = &mut self.processes[member];
        let Some(machine) = &process.machine else { return };
        let members = machine.members(now);
        if std::mem::replace(&mut process.shared_by, members) == machine.members(now) {
            return;
        }
        for number in 0..NODES {
            if !machine.owns(&node(number), now) {
                process.has.remove(&number);
            } else if !process.has.contains_key(&number) {
                process.stints += 1;
                process.has.insert(number, (now, process.stints));
            }
        }
    }

    fn prompt(&mut self, member: usize, interval: u64) {
        let guard = Times::new(Duration::from_micros(LEASE)).guard();
        let now = self.clock(member);
        let into = Duration::from_micros(self.wall(member).saturating_sub(interval * INTERVAL));
        let process = &self.processes[member];
        let life = process.life;
        let due: Vec<_> = process
            .has
            .iter()
            .filter(|(_, (given, _))| permit::is_its_own(now.since(*given), into, guard))
            .map(|(node, (_, stint))| (*node, *stint))
            .collect();
        for (node, stint) in due {
            let phase = INTERVAL / 2 * node as u64 / NODES as u64;
            let at = self.now + phase + self.random.below(SECOND);
            self.schedule(
                at,
                member,
                Event::Write {
                    life,
                    node,
                    interval,
                    stint,
                },
            );
        }
        let at = self.real(member, interval + 1);
        self.schedule(at, member, Event::Prompt(life, interval + 1));
    }

    fn write(&mut self, member: usize, number: usize, interval: u64, stint: u64) {
        let owns = |world: &Self, member: usize| {
            let machine = world.processes[member].machine.as_ref();
            machine.is_some_and(|machine| machine.owns(&node(number), world.clock(member)))
        };
        let is_same = self.processes[member]
            .has
            .get(&number)
            .is_some_and(|(_, now)| *now == stint);
        if !is_same || !owns(self, member) {
            return;
        }
        for other in (0..self.processes.len()).filter(|&other| other != member) {
            assert!(
                !owns(self, other),
                "{member} and {other} own node {number} at {}",
                self.now
            );
        }
        let before = self.written.insert((number, interval), (member, self.now));
        assert!(
            before.is_none(),
            "{member} writes node {number} in {interval}, and {before:?} did"
        );
    }

    /// Of each interval that is whole within these times, and a second beyond for clocks.
    pub fn assert_all_are_written(&self, from: u64, to: u64) {
        let first = (BEGINNING + from + SECOND).div_ceil(INTERVAL);
        let last = (BEGINNING + to - SECOND) / INTERVAL - 1;
        assert!(first <= last);
        for interval in first..=last {
            for node in 0..NODES {
                assert!(
                    self.written.contains_key(&(node, interval)),
                    "node {node} has no writer from {} s on",
                    (interval * INTERVAL - BEGINNING) / SECOND
                );
            }
        }
    }

    /// Who wrote each node last.
    pub fn writers(&self) -> Vec<usize> {
        let last = |node| {
            let writes = self.written.range((node, 0)..=(node, u64::MAX));
            writes.last().expect("written").1.0
        };
        (0..NODES).map(last).collect()
    }

    /// How long after `at` the first tick begins that is written again, for the node that waits longest.
    pub fn longest_without_writer(&self, at: u64) -> u64 {
        let first = |node| {
            let writes = self.written.range((node, 0)..=(node, u64::MAX));
            let begins = writes.map(|((_, interval), _)| interval * INTERVAL - BEGINNING);
            let mut behind = begins.filter(|&begins| begins >= at);
            behind.next().expect("written again") - at
        };
        (0..NODES).map(first).max().expect("nodes")
    }
}
