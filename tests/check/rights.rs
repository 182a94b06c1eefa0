//! The rights that are printed for a block with `discover`.

use std::process::Stdio;

use super::nodes::Stage;
use super::support::check::of_check;

fn rbac(config: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut command = of_check(dir.path(), config);
    let output = command.arg("--print-rbac").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

/// Of each role its kind, and of its rules group, resources and verbs.
fn roles(manifests: &str) -> Vec<(&str, Vec<String>)> {
    let line = |text: &str, key: &str| {
        let mut lines = text.lines().map(|line| line.trim_start_matches([' ', '-']));
        let found = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": ").map(str::to_owned));
        found.unwrap_or_else(|| panic!("no {key} in {text}"))
    };
    let roles = manifests
        .split("---\n")
        .filter_map(|manifest| manifest.split_once("\nrules:\n"));
    roles
        .map(|(head, rules)| {
            let kind = head.lines().find_map(|line| line.strip_prefix("kind: ")).unwrap();
            let each = rules.split("  - ").filter(|rule| !rule.is_empty());
            let each = each.map(|rule| {
                ["apiGroups", "resources", "verbs"]
                    .map(|key| line(rule, key))
                    .join(" ")
            });
            (kind, each.collect())
        })
        .collect()
}

#[test]
fn the_rights_of_discovery_and_of_shards_are_printed_where_they_are_needed() {
    let stage = Stage::new();
    let plain = rbac(&stage.block(""));
    let nodes = (
        "ClusterRole",
        vec![r#"[""] ["nodes"] ["list", "watch"]"#.to_owned()],
    );
    let stats = r#"[""] ["nodes/stats"] ["get"]"#.to_owned();
    assert_eq!(
        roles(&plain),
        [("ClusterRole", vec![stats.clone()]), nodes.clone()]
    );
    assert_eq!(
        plain
            .matches("kind: ServiceAccount\n    name: \"telegraf\"")
            .count(),
        2
    );
    let more = rbac(
        &stage.block("  metadata = [\"status\"]\n  shards = \"leases\"\n  lease_namespace = \"elsewhere\"\n"),
    );
    let pods = r#"[""] ["nodes/pods"] ["get"]"#.to_owned();
    let leases = r#"["coordination.k8s.io"] ["leases"] ["list", "create", "update", "delete"]"#;
    assert_eq!(
        roles(&more),
        [
            ("ClusterRole", vec![stats]),
            ("ClusterRole", vec![pods]),
            nodes,
            ("Role", vec![leases.to_owned()])
        ]
    );
    assert_eq!(
        more.matches("\n  namespace: \"elsewhere\"\n").count(),
        2,
        "{more}"
    );
    assert_eq!(more.matches("kind: RoleBinding").count(), 1);
    assert!(!more.contains("proxy") && !more.contains('*'), "{more}");
    let alone = "[[inputs.kubelet]]\n  url = \"https://127.0.0.1\"\n";
    assert!(!rbac(alone).contains("watch"));
}
