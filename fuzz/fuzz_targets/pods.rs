//! Any bytes as an answer to `/pods`, and any others as the next one: no panic, no endless work, the summary's lines are all
//! there, each parses, no line has a tag twice, no series a time, and what was known before changes nothing.
//!
//! The answers stand one after the other with a zero between them. `cargo +nightly fuzz run pods`; on a stable compiler
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none pods`.

#![no_main]

mod checked;

use std::sync::Arc;

use checked::check;
use libfuzzer_sys::fuzz_target;
use telegraf_kubelet::lines::metadata::{self, Gatherer, Group, Known};
use telegraf_kubelet::lines::{Batch, Filter, OfNode, Renderer, Settings, Timestamp};

const ARRIVED: i64 = 1_764_000_000_000_000_000;

/// Of two pods, one of them with everything that has tags of its own.
const SUMMARY: &[u8] = br#"{"node":{"nodeName":"n","cpu":{"usageNanoCores":1}},"pods":[
{"podRef":{"name":"a","namespace":"x","uid":"1"},"cpu":{"usageNanoCores":1},"containers":[{"name":"c",
"cpu":{"usageNanoCores":1},"memory":{"usageBytes":1,"workingSetBytes":1},"rootfs":{"usedBytes":1},"logs":{"usedBytes":1},
"accelerators":[{"make":"m","model":"o","id":"i","memoryUsed":1}],
"userDefinedMetrics":[{"name":"u","type":"gauge","units":"s","labels":{"app":"l","b":"l"},"value":1}]}],
"network":{"rxBytes":1,"interfaces":[{"name":"e","rxBytes":1}]},"volume":[{"name":"v","pvcRef":{"name":"p"},"usedBytes":1}]},
{"podRef":{"name":"b","namespace":"x","uid":"2"},"cpu":{"usageNanoCores":1}}]}"#;

/// How many lines it makes by itself.
const LINES: u64 = 9;

fuzz_target!(|bytes: &[u8]| {
    let mut answers = bytes.split(|&byte| byte == 0);
    let (first, second) = (
        answers.next().unwrap_or_default(),
        answers.next().unwrap_or_default(),
    );
    for timestamp in [Timestamp::Gather, Timestamp::Sample] {
        let settings = Settings {
            timestamp,
            metadata: metadata::Settings {
                labels: Some(Filter::default()),
                annotations: Some(Filter::default()),
                groups: Group::ALL.iter().copied().collect(),
                own_network_only: false,
            },
            ..Settings::default()
        };
        let gatherer = Gatherer::new(&settings);
        let nothing = Known::default();
        let Ok(before) = gatherer.read(first, &nothing) else {
            continue;
        };
        let before = Arc::new(before);
        for answer in [first, second] {
            let (warm, cold) = (gatherer.read(answer, &before), gatherer.read(answer, &nothing));
            let (Ok(warm), Ok(cold)) = (&warm, &cold) else {
                assert_eq!(warm.as_ref().err(), cold.as_ref().err());
                continue;
            };
            assert_eq!((warm.listed(), warm.left_out()), (cold.listed(), cold.left_out()));
            let [warm, cold] = [warm, cold].map(|known| lines(&settings, &[known.clone()]));
            assert_eq!(warm, cold);
        }
        if let Ok(after) = gatherer.read(second, &before) {
            lines(&settings, &[Known::clone(&before), after.clone(), after]);
        }
    }
});

/// The lines of a tick behind each of these answers.
fn lines(settings: &Settings, answers: &[Known]) -> Vec<String> {
    let (mut renderer, mut node, mut batch) = (Renderer::new(settings), OfNode::default(), Batch::default());
    let mut arrived = ARRIVED;
    let tick = |known: &Known| {
        arrived += 10_000_000_000;
        node.metadata.learn(Arc::new(known.clone()));
        let rendered = renderer
            .render_for(&mut node, SUMMARY, arrived, &mut batch)
            .expect("a summary");
        let lines: Vec<u8> = batch.runs().flatten().copied().collect();
        let lines = String::from_utf8(lines).expect("line protocol is text");
        assert_eq!(check(&lines), rendered.lines);
        assert!(rendered.lines >= LINES, "{lines}");
        lines
    };
    answers.iter().map(tick).collect()
}
