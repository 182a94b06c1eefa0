//! `telegraf-kubelet check` from outside: what it says to machines and to people, and how it ends.

use std::process::{Command, Stdio};

use serde_json::Value;
use test_kubelet::TestKubelet;

use super::fixes;
use super::plugin::command;
use super::scrape::assert_no_secret;

/// What a check came to.
#[derive(Debug)]
pub struct Checked {
    /// The exit code.
    pub code: i32,
    /// `--json`.
    pub json: Value,
    /// The same, for people.
    pub text: String,
    /// How many requests the test kubelet had got by then.
    pub requests: usize,
}

/// Checks such a configuration, in such an environment, for machines and for people; and whatever is advised is tried.
pub fn check(kubelet: &TestKubelet, config: &str, environment: &[(&str, &str)]) -> Checked {
    let checked = run(kubelet, config, environment);
    fixes::assert_taken(kubelet, config, environment, &checked);
    checked
}

/// The same without trying.
pub fn run(kubelet: &TestKubelet, config: &str, environment: &[(&str, &str)]) -> Checked {
    let dir = tempfile::tempdir().unwrap();
    let run = |flag: &[&str]| {
        let mut command = of_check(dir.path(), config);
        let output = command
            .args(flag)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_no_secret(kubelet, &said);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{said}");
        (output.status.code().unwrap(), said)
    };
    let (code, json) = run(&["--json"]);
    let (same, text) = run(&[]);
    assert_eq!(code, same, "{text}");
    assert!(!text.contains('\x1b'), "no terminal, no colours");
    Checked {
        code,
        json: serde_json::from_str(&json).unwrap(),
        text,
        requests: kubelet.requests().len(),
    }
}

/// The command, with nothing of this machine in its environment.
pub fn of_check(dir: &std::path::Path, config: &str) -> Command {
    let run = command(dir, config);
    let mut command = Command::new(run.get_program());
    command.arg("check").args(run.get_args()).env_clear();
    command
}

impl Checked {
    /// All findings of all kubelets.
    pub fn findings(&self) -> impl Iterator<Item = &Value> {
        let kubelets = self.json["kubelets"].as_array().unwrap();
        kubelets
            .iter()
            .flat_map(|kubelet| kubelet["findings"].as_array().unwrap())
    }

    /// Those that are not ok: step, result and diagnosis.
    pub fn bad(&self) -> Vec<[&str; 3]> {
        self.findings()
            .filter(|finding| finding["result"] != "ok")
            .map(|finding| ["step", "result", "diagnosis"].map(|key| finding[key].as_str().unwrap()))
            .collect()
    }

    /// All that is said and to be done, in one text.
    pub fn said(&self) -> String {
        self.json.to_string()
    }
}
