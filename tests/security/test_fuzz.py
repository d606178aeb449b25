"""Whatever comes to the webhooks of a running platform, none of it is a fault of ours, none of it shows or changes what
is another person's, and the next honest update is answered.

`make test` tries some inputs, always the same; `make fuzz` tries new ones for FUZZ_SECONDS and tells the seed, with
which FUZZ_SEED tries the same again. What fails, Hypothesis makes small and prints.
"""

import asyncio
import itertools
import logging
import os
import random
import time
import traceback
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from typing import Any

import aiohttp
import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from maskarad.db import bots, personas
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
from maskarad.telegram.bots import webhook_identity
from maskarad.values import PersonaDraft, Token, Value, WebhookIdentity, WhitelistEntry
from maskarad.web.app import SECRET_HEADER
from tests.journeys.stage import MANAGER_ID, OWNER, STRANGER, Actor, Stage
from tests.sandbox.scene import MANAGER_TOKEN
from tests.security.hostile import STRANGERS, bodies, callback_data, press, written
from tests.support.inputs_tried import TRIED
from tests.support.servers import free_port

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
FIRST_SEED = int(os.environ.get("FUZZ_SEED", "0")) or (random.SystemRandom().randrange(1, 2**32) if SECONDS else 1)
BODIES = 300
PRESSES = 200
ROUND = 500
"""Inputs with one seed in a long run."""

PRIVATE = "zapovitne-7391"
"""Stands in all that is the owner's own."""

Check = Callable[[Any], None]


class Arena:
    """A running platform with something to hide, and the door that Telegram comes through."""

    def __init__(self, stage: Stage, actor: Actor, port: int, client: aiohttp.ClientSession) -> None:
        self.stage = stage
        self.actor = actor
        self.tried = 0
        self.logs: list[MutableMapping[str, Any]] = []
        self.faults: list[str] = []
        self._client = client
        self._address = f"http://127.0.0.1:{port}/telegram"
        self._doors = (webhook_identity(Token(MANAGER_TOKEN)), WebhookIdentity(public_id="public-1", secret="secret-1"))
        self._loop = asyncio.get_running_loop()
        self._called = 0

    def post(self, door: int, body: bytes) -> int:
        """From Hypothesis' thread: the status, once the platform has answered."""
        self.tried += 1
        return asyncio.run_coroutine_threadsafe(self._post(self._doors[door], body), self._loop).result(60)

    async def _post(self, door: WebhookIdentity, body: bytes) -> int:
        headers = {SECRET_HEADER: door.secret}
        async with self._client.post(f"{self._address}/{door.public_id}", data=body, headers=headers) as answer:
            return answer.status

    def must_be_fine(self, status: int) -> None:
        assert status in (200, 400, 413), status
        assert self.errors() == []

    def errors(self) -> list[str]:
        """What was logged of faults since the last look."""
        found = [_told(each) for each in self.logs if each["log_level"] in ("error", "critical") or "exc_info" in each]
        found += self.faults
        self.logs.clear()
        self.faults.clear()
        return found

    async def must_have_shown_nothing(self) -> None:
        """To anybody but the owner."""
        for call in await self.stage.sandbox.calls(after=self._called):
            self._called = max(self._called, call["seq"])
            if PRIVATE in repr(call["params"]):
                assert call["params"].get("chat_id") == OWNER, call

    async def answers_the_owner(self) -> None:
        menu = await self.stage.sandbox.ask(self.stage.sandbox.private(OWNER, MANAGER_ID), OWNER, "/menu", timeout=30)
        assert menu.buttons
        answer = await self.stage.sandbox.ask(self.stage.private(self.actor), OWNER, "ти тут?", timeout=30)
        assert answer.text


def _told(log: MutableMapping[str, Any]) -> str:
    error = log.get("exc_info")
    lines = traceback.format_exception(error) if isinstance(error, BaseException) else []
    return repr(log) + "".join(lines)


class _Faults(logging.Handler):
    """What asyncio, uvicorn and the rest say of exceptions that nobody caught."""

    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(self.format(record))


@pytest.fixture
async def arena(stage: Stage) -> AsyncIterator[Arena]:
    actor = await stage.actor()
    port = free_port()
    limits = dict.fromkeys((name for name in type(stage.settings).model_fields if name.startswith("limit_")), 0)
    stage.settings = stage.settings.model_copy(
        update={
            "run_mode": "webhook",
            "webhook_url_base": f"http://127.0.0.1:{port}",
            "port": port,
            "flood_messages": 0,
            **limits,
        }
    )
    await stage.database.write(lambda connection: _hide(connection, actor))
    async with aiohttp.ClientSession() as client, stage.playing():
        made = Arena(stage, actor, port, client)
        handler = _Faults(made.faults)
        logging.getLogger().addHandler(handler)
        await made.answers_the_owner()
        await stage.ask(actor, f"нікому не кажи: {PRIVATE}")
        await stage.sandbox.ask(stage.sandbox.private(STRANGER, MANAGER_ID), STRANGER, "/start")
        await stage.ask(actor, "hello", STRANGER)
        with structlog.testing.capture_logs() as made.logs:
            yield made
        logging.getLogger().removeHandler(handler)


def _hide(connection: Connection, actor: Actor) -> None:
    draft = PersonaDraft(name=f"{PRIVATE} name", description=f"{PRIVATE} description", language="uk")
    personas.add(connection, OWNER, draft, limit=1_000, now=1.0)
    bots.whitelist_add(connection, actor.bot_id, WhitelistEntry(user_id=OWNER, name=PRIVATE), now=1.0)


class Owned(Value, frozen=True):
    """What nobody but the owner may change: personas, bots, who may talk to them; what was said and is known."""

    things: tuple[tuple[Any, ...], ...]
    counts: tuple[int, ...]


def _owned(connection: Connection) -> Owned:
    things = [
        select(users.c.id, users.c.name).where(users.c.id == OWNER),
        select(persona_configs).where(persona_configs.c.owner_id == OWNER).order_by(persona_configs.c.id),
        select(bot_instances).order_by(bot_instances.c.id),
        select(bot_whitelist),
    ]
    counts = [
        select(func.count()).select_from(chat_contexts).where(chat_contexts.c.chat_id == OWNER),
        select(func.count()).select_from(interaction_patterns).where(interaction_patterns.c.user_id == OWNER),
    ]
    return Owned(
        things=tuple(tuple(row) for statement in things for row in connection.execute(statement)),
        counts=tuple(connection.execute(statement).scalar_one() for statement in counts),
    )


def _persona_ids(connection: Connection) -> list[int]:
    return list(connection.execute(select(persona_configs.c.id).where(persona_configs.c.owner_id == OWNER)).scalars())


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
    stage = arena.stage
    persona_ids = await stage.database.read(_persona_ids)
    real = [*await _shown_to_owner(stage, arena.actor), *_named(persona_ids)]
    ids = [OWNER, STRANGER, arena.actor.bot_id, *persona_ids]
    before = await stage.database.read(_owned)
    numbers = itertools.count(2**41)

    def check(pressed: tuple[int, str, int, int]) -> None:
        door, data, user_id, message_id = pressed
        body = written(press(next(numbers), user_id, data, message_id))
        arena.must_be_fine(arena.post(door, body))

    inputs = st.tuples(st.integers(0, 1), callback_data(real, ids), st.sampled_from(STRANGERS), st.integers(1, 2**40))
    await _fuzz(arena, PRESSES, inputs, check)
    after = await stage.database.read(_owned)
    assert after.things == before.things
    assert all(now >= then for now, then in zip(after.counts, before.counts, strict=True))
    record_property(TRIED, arena.tried)


def _named(persona_ids: Sequence[int]) -> list[str]:
    """Every action of the manager bot upon each of the owner's personas."""
    return [
        encode(code, *(str(persona_id), "n0", "1")[: entry.arguments])
        for persona_id in persona_ids
        for code, entry in ACTIONS.items()
    ]


async def _shown_to_owner(stage: Stage, actor: Actor) -> list[str]:
    found: list[str] = []
    for chat, commands in (
        (stage.sandbox.private(OWNER, MANAGER_ID), ("/menu", "/mypersonas", "/profile", "/language")),
        (stage.private(actor), ("/mood", "/me", "/reset", "/forget_me")),
    ):
        for command in commands:
            answer = await stage.sandbox.ask(chat, OWNER, command)
            rows = answer.message.get("reply_markup", {}).get("inline_keyboard", [])
            found += [button["callback_data"] for row in rows for button in row]
    assert len(set(found)) > 10
    return sorted(set(found))
