//! Any bytes as what a server says when it says no: whatever of our secret is in them, none is in what is told.
//!
//! Run as `answer` is.

#![no_main]

mod plant;

use libfuzzer_sys::fuzz_target;
use telegraf_kubelet::kubelet::{Refusal, ScrapeError};

fuzz_target!(|bytes: &[u8]| {
    let refusal = Refusal::of(&plant::planted(bytes), &plant::secrets());
    let said = ScrapeError::Status(403, refusal).to_string();
    assert!(!plant::redactor().finds(&said), "{said}");
    assert!(said.chars().all(|character| !character.is_control()), "{said:?}");
});
