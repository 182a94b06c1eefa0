"""Every configuration that stands in a file, a manifest or a guide, loaded by the program that it is for."""

import re
import tomllib
import unittest

import blocks
import programs
import rendered


def refusal(text):
    """What the program that this is for says against it."""
    inputs = tomllib.loads(text).get("inputs", {})
    return programs.plugin_refusal(text) if "kubelet" in inputs else programs.telegraf_refusal(text)


def uncommented(text):
    """The configurations that it becomes with one of its commented outputs in place of the one that is on."""
    before, _, outputs = text.partition("\n[[outputs.")
    for block in re.findall(r"^# \[\[outputs\.\w+\]\]\n(?:#  .*\n)+", outputs, re.MULTILINE):
        yield before + "\n" + re.sub(r"^# ", "", block, flags=re.MULTILINE)


class Configs(unittest.TestCase):
    def test_every_file_in_a_config_map(self):
        seen = 0
        for name, objects in rendered.variants().items():
            for data in rendered.config_maps(objects).values():
                for file, text in data.items():
                    with self.subTest(f"{name} {file}"):
                        seen += 1
                        self.assertEqual(refusal(text), "")
        self.assertGreaterEqual(seen, 8)

    def test_every_block_in_a_guide(self):
        seen = 0
        for where, text in blocks.blocks("toml"):
            with self.subTest(where):
                seen += 1
                self.assertEqual(refusal(text), "")
        self.assertGreater(seen, 0)

    def test_every_output_that_can_be_turned_on(self):
        text = (rendered.TELEGRAF_DIR / "telegraf.conf").read_text()
        kinds = set()
        for other in uncommented(text):
            (kind,) = tomllib.loads(other)["outputs"]
            with self.subTest(kind):
                kinds.add(kind)
                self.assertEqual(programs.telegraf_refusal(other), "")
        self.assertEqual(kinds, {"influxdb_v2", "influxdb_v3"})

    def test_telegraf_is_the_same_in_both_shapes(self):
        child, sidecar = (
            tomllib.loads((rendered.TELEGRAF_DIR / path).read_text())
            for path in ["telegraf.conf", "kubernetes/sidecar/telegraf.conf"]
        )
        for part in ["agent", "outputs"]:
            self.assertEqual(sidecar[part], child[part])
        self.assertEqual(list(child["inputs"]), ["execd"])
        self.assertEqual(list(sidecar["inputs"]), ["socket_listener"])

    def test_the_token_is_where_the_program_looks_for_it(self):
        sample = (rendered.TELEGRAF_DIR / "kubelet.conf").read_text()
        default = re.search(r'^  # bearer_token = "(.*)/token"$', sample, re.MULTILINE)[1]
        for name, _, daemon_set in rendered.with_pods():
            pod = daemon_set["spec"]["template"]["spec"]
            for volume in pod["volumes"]:
                if "projected" not in volume:
                    continue
                with self.subTest(name):
                    paths = [
                        mount["mountPath"]
                        for container in rendered.containers(pod)
                        for mount in container["volumeMounts"]
                        if mount["name"] == volume["name"]
                    ]
                    self.assertEqual(paths, [default])

    def test_a_wrong_one_is_refused(self):
        self.assertIn("did you mean url", refusal('[[inputs.kubelet]]\n  uri = "https://n"\n'))
        self.assertIn("not used", refusal('[[inputs.execd]]\n  command = ["x"]\n  comand = "y"\n'))
        self.assertIn("undefined but requested", refusal('[[outputs.influxdb_v4]]\n  urls = ["x"]\n'))


if __name__ == "__main__":
    unittest.main()
