//! Nobody in particular is given a right: what is bound to `system:anonymous` is everybody's who reaches a kubelet. No
//! log line, no fix of a check, no guide and no manifest does, or says that one should.

mod support;

use std::path::Path;
use std::process::Stdio;

use support::check::{check, of_check};
use support::page;
use support::scrape::{once, with_certificate, with_token};
use test_kubelet::{ClientSpec, Options, TestKubelet};

/// Who shows nothing, and the group of all who do.
const NOBODY: [&str; 2] = ["system:anonymous", "system:unauthenticated"];

/// A place where this text gives them a right: as a subject, or by one of kubectl's flags.
fn given(text: &str) -> Option<&str> {
    let before = [
        "name: ",
        "name: \"",
        "name: \\\"",
        "--user=",
        "--user ",
        "--group=",
        "--group ",
    ];
    let names = NOBODY.map(|nobody| before.map(|before| format!("{before}{nobody}")));
    let at = names
        .iter()
        .flatten()
        .find_map(|words| text.find(words.as_str()))?;
    text[at..].lines().next()
}

/// A kubelet that looks at nothing which is shown, and lets nobody in particular in as far as to rights.
fn careless() -> TestKubelet {
    TestKubelet::start(Options {
        anonymous: true,
        webhook: false,
        client_ca: false,
        ..Options::default()
    })
}

#[test]
fn a_refusal_of_nobody_is_no_reason_for_a_right() {
    let kubelet = careless();
    let files = kubelet.files();
    for (config, setting) in [
        (with_token(&kubelet, &files.token), "webhook"),
        (
            with_certificate(&kubelet, &files.client_cert, &files.client_key),
            "clientCAFile",
        ),
    ] {
        let log = once(&kubelet, &config).stderr.join("\n");
        let checked = check(&kubelet, &config, &[]);
        assert!(checked.said().contains("\"anonymous\""), "{}", checked.text);
        for said in [&log, &checked.text, &checked.said()] {
            assert!(said.contains("system:anonymous"), "{said}");
            assert!(said.contains(setting) && said.contains("never g"), "{said}");
            assert!(
                !said.contains("ClusterRole") && !said.contains("bound to"),
                "{said}"
            );
            assert_eq!(given(said), None);
        }
    }
}

/// Where a certificate says that it is nobody's, that is no name to bind.
#[test]
fn a_certificate_of_nobody_gets_no_right() {
    let kubelet = TestKubelet::start(Options::default());
    let (cert, key) = kubelet.issue_client_certificate(&ClientSpec {
        common_name: "system:anonymous".to_owned(),
        ..ClientSpec::default()
    });
    let pair = kubelet.files().dir.join("nobody.key");
    std::fs::write(&pair, key + &cert).unwrap();
    let config = with_certificate(&kubelet, &pair, &pair);
    let dir = tempfile::tempdir().unwrap();
    let printed = of_check(dir.path(), &config)
        .arg("--print-rbac")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let checked = check(&kubelet, &config, &[]);
    assert_eq!(checked.code, 2, "{}", checked.text);
    for said in [&printed, &checked.text, &checked.said()] {
        assert!(!said.contains("ClusterRoleBinding"), "{said}");
        assert_eq!(given(said), None);
    }
}

#[test]
fn no_page_and_no_manifest_gives_one() {
    for page in page::all() {
        assert_eq!(given(&page.text), None, "{}", page.name());
    }
    let mut seen = 0;
    for dir in ["telegraf", "packages"] {
        every_file(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(dir),
            &mut |path, text| {
                assert_eq!(given(text), None, "{}", path.display());
                seen += 1;
            },
        );
    }
    assert!(seen > 30, "{seen}");
}

/// What is text, below a directory.
fn every_file(dir: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_file(&path, look);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            look(&path, &text);
        }
    }
}

#[test]
fn what_gives_one_is_found() {
    for text in [
        "subjects:\n  - kind: User\n    name: system:anonymous\n",
        "    name: \"system:unauthenticated\"\n",
        "kubectl create clusterrolebinding a --clusterrole=b --group=system:unauthenticated",
    ] {
        assert!(given(text).is_some(), "{text}");
    }
    assert_eq!(given("403 for system:anonymous"), None);
}
