"""No two things that are shipped have one name: applying one would take from the other what it had.

What is under telegraf/kubernetes is one thing here, of which there are several shapes to choose from. All else stands by
itself: what the READMEs and guides show, and what the program prints.
"""

import pathlib
import subprocess
import tempfile
import unittest

import yaml

import blocks
import pods
import rendered

# No objects of a cluster.
ELSEWHERE = {"Kustomization", "KubeletConfiguration"}
THE_MANIFESTS = "telegraf/kubernetes"


def key(each):
    return each["kind"], each["metadata"]["name"], each["metadata"].get("namespace")


def shown():
    """What pages show, whole or in a command: where, and the object."""
    for where, text in blocks.manifests():
        for document in yaml.safe_load_all(text):
            if isinstance(document, dict) and document.get("kind", "Kustomization") not in ELSEWHERE:
                yield where, document


def printed():
    """The rights that the program prints, for whom it finds in a token, in certificates, and for nobody that it knows."""
    with tempfile.TemporaryDirectory() as directory, pods.Kubelet() as kubelet:
        config = pathlib.Path(directory) / "kubelet.conf"
        token = f'bearer_token = "{kubelet.files}/token"'
        pair = f'tls_cert = "{kubelet.files}/client.crt"\n  tls_key = "{kubelet.files}/client.key"'
        more = '\n  metadata = ["status"]'
        for name, lines in [
            ("token", token),
            ("token, metadata", token + more),
            ("certificate", pair),
            ("certificate, metadata", pair + more),
            ("nobody", 'bearer_token = "/nowhere/token"'),
        ]:
            config.write_text(f'[[inputs.kubelet]]\n  url = "{kubelet.url}"\n  {lines}\n')
            done = subprocess.run(
                [rendered.PLUGIN, "check", "--print-rbac", "-config", config], capture_output=True, text=True, check=True
            )
            for document in yaml.safe_load_all(done.stdout):
                yield f"--print-rbac {name}", document


def all_by_name():
    """Each object by what it is called: who has it, and how it looks there."""
    found = {}
    for objects in rendered.variants().values():
        for each in objects:
            found.setdefault(key(each), []).append((THE_MANIFESTS, each))
    for where, each in [*shown(), *printed()]:
        found.setdefault(key(each), []).append((where, each))
    return found


def clashes(found):
    """Names under which different things have something different."""
    for name, things in found.items():
        for at, (where, one) in enumerate(things):
            for other_where, other in things[:at]:
                alternatives = where == other_where == THE_MANIFESTS
                if not alternatives and one != other:
                    yield name, where, other_where


class Names(unittest.TestCase):
    def test_nothing_takes_the_place_of_something_else(self):
        found = all_by_name()
        kinds = {kind for kind, _, _ in found}
        self.assertLessEqual({"ClusterRole", "ClusterRoleBinding", "ServiceAccount", "CertificateSigningRequest"}, kinds)
        self.assertEqual(list(clashes(found)), [])

    def test_the_program_prints_each_role_of_the_manifests_as_it_is_there(self):
        found = all_by_name()
        for role in ("telegraf-kubelet", "telegraf-kubelet-pods"):
            where = {where.split()[0] for where, _ in found["ClusterRole", role, None]}
            self.assertLessEqual({THE_MANIFESTS, "--print-rbac"}, where)

    def test_a_clash_is_found(self):
        found = all_by_name()
        (_, role), *_ = found["ClusterRole", "telegraf-kubelet", None]
        found["ClusterRole", "telegraf-kubelet", None].append(("a guide", role))
        self.assertEqual(list(clashes(found)), [])
        (_, binding), *_ = found["ClusterRoleBinding", "telegraf-kubelet", None]
        found["ClusterRoleBinding", "telegraf-kubelet", None].append(("a guide", binding | {"subjects": []}))
        self.assertTrue(list(clashes(found)))


if __name__ == "__main__":
    unittest.main()
