//! What the program finds in a pod without being told: the ServiceAccount's volume at its own path, and the number 1 for
//! each process. Namespaces make it so for one process, and nothing of it on this machine.

use std::process::{Command, Stdio};

use serde_json::Value;
use test_kubelet::{Options, TestKubelet};

use crate::support::install::at_once;
use crate::support::plugin::{bare, command, program};
use crate::support::scrape::with_certificate;

/// Mounts an empty directory over `/var/run`, puts the volume there, and goes on as the program.
const IN_POD: &str = r#"
set -eu
volume=/var/run/secrets/kubernetes.io/serviceaccount
mount -t tmpfs tmpfs "$(readlink -f /var/run)"
mkdir -p "$volume"
cp "$1/token" "$1/ca.crt" "$volume"
shift
exec "$@"
"#;

/// `unshare`, so that it may do what follows.
pub fn unshare() -> Command {
    let mut command = Command::new("unshare");
    // A user namespace of its own makes that anybody's right, where the system allows it; root has it anyway.
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
}

/// Runs `program` as a pod's process that finds the test kubelet's token and CA.
fn in_pod(kubelet: &TestKubelet, program: &Command) -> Command {
    let mut command = unshare();
    command
        .args(["--mount", "sh", "-c", IN_POD, "sh"])
        .arg(&kubelet.files().dir)
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null());
    command
}

fn check(command: &mut Command) -> (i32, Value) {
    let output = command.output().expect("unshare, of util-linux");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let log = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{log}"));
    (output.status.code().expect("no signal"), json)
}

fn with(arguments: &[&str]) -> Command {
    let mut command = bare();
    command.args(arguments);
    command
}

#[test]
fn a_pod_needs_no_configuration_but_its_nodes_address() {
    let kubelet = TestKubelet::start(Options {
        port: 10_250,
        ..Options::default()
    });
    let mut check_it = in_pod(&kubelet, &with(&["check", "--json"]));
    let (code, json) = check(check_it.env("NODE_IP", "127.0.0.1"));
    assert_eq!(code, 0, "{json:#}");
    assert_eq!(json["kubelets"][0]["url"], "https://127.0.0.1:10250");
    let said = json.to_string();
    for file in ["token", "ca.crt"] {
        let path = format!("/var/run/secrets/kubernetes.io/serviceaccount/{file}");
        assert!(said.contains(&path), "{json:#}");
    }
    assert_eq!(
        kubelet.requests()[0].user.as_deref(),
        Some("system:serviceaccount:monitoring:telegraf")
    );
}

/// The certificate is shown and wins, so that the good token is of no use: that is told, and nothing of the token.
#[test]
fn a_token_that_lies_unused_beside_a_certificate_without_rights() {
    let kubelet = TestKubelet::start(Options::default());
    let files = kubelet.files();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let run = command(
        dir.path(),
        &with_certificate(&kubelet, &files.unbound_cert, &files.unbound_key),
    );
    let arguments: Vec<_> = run
        .get_args()
        .map(|argument| argument.to_str().expect("UTF-8"))
        .collect();
    let arguments = [&["check", "--json"], &arguments[..]].concat();
    let (code, json) = check(&mut in_pod(&kubelet, &with(&arguments)));
    assert_eq!(code, 2);
    let findings = json["kubelets"][0]["findings"].as_array().expect("a list");
    let found = findings
        .iter()
        .any(|finding| finding["diagnosis"] == "token_unused");
    assert!(found, "{json:#}");
    let token = std::fs::read_to_string(&files.token).expect("a file");
    assert!(!json.to_string().contains(token.trim()));
}

/// Init containers of several pods, in a directory of their node's.
#[test]
fn containers_that_bring_the_program_at_once_do_not_meet() {
    let mut command = unshare();
    command.args(["--pid", "--fork", &program()]);
    at_once(&command);
}
