//! Any bytes as the answer of a kubelet, twice, and then what they are with the elements of all lists the other way round:
//! no panic, no endless work, every line parses, no series has a time twice, no line has a tag twice, and the order of
//! lists is nowhere to be seen, not in what is counted either.
//!
//! `cargo +nightly fuzz run answer`; on a stable compiler `RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none answer`.

#![no_main]

mod checked;

use checked::check;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use telegraf_kubelet::lines::{Batch, Rendered, Renderer, Settings, Timestamp};

const ARRIVED: i64 = 1_764_000_000_000_000_000;

fuzz_target!(|body: &[u8]| {
    let reversed = serde_json::from_slice::<Value>(body).ok().map(|mut value| {
        // Of a key that is given twice, `Value` has the last: the same on both sides.
        let straight = value.to_string();
        reverse(&mut value);
        (straight, value.to_string())
    });
    for timestamp in [Timestamp::Gather, Timestamp::Sample] {
        for pod_uid in [false, true] {
            let settings = Settings {
                timestamp,
                pod_uid,
                ..Settings::default()
            };
            lines(&settings, body);
            if let Some((straight, reversed)) = &reversed {
                assert_eq!(lines(&settings, straight.as_bytes()), lines(&settings, reversed.as_bytes()));
            }
        }
    }
});

/// The lines of two ticks with the same answer, and what was counted.
fn lines(settings: &Settings, body: &[u8]) -> [(String, Rendered); 2] {
    let mut batch = Batch::default();
    let mut renderer = Renderer::new(settings);
    [0, 10_000_000_000].map(|later| {
        let outcome = renderer.render(body, ARRIVED + later, &mut batch);
        let lines: Vec<u8> = batch.runs().flatten().copied().collect();
        let lines = String::from_utf8(lines).expect("line protocol is text");
        let mut counted = outcome.unwrap_or_default();
        assert_eq!(check(&lines), counted.lines);
        counted.rejected.first_at = None;
        (lines, counted)
    })
}

fn reverse(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.reverse();
            list.iter_mut().for_each(reverse);
        }
        Value::Object(object) => object.values_mut().for_each(reverse),
        _ => {}
    }
}
