//! Any summary with any list of pods: what comes out is what must, in any order, and whatever was there before.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;
use telegraf_kubelet::lines::metadata::{self, Group, Known};

use super::generate::{Picks, pods, shuffled, with_labels};
use super::oracle::{Lines, expected, found};
use super::support::generate::{Shape, summary};
use super::support::lines::{Number, parse};
use super::{Node, all, list, with};

/// Some of what can be asked for; all of it now and then.
fn settings(picks: &mut Picks) -> metadata::Settings {
    let mut settings = all();
    if picks.one_in(3) {
        settings.own_network_only = true;
        return settings;
    }
    settings.own_network_only = picks.one_in(3);
    settings.groups = Group::ALL.iter().copied().filter(|_| picks.one_in(2)).collect();
    settings.labels = settings.labels.filter(|_| picks.one_in(2));
    settings.annotations = settings.annotations.filter(|_| picks.one_in(2));
    settings
}

/// Both are the same, told line by line, with what is said of its pod.
fn assert_same(expected: &Lines, found: &Lines, pods: &[(&Value, bool)]) {
    let lines: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    for line in lines {
        let (want, got) = (expected.get(line), found.get(line));
        if want != got {
            let is_its = |pod: &&(&Value, bool)| {
                line.1.get("pod_name").map(String::as_str) == pod.0["metadata"]["name"].as_str()
            };
            let of: Vec<_> = pods
                .iter()
                .filter(is_its)
                .map(|(pod, of_last)| format!("{of_last}: {pod}"))
                .collect();
            let all = |lines: &Lines| {
                lines
                    .keys()
                    .filter(|other| other.0 == line.0 && other.1.get("pod_name") == line.1.get("pod_name"))
                    .cloned()
                    .collect::<Vec<_>>()
            };
            panic!(
                "{line:?}\n{:#?}\n want {want:?}\n  got {got:?}\n{of:#?}",
                all(found)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, max_shrink_iters: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn is_what_the_rules_say(mut json in summary(Shape::Hostile), seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        with_labels(picks, &mut json);
        let settings = settings(picks);
        let pods = pods(picks, &json);
        let mut node = Node::new(&with(settings.clone()));
        node.learn(&list(&pods));
        let lines = found(&node.tick(&json));
        let listed: Vec<_> = pods.iter().map(|pod| (pod, true)).collect();
        assert_same(&expected(&settings, &json, &listed), &lines, &listed);
    }

    /// Restarts and ticks that fail among them: a pod that the kubelet lists no more keeps what was known of it for as long as
    /// the summary has it.
    #[test]
    fn is_what_the_rules_say_from_answer_to_answer(json in summary(Shape::Hostile), seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        let settings = settings(picks);
        let mut node = Node::new(&with(settings.clone()));
        // What is known, and whether the last answer has it; what the last good summary had.
        let (mut known, mut had) = (Vec::<(Value, bool)>::new(), Vec::<String>::new());
        for _ in 0..12 {
            match picks.below(6) {
                0..2 => {
                    let mut answer = pods(picks, &json);
                    let few = picks.below(4);
                    answer.retain(|_| few < 2 || picks.one_in(few));
                    node.learn(&list(&answer));
                    let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
                    known.retain(|(pod, _)| {
                        had.contains(&uid(pod)) && answer.iter().all(|other| uid(other) != uid(pod))
                    });
                    for (_, of_last) in &mut known {
                        *of_last = false;
                    }
                    known.extend(answer.into_iter().map(|pod| (pod, true)));
                }
                2 => {
                    let text = json.to_string();
                    let half = (1..text.len()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                    assert!(node.try_tick(&text.as_bytes()[..half]).is_err());
                }
                3 => assert!(node.try_learn(b"{\"items\": [{}, ").is_err()),
                _ => {
                    let mut part = json.clone();
                    if let Some(pods) = part["pods"].as_array_mut() {
                        pods.retain(|_| !picks.one_in(4));
                    }
                    let lines = found(&node.tick(&part));
                    let listed: Vec<_> = known.iter().map(|(pod, of_last)| (pod, *of_last)).collect();
                    assert_same(&expected(&settings, &part, &listed), &lines, &listed);
                    let listed = part["pods"].as_array().into_iter().flatten();
                    // Of one that was not known yet nobody knows that it was there.
                    let is_known = |uid: &&str| known.iter().any(|(pod, _)| pod["metadata"]["uid"] == **uid);
                    had = listed
                        .filter_map(|pod| pod["podRef"]["uid"].as_str())
                        .filter(is_known)
                        .map(str::to_owned)
                        .collect();
                }
            }
        }
    }

    #[test]
    fn has_no_order_of_its_own(json in summary(Shape::Hostile), seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        let settings = with(settings(picks));
        let pods = pods(picks, &json);
        let other = shuffled(picks, &pods);
        let [straight, mixed] = [pods, other].map(|pods| {
            let mut node = Node::new(&settings);
            node.learn(&list(&pods));
            (node.tick(&json), node.last.listed(), node.last.left_out())
        });
        let differs = straight.0.lines().zip(mixed.0.lines()).find(|(a, b)| a != b);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(straight, mixed);
    }

    /// What is taken from the answer before is what reading it anew makes of it.
    #[test]
    fn does_not_depend_on_the_answer_before(json in summary(Shape::Hostile), seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        let mut settings = with(settings(picks));
        if picks.one_in(3) {
            settings.pods = super::only(&["pod-0", "u*"]);
        }
        let mut warm = Node::new(&settings);
        let mut answer = pods(picks, &json);
        for _ in 0..6 {
            for pod in &mut answer {
                if picks.one_in(3) {
                    let names = ["namespace", "name", "uid"].map(|key| pod["metadata"][key].as_str().unwrap().to_owned());
                    *pod = super::generate::pod(picks, names.each_ref().map(String::as_str));
                }
            }
            if picks.one_in(3) {
                let more = pods(picks, &json);
                answer.retain(|_| !picks.one_in(4));
                let uids: Vec<_> = answer.iter().map(|pod| pod["metadata"]["uid"].clone()).collect();
                answer.extend(more.into_iter().filter(|pod| !uids.contains(&pod["metadata"]["uid"])));
            }
            picks.shuffle(&mut answer);
            let body = list(&answer);
            let body = if picks.one_in(3) { format!("{body:#}") } else { body.to_string() };
            warm.last = warm.gatherer.read_again(body.as_bytes(), &warm.last).unwrap();
            let cold = warm.gatherer.read(body.as_bytes(), &Known::default()).unwrap();
            prop_assert_eq!(warm.last.listed(), cold.listed());
            prop_assert_eq!(warm.last.left_out(), cold.left_out());
            let [a, b] = [warm.last.clone(), cold.into()].map(|known| {
                let mut node = Node::new(&settings);
                node.of.metadata.learn(known);
                node.tick(&json)
            });
            let differs = a.lines().zip(b.lines()).find(|(a, b)| a != b);
            prop_assert_eq!(differs, None);
            prop_assert_eq!(a, b);
        }
    }

    /// Each is finite, and beside what it is a part of.
    #[test]
    fn a_percentage_has_its_limit(json in summary(Shape::Hostile), seed in any::<u64>()) {
        let picks = &mut Picks(seed);
        let pods = pods(picks, &json);
        let fields = parse(&super::render(&with(all()), &json, &list(&pods)));
        for ((measurement, tags, field), value) in &fields {
            let Some(of) = of_what(field) else { continue };
            let is_whole = |(other, value): &(_, Number)| {
                let is_more = matches!(value, Number::Integer(number) if *number > 0);
                *other == (measurement.clone(), tags.clone(), of.to_owned()) && is_more
            };
            prop_assert!(fields.iter().any(is_whole), "{} without {}", field, of);
            let Number::Float(percent) = value else { panic!("{field}: {value:?}") };
            prop_assert!(percent.is_finite() && *percent >= 0.0, "{} is {}", field, percent);
        }
    }
}

/// What a percentage is one of.
fn of_what(field: &str) -> Option<&'static str> {
    Some(match field {
        "cpu_usage_limit_percent" => "resource_limits_millicpu_units",
        "cpu_usage_request_percent" => "resource_requests_millicpu_units",
        "memory_working_set_limit_percent" | "memory_usage_limit_percent" => "resource_limits_memory_bytes",
        "memory_working_set_request_percent" => "resource_requests_memory_bytes",
        "ephemeral_storage_used_limit_percent" => "resource_limits_ephemeral_storage_bytes",
        _ => return None,
    })
}
