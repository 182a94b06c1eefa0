//! What one busy moment took goes back to the system, and what each tick needs stays.
//!
//! One test alone, for it looks at what its whole process has. The clock is the test's.

use std::fs;
use std::time::Duration;

use telegraf_kubelet::pool::Pool;

const MIB: usize = 1024 * 1024;

/// What an answer has as a rule.
const USUAL: usize = MIB / 2;

/// Resident, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
}

/// Pages touched for the first time since the system gave them.
fn faults() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let (_, behind) = stat.rsplit_once(')').unwrap();
    behind.split_whitespace().nth(7).unwrap().parse().unwrap()
}

/// A tick in which so many kubelets are asked, and so many answers, each with so many bytes, are there at once.
async fn tick(pool: &Pool, kubelets: usize, at_once: usize, bytes: usize) {
    let mut taken = Vec::new();
    for kubelet in 0..kubelets {
        pool.is_calm().await;
        if kubelet < at_once {
            let mut room = pool.room().await;
            room.body.resize(bytes, b' ');
            taken.push(room);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_busy_moment_took_goes_back() {
    const KUBELETS: usize = 20;
    let pool = Pool::new(64);
    let ticks = async |count: usize, apart: u64, at_once: usize, bytes: usize| {
        for _ in 0..count {
            tick(&pool, KUBELETS, at_once, bytes).await;
            tokio::time::advance(Duration::from_secs(apart)).await;
        }
    };
    ticks(20, 10, 1, USUAL).await;
    let before = resident();
    for answers_afterwards in [1, 0, 1] {
        tick(&pool, KUBELETS, KUBELETS, 4 * MIB).await;
        let busy = resident();
        assert!(busy > before + 60 * MIB, "{before} before, {busy}");
        ticks(20, 10, answers_afterwards, USUAL).await;
        let after = resident();
        assert!(after < before + 2 * MIB, "{before} before, {after} after");
    }
    // Nothing of what is needed at each tick, however far apart they are.
    for apart in [10, 59, 300] {
        ticks(4, apart, KUBELETS, USUAL).await;
        let before = faults();
        ticks(10, apart, KUBELETS, USUAL).await;
        let pages = faults() - before;
        assert!(pages < 100, "{pages} pages, {apart} s apart");
    }
}
