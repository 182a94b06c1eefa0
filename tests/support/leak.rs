//! The search for secrets, which is in the test kubelet's crate because that one is compiled to be quick.

pub use test_kubelet::Leaks;
