//! What several tests share.

#![allow(dead_code, reason = "each test program uses its part of this")]

pub mod check;
pub mod dashboard;
pub mod database;
pub mod expect;
pub mod fixes;
pub mod generate;
pub mod install;
pub mod leak;
pub mod lines;
pub mod page;
pub mod plugin;
pub mod scrape;

use std::path::PathBuf;

/// Where real kubelets' answers are, third-party data that is no part of this project. `None`, said aloud, where
/// nobody has them; on CI that is an error, so that a test without its data can't pass for one that ran.
pub fn captures() -> Option<PathBuf> {
    let captures = std::env::var_os("KUBELET_CAPTURES").map(PathBuf::from);
    assert!(
        captures.is_some() || std::env::var_os("CI").is_none(),
        "set KUBELET_CAPTURES to the directory with real answers"
    );
    if captures.is_none() {
        eprintln!("NOT RUN: KUBELET_CAPTURES is not set");
    }
    captures
}
