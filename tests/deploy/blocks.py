"""The code blocks of all guides, so that none stands there unchecked."""

import re
import textwrap

from rendered import REPOSITORY

HEREDOC = re.compile(r"<<(END|YAML)$\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = {"target", "fuzz", ".git"}


def guides():
    for path in sorted(REPOSITORY.rglob("*.md")):
        inside = path.relative_to(REPOSITORY)
        if not ELSEWHERE & set(inside.parts):
            yield inside, path.read_text()


def blocks(language):
    """Each block in this language: where it is, and its text."""
    for path, text in guides():
        for match in FENCE.finditer(text):
            if match[2] == language:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}", textwrap.dedent(match[3])


def manifests():
    """Each manifest in a guide: in a block of its own, or what a command is given to read."""
    yield from blocks("yaml")
    for where, text in blocks("sh"):
        for match in HEREDOC.finditer(text):
            yield where, match[2]
