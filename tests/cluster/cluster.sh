#!/usr/bin/env bash
# A Kubernetes cluster of one node on this machine, in namespaces of its own:
#
#   cluster.sh able           says what is missing and exits with 1, where this machine can't have one
#   cluster.sh up             brings it up and leaves it running
#   cluster.sh run            brings it up, and takes it down at the end of its standard input
#   cluster.sh down           takes it down; without a trace, also of one that was killed
#   cluster.sh exec COMMAND   runs a command in it, with `kubectl` and the rest in the PATH
#   cluster.sh start|stop|signal NAME   one of its programs, which `inside.sh` lists
#
# All that runs there is in one namespace of process ids and ends with its first process, whoever kills that one. All that
# is mounted or written there, in a memory filesystem, is in a mount namespace that goes with them; so do the interfaces.
# The kernel's settings that a kubelet changes are files of ours there. What is left are empty control groups of one
# name: `down` removes them, and `up` begins with `down`.
#
# CLUSTER_DIR, target/cluster unless said otherwise, has the logs; two clusters with one each may run beside each other.
# CLUSTER_PROGRAMS has what `build.sh` made; with KUBELET=1.35 the kubelet is the one of `modules/kubelet-1.35`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
directory=${CLUSTER_DIR:-$repository/target/cluster}
programs=${CLUSTER_PROGRAMS:-$repository/target/ci/cluster}

mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
# The same for each cluster in this directory, and no other's.
group="telegraf-kubelet-cluster-$(stat -c %i "$directory")"
holder="$directory/holder"

able() {
  [ "$(id -u)" = 0 ] || { echo "only root may make the namespaces"; return 1; }
  local reason
  reason=$(unshare --mount --net --uts --ipc --pid --fork --mount-proc true 2>&1) ||
    { echo "no namespaces can be made here: $reason"; return 1; }
  hierarchies >/dev/null || { echo "no control groups can be made here"; return 1; }
  local hierarchy
  for hierarchy in $(hierarchies); do
    # Version 2 gives no controller to the groups below one that has processes, but for the machine's own first group.
    if grep -qw memory "$hierarchy/cgroup.controllers" 2>/dev/null &&
      ! grep -qw memory "$hierarchy/cgroup.subtree_control" &&
      ! echo +memory 2>/dev/null >"$hierarchy/cgroup.subtree_control"; then
      echo "no controllers can be had for the control groups below $hierarchy"
      return 1
    fi
  done
  reason=$(unshare --net sh -c 'ip link add br0 type bridge && ip link add veth0 type veth peer name veth1' 2>&1) ||
    { echo "no bridge can be made here: $reason"; return 1; }
  reason=$(unshare --mount sh -c 'mount -t tmpfs tmpfs /mnt && mkdir /mnt/a /mnt/b /mnt/c /mnt/d &&
    mount -t overlay -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c overlay /mnt/d' 2>&1) ||
    { echo "no overlay filesystem can be mounted here: $reason"; return 1; }
}

# Where control groups are made: one directory with version 2, one for each controller with version 1.
hierarchies() {
  findmnt -rno TARGET,OPTIONS -t cgroup,cgroup2 | awk '$2 ~ /(^|,)rw(,|$)/ { print $1 }' | grep .
}

# inside COMMAND...: runs it in the namespaces.
inside() {
  local pid
  if ! pid=$(cat "$holder" 2>/dev/null) || ! kill -0 "$pid" 2>/dev/null; then
    echo "the cluster is not up" >&2
    return 1
  fi
  nsenter --target "$pid" --mount --net --uts --ipc --pid="/proc/$pid/ns/pid_for_children" \
    env --chdir="$PWD" "PATH=$programs/kubernetes:$programs/containerd:$PATH" KUBECONFIG=/etc/kubernetes/admin.conf "$@"
}

down() {
  # Its child goes with it, as it asked for, and all others with the child.
  local pid hierarchy
  if pid=$(cat "$holder" 2>/dev/null) && grep -qzxF -- "$group" "/proc/$pid/cmdline" 2>/dev/null; then
    kill -KILL "$pid"
  fi
  rm -f "$holder"
  for hierarchy in $(hierarchies); do
    # A group whose last process ends at this moment is not empty yet.
    for _ in $(seq 200); do
      [ -d "$hierarchy/$group" ] || break
      find "$hierarchy/$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
    done
    [ ! -d "$hierarchy/$group" ] || { echo "still in use: $hierarchy/$group" >&2; return 1; }
  done
}

# Leaves the cluster running, with its first process a child of `unshare`, whose id is the only thing to remember.
up() {
  local reason began=$SECONDS hierarchy file
  reason=$(able) || { echo "$reason" >&2; return 1; }
  down
  rm -rf "$directory/log"
  mkdir -p "$directory/log"
  for hierarchy in $(hierarchies); do
    mkdir "$hierarchy/$group"
    # With version 1 nothing may run in a group before these two are set.
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$hierarchy/$file" ] || cat "$hierarchy/$file" >"$hierarchy/$group/$file"
    done
  done
  unshare --mount --net --uts --ipc --pid --fork --kill-child --mount-proc --propagation private \
    bash "$here/inside.sh" first "$directory" "$programs" "$group" </dev/null >"$directory/log/first.log" 2>&1 &
  echo $! >"$holder"
  # Nobody waits for it, and its end is no news.
  disown
  until [ -e "$directory/log/ready" ]; do
    kill -0 "$(cat "$holder")" 2>/dev/null ||
      { echo "the cluster did not come up; the logs are in $directory/log:" >&2; tail -n 5 "$directory/log/first.log" >&2
        down; return 1; }
    sleep 0.05
  done
  echo "up in $((SECONDS - began)) s: kubelet $(inside kubectl get nodes -o jsonpath='{.items[0].status.nodeInfo.kubeletVersion}'), logs in $directory/log"
}

command=${1:-}
[ $# = 0 ] || shift
case "$command" in
  able | up | down) "$command" ;;
  run)
    trap down EXIT
    up
    cat >/dev/null
    ;;
  exec) inside "$@" ;;
  start | stop | signal) inside bash "$here/inside.sh" "$command" "$directory" "$programs" "$group" "$@" ;;
  *)
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
