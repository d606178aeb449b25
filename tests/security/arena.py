"""A running platform with something to hide from everybody but its owner, and the door that Telegram comes through."""

import asyncio
import itertools
import logging
import traceback
from collections.abc import AsyncIterator, MutableMapping
from functools import partial
from typing import Any

import aiohttp
import pytest
import structlog
from sqlalchemy import Connection, update

from maskarad.db import bots, personas, users
from maskarad.db.tables import persona_configs
from maskarad.manager.callbacks import encode
from maskarad.telegram.bots import webhook_identity
from maskarad.values import PersonaDraft, Sender, Token, WebhookIdentity, WhitelistEntry
from maskarad.web.app import SECRET_HEADER
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage
from tests.sandbox.scene import MANAGER_TOKEN
from tests.security.hostile import press, written
from tests.support.servers import free_port
from tests.support.until import until

PRIVATE, OTHERS = "zapovitne-7391", "bobove-5286"
OWN = {PRIVATE: OWNER, OTHERS: FRIEND}
"""Words that stand in all that is somebody's own."""

OPERATOR = 1004
WITHIN = 30.0


class Arena:
    def __init__(self, stage: Stage, actor: Actor, others: Actor, port: int, client: aiohttp.ClientSession) -> None:
        self.stage = stage
        self.actor = actor
        self.others = others
        self.tried = 0
        self.logs: list[MutableMapping[str, Any]] = []
        self.faults: list[str] = []
        self._client = client
        self._address = f"http://127.0.0.1:{port}/telegram"
        self._doors = (
            webhook_identity(Token(MANAGER_TOKEN)),
            *(WebhookIdentity(public_id=f"public-{number}", secret=f"secret-{number}") for number in (1, 2)),
        )
        self._presses = itertools.count(2**41)
        self._pressed: dict[str, int] = {}
        self._loop = asyncio.get_running_loop()
        self._called = 0

    def post(self, door: int, body: bytes) -> int:
        """From Hypothesis' thread: the status, once the platform has answered."""
        self.tried += 1
        return asyncio.run_coroutine_threadsafe(self._post(self._doors[door], body), self._loop).result(60)

    def press(self, door: int, user_id: int, data: str, message_id: int) -> int:
        """The same with a button."""
        number = next(self._presses)
        self._pressed[str(number)] = user_id
        return self.post(door, written(press(number, user_id, data, message_id)))

    async def _post(self, door: WebhookIdentity, body: bytes) -> int:
        headers = {SECRET_HEADER: door.secret}
        async with self._client.post(f"{self._address}/{door.public_id}", data=body, headers=headers) as answer:
            return answer.status

    def must_be_fine(self, status: int, *, served: bool = True) -> None:
        """`served` False: the bot may be stopped or gone by now, and so is its address."""
        assert status in (200, 400, 413) or (status == 404 and not served), status
        assert self.errors() == []

    def errors(self) -> list[str]:
        """What was logged of faults since the last look."""
        found = [_told(each) for each in self.logs if each["log_level"] in ("error", "critical") or "exc_info" in each]
        found += self.faults
        self.logs.clear()
        self.faults.clear()
        return found

    async def must_have_shown_nothing(self) -> None:
        """Of anybody's own to anybody else."""
        for call in await self.stage.sandbox.calls(after=self._called):
            self._called = max(self._called, call["seq"])
            shown = [owner for word, owner in OWN.items() if word in repr(call["params"])]
            assert set(shown) <= {self._reader(call["params"])}, call

    def _reader(self, params: dict[str, Any]) -> object:
        pressed = params.get("callback_query_id")
        return params.get("chat_id") if pressed is None else self._pressed.get(str(pressed))

    async def let_go(self) -> None:
        """Whatever an operator has stopped. Returns when it is heard again."""
        held = [("u", OWNER), ("u", FRIEND), ("b", self.actor.bot_id), ("b", self.others.bot_id)]
        for kind, who in held:
            await asyncio.to_thread(self.press, 0, OPERATOR, encode("ag", kind, who), 1)
        for chat in (self.stage.sandbox.private(OWNER, MANAGER_ID), self.stage.private(self.actor)):
            await until(partial(self._answers, chat), WITHIN)

    async def _answers(self, chat: str) -> bool:
        try:
            await self.stage.sandbox.ask(chat, OWNER, "/help", timeout=2)
        except TimeoutError:
            return False
        return True

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
    await stage.sandbox.add_user("Olena", id=OPERATOR, language_code="en")
    actor, others = await stage.actor(), await stage.actor("Мотря")
    port = free_port()
    limits = dict.fromkeys((name for name in type(stage.settings).model_fields if name.startswith("limit_")), 0)
    stage.settings = stage.settings.model_copy(
        update={
            "run_mode": "webhook",
            "webhook_url_base": f"http://127.0.0.1:{port}",
            "port": port,
            "flood_messages": 0,
            "admin_user_ids": (OPERATOR,),
            **limits,
        }
    )
    await stage.database.write(lambda connection: _hide(connection, actor, others))
    async with aiohttp.ClientSession() as client, stage.playing():
        made = Arena(stage, actor, others, port, client)
        handler = _Faults(made.faults)
        logging.getLogger().addHandler(handler)
        await made.answers_the_owner()
        await stage.ask(actor, f"нікому не кажи: {PRIVATE}")
        await stage.ask(others, f"tell nobody: {OTHERS}", FRIEND)
        for person in (FRIEND, STRANGER, OPERATOR):
            await stage.sandbox.ask(stage.sandbox.private(person, MANAGER_ID), person, "/start")
        await stage.ask(actor, "hello", STRANGER)
        with structlog.testing.capture_logs() as made.logs:
            yield made
        logging.getLogger().removeHandler(handler)


def _hide(connection: Connection, actor: Actor, others: Actor) -> None:
    """`others` becomes a bot of the friend's."""
    users.remember(connection, Sender(id=FRIEND, name="Bob", username="bob_in"), language="en", now=1.0)
    owned = update(persona_configs).where(persona_configs.c.id == others.persona_id)
    connection.execute(owned.values(owner_id=FRIEND))
    for word, owner, bot_id in ((PRIVATE, OWNER, actor.bot_id), (OTHERS, FRIEND, others.bot_id)):
        draft = PersonaDraft(name=f"{word} name", description=f"{word} description", language="uk")
        personas.add(connection, owner, draft, limit=1_000, now=1.0)
        bots.whitelist_add(connection, bot_id, WhitelistEntry(user_id=owner, name=word), now=1.0)
