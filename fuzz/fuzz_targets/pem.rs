//! Any bytes as the file of a key or a certificate: an end, and nothing of the file in what is told of it.
//!
//! Run as `answer` is.

#![no_main]

mod plant;

use libfuzzer_sys::fuzz_target;
use telegraf_kubelet::client::inspect;
use telegraf_kubelet::client::{TokenFault, Wanted};

fuzz_target!(|bytes: &[u8]| {
    let content = plant::planted(bytes);
    let mut said = format!("{:?}", TokenFault::of(&content));
    for wanted in [Wanted::Certificate, Wanted::PrivateKey] {
        if let Err(fault) = inspect::pem(&content, wanted) {
            said = format!("{said} {fault} {fault:?}");
        }
    }
    assert!(!plant::redactor().finds(&said), "{said}");
});
