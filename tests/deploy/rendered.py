"""What a user would apply: every kustomization rendered, and what is in it.

Knows where things are in this repository; judges nothing.
"""

import functools
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
AROUND_A_COMPONENT = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../telegraf]
components: [../{component}]
images:
  - name: telegraf-kubelet
    newName: registry.example.com/telegraf-kubelet
    newTag: 0.1.0
"""


def build(directory):
    """The objects that a kustomization makes."""
    done = subprocess.run(["kustomize", "build", directory], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"kustomize build {directory}: {done.stderr}")
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


@functools.cache
def variants():
    """All that can be applied, by its directory: kustomizations as they are, components upon that of `telegraf/`."""
    found = {}
    for path in sorted(TELEGRAF_DIR.rglob("kustomization.yaml")):
        name = str(path.parent.relative_to(REPOSITORY))
        kind = yaml.safe_load(path.read_text())["kind"]
        if kind == "Component":
            found[name] = build_beside(AROUND_A_COMPONENT.format(component=name))
        else:
            found[name] = build(path.parent)
    return found


def of_kind(objects, *kinds):
    return [each for each in objects if each["kind"] in kinds]


def with_pods():
    """Those variants that run something: name, all objects, the one DaemonSet."""
    for name, objects in variants().items():
        for daemon_set in of_kind(objects, "DaemonSet"):
            yield name, objects, daemon_set


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def config_maps(objects):
    """The files of each ConfigMap, by its name."""
    return {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}
