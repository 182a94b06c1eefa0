#!/bin/sh
# sh packages/deb.sh DEST
#
# Builds the Debian package and puts it at DEST. Needs cargo-deb and dpkg-dev. DEB_MAINTAINER is who answers for it,
# "Name <address>". It runs where the glibc is as new as here, or newer: build it on the oldest Debian that it is for.
set -eu
dest=$1
case $dest in /*) ;; *) dest=$PWD/$dest ;; esac
cd "$(dirname "$0")/.."
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
maintainer=${DEB_MAINTAINER:-$(sed -n 's/^maintainer = "\(.*\)"$/\1/p' Cargo.toml)}

# What Debian wants in a form of its own; Cargo.toml looks for it here.
made=target/debian-files
mkdir -p "$made" "$(dirname "$dest")"
gzip -9nc CHANGELOG.md > "$made/changelog.gz"
cat > "$made/changelog.Debian" <<END
telegraf-kubelet ($version-1) unstable; urgency=medium

  * See changelog.gz.

 -- $maintainer  $(date -R -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")
END
cat > "$made/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: telegraf-kubelet

Files: *
Copyright: $(sed -n 's/^Copyright (c) //p' LICENSE-MIT)
License: MIT or Apache-2.0

License: MIT
$(sed '1,/^Copyright/d; s/^$/./; s/^/ /' LICENSE-MIT | sed 1d)

License: Apache-2.0
 On Debian systems, the full text is in /usr/share/common-licenses/Apache-2.0.
END
RUSTFLAGS=$(sh packages/flags.sh)
export RUSTFLAGS
cargo deb --quiet --locked --maintainer "$maintainer" --output "$dest"
