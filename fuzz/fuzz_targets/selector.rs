//! Any text as a selector: what is taken is taken again as it is written, and stands in a query as it is.
//!
//! Run as `answer` is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use telegraf_kubelet::cluster::Selector;

fuzz_target!(|text: &str| {
    match Selector::parse(text) {
        Ok(selector) => {
            assert_eq!(Selector::parse(&selector.to_string()), Ok(selector.clone()));
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
            assert!(selector.as_query().bytes().all(plain), "{selector}");
        }
        Err(error) => {
            assert!(error.at <= text.chars().count());
            assert!(error.to_string().chars().all(|character| !character.is_control()));
        }
    }
});
