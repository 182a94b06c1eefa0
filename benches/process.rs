//! What the whole process costs at each tick, TLS and all, beside one pass of `serde_json` that skips the same body.
//!
//! `cargo bench --bench process`, or with a number of pods behind `--`; `PLUGIN` may name another binary, a static one
//! say. The real binary, run as Telegraf runs it, against the test kubelet on loopback. Ratios from one run; memory as the system counts it. Nothing here is a test.

#[path = "support/plugin.rs"]
mod plugin;
#[path = "support/skipping.rs"]
mod skipping;
mod support;

use plugin::Plugin;
use skipping::skipping;
use support::{as_ratio, processor, resident};
use test_kubelet::{Options, TestKubelet};

const WARM_UP: u32 = 20;
const TICKS: u32 = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pods = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(110);
    for options in Options::over_both() {
        println!("{pods} pods, HTTP/{}:", if options.http2 { "2" } else { "1.1" });
        let kubelet = TestKubelet::start(Options { pods, ..options });
        measure(&kubelet)?;
    }
    Ok(())
}

fn measure(kubelet: &TestKubelet) -> Result<(), Box<dyn std::error::Error>> {
    let mut plugin = Plugin::start(kubelet, "")?;
    for _ in 0..WARM_UP {
        plugin.tick()?;
    }
    let pid = plugin.id();
    let warm = resident(pid)?;
    let before = processor(pid)?;
    for _ in 0..TICKS {
        plugin.tick()?;
    }
    let each = (processor(pid)? - before) / u64::from(TICKS);
    let body = kubelet.last_body().ok_or("no answer")?;
    let skip = skipping(&body);
    println!(
        "  {:>6.2} x  one skipping pass of serde_json over the {} bytes",
        1.0,
        body.len()
    );
    println!(
        "  {:>6.2} x  a tick of the process, user and system",
        as_ratio(each, skip)
    );
    println!(
        "  resident {warm} kB after {WARM_UP} ticks, {} kB after {}",
        resident(pid)?,
        WARM_UP + TICKS
    );
    plugin.stop()?;
    Ok(())
}
