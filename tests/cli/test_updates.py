"""`maskarad updates` and `maskarad errands`: what was given up, and how it is tried again."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from maskarad.db import Connection, errands, failed_updates, tables
from maskarad.db.opening import open_database
from maskarad.jobs.quarantine import body_of, event_of
from maskarad.values import Chat, ChatType, Incoming
from tests.cli.shell import Shell
from tests.support.people import ALICE
from tests.support.rows import NOW

SAID = Incoming(
    bot_id=2,
    update_id=10,
    chat=Chat(id=ALICE.id, type=ChatType.PRIVATE),
    message_id=5,
    sender=ALICE,
    text="чай з м'ятою",
    sent_at=NOW,
)


@pytest.fixture
def write(sqlite_url: str) -> Callable[[Callable[[Connection], Any]], Any]:
    async def run(work: Callable[[Connection], Any]) -> Any:
        database = open_database(sqlite_url, pool_size=1, max_overflow=0)
        try:
            return await database.write(work)
        finally:
            await database.close()

    return lambda work: asyncio.run(run(work))


def put_aside(connection: Connection, *update_ids: int) -> None:
    for update_id in update_ids:
        for _ in range(failed_updates.ATTEMPTS):
            failed_updates.count(
                connection,
                (2, update_id),
                user_id=1001,
                body=body_of(SAID),
                error="ValueError in x.py:1 (y)",
                now=NOW + update_id,
            )


def give_up(connection: Connection) -> int:
    new = errands.NewErrand(kind="picture", place="5", owner_id=1001, payload="{}")
    errand_id = errands.order(connection, new, most=10, now=NOW)
    assert errand_id is not None
    held = errands.claim(connection, errand_id, "claim", lease=60, now=NOW)
    assert held is not None
    errands.fail(connection, held, error="PictureFailed: late", now=NOW)
    return errand_id


def test_nothing_was_put_aside(home: Shell) -> None:
    assert home("updates", "list").out == "no updates were put aside\n"
    assert home("updates", "list", "--json").json == []
    assert home("errands", "list").out == "no errands were given up\n"
    assert home("updates", "retry", "--all").out == "to be handled again: 0\n"


def test_the_newest_stands_first_and_one_that_is_still_counted_nowhere(home: Shell, write: Any) -> None:
    write(lambda connection: put_aside(connection, 10, 11))
    write(lambda connection: failed_updates.count(connection, (2, 12), user_id=1001, body="{}", error="x", now=NOW))
    listed = home("updates", "list", "--json").json
    assert isinstance(listed, list)
    assert [(each["bot"], each["update"], each["attempts"]) for each in listed] == [(2, 11, 5), (2, 10, 5)]
    assert listed[0]["error"] == "ValueError in x.py:1 (y)"
    assert "м'ятою" not in home("updates", "list").out
    assert "no update 12 of bot 2" in home.complaint("updates", "show", "2", "12", code=1)


def test_one_is_shown_with_its_words(home: Shell, write: Any) -> None:
    write(lambda connection: put_aside(connection, 10))
    assert "чай з м'ятою" in home("updates", "show", "2", "10").out
    shown = home("updates", "show", "2", "10", "--json").json
    assert isinstance(shown, dict)
    assert shown["event"]["text"] == SAID.text


def test_one_or_all_are_handed_out_again(home: Shell, write: Any) -> None:
    write(lambda connection: put_aside(connection, 10, 11, 12))
    assert home("updates", "retry", "2", "11").out == "to be handled again: 1\n"
    assert write(partial(failed_updates.requeued, now=NOW + 60, most=10)) == [(2, 11)]
    assert home("updates", "retry", "--all").out == "to be handled again: 3\n"
    body = write(partial(failed_updates.claim, key=(2, 10), until=NOW + 60, now=NOW + 50))
    assert event_of(body) == SAID


def test_one_or_all_are_dropped_after_a_question(home: Shell, write: Any) -> None:
    write(lambda connection: put_aside(connection, 10, 11, 12))
    assert home("updates", "drop", "2", "10", stdin="n\n").code == 1
    assert home("updates", "drop", "2", "10", stdin="y\n").out == "dropped: 1\n"
    assert home("updates", "drop", "--all", "--yes").out == "dropped: 2\n"
    assert home("updates", "list", "--json").json == []


@pytest.mark.parametrize("arguments", [(), ("2",), ("2", "10", "--all"), ("2", "--all")])
@pytest.mark.parametrize("command", ["retry", "drop"])
def test_it_must_be_said_which(home: Shell, command: str, arguments: tuple[str, ...]) -> None:
    sentence = home.complaint("updates", command, *arguments, code=2)
    assert sentence == "name a bot and an update, as `maskarad updates list` shows them, or --all"


def test_one_that_is_not_there(home: Shell) -> None:
    assert "no update 1 of bot 2" in home.complaint("updates", "retry", "2", "1", code=1)
    assert "no update 1 of bot 2" in home.complaint("updates", "drop", "2", "1", "--yes", code=1)
    assert "no errand 7" in home.complaint("errands", "retry", "7", code=1)


def test_a_failed_errand_is_listed_and_tried_again(home: Shell, write: Any) -> None:
    errand_id = write(give_up)
    listed = home("errands", "list", "--json").json
    assert isinstance(listed, list)
    assert [(each["id"], each["kind"], each["error"]) for each in listed] == [
        (errand_id, "picture", "PictureFailed: late")
    ]
    assert home("errands", "retry", str(errand_id)).out == f"to be tried again: {errand_id}\n"
    assert home("errands", "list", "--json").json == []
    # By the clock of whoever ordered it: that of this machine may be wrong.
    due = write(lambda connection: connection.execute(select(tables.errands.c.due_at)).scalar_one())
    assert due == NOW


def test_the_doctor_tells_of_both(home: Shell, write: Any) -> None:
    write(lambda connection: put_aside(connection, 10, 11))
    write(give_up)
    found = home("doctor", "--json").json
    assert isinstance(found, list)
    [failures] = [each for each in found if each["subject"] == "failures"]
    assert failures["ok"] is False
    assert failures["state"] == (
        "updates put aside: 2, the newest 2027-01-15 08:00 UTC, ValueError in x.py:1 (y); "
        "errands given up: 1, the newest 2027-01-15 08:00 UTC, picture: PictureFailed: late"
    )
    assert "`maskarad updates list` and `maskarad errands list`" in failures["todo"]
