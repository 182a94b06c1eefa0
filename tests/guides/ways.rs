//! The ways that the guides show: each configuration is taken as it stands there, with the test kubelet's files in the
//! place of its own, and checked.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use test_kubelet::{ClientSpec, Files, Options, Serving, TestKubelet};

use super::support::check::{Checked, check, of_check};
use super::support::page::{self, Block, Page};
use super::told::{masked, wrapped};

const NODE: &str = "node-1";

/// Where a pod finds what it has by default.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// A file that a guide names, the test kubelet's in its place, and its mode.
type Place = (&'static str, fn(&Files) -> &PathBuf, u32);

/// A way that a guide shows.
struct Way {
    name: &'static str,
    serving: Serving,
    /// The kubelet's address where the guide is read.
    address: &'static str,
    /// In a pod's volumes: then modes are nobody's business.
    in_pod: bool,
    places: &'static [Place],
    /// The warnings that it comes with.
    warnings: &'static [&'static str],
}

const IN_POD: Way = Way {
    name: "service-account",
    serving: Serving::CaIssued,
    address: "10.0.0.7",
    in_pod: true,
    places: &[
        (TOKEN, |files| &files.token, 0o640),
        (CA, |files| &files.ca, 0o644),
    ],
    warnings: &[],
};

const ON_NODE: Way = Way {
    name: "on-the-node",
    serving: Serving::CaIssuedNameOnly,
    address: "127.0.0.1",
    in_pod: false,
    places: &[
        (
            "/etc/telegraf-kubelet/client.crt",
            |files| &files.client_cert,
            0o644,
        ),
        (
            "/etc/telegraf-kubelet/client.key",
            |files| &files.client_key,
            0o640,
        ),
        ("/etc/kubernetes/pki/ca.crt", |files| &files.ca, 0o644),
    ],
    warnings: &[],
};

/// All of them; each has its block, and each block its way.
const WAYS: [Way; 11] = [
    IN_POD,
    Way {
        name: "kubelet-configuration",
        ..IN_POD
    },
    Way {
        name: "cluster-ca",
        ..IN_POD
    },
    Way {
        name: "migrated",
        ..IN_POD
    },
    Way {
        name: "in-the-cluster",
        places: &[
            (
                "/etc/telegraf-kubelet-client/tls.crt",
                |files| &files.client_cert,
                0o440,
            ),
            (
                "/etc/telegraf-kubelet-client/tls.key",
                |files| &files.client_key,
                0o440,
            ),
            ("/etc/telegraf-kubelet-ca/ca.crt", |files| &files.ca, 0o644),
        ],
        ..IN_POD
    },
    Way {
        name: "own-certificate",
        serving: Serving::SelfSigned,
        places: &[
            (TOKEN, |files| &files.token, 0o640),
            ("/etc/kubelet-certificate/kubelet.crt", |files| &files.ca, 0o644),
        ],
        ..IN_POD
    },
    Way {
        name: "pin",
        serving: Serving::OpensslLeaf,
        ..IN_POD
    },
    Way {
        name: "skip",
        serving: Serving::SelfSigned,
        warnings: &["unverified"],
        ..IN_POD
    },
    ON_NODE,
    Way {
        name: "on-the-node-self-signed",
        serving: Serving::SelfSigned,
        places: &[
            (
                "/etc/telegraf-kubelet/client.crt",
                |files| &files.client_cert,
                0o644,
            ),
            (
                "/etc/telegraf-kubelet/client.key",
                |files| &files.client_key,
                0o640,
            ),
            ("/var/lib/kubelet/pki/kubelet.crt", |files| &files.ca, 0o644),
        ],
        ..ON_NODE
    },
    Way {
        name: "kubelets-own",
        places: &[
            (
                "/var/lib/kubelet/pki/kubelet-client-current.pem",
                |files| &files.client_combined,
                0o600,
            ),
            ("/etc/kubernetes/pki/ca.crt", |files| &files.ca, 0o644),
        ],
        ..ON_NODE
    },
];

/// A way made ready: the kubelet, and the guide's configuration with the places of this machine.
struct Ready {
    kubelet: TestKubelet,
    config: String,
    /// What stands in the guide and what here.
    places: Vec<(&'static str, String)>,
    address: &'static str,
    /// Gone with this.
    _dir: TempDir,
}

impl Way {
    fn ready(&self, block: &Block) -> Ready {
        let kubelet = TestKubelet::start(Options {
            serving: self.serving,
            node_name: NODE.to_owned(),
            ..Options::default()
        });
        let dir = tempfile::tempdir().unwrap();
        let mut config = block.text.clone();
        add_defaults(&mut config);
        let mut places = Vec::new();
        for (at, (place, file, mode)) in self.places.iter().enumerate() {
            let Some(name) = Path::new(place).file_name().filter(|_| config.contains(place)) else {
                continue;
            };
            let volume = dir.path().join(at.to_string());
            fs::create_dir(&volume).unwrap();
            if self.in_pod {
                fs::create_dir(volume.join("..data")).unwrap();
            }
            let here = volume.join(name);
            fs::copy(file(kubelet.files()), &here).unwrap();
            fs::set_permissions(&here, Permissions::from_mode(*mode)).unwrap();
            let here = here.to_str().unwrap().to_owned();
            config = config.replace(place, &here);
            places.push((*place, here));
        }
        let config = with_url(&config, &kubelet.url());
        let config = with_pin(&config, &kubelet);
        Ready {
            kubelet,
            config,
            places,
            address: self.address,
            _dir: dir,
        }
    }
}

/// What the program finds in a pod where nothing is said. Its own paths are not this machine's to have.
fn add_defaults(config: &mut String) {
    let has = |config: &String, keys: &[&str]| {
        config
            .lines()
            .any(|line| keys.iter().any(|key| line.trim_start().starts_with(key)))
    };
    if !has(config, &["bearer_token", "tls_cert"]) {
        config.extend(["  bearer_token = \"", TOKEN, "\"\n"]);
    }
    if !has(config, &["tls_ca", "tls_pin_sha256", "insecure_skip_verify"]) {
        config.extend(["  tls_ca = \"", CA, "\"\n"]);
    }
}

fn with_url(config: &str, url: &str) -> String {
    let line = |line: &str| {
        if line.trim_start().starts_with("url =") {
            format!("  url = \"{url}\"\n")
        } else {
            format!("{line}\n")
        }
    };
    let replaced: String = config.lines().map(line).collect();
    assert!(replaced.contains(url), "a guide's block says its url: {config}");
    replaced
}

/// The pin in a list of one is the test kubelet's, which a check tells.
fn with_pin(config: &str, kubelet: &TestKubelet) -> String {
    let Some((before, rest)) = config.split_once("tls_pin_sha256 = [") else {
        return config.to_owned();
    };
    let after = rest.split_once(']').expect("the list's end").1;
    let without = format!("{before}{after}  insecure_skip_verify = true\n");
    let told = check(kubelet, &without, &[]).text;
    let pin = told
        .split("its key for tls_pin_sha256 is ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .expect("a pin");
    format!("{before}tls_pin_sha256 = [\"{pin}\"]{after}")
}

impl Ready {
    fn check(&self) -> Checked {
        check(&self.kubelet, &self.config, &[("NODE_NAME", NODE)])
    }

    /// What was said, as it would be where the guide is read.
    fn as_in_guide(&self, said: &str) -> String {
        let mut said = said.to_owned();
        for (place, here) in &self.places {
            said = said.replace(here, place);
        }
        let said = said
            .replace(", localhost, 127.0.0.1, ::1", ", 127.0.0.1")
            .replace(&self.kubelet.addr().to_string(), "127.0.0.1:10250")
            .replace("127.0.0.1", self.address);
        assert!(!said.contains("/tmp"), "a path of this machine: {said}");
        said
    }

    fn rights(&self) -> String {
        let dir = tempfile::tempdir().unwrap();
        let output = of_check(dir.path(), &self.config)
            .arg("--print-rbac")
            .env("NODE_NAME", NODE)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The block of a way and its page.
fn block_of(name: &str) -> (Page, Block) {
    let marker = format!("check: {name}");
    let of_page = |page: Page| {
        let block = page
            .blocks()
            .into_iter()
            .find(|block| block.marker.as_ref() == Some(&marker))?;
        Some((page, block))
    };
    page::guides()
        .into_iter()
        .find_map(of_page)
        .unwrap_or_else(|| panic!("no guide has {marker:?}"))
}

#[test]
fn each_configuration_is_all_green() {
    for way in &WAYS {
        let (page, block) = block_of(way.name);
        let ready = way.ready(&block);
        let checked = ready.check();
        let warnings: Vec<_> = checked
            .bad()
            .iter()
            .map(|[_, level, diagnosis]| (*level, *diagnosis))
            .collect();
        let want: Vec<_> = way
            .warnings
            .iter()
            .map(|diagnosis| ("warning", *diagnosis))
            .collect();
        assert_eq!(warnings, want, "{}: {}", way.name, checked.text);
        assert_eq!(checked.code, i32::from(!want.is_empty()), "{}", checked.text);

        let marker = format!("output: {}", way.name);
        if page.text.contains(&marker) {
            let said = wrapped(&ready.as_in_guide(&checked.text));
            page::holds(&page, &marker, &said, |found, expected| {
                masked(found) == masked(expected)
            });
        }
        let marker = format!("rights: {}", way.name);
        if page.text.contains(&marker) {
            page::holds(&page, &marker, &ready.rights(), |found, expected| {
                found == expected
            });
        }
    }
}

/// Every block has its way, so that none is left unchecked, and every guide about identity or trust ends with a check.
#[test]
fn every_configuration_is_among_them() {
    let known: BTreeSet<_> = WAYS.iter().map(|way| format!("check: {}", way.name)).collect();
    for page in page::guides() {
        for block in page.of_language("toml") {
            if block.text.contains("[[inputs.kubelet]]") {
                let marker = block.marker.unwrap_or_default();
                let elsewhere = marker == "loads";
                assert!(
                    known.contains(&marker) || elsewhere,
                    "{}: {}",
                    page.name(),
                    block.text
                );
            }
        }
        let shows = page
            .blocks()
            .iter()
            .any(|block| block.marker.as_ref().is_some_and(|marker| known.contains(marker)));
        if shows {
            let last = page.blocks().pop().expect("a block");
            let marker = last.marker.unwrap_or_default();
            assert!(
                marker.starts_with("output: "),
                "{} ends with something else",
                page.name()
            );
            assert!(last.text.ends_with("warnings: 0, failures: 0\n"), "{}", last.text);
        }
    }
}

/// What the guide says of the kubelet's own certificate: by default it is known, and not allowed.
#[test]
fn the_kubelets_own_certificate_is_forbidden_by_default() {
    let (_, block) = block_of("kubelets-own");
    let way = WAYS.iter().find(|way| way.name == "kubelets-own").unwrap();
    let ready = way.ready(&block);
    let (cert, key) = ready.kubelet.issue_client_certificate(&ClientSpec {
        common_name: format!("system:node:{NODE}"),
        organizations: vec!["system:nodes".to_owned()],
        ..ClientSpec::default()
    });
    fs::write(&ready.places[0].1, cert + &key).unwrap();
    let checked = ready.check();
    assert_eq!(
        checked.bad(),
        [["authorization", "failure", "forbidden"]],
        "{}",
        checked.text
    );
}
