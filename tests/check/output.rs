//! What a check prints: for people, for machines, and the rights alone.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;
use telegraf_kubelet::kubelet::Right;
use test_kubelet::{ClientSpec, GeneratorOptions, Serving, summary as summary_of};

use super::support::check::{check, of_check};
use super::support::plugin::{bare, block};
use super::support::scrape::{config, start, with_certificate, with_token};

#[test]
fn tells_who_we_are_whom_we_believe_and_what_came() {
    let kubelet = start(Serving::CaIssued);
    let checked = check(&kubelet, &block(&kubelet), &[]);
    for words in [
        "ServiceAccount telegraf of namespace monitoring; issued by https://kubernetes.default.svc.cluster.local; for https://kubernetes.default.svc.cluster.local; until ",
        "signed by \"CN=kubernetes\", for test-node, localhost, 127.0.0.1, ::1, until ",
        "the kubelet lets us in, as system:serviceaccount:monitoring:telegraf by our own word",
        "`get` on `nodes/stats`, and not nodes/proxy",
        "node \"test-node\", 3 pods, 6 containers, ",
        "Kubernetes 1.33 or newer",
        "lines, all parse",
        "warnings: 0, failures: 0\n",
    ] {
        assert!(
            checked.text.contains(words),
            "{words:?} is not in\n{}",
            checked.text
        );
    }
    assert_eq!(checked.json["result"], "ok");
    assert_eq!(
        checked.json["kubelets"][0]["not_reached"],
        Value::Array(Vec::new())
    );

    let (cert, key) = kubelet.issue_client_certificate(&ClientSpec {
        organizations: vec!["readers".to_owned()],
        ..ClientSpec::default()
    });
    let pair = kubelet.files().dir.join("groups.key");
    std::fs::write(&pair, key + &cert).unwrap();
    let checked = check(&kubelet, &with_certificate(&kubelet, &pair, &pair), &[]);
    let words = "user \"telegraf-kubelet\" (CN), groups readers (O); signed by \"CN=kubernetes-client\"";
    assert!(checked.text.contains(words), "{}", checked.text);
}

#[test]
fn the_pin_that_is_printed_is_the_one_to_configure() {
    let kubelet = start(Serving::OpensslLeaf);
    let token = config(&kubelet, &[("bearer_token", &kubelet.files().token)]);
    let checked = check(&kubelet, &block(&kubelet), &[]);
    let mends = checked
        .findings()
        .filter_map(|finding| finding["mends"].as_array())
        .flatten();
    let pin = mends
        .filter_map(|mend| mend["toml"].as_str())
        .find(|toml| toml.contains("tls_pin_sha256"))
        .unwrap();
    let checked = check(&kubelet, &format!("{token}  {pin}"), &[]);
    assert_eq!(checked.code, 0, "{}", checked.text);
    assert!(checked.text.contains("its key is pinned"), "{}", checked.text);
}

#[test]
fn says_what_was_not_reached_and_goes_on_with_the_next_kubelet() {
    let kubelet = start(Serving::CaIssued);
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let two = format!(
        "[[inputs.kubelet]]\n  url = \"https://{closed}\"\n  bearer_token = \"{}\"\n{}",
        kubelet.files().token.display(),
        block(&kubelet)
    );
    let checked = check(&kubelet, &two, &[]);
    assert_eq!(checked.code, 2);
    let kubelets = checked.json["kubelets"].as_array().unwrap();
    assert_eq!(
        (&kubelets[0]["result"], &kubelets[1]["result"]),
        (&"failure".into(), &"ok".into())
    );
    let not_reached = ["tls", "authentication", "authorization", "answer", "lines"];
    assert_eq!(kubelets[0]["not_reached"], serde_json::json!(not_reached));
    assert!(
        checked.text.contains("not reached: tls, authentication"),
        "{}",
        checked.text
    );
    // Who we are is known without asking.
    assert!(
        checked.text.contains("ServiceAccount telegraf"),
        "{}",
        checked.text
    );
}

/// Escape, DEL, C1's control sequence introducer, and the character that turns the direction around.
const STEERING: [char; 4] = ['\x1b', '\x7f', '\u{9b}', '\u{202e}'];

/// What comes from a kubelet or a certificate, with all of them in it.
fn hostile() -> String {
    format!("evil{}name", STEERING.iter().collect::<String>())
}

#[test]
fn nothing_from_outside_steers_the_terminal() {
    let kubelet = start(Serving::CaIssued);
    let mut summary: Value = serde_json::from_slice(&summary_of(&GeneratorOptions::default(), 1)).unwrap();
    summary["node"][hostile()] = 1.into();
    summary["node"]["nodeName"] = hostile().into();
    kubelet.set_body(Some(summary.to_string().into_bytes()));
    let (cert, key) = kubelet.issue_client_certificate(&ClientSpec {
        common_name: hostile(),
        ..ClientSpec::default()
    });
    let pair = kubelet.files().dir.join("evil.key");
    std::fs::write(&pair, key + &cert).unwrap();
    let of_certificate = with_certificate(&kubelet, &pair, &pair);
    let dir = tempfile::tempdir().unwrap();
    for config in [&block(&kubelet), &of_certificate] {
        for flags in [&[][..], &["--json"], &["--print-rbac"]] {
            let output = of_check(dir.path(), config)
                .args(flags)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(!said.contains(STEERING), "{flags:?} {said:?}");
            assert!(config != &of_certificate || said.contains("evil"), "{said}");
        }
    }
    // What is escaped for machines is the very text when it is read.
    let checked = check(&kubelet, &block(&kubelet), &[]);
    assert!(checked.json.to_string().contains("evil"), "{}", checked.text);
}

fn rbac(config: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let output = of_check(dir.path(), config)
        .arg("--print-rbac")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// The rights that a role in these manifests gives: resources and verbs of each rule.
fn granted(manifests: &str) -> Vec<(String, String)> {
    let roles = manifests
        .split("---\n")
        .filter(|manifest| manifest.contains("\nrules:\n"));
    let words = |text: &str, key: &str| {
        let lines = text.lines().map(|line| line.trim_start_matches([' ', '-']));
        let lists = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        let words: Vec<_> = lists.map(|list| list.replace(['[', ']', '"'], "")).collect();
        words
    };
    let roles: String = roles.collect();
    assert!(words(&roles, "apiGroups").iter().all(String::is_empty), "{roles}");
    let (resources, verbs) = (words(&roles, "resources"), words(&roles, "verbs"));
    assert_eq!(resources.len(), verbs.len(), "{roles}");
    resources.into_iter().zip(verbs).collect()
}

/// Names of the objects of this kind, without their quotes, in the order of the manifests.
fn names<'t>(manifests: &'t str, kind: &str) -> Vec<&'t str> {
    let kind = format!("kind: {kind}\nmetadata:\n  name: ");
    let named = manifests.split("---\n").filter_map(|one| one.split_once(&kind));
    named
        .map(|(_, behind)| behind.lines().next().unwrap().trim_matches('"'))
        .collect()
}

fn wanted(metadata: bool) -> Vec<(String, String)> {
    Right::needed(metadata)
        .map(|right| (right.name.to_owned(), right.verb.to_owned()))
        .collect()
}

#[test]
fn the_manifests_give_what_is_wanted_and_nothing_else() {
    let access = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/telegraf/kubernetes/access/access.yaml"
    );
    let access = std::fs::read_to_string(access).unwrap();
    assert_eq!(granted(&access), wanted(false));
    assert!(!wanted(false).is_empty());
    let pods = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/telegraf/kubernetes/pod-metadata/access.yaml"
    );
    let pods = std::fs::read_to_string(pods).unwrap();
    assert_eq!([granted(&access), granted(&pods)].concat(), wanted(true));
    let more = access.replace("[nodes/stats]", "[nodes/stats, nodes/proxy]");
    assert_ne!(granted(&more), wanted(false));
}

#[test]
fn the_rights_that_are_printed_are_the_least() {
    let kubelet = start(Serving::CaIssued);
    let files = kubelet.files();
    let of_token = rbac(&with_token(&kubelet, &files.token));
    assert!(
        of_token
            .contains("  - kind: ServiceAccount\n    name: \"telegraf\"\n    namespace: \"monitoring\"\n"),
        "{of_token}"
    );
    let of_certificate = rbac(&with_certificate(&kubelet, &files.client_cert, &files.client_key));
    assert!(
        of_certificate.contains("  - kind: User\n    name: \"telegraf-kubelet\"\n"),
        "{of_certificate}"
    );
    for text in [&of_token, &of_certificate] {
        assert_eq!(text.matches("kind: ClusterRoleBinding").count(), 1);
        assert_eq!(granted(text), wanted(false));
        assert!(!text.contains("proxy") && !text.contains('*'), "{text}");
    }
    // What metadata needs is printed where any block asks for it, and only there.
    let plain = with_token(&kubelet, &files.token);
    let other = plain.replace("127.0.0.1", "localhost");
    for (asks, config) in [
        (true, format!("{plain}  metadata = [\"status\"]\n")),
        (true, format!("{plain}  label_include = [\"app\"]\n")),
        (true, format!("{plain}  pod_network = \"own\"\n{other}")),
        (
            false,
            format!("{plain}  metadata = []\n  label_include = []\n  metadata_interval = \"1m\"\n"),
        ),
    ] {
        let text = rbac(&config);
        assert_eq!(granted(&text), wanted(asks), "{config}");
        assert!(!text.contains("proxy"), "{text}");
    }
    let unknown = rbac(&with_token(&kubelet, std::path::Path::new("/nowhere/token")));
    assert!(
        unknown.starts_with("# ") && unknown.contains("correct the subject"),
        "{unknown}"
    );
    // A pipe to `kubectl apply` gets rights or nothing.
    let dir = tempfile::tempdir().unwrap();
    let output = of_check(dir.path(), "[[inputs.kubelet]]\n")
        .arg("--print-rbac")
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("E! "));
    let nothing = rbac("[[inputs.kubelet]]\n  url = \"http://127.0.0.1\"\n");
    assert!(nothing.lines().all(|line| line.starts_with('#')), "{nothing}");
}

/// Whoever applies the role of the summary's right again, from the manifests or a guide, must not take this right away, nor
/// who takes it back the other one.
#[test]
fn metadata_has_a_role_of_its_own() {
    let kubelet = start(Serving::CaIssued);
    let plain = with_token(&kubelet, &kubelet.files().token);
    let (plain, asking) = (rbac(&plain), rbac(&format!("{plain}  metadata = [\"status\"]\n")));
    let behind = asking.strip_prefix(&plain).expect("the same, and more");
    assert_eq!(names(behind, "ClusterRole"), ["telegraf-kubelet-pods"]);
    assert_eq!(
        names(behind, "ClusterRoleBinding"),
        ["telegraf-kubelet-pods:serviceaccount:monitoring:telegraf"]
    );
    assert_eq!(granted(behind), [("nodes/pods".to_owned(), "get".to_owned())]);
    let to = "  kind: ClusterRole\n  name: telegraf-kubelet-pods\nsubjects:\n  - kind: ServiceAccount\n    name: \"telegraf\"\n";
    assert!(behind.contains(to), "{behind}");
}

#[test]
fn wrong_flags_are_one_line_and_exit_2() {
    let output = bare().args(["check", "--yaml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "E! -yaml: unknown flag; see --help\n"
    );
    let output = bare()
        .args(["check", "--json", "-config", "/nowhere/kubelet.conf"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["kubelets"][0]["findings"][0]["diagnosis"], "config_wrong");
}

/// What a check prints on a terminal.
fn on_a_terminal(config: &str, environment: &[(&str, &str)]) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let side = OpenOptions::new()
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut command = of_check(dir.path(), config);
    command
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(side);
    let mut child = command.spawn().unwrap();
    // With it goes our own hold of the other side, so that reading ends when the program does.
    drop(command);
    let mut said = Vec::new();
    // The end of a terminal is an error.
    let _ = std::fs::File::from(terminal).read_to_end(&mut said);
    child.wait().unwrap();
    String::from_utf8(said).unwrap()
}

#[test]
fn colours_are_for_terminals_and_for_those_who_want_them() {
    let kubelet = start(Serving::CaIssued);
    let config = block(&kubelet);
    let coloured = on_a_terminal(&config, &[]);
    assert!(coloured.contains("\x1b[32mok     \x1b[0m  lines"), "{coloured}");
    let plain = on_a_terminal(&config, &[("NO_COLOR", "1")]);
    assert!(
        plain.contains("ok       lines") && !plain.contains('\x1b'),
        "{plain}"
    );
}
