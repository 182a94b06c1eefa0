//! Any bytes as the answer of a kubelet: no panic, no endless work, and every line that comes out parses.
//!
//! `cargo +nightly fuzz run answer`; on a stable compiler `RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none answer`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use telegraf_kubelet::config::Lines;
use telegraf_kubelet::lines::{Batch, Renderer};

fuzz_target!(|body: &[u8]| {
    let mut batch = Batch::default();
    let mut renderer = Renderer::new(&Lines::default());
    let outcome = renderer.render(body, 1_764_000_000_000_000_000, &mut batch);
    let lines: Vec<u8> = batch.runs().flatten().copied().collect();
    let lines = String::from_utf8(lines).expect("line protocol is text");
    let parsed = influxdb_line_protocol::parse_lines(&lines).map(|line| line.expect("every line parses"));
    assert_eq!(parsed.count() as u64, outcome.map_or(0, |rendered| rendered.lines));
});
