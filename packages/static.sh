#!/bin/sh
# sh packages/static.sh DEST [TARGET]
#
# Builds the program as one file that needs nothing of the machine it runs on, and puts it at DEST. The Dockerfile, the
# release and the tests of it all run this. TARGET is a Rust target with glibc, this machine's own if left out; for
# another architecture Debian's gcc-ARCH-linux-gnu has to be installed, and `rustup target add TARGET` done.
set -eu
dest=$1
host=$(rustc -vV | sed -n 's/^host: //p')
target=${2:-$host}
case $target in
  *-linux-gnu) ;;
  # Static with musl as well, but a tick costs 1.7 times as much: see README.md beside this.
  *) echo "$target: only targets with glibc, *-linux-gnu" >&2; exit 1 ;;
esac
case $dest in /*) ;; *) dest=$PWD/$dest ;; esac
cd "$(dirname "$0")/.."

# A target named explicitly keeps these flags away from build scripts and macros, which can't be static.
RUSTFLAGS="-C target-feature=+crt-static $(sh packages/flags.sh)"
export RUSTFLAGS
if [ "$target" != "$host" ]; then
  gcc=$(echo "${target%%-*}" | tr _ -)-linux-gnu-gcc
  linker=CARGO_TARGET_$(echo "$target" | tr 'a-z-' 'A-Z_')_LINKER
  export "$linker=$gcc"
fi
cargo build --quiet --locked --release --target "$target" --bin telegraf-kubelet
mkdir -p "$(dirname "$dest")"
cp "${CARGO_TARGET_DIR:-target}/$target/release/telegraf-kubelet" "$dest"
