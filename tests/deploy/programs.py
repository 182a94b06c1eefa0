"""The real program and the real Telegraf, asked whether they take a configuration."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time

from rendered import PLUGIN, TELEGRAF

PATIENCE = 60
# What a pod's environment has, and what a user says of the database.
ENVIRONMENT = {
    "NODE_IP": "127.0.0.1",
    "NODE_NAME": "test-node",
    "HOSTNAME": "test-node",
    "INFLUX_URL": "http://127.0.0.1:1",
    "INFLUX_TOKEN": "t",
    "INFLUX_ORG": "o",
    # Nobody answers there, and nothing has to before a tick.
    "KUBERNETES_SERVICE_HOST": "127.0.0.1",
    "KUBERNETES_SERVICE_PORT": "1",
    "POD_NAMESPACE": "telegraf-kubelet",
}


IN_POD_CA = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
IN_POD_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


def certificate(directory):
    """The path of a CA's certificate."""
    path = f"{directory}/ca.crt"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null"]
    request = ["openssl", "req", "-x509", *key, "-subj", "/CN=kubernetes", "-out", path]
    subprocess.run(request, check=True, capture_output=True)
    return path


def until(what, condition):
    """Waits for what another process does, up to a point in time."""
    end = time.monotonic() + PATIENCE
    while not (answer := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE} s in vain until {what}")
        time.sleep(0.02)
    return answer


def catches_sigterm(process):
    """Whether it has its handler, or is over."""
    if process.poll() is not None:
        return True
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1


def plugin_refusal(text):
    """What the program says against this configuration; empty if it takes it."""
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory) / "kubelet.conf"
        config.write_text(text)
        process = subprocess.Popen(
            [PLUGIN, "-config", config],
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # It reads its configuration before it looks at signals, and does not stop by itself in every configuration.
        until("the program handles SIGTERM", lambda: catches_sigterm(process))
        process.terminate()
        _, log = process.communicate(timeout=PATIENCE)
        if process.returncode not in (0, 1):
            raise AssertionError(f"exit status {process.returncode}: {log}")
        return "" if process.returncode == 0 else log


def telegraf_refusal(text):
    """What Telegraf says against this configuration; empty if it takes it."""
    with tempfile.TemporaryDirectory() as directory:
        config = pathlib.Path(directory) / "telegraf.conf"
        # Telegraf's own plugins read them when they read their options, and there is no pod here.
        token = pathlib.Path(directory) / "token"
        token.write_text("a-token")
        config.write_text(text.replace(IN_POD_CA, certificate(directory)).replace(IN_POD_TOKEN, str(token)))
        done = subprocess.run(
            [TELEGRAF, "config", "check", "--strict-env-handling", "--config", config],
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return "" if done.returncode == 0 else done.stderr
