"""An image of files that are at hand, as an archive that containerd imports: there is no registry to pull from.

    python3 image.py ARCHIVE NAME:TAG PATH=FILE... [PATH@TARGET...] -- COMMAND...

FILE is put at PATH of the image with its mode, and at each other PATH a link to TARGET; COMMAND is what runs when nothing
else is said. All is root's, and the same files make the same image.
"""

import hashlib
import io
import json
import pathlib
import platform
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


def entry(word):
    """What one word of the command line puts into the image."""
    if "=" in word:
        name, file = word.split("=", 1)
        file = pathlib.Path(file)
        return name, file.stat().st_mode & 0o777, file.read_bytes()
    return tuple(word.split("@", 1))


def image(name, entries, command):
    """The archive: one layer, its configuration, and what says which is which."""
    layer = packed(entries)
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
pathlib.Path(archive).write_bytes(image(name, [entry(word) for word in words[:end]], words[end + 1 :]))
