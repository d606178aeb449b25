"""What must never get into the repository: lock files with addresses, addresses of registries, paths of a machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCK_LINE = re.compile(r"://|^--|find-links", re.MULTILINE)
REGISTRIES = (
    "py" + r"pi\.org",
    "python" + r"hosted\.org",
    "npm" + r"js\.org",
    "deb" + r"ian\.org",
    "index-" + "url *=",
)
MACHINE_PATHS = ("/" + r"root/\w", "/" + r"home/\w", "/" + "work/", "/" + r"Users/\w", "/" + r"opt/\w")
FORBIDDEN = re.compile("|".join((*REGISTRIES, *MACHINE_PATHS)))


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.fail("git does not list the files of this folder: the guards have nothing to look at")
    return [name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_lock_file_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert LOCK_LINE.findall(lock) == []


def test_no_lock_file_with_addresses_is_tracked() -> None:
    names = tracked()
    assert "requirements.lock" in names
    assert [name for name in names if re.search(r"(^|/)(uv\.lock|pylock[^/]*\.toml|package-lock\.json)$", name)] == []


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine() -> None:
    found = []
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            found += [f"{name}: {match.group()}" for match in FORBIDDEN.finditer(content.decode("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "line", ["    --index-" + "url = x", "see /" + "root/x", "https://files.python" + "hosted.org"]
)
def test_the_guard_finds_what_it_looks_for(line: str) -> None:
    assert FORBIDDEN.search(line)
