"""Client certificates are made and renewed by the very commands of the guides, twice in a row.

An API server stands in that knows requests and Secrets: `kubectl` is a script here. What the real one does that matters:
a request can not be changed, it is signed some time after it was approved, and what is there can not be created again.
"""

import base64
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import blocks
import rendered

# Each place where a certificate is made, and the Secret that its commands end with.
PAGES = ["telegraf/guides/client-certificate-in-the-cluster.md", "telegraf/kubernetes/README.md"]

KUBECTL = '''#!{python}
import base64, json, pathlib, subprocess, sys
import yaml

STATE = pathlib.Path({state!r})
words = [word for word in sys.argv[1:] if not word.startswith("-")]
flags = [word for word in sys.argv[1:] if word.startswith("-")]


def fail(why):
    sys.exit(f"Error from server: {{why}}")


def object_file(kind, name):
    return STATE / f"{{kind}}.{{name}}.json"


def load(kind, name):
    file = object_file(kind, name)
    return json.loads(file.read_text()) if file.exists() else None


def store(kind, name, value):
    object_file(kind, name).write_text(json.dumps(value))


def signed(request):
    (STATE / "csr.pem").write_bytes(base64.b64decode(request))
    sign = ["openssl", "x509", "-req", "-in", STATE / "csr.pem", "-CA", STATE / "ca.crt", "-CAkey", STATE / "ca.key"]
    pem = subprocess.run([*sign, "-days", "90"], check=True, capture_output=True).stdout
    return base64.b64encode(pem).decode()


def public_key(*command):
    return subprocess.run(["openssl", *command], check=True, capture_output=True).stdout


match words:
    case ["delete", "csr", name]:
        if load("csr", name) is None and "--ignore-not-found" not in flags:
            fail("NotFound")
        object_file("csr", name).unlink(missing_ok=True)
    case ["certificate", "approve", name]:
        csr = load("csr", name) or fail("NotFound")
        store("csr", name, csr | {{"approved": True}})
    case ["get", "csr", name, *_]:
        csr = load("csr", name) or fail("NotFound")
        if csr.get("approved"):
            asked = csr.get("asked", 0) + 1
            store("csr", name, csr | {{"asked": asked}})
            # Not at once.
            if asked > 2:
                print(signed(csr["spec"]["request"]), end="")
    case ["create" | "apply" as verb] | ["create" | "apply" as verb, "-"]:
        new = yaml.safe_load(sys.stdin) or sys.exit("error: no objects passed to " + verb)
        kind = {{"CertificateSigningRequest": "csr", "Secret": "secret"}}[new["kind"]]
        name = new["metadata"]["name"]
        old = load(kind, name)
        if old and verb == "create":
            fail("AlreadyExists")
        if old and kind == "csr" and old["spec"] != new["spec"]:
            fail("spec: Forbidden: updates to spec are not allowed")
        store(kind, name, new)
    case ["create", "secret", "tls", name, *_] | [_, "create", "secret", "tls", name, *_]:
        paths = dict(flag[2:].split("=", 1) for flag in flags if "=" in flag)
        cert, key = paths["cert"], paths["key"]
        if public_key("x509", "-in", cert, "-noout", "-pubkey") != public_key("pkey", "-in", key, "-pubout"):
            sys.exit("error: tls: private key does not match public key")
        read = lambda path: base64.b64encode(pathlib.Path(path).read_bytes()).decode()
        data = {{"tls.crt": read(cert), "tls.key": read(key)}}
        secret = {{"kind": "Secret", "metadata": {{"name": name}}, "data": data}}
        if "--dry-run=client" in flags:
            print(yaml.safe_dump(secret))
        elif load("secret", name):
            fail("AlreadyExists")
        else:
            store("secret", name, secret)
    case _:
        sys.exit(f"unknown: {{sys.argv[1:]}}")
'''


def commands(page):
    """All that a page has about making a certificate and its Secret, in its order."""
    about = ["openssl req -new", "create secret tls"]
    found = [
        text
        for where, text in blocks.blocks("sh")
        if where.startswith(f"{page}:") and any(words in text for words in about)
    ]
    if not found:
        raise AssertionError(f"no commands in {page}")
    return "\n".join(found)


class Cluster:
    """Somebody's shell, in a directory of his own."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.directory.name)
        self.state, self.bin, self.home = (root / name for name in ["state", "bin", "home"])
        for path in [self.state, self.bin, self.home]:
            path.mkdir()
        ca = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        files = ["-keyout", self.state / "ca.key", "-out", self.state / "ca.crt"]
        subprocess.run([*ca, *files, "-subj", "/CN=kubernetes"], check=True, capture_output=True)
        self.program("kubectl", KUBECTL.format(python=sys.executable, state=str(self.state)))
        # Whoever waits here is not kept waiting, and gives up soon.
        self.program("sleep", "#!/bin/sh\n")
        self.program("seq", "#!/bin/sh\necho 1 2 3 4 5\n")
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def program(self, name, text):
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, script):
        environment = os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        return subprocess.run(
            ["sh", "-euc", script], cwd=self.home, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def secret(self):
        """The pair in the only Secret; its halves are of one pair, or it would not be there."""
        (path,) = self.state.glob("secret.*.json")
        data = rendered.yaml.safe_load(path.read_text())["data"]
        return tuple(base64.b64decode(data[half]).decode() for half in ["tls.crt", "tls.key"])


class Renewal(unittest.TestCase):
    def test_the_same_commands_work_again_and_again(self):
        for page in PAGES:
            script = commands(page)
            with self.subTest(page), Cluster() as cluster:
                pairs = []
                for _ in range(3):
                    done = cluster.run(script)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    pairs.append(cluster.secret())
                certs, keys = map(set, zip(*pairs))
                self.assertEqual((len(certs), len(keys)), (3, 3), "each time another pair")
                self.assertEqual([path.name for path in cluster.home.glob("*.key")], [], "no key is left behind")

    def test_a_request_that_is_not_signed_changes_nothing(self):
        for page in PAGES:
            script = commands(page)
            with self.subTest(page), Cluster() as cluster:
                self.assertEqual(cluster.run(script).returncode, 0)
                before = cluster.secret()
                done = cluster.run(script.replace("kubectl certificate approve", ": kubectl certificate approve"))
                self.assertNotEqual(done.returncode, 0, "it says that nothing came of it")
                self.assertEqual(cluster.secret(), before)

    def test_no_other_page_makes_certificates(self):
        pages = {where.rpartition(":")[0] for where, text in blocks.blocks("sh") if "kubectl certificate approve telegraf" in text}
        self.assertEqual(pages, set(PAGES))


if __name__ == "__main__":
    unittest.main()
