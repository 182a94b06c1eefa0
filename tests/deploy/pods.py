"""A pod's containers as processes of this machine: its volumes are directories, its images the programs at hand.

What stands in for the cluster: a test kubelet, and a database that takes whatever is written. Paths below a mount are
those of the directory instead; all else in commands, environments and configurations is the manifest's own.
"""

import gzip
import http.server
import os
import pathlib
import re
import subprocess
import tempfile
import threading

import blocks
import cluster
import rendered
from programs import PATIENCE, until

TEST_KUBELET = pathlib.Path(
    os.environ.get("TEST_KUBELET", rendered.REPOSITORY / "target/debug/test-kubelet")
).resolve()
# Where each image has what a container's command names.
PROGRAMS = {"/telegraf-kubelet": rendered.PLUGIN, "telegraf": rendered.TELEGRAF, "sh": "/bin/sh"}

# What is shipped in the place of a pin: no key's.
SHIPPED_PIN = "A" * 43 + "="


class Kubelet:
    """A test kubelet, and an API server, for a node that is called `test-node`: with a certificate of the cluster's CA, or of its own."""

    def __init__(self, serving="ca-issued"):
        self.serving = serving

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.files = pathlib.Path(self.directory.name)
        self.process = subprocess.Popen(
            [TEST_KUBELET, "--dir", self.files, "--serving", self.serving, "--rights", "stats,pods"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        _, self.url, _ = self.process.stdout.readline().split()
        port = int(self.url.rpartition(":")[2])
        self.cluster = cluster.Cluster(kubelet=port).__enter__()
        return self

    def __exit__(self, *_):
        self.cluster.__exit__()
        self.process.communicate("", timeout=PATIENCE)
        self.directory.cleanup()

    def text(self, file):
        return (self.files / file).read_text()

    def cluster_ca(self):
        """The CA of the cluster, which signed nothing here where the kubelet signs for itself."""
        return self.text("ca.crt" if self.serving == "ca-issued" else "other-ca.crt")

    def on_disk(self):
        """What its node has in /var/lib/kubelet/pki, by name."""
        return {} if self.serving == "ca-issued" else {"kubelet.crt": self.text("ca.crt")}


def pin(certificate):
    """The key of a certificate as it is pinned: by the command that the README has for it."""
    readme = rendered.TELEGRAF_DIR / "kubernetes/README.md"
    commands = (text for where, text in blocks.blocks("sh") if where.startswith(str(readme.relative_to(rendered.REPOSITORY))))
    (command,) = (text for text in commands if "dgst -sha256 -binary" in text)
    command = command.replace("/var/lib/kubelet/pki/kubelet.crt", "/dev/stdin")
    done = subprocess.run(["sh", "-c", command], input=certificate, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def received(request):
    """The body of a request, in one piece or in chunks."""
    if length := request.headers.get("Content-Length"):
        return request.rfile.read(int(length))
    body = b""
    while size := int(request.rfile.readline(), 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    return body


class Database:
    """Takes the lines that Telegraf writes, as InfluxDB 1 does."""

    def __enter__(self):
        self.lines = []
        lines = self.lines

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = received(self)
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                written = self.path.startswith("/write")
                self.send_response(204 if written else 200)
                if not written:
                    self.send_header("Content-Length", "14")
                self.end_headers()
                if written:
                    lines.extend(body.decode().splitlines())
                else:
                    self.wfile.write(b'{"results":[]}')

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def first(self, measurement, words=""):
        """The first line of this measurement with these words, once there is one."""
        found = lambda line: line.startswith(f"{measurement},") and words in line
        return until(f"a line of {measurement} is written", lambda: next(filter(found, list(self.lines)), None))


class Pod:
    """A pod that runs from its entry to its exit."""

    def __init__(self, spec, config_maps, kubelet, database):
        self.spec, self.config_maps, self.kubelet = spec, config_maps, kubelet
        self.secrets = {
            "influxdb": {
                "INFLUX_URL": database.url,
                "TELEGRAF_INTERVAL": "1s",
                "TELEGRAF_FLUSH_INTERVAL": "1s",
            },
            "telegraf-kubelet-client": {
                "tls.crt": kubelet.text("client.crt"),
                "tls.key": kubelet.text("client.key"),
            },
        }

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.directory.name)
        for volume in self.spec["volumes"]:
            (self.root / volume["name"]).mkdir()
        for volume in self.spec["volumes"]:
            self.fill(volume)
        for container in self.spec.get("initContainers", []):
            status = self.start(container).wait(PATIENCE)
            if status != 0:
                raise AssertionError(f"init container {container['name']}: {status}\n{self.log(container)}")
        self.running = {container["name"]: self.start(container) for container in self.spec["containers"]}
        return self

    def __exit__(self, kind, *_):
        for process in self.running.values():
            process.terminate()
        ended = {name: process.wait(PATIENCE) for name, process in self.running.items()}
        logs = "\n".join(f"--- {each['name']}\n{self.log(each)}" for each in self.spec["containers"])
        self.directory.cleanup()
        if kind is not None:
            print(logs)
        elif any(ended.values()):
            raise AssertionError(f"exit statuses {ended}\n{logs}")

    def fill(self, volume):
        """Puts into a volume's directory what Kubernetes would."""
        directory = self.root / volume["name"]
        certificates = {"ca.crt": self.kubelet.cluster_ca()}
        if "configMap" in volume:
            files = (self.config_maps | {"kube-root-ca.crt": certificates})[volume["configMap"]["name"]]
        elif "secret" in volume:
            files = self.secrets[volume["secret"]["secretName"]]
        elif "projected" in volume:
            there = [source for source in volume["projected"]["sources"] if "serviceAccountToken" in source]
            files = certificates | ({"token": self.kubelet.text("token")} if there else {})
        elif "hostPath" in volume:
            files = self.kubelet.on_disk()
        elif "image" in volume:
            (directory / "telegraf-kubelet").symlink_to(rendered.PLUGIN)
            return
        else:
            return
        for name, text in files.items():
            if name == "kubelet.conf":
                text = self.addressed(text)
            (directory / name).write_text(self.moved(text, self.mounts_beside(volume)))

    def mounts_beside(self, volume):
        """The mounts of the containers that mount this volume."""
        for container in rendered.containers(self.spec):
            if any(mount["name"] == volume["name"] for mount in container["volumeMounts"]):
                yield from container["volumeMounts"]

    def addressed(self, config):
        """With what is at fixed places in a cluster, and elsewhere here; and with the node's key, where one is on its disk."""
        if own := self.kubelet.on_disk():
            config = config.replace(SHIPPED_PIN, pin(own["kubelet.crt"]))
        account = "/var/run/secrets/kubernetes.io/serviceaccount"
        if "\n  discover =" in config:
            return config + "".join(f"  {line}\n" for line in self.of_the_cluster(account))
        more = [f'url = "{self.kubelet.url}"']
        if "\n  tls_cert =" not in config:
            more.append(f'bearer_token = "{account}/token"')
        if "\n  tls_ca =" not in config and "\n  tls_pin_sha256 =" not in config:
            more.append(f'tls_ca = "{account}/ca.crt"')
        return config + "".join(f"  {line}\n" for line in more)

    def of_the_cluster(self, account):
        """What a ServiceAccount says of a cluster by itself; here its API server has a CA of its own."""
        yield f'api_server = "{self.kubelet.cluster.url}"'
        yield f'bearer_token = "{account}/token"'
        yield f'tls_ca = ["{account}/ca.crt", "{self.kubelet.cluster.files}/ca.crt"]'

    def moved(self, text, mounts):
        """With the directories of volumes in place of where they are mounted."""
        for mount in sorted(mounts, key=lambda mount: -len(mount["mountPath"])):
            path = re.escape(mount["mountPath"])
            text = re.sub(rf"(?<![\w.]){path}(?![\w.-])", str(self.root / mount["name"]), text)
        return text

    def start(self, container):
        mounts = container["volumeMounts"]
        program, *arguments = container["command"]
        environment = {"PATH": os.environ["PATH"]}
        for source in container.get("envFrom", []):
            environment |= self.secrets[source["secretRef"]["name"]]
        for variable in container.get("env", []):
            environment[variable["name"]] = self.value(variable)
        with (self.root / f"{container['name']}.log").open("w") as log:
            return subprocess.Popen(
                [PROGRAMS[program], *(self.moved(argument, mounts) for argument in arguments)],
                env={name: self.moved(value, mounts) for name, value in environment.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def value(self, variable):
        if "value" in variable:
            return variable["value"]
        source = variable["valueFrom"]
        if "secretKeyRef" in source:
            return self.secrets[source["secretKeyRef"]["name"]][source["secretKeyRef"]["key"]]
        told = {
            "status.hostIP": "127.0.0.1",
            "spec.nodeName": "test-node",
            "metadata.name": "telegraf-kubelet-0",
            "metadata.namespace": "telegraf-kubelet",
        }
        return told[source["fieldRef"]["fieldPath"]]

    def log(self, container):
        return (self.root / f"{container['name']}.log").read_text()
