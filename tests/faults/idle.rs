//! A connection that is kept, and whose peer does not keep quiet.

use std::time::Duration;

use super::support::plugin::{PATIENCE, Plugin, command};
use super::{Harm, http1, http2, process};

/// Hundredths of a second over all the stretches that are waited for: a part of what one of these peers used to cost.
const AT_REST: u64 = 10;

/// How many stretches are waited for.
const STRETCHES: u64 = 3;

fn assert_at_rest(harms: Vec<Harm>) {
    let peers: Vec<_> = harms.into_iter().map(Harm::start).collect();
    let config: String = peers.iter().map(|(peer, ..)| peer.block()).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &config));
    for (_, gauge, _) in &peers {
        gauge.set_open(false);
    }
    plugin.tick();
    for _ in &peers {
        let batch = plugin.batch();
        assert!(batch.last().unwrap().contains(",result=success,"), "{batch:#?}");
    }
    // Everything was answered, and every connection is kept.
    for (_, gauge, _) in &peers {
        gauge.set_open(true);
    }
    let still = |stretches: u64| {
        for (_, gauge, expected) in &peers {
            let before = gauge.stuck();
            assert!(
                gauge.wait_stuck(before + stretches - 1, PATIENCE),
                "{}: all that is sent is read, although nothing was asked",
                expected.name
            );
        }
    };
    // Whatever fits into the buffers on the way is there when all of them are stuck.
    still(2);
    let before = process::processor(plugin.pid());
    still(STRETCHES);
    let spent = process::processor(plugin.pid()) - before;
    assert!(
        spent <= AT_REST,
        "{spent} hundredths of a second of processor time, with nothing to do"
    );
    // And it is over at the next tick: what was kept is not used again.
    plugin.tick();
    for _ in &peers {
        let batch = plugin.batch();
        assert!(batch.last().unwrap().contains(",result=success,"), "{batch:#?}");
    }
    for (peer, _, expected) in &peers {
        assert_eq!(peer.connections(), 2, "{}", expected.name);
    }
    plugin.close_stdin();
    assert_eq!(plugin.wait(Duration::from_secs(10)).status.code(), Some(0));
}

#[test]
fn over_http1() {
    assert_at_rest(http1::unasked());
}

#[test]
fn over_http2() {
    assert_at_rest(http2::unasked());
}
