"""Components put together: every set of them, in every order, upon each shape is merged right, or refused."""

import itertools
import tomllib
import unittest

import programs
import rendered

# What of the plugin's configuration each of them is about.
OPTIONS = {
    "client-certificate": {"tls_cert", "tls_key"},
    "node-certificate": {"tls_ca", "tls_server_name"},
    "pinned": {"tls_pin_sha256"},
    "pod-metadata": {"metadata"},
}
SHAPES = {"child": set(), "sidecar": {"output", "interval"}}
CLUSTERS = {"cluster": {"discover"}, "cluster-shards": {"discover", "shards"}}


def sequences():
    """All orders of up to three components, the same one twice among them."""
    for count in range(4):
        yield from itertools.product(rendered.COMPONENTS, repeat=count)


def configuration(objects):
    """The text of the one file that the plugin is given."""
    (text,) = rendered.plugin_configs(objects)
    return text


class Combinations(unittest.TestCase):
    def test_what_goes_together_says_all_and_is_loaded(self):
        seen = set()
        for shape, components in itertools.product(SHAPES, sequences()):
            if not rendered.goes_together(components):
                continue
            with self.subTest(f"{shape} {components}"):
                objects = rendered.combined([shape], components)
                text = configuration(objects)
                (block,) = tomllib.loads(text)["inputs"]["kubelet"]
                want = SHAPES[shape].union(*(OPTIONS[component] for component in components))
                self.assertEqual(set(block), want)
                self.assertEqual(programs.plugin_refusal(text), "")
                (daemon_set,) = rendered.of_kind(objects, "DaemonSet")
                identity = next((c for c in components if c in rendered.IDENTITIES), "service-account")
                trust = next((c for c in components if c in rendered.TRUSTS), "cluster-ca")
                metadata = next((c for c in components if c in rendered.METADATA), "none")
                self.assertEqual(
                    daemon_set["metadata"]["annotations"],
                    {
                        "telegraf-kubelet/identity": identity,
                        "telegraf-kubelet/trust": trust,
                        "telegraf-kubelet/metadata": metadata,
                    },
                )
                seen.add((shape, frozenset(components)))
        self.assertEqual(len(seen), len(SHAPES) * len(list(rendered.combinations())))
        self.assertGreaterEqual(len(seen), 24)

    def test_a_cluster_is_told_of_pods_and_nothing_else(self):
        for shape, options in CLUSTERS.items():
            with self.subTest(shape):
                objects = rendered.combined([shape], rendered.METADATA)
                text = configuration(objects)
                (block,) = tomllib.loads(text)["inputs"]["kubelet"]
                self.assertEqual(set(block), options | OPTIONS["pod-metadata"])
                self.assertEqual(programs.plugin_refusal(text), "")
                (deployment,) = rendered.of_kind(objects, "Deployment")
                told = deployment["metadata"]["annotations"]["telegraf-kubelet/metadata"]
                self.assertEqual(told, "pod-metadata")
                for component in [*rendered.IDENTITIES, "node-certificate"]:
                    with self.assertRaises(rendered.Refused):
                        rendered.combined([shape], [component])

    def test_the_order_does_not_matter(self):
        for shape, components in itertools.product(SHAPES, rendered.combinations()):
            rendered_in = [rendered.combined([shape], order) for order in itertools.permutations(components)]
            ways = {tuple(sorted(map(without_order, objects))) for objects in rendered_in}
            with self.subTest(f"{shape} {components}"):
                self.assertEqual(len(ways), 1, ways)

    def test_what_does_not_go_together_is_refused(self):
        refused = 0
        for shape, components in itertools.product(SHAPES, sequences()):
            if rendered.goes_together(components):
                continue
            with self.subTest(f"{shape} {components}"):
                refused += 1
                # By the name of what carries the lines of both, or of what both add.
                refused_by = "telegraf-kubelet-(identity|trust).*exists|already registered id: .*/telegraf-kubelet-pods"
                with self.assertRaisesRegex(rendered.Refused, refused_by):
                    rendered.combined([shape], components)
        self.assertGreater(refused, 40)
        with self.assertRaisesRegex(rendered.Refused, "already registered id"):
            rendered.combined(["child", "sidecar"], [])

    def test_what_carries_the_lines_is_not_applied(self):
        for name, objects in rendered.variants().items():
            with self.subTest(name):
                for each in objects:
                    self.assertNotIn("config.kubernetes.io/local-config", each["metadata"].get("annotations", {}))


def without_order(each):
    """An object as text, without the order of its lists and of the lines in its files, nor a name that is made of them."""
    if isinstance(each, dict):
        return str(sorted((key, without_order(value)) for key, value in each.items()))
    if isinstance(each, list):
        return str(sorted(map(without_order, each)))
    text = str(each)
    if text.startswith("telegraf-kubelet-"):
        return text.rpartition("-")[0]
    return str(sorted(text.splitlines()))


if __name__ == "__main__":
    unittest.main()
