"""docs/security.md promises nothing that no test holds, and the lock file installs nothing that is not pinned."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)", DOCUMENT)
ATTACKERS = [section for section in DOCUMENT.split("\n## ") if "Not protected" in section]


@pytest.mark.parametrize(("name", "file"), sorted(set(NAMED)))
def test_the_test_is_there(name: str, file: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_word_that_looks_like_a_test_is_a_link() -> None:
    linked = DOCUMENT.count("[test_")
    assert linked == len(NAMED) > 60
    assert len(re.findall(r"\btest_\w+", DOCUMENT)) == linked + DOCUMENT.count("/test_")


def test_every_line_of_every_attacker_has_its_test() -> None:
    assert len(ATTACKERS) == 10
    for section in ATTACKERS:
        lines = [line for line in section.splitlines() if line.startswith("| ") and "what holds" not in line]
        assert lines
        assert [line for line in lines if "](../tests/" not in line] == []


def test_every_package_is_pinned_by_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    packages = [line for line in lock.splitlines() if line and not line.startswith("#")]
    assert len(packages) > 50
    pinned = re.compile(r"^[\w.\-\[\],]+==\S+( ;.*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$")
    assert [line for line in packages if not pinned.match(line)] == []


def test_every_file_that_takes_what_can_be_moved_is_named() -> None:
    """By a tag, which can be another thing tomorrow, instead of by a hash."""
    [section] = [each for each in ATTACKERS if each.startswith("The supply chain")]
    taken = re.compile(r"^(?:FROM|\s*(?:- )?(?:uses|image|container):)\s+\S*[\w}](?:@v|:)\S+", re.MULTILINE)
    found = [".github/workflows/ci.yml", "Dockerfile", "compose.yaml"]
    everywhere = [
        *ROOT.glob(".github/**/*.yml"),
        *ROOT.glob("*file"),
        *ROOT.glob("*.yaml"),
        *ROOT.glob("deploy/**/*.y*ml"),
    ]
    takes = [file for file in everywhere if any("@sha256:" not in each for each in taken.findall(file.read_text()))]
    assert sorted(str(file.relative_to(ROOT)) for file in takes) == found
    assert [name for name in found if f"`{name}`" not in section] == []
