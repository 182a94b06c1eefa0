"""Reads `cargo metadata`; fails if a crate that the program is built from asks for a newer Rust than the one given."""

import json
import sys


def version(text):
    return tuple(int(part) for part in (text.split(".") + ["0", "0"])[:3])


def built_from(metadata):
    """The packages that the program needs to be built: neither tests' dependencies nor other members of the workspace."""
    needs = {
        node["id"]: [
            dep["pkg"] for dep in node["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])
        ]
        for node in metadata["resolve"]["nodes"]
    }
    found, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package not in found:
            found.add(package)
            waiting.extend(needs[package])
    return [package for package in metadata["packages"] if package["id"] in found]


def main():
    oldest = sys.argv[1]
    packages = built_from(json.load(sys.stdin))
    newer = [
        f"{package['name']} {package['version']} needs Rust {package['rust_version']}"
        for package in packages
        if package["rust_version"] and version(package["rust_version"]) > version(oldest)
    ]
    print("\n".join(newer) or f"none of {len(packages)} crates says that it needs more than Rust {oldest}")
    return 1 if newer else 0


if __name__ == "__main__":
    sys.exit(main())
