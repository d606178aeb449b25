"""The file of all that is kept of a person stays within bounds, and says so."""

import json

import pytest
from sqlalchemy import Connection

from maskarad.db import hearing, links
from maskarad.db.engine import Database
from maskarad.memory.analyzer import Analyzer
from maskarad.memory.dossier import Dossiers
from maskarad.memory.learning import Learning
from maskarad.memory.personalization import Personalization
from maskarad.metrics import Metrics
from tests.memory.test_personalization import BOT
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import BOB
from tests.support.rows import NOW, private, said

COUNT = 1_100


@pytest.fixture
async def world(database: Database) -> Database:
    """A database with Bob's private chat, and many lines of his in it."""

    def fill(connection: Connection) -> None:
        bot_id = rows.bot(connection)
        link = links.find_or_add(connection, bot_id, private(BOB), now=NOW)
        for number in range(1, COUNT + 1):
            hearing.ask(connection, link.id, said(number, f"line {number}", by=BOB, chat=private(BOB)), due_at=NOW)

    await database.write(fill)
    return database


@pytest.mark.parametrize(("most_bytes", "is_whole"), [(10**6, True), (20_000, False)])
async def test_the_newest_messages_come_first_and_the_rest_is_left_out(
    world: Database, clock: FakeClock, most_bytes: int, is_whole: bool
) -> None:
    learning = Learning(world, Analyzer(world, clock=clock), clock=clock)
    personalization = Personalization(world, learning.learn, clock=clock, lifetime=300, meter=Metrics().cache("known"))
    file = await Dossiers(world, personalization, clock=clock, most_bytes=most_bytes).of(BOT, BOB)
    told = json.loads(file.data)
    assert told["messages_are_all"] is file.is_whole is is_whole
    assert (file.messages == COUNT) is is_whole
    texts = [line["text"] for line in told["messages"]]
    assert texts == [f"line {number}" for number in range(COUNT, COUNT - file.messages, -1)]
    assert len(file.data) < most_bytes + 2_000
