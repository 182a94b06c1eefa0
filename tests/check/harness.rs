//! What the tests of a check share: a set-up that fails, and how it is told.

use test_kubelet::{Fault, TestKubelet};

use super::support::check::{Checked, check};
use super::support::plugin::block;

/// The check ends with this failure, after which nothing is reached, and tells how to mend it.
pub fn assert_failure(
    kubelet: &TestKubelet,
    config: &str,
    environment: &[(&str, &str)],
    want: [&str; 2],
    words: &[&str],
) -> Checked {
    let checked = check(kubelet, config, environment);
    let [step, diagnosis] = want;
    let failures: Vec<_> = checked
        .bad()
        .into_iter()
        .filter(|[_, level, _]| *level == "failure")
        .collect();
    assert_eq!(
        failures,
        [[step, "failure", diagnosis]],
        "{config}\n{}",
        checked.text
    );
    assert_eq!(checked.code, 2);
    let finding = checked
        .findings()
        .find(|finding| finding["result"] == "failure")
        .unwrap();
    assert!(!finding["mends"].as_array().unwrap().is_empty(), "{finding:#}");
    let said = finding.to_string();
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    assert!(
        checked.text.contains(&format!("[{diagnosis}]")),
        "{}",
        checked.text
    );
    checked
}

/// A pod's environment: the test kubelet plays the API server too.
pub fn in_pod(kubelet: &TestKubelet) -> [(&'static str, String); 2] {
    [
        ("KUBERNETES_SERVICE_HOST", kubelet.addr().ip().to_string()),
        ("KUBERNETES_SERVICE_PORT", kubelet.port().to_string()),
    ]
}

/// A status with a body.
pub fn fault(code: u16, body: &str) -> Fault {
    Fault::Status {
        code,
        body: body.to_owned(),
    }
}

/// The usual block, for another address.
pub fn at(kubelet: &TestKubelet, url: &str) -> String {
    block(kubelet).replace(&kubelet.url(), url)
}
