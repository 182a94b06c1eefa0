//! A kubelet for tests.
