"""The values for the chart telegraf-ds.

The chart itself comes from no package registry, so what is checked is the values: that only those are used that the
chart has, that the pieces which it puts into a pod as they are make a valid pod, and that the configuration which it
makes of the rest runs.
"""

import json
import unittest

import kubernetes_validate
import yaml

import pods
import programs
import rendered
from test_manifests import VERSIONS, pod_faults

CHART = rendered.TELEGRAF_DIR / "kubernetes/chart"
# What its values.yaml and its DaemonSet know of what is of use here.
KNOWN = {
    "config": {"agent", "global_tags", "inputs", "outputs"},
    "env": None,
    "envFromSecret": None,
    "image": {"repo", "tag", "pullPolicy"},
    "mountPoints": None,
    "nodeSelector": None,
    "podSecurityContext": None,
    "rbac": {"create"},
    "resources": None,
    "serviceAccount": {"annotations", "create", "name"},
    "tolerations": None,
    "volumes": None,
}
# Of the chart's own values.yaml.
DEFAULT_IMAGE = {"repo": "telegraf", "tag": "1.39-alpine"}
DEFAULT_AGENT = {"interval": "10s", "round_interval": True, "flush_interval": "10s", "hostname": "$HOSTNAME"}
IMAGE_VOLUMES_SINCE = (1, 31)


def merged(under, over):
    """As Helm does: tables are merged, lists and all else replaced."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {key: merged(under.get(key), over.get(key, under.get(key))) for key in under | over}
    return over


def values(way):
    texts = [(CHART / name).read_text() for name in ["values.yaml", f"values-{way}.yaml"]]
    return merged(*(yaml.safe_load(text) for text in texts))


def toml(config):
    """The telegraf.conf that the chart makes: a table for each entry, strings, integers, booleans and lists in it."""
    lines = ["[agent]"]
    lines += [f"  {key} = {json.dumps(value)}" for key, value in (DEFAULT_AGENT | config["agent"]).items()]
    for kind in ["inputs", "outputs"]:
        for entry in config[kind]:
            for plugin, options in entry.items():
                lines.append(f"[[{kind}.{plugin}]]")
                lines += [f"  {key} = {json.dumps(value)}" for key, value in options.items()]
    return "\n".join(lines) + "\n"


def pod(of):
    """The pod, as far as values decide it."""
    image = DEFAULT_IMAGE | of.get("image", {})
    return {
        "serviceAccountName": of["serviceAccount"]["name"],
        "securityContext": of["podSecurityContext"],
        "tolerations": of["tolerations"],
        "nodeSelector": of["nodeSelector"],
        "containers": [
            {
                "name": "telegraf-ds",
                "image": f"{image['repo']}:{image['tag']}",
                "resources": of["resources"],
                "env": of["env"],
                "envFrom": [{"secretRef": {"name": of["envFromSecret"]}}],
                "volumeMounts": [*of["mountPoints"], {"name": "config", "mountPath": "/etc/telegraf"}],
            }
        ],
        "volumes": [*of["volumes"], {"name": "config", "configMap": {"name": "config"}}],
    }


class Chart(unittest.TestCase):
    def test_only_values_that_it_has(self):
        for way in ["image", "volume"]:
            for key, value in values(way).items():
                with self.subTest(f"{way} {key}"):
                    self.assertIn(key, KNOWN)
                    if KNOWN[key] is not None:
                        self.assertLessEqual(set(value), KNOWN[key])

    def test_its_own_role_is_not_made(self):
        for way in ["image", "volume"]:
            self.assertEqual(values(way)["rbac"], {"create": False})
            account = values(way)["serviceAccount"]
            self.assertFalse(account["create"])
            (ours,) = rendered.of_kind(rendered.variants()["telegraf/kubernetes/access"], "ServiceAccount")
            self.assertEqual(account["name"], ours["metadata"]["name"])

    def test_the_pod_is_valid(self):
        for way in ["image", "volume"]:
            spec = pod(values(way))
            wrapped = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
            for version in VERSIONS:
                if way == "volume" and tuple(map(int, version.split(".")[:2])) < IMAGE_VOLUMES_SINCE:
                    with self.assertRaises(kubernetes_validate.ValidationError):
                        kubernetes_validate.validate(wrapped, version, strict=True)
                else:
                    kubernetes_validate.validate(wrapped, version, strict=True)

    def test_the_pod_is_hardened_as_far_as_values_can(self):
        # The first is not for the values to say, but for the ServiceAccount, which is ours. A class that does not exist
        # keeps every pod from being made, and ours comes with the manifests that the chart stands in for.
        beyond = {"the token is mounted everywhere", "no priorityClassName"}
        for way in ["image", "volume"]:
            self.assertEqual(set(pod_faults(pod(values(way)))), beyond)
            self.assertEqual(set(values(way)["resources"]), {"requests", "limits"})

    def test_the_volume_is_where_the_command_has_the_program(self):
        of = values("volume")
        (volume,) = (volume["name"] for volume in of["volumes"] if "image" in volume)
        (path,) = (mount["mountPath"] for mount in of["mountPoints"] if mount["name"] == volume)
        self.assertEqual(of["config"]["inputs"][0]["execd"]["command"], [f"{path}/telegraf-kubelet"])

    def test_the_images_have_the_program_where_the_commands_have_it(self):
        dockerfile = (rendered.REPOSITORY / "Dockerfile").read_text()
        stages = {stage.split()[0]: stage for stage in dockerfile.split(" AS ")[1:]}
        (in_telegraf,) = values("image")["config"]["inputs"][0]["execd"]["command"]
        self.assertIn(f" {in_telegraf}\n", stages["telegraf"])
        # What is built without a target is the last stage.
        self.assertIn(" /telegraf-kubelet\n", list(stages.values())[-1])
        for name, _, daemon_set in rendered.with_pods():
            for container in rendered.containers(daemon_set["spec"]["template"]["spec"]):
                if "telegraf-kubelet:" in container["image"]:
                    with self.subTest(f"{name} {container['name']}"):
                        self.assertEqual(container["command"][0], "/telegraf-kubelet")

    def test_telegraf_takes_the_configuration(self):
        for way in ["image", "volume"]:
            self.assertEqual(programs.telegraf_refusal(toml(values(way)["config"])), "")

    def test_the_pod_delivers(self):
        of = values("volume")
        spec = pod(of)
        spec["containers"][0]["command"] = ["telegraf", "--config", "/etc/telegraf/telegraf.conf"]
        # What is shipped has no file for the plugin: its own defaults are those of a pod, and this is none.
        of["config"]["agent"] |= {"interval": "1s", "flush_interval": "1s"}
        maps = {"config": {"telegraf.conf": toml(of["config"])}}
        with pods.Kubelet() as kubelet, pods.Database() as database, pods.Pod(spec, maps, kubelet, database):
            scrape = database.first("kubelet_scrape")
        self.assertIn(",url=https://127.0.0.1:10250 ", scrape)
        self.assertIn(",host=test-node,", scrape)


if __name__ == "__main__":
    unittest.main()
