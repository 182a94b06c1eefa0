"""The rights that are given are the ones that the program uses, in every manifest and every guide."""

import http.server
import itertools
import pathlib
import subprocess
import tempfile
import threading
import tomllib
import unittest

import yaml

import blocks
import cluster
import rendered
from programs import until

# How a kubelet names what it asks the API server for, by the path of the request and its method.
SUBRESOURCES = {
    "/stats/": "nodes/stats",
    "/metrics/": "nodes/metrics",
    "/logs/": "nodes/log",
    "/pods": "nodes/pods",
    "/healthz": "nodes/healthz",
    "/configz": "nodes/configz",
}
VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def right(method, path):
    """The right that a kubelet wants to see for a request."""
    for prefix, subresource in SUBRESOURCES.items():
        if path.startswith(prefix):
            return ("", subresource, VERBS[method])
    return ("", "nodes/proxy", VERBS[method])


class Recorder(http.server.BaseHTTPRequestHandler):
    """A kubelet that notes down what it is asked."""

    asked = []

    def answer(self):
        self.asked.append((self.command, self.path))
        body = b'{"node": {"nodeName": "n"}, "pods": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


# What has the program tell of pods more than their numbers.
METADATA = '  metadata = ["status"]\n'


def used(options=""):
    """What the real program with these options asks a kubelet for in a tick."""
    Recorder.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory) / "kubelet.conf"
        config.write_text(f'[[inputs.kubelet]]\n  url = "http://127.0.0.1:{server.server_port}"\n{options}')
        process = subprocess.Popen(
            [rendered.PLUGIN, "-config", config],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        process.stdin.write("\n")
        process.stdin.flush()
        # Nothing waits for what is asked beside the summary, a stop neither.
        if options:
            until("it asks for pods", lambda: any(path.startswith("/pods") for _, path in list(Recorder.asked)))
        out, log = process.communicate(timeout=60)
    server.shutdown()
    server.server_close()
    if process.returncode != 0 or "result=success" not in out:
        raise AssertionError(f"no good scrape: {out} {log}")
    return {right(method, path) for method, path in Recorder.asked}


# What has the program look for nodes, and share them.
DISCOVERS = '  discover = "nodes"\n'
SHARES = DISCOVERS + '  shards = "leases"\n  lease_duration = "5s"\n'


def used_of_a_cluster(options):
    """What the real program with these options asks an API server for, and the kubelets that it finds by that."""
    with cluster.Cluster() as asked, tempfile.TemporaryDirectory() as directory:
        config, token = (pathlib.Path(directory) / name for name in ["kubelet.conf", "token"])
        token.write_text("a-token")
        as_whom = f'  bearer_token = "{token}"\n  tls_ca = "{asked.files}/ca.crt"\n  api_server = "{asked.url}"\n'
        config.write_text(f"[[inputs.kubelet]]\n{as_whom}{options}")
        process = subprocess.Popen(
            [rendered.PLUGIN, "-config", config, "-poll_interval", "1s"],
            env={"POD_NAMESPACE": "telegraf-kubelet"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wanted = {("GET", "/stats/summary"), ("GET", "/api/v1/nodes")}
        if "shards" in options:
            wanted |= {(method, cluster.LEASES) for method in ["GET", "POST", "PUT"]}
        if "metadata" in options:
            wanted |= {("GET", "/pods")}
        met = lambda method, part: any(method == of and part in path for of, path in list(asked.asked))
        until(f"all of {wanted} is asked", lambda: all(met(*each) for each in wanted))
        _, log = process.communicate(timeout=60)
    if process.returncode != 0:
        raise AssertionError(log)
    return {right_of_a_cluster(*each) for each in asked.asked}


def right_of_a_cluster(method, path):
    """The right that an API server wants to see for a request, or a kubelet."""
    if path.startswith(cluster.NODES):
        return ("", "nodes", "watch" if "watch=" in path else "list")
    _, leases, name = path.partition(cluster.LEASES)
    if leases and path.startswith("/apis/coordination.k8s.io/v1/namespaces/telegraf-kubelet/"):
        return ("coordination.k8s.io", "leases", VERBS[method] if method != "GET" or name.startswith("/") else "list")
    return right(method, path)


def granted(*roles):
    """All that these roles give."""
    rights = set()
    for rule in itertools.chain(*(role["rules"] for role in roles)):
        # Names of nodes make less of a right, everything else something other.
        if set(rule) - {"resourceNames"} != {"apiGroups", "resources", "verbs"}:
            raise AssertionError(f"a rule of another kind: {rule}")
        rights |= set(itertools.product(rule["apiGroups"], rule["resources"], rule["verbs"]))
    return rights


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.used = used()
        cls.used_with_metadata = used(METADATA)
        cls.used_of_a_cluster = used_of_a_cluster(DISCOVERS)
        cls.used_of_a_share = used_of_a_cluster(SHARES + METADATA)

    def used_by(self, objects):
        """What is used by the plugin of these objects, by its own configuration."""
        blocks_of = [tomllib.loads(text)["inputs"]["kubelet"] for text in rendered.plugin_configs(objects)]
        has = lambda option: any(option in block for each in blocks_of for block in each)
        rights = self.used_with_metadata if has("metadata") else self.used
        if has("discover"):
            rights = rights | self.used_of_a_cluster
        if has("shards"):
            rights = rights | (self.used_of_a_share - self.used_with_metadata)
        return rights

    def test_the_program_needs_one_right(self):
        self.assertEqual(self.used, {("", "nodes/stats", "get")})

    def test_one_more_where_pods_are_to_be_told_of(self):
        self.assertEqual(self.used_with_metadata, self.used | {("", "nodes/pods", "get")})

    def test_nodes_are_listed_and_watched_and_leases_are_the_members_own(self):
        nodes = {("", "nodes", "list"), ("", "nodes", "watch")}
        self.assertEqual(self.used_of_a_cluster, self.used | nodes)
        leases = {("coordination.k8s.io", "leases", verb) for verb in ["list", "create", "update", "delete"]}
        self.assertEqual(self.used_of_a_share, self.used_with_metadata | nodes | leases)

    def test_leases_are_of_one_namespace(self):
        """By a Role: leases elsewhere are of those who run the cluster."""
        seen = 0
        for name, objects, _ in rendered.for_a_cluster():
            with self.subTest(name):
                for role in rendered.of_kind(objects, "ClusterRole"):
                    self.assertNotIn("leases", str(role["rules"]))
                roles = rendered.of_kind(objects, "Role")
                for role in roles:
                    seen += 1
                    self.assertEqual(role["metadata"]["namespace"], "telegraf-kubelet")
                    self.assertEqual([set(rule["resources"]) for rule in role["rules"]], [{"leases"}])
                shares = 'shards = "leases"' in rendered.plugin_configs(objects)[0]
                self.assertEqual(len(roles), 1 if shares else 0)
        self.assertEqual(seen, 2)

    def test_the_role_that_check_prints_gives_that_and_nothing_more(self):
        one, all_of_them = '  url = "https://127.0.0.1"\n', '  api_server = "https://127.0.0.1"\n'
        for options, rights in [
            (one, self.used),
            (one + METADATA, self.used_with_metadata),
            (all_of_them + DISCOVERS, self.used_of_a_cluster),
            (all_of_them + SHARES + METADATA, self.used_of_a_share),
        ]:
            with self.subTest(options), tempfile.TemporaryDirectory() as directory:
                config = pathlib.Path(directory) / "kubelet.conf"
                config.write_text(f"[[inputs.kubelet]]\n{options}")
                command = [rendered.PLUGIN, "check", "--print-rbac", "-config", config]
                environment = {"POD_NAMESPACE": "telegraf-kubelet"}
                printed = subprocess.run(
                    command, env=environment, capture_output=True, text=True, timeout=60, check=True
                ).stdout
                objects = list(yaml.safe_load_all(printed))
                roles = [one for one in objects if one["kind"] in ("ClusterRole", "Role")]
                self.assertEqual(granted(*roles), rights)
                if one not in options:
                    continue
                # Each by a role of its own, so that one can be taken back without the other, and all for the same.
                self.assertEqual([len(granted(role)) for role in roles], [1] * len(rights))
                bindings = rendered.of_kind(objects, "ClusterRoleBinding")
                self.assertEqual(
                    [binding["roleRef"]["name"] for binding in bindings], [role["metadata"]["name"] for role in roles]
                )
                self.assertTrue(all(binding["subjects"] == bindings[0]["subjects"] for binding in bindings))

    def test_every_rendered_role_gives_that_and_nothing_more(self):
        seen = []
        for name, objects in rendered.variants().items():
            with self.subTest(name):
                roles = rendered.of_kind(objects, "ClusterRole", "Role")
                for role in roles:
                    self.assertNotIn("aggregationRule", role)
                if rendered.of_kind(objects, "ServiceAccount"):
                    self.assertEqual(granted(*roles), self.used_by(objects))
                    seen.append(granted(*roles))
                else:
                    self.assertEqual(roles, [])
        for rights in [self.used, self.used_with_metadata]:
            self.assertGreater(seen.count(rights), 5)

    def test_the_account_alone_can_have_the_right_to_pods(self):
        """As for the chart, which has a pod of its own."""
        own = rendered.OWN.format(
            resources=["../telegraf/kubernetes/access"], components=["../telegraf/kubernetes/pod-metadata"]
        )
        objects = rendered.build_beside(own)
        roles = rendered.of_kind(objects, "ClusterRole", "Role")
        self.assertEqual(granted(*roles), self.used_with_metadata)
        who = {"kind": "ServiceAccount", "name": "telegraf-kubelet", "namespace": "telegraf-kubelet"}
        bindings = rendered.of_kind(objects, "ClusterRoleBinding")
        self.assertEqual([binding["subjects"] for binding in bindings], [[who], [who]])

    def test_every_role_in_a_guide_gives_that_and_nothing_more(self):
        seen = 0
        for where, text in blocks.blocks("yaml"):
            for document in yaml.safe_load_all(text):
                if isinstance(document, dict) and document.get("kind") in ("ClusterRole", "Role"):
                    with self.subTest(where):
                        seen += 1
                        self.assertEqual(granted(document), self.used)
        self.assertGreater(seen, 0)

    def test_the_right_is_bound_to_who_asks(self):
        for name, objects, daemon_set in rendered.with_pods():
            with self.subTest(name):
                pod = daemon_set["spec"]["template"]["spec"]
                bindings = rendered.of_kind(objects, "ClusterRoleBinding", "RoleBinding")
                roles = rendered.of_kind(objects, "ClusterRole", "Role")
                for binding in bindings:
                    self.assertEqual(binding["kind"], f"{binding['roleRef']['kind']}Binding")
                self.assertEqual(
                    sorted(binding["roleRef"]["name"] for binding in bindings),
                    sorted(role["metadata"]["name"] for role in roles),
                )
                certificate = any("\n  tls_cert = " in config for config in rendered.plugin_configs(objects))
                if certificate:
                    # And no namespace, which users don't have: kustomize likes to add one.
                    who = {
                        "apiGroup": "rbac.authorization.k8s.io",
                        "kind": "User",
                        "name": "telegraf-kubelet-client",
                    }
                else:
                    who = {
                        "kind": "ServiceAccount",
                        "name": pod["serviceAccountName"],
                        "namespace": daemon_set["metadata"]["namespace"],
                    }
                for binding in bindings:
                    self.assertEqual(binding["subjects"], [who])
                tokens = [
                    source["serviceAccountToken"]
                    for volume in pod["volumes"]
                    for source in volume.get("projected", {}).get("sources", [])
                    if "serviceAccountToken" in source
                ]
                self.assertEqual(len(tokens), 0 if certificate else 1)
                for token in tokens:
                    self.assertNotIn("audience", token)

    def test_what_is_too_much_is_found(self):
        for rules in [
            [{"apiGroups": [""], "resources": ["nodes/stats", "nodes/proxy"], "verbs": ["get"]}],
            [{"apiGroups": [""], "resources": ["nodes/stats"], "verbs": ["get", "list"]}],
            [{"apiGroups": [""], "resources": ["*"], "verbs": ["*"]}],
        ]:
            self.assertNotEqual(granted({"rules": rules}), self.used)
        with self.assertRaises(AssertionError):
            granted({"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]})


if __name__ == "__main__":
    unittest.main()
