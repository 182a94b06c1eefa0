"""What a user would apply: every kustomization rendered, and what is in it.

Knows where things are in this repository; judges nothing.
"""

import functools
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TELEGRAF_DIR = REPOSITORY / "telegraf"
PLUGIN = pathlib.Path(os.environ.get("PLUGIN", REPOSITORY / "target/debug/telegraf-kubelet")).resolve()
TELEGRAF = os.environ.get("TELEGRAF", "telegraf")

# A user's own kustomization, in a directory beside a copy of ours.
OWN = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: {resources}
components: {components}
images:
  - name: telegraf-kubelet
    newName: registry.example.com/telegraf-kubelet
    newTag: 0.1.0
"""
# The pod's shapes, and what can be put upon each: who the plugin is, whom it believes, and what it tells of pods.
SHAPES = {"child": "../telegraf", "sidecar": "../telegraf/kubernetes/sidecar"}
# Those for a whole cluster, upon which there is the last one alone.
CLUSTERS = {"cluster": "../telegraf/kubernetes/cluster", "cluster-shards": "../telegraf/kubernetes/cluster-shards"}
IDENTITIES = ["client-certificate"]
TRUSTS = ["node-certificate", "pinned"]
METADATA = ["pod-metadata"]
COMPONENTS = [*IDENTITIES, *TRUSTS, *METADATA]


class Refused(Exception):
    """What kustomize says against it."""


def build(directory):
    """The objects that a kustomization makes."""
    done = subprocess.run(["kustomize", "build", directory], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"kustomize build {directory}: {done.stderr}")
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def build_beside(kustomization):
    """The objects of a kustomization that a user has in a directory beside `telegraf/`."""
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        shutil.copytree(TELEGRAF_DIR, directory / "telegraf")
        own = directory / "my-cluster"
        own.mkdir()
        (own / "kustomization.yaml").write_text(kustomization)
        return build(own)


def combined(shapes, components):
    """The objects of these shapes with these components upon them, in this order."""
    return build_beside(
        OWN.format(
            resources=[(SHAPES | CLUSTERS)[shape] for shape in shapes],
            components=[f"../telegraf/kubernetes/{component}" for component in components],
        )
    )


def goes_together(components):
    """Whether each says something of its own: one identity, one trust."""
    return len(components) == len(set(components)) and not set(TRUSTS) <= set(components)


def combinations():
    """All sets of components that go together, the empty one too."""
    for count in range(len(COMPONENTS) + 1):
        yield from filter(goes_together, itertools.combinations(COMPONENTS, count))


@functools.cache
def variants():
    """All that can be applied: kustomizations as they are, by their directory, and each shape with its components."""
    found = {}
    for path in sorted(TELEGRAF_DIR.rglob("kustomization.yaml")):
        if yaml.safe_load(path.read_text())["kind"] != "Component":
            found[str(path.parent.relative_to(REPOSITORY))] = build(path.parent)
    for shape in SHAPES:
        for components in combinations():
            if components:
                found[" + ".join([shape, *components])] = combined([shape], components)
    for shape in CLUSTERS:
        found[" + ".join([shape, *METADATA])] = combined([shape], METADATA)
    return found


def of_kind(objects, *kinds):
    return [each for each in objects if each["kind"] in kinds]


def on_every_node():
    """Those variants that run a pod on each node: name, all objects, the one DaemonSet."""
    for name, objects in variants().items():
        for daemon_set in of_kind(objects, "DaemonSet"):
            yield name, objects, daemon_set


def for_a_cluster():
    """Those variants that run a few pods for all nodes: name, all objects, the one Deployment."""
    for name, objects in variants().items():
        for deployment in of_kind(objects, "Deployment"):
            yield name, objects, deployment


def with_pods():
    """All variants that run something."""
    yield from on_every_node()
    yield from for_a_cluster()


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def config_maps(objects):
    """The files of each ConfigMap, by its name."""
    return {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}


def plugin_configs(objects):
    """The plugin's own files among them."""
    return [data["kubelet.conf"] for data in config_maps(objects).values() if "kubelet.conf" in data]
