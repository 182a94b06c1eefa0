//! A block with `discover = "nodes"`: the way to the nodes, all of them in a table, and with whom they are shared.

use std::process::{Command, Stdio};

use serde_json::Value;
use test_kubelet::api::{Aim, ApiFault, ApiOptions, ApiSeen, NodeSpec, Resource, TestApiServer, Verb};
use test_kubelet::{Cluster, Fault, Options, Serving, TestKubelet};

use super::support::check::of_check;
use super::support::leak::Leaks;
use super::support::plugin::{PATIENCE, Plugin, command};

/// An API server and its kubelets.
pub struct Stage {
    /// Of which the nodes are asked.
    pub api: TestApiServer,
    cluster: Cluster,
    kubelets: Vec<TestKubelet>,
}

impl Stage {
    /// Of no nodes yet.
    pub fn new() -> Self {
        let cluster = Cluster::new();
        Self {
            api: TestApiServer::start_of(&cluster, ApiOptions::default()),
            cluster,
            kubelets: Vec::new(),
        }
    }

    /// A kubelet, and its node.
    pub fn node(&mut self, name: &str, serving: Serving) -> &TestKubelet {
        self.node_of(Options {
            node_name: name.to_owned(),
            serving,
            ..Options::default()
        })
    }

    /// A node at this port, whoever is there.
    pub fn put(&self, name: &str, port: u16) {
        self.api.put_node(NodeSpec::new(name, "127.0.0.1", port));
    }

    /// A kubelet with these options, and its node.
    pub fn node_of(&mut self, options: Options) -> &TestKubelet {
        let name = options.node_name.clone();
        let kubelet = TestKubelet::start_of(&self.cluster, options);
        self.put(&name, kubelet.port());
        self.kubelets.push(kubelet);
        self.kubelets.last().unwrap()
    }

    /// A block for all of them, with more options.
    pub fn block(&self, more: &str) -> String {
        let files = self.api.files();
        format!(
            "[[inputs.kubelet]]\n  discover = \"nodes\"\n  api_server = \"{}\"\n  bearer_token = \"{}\"\n  tls_ca = \"{}\"\n{more}",
            self.api.url(),
            files.token.display(),
            files.ca.display()
        )
    }

    /// What a check of this configuration finds.
    pub fn check(&self, config: &str) -> Checked {
        self.check_by(config, |command| command)
    }

    /// The same by what such a command is made into.
    fn check_by(&self, config: &str, by: impl Fn(Command) -> Command) -> Checked {
        let dir = tempfile::tempdir().unwrap();
        let run = |flags: &[&str]| {
            let output = by(of_check(dir.path(), config))
                .args(flags)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            Leaks::default().in_dir(&self.api.files().dir).assert_none(&said);
            assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{said}");
            (output.status.code().unwrap(), said)
        };
        let (code, json) = run(&["--json"]);
        let (same, text) = run(&[]);
        assert_eq!(code, same, "{text}");
        let json = serde_json::from_str(&json).unwrap();
        Checked { code, json, text }
    }
}

/// What a check found.
pub struct Checked {
    code: i32,
    json: Value,
    /// As people see it.
    pub text: String,
}

impl Checked {
    fn cluster(&self) -> &Value {
        &self.json["clusters"][0]
    }

    /// What is not ok on the way to the nodes.
    pub fn bad(&self) -> Vec<[&str; 3]> {
        let findings = self.cluster()["findings"].as_array().unwrap().iter();
        let bad = findings.filter(|finding| finding["result"] != "ok");
        bad.map(|finding| ["step", "result", "diagnosis"].map(|key| finding[key].as_str().unwrap()))
            .collect()
    }

    /// What is said, and to be done, of that.
    pub fn told(&self, diagnosis: &str) -> String {
        let all = self.json["kubelets"]
            .as_array()
            .unwrap()
            .iter()
            .chain([self.cluster()]);
        let mut findings = all.flat_map(|way| way["findings"].as_array().unwrap());
        let found = findings.find(|finding| finding["diagnosis"] == diagnosis);
        found
            .unwrap_or_else(|| panic!("no {diagnosis} in\n{}", self.text))
            .to_string()
    }

    /// Names and results.
    fn nodes(&self) -> Vec<[&str; 2]> {
        let nodes = self.cluster()["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| ["name", "result"].map(|key| node[key].as_str().unwrap()))
            .collect()
    }

    /// The names of those that are looked at in full.
    fn in_full(&self) -> Vec<&str> {
        let kubelets = self.json["kubelets"].as_array().unwrap().iter();
        kubelets.map(|way| way["node"].as_str().unwrap()).collect()
    }
}

#[test]
fn every_node_is_asked_and_told() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::CaIssued);
    stage.node("node-2", Serving::CaIssued);
    let checked = stage.check(&stage.block(""));
    assert_eq!((checked.code, checked.bad()), (0, Vec::new()), "{}", checked.text);
    assert_eq!(checked.nodes(), [["node-1", "success"], ["node-2", "success"]]);
    assert_eq!(checked.in_full(), ["node-1", "node-2"]);
    let address = stage.kubelets[1].addr();
    for words in [
        &format!("nodes of {}\n", stage.api.url())[..],
        "ok       identity        ServiceAccount telegraf of namespace monitoring",
        "the API server lists 2 nodes, 2 of them ready, and lets us watch them",
        "2 of 2 nodes answer with a summary",
        &format!("  node-2  {address}"),
        &format!("https://{address} (node node-2)\n"),
    ] {
        assert!(
            checked.text.contains(words),
            "{words:?} is not in\n{}",
            checked.text
        );
    }
    // One that is not wanted is not asked.
    let checked = stage.check(&stage.block("  node_exclude = [\"node-1\"]\n"));
    assert_eq!(checked.nodes(), [["node-2", "success"]]);
}

#[test]
fn each_trouble_with_the_api_server_has_its_diagnosis() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::CaIssued);
    let good = stage.block("");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let files = stage.api.files();
    let nodes = |verb| Aim::ALL.resource(Resource::Nodes).verb(verb);
    let away = good.replace(&stage.api.url(), &format!("https://{closed}"));
    let other_ca = good.replace(files.ca.to_str().unwrap(), files.other_ca.to_str().unwrap());
    let token = |path: &std::path::Path| good.replace(files.token.to_str().unwrap(), path.to_str().unwrap());
    let broken = Some((
        nodes(Verb::List),
        ApiFault::Status {
            code: 200,
            body: "{}".to_owned(),
        },
    ));
    let no = |verb| Some((nodes(verb), ApiFault::Forbidden));
    let rights = &["verbs: [\\\"list\\\", \\\"watch\\\"]", "name: \\\"telegraf\\\""][..];
    for (config, fault, step, diagnosis, words) in [
        (
            &away,
            None,
            "discovery",
            "discovery_away",
            &["cannot connect"][..],
        ),
        (&other_ca, None, "discovery", "discovery_tls", &["TLS"]),
        (
            &token(&files.deleted_token),
            None,
            "discovery",
            "discovery_unauthorized",
            &["401"],
        ),
        (
            &token(&files.expired_token),
            None,
            "discovery",
            "discovery_unauthorized",
            &["60 minutes ago"],
        ),
        (&good, no(Verb::List), "discovery", "discovery_forbidden", rights),
        (&good, no(Verb::Watch), "discovery", "discovery_forbidden", rights),
        (
            &good,
            Some((Aim::ALL, ApiFault::Unavailable)),
            "discovery",
            "discovery_failed",
            &["503"],
        ),
        (&good, broken, "discovery", "discovery_failed", &["no list"]),
        (
            &token(std::path::Path::new("/nowhere")),
            None,
            "files",
            "file_unusable",
            &["/nowhere"],
        ),
    ] {
        stage.api.clear_faults();
        if let Some((aim, fault)) = fault {
            stage.api.set_fault(aim, fault);
        }
        let checked = stage.check(config);
        assert_eq!(checked.bad(), [[step, "failure", diagnosis]], "{}", checked.text);
        assert_eq!(checked.code, 2);
        assert!(checked.nodes().is_empty() && checked.in_full().is_empty());
        assert!(checked.text.contains("not reached: ") && checked.text.contains(&format!("[{diagnosis}]")));
        let told = checked.told(diagnosis);
        assert!(told.contains("\"how\""), "nothing to do about it: {told}");
        for words in words {
            assert!(told.contains(words), "{words:?} is not in {told}");
        }
    }
}

#[test]
fn what_is_wrong_with_nodes_is_told_of_each_and_of_all() {
    let mut stage = Stage::new();
    stage.node("good", Serving::CaIssued);
    stage.node("refuses", Serving::CaIssued).set_fault(Fault::Status {
        code: 500,
        body: "Internal Error: failed to get root cgroup stats".to_owned(),
    });
    let other = stage.node("is", Serving::CaIssued).port();
    stage.api.put_node(NodeSpec::new("was", "127.0.0.1", other));
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    stage
        .api
        .put_node(NodeSpec::new("away", "127.0.0.1", closed.port()));
    stage.api.put_node(NodeSpec::new("lost", "", 10250));
    stage.api.change_node("lost", |node| node.addresses.clear());
    let checked = stage.check(&stage.block(""));
    assert_eq!(checked.code, 2);
    assert_eq!(
        checked.bad(),
        [
            ["nodes", "failure", "nodes_failing"],
            ["nodes", "failure", "nodes_unreached"],
            ["nodes", "failure", "nodes_without_address"],
            ["nodes", "warning", "nodes_share_address"],
        ],
        "{}",
        checked.text
    );
    let table = [
        ["away", "connection_failed"],
        ["good", "success"],
        ["is", "success"],
        ["lost", "no_address"],
        ["refuses", "not_ready"],
        ["was", "wrong_node"],
    ];
    assert_eq!(checked.nodes(), table);
    assert_eq!(checked.in_full(), ["away", "good", "is", "refuses", "was"]);
    for (diagnosis, words) in [
        ("nodes_failing", "2 answer, and give no summary: refuses, was"),
        (
            "nodes_unreached",
            "1 cannot be reached from here: away; only the API server may have a way to them, for who has `nodes/proxy`",
        ),
        ("nodes_without_address", "lost"),
        ("nodes_share_address", "(is, was)"),
        ("port_closed", "refuses connections"),
        ("kubelet_starting", "failed to get root cgroup stats"),
        (
            "wrong_node",
            "the kubelet of node \\\"is\\\" answers there, where node was should be",
        ),
    ] {
        let told = checked.told(diagnosis);
        assert!(told.contains(words), "{words:?} is not in {told}");
        assert!(told.contains("\"how\""), "nothing to do about it: {told}");
    }
    // Named, and nothing to do about anything.
    let told = checked.json.to_string();
    let mends = told.split("\"mends\":").skip(1);
    for mends in mends.map(|rest| rest.split_once("\"result\"").unwrap().0) {
        assert!(!mends.contains("nodes/proxy"), "{mends}");
    }
    let none = stage.check(&stage.block("  node_selector = \"none=such\"\n"));
    assert_eq!(
        (none.code, none.bad()),
        (2, vec![["nodes", "failure", "no_nodes"]])
    );
}

#[test]
fn of_many_nodes_few_are_looked_at_in_full_and_all_are_told() {
    let mut stage = Stage::new();
    stage.node("good", Serving::CaIssued);
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for number in 0..120 {
        let name = format!("away-{number:03}");
        stage
            .api
            .put_node(NodeSpec::new(&name, "127.0.0.1", closed.port()));
    }
    let checked = stage.check(&stage.block(""));
    assert_eq!((checked.nodes().len(), checked.in_full().len()), (121, 10));
    let rows = checked
        .text
        .lines()
        .filter(|line| line.contains("  connection_failed  "));
    assert_eq!(rows.count(), 120, "{}", checked.text);
    assert!(checked.told("nodes_unreached").contains("120 cannot be reached"));
}

#[test]
fn a_fix_of_one_node_is_one_for_all() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::CaIssuedNameOnly);
    stage.node("node-2", Serving::CaIssuedNameOnly);
    let checked = stage.check(&stage.block(""));
    let told = checked.told("serving_wrong_address");
    assert!(told.contains(r#""tls_server_name = \"{node}\"\n""#), "{told}");
    let checked = stage.check(&stage.block("  tls_server_name = \"{node}\"\n"));
    assert_eq!(checked.code, 0, "{}", checked.text);
    // A pin, a name or a URL is one node's, and the configuration would refuse it.
    let mut stage = Stage::new();
    stage.node("node-1", Serving::SelfSigned);
    let checked = stage.check(&stage.block(""));
    assert_eq!((checked.code, checked.nodes()), (2, vec![["node-1", "tls"]]));
    let mends = checked.json["kubelets"].to_string();
    assert!(
        !mends.contains("tls_pin_sha256 = ") && !mends.contains("\"url = "),
        "{mends}"
    );
}

/// What is answered to who asks what he may.
fn may(stage: &Stage, allowed: bool) {
    let body = format!(r#"{{"kind":"SelfSubjectAccessReview","status":{{"allowed":{allowed}}}}}"#);
    let reviews = Aim::ALL.resource(Resource::Other).verb(Verb::Create);
    stage.api.set_fault(reviews, ApiFault::Status { code: 201, body });
}

#[test]
fn members_are_told_and_whether_we_may_be_one() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::CaIssued);
    let config = stage.block("  shards = \"leases\"\n  lease_namespace = \"monitoring\"\n");
    may(&stage, true);
    let checked = stage.check(&config);
    assert_eq!((checked.code, checked.bad()), (0, Vec::new()), "{}", checked.text);
    assert!(checked.text.contains("no member of group"), "{}", checked.text);
    assert!(checked.text.contains("we may use Leases in namespace monitoring"));
    // Nothing is left behind, and nothing was ever made.
    assert!(stage.api.leases().is_empty());
    let made = |seen: &ApiSeen| seen.resource == Resource::Leases && seen.verb != Verb::List;
    assert!(!stage.api.requests().iter().any(made));

    let dir = tempfile::tempdir().unwrap();
    let mut member = command(dir.path(), &config);
    member.env("POD_NAME", "telegraf-0");
    let mut member = Plugin::start(member);
    member.tick();
    assert!(stage.api.wait_for_leases(|leases| leases.len() == 1, PATIENCE));
    let checked = stage.check(&config);
    let words = "1 member of group telegraf-kubelet has a Lease in namespace monitoring: telegraf-0";
    assert!(checked.text.contains(words), "{}", checked.text);
    drop(member);

    may(&stage, false);
    let checked = stage.check(&config);
    assert_eq!(
        (checked.code, checked.bad()),
        (2, vec![["shards", "failure", "leases_forbidden"]])
    );
    let told = checked.told("leases_forbidden");
    for words in [
        "we may not create, update, delete `leases`",
        "kind: RoleBinding",
        "namespace: \\\"monitoring\\\"",
        "verbs: [\\\"list\\\", \\\"create\\\", \\\"update\\\", \\\"delete\\\"]",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    may(&stage, true);
    let lists = Aim::ALL.resource(Resource::Leases).verb(Verb::List);
    stage.api.set_fault(lists.clone(), ApiFault::Forbidden);
    assert!(
        stage
            .check(&config)
            .told("leases_forbidden")
            .contains("we may not list `leases`")
    );
    stage.api.set_fault(
        lists,
        ApiFault::Status {
            code: 200,
            body: "[]".to_owned(),
        },
    );
    assert_eq!(
        stage.check(&config).bad(),
        [["shards", "failure", "discovery_failed"]]
    );

    // One that does not answer that question.
    stage.api.clear_faults();
    let reviews = Aim::ALL.resource(Resource::Other).verb(Verb::Create);
    stage.api.set_fault(reviews, ApiFault::Forbidden);
    let checked = stage.check(&config);
    assert_eq!(
        (checked.code, checked.bad()),
        (1, vec![["shards", "warning", "leases_unclear"]])
    );
}

#[test]
fn more_nodes_than_files() {
    let mut stage = Stage::new();
    stage.node("node-1", Serving::CaIssued);
    stage.node("node-2", Serving::CaIssued);
    let limited = |command: Command| {
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "ulimit -n 65 && exec \"$0\" \"$@\""])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear();
        limited
    };
    let checked = stage.check_by(&stage.block(""), limited);
    assert_eq!(checked.code, 1, "{}", checked.text);
    assert_eq!(checked.bad(), [["nodes", "warning", "files_too_few"]]);
    let told = checked.told("files_too_few");
    assert!(
        told.contains("there are 2 nodes") && told.contains("65 files") && told.contains("66 or more"),
        "{told}"
    );
}
