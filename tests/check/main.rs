//! `telegraf-kubelet check` from outside: every wrong set-up has its own diagnosis, and a right one is all green.

mod advice;
mod harness;
mod keys;
mod nodes;
mod odd;
mod output;
mod pods;
mod rights;
#[path = "../support/mod.rs"]
mod support;
mod way;
mod who;
mod whom;
mod works;

use telegraf_kubelet::check::Diagnosis;

/// Provoked elsewhere, or not at all.
const NOT_HERE: [(&str, &str); 3] = [
    (
        "token_unused",
        "needs a pod's own token: end to end, in a namespace of its own",
    ),
    (
        "connect_failed",
        "an error of the system's that none of the tests can ask for",
    ),
    (
        "lines_broken",
        "would be a bug; that its parser refuses broken lines is shown where it is used",
    ),
];

/// Above, or where the list says so: a diagnosis without the set-up that it is for can't come in.
#[test]
fn every_diagnosis_is_met() {
    let tests = concat!(
        include_str!("keys.rs"),
        include_str!("nodes.rs"),
        include_str!("odd.rs"),
        include_str!("pods.rs"),
        include_str!("way.rs"),
        include_str!("who.rs"),
        include_str!("whom.rs"),
        include_str!("works.rs")
    );
    for diagnosis in Diagnosis::ALL {
        let elsewhere = NOT_HERE.iter().any(|(word, _)| *word == diagnosis.word());
        let mentions = tests.matches(&format!("\"{}\"", diagnosis.word())).count();
        assert!(elsewhere || mentions > 0, "{} has no test", diagnosis.word());
    }
}
