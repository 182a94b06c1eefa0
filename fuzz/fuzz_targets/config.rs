//! Any bytes as a configuration, with a secret pasted into it: an end, and nothing of the secret in an error.
//!
//! Run as `answer` is.

#![no_main]

mod plant;

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use telegraf_kubelet::config::{Args, read};

fuzz_target!(|bytes: &[u8]| {
    let content = plant::planted(bytes);
    let env = |_: &str| Some(plant::SECRET.to_owned());
    if let Err(error) = read(Path::new("kubelet.conf"), &content, &Args::default(), &env) {
        let said = format!("{error} {error:?}");
        assert!(!plant::redactor().finds(&said), "{said}");
    }
});
