"""What a release calls its images, and what manifests and values call them.

The release's own scripts run here, with a `docker` that does nothing but note how it was called.
"""

import os
import pathlib
import subprocess
import tempfile
import tomllib
import unittest

import yaml

import rendered
import test_chart

IMAGE = "registry.example.com/telegraf-kubelet"
NOTES = '#!/bin/sh\necho "$*" >>"$CALLS"\n'


def version():
    return tomllib.loads((rendered.REPOSITORY / "Cargo.toml").read_text())["package"]["version"]


def calls(job, environment):
    """How a job of the release calls `docker`: the words of each call."""
    workflow = yaml.safe_load((rendered.REPOSITORY / ".github/workflows/release.yml").read_text())
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        docker, noted, passed_on = (directory / name for name in ["docker", "calls", "environment"])
        docker.write_text(NOTES)
        docker.chmod(0o755)
        passed_on.touch()
        environment = {
            "PATH": f"{directory}:{os.environ['PATH']}",
            "CALLS": str(noted),
            "GITHUB_ENV": str(passed_on),
            "GITHUB_ACTOR": "a",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_SERVER_URL": "https://example.com",
            "IMAGE": IMAGE,
            "TOKEN": "t",
        } | environment
        for step in workflow["jobs"][job]["steps"]:
            if "run" in step:
                lines = passed_on.read_text().splitlines()
                subprocess.run(
                    ["bash", "-euc", step["run"]],
                    env=environment | dict(line.split("=", 1) for line in lines),
                    check=True,
                )
        return [line.split() for line in noted.read_text().splitlines()]


def released(tag):
    """The images that there are after a release by this tag, and those of one processor that they are made of."""
    pushed, parts, made = set(), set(), set()
    for arch in ["amd64", "arm64"]:
        for call in calls("image", {"GITHUB_REF_NAME": tag, "ARCH": arch}):
            if call[0] == "push":
                pushed.add(call[1])
    for call in calls("image-of-both", {"GITHUB_REF_NAME": tag}):
        if call[:4] == ["buildx", "imagetools", "create", "--tag"]:
            made.add(call[4])
            parts.update(call[5:])
    if pushed != parts:
        raise AssertionError(f"pushed {pushed}, put together from {parts}")
    return made


def named():
    """Our images in everything that can be applied, in the registry of the examples."""
    for _, _, daemon_set in rendered.with_pods():
        for container in rendered.containers(daemon_set["spec"]["template"]["spec"]):
            name, _, tag = container["image"].rpartition("/")[2].partition(":")
            if name == "telegraf-kubelet":
                yield f"{IMAGE}:{tag}"
    image = test_chart.values("image")["image"]
    yield f"{image['repo']}:{image['tag']}"
    for volume in test_chart.values("volume")["volumes"]:
        if "image" in volume:
            yield volume["image"]["reference"]


class Release(unittest.TestCase):
    def test_the_images_are_called_as_they_are_pulled(self):
        self.assertEqual(released(f"v{version()}"), set(named()))


if __name__ == "__main__":
    unittest.main()
