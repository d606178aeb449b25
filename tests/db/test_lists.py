"""Lists in statements: however long they are, few statements."""

from functools import partial

from maskarad.db import analyses
from maskarad.db.engine import Database
from maskarad.db.lists import LONGEST, padded
from tests.support.databases import CountStatements


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


async def test_a_lookup_of_any_length_is_one_of_few_statements(database: Database, statements: CountStatements) -> None:
    with statements(database) as seen:
        for length in range(1, 40):
            await database.read(partial(analyses.get, hashes=[f"hash {number}" for number in range(length)]))
    assert len(set(seen.seen)) <= 7
