"""What is published: wheel and sdist are whole, alike, hold no tests, and work in an environment that had nothing."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support import release

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, at: Path = ROOT) -> str:
    """As somebody else would: not with this environment's packages."""
    kept = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(
        [*map(str, command)], cwd=at, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def build(folder: Path, kind: str, *, at: Path = ROOT) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "--directory", folder, "--target", kind, at=at)
    [built] = [each for each in folder.iterdir() if each.suffix in (".whl", ".gz")]
    return built


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("sdist"), "sdist")


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "src/maskarad"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    source = {name.removeprefix("src/") for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    packed = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert packed == source


def test_a_wheel_made_of_the_sdist_is_the_same(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as opened:
        opened.extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.iterdir()
    again = build(tmp_path / "again", "wheel", at=unpacked)
    assert again.name == wheel.name
    assert contents(again) == contents(wheel)


@pytest.mark.timeout(300)
def test_both_install_into_an_empty_environment_and_play_the_demo(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    folder = tmp_path / "maskarad"
    run("sh", "deploy/packages.sh", folder)
    tools = f"{folder}.tools/bin/uv"
    for package in (sdist, wheel):
        run(
            *(tools, "pip", "install", "--quiet", "--python", folder / "bin" / "python", "--no-deps"),
            *("--build-constraints", "requirements.lock", "--reinstall-package", "maskarad"),
            package,
        )
        assert version("maskarad") in run(folder / "bin" / "maskarad", "--version", at=tmp_path)
    assert ", 0 failed" in run(folder / "bin" / "maskarad", "demo", at=tmp_path)


def test_every_target_that_ci_makes_is_one_of_the_makefiles() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    asked = {words.split()[0] for words in workflow.split("run: make ")[1:]}
    assert asked == {"check", "test", "smoke", "package"}
    assert [name for name in asked if f"\n{name}: " not in makefile] == []


def test_ci_runs_on_every_python_from_the_oldest_that_is_promised() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    assert 'python: ["3.11", "3.12", "3.13", "3.14"]' in workflow


def test_the_hooks_are_valid() -> None:
    run(Path(sys.executable).parent / "pre-commit", "validate-config")


RELEASED = "# Changelog\n\n## 1.2.0 (2026-01-02)\n\n- A thing.\n\n## 1.1.0 (2025-01-02)\n\n- Another.\n"


@pytest.mark.parametrize(
    ("changelog", "way"),
    [
        (RELEASED, []),
        (RELEASED.replace("2026-01-02", "unreleased"), ["CHANGELOG.md: 1.2.0 has no date yet, but (unreleased)"]),
        (RELEASED.replace("- A thing.\n", ""), ["CHANGELOG.md: nothing is said of 1.2.0"]),
        (
            RELEASED.replace("1.2.0", "1.3.0"),
            ["CHANGELOG.md: the first entry is not of 1.2.0, the version in pyproject.toml"],
        ),
    ],
)
def test_a_release_needs_a_changelog_entry_with_a_date(changelog: str, way: list[str], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    run("git", "init", "--quiet", at=tmp_path)
    run("git", "add", ".", at=tmp_path)
    run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "all", at=tmp_path)
    assert list(release.in_the_way(tmp_path)) == way
    (tmp_path / "more").touch()
    assert "the tree has changes" in " ".join(release.in_the_way(tmp_path))
    (tmp_path / "more").unlink()
    run("git", "tag", "v1.2.0", at=tmp_path)
    assert "a tag v1.2.0 already" in " ".join(release.in_the_way(tmp_path))
