//! A real Kubernetes: what the program, `check` and the guides say of kubelets and API servers is held against them.
//!
//! `build.sh` builds them, `cluster.sh` runs them in namespaces of their own; `.ci/run` does all of it. There is one
//! cluster for all tests, which take turns: each finds it as the one before it did.

mod accounts;
mod api;
mod away;
mod certificates;
mod database;
mod images;
mod known;
mod load;
mod machine;
mod manifests;
mod members;
mod numbers;
mod overlay;
mod peer;
mod pod;
mod serving;
mod shipped;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod told;
#[path = "../e2e/wait.rs"]
mod wait;
