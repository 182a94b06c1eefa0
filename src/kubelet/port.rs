//! Where kubelets listen by default.

use std::num::NonZeroU16;

use crate::client::Url;

// The two `unwrap`s below are evaluated by the compiler: a zero would not build.

/// The kubelet's authenticated port.
pub const PORT: NonZeroU16 = NonZeroU16::new(10250).unwrap();
/// The kubelet's deprecated read-only port.
pub const READ_ONLY_PORT: NonZeroU16 = NonZeroU16::new(10255).unwrap();

/// The same host's authenticated port, where kubelets have it by default.
#[must_use]
pub fn authenticated(url: &Url) -> Url {
    Url {
        port: PORT,
        ..url.over_tls()
    }
}
