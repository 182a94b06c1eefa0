//! What a tick costs beside the least that any collector must do: one pass over the JSON that skips everything, and
//! one copy of the output.
//!
//! `cargo bench --bench tick`, or `cargo bench --bench tick -- 1000` for another number of pods. Absolute times are
//! noise on most machines; what counts is each row's ratio to the first, from one run. Nothing here is a test.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use telegraf_kubelet::lines::metadata::{Gatherer, Group, Known};
use telegraf_kubelet::lines::{Batch, Filter, OfNode, Renderer, Settings, Timestamp, metadata};
use test_kubelet::{generate, pod_list};

/// The timestamp of the generated answers, about.
const ARRIVED: i64 = 1_764_000_000_000_000_000;

/// The best of several rounds: what the work takes when nothing else is in its way.
fn best(rounds: u32, mut work: impl FnMut()) -> Duration {
    let mut time = || {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..rounds).map(|_| time()).min().unwrap_or_default()
}

fn main() {
    let pods = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(110);
    let body = generate::summary(
        &generate::GeneratorOptions {
            pods,
            ..Default::default()
        },
        0,
    );
    let rounds = 300;

    let mut batch = Batch::default();
    let mut renderer = Renderer::new(&Settings::default());
    let made = renderer
        .render(&body, ARRIVED, &mut batch)
        .expect("the generator makes summaries");
    println!(
        "{pods} pods: {} bytes of JSON, {} lines of {} bytes",
        body.len(),
        made.lines,
        batch.len()
    );

    let skip = best(rounds, || {
        black_box(serde_json::from_slice::<IgnoredAny>(black_box(&body)).is_ok());
    });
    let mut copy = Vec::with_capacity(batch.len());
    let copying = best(rounds, || {
        copy.clear();
        batch.runs().for_each(|run| copy.extend_from_slice(run));
        black_box(&copy);
    });
    let value = best(rounds / 10, || {
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(&body)).is_ok());
    });
    let gather = best(rounds, || {
        black_box(renderer.render(black_box(&body), ARRIVED, &mut batch).is_ok());
    });
    let mut sampling = Renderer::new(&Settings {
        timestamp: Timestamp::Sample,
        ..Settings::default()
    });
    let sample = best(rounds, || {
        black_box(sampling.render(black_box(&body), ARRIVED, &mut batch).is_ok());
    });

    let pods_body = pod_list(&body, 0);
    let with_metadata = Settings {
        metadata: metadata::Settings {
            labels: Some(Filter::default()),
            annotations: None,
            groups: Group::ALL.iter().copied().collect(),
            own_network_only: true,
        },
        ..Settings::default()
    };
    let gatherer = Gatherer::new(&with_metadata);
    let (nothing, again) = (Known::default(), pod_list(&body, 1));
    let known = gatherer
        .read(&pods_body, &nothing)
        .expect("the generator makes lists of pods");
    let learning = best(rounds, || {
        black_box(gatherer.read(black_box(&pods_body), &nothing).is_ok());
    });
    let learning_again = best(rounds, || {
        black_box(gatherer.read(black_box(&again), &known).is_ok());
    });
    let mut node = OfNode::default();
    node.metadata.learn(Arc::new(known));
    let mut joining = Renderer::new(&with_metadata);
    let joined = best(rounds, || {
        let made = joining.render_for(&mut node, black_box(&body), ARRIVED, &mut batch);
        black_box(made.is_ok());
    });

    let least = skip + copying;
    for (what, time) in [
        ("serde_json skipping everything, and copying the output", least),
        ("serde_json into a Value", value),
        ("the body to lines", gather),
        ("the body to lines, times of the samples, nothing new", sample),
        ("the body to lines, with all metadata", joined),
        ("/pods, all of it new", learning),
        ("/pods, written as before", learning_again),
    ] {
        println!("{:>6.2} x  {what}", time.as_secs_f64() / least.as_secs_f64());
    }
}
