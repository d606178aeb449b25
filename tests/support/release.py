"""`python -m tests.support.release`: whether this tree may become a release; one sentence for each thing in the way."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"^## (?P<version>\S+) \((?P<date>[^)]*)\)$", re.MULTILINE)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def in_the_way(root: Path = ROOT) -> Iterator[str]:
    """Version, changelog, tag and tree. What `make check` and `make test` hold is theirs."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    yield from _changelog(version, (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if _git(root, "status", "--porcelain"):
        yield "the tree has changes that are not committed: a release is what a checkout of its tag gives"
    if _git(root, "tag", "--list", f"v{version}"):
        yield f"there is a tag v{version} already: raise the version in pyproject.toml"


def _changelog(version: str, text: str) -> Iterator[str]:
    entries = list(ENTRY.finditer(text))
    if not entries or entries[0]["version"] != version:
        yield f"CHANGELOG.md: the first entry is not of {version}, the version in pyproject.toml"
        return
    if not DATE.fullmatch(entries[0]["date"]):
        yield f"CHANGELOG.md: {version} has no date yet, but ({entries[0]['date']})"
    end = entries[1].start() if len(entries) > 1 else len(text)
    if not re.search(r"^- ", text[entries[0].end() : end], re.MULTILINE):
        yield f"CHANGELOG.md: nothing is said of {version}"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    found = list(in_the_way())
    print(*(f"- {each}" for each in found) if found else ("nothing is in the way of a release",), sep="\n")  # noqa: T201
    sys.exit(1 if found else 0)
