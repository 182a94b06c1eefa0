"""Every object against the schemas of Kubernetes, and every pod against what it promises of itself."""

import copy
import json
import re
import unittest

import kubernetes_validate
import yaml
from kubernetes_validate.utils import all_versions

import blocks
import rendered

# Older ones than these are out of everybody's support. The newest is whichever the package has.
OLDEST = "1.28"
VERSIONS = [version for version in all_versions() if [int(n) for n in version.split(".")[:2]] >= [1, 28]]


def validate(objects):
    for each in objects:
        for version in VERSIONS:
            kubernetes_validate.validate(each, version, strict=True)


class Schemas(unittest.TestCase):
    def test_there_are_several_versions(self):
        self.assertGreaterEqual(len(VERSIONS), 10, VERSIONS)
        self.assertTrue(VERSIONS[0].startswith(OLDEST), VERSIONS)

    def test_everything_rendered_is_valid(self):
        for name, objects in rendered.variants().items():
            with self.subTest(name):
                self.assertTrue(objects)
                validate(objects)

    def test_everything_in_a_guide_is_valid(self):
        seen = 0
        for where, text in blocks.manifests():
            for document in yaml.safe_load_all(text):
                with self.subTest(where):
                    seen += 1
                    validate(rendered.build_beside(text) if is_kustomization(document) else whole(document))
        self.assertGreater(seen, len(list(blocks.blocks("yaml"))), "those in commands too")

    def test_an_invalid_object_is_refused(self):
        _, _, daemon_set = next(rendered.with_pods())
        misspelt = copy.deepcopy(daemon_set)
        misspelt["spec"]["template"]["spec"]["automountServiceAccountTokn"] = False
        for wrong in [[misspelt], whole([{"name": "N", "valu": "v"}]), whole({"spec": {"volume": []}})]:
            with self.assertRaises(kubernetes_validate.ValidationError):
                validate(wrong)


def is_kustomization(document):
    return isinstance(document, dict) and document.get("kind") == "Kustomization"


# What the package has no schema of: no object of the API.
WITHOUT_SCHEMA = {"KubeletConfiguration"}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "b"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
}


def whole(document):
    """The objects that a block of a guide is, or that the part of one which it shows belongs into."""
    if isinstance(document, list):
        return whole({"containers": [{"env": document}]})
    if "kind" in document:
        return [] if document["kind"] in WITHOUT_SCHEMA else [document]
    if set(document) <= {"subjects", "roleRef"}:
        return [BINDING | document]
    if "mountPoints" in document:
        # Values of Telegraf's chart, which puts these two as they are into its pod.
        return whole({"volumes": document["volumes"], "volumeMounts": document["mountPoints"]})
    spec = document.get("spec", document)
    spec = spec.get("template", {}).get("spec", spec)
    containers = [{"name": "c", "image": "i:1"} | each for each in spec.get("containers", [{}])]
    if "volumeMounts" in spec:
        containers[0]["volumeMounts"] = spec["volumeMounts"]
    spec = {key: value for key, value in spec.items() if key != "volumeMounts"} | {"containers": containers}
    return [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}]


def faults(daemon_set):
    """What a hardened pod must not be; one line each."""
    pod = daemon_set["spec"]["template"]["spec"]
    yield from pod_faults(pod)
    for container in rendered.containers(pod):
        for fault in container_faults(container):
            yield f"{container['name']}: {fault}"
    of_the_node = {volume["name"] for volume in pod["volumes"] if "hostPath" in volume}
    for container in rendered.containers(pod):
        for mount in container["volumeMounts"]:
            if mount["name"] in of_the_node and (container in pod["containers"] or not mount.get("readOnly")):
                yield f"{container['name']}: the node's files, for longer than a copy of them takes, or to be written"
    mounted = {mount["name"] for container in rendered.containers(pod) for mount in container["volumeMounts"]}
    if mounted != {volume["name"] for volume in pod["volumes"]}:
        yield f"volumes are not the mounted ones: {mounted}"
    if daemon_set["kind"] == "DaemonSet":
        yield from faults_of_a_pod_on_every_node(daemon_set)
    else:
        yield from faults_of_a_pod_for_all_nodes(daemon_set)


def faults_of_a_pod_on_every_node(daemon_set):
    if daemon_set["spec"]["template"]["spec"].get("tolerations") != [{"operator": "Exists"}]:
        yield "not on every node"
    if "rollingUpdate" not in daemon_set["spec"].get("updateStrategy", {}):
        yield "no updateStrategy"


def faults_of_a_pod_for_all_nodes(deployment):
    spec = deployment["spec"]
    replicas, strategy, pod = spec.get("replicas"), spec.get("strategy", {}), spec["template"]["spec"]
    if replicas == 1 and strategy != {"type": "Recreate"}:
        yield "two that write everything, while one takes the other's place"
    if replicas != 1 and (strategy.get("rollingUpdate", {}).get("maxUnavailable") != 0 or not pod.get("topologySpreadConstraints")):
        yield "members that go together"
    tolerations = {each.get("key"): each.get("tolerationSeconds") for each in pod.get("tolerations", [])}
    if tolerations != {"node.kubernetes.io/not-ready": 30, "node.kubernetes.io/unreachable": 30}:
        yield "stays on a node that is gone"
    if not 10 <= pod.get("terminationGracePeriodSeconds", 0) <= 60:
        yield "no time to end, or too much"


def pod_faults(pod):
    context = pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser") or not context.get("runAsGroup"):
        yield "could run as root"
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "no seccomp"
    for shared in ["hostNetwork", "hostPID", "hostIPC"]:
        if pod.get(shared):
            yield shared
    # The token is where a volume brings it, in no other container.
    if pod.get("automountServiceAccountToken") is not False:
        yield "the token is mounted everywhere"
    if pod.get("nodeSelector") != {"kubernetes.io/os": "linux"}:
        yield "on Windows too"
    for wanted in ["priorityClassName", "serviceAccountName"]:
        if not pod.get(wanted):
            yield f"no {wanted}"
    for volume in pod["volumes"]:
        yield from volume_faults(volume)


def volume_faults(volume):
    if "secret" in volume and volume["secret"].get("defaultMode") != 0o440:
        yield f"{volume['name']}: a secret that others may read"
    if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
        yield f"{volume['name']}: without a limit"
    # A type that wants something to be there keeps a pod from starting where it is not.
    path = volume.get("hostPath")
    if path and path != {"path": "/var/lib/kubelet/pki", "type": "DirectoryOrCreate"}:
        yield f"{volume['name']}: of the node: {path}"


def container_faults(container):
    context = dict(container.get("securityContext", {}))
    wanted = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    if context != wanted:
        yield f"securityContext {context}"
    for bound in ["requests", "limits"]:
        if set(container.get("resources", {}).get(bound, {})) != {"cpu", "memory"}:
            yield f"no {bound}"
    name, _, tag = container["image"].rpartition("/")[2].partition(":")
    if not name or not tag or tag == "latest":
        yield f"image {container['image']}"
    if not container.get("command"):
        yield "leaves its command to the image"


class Hardening(unittest.TestCase):
    def test_every_pod_is_hardened(self):
        seen = 0
        for name, _, daemon_set in rendered.with_pods():
            with self.subTest(name):
                seen += 1
                self.assertEqual(list(faults(daemon_set)), [])
        self.assertGreaterEqual(seen, 4)

    def test_the_namespace_holds_pods_to_it(self):
        for name, objects, daemon_set in rendered.with_pods():
            with self.subTest(name):
                volumes = daemon_set["spec"]["template"]["spec"]["volumes"]
                enforced = "privileged" if any("hostPath" in volume for volume in volumes) else "restricted"
                (namespace,) = rendered.of_kind(objects, "Namespace")
                self.assertEqual(
                    namespace["metadata"]["labels"], {"pod-security.kubernetes.io/enforce": enforced}
                )
                self.assertEqual(daemon_set["metadata"]["namespace"], namespace["metadata"]["name"])

    def test_every_loosened_screw_is_found(self):
        (daemon_set,) = rendered.of_kind(rendered.variants()["telegraf"], "DaemonSet")
        self.finds_each(daemon_set, self.LOOSENED)
        for name in ["cluster", "cluster-shards"]:
            (deployment,) = rendered.of_kind(rendered.variants()[f"telegraf/kubernetes/{name}"], "Deployment")
            self.finds_each(deployment, self.LOOSENED_FOR_A_CLUSTER)
            other = copy.deepcopy(deployment)
            other["spec"]["replicas"] = 4 - other["spec"]["replicas"]
            self.assertNotEqual(list(faults(other)), [])

    def finds_each(self, whole, loosened):
        for path, value in loosened:
            with self.subTest(path):
                changed = copy.deepcopy(whole)
                at = changed["spec"]["template"]["spec"]
                for step in path[:-1]:
                    at = at[step]
                at[path[-1]] = value
                self.assertNotEqual(list(faults(changed)), [])

    ALLOWED = {"path": "/var/lib/kubelet/pki", "type": "DirectoryOrCreate"}
    LOOSENED = [
        (["securityContext", "runAsNonRoot"], False),
        (["securityContext", "runAsUser"], 0),
        (["securityContext", "seccompProfile"], {"type": "Unconfined"}),
        (["hostNetwork"], True),
        (["automountServiceAccountToken"], True),
        (["priorityClassName"], None),
        (["initContainers", 0, "securityContext", "readOnlyRootFilesystem"], False),
        (["containers", 0, "securityContext", "privileged"], True),
        (["containers", 0, "securityContext", "capabilities"], {"drop": ["ALL"], "add": ["NET_RAW"]}),
        (["containers", 0, "resources", "limits"], {"cpu": 1}),
        (["containers", 0, "image"], "registry:5000/telegraf"),
        (["containers", 0, "image"], "telegraf:latest"),
        (["volumes", 0], {"name": "plugin", "hostPath": {"path": "/"}}),
        (["volumes", 0], {"name": "plugin", "hostPath": ALLOWED | {"type": "Directory"}}),
        # In a container that runs on, and one that may write there.
        (["volumes", 0], {"name": "plugin", "hostPath": ALLOWED}),
    ]
    LOOSENED_FOR_A_CLUSTER = [
        (["tolerations"], [{"operator": "Exists"}]),
        (["terminationGracePeriodSeconds"], 1),
        (["securityContext", "runAsNonRoot"], False),
        (["containers", 0, "securityContext", "readOnlyRootFilesystem"], False),
    ]


def from_the_api(workload):
    """The environment that the API server makes, of all containers that run on."""
    fields = {}
    for container in workload["spec"]["template"]["spec"]["containers"]:
        for variable in container.get("env", []):
            if field := variable.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath"):
                fields[variable["name"]] = field
    return fields


class Consistency(unittest.TestCase):
    def test_what_a_pod_refers_to_is_there(self):
        for name, objects, daemon_set in rendered.with_pods():
            with self.subTest(name):
                pod = daemon_set["spec"]["template"]["spec"]
                there = {(each["kind"], each["metadata"]["name"]) for each in objects}
                self.assertIn(("ServiceAccount", pod["serviceAccountName"]), there)
                self.assertIn(("PriorityClass", pod["priorityClassName"]), there)
                # Kubernetes puts this one into every namespace.
                there.add(("ConfigMap", "kube-root-ca.crt"))
                for volume in pod["volumes"]:
                    if "configMap" in volume:
                        self.assertIn(("ConfigMap", volume["configMap"]["name"]), there)

    def test_the_files_are_the_repositorys_own(self):
        maps = rendered.config_maps(rendered.variants()["telegraf"])
        shipped = {name: text for data in maps.values() for name, text in data.items()}
        for name in ["telegraf.conf", "kubelet.conf"]:
            self.assertEqual(shipped[name], (rendered.TELEGRAF_DIR / name).read_text())

    def test_commands_name_what_is_there(self):
        """Containers, programs in them and labels, wherever a page runs something in our pods."""
        there, programs_in, labels = set(), set(), set()
        for _, _, daemon_set in rendered.with_pods():
            labels |= {f"{name}={value}" for name, value in daemon_set["spec"]["template"]["metadata"]["labels"].items()}
            for container in rendered.containers(daemon_set["spec"]["template"]["spec"]):
                there.add(container["name"])
                programs_in.add((container["name"], container["command"][0]))
                mounted = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "plugin"]
                programs_in |= {(container["name"], f"{path}/telegraf-kubelet") for path in mounted}
        seen = 0
        for where, text in blocks.blocks("sh"):
            for command in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
                if "telegraf-kubelet" not in command or not re.search(r"\b(kubectl|crictl)\b", command):
                    continue
                with self.subTest(f"{where} {command}"):
                    for label in re.findall(r" -l (\S+)", command):
                        self.assertIn(label, labels)
                    names = re.findall(r"(?: -c |--container=|container\.name=)([\w-]+)", command)
                    self.assertLessEqual(set(names), there)
                    for program in re.findall(r' -- (?:env(?: "[^"]*")+ )?(/\S+)', command):
                        seen += 1
                        self.assertIn((names[0], program), programs_in)
        self.assertGreaterEqual(seen, 5)

    def test_each_pod_knows_its_node(self):
        for name, _, daemon_set in rendered.on_every_node():
            with self.subTest(name):
                fields = from_the_api(daemon_set)
                self.assertEqual(fields.get("NODE_IP"), "status.hostIP")
                self.assertEqual(fields.get("NODE_NAME"), "spec.nodeName")
                self.assertEqual(fields.get("HOSTNAME"), "spec.nodeName")

    def test_each_member_knows_its_name(self):
        seen = 0
        for name, objects, deployment in rendered.for_a_cluster():
            with self.subTest(name):
                seen += 1
                self.assertEqual(
                    from_the_api(deployment),
                    {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"},
                )
                (text,) = rendered.plugin_configs(objects)
                self.assertEqual('\n  shards = "leases"\n' in text, deployment["spec"]["replicas"] > 1)
        self.assertEqual(seen, 4)

    def test_nothing_asks_for_the_proxy(self):
        for name, objects in rendered.variants().items():
            with self.subTest(name):
                self.assertNotIn("nodes/proxy", json.dumps(rendered.of_kind(objects, "ClusterRole", "Role")))


if __name__ == "__main__":
    unittest.main()
