#!/bin/sh
# sh packages/tools.sh DIR
#
# Installs what deb.sh and sbom.sh need besides Rust and dpkg-dev into DIR/bin, in the versions that were tried.
# Unoptimized: they are built for a run of seconds.
set -eu
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
export CARGO_PROFILE_DEV_DEBUG=false CARGO_TARGET_DIR="$build"
install() { cargo install --quiet --locked --debug --root "$@"; }
# Without its lzma: it then asks the system's xz.
install "$1" --version 3.8.0 --no-default-features cargo-deb
install "$1" --version 0.5.9 cargo-cyclonedx
