//! What `operating.md` says of results and of the log.

use std::fs;
use std::path::Path;

use telegraf_kubelet::kubelet::Cause;
use test_kubelet::{Fault, Options, TestKubelet};

use super::support::page::{self, rows, spans};
use super::support::plugin::{PATIENCE, Plugin, block, command};
use super::told::{masked, wrapped};

#[test]
fn every_result_is_there() {
    let page = page::guide("operating.md");
    let table = rows(&page.text, "| `result` | `result_code` | what to do |\n");
    let table: Vec<_> = table
        .iter()
        .map(|row| (row[0].to_owned(), row[1].to_owned()))
        .collect();
    let causes: Vec<_> = Cause::ALL
        .iter()
        .map(|cause| (format!("`{}`", cause.word()), cause.code().to_string()))
        .collect();
    assert_eq!(table, causes);
}

/// A good tick, two that are refused for one reason, a good one: what the log has of them.
#[test]
fn the_log_is_the_programs() {
    let kubelet = TestKubelet::start(Options {
        node_name: "node-1".to_owned(),
        ..Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    let refusal = Fault::Status {
        code: 403,
        body: "Forbidden (user=system:serviceaccount:monitoring:telegraf, verb=get, resource=nodes, \
               subresource(s)=[stats])\n"
            .to_owned(),
    };
    for fault in [Fault::None, refusal.clone(), refusal, Fault::None] {
        kubelet.set_fault(fault);
        plugin.tick();
        plugin.batch();
    }
    plugin.close_stdin();
    let log = plugin.wait(PATIENCE).stderr.join("\n") + "\n";
    let log = log.replace(&kubelet.addr().to_string(), "10.0.0.7:10250");
    let said = wrapped(&log);
    let same = |found: &str, expected: &str| masked(found) == masked(expected);
    page::holds(&page::guide("operating.md"), "log", &said, same);
}

/// The words of the table are the program's own; `…` stands for what differs.
#[test]
fn words_of_the_log_are_the_programs() {
    let mut source = String::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
    let says = |words: &str| words.split('…').all(|piece| source.contains(piece.trim()));
    let page = page::guide("operating.md");
    let mut found = 0;
    for row in rows(&page.text, "| words | what it is |\n") {
        for words in spans(row[0]) {
            assert!(says(words), "{words}");
            found += 1;
        }
    }
    assert!(found > 6, "{found}");
    assert!(!says("going on … as if nothing were"));
}

fn read_all(dir: &Path, text: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
