"""A persona's prompt is compiled once for each of its versions, however many turns speak with it."""

import asyncio

import msgspec
import pytest

from maskarad.db import Connection, personas
from maskarad.db.engine import Database
from maskarad.metrics import Metrics
from maskarad.snapshots import Snapshots
from maskarad.turn.prompt import Speaker
from maskarad.values import Mood
from tests.support import rows
from tests.support.clock import FakeClock
from tests.support.people import ALICE


class Compiled:
    """Counts, by the one mood that the persona has: each is asked for its words once a compilation."""

    def __init__(self) -> None:
        self.times = 0

    def mood_text(self, _language: str, mood: Mood) -> tuple[str, str]:
        self.times += 1
        return mood.name, mood.text


@pytest.fixture
def compiled() -> Compiled:
    return Compiled()


@pytest.fixture
def snapshots(database: Database, clock: FakeClock, compiled: Compiled) -> Snapshots:
    return Snapshots(
        database,
        compiled.mood_text,
        account_lifetime=300,
        persona_lifetime=600,
        link_lifetime=1800,
        clock=clock,
        metrics=Metrics(),
    )


async def _speaks(database: Database, persona_id: int, traits: str) -> None:
    """Change the persona as an owner does."""

    def change(connection: Connection) -> None:
        content = personas.get(connection, persona_id).content
        character = msgspec.structs.replace(content.character, traits=traits)
        changed = msgspec.structs.replace(
            content, character=character, moods=(Mood(key="own", name="Lofty", text="You speak down."),)
        )
        personas.change(connection, ALICE.id, persona_id, changed, now=rows.NOW)

    await database.write(change)


async def test_a_prompt_is_compiled_once_a_version(
    database: Database, snapshots: Snapshots, compiled: Compiled
) -> None:
    persona_id = await database.write(rows.persona)
    await _speaks(database, persona_id, "curious")
    speakers: list[Speaker] = await asyncio.gather(*(snapshots.personas.speaker(persona_id) for _ in range(20)))
    assert compiled.times == 1
    assert len({id(each.system) for each in speakers}) == 1
    assert "curious" in speakers[0].system

    await _speaks(database, persona_id, "grumpy")
    snapshots.persona_changed(persona_id, ALICE.id)
    later = [await snapshots.personas.speaker(persona_id) for _ in range(20)]
    assert compiled.times == 2
    assert later[0].persona.version == speakers[0].persona.version + 1
    assert "grumpy" in later[0].system
    assert "curious" not in later[0].system
