"""Every pod run from its first init container to a line in the database: commands, paths, mounts and files fit."""

import unittest

import pods
import rendered

# What is shipped pins a key that nobody has, and so believes nobody.
RESULTS = {"telegraf/kubernetes/pinned": "tls"}


class Pods(unittest.TestCase):
    def test_every_pod_delivers(self):
        seen = 0
        for name, objects, daemon_set in rendered.with_pods():
            with self.subTest(name), pods.Kubelet() as kubelet, pods.Database() as database:
                seen += 1
                spec = daemon_set["spec"]["template"]["spec"]
                with pods.Pod(spec, rendered.config_maps(objects), kubelet, database):
                    scrape = database.first("kubelet_scrape")
                    result = RESULTS.get(name, "success")
                    self.assertIn(f",result={result},", scrape)
                    self.assertIn(",host=test-node,", scrape)
                    if result == "success":
                        node = database.first("kubernetes_node")
                        self.assertIn(",node_name=test-node ", node)
        self.assertGreaterEqual(seen, 5)


if __name__ == "__main__":
    unittest.main()
