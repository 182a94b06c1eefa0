//! What the program and `check` say of something that is wrong, and what is to be done about it, to be done.

use serde_json::Value;

use crate::machine::Cluster;
use crate::support::check::Checked;
use crate::support::scrape::assert_failed;

/// What a fault looks like from outside.
pub struct Fault {
    /// `kubelet_scrape`'s.
    pub result: &'static str,
    /// The kubelet's answer, where there is one.
    pub status: Option<u16>,
    /// The step at which `check` finds it.
    pub step: &'static str,
    /// The word for it.
    pub diagnosis: &'static str,
}

/// A finding of `check`.
#[derive(Debug)]
pub struct Finding(Value);

impl Fault {
    /// A tick fails so, once it does, with one error that has these words, and `check` says what it is.
    pub fn assert_told(&self, cluster: &Cluster, config: &str, words: &[&str]) -> Finding {
        let left = cluster.until_scraped(config, self.result);
        assert_failed(&left, self.result, self.status, words);
        self.assert_checked(&cluster.check(config))
    }

    /// `check` says what it is, and nothing else that is as bad.
    pub fn assert_checked(&self, checked: &Checked) -> Finding {
        let failures: Vec<_> = checked
            .bad()
            .into_iter()
            .filter(|[_, level, _]| *level == "failure")
            .collect();
        assert_eq!(
            failures,
            [[self.step, "failure", self.diagnosis]],
            "{}",
            checked.text
        );
        assert_eq!(checked.code, 2);
        let mut findings = checked.findings();
        let failure = findings.find(|finding| finding["result"] == "failure");
        Finding(failure.expect("it is there").clone())
    }
}

impl Finding {
    /// The pieces of this kind, `command`, `yaml` or `toml`, among what is to be done.
    pub fn pieces(&self, kind: &str) -> Vec<String> {
        let fixes = self.0["mends"].as_array().expect("a list");
        fixes
            .iter()
            .filter_map(|fix| Some(fix[kind].as_str()?.to_owned()))
            .collect()
    }

    /// The first piece of this kind that has this word.
    pub fn piece(&self, kind: &str, word: &str) -> String {
        let mut pieces = self.pieces(kind).into_iter();
        pieces
            .find(|piece| piece.contains(word))
            .unwrap_or_else(|| panic!("nothing with {word:?} in {:#}", self.0))
    }

    /// Applies all YAML that is for the API server, as it is.
    pub fn apply(&self, cluster: &Cluster) {
        let pieces = self.pieces("yaml");
        let mut applied = 0;
        for piece in pieces.iter().filter(|piece| piece.contains("rbac.authorization")) {
            cluster.apply(piece);
            applied += 1;
        }
        assert!(applied > 0, "{:#}", self.0);
    }
}

/// Ticks come again, and `check` finds nothing.
pub fn assert_well(cluster: &Cluster, config: &str) {
    cluster.until_scraped(config, "success");
    let checked = cluster.check(config);
    assert_eq!(checked.bad(), Vec::<[&str; 3]>::new(), "{}", checked.text);
    assert_eq!(checked.code, 0);
}
