#!/bin/sh
# sh packages/sbom.sh DEST [TARGET]
#
# What the program is made of, as CycloneDX 1.5: every crate that is compiled into it or runs while it is compiled, with
# version, licence and checksum. Needs cargo-cyclonedx.
#
# Made from the crate as it would be published, without what its tests depend on: cargo-cyclonedx reads one graph for
# all of a workspace, and would list crates that only a test switches on.
set -eu
dest=$1
target=${2:-$(rustc -vV | sed -n 's/^host: //p')}
case $dest in /*) ;; *) dest=$PWD/$dest ;; esac
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo package --quiet --locked --allow-dirty --no-verify --target-dir "$work/target"
tar -xzf "$work"/target/package/*.crate -C "$work" --strip-components=1
awk '/^\[/ { tests = /^\[dev-dependencies/ } !tests' "$work/Cargo.toml" > "$work/stripped.toml"
mv "$work/stripped.toml" "$work/Cargo.toml"
mkdir -p "$(dirname "$dest")"
(cd "$work" && cargo cyclonedx --quiet --format json --spec-version 1.5 --describe binaries --target "$target")
# Where it was made is nobody's business.
sed "s|path+file://$work|path+file://|g" "$work/telegraf-kubelet_bin.cdx.json" > "$dest"
