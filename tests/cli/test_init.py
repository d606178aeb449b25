"""What holds for every command: help, exit codes, one sentence instead of a traceback."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from maskarad.cli import COMMANDS
from tests.cli.shell import Shell

SUBCOMMANDS = (
    *(("persona", name) for name in ("add", "list", "show", "edit", "remove")),
    *(("bot", name) for name in ("add", "list", "enable", "disable", "remove")),
    *(("db", name) for name in ("upgrade", "downgrade", "current")),
)
HANDED_ON = ("sandbox", "demo")


def test_without_arguments_it_lists_the_commands(shell: Shell) -> None:
    said = shell()
    assert (said.code, said.err) == (0, "")
    for name, summary in COMMANDS.items():
        assert f"{name} " in said.out
        assert summary in said.out, "a summary is cut short"


@pytest.mark.parametrize(
    "words", [*((name,) for name in COMMANDS if name not in HANDED_ON), *SUBCOMMANDS], ids=" ".join
)
def test_every_command_has_help(shell: Shell, words: tuple[str, ...]) -> None:
    said = shell(*words, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: maskarad {' '.join(words)}")
    assert "--help" in said.out


@pytest.mark.parametrize("name", HANDED_ON)
def test_what_the_sandbox_does_is_explained_by_the_sandbox(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "maskarad", name, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: maskarad {name}")


def test_the_installed_command_says_its_version(tmp_path: Path) -> None:
    installed = Path(sys.executable).parent / "maskarad"
    done = subprocess.run([installed, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"maskarad {version('maskarad')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dance",), "No such command 'dance'"),
        (("persona",), "Missing command; see `maskarad persona --help`"),
        (("--loud",), "No such option"),
        (("persona", "add", "--name", "Mira"), "Missing option '--owner'; see `maskarad persona add --help`"),
        (("persona", "show", "first"), "Invalid value for 'persona': this is not a whole number; see `maskarad "),
        (("errands", "retry", "abc"), "Invalid value for 'ID': this is not a whole number; see `maskarad errands "),
        (("import", "/dev/null", "--bot", "1", "--chat", "1"), "/dev/null is neither a file nor a folder; give "),
        (("run", "--sandbox-port", "65536"), "Invalid value for '--sandbox-port'"),
    ],
)
def test_a_wrong_call_is_one_sentence(shell: Shell, arguments: tuple[str, ...], words: str) -> None:
    assert words in shell.complaint(*arguments, code=2)


@pytest.mark.parametrize(
    "command", ["allow", "backup", "bot", "db", "errands", "persona", "secrets", "stop", "updates"]
)
def test_no_line_of_a_list_of_commands_breaks_off(shell: Shell, command: str) -> None:
    said = shell(command, "--help")
    assert said.code == 0
    assert not [line for line in said.out.splitlines()[1:] if line.endswith("...")]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/x", "the database cannot be used (ConnectionRefusedError)"),
        ("DATABASE_URL", "postgresql://u:secret@127.0.0.1:port/x", "DATABASE_URL: the port must be a number"),
        ("DATABASE_URL", "postgresql://127.0.0.1/x?sslmode=require", "DATABASE_URL: write ssl="),
        ("DATABASE_URL", "mysql://127.0.0.1/x", "DATABASE_URL: must be"),
        ("DATABASE_URL", "sqlite:///file/maskarad.db", "DATABASE_URL: the folder file cannot be made: File exists"),
        ("DATABASE_URL", "sqlite:///file", "the database cannot be used (DatabaseError)"),
        ("DATA_DIR", "file/folder", "DATA_DIR: the folder file/folder/sandbox cannot be made: Not a directory"),
        ("REDIS_URL", "127.0.0.1", "REDIS_URL: must start with redis://"),
        ("TELEGRAM_BOT_TOKEN", "secret", "TELEGRAM_BOT_TOKEN: this is not a bot's token"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: "),
    ],
)
def test_what_is_set_wrongly_is_one_sentence(shell: Shell, variable: str, value: str, words: str) -> None:
    Path("file").write_text("not a database, and not a folder\n" * 100, encoding="utf-8")
    shell.set(**{variable: value})
    sentence = shell.complaint("persona", "list", code=1)
    assert sentence.startswith(words)
    assert "secret" not in sentence


def test_an_env_file_in_another_encoding_is_one_sentence(shell: Shell) -> None:
    Path(".env").write_bytes("DATA_DIR=дані".encode("cp1251"))
    assert shell.complaint("persona", "list", code=1) == ".env: is not a text in UTF-8"


def test_a_reader_that_goes_away_is_no_traceback(home: Shell, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "maskarad", "persona", "list"],
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
