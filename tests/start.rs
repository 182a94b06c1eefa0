//! The start from outside: flags, configurations, and what is meant without any.

mod support;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use support::plugin::{PATIENCE, Plugin, bare, block, command};
use test_kubelet::{GeneratorOptions, Options, TestKubelet};

#[test]
fn a_wrong_configuration_is_one_line_and_exit_1() {
    let dir = tempfile::tempdir().unwrap();
    for (config, said) in [
        (
            "[[inputs.kubelet]]\n  uri = \"https://n\"\n",
            "kubelet.conf:2: uri: unknown option; did you mean url?",
        ),
        (
            "[[inputs.kubelet]]\n  url = \"https://n\"\n  bearer_token = \"/t\"\n  tls_cert = \"/c\"\n",
            "kubelet.conf:4: tls_cert: contradicts bearer_token",
        ),
        (
            "[[inputs.kubelet]]\n  url = \"https://n\"\n  tls_key = \"/k\"\n",
            "kubelet.conf:3: tls_key",
        ),
        (
            "[[inputs.kubelet]]\n  url = \"http://n\"\n  bearer_token = \"/t\"\n",
            "kubelet.conf:3: bearer_token",
        ),
        (
            "[[inputs.kubelet]]\n  url = \"https://$NOT_SET_ANYWHERE\"\n",
            "NOT_SET_ANYWHERE",
        ),
        ("[[inputs.kubelet]]\n  response_timeout = 5 s\n", "kubelet.conf:2"),
        (
            "[[inputs.kubernetes]]\n  url = \"https://n\"\n",
            "[[inputs.kubelet]]",
        ),
        ("", "[[inputs.kubelet]]"),
    ] {
        let left = Plugin::once_refused(command(dir.path(), config));
        assert_eq!(left.status.code(), Some(1), "{config}");
        assert!(left.stdout.is_empty());
        assert_eq!(left.stderr.len(), 1, "{:#?}", left.stderr);
        assert!(
            left.stderr[0].starts_with("E! ") && left.stderr[0].contains(said),
            "{config} {:#?}",
            left.stderr
        );
    }
}

#[test]
fn a_configuration_that_is_no_file_keeps_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let huge = dir.path().join("huge");
    File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    for (path, said) in [
        (fifo.as_path(), "is not a regular file"),
        (Path::new("/dev/zero"), "is not a regular file"),
        (&huge, "is larger than 1 MiB"),
        (dir.path(), "is a directory; name the file in it"),
    ] {
        let said = format!("E! {}: {said}", path.display());
        let mut command = bare();
        command.arg("-config").arg(path);
        let left = Plugin::once_refused(command);
        assert_eq!(left.status.code(), Some(1));
        assert!(left.stderr[0].starts_with(&said), "{left:#?}");

        for more in ["-json", "-print-rbac"] {
            let output = bare()
                .args(["check", more, "-config"])
                .arg(path)
                .output()
                .unwrap();
            let all = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(output.status.code(), Some(2), "{all}");
            assert!(all.contains(&said[3..]), "{all}");
        }
    }
}

#[test]
fn a_path_that_steers_a_terminal_is_told_without() {
    let path = "/nowhere/\u{202e}\u{2028}\u{2066}\u{200b}\u{e0041}\u{e000}\x1b[31m.conf";
    let mut run = bare();
    run.arg("-config").arg(path);
    let mut all = Plugin::once_refused(run).stderr.join("\n");
    for more in ["-config", "-json", "-print-rbac"] {
        let output = bare().args(["check", more, "-config", path]).output().unwrap();
        all += &String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    }
    assert_eq!(all.matches("no such file").count(), 3, "{all}");
    assert!(!all.contains([
        '\u{202e}',
        '\u{2028}',
        '\u{2066}',
        '\u{200b}',
        '\u{e0041}',
        '\u{e000}',
        '\x1b'
    ]));
}

/// Buffers are as large as they may be, and an answer that there is no memory for costs its own tick.
#[test]
fn with_little_memory_it_works_and_says_what_is_too_large() {
    let kubelet = TestKubelet::start(Options {
        pods: 110,
        ..Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let program = command(dir.path(), &block(&kubelet));
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 32768; exec \"$@\"", "sh"]);
    command.arg(program.get_program()).args(program.get_args());
    let mut plugin = Plugin::start(command);
    let mut tick = |body: Option<Vec<u8>>| {
        kubelet.set_body(body);
        plugin.tick();
        plugin.batch()
    };
    let good = tick(None).len();
    assert!(good > 700, "{good}");
    let mut huge = test_kubelet::summary(&GeneratorOptions::default(), 1);
    huge.extend(b" ".repeat(40_000_000));
    let bad = tick(Some(huge));
    assert!(bad.len() == 1 && bad[0].contains("result=bad_answer"), "{bad:#?}");
    assert_eq!(tick(None).len(), good);
    plugin.close_stdin();
    let left = plugin.wait(PATIENCE);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    let said = left.stderr.iter().find(|line| line.starts_with("E! ")).unwrap();
    assert!(
        said.contains("no memory left") && said.contains("ulimit -v"),
        "{said}"
    );
}

#[test]
fn flags_take_one_dash_or_two() {
    for flags in [
        &["-version"][..],
        &["--version"],
        &["-help"],
        &["--help"],
        &["-h"],
        &["--sample-config"],
    ] {
        let mut command = bare();
        command.args(flags).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{flags:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{flags:?}");
    }
    let output = bare().arg("--no-such-flag").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("E! "));
}

#[test]
fn without_a_file_it_is_the_nodes_own_kubelet() {
    let mut command = bare();
    command.env("NODE_IP", "::1");
    let left = Plugin::once(command);
    assert_eq!(left.status.code(), Some(0));
    // There is no ServiceAccount here, which is said; the address is the one that was meant.
    assert!(
        left.stdout[0].starts_with("kubelet_scrape,result=credential,url=https://[::1]:10250 "),
        "{left:#?}"
    );
    assert!(
        left.stderr[0].contains("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        "{left:#?}"
    );

    let left = Plugin::once_refused(bare());
    assert_eq!(left.status.code(), Some(1));
    assert!(left.stderr[0].contains("NODE_IP"), "{left:#?}");
}
