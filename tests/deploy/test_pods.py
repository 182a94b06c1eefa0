"""Every pod run from its first init container to a line in the database: commands, paths, mounts and files fit."""

import concurrent.futures
import unittest

import pods
import rendered

# The kubelets that each trust is for.
KUBELETS = {
    "cluster-ca": ["ca-issued"],
    # A node whose certificate the cluster's CA signed has no file of its own, and holds nobody up.
    "node-certificate": ["self-signed", "ca-issued"],
    "pinned": ["self-signed"],
}


# Pods mostly wait: for their first tick, and for each other when they stop.
AT_ONCE = 4


def run(objects, kubelet):
    """The first lines that the only pod of these objects has written, and the logs of its containers.

    Of pods, where it is to tell what the kubelet knows of them, the first line with that."""
    (daemon_set,) = rendered.of_kind(objects, "DaemonSet", "Deployment")
    spec = daemon_set["spec"]["template"]["spec"]
    with pods.Database() as database, pods.Pod(spec, rendered.config_maps(objects), kubelet, database) as pod:
        scrape = database.first("kubelet_scrape")
        node = database.first("kubernetes_node") if ",result=success," in scrape else ""
        if node and daemon_set["metadata"]["annotations"]["telegraf-kubelet/metadata"] != "none":
            database.first("kubernetes_pod", "phase=\"Running\"")
        logs = {container["name"]: pod.log(container) for container in rendered.containers(spec)}
    return scrape, node, logs


def run_by(serving, objects):
    with pods.Kubelet(serving) as kubelet:
        return run(objects, kubelet)


class Pods(unittest.TestCase):
    def test_every_pod_delivers(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            running = {}
            for name, objects, daemon_set in rendered.with_pods():
                for serving in KUBELETS[daemon_set["metadata"]["annotations"]["telegraf-kubelet/trust"]]:
                    running[f"{name} {serving}"] = pool.submit(run_by, serving, objects)
        clusters = {f"{name} ca-issued" for name, _, _ in rendered.for_a_cluster()}
        self.assertLessEqual(clusters, set(running))
        for name, ran in running.items():
            with self.subTest(name):
                scrape, node, _ = ran.result()
                self.assertIn(",result=success,", scrape)
                # A pod for all nodes is none of them.
                host = ",host=test-node," if name not in clusters else ",node_name=test-node,"
                self.assertIn(host, scrape)
                self.assertEqual(",host=" in scrape, name not in clusters)
                self.assertIn(",node_name=test-node ", node)
        self.assertGreaterEqual(len(running), 32)

    def test_the_pin_that_is_shipped_is_nobodys(self):
        scrape, _, _ = run_by("ca-issued", rendered.variants()["child + pinned"])
        self.assertIn(",result=tls,", scrape)

    def test_a_node_without_a_certificate_of_its_own_says_so(self):
        objects = rendered.variants()["sidecar + node-certificate"]
        for serving, words in [("ca-issued", "test-node: no /"), ("self-signed", "test-node: the kubelet's own")]:
            with self.subTest(serving):
                _, _, logs = run_by(serving, objects)
                self.assertIn(words, logs["node-certificate"])

    def test_a_certificate_that_lies_there_from_before_does_no_harm(self):
        with pods.Kubelet() as kubelet, pods.Kubelet("self-signed") as before:
            kubelet.on_disk = before.on_disk
            scrape, _, _ = run(rendered.variants()["child + node-certificate"], kubelet)
        self.assertIn(",result=success,", scrape)


if __name__ == "__main__":
    unittest.main()
