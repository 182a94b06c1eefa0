//! Any bytes as a list of nodes, and as an event of a watch of them: what is kept is bounded, and names and addresses are what
//! they say they are.
//!
//! Run as `answer` is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use telegraf_kubelet::cluster::{Event, Node, Wanted, read_event, read_page};
use telegraf_kubelet::filter::Filter;

fn check(node: &Node) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    assert!(
        node.name.bytes().all(plain) && (1..=253).contains(&node.name.len()),
        "{node:?}"
    );
    assert!(node.labels.len() <= 128, "{node:?}");
    let long = |(key, value): &(String, String)| key.len() > 317 || value.len() > 63 || value.is_empty();
    assert!(
        !node.labels.iter().any(long) && node.labels.is_sorted(),
        "{node:?}"
    );
    if let Some(address) = &node.address {
        let steers = |character: char| character.is_control() || " /?#@[]%".contains(character);
        assert!(
            !address.host.is_empty() && !address.host.contains(steers),
            "{address}"
        );
    }
}

fuzz_target!(|bytes: &[u8]| {
    let wanted = Wanted {
        labels: Some(Filter::default()),
        ..Wanted::default()
    };
    let _ = read_page(bytes, &wanted, |node| check(&node));
    if let Ok((Event::Put(node), _)) = read_event(bytes, &wanted) {
        check(&node);
    }
});
