//! A buffer that is smaller than one batch, which is of ten times its size here.

use rustix::process::Signal;

use test_kubelet::Fault;

use crate::stage::{Stage, about_the_socket, assert_batches, is_last, log, series, stop, time};
use crate::support::plugin::{PATIENCE, Plugin, until};

const BUFFER: usize = 64 * 1024;

fn start(stage: &Stage) -> Plugin {
    stage.start("  output_buffer = \"64KiB\"\n")
}

fn number(said: &str, before: &str, after: &str) -> usize {
    said.split_once(before)
        .and_then(|(_, said)| said.split_once(after)?.0.parse().ok())
        .unwrap_or_else(|| panic!("{before:?} in {said}"))
}

fn assert_large(said: &str) {
    let bytes = number(said, "a batch of ", " bytes is larger than output_buffer");
    assert!(said.starts_with("W! ") && bytes > 8 * BUFFER, "{said}");
    let wanted = number(said, "set output_buffer to ", " at least");
    assert_eq!(wanted, 2 * bytes);
}

#[test]
fn whole_batches_go_out_in_parts_while_telegraf_reads() {
    let stage = Stage::new(110);
    let reader = stage.listen().read_on();
    let plugin = start(&stage);
    stage.tick(&plugin, 3);
    assert_large(&log(&plugin));
    let left = stop(plugin);
    assert_batches(&stage, &reader.batches(), 0);
    assert_eq!(about_the_socket(&left), Vec::<&String>::new(), "said twice");
}

#[test]
fn while_telegraf_is_away_the_end_of_the_last_one_is_kept_and_the_rest_is_counted() {
    let stage = Stage::new(110);
    let plugin = start(&stage);
    stage.tick(&plugin, 2);
    let mut said = [log(&plugin), log(&plugin), log(&plugin)];
    said.sort();
    assert_large(&said[0]);
    assert!(said[1].contains("not there"), "{said:#?}");
    assert!(
        said[2].contains("output_buffer is full") && said[2].contains("until Telegraf is back"),
        "{said:#?}"
    );

    // When it asks for a third, the second is dealt with.
    stage.kubelet.set_fault(Fault::Silent);
    plugin.signal(Signal::USR1);
    assert!(stage.kubelet.wait_for_requests(3, PATIENCE));
    let reader = stage.listen().read_on();
    assert!(log(&plugin).starts_with("I! "));
    let said = log(&plugin);
    let parts = number(&said, "dropped 0 batches and ", " parts of larger ones");
    let bytes = number(&said, "larger ones with ", " bytes");
    assert!(parts > 20 && bytes > 16 * BUFFER, "{said}");
    // And the next one is whole again.
    stage.kubelet.set_fault(Fault::None);
    stage.until_answered(3);
    stop(plugin);
    let batches = reader.batches();
    assert_eq!(batches.len(), 2);
    let kept: usize = batches[0].iter().map(|line| line.len() + 1).sum();
    assert!(kept <= BUFFER && kept > BUFFER / 2, "{kept}");
    assert!(is_last(batches[0].last().unwrap()));
    time(&batches[0]);
    series(&batches[0]);
    assert_eq!(stage.request(&batches[0]), 1);
    assert_batches(&stage, &batches[1..], 2);
}

#[test]
fn a_telegraf_that_sticks_stops_neither_scrapes_nor_the_end() {
    let stage = Stage::new(110);
    let listener = stage.listen();
    let plugin = start(&stage);
    stage.tick(&plugin, 1);
    assert_large(&log(&plugin));
    // It was waited for in vain, and not for ever.
    let said = log(&plugin);
    assert!(
        said.contains("output_buffer is full") && said.contains("until Telegraf reads on"),
        "{said}"
    );
    stage.tick(&plugin, 1);
    let reader = listener.read_on();
    until("both batches", || stage.kubelet.requests().len() == 2);
    plugin.signal(Signal::TERM);
    let left = plugin.wait(crate::stage::STOP_LIMIT);
    assert_eq!(left.status.code(), Some(0), "{left:#?}");
    assert!(
        about_the_socket(&left)
            .iter()
            .any(|said| said.contains(" parts of larger ones with ")),
        "{left:#?}"
    );
    // What came are whole lines, each once.
    for batch in reader.batches() {
        assert!(is_last(batch.last().unwrap()));
        series(&batch);
    }
}

#[test]
fn told_to_stop_it_says_how_much_was_not_taken_of_all() {
    let stage = Stage::new(110);
    let listener = stage.listen();
    let plugin = start(&stage);
    stage.tick(&plugin, 1);
    assert_large(&log(&plugin));
    let left = stop(plugin);
    let said = about_the_socket(&left);
    let bytes = number(said[0], "stopped with ", " bytes that Telegraf did not take");
    let taken: usize = listener
        .read_on()
        .batches()
        .iter()
        .flatten()
        .map(|line| line.len() + 1)
        .sum();
    assert!(bytes > 7 * BUFFER && taken > 0, "{bytes} {taken}");
}
