#!/usr/bin/env bash
# What `cluster.sh` runs in the namespaces: `inside.sh first DIRECTORY PROGRAMS GROUP` is their first process, which lays
# the machine out as kubeadm would, starts the programs, and reaps what they leave. `start NAME`, `stop NAME` and
# `signal NAME SIGNAL` (with the same three before the name) are for one of the programs.
#
# The node is `node-1`, 10.77.0.1; its pods are in 10.88.0.0/24, and 10.96.0.1 is the API server for them.
set -euo pipefail
verb=$1 directory=$2 programs=$3 group=$4
shift 4
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export PATH="${KUBELET:+$programs/kubelet-$KUBELET:}$programs/kubernetes:$programs/etcd:$programs/containerd:$PATH"
export KUBECONFIG=/etc/kubernetes/admin.conf
pki=/etc/kubernetes/pki
dropped=/etc/kubernetes/kubelet.conf.d
running=/run/cluster

# Everything that is written goes into memory, over what the machine has there.
lay_out_files() {
  # Where nothing is mounted over it later: the kubelet asks for the size of its filesystem at this place too.
  local memory=/media
  mount -t tmpfs -o size=4g,mode=755 tmpfs "$memory"
  mkdir "$memory"/{etc,etc-work,lib,log,run,repository}
  mount --bind "$repository" "$memory/repository"
  # It has to have what the machine's has, users among it.
  mount -t overlay -o "lowerdir=/etc,upperdir=$memory/etc,workdir=$memory/etc-work" overlay /etc
  mount --bind "$memory/lib" /var/lib
  mount --bind "$memory/log" /var/log
  mount --bind "$memory/run" /run
  # It may be below one of these.
  mkdir -p "$repository"
  mount --bind "$memory/repository" "$repository"
  mkdir -p /var/lib/kubelet /run/lock /run/cgroup "$running"

  # Of this network namespace, with the control groups as they were.
  mount --rbind /sys/fs/cgroup /run/cgroup
  mount -t sysfs sysfs /sys
  mount --rbind /run/cgroup /sys/fs/cgroup
  umount -l /run/cgroup
  # Volumes that the kubelet mounts have to be seen by what runs the containers.
  mount --make-rshared /
}

# What a kubelet would set for the whole machine stands in files that say that it is set.
lay_out_kernel_settings() {
  local name value
  while read -r name value; do
    mkdir -p "/run/kernel/$(dirname "$name")"
    echo "$value" >"/run/kernel/$name"
    mount --bind "/run/kernel/$name" "/proc/sys/$name"
  done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END
}

lay_out_network() {
  hostname node-1
  ip link set lo up
  ip address add 10.96.0.1/32 dev lo
  # An interface with an address, to which nothing is connected.
  ip link add node0 type bridge
  ip address add 10.77.0.1/24 dev node0
  ip link set node0 up
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

# signed NAME SUBJECT USAGE [NAMES]: a key and a certificate by the cluster's CA, which signs clients and servers alike.
signed() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/$1.key" -subj "$2" \
    -addext "extendedKeyUsage=$3" ${4:+-addext "subjectAltName=$4"} 2>/dev/null |
    openssl x509 -req -CA $pki/ca.crt -CAkey $pki/ca.key -days 30 -copy_extensions copy -out "$pki/$1.crt" 2>/dev/null
}

# kubeconfig NAME USER: where the API server is, and who we are.
kubeconfig() {
  cat >"/etc/kubernetes/$1.conf" <<END
apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: "https://10.77.0.1:443", certificate-authority: $pki/ca.crt}}]
users: [{name: user, user: $2}]
contexts: [{name: context, context: {cluster: cluster, user: user}}]
current-context: context
END
}

lay_out_identities() {
  mkdir -p $pki
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $pki/ca.key -out $pki/ca.crt \
    -days 3650 -subj /CN=kubernetes -addext keyUsage=critical,digitalSignature,keyCertSign 2>/dev/null
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out $pki/sa.key
  openssl pkey -in $pki/sa.key -pubout -out $pki/sa.pub
  signed apiserver /CN=kube-apiserver serverAuth \
    DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:10.96.0.1,IP:10.77.0.1
  signed apiserver-kubelet-client /O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client clientAuth
  local name subject
  while read -r name subject; do
    signed "$name" "$subject" clientAuth
    kubeconfig "$name" "{client-certificate: $pki/$name.crt, client-key: $pki/$name.key}"
  done <<END
admin /O=system:masters/CN=kubernetes-admin
controller-manager /CN=system:kube-controller-manager
scheduler /CN=system:kube-scheduler
END
  echo 'bootstrap,kubelet-bootstrap,1,system:bootstrappers' >$pki/tokens.csv
  kubeconfig bootstrap-kubelet '{token: bootstrap}'
}

lay_out_containerd() {
  mkdir -p /etc/containerd /etc/cni/net.d
  cat >/etc/containerd/config.toml <<END
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "localhost/busybox:1"
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["$programs/cni"]
  conf_dir = "/etc/cni/net.d"
END
  cat >/etc/cni/net.d/pods.conflist <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
}

# As kubeadm has it, with certificates that the cluster signs, and without what makes a test wait: for how long the kubelet
# remembers what the API server said.
lay_out_kubelet() {
  mkdir -p $dropped /etc/kubernetes/manifests
  cat >/var/lib/kubelet/config.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
    cacheTTL: 1s
  x509:
    clientCAFile: $pki/ca.crt
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: 1s
    cacheUnauthorizedTTL: 1s
cgroupDriver: cgroupfs
cgroupRoot: /$group
kubeletCgroups: /$group/kubelet
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
staticPodPath: /etc/kubernetes/manifests
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
resolvConf: ""
failSwapOn: false
failCgroupV1: false
rotateCertificates: true
serverTLSBootstrap: true
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 50Mi}
nodeStatusUpdateFrequency: 1s
syncFrequency: 5s
volumeStatsAggPeriod: 5s
END
}

command_of() {
  case $1 in
    etcd) echo server --data-dir /var/lib/etcd --log-level warn --unsafe-no-fsync ;;
    kube-apiserver)
      echo kube-apiserver --advertise-address=10.77.0.1 --secure-port=443 --etcd-servers=http://127.0.0.1:2379 \
        --allow-privileged=true --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --client-ca-file=$pki/ca.crt --token-auth-file=$pki/tokens.csv \
        --tls-cert-file=$pki/apiserver.crt --tls-private-key-file=$pki/apiserver.key \
        --kubelet-client-certificate=$pki/apiserver-kubelet-client.crt \
        --kubelet-client-key=$pki/apiserver-kubelet-client.key \
        --kubelet-preferred-address-types=InternalIP \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file=$pki/sa.pub --service-account-signing-key-file=$pki/sa.key \
        --service-cluster-ip-range=10.96.0.0/24
      ;;
    kube-controller-manager)
      echo kube-controller-manager --kubeconfig=/etc/kubernetes/controller-manager.conf --leader-elect=false \
        --cluster-signing-cert-file=$pki/ca.crt --cluster-signing-key-file=$pki/ca.key --root-ca-file=$pki/ca.crt \
        --service-account-private-key-file=$pki/sa.key --use-service-account-credentials=true \
        --bind-address=127.0.0.1
      ;;
    kube-scheduler)
      echo kube-scheduler --kubeconfig=/etc/kubernetes/scheduler.conf --leader-elect=false --bind-address=127.0.0.1
      ;;
    containerd) echo containerd ;;
    kubelet)
      echo kubelet --config=/var/lib/kubelet/config.yaml --config-dir=$dropped --kubeconfig=/etc/kubernetes/kubelet.conf \
        --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --hostname-override=node-1 \
        --node-ip=10.77.0.1 --runtime-cgroups="/$group/containerd" --v=2
      ;;
    *)
      echo "no such program: $1" >&2
      return 2
      ;;
  esac
}

start() {
  local name=$1 hierarchy command
  command=$(command_of "$name")
  (
    # In its own control group, where the kubelet says what the runtime needs. The kubelet moves by itself.
    for hierarchy in $(findmnt -rno TARGET -t cgroup,cgroup2); do
      mkdir -p "$hierarchy/$group/$name"
      for file in cpuset.cpus cpuset.mems; do
        [ ! -e "$hierarchy/$group/$file" ] || cat "$hierarchy/$group/$file" >"$hierarchy/$group/$name/$file"
      done
      echo 0 >"$hierarchy/$group/$name/cgroup.procs"
    done
    # shellcheck disable=SC2086 # words, none of which has a space
    exec setsid $command </dev/null >>"$directory/log/$name.log" 2>&1
  ) &
  echo $! >"$running/$name"
}

signal() {
  kill "-$2" "$(cat "$running/$1")"
}

stop() {
  local pid
  pid=$(cat "$running/$1")
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$pid"
}

# wait_for COMMAND...: until it succeeds, for a minute.
wait_for() {
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  echo "in vain: $*" >&2
  return 1
}

# What kubeadm grants to those who bring a node, and to the API server at the kubelets.
bind() {
  kubectl create clusterrolebinding bootstrap --clusterrole=system:node-bootstrapper --group=system:bootstrappers
  kubectl create clusterrolebinding approve --group=system:bootstrappers \
    --clusterrole=system:certificates.k8s.io:certificatesigningrequests:nodeclient
  kubectl create clusterrolebinding renew --group=system:nodes \
    --clusterrole=system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
  kubectl create clusterrolebinding kubeadm:cluster-admins --clusterrole=cluster-admin --group=kubeadm:cluster-admins
}

# What a kubelet of this node asked for, which nothing approves by itself.
approve_serving() {
  local waiting
  waiting=$(kubectl get csr --field-selector spec.signerName=kubernetes.io/kubelet-serving -o name)
  # shellcheck disable=SC2086 # one word each
  [ -n "$waiting" ] && kubectl certificate approve $waiting
}

import_images() {
  wait_for test -S /run/containerd/containerd.sock
  local archive
  for archive in "$programs"/images/*.tar; do ctr -n k8s.io images import "$archive"; done
}

first() {
  trap 'echo "failed at line $LINENO"' ERR
  mkdir -p "$directory/log"
  lay_out_files
  lay_out_kernel_settings
  lay_out_network
  lay_out_identities
  lay_out_containerd
  lay_out_kubelet
  start etcd
  start containerd
  start kube-apiserver
  import_images
  wait_for kubectl get --raw /readyz
  start kube-controller-manager
  start kube-scheduler
  bind
  start kubelet
  wait_for approve_serving
  wait_for kubectl wait --for=condition=Ready node/node-1 --timeout=10s
  touch "$directory/log/ready"
  # The first process reaps what lost its parent, and never ends by itself.
  while :; do
    sleep infinity &
    wait $!
  done
}

"$verb" "$@"
