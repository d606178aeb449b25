"""One bot's thousand messages do not hold up another bot's one."""

import time

from sqlalchemy import Connection, func, select

from maskarad.db.engine import Query
from maskarad.db.tables import chat_bot_instances as links
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage

CROWD = range(3001, 3201)
MESSAGES_EACH = 5
"""Fewer than are held back as a flood."""

SLOW_MODEL = 1.0
PLACES = 20
ASKED = 3


def waiting(bot_id: int) -> Query[int]:
    def count(connection: Connection) -> int:
        due = select(func.count()).where(links.c.bot_instance_id == bot_id, links.c.asked > links.c.answered)
        return int(connection.execute(due).scalar_one())

    return count


async def seconds_for_an_answer(stage: Stage, actor: Actor, word: str) -> float:
    """The median of some: one may fall together with anything."""
    taken = []
    for number in range(ASKED):
        began = time.monotonic()
        await stage.ask(actor, f"{word} {number}", FRIEND)
        taken.append(time.monotonic() - began)
    return sorted(taken)[ASKED // 2]


async def test_a_thousand_messages_of_one_bot_do_not_hold_up_anothers_one(stage: Stage) -> None:
    crowded, quiet = await stage.actor("Crowded"), await stage.actor("Quiet")
    for person in CROWD:
        await stage.sandbox.add_user(f"Guest {person}", id=person)
    stage.settings = stage.settings.model_copy(update={"llm_max_connections": PLACES})
    await stage.sandbox.direct_model(delay=SLOW_MODEL)
    async with stage.playing() as platform:
        unloaded = await seconds_for_an_answer(stage, quiet, "alone")
        for number in range(MESSAGES_EACH):
            for person in CROWD:
                await stage.sandbox.say(stage.private(crowded, person), person, f"message {number}")
        loaded = await seconds_for_an_answer(stage, quiet, "in a crowd")
        # All the while there was more to do than could be done.
        assert await platform.database.read(waiting(crowded.bot_id)) > PLACES
    assert loaded <= 2 * unloaded


async def test_a_flood_remark_does_not_wait_for_places_to_think(stage: Stage) -> None:
    """What is sent without a turn needs no model, also where all places are taken for long."""
    actor = await stage.actor()
    stage.settings = stage.settings.model_copy(update={"llm_max_connections": 1, "flood_messages": 2})
    async with stage.playing():
        await stage.ask(actor, "one", FRIEND)
        await stage.sandbox.direct_model(delay=8)
        await stage.sandbox.say(stage.private(actor), OWNER, "hold the only place")
        await stage.until_model_is_asked(2)
        before = await stage.sandbox.position()
        chat = stage.private(actor, FRIEND)
        for number in range(4):
            await stage.sandbox.say(chat, FRIEND, f"and {number}")
        await stage.sandbox.next_message(chat, after=before, timeout=4)
        assert len(await stage.prompts()) == 2
