//! telegraf-kubelet.
fn main() {}
