//! Whole files and flags to whole configurations.

mod args;
mod errors;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
use proptest::prelude::*;

use super::load::from_source;
use super::options::{self, Info, Sample};
use super::raw::Source;
use super::{Args, Config, ConfigError, Kubelet, Polling, Ticking, load, sample_config};
use crate::client::{Anchors, Credential, Scheme, Settings, Target, Trust};
use crate::execd::Destination;
use crate::kubelet::Question;
use crate::redact::Secrets;

/// What would be a disaster in a log.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2lnbmF0dXJl";

fn env(name: &str) -> Option<String> {
    match name {
        "NODE_IP" => Some("10.0.0.1".to_owned()),
        "DIR" => Some("/etc/k".to_owned()),
        "SIX" => Some("fd00::1".to_owned()),
        "TOKEN" => Some(TOKEN.to_owned()),
        "EMPTY" => Some(String::new()),
        "KUBERNETES_SERVICE_HOST" => Some("10.96.0.1".to_owned()),
        "POD_NAMESPACE" => Some("monitoring-too".to_owned()),
        _ => None,
    }
}

fn read_with(text: &str, args: &Args) -> Result<Config, ConfigError> {
    from_source(
        &Source {
            path: Path::new("kubelet.conf"),
            text,
        },
        args,
        &env,
    )
}

fn as_run() -> Args {
    Args {
        config: Some("kubelet.conf".into()),
        ..Args::default()
    }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    read_with(text, &as_run())
}

fn block(options: &str) -> Result<Config, ConfigError> {
    read(&format!("[[inputs.kubelet]]\n{options}"))
}

fn kubelet(options: &str) -> Kubelet {
    block(options)
        .unwrap_or_else(|error| panic!("{options}: {error}"))
        .kubelets
        .remove(0)
}

fn in_cluster() -> Kubelet {
    Kubelet {
        target: Target {
            url: super::url::parse("https://10.0.0.1:10250").expect("valid"),
            server_name: None,
            common_name: None,
        },
        client: Arc::new(Settings {
            credential: Credential::BearerToken {
                file: "/var/run/secrets/kubernetes.io/serviceaccount/token".into(),
            },
            trust: Trust {
                anchors: Anchors::InPodOrSystem,
                tls13_only: false,
            },
            response_timeout: Duration::from_secs(5),
            max_response: 64 * 1024 * 1024,
        }),
        question: Question::Everything,
        metadata: None,
        lines: Arc::default(),
    }
}

#[test]
fn everything_left_out_is_the_in_cluster_default() {
    let want = Config {
        kubelets: vec![in_cluster()],
        clusters: Vec::new(),
        sharing: None,
        ticking: Ticking::Prompted,
        output: Destination::Stdout,
        max_concurrent: 64,
        log_level: LevelFilter::Info,
    };
    assert_eq!(block("").expect("all options have defaults"), want);
    assert_eq!(load(&Args::default(), &env).expect("no file is needed"), want);
}

#[test]
fn the_node_address_comes_from_either_variable_and_either_family() {
    for (variables, want) in [
        (vec![("NODE_IP", "fd00::1")], "https://[fd00::1]:10250"),
        (vec![("HOSTIP", "10.0.0.2")], "https://10.0.0.2:10250"),
        (
            vec![("NODE_IP", ""), ("HOSTIP", "10.0.0.2")],
            "https://10.0.0.2:10250",
        ),
        (
            vec![("NODE_IP", "10.0.0.1"), ("HOSTIP", "10.0.0.2")],
            "https://10.0.0.1:10250",
        ),
    ] {
        let env = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, ip)| (*ip).to_owned())
        };
        let config = load(&Args::default(), &env).expect("an address is set");
        assert_eq!(config.kubelets[0].target.url.to_string(), want);
    }
    let error = load(&Args::default(), &|_| None).expect_err("no address");
    assert_eq!(
        error.to_string(),
        "no kubelet's address: neither url nor $NODE_IP nor $HOSTIP is set; set NODE_IP from status.hostIP \
         by the downward API, or write a config with url and pass it by -config"
    );
    let error = load(&Args::default(), &|_| Some("10.0.0.1:10250".to_owned())).expect_err("not an address");
    assert_eq!(
        error.to_string(),
        "$NODE_IP is no address or name of a node; set it from status.hostIP by the downward API, \
         or write url into the config"
    );
}

#[test]
fn each_option_arrives() {
    let certificate = |cert: &str, key: &str| Credential::ClientCertificate {
        cert: cert.into(),
        key: key.into(),
    };
    assert_eq!(
        kubelet("tls_cert = '/c'\ntls_key = '/k'").client.credential,
        certificate("/c", "/k")
    );
    assert_eq!(
        kubelet("tls_cert = '/c'").client.credential,
        certificate("/c", "/c")
    );
    assert_eq!(
        kubelet("bearer_token = '$DIR/token'").client.credential,
        Credential::BearerToken {
            file: "/etc/k/token".into()
        }
    );
    let files = |paths: &[&str]| Anchors::Files(paths.iter().map(PathBuf::from).collect());
    assert_eq!(kubelet("tls_ca = '/a'").client.trust.anchors, files(&["/a"]));
    assert_eq!(
        kubelet("tls_ca = ['${DIR}/a', './b']").client.trust.anchors,
        files(&["/etc/k/a", "./b"])
    );
    assert_eq!(
        kubelet("insecure_skip_verify = true").client.trust.anchors,
        Anchors::Unverified
    );
    assert_eq!(
        kubelet("tls_server_name = 'node-1'")
            .target
            .server_name
            .as_deref(),
        Some("node-1")
    );
    assert!(kubelet("tls_min_version = 'TLS13'").client.trust.tls13_only);
    assert_eq!(
        kubelet("node_metric_name = 'node, one'").lines.node_metric_name,
        "node, one"
    );
    for (written, millis) in [
        ("'500ms'", 500),
        ("3", 3_000),
        ("1_0", 10_000),
        ("0x10", 16_000),
        ("1.5e-1", 150),
    ] {
        let timeout = kubelet(&format!("response_timeout = {written}"))
            .client
            .response_timeout;
        assert_eq!(timeout, Duration::from_millis(millis), "{written}");
    }
    let plain = kubelet("url = 'http://127.0.0.1'\ninsecure_skip_verify = false");
    assert_eq!(
        (plain.target.url.scheme, plain.target.url.port.get()),
        (Scheme::Http, 10255)
    );
    assert_eq!(plain.client.credential, Credential::None);
    let two = read("[[inputs.kubelet]]\nurl='https://a'\n[[inputs.kubelet]]\nurl='https://b'").expect("two");
    assert_eq!(
        two.kubelets
            .iter()
            .map(|kubelet| kubelet.target.url.host.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn flags_win_over_the_file() {
    let polled = |polling| Args { polling, ..as_run() };
    let text = "[[inputs.kubelet]]\ninterval = '10s'\nlog_level = 'warn'";
    let ticking = |args: &Args| read_with(text, args).expect("valid").ticking;
    assert_eq!(ticking(&as_run()), Ticking::Every(Duration::from_secs(10)));
    assert_eq!(
        ticking(&polled(Polling::Every(Duration::from_secs(60)))),
        Ticking::Every(Duration::from_secs(60))
    );
    assert_eq!(ticking(&polled(Polling::Disabled)), Ticking::Prompted);
    let level = |log_level| {
        read_with(
            text,
            &Args {
                log_level,
                ..as_run()
            },
        )
        .expect("valid")
        .log_level
    };
    assert_eq!(level(None), LevelFilter::Warn);
    assert_eq!(level(Some(LevelFilter::Debug)), LevelFilter::Debug);
}

#[test]
fn a_socket_takes_ticks_of_ones_own_from_the_file_or_a_flag() {
    let socket = |buffer| Destination::Socket {
        path: "/run/t.sock".into(),
        buffer,
    };
    let config = block("interval = '10s'\noutput = 'unixgram:///run/t.sock'").expect("valid");
    assert_eq!(config.output, socket(8 * 1024 * 1024));
    let args = Args {
        polling: Polling::Every(Duration::from_secs(10)),
        ..as_run()
    };
    for (written, bytes) in [
        ("'64KiB'", 65_536),
        ("'3MB'", 3_000_000),
        ("0x10_0000", 1_048_576),
    ] {
        let text =
            format!("[[inputs.kubelet]]\noutput = 'unixgram://$RUN/t.sock'\noutput_buffer = {written}");
        let env = |name: &str| (name == "RUN").then(|| "/run".to_owned()).or_else(|| env(name));
        let source = Source {
            path: Path::new("kubelet.conf"),
            text: &text,
        };
        let config = from_source(&source, &args, &env).expect("valid");
        assert_eq!(config.output, socket(bytes), "{written}");
    }
}

#[test]
fn the_largest_answer() {
    assert_eq!(kubelet("max_response = '1GiB'").client.max_response, 1 << 30);
    assert_eq!(kubelet("max_response = 65536").client.max_response, 65_536);
}

#[test]
fn a_deadline_that_is_left_out_stays_below_the_interval() {
    for (interval, millis) in [("'1s'", 800), ("'6s'", 4_800), ("'10s'", 5_000)] {
        let timeout = kubelet(&format!("interval = {interval}")).client.response_timeout;
        assert_eq!(timeout, Duration::from_millis(millis), "{interval}");
    }
    assert_eq!(
        kubelet("interval = '1ns'").client.response_timeout,
        Duration::from_nanos(1)
    );
    // Without own ticks there is no interval to stay below.
    let args = Args {
        polling: Polling::Disabled,
        ..as_run()
    };
    let config = read_with(
        "[[inputs.kubelet]]\ninterval = '1s'\nresponse_timeout = '9s'",
        &args,
    );
    assert_eq!(
        config.expect("valid").kubelets[0].client.response_timeout,
        Duration::from_secs(9)
    );
}

#[test]
fn the_sample_is_valid_and_its_commented_defaults_are_the_defaults() {
    let sample = sample_config();
    assert_eq!(read(&sample).expect("the sample"), block("").expect("nothing"));
    for info in options::ALL {
        let line = format!("{} = {}", info.key, info.sample.toml());
        let beside = beside(info);
        let config = block(&format!("{beside}{line}"));
        let without = || block(beside).expect("nothing");
        match info.sample {
            Sample::Default(_) => assert_eq!(config.expect(&line), without(), "{line}"),
            // A key alone is a contradiction, and rightly so.
            Sample::Example(_) if info.key == "tls_key" => assert!(config.is_err()),
            Sample::Example(_) => assert_ne!(config.expect(&line), without(), "{line}"),
        }
    }
}

/// What an option has to stand beside.
fn beside(info: &Info) -> &'static str {
    match info.key {
        "shard_group" | "lease_duration" | "lease_namespace" => "discover = 'nodes'\nshards = 'leases'\n",
        "api_server" | "tls_verify_node" | "shards" => "discover = 'nodes'\n",
        key if key.starts_with("node_") && key != "node_metric_name" => "discover = 'nodes'\n",
        _ => "",
    }
}

/// As in `inputs.kubernetes`, but that an include list alone is enough.
#[test]
fn labels_are_wanted_as_in_telegraf() {
    let wants = |text: &str, key: &str| {
        let config = block(text).expect(text);
        let kubelet = &config.kubelets[0];
        let labels = kubelet.lines.metadata.labels.clone();
        assert_eq!(kubelet.metadata.is_some(), labels.is_some(), "{text}");
        labels.is_some_and(|labels| labels.lets_through(key))
    };
    for (text, app, team) in [
        ("", false, false),
        ("label_exclude = ['*']", false, false),
        ("label_include = ['a*']", true, false),
        ("label_include = ['a*']\nlabel_exclude = ['*']", true, false),
        ("label_include = ['*']\nlabel_exclude = ['team']", true, false),
        ("label_include = ['app']\nlabel_exclude = ['app']", false, false),
        ("label_exclude = []", true, true),
        ("label_exclude = ['team']", true, false),
        ("label_include = ['app.kubernetes.io/*', 'team']", false, true),
    ] {
        assert_eq!((wants(text, "app"), wants(text, "team")), (app, team), "{text}");
    }
    let config = block("metadata = ['status', 'qos']\nmetadata_interval = '1m'").expect("valid");
    assert_eq!(config.kubelets[0].metadata, Some(Duration::from_secs(60)));
    assert_eq!(
        block("metadata_interval = '1m'").expect("valid").kubelets[0].metadata,
        None
    );
}

/// One that was only listed would be taken and do nothing.
#[test]
fn each_option_is_read() {
    for info in options::ALL {
        let line = format!("{} = {{}}", info.key);
        let error = block(&line).expect_err(&line).to_string();
        assert!(error.contains(info.key), "{line}: {error}");
    }
}

#[test]
fn a_file_that_can_not_be_read_says_why() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let load_from = |path: &Path| {
        load(
            &Args {
                config: Some(path.to_owned()),
                ..Args::default()
            },
            &env,
        )
    };

    let missing = directory.path().join("none.conf");
    let error = load_from(&missing).expect_err("no such file").to_string();
    assert!(error.starts_with(&format!("{}: ", missing.display())), "{error}");
    assert!(
        error.ends_with("; correct -config in the execd block's command"),
        "{error}"
    );

    let error = load_from(directory.path()).expect_err("a directory").to_string();
    assert!(
        error.ends_with(": is a directory; name the file in it"),
        "{error}"
    );

    let latin = directory.path().join("latin.conf");
    std::fs::write(&latin, b"[[inputs.kubelet]]\n# caf\xe9\n").expect("written");
    let error = load_from(&latin).expect_err("not UTF-8").to_string();
    assert_eq!(
        error,
        format!("{}:2:6: not UTF-8; save the file as UTF-8", latin.display())
    );

    let good = directory.path().join("good.conf");
    std::fs::write(
        &good,
        "\u{feff}[[inputs.kubelet]]\r\n  url = \"https://node-1\"\r\n",
    )
    .expect("written");
    assert_eq!(
        load_from(&good).expect("valid").kubelets[0].target.url.host,
        "node-1"
    );
}

proptest! {
    #[test]
    fn no_file_panics_and_each_error_is_one_line(lines in prop::collection::vec(line(), 0..8)) {
        if let Err(error) = read(&lines.join("\n")) {
            prop_assert!(!error.to_string().contains(char::is_control), "{:?}", error.to_string());
        }
    }
}

/// Not a whole one, so that it is a key, a value and a variable's name as well.
const SECRET: &str = "MHcCAQEEIBq7z9Vn2Yt5KxLd0RsJ4Gm8UcZ1hWfPeOaXo3bTy6";

proptest! {
    #[test]
    fn no_error_has_a_piece_of_a_secret(
        lines in prop::collection::vec(line(), 0..6),
        at in any::<prop::sample::Index>(),
        from in 0..SECRET.len() - 8,
        around in prop::sample::select(vec![["", ""], ["'", "'"], ["\"", "\""], ["$", ""], ["['$", "']"], ["[", "]"], [" = \"", ""]]),
    ) {
        let mut text = lines.join("\n");
        let places: Vec<_> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        text.insert_str(*at.get(&places), &around.join(&SECRET[from..]));
        let secrets = Secrets::default();
        secrets.learn(SECRET.as_bytes());
        let env = |_: &str| Some(SECRET.to_owned());
        if let Err(error) = super::read(Path::new("kubelet.conf"), text.as_bytes(), &as_run(), &env) {
            let said = format!("{error} {error:?}");
            prop_assert!(!secrets.redactor().finds(&said), "{}", said);
        }
    }
}

/// Lines that are close enough to a config to get past the parser.
fn line() -> impl Strategy<Value = String> {
    let key = prop::sample::select(options::ALL.iter().map(|info| info.key).collect::<Vec<_>>());
    let value = prop_oneof![
        r#""[$a-z0-9:/\[\].]{0,20}""#,
        r"-?[0-9]{1,25}(\.[0-9]{1,5})?",
        Just("true".to_owned()),
        Just("inf".to_owned()),
        Just("nan".to_owned()),
        Just("['a', \"$NODE_IP\"]".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("{ a = 1 }".to_owned()),
    ];
    prop_oneof![
        3 => Just("[[inputs.kubelet]]".to_owned()),
        6 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => r"\PC{0,30}",
        1 => any::<String>(),
    ]
}

#[test]
fn blocks_that_say_the_same_share_it() {
    let config = read(
        "[[inputs.kubelet]]\nurl = 'https://a'\n[[inputs.kubelet]]\nurl = 'https://b'\ntls_server_name = 'b'\n\
         [[inputs.kubelet]]\nurl = 'https://c'\ntls_cert = '/c'\n",
    );
    let kubelets = config.expect("valid").kubelets;
    assert!(Arc::ptr_eq(&kubelets[0].client, &kubelets[1].client));
    assert!(!Arc::ptr_eq(&kubelets[0].client, &kubelets[2].client));
    assert!(Arc::ptr_eq(&kubelets[0].lines, &kubelets[2].lines));
}
