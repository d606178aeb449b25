"""What tests of folding stand on: a link with a history, a folder with a model that says what it is told."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, select, text

from maskarad.db import hearing, personas
from maskarad.db.engine import Database
from maskarad.db.purses import Most
from maskarad.db.recall import find
from maskarad.db.tables import chat_bot_instances as links
from maskarad.errors import ModelError
from maskarad.memory.analyzer import analyze
from maskarad.memory.fold import Folder
from maskarad.memory.remembered import Remembered
from maskarad.memory.terms import stems_of, term
from maskarad.metrics import Metrics
from maskarad.values import (
    Bot,
    Completion,
    CompletionRequest,
    HistoryLine,
    Incoming,
    Persona,
    Taken,
)
from tests.support import rows
from tests.support.bots import a_bot
from tests.support.clock import FakeClock
from tests.support.purses import purses_of
from tests.support.rows import said

BOT = a_bot(owner_id=1001, name="Mira 1")


class TellingModel:
    """Answers each request with the next of `answers`, or fails when there is none left; then this was `taken`."""

    def __init__(self, *answers: str, taken: tuple[Taken, ...] = ()) -> None:
        self.answers = list(answers)
        self.taken = taken
        self.requests: list[CompletionRequest] = []

    async def complete(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        if not self.answers:
            raise ModelError("empty", taken=self.taken)
        text = self.answers.pop(0)
        return Completion(text=text, model="m", prompt_tokens=10, completion_tokens=5, latency=0.1)


def folder(
    database: Database,
    model: TellingModel,
    clock: FakeClock,
    *,
    find_bot: Callable[[int], Bot | None] = lambda _bot_id: BOT,
    metrics: Metrics | None = None,
    **most: Most,
) -> Folder:
    async def persona(persona_id: int) -> Persona:
        return await database.read(lambda connection: personas.get(connection, persona_id))

    return Folder(
        database,
        model,
        purses_of(database, clock, metrics, **most),
        find_bot=find_bot,
        persona=persona,
        analyze=analyze,
        tokens=6_000,
        clock=clock,
    )


async def say(database: Database, link_id: int, numbers: range, text: str = "the kettle boils") -> None:
    def keep(connection: Connection) -> None:
        for number in numbers:
            hearing.keep(connection, link_id, _numbered(number, text))

    await database.write(keep)


def _numbered(number: int, text: str) -> Incoming:
    return said(number, text.replace("#", str(number)))


async def a_link(database: Database, number: int = 1) -> int:
    return await database.write(partial(rows.link, number=number))


async def recalled(database: Database, link_id: int, question: str = "") -> Remembered:
    terms = [term(link_id, stem) for stem in stems_of(question)]
    return await database.read(lambda connection: find(connection, link_id, terms))


async def found(database: Database, link_id: int, question: str) -> list[str]:
    return texts((await recalled(database, link_id, question)).relevant)


def texts(lines: Sequence[HistoryLine]) -> list[str]:
    return [line.text for line in lines]


async def cursor(database: Database, link_id: int) -> tuple[int | None, int]:
    """Up to which line the link is folded, and how many it believes unfolded."""

    def look(connection: Connection) -> tuple[int | None, int]:
        row = connection.execute(
            select(links.c.folded_order, links.c.messages - links.c.folded_messages).where(links.c.id == link_id)
        ).one()
        return row[0], row[1]

    return await database.read(look)


async def indexed(database: Database) -> int:
    """How many lines the index of words holds."""
    return await database.read(
        lambda connection: int(connection.execute(text("SELECT count(*) FROM history_index")).scalar_one())
    )
