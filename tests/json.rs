//! Our reader takes exactly what `serde_json` takes for JSON, and survives everything else.

mod support;

use proptest::prelude::*;
use serde::de::IgnoredAny;
use support::generate::{Shape, summary};
use telegraf_kubelet::lines::{Batch, Rendered, Renderer, Settings, Unusable};
use telegraf_kubelet::summary::NotASummary;

fn render(body: &[u8]) -> Result<Vec<u8>, Unusable> {
    render_and_count(body).map(|(lines, _)| lines)
}

fn render_and_count(body: &[u8]) -> Result<(Vec<u8>, Rendered), Unusable> {
    let mut batch = Batch::default();
    let outcome = Renderer::new(&Settings::default()).render(body, 1, &mut batch);
    assert!(
        outcome.is_ok() || batch.is_empty(),
        "lines of a body that is no summary"
    );
    outcome.map(|rendered| (batch.runs().flatten().copied().collect(), rendered))
}

/// Compares with `serde_json`, which skips without looking at text or at the size of numbers, as we do.
fn agrees(body: &[u8]) {
    let ours = render(body);
    let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let taken = !matches!(
        ours,
        Err(Unusable::NotASummary(
            NotASummary::Malformed(_) | NotASummary::Empty
        ))
    );
    assert_eq!(taken, is_json, "{ours:?} of {:?}", String::from_utf8_lossy(body));
}

#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Drop(prop::sample::Index),
    Put(prop::sample::Index, u8),
    Twice(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"{}[]\",:\\0123456789-+.eEtfn \n\x00\xff".to_vec())
    ];
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Damage::Cut),
        any::<prop::sample::Index>().prop_map(Damage::Drop),
        (any::<prop::sample::Index>(), byte).prop_map(|(at, byte)| Damage::Put(at, byte)),
        (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(a, b)| Damage::Twice(a, b)),
    ]
}

fn apply(body: &mut Vec<u8>, damage: &Damage) {
    if body.is_empty() {
        return;
    }
    match damage {
        Damage::Cut(at) => body.truncate(at.index(body.len())),
        Damage::Drop(at) => drop(body.remove(at.index(body.len()))),
        Damage::Put(at, byte) => {
            let at = at.index(body.len());
            body[at] = *byte;
        }
        Damage::Twice(a, b) => {
            let (a, b) = (a.index(body.len()), b.index(body.len()));
            let part = body[a.min(b)..a.max(b)].to_vec();
            body.splice(b..b, part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_summary(json in summary(Shape::Hostile), damages in prop::collection::vec(damage(), 1..4), pretty in any::<bool>()) {
        let mut body = if pretty { serde_json::to_vec_pretty(&json) } else { serde_json::to_vec(&json) }.unwrap();
        for damage in &damages {
            apply(&mut body, damage);
        }
        agrees(&body);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        agrees(&bytes);
    }

    #[test]
    fn almost_json(text in "[\\[\\]{}\",:\\\\ue0-9.+tfn \\-]{0,40}") {
        agrees(text.as_bytes());
    }

    /// Keys, lists and white space may come in any order: the lines are the same to the byte, and what is counted is as well.
    #[test]
    fn the_same_summary_in_another_order(json in summary(Shape::Hostile), seed in any::<u64>()) {
        let (lines, mut counted) = render_and_count(&serde_json::to_vec_pretty(&json).unwrap()).unwrap();
        let mut other = String::new();
        shuffled(&json, &mut Random(seed), &mut other);
        let (same, same_counted) = render_and_count(other.as_bytes()).unwrap();
        prop_assert_eq!(String::from_utf8(same), String::from_utf8(lines));
        counted.rejected.first_at = same_counted.rejected.first_at;
        prop_assert_eq!(counted, same_counted);
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }

    fn space(&mut self) -> &'static str {
        ["", " ", "\n  ", "\r\n\t", "\n               "][self.below(5)]
    }
}

/// Prints JSON with the members of objects and the elements of lists in random order, and random white space.
fn shuffled(json: &serde_json::Value, random: &mut Random, out: &mut String) {
    out.push_str(random.space());
    match json {
        serde_json::Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            random.shuffle(&mut members);
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                out.push_str(random.space());
                out.push_str(&serde_json::to_string(key).unwrap());
                out.push_str(random.space());
                out.push(':');
                shuffled(value, random, out);
            }
            out.push('}');
        }
        serde_json::Value::Array(list) => {
            let mut list: Vec<_> = list.iter().collect();
            random.shuffle(&mut list);
            out.push('[');
            for (at, value) in list.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                shuffled(value, random, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
    out.push_str(random.space());
}

#[test]
fn every_cut_of_a_body_is_refused_whole() {
    let body = br#" {"node": {"nodeName": "n", "cpu": {"usageNanoCores": 12}}, "pods": []} "#;
    assert!(render(body).is_ok());
    for end in 0..body.len() - 1 {
        assert!(
            render(&body[..end]).is_err(),
            "{}",
            String::from_utf8_lossy(&body[..end])
        );
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = [b"{\"node\": ".as_slice(), &b"[".repeat(1_000_000)].concat();
    assert!(matches!(
        render(&deep),
        Err(Unusable::NotASummary(NotASummary::Malformed(_)))
    ));
}

#[test]
fn of_a_key_given_twice_the_last_counts() {
    let body = br#"{"pods": [{"podRef": {"name": "old"}, "cpu": {"usageNanoCores": 1}}],
        "node": {"nodeName": "old", "cpu": {"usageNanoCores": 2, "usageCoreNanoSeconds": 3}},
        "pods": [{"podRef": {"name": "p"}, "cpu": {"usageNanoCores": 4, "usageNanoCores": 5}}],
        "node": {"nodeName": "n", "cpu": {"usageNanoCores": 6}}}"#;
    let lines = String::from_utf8(render(body).unwrap()).unwrap();
    assert_eq!(
        lines,
        "kubernetes_node,node_name=n cpu_usage_nanocores=6i 1\n\
         kubernetes_pod,node_name=n,pod_name=p cpu_usage_nanocores=5i 1\n"
    );
}

#[test]
fn a_number_no_float_can_hold_costs_only_itself() {
    let body = br#"{"node": {"nodeName": "n", "cpu": {"usageNanoCores": 1e999, "usageCoreNanoSeconds": 7,
        "psi": {"some": {"avg10": 1e999, "avg60": 0.5}}}}}"#;
    let lines = String::from_utf8(render(body).unwrap()).unwrap();
    assert_eq!(
        lines,
        "kubernetes_node,node_name=n cpu_usage_core_nanoseconds=7i,cpu_psi_some_avg60=0.5 1\n"
    );
}

#[test]
fn text_that_is_no_unicode_costs_nothing() {
    let body = b"{\"node\": {\"nodeName\": \"a\xff\\ud800b\\ud83e\\udd80\\u003c\", \"cpu\": {\"usageNanoCores\": 1}}}";
    let lines = String::from_utf8(render(body).unwrap()).unwrap();
    assert_eq!(
        lines,
        "kubernetes_node,node_name=a\u{fffd}\u{fffd}b\u{1f980}< cpu_usage_nanocores=1i 1\n"
    );
}
