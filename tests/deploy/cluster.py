"""A cluster of one node, as far as the plugin asks for one: an API server with that node and with Leases, over TLS.

What a kubelet is asked it answers as well, for who lists its own port. Knows nothing of who asks, and notes down what is.
"""

import http.server
import json
import pathlib
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

NODES = "/api/v1/nodes"
LEASES = "/leases"


def certificate(directory):
    """Makes a CA, and a certificate of it for loopback with its key."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    ca = ["-x509", *key, "-keyout", "ca.key", "-subj", "/CN=api-server-ca", "-out", "ca.crt"]
    request = [*key, "-keyout", "server.key", "-subj", "/CN=kube-apiserver", "-out", "server.csr"]
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    sign = ["-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
    for command in [["req", *ca], ["req", *request], ["x509", *sign, "-out", "server.crt"]]:
        subprocess.run(["openssl", *command], cwd=directory, check=True, capture_output=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        cluster = self.server.cluster
        cluster.asked.append((self.command, self.path))
        url = urllib.parse.urlsplit(self.path)
        if url.path == NODES and "watch=" in url.query:
            self.watched()
        elif url.path == NODES:
            self.told(200, cluster.nodes())
        elif LEASES in url.path:
            self.told(*cluster.lease(self.command, url.path, sent))
        else:
            self.told(200, {"node": {"nodeName": cluster.node}, "pods": []})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def told(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def watched(self):
        """Nothing happens in this cluster, until it ends."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.server.cluster.over.wait()
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Whoever asks may leave in the middle."""


class Cluster:
    """The API server; the node's kubelet is at this port, or its own."""

    def __init__(self, node="test-node", kubelet=None):
        self.node, self.kubelet = node, kubelet

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.files = pathlib.Path(self.directory.name)
        certificate(self.files)
        self.asked, self.leases, self.version = [], {}, 1
        self.over, self.lock = threading.Event(), threading.Lock()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.cluster = self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.files / "server.crt", self.files / "server.key")
        # In the thread of the one who asks, so that nobody holds up others.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.directory.cleanup()

    def ca(self):
        return (self.files / "ca.crt").read_text()

    def nodes(self):
        port = self.kubelet or self.server.server_port
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "conditions": [{"type": "Ready", "status": "True"}],
            "capacity": {"cpu": "4", "memory": "16Gi", "pods": "110"},
        }
        node = {"metadata": {"name": self.node, "resourceVersion": "1"}, "spec": {}, "status": status}
        return {"kind": "NodeList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [node]}

    def lease(self, method, path, sent):
        """What becomes of it: status and body."""
        name = path.partition(f"{LEASES}/")[2]
        with self.lock:
            self.version += 1
            if method == "GET" and not name:
                about = {"kind": "LeaseList", "apiVersion": "coordination.k8s.io/v1"}
                return 200, about | {"metadata": {"resourceVersion": str(self.version)}, "items": list(self.leases.values())}
            if method in ("POST", "PUT"):
                lease = json.loads(sent)
                # The same for as long as it is there.
                lease["metadata"].setdefault("uid", f"00000000-0000-0000-0000-{self.version:012}")
                lease["metadata"]["resourceVersion"] = str(self.version)
                self.leases[lease["metadata"]["name"]] = lease
                return (201 if method == "POST" else 200), lease
            found = self.leases.pop(name, None) if method == "DELETE" else self.leases.get(name)
            return (200, found) if found else (404, {"kind": "Status", "code": 404, "reason": "NotFound"})
