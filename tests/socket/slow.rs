//! Telegraf is there and does not read, for a while or for ever; and what becomes of a buffer that is full.

use crate::stage::{Stage, about_the_socket, assert_batches, log, stop};
use crate::support::plugin::Plugin;

#[test]
fn when_the_buffer_is_full_the_oldest_batches_go_and_are_counted() {
    let stage = Stage::new(3);
    let plugin = stage.start("  output_buffer = \"64KiB\"\n");
    stage.tick(&plugin, 1);
    assert!(log(&plugin).contains("not there"));
    stage.tick(&plugin, 19);
    let said = log(&plugin);
    assert!(
        said.starts_with("W! ") && said.contains("output_buffer is full"),
        "{said}"
    );
    let reader = stage.listen().read_on();
    assert!(log(&plugin).starts_with("I! "));
    let said = log(&plugin);
    let dropped: usize = said
        .strip_prefix("W! ")
        .and_then(|said| {
            said.split_once("dropped ")?
                .1
                .split_once(" batches")?
                .0
                .parse()
                .ok()
        })
        .unwrap_or_else(|| panic!("{said}"));
    let left = stop(plugin);
    let batches = reader.batches();
    assert!(batches.len() > 1 && dropped > 1, "{dropped} {}", batches.len());
    assert_batches(&stage, &batches, dropped);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
}

#[test]
fn a_slow_reader_gets_everything() {
    let stage = Stage::new(110);
    let listener = stage.listen();
    let plugin = stage.start("");
    stage.tick(&plugin, 5);
    let reader = listener.read_on();
    let left = stop(plugin);
    assert_batches(&stage, &reader.batches(), 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new());
}

#[test]
fn a_reader_that_sticks_stops_neither_scrapes_nor_the_end_and_costs_no_memory() {
    const BUFFER: usize = 2 * 1024 * 1024;
    let stage = Stage::new(200);
    let listener = stage.listen();
    let plugin = stage.start("  output_buffer = \"2MiB\"\n");
    // Once it is full.
    stage.tick(&plugin, 10);
    assert!(log(&plugin).contains("output_buffer is full"));
    let before = resident(&plugin);
    stage.tick(&plugin, 40);
    let after = resident(&plugin);
    // 40 batches of 0.7 MB.
    assert!(after < before + 4 * BUFFER, "from {before} to {after} bytes");

    let left = stop(plugin);
    let said = about_the_socket(&left);
    assert_eq!(said.len(), 2, "{said:#?}");
    let held: usize = said[0]
        .split_once("stopped with ")
        .and_then(|(_, said)| {
            said.split_once(" bytes that Telegraf did not take")?
                .0
                .parse()
                .ok()
        })
        .unwrap_or_else(|| panic!("{said:?}"));
    assert!(held <= BUFFER, "{held}");
    assert!(said[1].contains("dropped "), "{said:?}");
    drop(listener);
}

/// What it holds in memory, in bytes.
fn resident(plugin: &Plugin) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", plugin.pid().as_raw_pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1024
}
