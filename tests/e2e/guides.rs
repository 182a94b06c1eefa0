//! The guides, where they need somebody else: configurations of Telegraf are run by a real one beside the real
//! `inputs.kubernetes`, and pins and requests are made by the real `openssl`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use test_kubelet::{Options, Serving, TestKubelet};

use crate::stage::Stage;
use crate::support::check::check;
use crate::support::database::Database as _;
use crate::support::page::{self, Block, rows, spans};
use crate::support::plugin::{block, program};
use crate::telegraf::Telegraf;

/// The block of the migration guide, with this machine's places in those of the guide.
fn side_by_side(stage: &Stage) -> String {
    let page = page::guide("migrating-from-inputs.kubernetes.md");
    let marked = |block: &Block| block.marker.as_deref() == Some("telegraf: side by side");
    let text = page.blocks().into_iter().find(marked).expect("the block").text;
    let files = stage.kubelet.files();
    let ours = stage.write("kubelet.conf", &block(&stage.kubelet));
    let url = "  url = \"https://${NODE_IP}:10250\"\n";
    // Its token is where a pod has it, unless told otherwise.
    let with_token = format!(
        "  url = \"{}\"\n  bearer_token = \"{}\"\n",
        stage.kubelet.url(),
        files.proxy_token.display()
    );
    let mut replaced = text;
    for (there, here) in [
        (url, with_token.as_str()),
        (
            "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
            files.ca.to_str().expect("UTF-8"),
        ),
        ("/usr/local/bin/telegraf-kubelet", program().as_str()),
        (
            "/etc/telegraf-kubelet/kubelet.conf",
            ours.to_str().expect("UTF-8"),
        ),
        ("http://influxdb:8086", &stage.influx.url()),
    ] {
        assert!(replaced.contains(there), "{there}");
        replaced = replaced.replace(there, here);
    }
    replaced
}

fn run(stage: &Stage, config: &str) {
    let config = stage.write("telegraf.conf", config);
    let telegraf = Telegraf {
        dir: config.parent().expect("a directory").to_owned(),
        configs: vec![config],
        environment: Vec::new(),
    };
    telegraf.run("--once").assert_quiet(&[]);
}

/// Tags and fields that a database has, by measurement.
fn names(stage: &Stage, database: &str) -> BTreeMap<String, [BTreeSet<String>; 2]> {
    let mut names: BTreeMap<String, [BTreeSet<String>; 2]> = BTreeMap::new();
    for ((measurement, tags, field), _) in stage.influx.points(database).into_values().flatten() {
        let [known_tags, fields] = names.entry(measurement).or_default();
        known_tags.extend(tags.into_keys().filter(|tag| tag != "host"));
        fields.insert(field);
    }
    names
}

#[test]
fn the_migration_runs_side_by_side_and_its_names_are_theirs() {
    let stage = Stage::new();
    run(&stage, &side_by_side(&stage));
    let (theirs, ours) = (names(&stage, "telegraf"), names(&stage, "telegraf_kubelet"));
    assert!(ours.contains_key("kubelet_scrape") && !theirs.contains_key("kubelet_scrape"));

    let page = page::guide("migrating-from-inputs.kubernetes.md");
    let mut table = BTreeMap::new();
    for row in rows(
        &page.text,
        "<!-- names: checked against inputs.kubernetes by a test -->\n\n",
    ) {
        let measurement = spans(row[0])[0].to_owned();
        let names =
            |cell: usize| -> BTreeSet<String> { spans(row[cell]).into_iter().map(str::to_owned).collect() };
        let (tags, fields) = (names(1), names(2));
        // These two come from /pods, and the guide says that they have to be asked for.
        let asked_for = ["image", "version"].map(str::to_owned);
        let [mut their_tags, their_fields] = theirs[&measurement].clone();
        their_tags.retain(|tag| !asked_for.contains(tag));
        assert_eq!([&tags, &fields], [&their_tags, &their_fields], "{measurement}");

        let [our_tags, our_fields] = &ours[&measurement];
        assert!(tags.is_subset(our_tags), "{measurement}: {our_tags:?}");
        // What the kubelet does not report is not there, and the guide says so of this one.
        let absent = |field: &String| measurement == "kubernetes_system_container" && field.contains("fs_");
        let missing: Vec<_> = fields
            .difference(our_fields)
            .filter(|field| !absent(field))
            .collect();
        assert!(missing.is_empty(), "{measurement}: {missing:?}");
        table.insert(measurement, fields);
    }
    assert!(
        table.keys().eq(theirs.keys()),
        "all that inputs.kubernetes writes is in the table"
    );
}

/// The other way that the guide mentions: one database, and other names.
#[test]
fn the_migration_runs_in_one_database_with_a_prefix() {
    let stage = Stage::new();
    let text = side_by_side(&stage);
    let (text, _) = text
        .split_once("  [outputs.influxdb.tagdrop]")
        .expect("two outputs");
    let tag = "  [inputs.execd.tags]\n    trial = \"yes\"\n";
    assert!(text.contains(tag));
    run(&stage, &text.replace(tag, "  name_prefix = \"new_\"\n"));
    let names = names(&stage, "telegraf");
    for measurement in ["kubernetes_node", "new_kubernetes_node", "new_kubelet_scrape"] {
        assert!(names.contains_key(measurement), "{:?}", names.keys());
    }
    assert!(!names.contains_key("kubelet_scrape"));
}

/// Each block for Telegraf that a page shows is one that it runs.
#[test]
fn blocks_for_telegraf_run() {
    let mut ran = 0;
    for page in page::all() {
        for block in page.of_language("toml") {
            if !block.text.contains("[[inputs.execd]]") || block.marker.is_some() {
                continue;
            }
            let stage = Stage::new();
            let ours = stage.write("kubelet.conf", &crate::support::plugin::block(&stage.kubelet));
            let program = format!("\"{}\"", program());
            let with_config = format!("{program}, \"-config\", \"{}\"", ours.display());
            let text = block
                .text
                .replace(", \"-config\", \"/etc/telegraf-kubelet/kubelet.conf\"", "")
                .replace("\"/usr/local/bin/telegraf-kubelet\"", &with_config);
            assert!(text.contains(&program), "{}: {text}", page.name());
            let config = stage.write("telegraf.conf", &text);
            let telegraf = Telegraf {
                dir: config.parent().expect("a directory").to_owned(),
                configs: vec![config],
                environment: Vec::new(),
            };
            let ended = telegraf.run("--test");
            ended.assert_quiet(&[]);
            assert!(
                ended.stdout.contains("result=success"),
                "{}: {}",
                page.name(),
                ended.log
            );
            ran += 1;
        }
    }
    assert!(ran >= 2, "{ran}");
}

/// What a piece of shell prints, without the line's end.
fn shell(script: &str) -> String {
    let output = Command::new("sh")
        .args(["-euc", script])
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim_end()
        .to_owned()
}

/// The pin that the guide's command reads from the node's file is the one that a check tells of the connection.
#[test]
fn pins_are_made_as_the_guide_says() {
    let page = page::guide("serving-certificates.md");
    let makes_pins = |block: &Block| block.text.contains("dgst -sha256 -binary");
    let command = page
        .of_language("sh")
        .into_iter()
        .find(makes_pins)
        .expect("the command")
        .text;
    let there = "/var/lib/kubelet/pki/kubelet.crt";
    assert!(command.contains(there), "{command}");
    for serving in [Serving::SelfSigned, Serving::OpensslLeaf] {
        let kubelet = TestKubelet::start(Options {
            serving,
            ..Options::default()
        });
        let files = kubelet.files();
        let pin = shell(&command.replace(there, files.ca.to_str().expect("UTF-8")));
        let config = format!(
            "[[inputs.kubelet]]\n  url = \"{}\"\n  bearer_token = \"{}\"\n  tls_pin_sha256 = \"{pin}\"\n",
            kubelet.url(),
            files.token.display()
        );
        let checked = check(&kubelet, &config, &[]);
        assert_eq!(checked.code, 0, "{}", checked.text);
    }
}

/// Key and request are made as the guide says, for the user whom its binding names.
#[test]
fn requests_are_made_as_the_guide_says() {
    let page = page::guide("client-certificate-in-the-cluster.md");
    let makes_requests = |block: &Block| block.text.contains("openssl req -new");
    let block = page
        .of_language("sh")
        .into_iter()
        .find(makes_requests)
        .expect("the commands")
        .text;
    let (commands, _) = block.split_once("\n\n").expect("what follows needs a cluster");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let subject = shell(&format!(
        "cd {}\n{commands}\nopenssl req -in telegraf-kubelet.csr -noout -verify -subject\nstat -c %a telegraf-kubelet.key",
        dir.path().display()
    ));
    assert_eq!(subject.replace(' ', ""), "subject=CN=telegraf-kubelet\n600");
    assert!(
        page.text
            .contains("  - kind: User\n    name: \"telegraf-kubelet\"\n")
    );
}
