from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import NewToken
from tests.cli.shell import Said, Shell
from tests.sandbox.scene import MANAGER_TOKEN

UNKNOWN = "7009999999:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def add_persona(shell: Shell, name: str = "Mira") -> None:
    assert shell("persona", "add", "--owner", "1001", "--name", name, "--description", "a tea witch").code == 0


def listed(shell: Shell) -> list[dict[str, Any]]:
    rows = shell("bot", "list", "--json").json
    assert isinstance(rows, list)
    return rows


def test_a_bot_is_bound_by_the_token_on_standard_input(home: Shell, new_token: NewToken, tmp_path: Path) -> None:
    add_persona(home)
    token = new_token("mira_test_bot")
    assert home("bot", "add", "--persona", "1", "--token", "-", stdin=f" {token}\n") == Said(0, "1\n", "")
    [row] = listed(home)
    assert (row["username"], row["persona"], row["owner"]) == ("mira_test_bot", 1, 1001)
    assert (row["access"], row["enabled"], row["state"]) == ("owner_only", True, "working")
    printed = home("bot", "list").out
    assert "mira_test_bot" in printed
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    secret = token.partition(":")[2]
    assert secret not in printed
    assert secret.encode() not in kept


def test_a_token_may_stand_in_the_call_or_simply_come(home: Shell, new_token: NewToken) -> None:
    add_persona(home)
    add_persona(home, "Mara")
    assert home("bot", "add", "--persona", "1", "--token", new_token("a_test_bot"), "--access", "public").out == "1\n"
    assert home("bot", "add", "--persona", "2", stdin=f"{new_token('b_test_bot')}\n").out == "2\n"
    assert [row["access"] for row in listed(home)] == ["public", "owner_only"]


def test_a_bot_bound_again_keeps_its_access_unless_told_otherwise(home: Shell, new_token: NewToken) -> None:
    add_persona(home)
    token = new_token("mira_test_bot")
    for access, expected in (("public", "public"), (None, "public"), ("whitelist", "whitelist")):
        more = ("--access", access) if access else ()
        assert home("bot", "add", "--persona", "1", "--token", token, *more) == Said(0, "1\n", "")
        assert [row["access"] for row in listed(home)] == [expected]


def test_a_bot_rests_works_and_goes(home: Shell, new_token: NewToken) -> None:
    add_persona(home)
    home("bot", "add", "--persona", "1", "--token", new_token("mira_test_bot"))
    assert home("bot", "disable", "1") == Said(0, "", "")
    assert [(row["enabled"], row["state"]) for row in listed(home)] == [(False, "resting")]
    assert home("bot", "enable", "1") == Said(0, "", "")
    assert [row["enabled"] for row in listed(home)] == [True]
    refused = home("bot", "remove", "1", stdin="n\n")
    assert refused.code == 1
    assert "Unbind @mira_test_bot and erase all its conversations?" in refused.err
    assert home("bot", "remove", "1", "--yes") == Said(0, "", "")
    assert home("bot", "list") == Said(0, "There are no bots yet; `maskarad bot add` binds one.\n", "")


@pytest.mark.parametrize("token", ["", "abc", "123456", "123456:short", f"{UNKNOWN} and more"])
def test_what_is_no_token_is_told_without_repeating_it(home: Shell, token: str) -> None:
    sentence = home.complaint("bot", "add", "--persona", "1", "--token", "-", stdin=token, code=2)
    assert sentence == "--token: this is not a bot's token; it looks like 123456:ABC-DEF…"


def test_what_cannot_be_bound_is_told(home: Shell, new_token: NewToken, sandbox_address: str) -> None:
    add_persona(home)
    add_persona(home, "Mara")
    first, second = new_token("a_test_bot"), new_token("b_test_bot")
    home("bot", "add", "--persona", "1", "--token", first)
    refusals = [
        ("1", second, 1, "this persona already has another bot"),
        ("2", first, 1, "this bot is already bound to a persona"),
        ("2", UNKNOWN, 1, f"{sandbox_address} does not know this token; copy it anew"),
        ("2", MANAGER_TOKEN, 2, "--token: this is the manager bot; a persona needs a bot of its own"),
        ("7", second, 1, "there is no persona 7"),
    ]
    for persona, token, code, words in refusals:
        sentence = home.complaint("bot", "add", "--persona", persona, "--token", token, code=code)
        assert sentence.startswith(words)
    for command in ("enable", "disable", "remove"):
        assert home.complaint("bot", command, "7", code=1) == "there is no bot 7"
        assert home.complaint("bot", command, "mavka_bot", code=1).startswith("there is no bot mavka_bot; ")
    assert [row["username"] for row in listed(home)] == ["a_test_bot"]


def test_a_telegram_that_does_not_answer_is_told(home: Shell) -> None:
    add_persona(home)
    adding = ("bot", "add", "--persona", "1", "--token", UNKNOWN)
    home.set(TELEGRAM_API_BASE_URL="http://127.0.0.1:9")
    assert home.complaint(*adding, code=1).startswith("Telegram does not answer at http://127.0.0.1:9 (")


def test_a_sandbox_that_does_not_run_is_told(shell: Shell, sqlite_url: str) -> None:
    shell.set(DATABASE_URL=sqlite_url)
    add_persona(shell)
    address = Path("data/sandbox/address")
    address.write_text("http://127.0.0.1:9\n", encoding="utf-8")
    sentence = shell.complaint("bot", "add", "--persona", "1", "--token", UNKNOWN, code=1)
    assert sentence == "the sandbox does not answer at http://127.0.0.1:9; `maskarad run` starts it"
