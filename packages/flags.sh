#!/bin/sh
# sh packages/flags.sh
#
# Says the flags of rustc for whatever is handed out. Paths of this machine have no place in it, nor should they make the
# same source another file.
set -eu
cd "$(dirname "$0")/.."
echo "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/telegraf-kubelet"
