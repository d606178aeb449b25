"""Lists in statements: however long they are, few statements."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from sqlalchemy import text

from maskarad.db import Connection, analyses, bots, cards, personal, statistics, turns, watching
from maskarad.db.engine import Database
from maskarad.db.lists import LONGEST, padded, pieces
from maskarad.values import Claim
from tests.support import rows
from tests.support.databases import CountStatements
from tests.support.people import ALICE
from tests.support.rows import NOW

Ask = Callable[[Connection, Sequence[int]], object]


def renew(connection: Connection, numbers: Sequence[int]) -> object:
    claims = [Claim(link_id=number, token=f"token {number}") for number in numbers]
    return turns.renew(connection, claims, until=NOW)


ASKING: dict[str, Ask] = {
    "analyses": lambda connection, numbers: analyses.get(connection, [f"hash {number}" for number in numbers]),
    "people": lambda connection, numbers: personal.known(connection, 1, numbers),
    "claims": renew,
    "days": lambda connection, numbers: statistics.written_days(connection, numbers, 1, 9),
    "pollers": watching.holders,
    "bots": cards.bots_named,
    "users": cards.users_named,
}

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 33001)"
MANY_BOTS = (
    "INSERT INTO persona_configs (id, owner_id, name, name_key, content, created_at, changed_at)"
    f" {_NUMBERS} SELECT i, {ALICE.id}, 'Mira ' || i, 'mira ' || i, '{{}}', 1, 1 FROM n",
    "INSERT INTO bot_instances (id, persona_config_id, telegram_id, username, name, token, public_id, secret, access,"
    " enabled, state, sees_all_group_messages, created_at, changed_at)"
    f" {_NUMBERS} SELECT i, i, i, 'mira' || i || '_bot', 'Mira', 'sealed', 'public-' || i, 'secret-' || i,"
    " 'public', true, 'working', true, 1, 1 FROM n",
)


def test_lists_have_lengths_of_powers_of_two_and_hold_no_other_value() -> None:
    for length in range(1, 130):
        values = list(range(length))
        found = padded(values)
        assert found[:length] == values
        assert set(found[length:]) <= {length - 1}
        assert len(found) in (1, 2, 4, 8, 16, 32, 64, 128, 256)


def test_no_values_and_very_many_stay_as_they_are() -> None:
    assert padded([]) == []
    assert padded(range(LONGEST + 1)) == list(range(LONGEST + 1))


def test_pieces_are_all_the_values_in_lists_that_a_statement_takes() -> None:
    found = list(pieces(range(100_000)))
    assert max(map(len, found)) <= LONGEST
    assert list(dict.fromkeys(value for piece in found for value in piece)) == list(range(100_000))
    assert list(pieces([])) == []


@pytest.mark.parametrize("asking", ASKING)
async def test_a_question_about_any_number_is_one_of_few_statements(
    database: Database, statements: CountStatements, asking: str
) -> None:
    with statements(database) as seen:
        for length in range(1, 40):
            await database.write(lambda connection, length=length: ASKING[asking](connection, range(length)))  # type: ignore[misc]
    assert len(set(seen.seen)) <= 7


async def test_bots_beyond_what_a_statement_has_room_for_are_all_read(database: Database) -> None:
    def fill(connection: Connection) -> None:
        rows.persona(connection)
        for statement in MANY_BOTS:
            connection.execute(text(statement))

    await database.write(fill)
    assert len(await database.read(bots.everyone)) == 33_000
    assert len(await database.read(partial(bots.changed_since, since=0.0))) == 33_000
