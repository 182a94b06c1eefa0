#!/usr/bin/env bash
# Builds what a cluster needs from Go modules, and the images that its pods run: `build.sh DIRECTORY`, which has it all
# afterwards. With a C library in none of the programs, they run in any image too.
#
# All but the kubelets of `modules/kubelet-*`, one of which is built where KUBELET names its version. What a program was
# made from is noted beside it, so that a second run has nothing to do.
set -euo pipefail
into=${1:?the directory that gets the programs}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# module NAME FLAG...: builds the tools that its manifest names, and no others.
module() {
  local manifest="$here/modules/$1" programs="$into/$1" stamp
  shift
  stamp=$(go version | cat - "$manifest/go.mod" "$manifest/go.sum" <(echo "$@") | sha256sum)
  [ "$(cat "$programs/stamp" 2>/dev/null)" = "$stamp" ] && return
  rm -rf "$programs"
  mkdir -p "$programs"
  (cd "$manifest" && CGO_ENABLED=0 nice go build -mod=readonly -trimpath "$@" -o "$programs/" tool)
  echo "$stamp" >"$programs/stamp"
}

# of_kubernetes NAME: the same, with the version that the programs say. Without it they say v0.0.0, and kubelet and API
# server refuse each other.
of_kubernetes() {
  local version minor package=k8s.io/component-base/version
  version=$(cd "$here/modules/$1" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
  minor=${version#v1.}
  module "$1" -ldflags \
    "-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%.*}"
}

of_kubernetes kubernetes
[ -z "${KUBELET:-}" ] || of_kubernetes "kubelet-$KUBELET"
module etcd -ldflags '-s -w'
module containerd -ldflags '-s -w' -tags no_btrfs,no_zfs,no_devmapper,no_tracing,netgo,osusergo,static_build
module cni -ldflags '-s -w'

# A shell and its tools; and a pod's first process, which only waits.
busybox=$(command -v busybox)
mkdir -p "$into/images"
links=()
for applet in $("$busybox" --list); do
  [ "$applet" = busybox ] || links+=("/bin/$applet@busybox")
done
python3 "$here/image.py" "$into/images/busybox.tar" localhost/busybox:1 "/bin/busybox=$busybox" "${links[@]}" \
  -- sleep 2147483647
