"""Whatever comes to the webhooks of a running platform, none of it is a fault of ours, none of it shows or changes what
is another person's, and the next honest update is answered.

`make test` tries some inputs, always the same; `make fuzz` tries new ones for FUZZ_SECONDS and tells the seed, with
which FUZZ_SEED tries the same again. What fails, Hypothesis makes small and prints.
"""

import asyncio
import itertools
import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from maskarad.db.tables import (
    bot_instances,
    bot_whitelist,
    chat_contexts,
    interaction_patterns,
    persona_configs,
    users,
)
from maskarad.manager.actions.table import ACTIONS
from maskarad.manager.callbacks import encode
from maskarad.values import Value
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage
from tests.security.arena import OPERATOR, Arena
from tests.security.hostile import STRANGERS, bodies, callback_data
from tests.support.inputs_tried import TRIED

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
FIRST_SEED = int(os.environ.get("FUZZ_SEED", "0")) or (random.SystemRandom().randrange(1, 2**32) if SECONDS else 1)
BODIES = 300
PRESSES = 300
OFTEN = 8
"""So many times likelier than each of the many other buttons: what changes who is heard at all."""

ROUND = 500
"""Inputs with one seed in a long run."""

DOORS = (0, 0, 0, 1, 2)
"""The manager bot has most buttons by far."""

Check = Callable[[Any], None]

CHANGED_BY_STOPS = ("stopped_at", "stopped_with_owner", "version", "changed_at")


class Owned(Value, frozen=True):
    """What nobody but the owner may change: personas, bots, who may talk to them; what was said and is known. And what
    nobody but an operator may: who is stopped."""

    things: tuple[tuple[Any, ...], ...]
    counts: tuple[int, ...]
    stopped: tuple[int, ...]


def _owned(connection: Connection) -> Owned:
    personas_of_owner = select(persona_configs.c.id).where(persona_configs.c.owner_id == OWNER)
    of_bot = [each for each in bot_instances.c if each.name not in CHANGED_BY_STOPS]
    bot_ids = select(bot_instances.c.id).where(bot_instances.c.persona_config_id.in_(personas_of_owner))
    things = [
        select(users.c.id, users.c.name).where(users.c.id == OWNER),
        select(persona_configs).where(persona_configs.c.owner_id == OWNER).order_by(persona_configs.c.id),
        select(*of_bot).where(bot_instances.c.id.in_(bot_ids)).order_by(bot_instances.c.id),
        select(bot_whitelist).where(bot_whitelist.c.bot_instance_id.in_(bot_ids)),
    ]
    counts = [
        select(func.count()).select_from(chat_contexts).where(chat_contexts.c.chat_id == OWNER),
        select(func.count()).select_from(interaction_patterns).where(interaction_patterns.c.user_id == OWNER),
    ]
    stopped = [select(table.c.id).where(table.c.stopped_at.is_not(None)) for table in (users, bot_instances)]
    return Owned(
        things=tuple(tuple(row) for statement in things for row in connection.execute(statement)),
        counts=tuple(connection.execute(statement).scalar_one() for statement in counts),
        stopped=tuple(found for statement in stopped for found in connection.execute(statement).scalars()),
    )


def _persona_ids(connection: Connection) -> list[int]:
    return list(connection.execute(select(persona_configs.c.id).order_by(persona_configs.c.id)).scalars())


def _tries(examples: int, number: int, inputs: st.SearchStrategy[Any], check: Check) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(inputs)
    def run(value: Any) -> None:
        check(value)

    run()


async def _fuzz(arena: Arena, examples: int, inputs: st.SearchStrategy[Any], check: Check) -> None:
    """Once, or with seed after seed until the time is up."""
    ends_at = time.monotonic() + SECONDS
    for number in itertools.count(FIRST_SEED):
        try:
            await asyncio.to_thread(_tries, ROUND if SECONDS else examples, number, inputs, check)
        except BaseException:
            print(f"\nfailed after {arena.tried} inputs; the same again: FUZZ_SEED={number} make fuzz")  # noqa: T201
            raise
        await arena.let_go()
        await arena.must_have_shown_nothing()
        await arena.answers_the_owner()
        assert arena.errors() == []
        if SECONDS:
            print(f"seed {number}: {arena.tried} inputs tried, nothing found")  # noqa: T201
        if time.monotonic() > ends_at:
            return


async def test_bodies_of_webhooks(arena: Arena, record_property: Callable[[str, object], None]) -> None:
    def check(posted: tuple[int, bytes]) -> None:
        arena.must_be_fine(arena.post(*posted))

    await _fuzz(arena, BODIES, st.tuples(st.integers(0, 1), bodies()), check)
    record_property(TRIED, arena.tried)


async def test_data_of_buttons(arena: Arena, record_property: Callable[[str, object], None]) -> None:
    await _press(arena, STRANGERS)
    record_property(TRIED, arena.tried)


async def test_buttons_of_another_owner_and_an_operator(
    arena: Arena, record_property: Callable[[str, object], None]
) -> None:
    """Of their own they see and change what they like; an operator stops whom they like and sees nobody's own."""
    await _press(arena, (FRIEND, OPERATOR))
    record_property(TRIED, arena.tried)


async def _press(arena: Arena, people: Sequence[int]) -> None:
    """What they press is what was shown to the owner, to the friend and to the operator."""
    stage = arena.stage
    persona_ids = await stage.database.read(_persona_ids)
    bot_ids = [arena.actor.bot_id, arena.others.bot_id]
    shown = [
        *await _shown(stage, OWNER, arena.actor),
        *await _shown(stage, FRIEND, arena.others),
        *await _shown(stage, OPERATOR),
    ]
    real = [*sorted({*shown, *_named(persona_ids)}), *_overseen(bot_ids) * OFTEN]
    ids = [OWNER, FRIEND, STRANGER, *bot_ids, *persona_ids]
    before = await stage.database.read(_owned)

    def check(pressed: tuple[int, str, int, int]) -> None:
        door, data, user_id, message_id = pressed
        may_be_stopped = door > 0 and people is not STRANGERS
        arena.must_be_fine(arena.press(door, user_id, data, message_id), served=not may_be_stopped)

    inputs = st.tuples(st.sampled_from(DOORS), callback_data(real, ids), st.sampled_from(people), st.integers(1, 2**40))
    await _fuzz(arena, PRESSES, inputs, check)
    after = await stage.database.read(_owned)
    assert after.things == before.things
    assert after.stopped == before.stopped or OPERATOR in people
    assert all(now >= then for now, then in zip(after.counts, before.counts, strict=True))


def _named(persona_ids: Sequence[int]) -> list[str]:
    """Every action of the manager bot upon each of the owner's personas."""
    return [
        encode(code, *(str(persona_id), "n0", "1")[: entry.arguments])
        for persona_id in persona_ids
        for code, entry in ACTIONS.items()
        if not entry.for_operators
    ]


def _overseen(bot_ids: Sequence[int]) -> list[str]:
    """What an operator does about each of these bots, and about the owner of the first."""
    held = [*(("b", bot_id) for bot_id in bot_ids), ("u", OWNER)]
    return [encode(code, *each) for code in ("ac", "as", "ay", "ag") for each in held]


OF_MANAGER = ("/menu", "/mypersonas", "/profile", "/language", "/admin")
OF_PERSONA = ("/mood", "/me", "/reset", "/forget_me")


async def _shown(stage: Stage, person: int, actor: Actor | None = None) -> list[str]:
    """On all buttons that the manager bot, and the actor, give the person."""
    asked = [(stage.sandbox.private(person, MANAGER_ID), command) for command in OF_MANAGER]
    if actor is not None:
        asked += [(stage.private(actor, person), command) for command in OF_PERSONA]
    found: list[str] = []
    for chat, command in asked:
        answer = await stage.sandbox.ask(chat, person, command)
        rows = answer.message.get("reply_markup", {}).get("inline_keyboard", [])
        found += [button["callback_data"] for row in rows for button in row]
    assert len(set(found)) > 10
    return found
