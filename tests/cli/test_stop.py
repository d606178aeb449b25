"""`maskarad stop` and `maskarad allow`: bots and people, while nothing runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maskarad.db import Connection, bots
from maskarad.db.opening import open_database
from tests.cli.shell import Running, Shell
from tests.support import rows
from tests.support.people import ALICE, BOB


@pytest.fixture(params=["sqlite", "postgresql"])
def base(request: pytest.FixtureRequest, home: Shell) -> Callable[[Callable[[Connection], Any]], Any]:
    """Runs something on the shell's database, which Alice's bot is in."""
    kind = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url = str(request.getfixturevalue(kind))
    home.set(DATABASE_URL=url)

    async def run(work: Callable[[Connection], Any]) -> Any:
        database = open_database(url, pool_size=1, max_overflow=0)
        try:
            return await database.write(work)
        finally:
            await database.close()

    asyncio.run(run(lambda connection: rows.bot(connection, owner=ALICE)))
    return lambda work: asyncio.run(run(work))


def is_stopped(base: Any) -> bool:
    [stored] = base(bots.everyone)
    return bool(stored.bot.is_stopped)


def test_a_bot_is_stopped_and_let_go_by_id_or_name(home: Shell, base: Any) -> None:
    assert home("stop", "list").out == "nothing and nobody is stopped\n"
    assert home("stop", "bot", "1").out == "@mira1_bot is stopped\n"
    assert is_stopped(base)
    assert home("stop", "bot", "@Mira1_Bot").out == "@mira1_bot was stopped already\n"
    assert home("bot", "list", "--json").json[0]["stopped"] is True  # type: ignore[index]
    assert home("bot", "list", "--json").json[0]["state"] == "stopped"  # type: ignore[index]
    assert home("bot", "enable", "1").code == 0
    assert is_stopped(base)
    assert home("allow", "bot", "@mira1_bot").out == "@mira1_bot goes on\n"
    assert not is_stopped(base)
    again = home("allow", "bot", "@mira1_bot")
    assert (again.code, again.out) == (0, "@mira1_bot was not stopped\n")


def test_a_person_is_stopped_with_their_bots(home: Shell, base: Any) -> None:
    assert home("stop", "user", "@alice").out == "user 1001 is stopped, and 1 bot with them\n"
    assert is_stopped(base)
    listed = home("stop", "list", "--json").json
    assert isinstance(listed, list)
    told = [(each["kind"], each["id"], each["name"], each["together with"]) for each in listed]
    assert told == [("user", 1001, "@alice", ""), ("bot", 1, "@mira1_bot", "user 1001")]
    assert home("allow", "bot", "1").out == "@mira1_bot goes on when its owner does: the owner is stopped\n"
    assert is_stopped(base)
    assert home("allow", "user", "1001").out == "user 1001 goes on\n"
    assert not is_stopped(base)
    assert home("allow", "user", "1001").out == "user 1001 was not stopped\n"


def test_a_bot_that_was_stopped_by_itself_stays_so_when_its_owner_is_let_go(home: Shell, base: Any) -> None:
    for words in (("stop", "bot", "1"), ("stop", "user", "1001"), ("allow", "user", "1001")):
        assert home(*words).code == 0
    assert is_stopped(base)
    assert home("allow", "bot", "1").out == "@mira1_bot goes on\n"
    assert not is_stopped(base)


def test_a_bot_that_is_bound_for_a_stopped_owner_is_stopped(home: Shell, base: Any) -> None:
    assert home("stop", "user", str(BOB.id)).out == "user 1002 is stopped\n"
    base(lambda connection: rows.bot(connection, 2, owner=BOB))
    by_owner = {stored.bot.owner_id: stored.bot.is_stopped for stored in base(bots.everyone)}
    assert by_owner == {ALICE.id: False, BOB.id: True}
    assert home("allow", "user", str(BOB.id)).code == 0
    assert not any(stored.bot.is_stopped for stored in base(bots.everyone))


def test_what_cannot_be_stopped_is_said_in_a_sentence(home: Shell, base: Any) -> None:
    assert "there is no bot 9" in home.complaint("stop", "bot", "9", code=1)
    assert "there is no bot @nobody" in home.complaint("allow", "bot", "@nobody", code=1)
    assert "give the id at Telegram" in home.complaint("stop", "user", "@nobody", code=1)
    assert "name a bot by its id" in home.complaint("stop", "bot", "", code=2)
    assert "name a person by the id" in home.complaint("allow", "user", "@", code=2)
    assert "is no id" in home.complaint("stop", "user", "9" * 30, code=2)
    home.set(ADMIN_USER_IDS="1001")
    assert "take the id out of ADMIN_USER_IDS" in home.complaint("stop", "user", "1001", code=2)
    assert not is_stopped(base)


async def test_the_log_has_who_was_stopped_and_allowed(tmp_path: Path) -> None:
    told = []
    for word in ("stop", "allow", "allow"):
        process = await Running.start(word, "user", "1002", folder=tmp_path)
        try:
            told.append((await process.end()).err)
        finally:
            await process.close()
    assert told.pop() == ""
    for event, err in zip(("operator_stopped", "operator_allowed"), told, strict=True):
        [line] = [line for line in err.splitlines() if event in line]
        assert all(each in line for each in ("id=1002", "kind=user", "command line"))
