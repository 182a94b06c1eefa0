//! Images of what is at hand, under the names that the manifests have: there is nothing to pull from.

use std::path::Path;
use std::process::Command;

use crate::machine::{Cluster, kept};
use crate::support::plugin::program;

/// A program by its name in the `PATH`, or where a variable says.
fn installed(name: &str, variable: &str) -> String {
    if let Some(path) = std::env::var_os(variable) {
        return path.into_string().expect("UTF-8");
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|directory| directory.join(name));
    let found = found.into_iter().find(|path| path.is_file());
    let found = found.unwrap_or_else(|| panic!("no {name} in the PATH: `.ci/run` installs it"));
    found.into_os_string().into_string().expect("UTF-8")
}

/// Makes an image of one program, with what it is linked with, and gives it to the runtime.
fn import(cluster: &Cluster, image: &str, path: &str, file: &str) {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    let archive = kept(&format!("{}.tar", name.expect("a name")));
    let archive = archive.to_str().expect("UTF-8");
    let made = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/image.py"))
        .args([archive, image, &format!("{path}={file}"), "--", path])
        .status()
        .expect("Python");
    assert!(made.success(), "{image}");
    cluster.sh(&format!("ctr -n k8s.io images import {archive}"));
}

/// The one that the README says to build and push, under the name that it has there.
pub fn plugin(cluster: &Cluster) {
    import(
        cluster,
        "registry.example.com/telegraf-kubelet:0.1.0",
        "/telegraf-kubelet",
        &program(),
    );
}

/// Telegraf itself.
pub fn telegrafs_path() -> String {
    installed("telegraf", "TELEGRAF")
}

/// Telegraf's, as far as the manifests need it.
pub fn telegraf(cluster: &Cluster) {
    let telegraf = telegrafs_path();
    import(
        cluster,
        "docker.io/library/telegraf:1.39-alpine",
        "/usr/bin/telegraf",
        &telegraf,
    );
}

/// Of Debian's `InfluxDB`.
pub fn influxdb(cluster: &Cluster) {
    let influxd = installed("influxd", "INFLUXD");
    import(cluster, "localhost/influxdb:1", "/usr/bin/influxd", &influxd);
}
