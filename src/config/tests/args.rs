//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;

use crate::config::{Args, ArgsError, CheckArgs, Invocation, Polling, Show, parse_args};

fn parse(line: &[&str]) -> Result<Invocation, ArgsError> {
    parse_args(line.iter().map(OsString::from))
}

fn run(config: Option<&str>, polling: Polling, log_level: Option<LevelFilter>) -> Invocation {
    Invocation::Run(Args {
        config: config.map(PathBuf::from),
        polling,
        log_level,
    })
}

#[test]
fn reads_flags_as_go_does() {
    use Polling::{AsConfigured, Disabled, Every};
    let ten = Every(Duration::from_secs(10));
    for (line, want) in [
        (vec![], run(None, AsConfigured, None)),
        (
            vec!["-config", "a b.conf"],
            run(Some("a b.conf"), AsConfigured, None),
        ),
        (vec!["--config", "x"], run(Some("x"), AsConfigured, None)),
        (vec!["-config=x=y"], run(Some("x=y"), AsConfigured, None)),
        (
            vec!["--config=x", "-config", "y"],
            run(Some("y"), AsConfigured, None),
        ),
        (vec!["-config", "-x"], run(Some("-x"), AsConfigured, None)),
        (vec!["-poll_interval", "10s"], run(None, ten, None)),
        (vec!["--poll_interval=10s"], run(None, ten, None)),
        (vec!["-poll_interval_disabled"], run(None, Disabled, None)),
        (
            vec!["-poll_interval_disabled=true", "-poll_interval=10s"],
            run(None, Disabled, None),
        ),
        (
            vec!["-poll_interval_disabled=false", "-poll_interval=10s"],
            run(None, ten, None),
        ),
        (
            vec!["-log_level", "debug"],
            run(None, AsConfigured, Some(LevelFilter::Debug)),
        ),
        (vec!["-config=x", "--"], run(Some("x"), AsConfigured, None)),
        (vec!["--help"], Invocation::Help),
        (vec!["-h"], Invocation::Help),
        (vec!["-config", "x", "--version"], Invocation::Version),
        (vec!["--sample-config"], Invocation::SampleConfig),
        (vec!["install", "/x"], Invocation::Install("/x".into())),
    ] {
        assert_eq!(parse(&line), Ok(want), "{line:?}");
    }
}

#[test]
fn refuses_the_rest_with_a_mend() {
    for (line, want) in [
        (vec!["-confg", "x"], "-confg: unknown flag; see --help"),
        (vec!["-eyJhbGciOi"], "unknown flag; see --help"),
        (vec!["-x=eyJhbGciOi"], "-x: unknown flag; see --help"),
        (
            vec!["x"],
            "an argument that is no flag; take it out, or see --help",
        ),
        (
            vec!["-"],
            "an argument that is no flag; take it out, or see --help",
        ),
        (
            vec!["---config"],
            "an argument that is no flag; take it out, or see --help",
        ),
        (
            vec!["-config=x", "--", "y"],
            "an argument that is no flag; take it out, or see --help",
        ),
        (
            vec!["-poll_interval_disabled", "true"],
            "an argument that is no flag; take it out, or see --help",
        ),
        (
            vec!["install"],
            "install: takes the copy's path and nothing else, like /plugin/telegraf-kubelet",
        ),
        (
            vec!["install", "--help"],
            "install: takes the copy's path and nothing else, like /plugin/telegraf-kubelet",
        ),
        (
            vec!["install", "/x", "/y"],
            "install: takes the copy's path and nothing else, like /plugin/telegraf-kubelet",
        ),
        (
            vec!["-log_level=info", "install"],
            "an argument that is no flag; take it out, or see --help",
        ),
        (vec!["-config"], "-config: has no value; see --help"),
        (vec!["-config="], "-config: has no value; see --help"),
        (
            vec!["-config", "eyJhbGciOi"],
            "-config: a token or a key itself; write it into a file of its own, and give the path of the configuration",
        ),
        (vec!["--version=1"], "-version: takes no value; write it alone"),
        (
            vec!["-poll_interval", "soon"],
            r#"-poll_interval: not a duration; write it as "5s", "500ms" or "1m30s""#,
        ),
        (
            vec!["-poll_interval", "0s"],
            "-poll_interval: must be more than zero; leave it out where Telegraf prompts",
        ),
        (
            vec!["-poll_interval_disabled=maybe"],
            r#"-poll_interval_disabled: not one of its words; write one of "true", "false""#,
        ),
        (
            vec!["-log_level", "off"],
            r#"-log_level: not one of its words; write one of "error", "warn", "info", "debug", "trace""#,
        ),
    ] {
        let error = parse(&line).expect_err(&format!("{line:?}"));
        assert_eq!(error.to_string(), want, "{line:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_utf8_is_taken_as_an_argument_of_its_own() {
    use std::os::unix::ffi::OsStringExt;
    let path = OsString::from_vec(vec![b'/', 0xff]);
    let line = ["-config".into(), path.clone()];
    let want = Args {
        config: Some(path.into()),
        ..Args::default()
    };
    assert_eq!(parse_args(line.into_iter()), Ok(Invocation::Run(want)));
    let joined = OsString::from_vec(b"-config=\xff".to_vec());
    assert_eq!(parse_args(std::iter::once(joined)), Err(ArgsError::NotUtf8));
}

#[test]
fn a_check_takes_the_same_flags_and_two_more() {
    let check = |line: &[&str], show: Show| {
        let run = Args {
            config: line
                .iter()
                .any(|arg| arg.ends_with('x'))
                .then(|| PathBuf::from("x")),
            ..Args::default()
        };
        assert_eq!(
            parse(line),
            Ok(Invocation::Check(CheckArgs { run, show })),
            "{line:?}"
        );
    };
    check(&["check"], Show::Text);
    check(&["check", "-config", "x"], Show::Text);
    check(&["check", "--config=x", "--json"], Show::Json);
    check(&["check", "--print-rbac", "-config", "x"], Show::Rbac);
    assert_eq!(parse(&["check", "--help"]), Ok(Invocation::Help));
    for (line, want) in [
        (&["--json"][..], "-json: unknown flag; see --help"),
        (&["check", "--json=yes"], "-json: takes no value; write it alone"),
        (
            &["-config", "x", "check"],
            "an argument that is no flag; take it out, or see --help",
        ),
    ] {
        assert_eq!(parse(line).unwrap_err().to_string(), want);
    }
}
