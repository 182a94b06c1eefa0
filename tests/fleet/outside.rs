//! A cluster that is seen from outside by a client certificate, as the guide has it.

use std::path::Path;
use std::process::Command;

use test_kubelet::api::{Aim, ApiFault, Resource};

use super::support::plugin::{Plugin, command, program};
use super::{World, results};

/// The configuration of the guide, but with this cluster's address and files.
fn of_the_guide(world: &World) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("telegraf/guides/cluster.md");
    let guide = std::fs::read_to_string(path).expect("the repository's own file");
    let (_, behind) = guide.split_once("\n## From outside\n").expect("the section");
    let (_, toml) = behind.split_once("```toml\n").expect("its configuration");
    let (toml, _) = toml.split_once("```").expect("its end");
    let files = world.api.files();
    let mut config = toml.to_owned();
    for (there, here) in [
        ("https://10.0.0.1:6443", world.api.url()),
        (
            "/etc/telegraf-kubelet/telegraf-kubelet.crt",
            files.client_cert.display().to_string(),
        ),
        (
            "/etc/telegraf-kubelet/telegraf-kubelet.key",
            files.client_key.display().to_string(),
        ),
        ("/etc/telegraf-kubelet/ca.crt", files.ca.display().to_string()),
    ] {
        assert_eq!(config.matches(there).count(), 1, "{there}: {config}");
        config = config.replace(there, &here);
    }
    config
}

#[test]
fn by_a_client_certificate_alone() {
    let world = World::new(&["a", "b"]);
    let config = of_the_guide(&world);
    let left = Plugin::once(command(world.dir.path(), &config));
    assert_eq!(
        results(&left.stdout),
        ["a", "b"].map(|name| (name, "success")).into(),
        "{left:#?}"
    );
    for scrape in left
        .stdout
        .iter()
        .filter(|line| line.starts_with("kubelet_scrape"))
    {
        assert!(
            scrape.contains("client_certificate_expires_in_seconds="),
            "{scrape}"
        );
        assert!(!scrape.contains("token_expires"), "{scrape}");
    }
    for kubelet in &world.kubelets {
        assert!(
            kubelet
                .requests()
                .iter()
                .all(|seen| seen.client_certificate && !seen.authorization)
        );
    }

    let told = checked(&world, &config, &[]);
    assert!(told.contains("2 of 2 nodes answer with a summary"), "{told}");
    let rights = checked(&world, &config, &["--print-rbac"]);
    assert_eq!(rights.matches("kind: User\n").count(), 2, "{rights}");
    for part in ["nodes/stats", "\"list\", \"watch\""] {
        assert!(rights.contains(part), "{part}: {rights}");
    }
    assert!(!rights.contains("ServiceAccount"), "{rights}");

    // Who has no right there is told so, by the certificate's name.
    world
        .api
        .set_fault(Aim::ALL.resource(Resource::Nodes), ApiFault::Forbidden);
    let told = checked(&world, &config, &[]);
    assert!(
        told.contains("discovery_forbidden") && told.contains("kind: User"),
        "{told}"
    );
}

fn checked(world: &World, config: &str, more: &[&str]) -> String {
    let path = world.dir.path().join("outside.conf");
    std::fs::write(&path, config).expect("a directory");
    let mut command = Command::new(program());
    command.arg("check").args(more).arg("-config").arg(path);
    let output = command
        .env_remove("KUBERNETES_SERVICE_HOST")
        .output()
        .expect("it runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}
