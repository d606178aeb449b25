"""A cluster with people in it, and who hears when they are answered."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from benchmarks.chaos.crowd import BUTTONS, CHATTER, MANAGER_ID, SENTENCES
from benchmarks.cluster.cluster import Cluster, standing
from benchmarks.people import person
from benchmarks.scale.postgres import CountingPostgres
from benchmarks.stage import PEOPLE, Actor
from maskarad.sandbox.person import Object, Sandbox

REPLY = '{"response": ["Так, і мені про це думалося зранку, поки йшов дощ."]}'
"""One message to an answer."""
ENOUGH = 3_000
"""Replies that are ordered at once; those beyond are the script's own."""
WITHOUT_LIMITS = {
    "FLOOD_MESSAGES": "0",
    "TELEGRAM_MAX_PER_SECOND": "0",
    "TELEGRAM_MAX_PER_CHAT_SECOND": "0",
    "TELEGRAM_MAX_PER_GROUP_MINUTE": "0",
    "SPONTANEITY_PER_DAY": "0",
    "SUMMARIES": "false",
    "LOG_LEVEL": "warning",
}
ANSWERED_WITHIN = 60.0


class Ear:
    """Hears the sandbox's events: who waits in which chat, and how long the answer took, by the sandbox's clock. An
    answer is one to all that was said in its chat before it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.waits: list[tuple[float, float]] = []
        """When it was said and how many seconds the answer took, in the order of the answers."""
        self._sandbox = sandbox
        self._waiting: dict[str, list[float]] = {}
        self._answered: dict[str, asyncio.Future[None]] = {}
        self._none_waits = asyncio.Event()

    async def run(self) -> None:
        after = await self._sandbox.position()
        while True:
            found, after = await self._sandbox.events(after, 10.0)
            for event in found:
                if event["kind"] == "message":
                    self._hear(event)

    async def answer_in(self, chat: str) -> None:
        """The next one there; to be asked before the words are said. Raises TimeoutError."""
        self._answered[chat] = future = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(ANSWERED_WITHIN):
            await future

    async def silence(self, chats: frozenset[str]) -> None:
        """Returns when nobody waits in these chats. Raises TimeoutError."""
        async with asyncio.timeout(ANSWERED_WITHIN):
            while any(self._waiting.get(chat) for chat in chats):
                self._none_waits.clear()
                await self._none_waits.wait()

    def forget(self) -> None:
        self.waits.clear()
        self._waiting.clear()

    def _hear(self, event: Object) -> None:
        chat, sender = event["chat"], event["message"]["from"]
        if not sender["is_bot"]:
            self._waiting.setdefault(chat, []).append(event["at"])
        elif sender["id"] != MANAGER_ID:
            self.waits.extend((said, event["at"] - said) for said in self._waiting.pop(chat, ()))
            self._none_waits.set()
            answered = self._answered.pop(chat, None)
            if answered is not None and not answered.done():
                answered.set_result(None)


class Town:
    """Everybody has a private chat with one of the bots; in each group is one bot."""

    def __init__(
        self, cluster: Cluster, postgres: CountingPostgres, sandbox: Sandbox, actors: tuple[Actor, ...]
    ) -> None:
        self.cluster = cluster
        self.postgres = postgres
        self.sandbox = sandbox
        self.ear = Ear(sandbox)
        self.chats: list[tuple[str, int]] = []
        """Private: key, person."""
        self.groups: list[tuple[str, int]] = []
        self.menus: list[tuple[str, int, int]] = []
        """With the manager bot: key, person, message."""
        self._actors = actors
        self._said = 0

    async def settle(self, *, chats: int, groups: int) -> None:
        for number in range(chats):
            await self.sandbox.add_user(f"Оксана {number}", id=person(number), language_code="uk")
            bot = self._telegram_id(number)
            self.chats.append((self.sandbox.private(person(number), bot), person(number)))
        for number in range(groups):
            made = await self.sandbox.add_group(f"Вечірній чай {number}", person(number))
            await self.sandbox.join(made["key"], self._telegram_id(number), by=person(number))
            self.groups.append((str(made["key"]), person(number)))

    async def open_menus(self, count: int) -> None:
        for number in range(count):
            chat = self.sandbox.private(person(number), MANAGER_ID)
            menu = await self.sandbox.ask(chat, person(number), "/start", timeout=30)
            self.menus.append((chat, person(number), menu.id))

    async def think_for(self, seconds: float) -> None:
        """The model, from now on."""
        await self.sandbox.direct_model(clear=True, delay=seconds, replies=[REPLY] * ENOUGH)

    async def ask(self, number: int) -> None:
        """Say something in the chat of that number (counted around); returns when it is said."""
        chat, user = self.chats[number % len(self.chats)]
        self._said += 1
        await self.sandbox.say(chat, user, SENTENCES[self._said % len(SENTENCES)])

    async def talk(self, number: int) -> None:
        """As `ask`; returns when it is answered. Raises TimeoutError."""
        answer = asyncio.create_task(self.ear.answer_in(self.chats[number % len(self.chats)][0]))
        await asyncio.sleep(0)
        await self.ask(number)
        await answer

    async def chat_by(self, number: int) -> None:
        """In a group, to nobody in particular."""
        chat, user = self.groups[number % len(self.groups)]
        await self.sandbox.say(chat, user, CHATTER)

    async def press(self, number: int) -> float:
        """Returns in how many seconds it was answered. Raises TimeoutError."""
        chat, user, menu = self.menus[number % len(self.menus)]
        self._said += 1
        answer = await self.sandbox.press(
            chat, user, menu, data=BUTTONS[self._said % len(BUTTONS)], wait=ANSWERED_WITHIN
        )
        if not answer["answered"]:
            raise TimeoutError("a press was not answered")
        return float(answer["seconds"])

    async def deliveries(self, after: int) -> list[Object]:
        """Of updates to webhooks that were answered well, after that number."""
        return [each for each in await self.sandbox.deliveries(after) if each["status"] == 200]

    def _telegram_id(self, number: int) -> int:
        return int(self._actors[number % len(self._actors)].token.partition(":")[0])


@contextlib.asynccontextmanager
async def town(
    folder: Path, *, gateways: int, workers: int, bots: int, chats: int, groups: int = 0, settings: Mapping[str, str]
) -> AsyncIterator[Town]:
    """A cluster none of whose processes is started yet. Raises ServerMissing."""
    await asyncio.to_thread(folder.mkdir)
    async with standing(folder, gateways=gateways, workers=workers) as cluster:
        cluster.postgres.close()
        postgres = await asyncio.to_thread(CountingPostgres)
        cluster.postgres = postgres
        stage = await cluster.open(bots=bots, people=max(chats, PEOPLE), settings={**WITHOUT_LIMITS, **settings})
        await asyncio.to_thread(postgres.count_from_now)
        async with Sandbox.at(cluster.sandbox_url) as sandbox:
            made = Town(cluster, postgres, sandbox, stage.actors)
            await made.settle(chats=chats, groups=groups)
            listening = asyncio.create_task(made.ear.run())
            try:
                yield made
            finally:
                listening.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await listening
