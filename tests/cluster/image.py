"""An image of files that are at hand, as an archive that containerd imports: there is no registry to pull from.

    python3 image.py ARCHIVE NAME:TAG PATH=FILE... [PATH@TARGET...] -- COMMAND...

FILE is put at PATH of the image with its mode, with the libraries that it is linked with where it looks for them, and at
each other PATH a link to TARGET; COMMAND is what runs when nothing else is said. All is root's, and the same files make the same image.
"""

import hashlib
import io
import json
import pathlib
import platform
import re
import subprocess
import sys
import tarfile

# As Go names them.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def packed(entries):
    """A tar archive of (name, mode, content) for files and (name, target) for links."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, *what in entries:
            entry = tarfile.TarInfo(name.lstrip("/"))
            if len(what) == 1:
                entry.type, entry.linkname = tarfile.SYMTYPE, what[0]
                tar.addfile(entry)
            else:
                entry.mode, content = what
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def libraries(file):
    """Where the libraries of a program are; those of a static one are in it."""
    said = subprocess.run(["ldd", file], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", said.stdout)


def entries(word):
    """What one word of the command line puts into the image."""
    if "=" not in word:
        return [tuple(word.split("@", 1))]
    name, file = word.split("=", 1)
    files = [(name, file), *((library, library) for library in libraries(file))]
    return [(name, pathlib.Path(file).stat().st_mode & 0o777, pathlib.Path(file).read_bytes()) for name, file in files]


def image(name, content, command):
    """The archive: one layer, its configuration, and what says which is which."""
    layer = packed(content)
    hashed = hashlib.sha256(layer).hexdigest()
    config = json.dumps({
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": command},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashed}"]},
    }).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": [f"{hashed}/layer.tar"]}]
    return packed([
        (config_name, 0o644, config),
        (f"{hashed}/layer.tar", 0o644, layer),
        ("manifest.json", 0o644, json.dumps(manifest).encode()),
    ])


archive, name, *words = sys.argv[1:]
end = words.index("--")
pathlib.Path(archive).write_bytes(image(name, [entry for word in words[:end] for entry in entries(word)], words[end + 1 :]))
