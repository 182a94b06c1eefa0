//! Members that share nodes, on bad days: a simulation without a clock, a network or a thread of its own.
//!
//! Each schedule follows from its seed alone, which a failure names: `SEED=17 cargo test --test shares` runs that one.

mod api;
mod random;
mod refused;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use random::Random;
use world::{Fault, Fault::*, INTERVAL, LEASE, Plan, SECOND, World};

/// How many schedules there are of bad days.
const SCHEDULES: u64 = 10_000;

/// Runs `schedule` for each seed below `count`, on all processors; with `SEED` set for that one.
fn for_each_seed(count: u64, schedule: impl Fn(u64) + Sync) {
    if let Ok(seed) = std::env::var("SEED") {
        return schedule(seed.parse().expect("SEED is a number"));
    }
    let next = AtomicU64::new(0);
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= count {
                break;
            }
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| schedule(seed)));
            if let Err(panic) = outcome {
                eprintln!("SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            worker.join().expect("a good schedule");
        }
    });
}

/// Whatever happens: a node and interval has one writer at most. And when it is over, each has one again.
#[test]
fn no_node_is_ever_written_twice() {
    let writes = AtomicU64::new(0);
    let lives = AtomicU64::new(0);
    for_each_seed(SCHEDULES, |seed| {
        let mut random = Random::new(seed);
        let members = random.below(5) + 1;
        let end = 120 * SECOND;
        let well = end + 45 * SECOND;
        let mut world = World::new(random.fork(), Plan::rough(members, well));
        let mut at = 0;
        while at < end {
            at += random.below(20 * SECOND);
            let member = usize::try_from(random.below(members)).expect("few");
            let for_so_long = random.below(40 * SECOND) + SECOND / 10;
            let fault = match random.below(7) {
                0 => Kill,
                1 => Leave,
                2 | 3 => Pause(for_so_long),
                4 => CutOff(for_so_long),
                5 => CutAnswers(for_so_long),
                _ => Start,
            };
            world.plan(at, member, fault);
        }
        // All is well from here on.
        for member in 0..usize::try_from(members).expect("few") {
            world.plan(well, member, Start);
        }
        let settled = well + 2 * LEASE + 3 * INTERVAL;
        world.run_until(settled + 4 * INTERVAL);
        world.assert_all_are_written(settled, settled + 3 * INTERVAL);
        writes.fetch_add(world.writes(), Ordering::Relaxed);
        lives.fetch_add(world.lives(), Ordering::Relaxed);
    });
    // Not for want of anything happening.
    if std::env::var("SEED").is_err() {
        assert!(writes.into_inner() > SCHEDULES * 50, "they write");
        assert!(lives.into_inner() > SCHEDULES * 4, "they come and go");
    }
}

/// One thing happens to one of three, on a good network: how long is a node without a writer?
fn worst_gap(seed: u64, fault: Fault) -> u64 {
    let mut random = Random::new(seed);
    let mut world = World::new(random.fork(), Plan::fair(3));
    let at = 60 * SECOND + random.below(10 * SECOND);
    world.plan(at, 1, fault);
    world.run_until(at + 90 * SECOND);
    world.assert_all_are_written(20 * SECOND, 60 * SECOND);
    world.assert_all_are_written(at + 40 * SECOND, at + 80 * SECOND);
    world.longest_without_writer(at)
}

#[test]
fn killed_cut_off_or_paused_its_nodes_are_taken_over_in_time() {
    for_each_seed(600, |seed| {
        let fault = [
            Kill,
            CutOff(200 * SECOND),
            CutAnswers(200 * SECOND),
            Pause(200 * SECOND),
        ][usize::try_from(seed % 4).expect("few")];
        let gap = worst_gap(seed, fault);
        assert!(gap <= LEASE + INTERVAL, "{fault:?}: {gap} µs");
    });
}

#[test]
fn stopped_its_nodes_are_taken_over_at_the_next_tick() {
    for_each_seed(300, |seed| {
        // Seen at the next look, and scraped at the next tick.
        let gap = worst_gap(seed, Leave);
        assert!(gap <= LEASE / 6 + LEASE / 15 + INTERVAL + SECOND / 2, "{gap} µs");
    });
}

#[test]
fn paused_for_a_moment_it_goes_on() {
    for_each_seed(300, |seed| {
        let mut random = Random::new(seed);
        let mut world = World::new(random.fork(), Plan::fair(3));
        world.plan(60 * SECOND + random.below(10 * SECOND), 1, Pause(5 * SECOND));
        world.run_until(120 * SECOND);
        assert_eq!(world.lives(), 3, "nobody had to begin anew");
        world.assert_all_are_written(80 * SECOND, 110 * SECOND);
    });
}

#[test]
fn one_that_comes_takes_its_share_alone() {
    for_each_seed(300, |seed| {
        let mut random = Random::new(seed);
        let mut world = World::new(random.fork(), Plan::fair(4));
        // It is there from the start in each world, and goes.
        world.plan(SECOND / 100, 3, Kill);
        world.run_until(60 * SECOND);
        let before = world.writers();
        assert!(before.iter().all(|writer| *writer != 3));
        let at = 60 * SECOND + random.below(10 * SECOND);
        world.plan(at, 3, Start);
        world.run_until(at + 40 * SECOND);
        let after = world.writers();
        assert!(after.contains(&3));
        for (before, after) in before.iter().zip(&after) {
            assert!(before == after || *after == 3, "{before} {after}");
        }
        let gap = world.longest_without_writer(at);
        assert!(gap <= LEASE + INTERVAL, "{gap} µs");
    });
}
