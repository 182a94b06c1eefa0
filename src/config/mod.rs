//! Configuration: TOML and flags in, checked values out.

mod checked;

pub use checked::{
    Anchors, Config, Credential, Kubelet, KubeletUrl, Lines, Scheme, Ticking, Timestamp, Trust,
};
