//! Stdin that is flooded, that has no line in it, or no prompt: whatever comes, what is counted are newlines.

use std::io::Write as _;
use std::process::Stdio;
use std::thread;

use test_kubelet::{Options, TestKubelet};

use super::process::{descriptors, peak};
use super::prompts::prompts;
use super::stdout::BEFORE_SIGTERM;
use super::support::plugin::{Plugin, block, command};

/// Far more than any pipe holds.
const FLOOD: usize = 4 << 20;

/// What a flood may cost, in kB: nothing of it is kept.
const MEMORY: u64 = 2 * 1024;

#[test]
fn prompts_without_an_end_are_merged_and_counted() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    for _ in 0..2 {
        plugin.tick();
        plugin.batch();
    }
    let (most, open) = (peak(plugin.pid()), descriptors(plugin.pid()));
    plugin.write(&b"\n".repeat(FLOOD));
    let mut lines = plugin.batch();
    let took = peak(plugin.pid()).saturating_sub(most);
    assert!(took <= MEMORY, "{took} kB more");
    assert_eq!(descriptors(plugin.pid()), open);
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    lines.extend(left.stdout);
    assert_eq!(prompts(&lines.join("\n")), FLOOD as u64);
}

#[test]
fn what_is_no_prompt_is_none() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let mut plugin = Plugin::start(command(dir.path(), &block(&kubelet)));
    plugin.tick();
    plugin.batch();
    // A line of megabytes, every byte that there is, what a shell would say, and half a character.
    let every: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    for garbage in [
        b"x".repeat(FLOOD),
        every.repeat(100),
        b"\r\r\x1b[A\x04\x03\0".to_vec(),
        "\u{20ac}".as_bytes()[..2].to_vec(),
    ] {
        plugin.write(&garbage);
        plugin.tick();
        let batch = plugin.batch();
        assert!(batch.last().unwrap().contains(",ticks_merged=0i"), "{batch:#?}");
    }
    plugin.close_stdin();
    let left = plugin.wait(BEFORE_SIGTERM);
    assert_eq!(left.status.code(), Some(0));
    assert!(left.stdout.is_empty(), "{left:#?}");
    assert_eq!(left.stderr.len(), 1, "{left:#?}");
}

/// Closed while a flood is on its way: each prompt that was taken is answered, and it ends.
#[test]
fn closed_in_the_middle_of_a_flood() {
    let kubelet = TestKubelet::start(Options::default());
    let dir = tempfile::tempdir().unwrap();
    let mut command = command(dir.path(), &block(&kubelet));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let flood = thread::spawn(move || stdin.write_all(&b"\n".repeat(FLOOD)));
    let output = child.wait_with_output().unwrap();
    flood.join().unwrap().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(prompts(&String::from_utf8(output.stdout).unwrap()), FLOOD as u64);
}
