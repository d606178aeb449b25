import io
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Said, Shell

MIRA = ("--name", "Mira", "--description", "a tea witch")


def add(shell: Shell, *more: str) -> Said:
    return shell("persona", "add", "--owner", "1001", *MIRA, *more)


def shown(shell: Shell, persona: str = "1") -> dict[str, Any]:
    said = shell("persona", "show", persona, "--json")
    assert isinstance(said.json, dict)
    return said.json


def test_the_very_first_command_may_add_a_persona(shell: Shell) -> None:
    assert add(shell) == Said(0, "1\n", "")
    assert Path("data/sandbox/maskarad.db").exists(), "the folder that `maskarad run` serves here"
    assert shown(shell)["name"] == "Mira"


def test_everything_of_a_persona_can_be_given(home: Shell) -> None:
    options = {
        "style": "sarcastic",
        "verbosity": "talkative",
        "group_reply": "always",
        "reply_messages": 5,
        "spontaneity": "often",
        "model": "vendor/model-1",
        "temperature": 1.1,
        "language": "uk",
    }
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert add(home, *words, "--character", "likes=thyme", "--character", "taboos=politics = never").code == 0

    persona = shown(home)
    assert {name: persona[name] for name in options} == options
    assert (persona["owner"], persona["description"]) == (1001, "a tea witch")
    assert (persona["character"]["likes"], persona["character"]["taboos"]) == ("thyme", "politics = never")
    for_eyes = home("persona", "show", "1").out
    assert "style: sarcastic\n" in for_eyes
    assert "likes: thyme\n" in for_eyes
    assert "biography" not in for_eyes


def test_personas_are_listed(home: Shell) -> None:
    assert home("persona", "list") == Said(0, "There are no personas yet; `maskarad persona add` makes one.\n", "")
    assert home("persona", "list", "--json").json == []
    add(home)
    home("persona", "add", "--owner", "1002", "--name", "Мольфар 🧙", "--description", "старий")
    titles, *rows = home("persona", "list").out.splitlines()
    assert titles.split()[:3] == ["id", "name", "owner"]
    assert [row.split()[0] for row in rows] == ["1", "2"]
    listed = home("persona", "list", "--owner", "1002", "--json").json
    assert [(each["id"], each["name"]) for each in listed] == [(2, "Мольфар 🧙")]  # type: ignore[attr-defined]


def test_an_edit_changes_what_is_given_and_leaves_the_rest(home: Shell) -> None:
    add(home, "--style", "brief", "--model", "vendor/model-1", "--character", "likes=thyme")
    assert home("persona", "edit", "1", "--name", "Mara", "--model", "", "--character", "goals=rest") == Said(0, "", "")
    persona = shown(home)
    assert (persona["name"], persona["model"], persona["style"], persona["version"]) == ("Mara", None, "brief", 2)
    assert (persona["character"]["likes"], persona["character"]["goals"]) == ("thyme", "rest")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--style", "weird", "Invalid value for '--style'"),
        ("--language", "fr", "Invalid value for '--language'"),
        ("--reply-messages", "11", "Invalid value for '--reply-messages'"),
        ("--temperature", "nan", "Invalid value for '--temperature'"),
        ("--temperature", "2.5", "Invalid value for '--temperature'"),
        ("--owner", "-5", "Invalid value for '--owner'"),
        ("--owner", str(2**63), "Invalid value for '--owner': this number is too large"),
        ("--name", " ", "--name: "),
        ("--name", "x" * 65, "--name: That's 65 characters, but at most 64 fit."),
        ("--name", "half \udcff a letter", "--name: this is not valid UTF-8"),
        ("--description", "x" * 2001, "--description: That's 2001 characters, but at most 2000 fit."),
        ("--model", "no such shape", "--model: That doesn't look like a model's id."),
        ("--character", "height=tall", "--character: write FIELD=TEXT, with a field of biography, "),
        ("--character", "tall", "--character: write FIELD=TEXT"),
    ],
)
def test_a_wrong_value_names_its_option_and_adds_nothing(home: Shell, option: str, value: str, words: str) -> None:
    arguments = ("persona", "add", "--owner", "1001", *MIRA, option, value)
    assert home.complaint(*arguments, code=2).startswith(words)
    assert home("persona", "list", "--json").json == []


def test_what_is_not_there_or_taken_is_told(home: Shell) -> None:
    add(home)
    assert home.complaint("persona", "add", "--owner", "1001", *MIRA, code=1) == "there is already a persona named Mira"
    for command in (("show", "7"), ("edit", "7", "--name", "Mara"), ("remove", "7", "--yes")):
        assert home.complaint("persona", *command, code=1) == "there is no persona 7"
    assert "nothing to change was given" in home.complaint("persona", "edit", "1", code=2)
    home.set(MAX_PERSONAS_PER_USER="1")
    sentence = home.complaint("persona", "add", "--owner", "1001", "--name", "Mara", "--description", "x", code=1)
    assert sentence == "the limit of 1 personas is reached"


class Interrupted(io.StringIO):
    """A keyboard on which Ctrl-C is pressed."""

    def readline(self, *_: object) -> str:  # type: ignore[override]
        raise KeyboardInterrupt


@pytest.mark.parametrize("answer", ["n\n", "\n", "", Interrupted()], ids=["no", "nothing", "end of input", "Ctrl-C"])
def test_only_a_yes_removes(home: Shell, answer: io.StringIO | str) -> None:
    add(home)
    said = home("persona", "remove", "1", stdin=answer)
    assert (said.code, said.out) == (1, "")
    assert "maskarad: nothing was changed; with --yes this does not ask\n" in said.err
    assert shown(home)["name"] == "Mira"


def test_a_yes_removes(home: Shell) -> None:
    add(home)
    said = home("persona", "remove", "1", stdin="y\n")
    assert (said.code, said.out) == (0, "")
    assert "Delete Mira with its bot and all its conversations?" in said.err
    assert home("persona", "list", "--json").json == []
